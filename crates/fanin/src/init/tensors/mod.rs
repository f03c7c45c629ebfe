//! Starting values as one line, in a slice or as a tensor of another library.
//!
//! | feature | gives |
//! |---|---|
//! | – | [`fill`]: a slice of `f32` |
//! | `ndarray` | `ndarray::array` |
//! | `candle` | `candle::tensor` |
//! | `burn` | `burn::data`, from which `Tensor::from_data` makes a tensor on any device |
//!
//! The bits are those that [`initialize`](super::initialize) gives a parameter of the same name.

#[cfg(feature = "ndarray")]
pub mod ndarray;
#[cfg(feature = "candle")]
pub mod candle;
#[cfg(feature = "burn")]
pub mod burn;

use super::{Parameter, Source, Values, find};
use crate::error::Result;

/// Fills `out` with the starting values of `parameter`, row-major, by `scheme` under `seed`.
///
/// # Errors
/// As for [`find`] and [`Values::read`]; [`Error::Setting`](crate::Error::Setting) if `out` has
/// not as many elements as the parameter.
///
/// ```
/// use fanin::init::{Parameter, fill};
/// let mut weights = vec![0.0; 256 * 784];
/// fill("he-normal", &Parameter::linear("0.weight", 256, 784), 42, &mut weights)?;
/// # assert!(weights[0] != 0.0);
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn fill(scheme: &str, parameter: &Parameter, seed: u64, out: &mut [f32]) -> Result<()> {
    let elements = parameter.elements()?;
    if out.len() != elements {
        let found = format!("a slice of {} elements for shape {}", out.len(), parameter.shape);
        return Err(parameter.unfit(found, format!("one of {elements}")));
    }
    let scheme = find(scheme)?;
    Values::new(parameter, Source::Scheme(&*scheme), seed).read(0, out)
}

/// All starting values of `parameter`.
#[cfg(any(feature = "ndarray", feature = "candle", feature = "burn"))]
fn all(scheme: &str, parameter: &Parameter, seed: u64) -> Result<Vec<f32>> {
    let scheme = find(scheme)?;
    Values::new(parameter, Source::Scheme(&*scheme), seed).into_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Rules, initialize};

    #[test]
    fn a_slice_gets_the_bits_of_the_parameter() {
        let parameter = Parameter::linear("0.weight", 8, 5);
        let mut out = [0.0; 40];
        fill("xavier-uniform", &parameter, 3, &mut out).unwrap();
        let weights = initialize(&[parameter], &Rules::new("xavier-uniform"), 3).unwrap();
        assert_eq!(out, weights.tensors[0].1.data());
    }

    #[test]
    fn a_slice_of_another_length_is_refused() {
        let mut out = [0.0; 39];
        let refused = fill("he-normal", &Parameter::linear("w", 8, 5), 3, &mut out).unwrap_err();
        assert!(refused.to_string().contains("39 elements for shape (8, 5)"), "{refused}");
        assert!(fill("he-norml", &Parameter::linear("w", 8, 5), 3, &mut [0.0; 40]).is_err());
        assert!(fill("he-normal", &Parameter::linear("w", 0, 5), 3, &mut []).is_err());
    }
}
