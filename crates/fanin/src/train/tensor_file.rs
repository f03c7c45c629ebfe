//! Weights and optimizer states as SafeTensors files, held to what the model expects.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use fanin_engine::tensor::Shape;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::formats::{Output, read_safetensors, write_safetensors};
use crate::weights::Weights;

use super::optimizers::{Layout, OptimizerState};

/// The entry in the header of a state's file that tells which optimizer it belongs to.
const OPTIMIZER: &str = "optimizer";

/// What that entry says, as JSON: a count in an f32 tensor would be rounded.
#[derive(Serialize, Deserialize)]
struct Taken {
    method: String,
    steps: u64,
}

/// The weights in a file, in the order of this layout.
///
/// # Errors
/// [`Error::Io`]; [`Error::Malformed`] naming `path` and the tensor: not a whole SafeTensors file;
/// a tensor missing or of another shape; a tensor that the layout has not.
pub(super) fn read_weights(path: &Path, layout: &Layout) -> Result<Weights> {
    let (weights, _) = read(path)?;
    let misfit = |name: &str, found: String, expected: String| {
        Error::malformed(path, format!("tensor `{name}`"), found, expected)
    };
    let mut tensors: HashMap<_, _> = weights.tensors.into_iter().collect();
    let take = |(name, shape): &(String, Shape)| {
        let expected = format!("shape {shape}, that of the model");
        match tensors.remove(name) {
            None => Err(misfit(name, "no such tensor".to_owned(), expected)),
            Some(tensor) if tensor.shape() != shape => {
                Err(misfit(name, format!("shape {}", tensor.shape()), expected))
            }
            Some(tensor) => Ok((name.clone(), tensor)),
        }
    };
    let fitting = layout.iter().map(take).collect::<Result<Vec<_>>>()?;
    match tensors.keys().min() {
        Some(name) => {
            let expected = "none of this name in the model";
            Err(misfit(name, "a tensor".to_owned(), expected.to_owned()))
        }
        None => Ok(Weights { tensors: fitting }),
    }
}

/// Writes an optimizer's state: its tensors, and in the header its name and number of steps.
pub(super) fn write_state(state: &OptimizerState, file: &mut dyn Output) -> io::Result<()> {
    let taken = Taken { method: state.method.clone(), steps: state.steps };
    write_safetensors(&state.tensors, (OPTIMIZER, &serde_json::to_string(&taken)?), file)
}

/// The state that [`write_state`] wrote, its tensors in the order of the file.
///
/// # Errors
/// [`Error::Io`]; [`Error::Malformed`] naming `path` and the place.
pub(super) fn read_state(path: &Path) -> Result<OptimizerState> {
    let (weights, texts) = read(path)?;
    let text = texts.get(OPTIMIZER).map_or("", String::as_str);
    let Taken { method, steps } = serde_json::from_str(text).map_err(|error| {
        let place = format!("header, entry `{OPTIMIZER}`");
        let expected = "the name of an optimizer and the number of steps taken";
        Error::malformed(path, place, error.to_string(), expected)
    })?;
    Ok(OptimizerState { method, steps, tensors: weights.tensors })
}

fn read(path: &Path) -> Result<(Weights, HashMap<String, String>)> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    read_safetensors(path, &mut BufReader::new(file))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use fanin_engine::Tensor;

    use super::*;
    use crate::formats::{Existing, write_weights};

    fn weights() -> Weights {
        let weight = Tensor::new([2, 2], vec![1.0, -0.0, f32::MIN_POSITIVE, f32::NAN]).unwrap();
        let tensors = vec![
            ("2.weight".to_owned(), weight),
            ("0.bias".to_owned(), Tensor::filled([3], 0.1)),
            ("empty".to_owned(), Tensor::filled([0, 4], 0.0)),
        ];
        Weights { tensors }
    }

    fn layout(weights: &Weights) -> Vec<(String, Shape)> {
        weights
            .tensors
            .iter()
            .map(|(name, tensor)| (name.clone(), tensor.shape().clone()))
            .collect()
    }

    /// What a file with these weights gives for this layout.
    fn read_back(weights: &Weights, layout: &Layout) -> Result<Weights> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        write_weights(&path, weights, Existing::Keep).unwrap();
        read_weights(&path, layout)
    }

    #[test]
    fn every_bit_survives_and_the_order_is_the_models() {
        let mut reversed = weights();
        reversed.tensors.reverse();
        let read = read_back(&reversed, &layout(&weights())).unwrap();
        for ((name, tensor), (read_name, read)) in weights().tensors.iter().zip(&read.tensors) {
            assert_eq!((name, tensor.shape()), (read_name, read.shape()));
            let bits = |t: &Tensor<f32>| t.data().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(tensor), bits(read));
        }
        assert_eq!(read.tensors.len(), 3);
    }

    #[track_caller]
    fn check(layout: &Layout, expected: &str) {
        let text = read_back(&weights(), layout).unwrap_err().to_string();
        assert!(text.ends_with(&format!("w.safetensors: tensor {expected}")), "{text}");
    }

    #[test]
    fn a_tensor_that_does_not_fit_the_model_is_named() {
        let fitting = layout(&weights());
        let mut other = fitting.clone();
        other[0].1 = [2, 3].into();
        check(&other, "`2.weight`: found shape (2, 2), expected shape (2, 3), that of the model");
        let mut more = fitting.clone();
        more.push(("4.bias".to_owned(), [1].into()));
        check(&more, "`4.bias`: found no such tensor, expected shape (1), that of the model");
        let text = "`empty`: found a tensor, expected none of this name in the model";
        check(&fitting[..2], text);
    }

    fn state() -> OptimizerState {
        OptimizerState {
            method: "adam".to_owned(),
            steps: u64::MAX,
            tensors: vec![("adam.m.0.weight".to_owned(), Tensor::filled([2, 3], 0.1))],
        }
    }

    fn state_bytes() -> Vec<u8> {
        let mut file = io::Cursor::new(Vec::new());
        write_state(&state(), &mut file).unwrap();
        file.into_inner()
    }

    #[test]
    fn a_state_survives_with_every_step_and_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        fs::write(&path, state_bytes()).unwrap();
        assert_eq!(read_state(&path).unwrap(), state());
        assert_eq!(state_bytes(), state_bytes());
    }

    #[test]
    fn truncated_changed_and_foreign_states_are_errors_that_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        let bytes = state_bytes();
        for length in 0..bytes.len() {
            fs::write(&path, &bytes[..length]).unwrap();
            assert!(read_state(&path).unwrap_err().to_string().contains("w.safetensors: "));
        }
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 0xff;
            fs::write(&path, &changed).unwrap();
            let _ = read_state(&path);
        }
        write_weights(&path, &weights(), Existing::Replace).unwrap();
        let text = read_state(&path).unwrap_err().to_string();
        assert!(text.contains("header, entry `optimizer`"), "{text}");
    }
}
