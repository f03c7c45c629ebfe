//! Starting values as a candle tensor.

use candle_core::{Device, Tensor};

use super::all;
use crate::error::Result;
use crate::init::Parameter;

/// The starting values of `parameter` by `scheme` under `seed`, in its shape, on `device`.
///
/// # Errors
/// As for [`fill`](super::fill); [`Error::Setting`](crate::Error::Setting) if the device refuses
/// the tensor.
///
/// ```
/// use candle_core::Device;
/// use fanin::init::{Parameter, tensors::candle::tensor};
/// let weight = Parameter::linear("0.weight", 256, 784);
/// let weights = tensor("he-normal", &weight, 42, &Device::Cpu)?;
/// assert_eq!(weights.dims(), [256, 784]);
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn tensor(scheme: &str, parameter: &Parameter, seed: u64, device: &Device) -> Result<Tensor> {
    let values = all(scheme, parameter, seed)?;
    Tensor::from_vec(values, parameter.shape.axes(), device)
        .map_err(|error| parameter.unfit(error.to_string(), "a device that takes the tensor"))
}
