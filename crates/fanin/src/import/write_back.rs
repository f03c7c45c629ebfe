//! New weights in a copy of the file that a network was read from.

use std::collections::HashMap;
use std::path::Path;

use crate::formats::Existing;
use crate::formats::onnx::{Changes, Elements, Separated};
use crate::weights::Weights;
use crate::{Error, Result};

use super::network::FileNetwork;

/// Writes a copy of the network's file at `target` in which only elements of parameters differ.
///
/// Weights that are equal to the file's stay as they are, to the last bit. Initializers that the
/// exporter merged are taken apart where the parameters of their users differ now. Tensors of
/// another type than single precision get the nearest numbers that they can hold.
///
/// # Errors
/// [`Error::Unknown`] for a tensor that the network does not have; as
/// [`OnnxFile::rewrite`](crate::formats::onnx::OnnxFile::rewrite) besides.
pub fn write_back(
    network: &FileNetwork,
    weights: &Weights,
    target: &Path,
    existing: Existing,
) -> Result<()> {
    let own = network.own_weights();
    let before: HashMap<&str, &[f32]> =
        own.tensors.iter().map(|(name, tensor)| (&**name, tensor.data())).collect();
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
        let same = before.len() == tensor.data().len()
            && before.iter().zip(tensor.data()).all(|(a, b)| a.to_bits() == b.to_bits());
        if same {
            continue;
        }
        changes.separated.extend(separated.get(&**name).map(|own| (*own).clone()));
        changes.elements.insert(name.clone(), Elements::F32(tensor.data().to_vec()));
    }
    network.file().rewrite(&changes, target, existing)
}
