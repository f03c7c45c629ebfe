//! How frameworks name the parameters that a network has here.

use super::cells;
use crate::init::fans::Axes;
use crate::init::{Packing, Parameter, Role};
use crate::recommend::Change;
use crate::spec::Model;

/// The parameters and what changes of them under their names in the framework, where an exporter gave
/// them others; what it turned to (inputs, units) lies there as (units, inputs).
pub(super) fn of_framework(
    parameters: Vec<Parameter>,
    changes: &[Change],
) -> (Vec<Parameter>, Vec<Change>) {
    let known = |name: &str| {
        let parameter = parameters.iter().find(|own| own.name == name);
        parameter.and_then(|own| own.framework.clone())
    };
    let renamed = |change: &Change| {
        let parameter = known(&change.parameter).unwrap_or_else(|| change.parameter.clone());
        Change { parameter, ..change.clone() }
    };
    let changes = changes.iter().map(renamed).collect();
    let turned = |mut own: Parameter| {
        let Some(name) = own.framework.take() else { return own };
        own.name = name;
        if let (&[inputs, units], true) = (own.shape.axes(), is_in_out(&own)) {
            own.shape = [units, inputs].into();
            own.axes = Axes::linear();
            own.packing = own.packing.map(|packing| Packing { axis: 0, ..packing });
        }
        own
    };
    (parameters.into_iter().map(turned).collect(), changes)
}

/// Whether a matrix is (inputs, units).
pub(super) fn is_in_out(parameter: &Parameter) -> bool {
    parameter.axes.input == [0] && parameter.axes.output == [1] && parameter.shape.rank() == 2
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

    #[test]
    fn what_an_exporter_turned_and_renamed_is_as_in_the_framework() {
        let mut packed = Parameter::new("val_3", [16, 192], Role::Weight);
        packed.axes = Axes::new(0, 1);
        packed.framework = Some("attn.qkv.weight".to_owned());
        let parts = [Query, Key, Value].map(|part| (part, 64)).to_vec();
        packed.packing = Some(Packing { axis: 1, parts });
        let own = Parameter { framework: None, ..packed.clone() };
        let (found, _) = of_framework(vec![packed, own], &[]);
        assert_eq!((&*found[0].name, found[0].shape.axes()), ("attn.qkv.weight", &[192, 16][..]));
        assert_eq!(found[0].packing.as_ref().unwrap().axis, 0);
        assert_eq!((&*found[1].name, found[1].shape.axes()), ("val_3", &[16, 192][..]));
    }
}
