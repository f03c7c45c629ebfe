//! Initializers whose scale follows the fans: `jax.nn.initializers.variance_scaling`.

use crate::error::{Error, Result};

/// Which fan the variance is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Inputs that reach one unit.
    FanIn,
    /// Units that one input reaches.
    FanOut,
    /// The mean of the two.
    FanAverage,
    /// The geometric mean of the two.
    FanGeometric,
}

/// What the elements are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Normal, cut at two standard deviations and widened so that the variance is met.
    TruncatedNormal,
    /// Normal.
    Normal,
    /// Uniform on [−b, b).
    Uniform,
}

/// Elements of variance `scale`/fan; axes may be negative and then count from the last.
#[derive(Clone, Debug, PartialEq)]
pub struct VarianceScaling {
    /// The factor of the variance, 0 or more.
    pub scale: f64,
    /// The fan.
    pub mode: Mode,
    /// The distribution.
    pub distribution: Distribution,
    /// Axes of inputs.
    pub in_axes: Vec<isize>,
    /// Axes of outputs.
    pub out_axes: Vec<isize>,
    /// Axes that count copies, such as heads; axes in none of the three are a kernel's extent.
    pub batch_axes: Vec<isize>,
}

impl VarianceScaling {
    /// The initializer for weights whose last two axes are (input, output).
    pub fn new(scale: f64, mode: Mode, distribution: Distribution) -> Self {
        let (in_axes, out_axes) = (vec![-2], vec![-1]);
        Self { scale, mode, distribution, in_axes, out_axes, batch_axes: Vec::new() }
    }

    /// (fan-in, fan-out) for a shape, as JAX divides them.
    ///
    /// # Errors
    /// [`Error::Setting`] if the shape lacks an axis or has one of length 0.
    pub fn fans(&self, shape: &[usize]) -> Result<(f64, f64)> {
        let inputs = product(shape, &self.in_axes)?;
        let outputs = product(shape, &self.out_axes)?;
        let copies = product(shape, &self.batch_axes)?;
        let all: f64 = shape.iter().map(|n| *n as f64).product();
        if all == 0.0 {
            return Err(Error::Setting {
                place: "variance scaling".to_owned(),
                found: format!("shape {shape:?}"),
                expected: "axes of length 1 or more, for it divides by the fan".to_owned(),
            });
        }
        let extent = all / inputs / outputs / copies;
        Ok((inputs * extent, outputs * extent))
    }

    /// The variance of an element of `shape`.
    pub(super) fn variance(&self, shape: &[usize]) -> Result<f32> {
        let (fan_in, fan_out) = self.fans(shape)?;
        let fan = match self.mode {
            Mode::FanIn => fan_in,
            Mode::FanOut => fan_out,
            Mode::FanAverage => f64::midpoint(fan_in, fan_out),
            Mode::FanGeometric => (fan_in * fan_out).sqrt(),
        };
        Ok((self.scale / fan) as f32)
    }
}

fn product(shape: &[usize], axes: &[isize]) -> Result<f64> {
    axes.iter().map(|axis| resolve_axis(shape, *axis).map(|axis| shape[axis] as f64)).product()
}

/// The axis counted from the first.
pub(super) fn resolve_axis(shape: &[usize], axis: isize) -> Result<usize> {
    let counted = if axis < 0 { axis + shape.len() as isize } else { axis };
    usize::try_from(counted).ok().filter(|axis| *axis < shape.len()).ok_or_else(|| Error::Setting {
        place: "axes of an initializer".to_owned(),
        found: format!("axis {axis} for shape {shape:?}"),
        expected: "an axis of the shape".to_owned(),
    })
}
