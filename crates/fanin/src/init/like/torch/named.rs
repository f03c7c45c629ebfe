//! The functions of `torch.nn.init` that draw, with their arithmetic in PyTorch's order.

use super::{Element, Generator};
use crate::error::{Error, Result};

/// Which fan `kaiming_uniform_` and `kaiming_normal_` keep the variance of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// `fan_in`, PyTorch's default.
    #[default]
    FanIn,
    /// `fan_out`.
    FanOut,
}

/// Fills a tensor as `xavier_uniform_`.
///
/// # Errors
/// If the tensor has fewer than two axes, or the bound is no number of its type.
pub fn xavier_uniform<E: Element>(
    generator: &mut Generator,
    shape: &[usize],
    out: &mut [E],
    gain: f64,
) -> Result<()> {
    let deviation = xavier_deviation(shape, out.len(), gain)?;
    symmetric(generator, out, 3f64.sqrt() * deviation)
}

/// Fills a tensor as `xavier_normal_`.
///
/// # Errors
/// If the tensor has fewer than two axes, or the deviation is negative or not finite.
pub fn xavier_normal<E: Element>(
    generator: &mut Generator,
    shape: &[usize],
    out: &mut [E],
    gain: f64,
) -> Result<()> {
    let deviation = xavier_deviation(shape, out.len(), gain)?;
    generator.normal(out, 0.0, deviation)
}

/// Fills a tensor as `kaiming_uniform_`, with a gain such as [`leaky_relu_gain`].
///
/// # Errors
/// If the tensor has fewer than two axes, or the bound is no number of its type.
pub fn kaiming_uniform<E: Element>(
    generator: &mut Generator,
    shape: &[usize],
    out: &mut [E],
    gain: f64,
    mode: Mode,
) -> Result<()> {
    let deviation = kaiming_deviation(shape, out.len(), gain, mode)?;
    symmetric(generator, out, 3f64.sqrt() * deviation)
}

/// Fills a tensor as `kaiming_normal_`, with a gain such as [`leaky_relu_gain`].
///
/// # Errors
/// If the tensor has fewer than two axes, or the deviation is negative or not finite.
pub fn kaiming_normal<E: Element>(
    generator: &mut Generator,
    shape: &[usize],
    out: &mut [E],
    gain: f64,
    mode: Mode,
) -> Result<()> {
    let deviation = kaiming_deviation(shape, out.len(), gain, mode)?;
    generator.normal(out, 0.0, deviation)
}

/// Fills a matrix as `sparse_`: in each column, `sparsity` of the rows, rounded up, are zero.
///
/// PyTorch chooses them with its global generator even if it is given another one; here both are
/// `generator`.
///
/// # Errors
/// If the tensor is no matrix, `sparsity` is not in 0 … 1, or the deviation is negative.
pub fn sparse<E: Element>(
    generator: &mut Generator,
    shape: &[usize],
    out: &mut [E],
    sparsity: f64,
    deviation: f64,
) -> Result<()> {
    let &[rows, columns] = shape else {
        return Err(wrong_shape("sparse_", shape, "a matrix"));
    };
    check_size(shape, out.len())?;
    let Ok(row_count) = u32::try_from(rows) else {
        return Err(wrong_shape("sparse_", shape, "fewer than 2^32 rows"));
    };
    if !(0.0..=1.0).contains(&sparsity) {
        return Err(Error::Setting {
            place: "sparse_ of torch".to_owned(),
            found: format!("sparsity {sparsity}"),
            expected: "a share between 0 and 1".to_owned(),
        });
    }
    let zeros = (sparsity * rows as f64).ceil() as usize;
    generator.normal(out, 0.0, deviation)?;
    for column in 0..columns {
        for row in &generator.permutation(row_count)?[..zeros] {
            out[*row as usize * columns + column] = E::rounded(0.0);
        }
    }
    Ok(())
}

/// `calculate_gain("leaky_relu", slope)`: √(2/(1 + slope²)); slope 0 is relu.
pub fn leaky_relu_gain(slope: f64) -> f64 {
    (2.0 / (1.0 + slope.powi(2))).sqrt()
}

/// Uniform between −`bound` and `bound`.
pub(super) fn symmetric<E: Element>(
    generator: &mut Generator,
    out: &mut [E],
    bound: f64,
) -> Result<()> {
    generator.uniform(out, if bound == 0.0 { 0.0 } else { -bound }, bound)
}

/// Fan-in and fan-out as PyTorch computes them, for whatever kind of layer.
pub(super) fn fans(shape: &[usize], length: usize) -> Result<(usize, usize)> {
    check_size(shape, length)?;
    let [outputs, inputs, kernel @ ..] = shape else {
        return Err(wrong_shape("nn.init of torch", shape, "at least two axes"));
    };
    let field = kernel.iter().fold(1, |field: usize, axis| field.saturating_mul(*axis));
    Ok((inputs.saturating_mul(field), outputs.saturating_mul(field)))
}

fn xavier_deviation(shape: &[usize], length: usize, gain: f64) -> Result<f64> {
    let (fan_in, fan_out) = fans(shape, length)?;
    if length == 0 {
        return Ok(0.0);
    }
    Ok(gain * (2.0 / fan_in.saturating_add(fan_out) as f64).sqrt())
}

fn kaiming_deviation(shape: &[usize], length: usize, gain: f64, mode: Mode) -> Result<f64> {
    let (fan_in, fan_out) = fans(shape, length)?;
    if length == 0 {
        return Ok(0.0);
    }
    let fan = if mode == Mode::FanIn { fan_in } else { fan_out };
    Ok(gain / (fan as f64).sqrt())
}

/// Whether a tensor of this shape has so many elements.
pub(super) fn check_size(shape: &[usize], length: usize) -> Result<()> {
    let product = shape.iter().try_fold(1usize, |product, axis| product.checked_mul(*axis));
    if product == Some(length) {
        return Ok(());
    }
    Err(wrong_shape("tensor", shape, &format!("a shape of {length} elements")))
}

pub(super) fn wrong_shape(place: &str, shape: &[usize], expected: &str) -> Error {
    Error::Setting {
        place: place.to_owned(),
        found: format!("shape {shape:?}"),
        expected: expected.to_owned(),
    }
}
