//! Starting values as an `ndarray` array.

use ndarray::ArrayD;

use super::all;
use crate::error::Result;
use crate::init::Parameter;

/// The starting values of `parameter` by `scheme` under `seed`, in its shape.
///
/// # Errors
/// As for [`fill`](super::fill).
///
/// ```
/// use fanin::init::{Parameter, tensors::ndarray::array};
/// let weights = array("he-normal", &Parameter::linear("0.weight", 256, 784), 42)?;
/// assert_eq!(weights.shape(), [256, 784]);
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn array(scheme: &str, parameter: &Parameter, seed: u64) -> Result<ArrayD<f32>> {
    let values = all(scheme, parameter, seed)?;
    Ok(ArrayD::from_shape_vec(parameter.shape.axes(), values)
        .expect("a parameter has as many values as its shape says"))
}
