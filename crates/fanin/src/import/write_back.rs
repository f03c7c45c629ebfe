//! New weights in a copy of the file that a network was read from.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use fanin_engine::Tensor;

use crate::formats::Existing;
use crate::formats::onnx::{Changes, Elements, Separated};
use crate::spec::{Model, Spec};
use crate::weights::Weights;
use crate::{Error, Result};

use super::network::FileNetwork;
use super::{identities, joined};

/// Writes a copy of the network's file at `target` in which only elements of parameters differ.
///
/// Weights that are equal to the file's stay as they are, to the last bit. Initializers that the
/// exporter merged are taken apart where the parameters of their users differ now, and copies that it made of
/// a parameter change with it. Tensors of
/// another type than single precision get the nearest numbers that they can hold.
///
/// # Errors
/// [`Error::Unknown`] for a tensor that the network does not have, [`Error::Setting`] for one of another
/// shape; as
/// [`OnnxFile::rewrite`](crate::formats::onnx::OnnxFile::rewrite) besides.
pub fn write_back(
    network: &FileNetwork,
    weights: &Weights,
    target: &Path,
    existing: Existing,
) -> Result<()> {
    let own = network.own_weights();
    let before: HashMap<&str, &Tensor<f32>> =
        own.tensors.iter().map(|(name, tensor)| (&**name, tensor)).collect();
    let mut separated: HashMap<&str, &Separated> = HashMap::new();
    for own in network.separated() {
        separated.entry(&own.name).or_insert(own);
    }
    let mut changes = Changes::default();
    for (name, tensor) in &weights.tensors {
        let Some(before) = before.get(&**name) else {
            let known: Vec<&str> = own.tensors.iter().map(|(name, _)| &**name).collect();
            return Err(Error::unknown("tensor", name, &known));
        };
        if before.shape() != tensor.shape() {
            return Err(Error::Setting {
                place: format!("tensor `{name}`"),
                found: format!("shape {}", tensor.shape()),
                expected: format!("that of the model's file, {}", before.shape()),
            });
        }
        let mut pairs = before.data().iter().zip(tensor.data());
        let same = pairs.all(|(a, b)| a.to_bits() == b.to_bits());
        if same {
            continue;
        }
        changes.separated.extend(separated.get(&**name).map(|own| (*own).clone()));
        changes.elements.insert(name.clone(), Elements::F32(tensor.data().to_vec()));
    }
    let file = network.file();
    let decoded = file.model()?;
    let split: HashSet<String> =
        changes.separated.iter().map(|own| own.initializer.clone()).collect();
    let differs = |own: &Separated| {
        let changed = |name: &String| changes.elements.contains_key(name);
        changed(&own.name) || changed(&own.initializer) || split.contains(&own.name)
    };
    let kept: Vec<Separated> =
        identities::separated(&decoded).into_iter().filter(differs).collect();
    changes.separated.extend(kept);
    for copy in joined::copies(file, &decoded) {
        if let Some(Elements::F32(one)) = changes.elements.get(copy.of) {
            let elements = Elements::F32(one.repeat(copy.times));
            changes.elements.insert(copy.name.to_owned(), elements);
        }
    }
    file.rewrite(&changes, target, existing)
}

/// Writes a copy of the ONNX file that `model` was read from in which only parameters that differ
/// are replaced.
///
/// # Errors
/// As [`write_back`], and if `model` was not read from a file.
pub fn write_model(
    model: &Model,
    weights: &Weights,
    target: &Path,
    existing: Existing,
) -> Result<()> {
    let network = super::file_network(model).ok_or_else(|| no_file(&model.to_string()))?;
    write_back(network, weights, target, existing)
}

/// The ONNX file that `spec` names as its network.
///
/// # Errors
/// If it names none.
pub fn model_file(spec: &Spec) -> Result<&Path> {
    spec.model.file().ok_or_else(|| no_file(&spec.model.to_string()))
}

fn no_file(model: &str) -> Error {
    Error::Setting {
        place: "model".to_owned(),
        found: format!("`{model}`, no file"),
        expected: "an .onnx model to copy; weights alone go to .safetensors or .npz".to_owned(),
    }
}
