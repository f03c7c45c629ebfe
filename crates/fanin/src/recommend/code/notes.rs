//! What a user should know of names that differ between a file and the module that it came from.

use std::collections::HashSet;

use super::{Language, names};
use crate::error::Result;
use crate::spec::{self, Model, Parameter, framework_names};

/// The most parameters that a sentence names.
const NAMED: usize = 6;

/// What exports a module's parameters under their names and as they lie.
pub(super) const EXPORT: &str = "torch.onnx.export(…, dynamo=True, optimize=False)";

/// Where names of parameters stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// In a file of weights, as [`module_weights`](crate::import::module_weights) gives them.
    Weights,
    /// In code, as [`code`](super::code()) writes it.
    Code(Language),
}

/// What a user should know of the names of `model`'s parameters there, one sentence or two each: how many
/// are not those of its file, what is one tensor in the module and two in the file, which names the module
/// does not know, and which of its parameters code cannot draw, for the file does not have them under
/// their names (an exporter keeps equal ones once and puts some together). None where the file does not
/// tell of its module, and none of code in Rust, whose names are the file's.
///
/// ```
/// use fanin::recommend::{Language, Names, notes_on_names};
/// let model = "4 -> 8 relu -> 2".parse()?;
/// assert!(notes_on_names(&model, &[Names::Weights, Names::Code(Language::Torch)])?.is_empty());
/// # Ok::<(), fanin::Error>(())
/// ```
///
/// # Errors
/// If the network does not fit together.
pub fn notes_on_names(model: &Model, places: &[Names]) -> Result<Vec<String>> {
    sentences(model, places, NAMED)
}

/// [`notes_on_names`] that name so many parameters at most.
pub(super) fn sentences(model: &Model, places: &[Names], most: usize) -> Result<Vec<String>> {
    let mut sentences = Vec::new();
    let has_weights = places.contains(&Names::Weights);
    let is_code = |place: &Names| matches!(place, Names::Code(own) if *own != Language::Rust);
    let has_code = places.iter().any(is_code);
    if !(has_weights || has_code) {
        return Ok(sentences);
    }
    let parameters = model.parameters()?;
    if has_weights {
        sentences.extend(renamed(&parameters));
    }
    let named = names::of_framework(parameters.clone(), &[]);
    if !named.tied.is_empty() {
        sentences.push(format!(
            "{} is the table and the last matrix in one, which the file has twice: both begin as the last \
             matrix.",
            listed(&named.tied, most)
        ));
    }
    let before = sentences.len();
    let foreign = if has_weights { foreign(model, &parameters) } else { Vec::new() };
    if !foreign.is_empty() {
        let foreign = listed(&foreign, most);
        sentences.push(format!("Not in the module under these names: {foreign}."));
    }
    let left_out = if has_code { names::left_out(model, &named.parameters) } else { Vec::new() };
    if !left_out.is_empty() {
        sentences.push(format!(
            "Of the module's parameters, these are not in the file under their names, and are drawn only \
             where they are tied to one that is: {}.",
            listed(&left_out, most)
        ));
    }
    if let Some(last) = sentences[before..].last_mut() {
        *last =
            format!("{last} A file that {EXPORT} writes has the module's parameters as they are.");
    }
    Ok(sentences)
}

/// How many tensors have another name in weights than in the file.
fn renamed(parameters: &[Parameter]) -> Option<String> {
    let names = framework_names(parameters);
    let both = parameters.iter().zip(&names);
    let have = match both.filter(|(own, name)| own.name != **name).count() {
        0 => return None,
        1 => "1 tensor has its name and layout".to_owned(),
        count => format!("{count} tensors have their names and layout"),
    };
    Some(format!("{have} in the module, where the .onnx file has others."))
}

/// What is trained and has a name in weights that the module does not know.
fn foreign(model: &Model, parameters: &[Parameter]) -> Vec<String> {
    let of_module: HashSet<String> = model.architecture().module_names().into_iter().collect();
    if of_module.is_empty() {
        return Vec::new();
    }
    let heads: HashSet<usize> = spec::tied(parameters).into_iter().map(|(head, _)| head).collect();
    let names = framework_names(parameters);
    let is_foreign = |(at, name): &(usize, String)| {
        let own = &parameters[*at];
        let is_written = own.role.is_trained() && own.name == *name && !heads.contains(at);
        is_written && !of_module.contains(name)
    };
    let foreign = names.into_iter().enumerate().filter(is_foreign);
    foreign.map(|(_, name)| name).collect()
}

/// The first of these names, and how many there are besides.
fn listed(names: &[String], most: usize) -> String {
    let first = names[..names.len().min(most)].join(", ");
    match names.len().saturating_sub(most) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Architecture, Axes, Body, Ground, Role};

    /// A table that is the head too, a matrix under another name and one that the exporter made.
    #[derive(Debug)]
    struct Exported;

    impl Architecture for Exported {
        fn label(&self) -> String {
            "exported.onnx".to_owned()
        }

        fn inputs(&self) -> usize {
            3
        }

        fn output(&self) -> fanin_engine::Shape {
            [3].into()
        }

        fn parameters(&self) -> Result<Vec<Parameter>> {
            let matrix = |name: &str, framework: Option<&str>| {
                let mut own = Parameter::new(name, [2, 3], Role::Weight);
                (own.axes, own.framework) = (Axes::new(0, 1), framework.map(str::to_owned));
                own
            };
            Ok(vec![
                Parameter::new("head.weight", [3, 2], Role::Embedding),
                matrix("val_3", Some("fc.weight")),
                matrix("val_4", None),
                matrix("val_6", Some("head.weight")),
            ])
        }

        fn module_names(&self) -> Vec<String> {
            ["head.weight", "fc.weight", "slope"].map(str::to_owned).to_vec()
        }

        fn build(&self, _ground: Ground) -> Result<Body> {
            unreachable!("names need no graph")
        }
    }

    #[test]
    fn each_sentence_stands_once_wherever_names_stand() {
        let renamed = "1 tensor has its name and layout in the module";
        let tied = "head.weight is the table and the last matrix in one";
        let (foreign, left_out) = ("Not in the module under these names: val_4.", "is: slope.");
        let [torch, keras, rust] =
            [Language::Torch, Language::Keras, Language::Rust].map(Names::Code);
        for (places, expected) in [
            (&[Names::Weights][..], &[renamed, tied, foreign][..]),
            (&[torch], &[tied, left_out]),
            (&[Names::Weights, keras], &[renamed, tied, foreign, left_out]),
            (&[Names::Weights, rust], &[renamed, tied, foreign]),
            (&[rust], &[]),
            (&[], &[]),
        ] {
            let found = notes_on_names(&Model::graph(Exported), places).unwrap();
            assert_eq!(found.len(), expected.len(), "{found:?}");
            let pairs = found.iter().zip(expected);
            assert!(pairs.into_iter().all(|(own, part)| own.contains(part)), "{found:?}");
            let advice = found.iter().filter(|own| own.contains(EXPORT)).count();
            assert_eq!(advice, usize::from(expected.len() > 1), "{found:?}");
        }
    }
}
