//! Named tensors to and from the bytes of a SafeTensors file.

use std::borrow::Cow;
use std::path::Path;

use fanin_engine::Tensor;
use fanin_engine::tensor::Shape;
use fanin_kernels::Float;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, View};

use crate::error::{Error, Result};

use super::optimizers::{Layout, OptimizerState};

/// The bytes of a SafeTensors file with these tensors, in a form that PyTorch loads.
///
/// # Errors
/// [`Error::Malformed`] naming `path` if the header would be too long for the format.
pub(super) fn to_bytes<T: Float>(path: &Path, tensors: &[(String, Tensor<T>)]) -> Result<Vec<u8>> {
    let entries = tensors.iter().map(|(name, tensor)| (name.as_str(), Entry::of(tensor)));
    serialize(path, entries)
}

/// The tensors of this layout, in its order.
///
/// # Errors
/// [`Error::Malformed`] naming `path` and the tensor: not a whole SafeTensors file; a tensor
/// missing, of another shape or another type; a tensor that the layout has not.
pub(super) fn from_bytes<T: Float>(
    path: &Path,
    bytes: &[u8],
    layout: &Layout,
) -> Result<Vec<(String, Tensor<T>)>> {
    let file = open(path, bytes)?;
    let in_layout = |name: &str| layout.iter().any(|(n, _)| n == name);
    if let Some(name) = file.names().into_iter().find(|name| !in_layout(name)) {
        return Err(misfit(path, name, "a tensor", "none of this name in the model"));
    }
    let read = |(name, shape): &(String, Shape)| {
        let expected = || format!("shape {shape}, that of the model");
        let view =
            file.tensor(name).map_err(|_| misfit(path, name, "no such tensor", &expected()))?;
        let found = Shape::from(view.shape());
        if found != *shape {
            return Err(misfit(path, name, &format!("shape {found}"), &expected()));
        }
        Ok((name.clone(), tensor(path, name, &view)?))
    };
    layout.iter().map(read).collect()
}

/// The bytes of a SafeTensors file with an optimizer's state: its tensors, and the number of steps
/// as the i64 scalar `method.step`.
///
/// # Errors
/// As [`to_bytes`].
pub(super) fn state_to_bytes<T: Float>(path: &Path, state: &OptimizerState<T>) -> Result<Vec<u8>> {
    let step = format!("{}{STEP}", state.method);
    let counter =
        Entry { dtype: Dtype::I64, shape: &[], bytes: (state.steps as i64).to_le_bytes().to_vec() };
    let tensors = state.tensors.iter().map(|(name, tensor)| (name.as_str(), Entry::of(tensor)));
    serialize(path, tensors.chain([(step.as_str(), counter)]))
}

/// The state that [`state_to_bytes`] wrote, its tensors in the order of the file.
///
/// # Errors
/// [`Error::Malformed`] naming `path` and the tensor.
pub(super) fn state_from_bytes<T: Float>(path: &Path, bytes: &[u8]) -> Result<OptimizerState<T>> {
    let file = open(path, bytes)?;
    let mut state = OptimizerState::default();
    for (name, view) in file.iter() {
        if view.dtype() == Dtype::I64 {
            let steps = view.data().try_into().map(i64::from_le_bytes).ok();
            let steps = steps.and_then(|steps| u64::try_from(steps).ok());
            let (Some(steps), Some(method)) = (steps, name.strip_suffix(STEP)) else {
                let expected = "one number of at least 0, called `optimizer.step`";
                return Err(misfit(path, name, "another i64 tensor", expected));
            };
            (state.method, state.steps) = (method.to_owned(), steps);
        } else {
            state.tensors.push((name.to_owned(), tensor(path, name, &view)?));
        }
    }
    if state.method.is_empty() {
        let expected = "an i64 tensor called `optimizer.step`, the number of steps taken";
        return Err(malformed(path, "header", "none", expected));
    }
    state.tensors.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(state)
}

/// What follows the optimizer's name in the name of its step counter.
const STEP: &str = ".step";

struct Entry<'a> {
    dtype: Dtype,
    shape: &'a [usize],
    bytes: Vec<u8>,
}

impl<'a> Entry<'a> {
    fn of<T: Float>(tensor: &'a Tensor<T>) -> Self {
        let values = tensor.data().iter();
        let bytes = match dtype::<T>() {
            Dtype::F64 => values.flat_map(|x| x.to_f64().to_le_bytes()).collect(),
            _ => values.flat_map(|x| (x.to_f64() as f32).to_le_bytes()).collect(),
        };
        Self { dtype: dtype::<T>(), shape: tensor.shape().axes(), bytes }
    }
}

impl View for Entry<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// A buffer holds either f32 or f64, told apart by size.
fn dtype<T: Float>() -> Dtype {
    if size_of::<T>() == size_of::<f64>() { Dtype::F64 } else { Dtype::F32 }
}

fn serialize<'a>(
    path: &Path,
    entries: impl Iterator<Item = (&'a str, Entry<'a>)>,
) -> Result<Vec<u8>> {
    // Loaders of the Hugging Face family ask which framework wrote a file.
    let origin = [("format".to_owned(), "pt".to_owned())].into_iter().collect();
    safetensors::serialize(entries, Some(origin)).map_err(|error| {
        malformed(path, "header", &error.to_string(), "names and shapes of under 100 MB")
    })
}

fn open<'a>(path: &Path, bytes: &'a [u8]) -> Result<SafeTensors<'a>> {
    SafeTensors::deserialize(bytes)
        .map_err(|error| malformed(path, "header", &error.to_string(), "a whole SafeTensors file"))
}

fn tensor<T: Float>(path: &Path, name: &str, view: &TensorView<'_>) -> Result<Tensor<T>> {
    if view.dtype() != dtype::<T>() {
        let [found, expected] = [view.dtype(), dtype::<T>()].map(|d| format!("type {d:?}"));
        return Err(misfit(path, name, &found, &expected));
    }
    let data = match dtype::<T>() {
        Dtype::F64 => numbers(view.data(), f64::from_le_bytes, T::from_f64),
        _ => numbers(view.data(), f32::from_le_bytes, |x| T::from_f64(f64::from(x))),
    };
    Ok(Tensor::new(view.shape(), data)?)
}

fn numbers<const N: usize, F, T>(
    bytes: &[u8],
    read: fn([u8; N]) -> F,
    convert: impl Fn(F) -> T,
) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|bytes| convert(read(*bytes))).collect()
}

fn misfit(path: &Path, name: &str, found: &str, expected: &str) -> Error {
    malformed(path, &format!("tensor `{name}`"), found, expected)
}

fn malformed(path: &Path, place: &str, found: &str, expected: &str) -> Error {
    Error::Malformed {
        path: path.to_owned(),
        place: place.to_owned(),
        found: found.to_owned(),
        expected: expected.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors() -> Vec<(String, Tensor<f32>)> {
        let weight = Tensor::new([2, 2], vec![1.0, -0.0, f32::MIN_POSITIVE, f32::NAN]).unwrap();
        vec![
            ("2.weight".to_owned(), weight),
            ("0.bias".to_owned(), Tensor::filled([3], 0.1)),
            ("empty".to_owned(), Tensor::filled([0, 4], 0.0)),
        ]
    }

    fn layout(tensors: &[(String, Tensor<f32>)]) -> Vec<(String, Shape)> {
        tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shape().clone())).collect()
    }

    fn path() -> &'static Path {
        Path::new("w.safetensors")
    }

    #[test]
    fn every_bit_survives_and_the_order_is_the_models() {
        let tensors = tensors();
        let bytes = to_bytes(path(), &tensors).unwrap();
        let read = from_bytes::<f32>(path(), &bytes, &layout(&tensors)).unwrap();
        for ((name, tensor), (read_name, read)) in tensors.iter().zip(&read) {
            assert_eq!((name, tensor.shape()), (read_name, read.shape()));
            let bits = |t: &Tensor<f32>| t.data().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(tensor), bits(read));
        }
    }

    #[track_caller]
    fn check(layout: &Layout, expected: &str) {
        let bytes = to_bytes(path(), &tensors()).unwrap();
        let error = from_bytes::<f32>(path(), &bytes, layout).unwrap_err();
        assert_eq!(error.to_string(), format!("w.safetensors: tensor {expected}"));
    }

    #[test]
    fn a_tensor_that_does_not_fit_the_model_is_named() {
        let fitting = layout(&tensors());
        let mut other = fitting.clone();
        other[0].1 = [2, 3].into();
        check(&other, "`2.weight`: found shape (2, 2), expected shape (2, 3), that of the model");
        let mut more = fitting.clone();
        more.push(("4.bias".to_owned(), [1].into()));
        check(&more, "`4.bias`: found no such tensor, expected shape (1), that of the model");
        let text = "`empty`: found a tensor, expected none of this name in the model";
        check(&fitting[..2], text);
    }

    #[test]
    fn truncated_and_changed_bytes_are_errors_that_name_the_file() {
        let tensors = tensors();
        let bytes = to_bytes(path(), &tensors).unwrap();
        for length in 0..bytes.len() {
            let error = from_bytes::<f32>(path(), &bytes[..length], &layout(&tensors)).unwrap_err();
            assert!(error.to_string().starts_with("w.safetensors: header: "), "{error}");
        }
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 0xff;
            let _ = from_bytes::<f32>(path(), &changed, &layout(&tensors));
            let _ = state_from_bytes::<f32>(path(), &changed);
        }
    }

    #[track_caller]
    fn check_state<T: Float>(value: T) {
        let state = OptimizerState {
            method: "adam".to_owned(),
            steps: (1 << 40) + 1,
            tensors: vec![("adam.m.0.weight".to_owned(), Tensor::filled([2, 3], value))],
        };
        let bytes = state_to_bytes(path(), &state).unwrap();
        assert_eq!(state_from_bytes::<T>(path(), &bytes).unwrap(), state);
    }

    #[test]
    fn states_of_both_types_survive_with_their_step() {
        check_state(0.1_f32);
        check_state(0.1_f64);
    }

    #[test]
    fn a_state_of_the_other_type_or_without_a_step_is_refused() {
        let state = OptimizerState::<f64> {
            method: "sgd".to_owned(),
            steps: 1,
            tensors: vec![("sgd.momentum.0".to_owned(), Tensor::filled([1], 0.5))],
        };
        let bytes = state_to_bytes(path(), &state).unwrap();
        let text = state_from_bytes::<f32>(path(), &bytes).unwrap_err().to_string();
        assert!(text.ends_with("`sgd.momentum.0`: found type F64, expected type F32"), "{text}");
        let bytes = to_bytes(path(), &tensors()).unwrap();
        let text = state_from_bytes::<f32>(path(), &bytes).unwrap_err().to_string();
        assert!(text.contains("the number of steps taken"), "{text}");
    }
}
