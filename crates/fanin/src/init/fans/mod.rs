//! Fan-in and fan-out from a weight's shape and the meaning of its axes.
//!
//! Libraries disagree here first: some forget the groups of a convolution, some take the axes of a
//! transposed convolution the wrong way round. So nothing is guessed from the shape alone; what
//! other libraries say is there by name, in `conventions`.

mod conventions;

use crate::error::{Error, Result};

pub use crate::spec::Axes;
pub use conventions::{CONVENTIONS, Convention, Layer, apply, by, convention};

/// Inputs that reach one unit, and units that one input reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fans {
    /// Inputs that reach one unit.
    pub fan_in: usize,
    /// Units that one input reaches.
    pub fan_out: usize,
}

/// Fans of a linear layer's weight, of shape (out, in).
///
/// # Errors
/// As for [`fans`]; also if the shape has not two axes.
pub fn linear(place: &str, shape: &[usize]) -> Result<Fans> {
    expect_rank(place, shape, shape.len() == 2, "(out, in)")?;
    fans(place, shape, &Axes::linear())
}

/// Fans of a convolution's weight, of shape (out, in / groups, kernel…).
///
/// # Errors
/// As for [`fans`]; also if the shape has fewer than three axes.
///
/// ```
/// use fanin::init::{Fans, fans};
/// let depthwise = fans::convolution("conv.weight", &[4, 1, 3, 3], 4)?;
/// assert_eq!(depthwise, Fans { fan_in: 9, fan_out: 9 });
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn convolution(place: &str, shape: &[usize], groups: usize) -> Result<Fans> {
    expect_rank(place, shape, shape.len() >= 3, "(out, in / groups, kernel…)")?;
    fans(place, shape, &Axes::convolution(groups))
}

/// Fans of a transposed convolution's weight, of shape (in, out / groups, kernel…), for stride 1.
///
/// # Errors
/// As for [`fans`]; also if the shape has fewer than three axes.
pub fn transposed_convolution(place: &str, shape: &[usize], groups: usize) -> Result<Fans> {
    expect_rank(place, shape, shape.len() >= 3, "(in, out / groups, kernel…)")?;
    fans(place, shape, &Axes::transposed_convolution(groups))
}

/// Fans of a weight whose axes mean what `axes` says.
///
/// # Errors
/// [`Error::Setting`] that names `place` if an axis is 0 or missing, or groups do not divide it.
pub fn fans(place: &str, shape: &[usize], axes: &Axes) -> Result<Fans> {
    let fail = |found: String, expected: &str| Error::Setting {
        place: place.to_owned(),
        found,
        expected: expected.to_owned(),
    };
    if shape.contains(&0) {
        return Err(fail(format!("shape {shape:?}"), "at least one element along every axis"));
    }
    let product = |axes: &[usize]| {
        axes.iter().try_fold(1_usize, |size, &axis| size.checked_mul(*shape.get(axis)?)).ok_or_else(
            || fail(format!("shape {shape:?}"), "all the axes of the layout, below 2^64 elements"),
        )
    };
    let kernel = axes.kernel(shape.len());
    let fan = |channels: &[usize], groups: usize| {
        let count = product(channels)?;
        if groups == 0 || !count.is_multiple_of(groups) {
            let found = format!("{groups} groups for {count} channels");
            return Err(fail(found, "a number of groups that divides the channels"));
        }
        Ok(product(&[channels, kernel.as_slice()].concat())? / groups)
    };
    Ok(Fans {
        fan_in: fan(&axes.input, axes.input_groups)?,
        fan_out: fan(&axes.output, axes.output_groups)?,
    })
}

fn expect_rank(place: &str, shape: &[usize], fits: bool, layout: &str) -> Result<()> {
    if fits {
        return Ok(());
    }
    Err(Error::Setting {
        place: place.to_owned(),
        found: format!("shape {shape:?}"),
        expected: format!("a shape {layout}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fans: Result<Fans>, fan_in: usize, fan_out: usize) {
        assert_eq!(fans.unwrap(), Fans { fan_in, fan_out });
    }

    #[test]
    fn groups_and_kernels_count() {
        check(linear("w", &[10, 784]), 784, 10);
        check(convolution("w", &[64, 3, 7, 7], 1), 147, 3136);
        check(convolution("w", &[4, 1, 3, 3], 4), 9, 9);
        check(convolution("w", &[8, 2, 5], 2), 10, 20);
        check(transposed_convolution("w", &[16, 8, 4, 4], 1), 256, 128);
        check(transposed_convolution("w", &[16, 4, 3], 2), 24, 12);
        check(fans("w", &[3, 3, 16, 32], &Axes::keras(4)), 144, 288);
        let experts = Axes { batch: vec![0], ..Axes::new(2, 1) };
        check(fans("w", &[8, 64, 16], &experts), 16, 64);
    }

    #[track_caller]
    fn check_error(fans: Result<Fans>, part: &str) {
        let message = fans.unwrap_err().to_string();
        assert!(message.starts_with("w: ") && message.contains(part), "{message}");
    }

    #[test]
    fn shapes_that_have_no_fans_are_refused() {
        check_error(linear("w", &[10, 0]), "shape [10, 0]");
        check_error(linear("w", &[10]), "(out, in)");
        check_error(convolution("w", &[10, 3], 1), "kernel");
        check_error(convolution("w", &[10, 3, 3], 4), "4 groups for 10 channels");
        check_error(convolution("w", &[10, 3, 3], 0), "0 groups");
        check_error(convolution("w", &[2, 1 << 40, 1 << 40], 1), "2^64");
        let beyond = Axes::new(5, 0);
        check_error(fans("w", &[2, 3], &beyond), "axes of the layout");
    }
}
