//! How frameworks name the parameters that a network has here.

use std::collections::{HashMap, HashSet};

use super::{Language, cells, notes};
use crate::error::{Error, Result};
use crate::init::fans::Axes;
use crate::init::{Parameter, Role};
use crate::recommend::Change;
use crate::spec::{self, Model, framework_names, renamed};

/// What a network has under its names in the framework.
#[derive(Debug)]
pub(super) struct Named {
    /// The parameters.
    pub parameters: Vec<Parameter>,
    /// What changes of them.
    pub changes: Vec<Change>,
    /// Tables that are the last matrix too, and drawn as that.
    pub tied: Vec<String>,
}

/// The parameters and what changes of them under their names in the framework, where an exporter gave
/// them others; what it turned to (inputs, units) lies there as (units, inputs), and what it split in
/// two is one.
pub(super) fn of_framework(parameters: Vec<Parameter>, changes: &[Change]) -> Named {
    let (parameters, changes, tied) = once(parameters, changes.to_vec());
    let names = framework_names(&parameters);
    let both = parameters.iter().map(|own| &*own.name).zip(&names);
    let known: HashMap<&str, &String> = both.collect();
    let there = |name: String| known.get(&*name).map_or(name, |name| (*name).clone());
    let moved = |change: Change| Change { parameter: there(change.parameter), ..change };
    let changes = changes.into_iter().map(moved).collect();
    let tied = tied.into_iter().map(there).collect();
    let moved = |(own, name): (&Parameter, &String)| {
        if own.name == *name { own.clone() } else { renamed(own, name) }
    };
    let parameters = parameters.iter().zip(&names).map(moved).collect();
    Named { parameters, changes, tied }
}

/// One tensor for a table and for the matrix that an exporter made of it by turning it, and the tables
/// of which there is one; the last matrix decides whether and how it is drawn, as [`spec::tie`] says.
fn once(
    mut parameters: Vec<Parameter>,
    mut changes: Vec<Change>,
) -> (Vec<Parameter>, Vec<Change>, Vec<String>) {
    let pairs = spec::tied(&parameters);
    let mut tied: Vec<String> = Vec::new();
    for &(head, table) in &pairs {
        let head = parameters[head].clone();
        let name = parameters[table].name.clone();
        if tied.contains(&name) {
            changes.retain(|change| change.parameter != head.name);
            continue;
        }
        changes.retain(|change| change.parameter != name);
        let own = changes.iter_mut().find(|change| change.parameter == head.name);
        own.into_iter().for_each(|change| change.parameter.clone_from(&name));
        let (role, framework) = (Role::Embedding, parameters[table].framework.clone());
        parameters[table] = Parameter { framework, role, ..renamed(&head, &name) };
        tied.push(name);
    }
    let heads: HashSet<usize> = pairs.into_iter().map(|(head, _)| head).collect();
    let others = parameters.into_iter().enumerate().filter(|(at, _)| !heads.contains(at));
    (others.map(|(_, own)| own).collect(), changes, tied)
}

/// All names that parameters of the framework's model may have, as far as they are known: none where
/// others may be there too.
pub(super) fn all(model: &Model, parameters: &[Parameter]) -> Option<Vec<String>> {
    let mut names: Vec<String> = parameters.iter().map(|own| own.name.clone()).collect();
    let of_module = model.architecture().module_names();
    if of_module.is_empty() && model.layers().is_none() {
        return None;
    }
    let own: HashSet<String> = names.iter().cloned().collect();
    names.extend(of_module.into_iter().filter(|name| !own.contains(name)));
    Some(names)
}

/// The module's parameters that a file does not have under their names, in the module's order.
pub(super) fn left_out(model: &Model, parameters: &[Parameter]) -> Vec<String> {
    let there: HashSet<&str> = parameters.iter().map(|own| &*own.name).collect();
    let names = model.architecture().module_names();
    names.into_iter().filter(|name| !there.contains(name.as_str())).collect()
}

/// Refuses a change of what has no name in the framework's model.
///
/// # Errors
/// [`Error::Setting`] that says what the exporter did, and what to do.
pub(super) fn require_own(model: &Model, changes: &[Change], language: Language) -> Result<()> {
    let is_torch = language == Language::Torch;
    let of_module = model.architecture().module_names();
    let is_made = |name: &str| {
        is_exporters(name)
            || (is_torch && name.contains('/'))
            || (!of_module.is_empty() && of_module.iter().all(|own| own != name))
    };
    match changes.iter().find(|change| is_made(&change.parameter)) {
        Some(change) => Err(unnamed(&change.parameter, language)),
        None => Ok(()),
    }
}

/// Whether only an exporter makes such a name.
pub(super) fn is_exporters(name: &str) -> bool {
    name.contains([':', '@']) || name.starts_with("val_")
}

/// What is said of a parameter whose name the exporter made.
pub(super) fn unnamed(name: &str, language: Language) -> Error {
    // TensorFlow's names have one colon or slashes, those of PyTorch's older exporter two colons.
    let is_of_torch = name.contains("::") || !name.contains([':', '/']);
    let expected = if is_of_torch {
        format!(
            "the module's own parameters, which {} writes as they are; or take numpy, whose code has the \
             file's names, or --output",
            notes::EXPORT
        )
    } else {
        "the names of a module, which a file from TensorFlow does not tell; take keras, whose code goes \
         by the order of variables, numpy, whose code has the file's names, or --output"
            .to_owned()
    };
    Error::Setting {
        place: format!("code for {}", language.name()),
        found: format!(
            "{name}, which is no parameter of the module: the exporter made it, turned or put together \
             from some"
        ),
        expected,
    }
}

/// Whether a matrix is (inputs, units), or each of several that lie behind one another.
pub(super) fn is_in_out(parameter: &Parameter) -> bool {
    let Axes { input, output, batch, .. } = &parameter.axes;
    let first = batch.len();
    input == &[first] && output == &[first + 1] && parameter.shape.rank() == first + 2
}

/// Whether a kernel is (inputs, units / groups, taps…), as transposed convolutions have it.
pub(super) fn is_transposed_kernel(parameter: &Parameter) -> bool {
    parameter.axes.input == [0] && parameter.axes.output == [1] && parameter.shape.rank() > 2
}

/// The path of a parameter in the tree of a Flax model.
///
/// Layers of a short text are numbered by their kind, as `nn.compact` names them (`Dense_0`); other
/// names keep their modules. Cells are those of `flax.nnx`. What multiplies is a `kernel`, what normalizes a `scale`.
pub(super) fn flax(model: &Model, parameters: &[Parameter], name: &str) -> String {
    let Some(parameter) = parameters.iter().find(|p| p.name == name) else {
        return name.to_owned();
    };
    if let Some(path) = cells::flax(parameters, parameter) {
        return path;
    }
    let (module, last) = name.rsplit_once('.').unwrap_or(("", name));
    let leaf = match (parameter.role, last) {
        (Role::Weight, "weight") => "kernel",
        (Role::NormScale, "weight") => "scale",
        (Role::Embedding, "weight") => "embedding",
        (_, last) => last,
    };
    let module = match model.layers() {
        Some(_) => numbered(parameters, module),
        None => module.replace('.', "/"),
    };
    if module.is_empty() { leaf.to_owned() } else { format!("{module}/{leaf}") }
}

/// `Dense_3` for the fourth linear layer.
fn numbered(parameters: &[Parameter], module: &str) -> String {
    let kind = |module: &str| {
        let own = parameters.iter().filter(|p| module_of(p) == module);
        let mut roles = own.map(|p| p.role);
        if roles.clone().any(|role| role == Role::RunningMean) {
            return "BatchNorm";
        }
        if roles.any(|role| role == Role::NormScale) { "LayerNorm" } else { "Dense" }
    };
    let mut modules: Vec<&str> = parameters.iter().map(module_of).collect();
    modules.dedup();
    let own = kind(module);
    let before = modules.iter().take_while(|other| **other != module);
    format!("{own}_{}", before.filter(|other| kind(other) == own).count())
}

fn module_of(parameter: &Parameter) -> &str {
    parameter.name.rsplit_once('.').map_or("", |(module, _)| module)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::Component::{Key, Query, Value};
    use crate::init::Packing;
    use crate::recommend::Scale;

    #[test]
    fn what_an_exporter_turned_and_renamed_is_as_in_the_framework() {
        let mut packed = Parameter::new("val_3", [16, 192], Role::Weight);
        packed.axes = Axes::new(0, 1);
        packed.framework = Some("attn.qkv.weight".to_owned());
        let parts = [Query, Key, Value].map(|part| (part, 64)).to_vec();
        packed.packing = Some(Packing { axis: 1, parts });
        let own = Parameter { framework: None, ..packed.clone() };
        let found = of_framework(vec![packed, own], &[]).parameters;
        assert_eq!((&*found[0].name, found[0].shape.axes()), ("attn.qkv.weight", &[192, 16][..]));
        assert_eq!(found[0].packing.as_ref().unwrap().axis, 0);
        assert_eq!((&*found[1].name, found[1].shape.axes()), ("val_3", &[16, 192][..]));
    }

    fn change(parameter: &str, scheme: &str) -> Change {
        Change {
            parameter: parameter.to_owned(),
            module: None,
            role: Role::Weight,
            before: Scale::default(),
            after: Scale::default(),
            scheme: scheme.to_owned(),
            reason: String::new(),
        }
    }

    #[test]
    fn a_table_and_the_head_that_an_exporter_made_of_it_are_one_tensor_drawn_as_the_head() {
        let table = Parameter::new("head.weight", [50, 32], Role::Embedding);
        let mut head = Parameter::new("val_6", [32, 50], Role::Weight);
        head.axes = Axes::new(0, 1);
        head.framework = Some("head.weight".to_owned());
        let changes = [change("head.weight", "normal:1"), change("val_6", "normal:0.2")];
        let found = of_framework(vec![table.clone(), head.clone()], &changes);
        assert_eq!((found.parameters.len(), found.changes.len()), (1, 1));
        assert_eq!(
            (&*found.changes[0].parameter, &*found.changes[0].scheme),
            ("head.weight", "normal:0.2")
        );
        assert_eq!(found.parameters[0].shape.axes(), [50, 32]);
        assert_eq!(found.tied, ["head.weight"]);
        let found = of_framework(vec![table.clone(), head.clone()], &changes[..1]);
        assert!(found.changes.is_empty(), "as the file, which keeps the head");
        assert_eq!((&found.tied[..], found.parameters.len()), (&["head.weight".to_owned()][..], 1));
        let twin = Parameter { name: "val_9".to_owned(), ..head.clone() };
        let found = of_framework(vec![table.clone(), head.clone(), twin], &changes);
        assert_eq!((found.parameters.len(), found.changes.len(), found.tied.len()), (1, 1, 1));
        head.shape = [32, 49].into();
        assert!(of_framework(vec![table, head], &changes).tied.is_empty());
    }

    #[test]
    fn a_name_of_several_parameters_is_taken_by_none() {
        let of_cell = |name: &str| Parameter {
            framework: Some("rnn.weight".to_owned()),
            ..Parameter::new(name, [1, 64, 8], Role::Weight)
        };
        let changes = [change("val_43", "normal:1"), change("val_44", "normal:2")];
        let found = of_framework(vec![of_cell("val_43"), of_cell("val_44")], &changes);
        assert_eq!(found.parameters[0].name, "val_43");
        assert_eq!(found.changes[1].parameter, "val_44");
        assert!(
            is_exporters("val_44") && is_exporters("onnx::LSTM_193") && !is_exporters("1.weight")
        );
    }
}
