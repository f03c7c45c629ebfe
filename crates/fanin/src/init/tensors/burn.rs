//! Starting values as data from which burn makes a tensor.

use burn_tensor::TensorData;

use super::all;
use crate::error::Result;
use crate::init::Parameter;

/// The starting values of `parameter` by `scheme` under `seed`, in its shape.
///
/// burn keeps a linear layer as (in, out): describe it with
/// [`Axes::keras(2)`](crate::init::fans::Axes::keras).
///
/// # Errors
/// As for [`fill`](super::fill).
///
/// ```
/// use fanin::init::{Parameter, fans::Axes, tensors::burn::data};
/// let weight = Parameter::weight("linear.weight", [784, 256], Axes::keras(2))?;
/// let data = data("he-normal", &weight, 42)?;
/// assert_eq!(data.shape().as_slice(), [784, 256]);
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn data(scheme: &str, parameter: &Parameter, seed: u64) -> Result<TensorData> {
    let values = all(scheme, parameter, seed)?;
    Ok(TensorData::new(values, parameter.shape.axes().to_vec()))
}
