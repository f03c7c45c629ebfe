//! `keras.initializers`, one by one.

use super::backend::Backend;
use super::seed::Seed;
use crate::error::{Error, Result};
use crate::init::like::{elements, jax};

/// The standard deviation of a standard normal variable that is cut at ±2.
const DEVIATION_OF_CUT: f64 = 0.879_625_661_034_239_8;

/// Which fan the variance is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Inputs that reach one unit.
    FanIn,
    /// Units that one input reaches.
    FanOut,
    /// The mean of the two.
    FanAverage,
}

/// What the elements are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Normal, cut at two standard deviations and widened so that the variance is met.
    TruncatedNormal,
    /// Normal.
    UntruncatedNormal,
    /// Uniform on [−b, b).
    Uniform,
}

/// An initializer of Keras, with its arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initializer {
    /// `Zeros`.
    Zeros,
    /// `Ones`.
    Ones,
    /// `Constant(value)`.
    Constant(f64),
    /// `Identity(gain)`: matrices alone.
    Identity {
        /// The diagonal.
        gain: f64,
    },
    /// `RandomUniform(minval, maxval)`; ±0.05 in Keras if none are said.
    RandomUniform {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// `RandomNormal(mean, stddev)`; 0 and 0.05 in Keras if none are said.
    RandomNormal {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        stddev: f64,
    },
    /// `TruncatedNormal(mean, stddev)`, cut at two deviations and not widened after it.
    TruncatedNormal {
        /// The mean.
        mean: f64,
        /// The standard deviation before the cut; 0.05 in Keras if none is said.
        stddev: f64,
    },
    /// `VarianceScaling(scale, mode, distribution)`.
    VarianceScaling {
        /// The factor of the variance, above 0.
        scale: f64,
        /// The fan.
        mode: Mode,
        /// The distribution.
        distribution: Distribution,
    },
    /// `GlorotUniform`, with which most layers start.
    GlorotUniform,
    /// `GlorotNormal`.
    GlorotNormal,
    /// `HeUniform`.
    HeUniform,
    /// `HeNormal`.
    HeNormal,
    /// `LecunUniform`.
    LecunUniform,
    /// `LecunNormal`.
    LecunNormal,
    /// `Orthogonal(gain)`: equal to Keras' to about 10⁻⁶, not to the bit.
    Orthogonal {
        /// Factor on the matrix; 1 in Keras if none is said.
        gain: f64,
    },
}

impl Initializer {
    /// `initializer(shape)`, row by row, of an initializer with this seed.
    ///
    /// # Errors
    /// [`Error::Setting`] for shapes without elements or axes that the initializer needs, for
    /// arguments that are not finite, and for seeds that Keras refuses on the backend.
    pub fn values(&self, backend: Backend, seed: Seed, shape: &[usize]) -> Result<Vec<f32>> {
        self.values_with_fans(backend, seed, shape, fans(shape))
    }

    /// As [`values`](Self::values), with fans that a layer knows better than the shape.
    pub(super) fn values_with_fans(
        &self,
        backend: Backend,
        seed: Seed,
        shape: &[usize],
        fans: [f64; 2],
    ) -> Result<Vec<f32>> {
        let mut out = elements::filled("keras initializer", shape, 0.0)?;
        match *self {
            Self::Zeros => {}
            Self::Ones => out.fill(1.0),
            Self::Constant(value) => out.fill(value as f32),
            Self::Identity { gain } => {
                let [_, columns] = shape else {
                    return Err(mistake(format!("shape {shape:?}"), "two axes"));
                };
                out.iter_mut().step_by(columns + 1).take(*columns).for_each(|x| *x = gain as f32);
            }
            Self::RandomUniform { low, high } => {
                finite(low)?;
                backend.uniform(seed, low, finite(high)?, &mut out)?;
            }
            Self::RandomNormal { mean, stddev } => {
                backend.normal(seed, finite(mean)?, deviation(stddev)?, &mut out)?;
            }
            Self::TruncatedNormal { mean, stddev } => {
                backend.truncated_normal(seed, finite(mean)?, deviation(stddev)?, &mut out)?;
            }
            Self::Orthogonal { gain } => {
                return orthogonal(backend, seed, shape, finite(gain)? as f32);
            }
            _ => self.fill_scaled(backend, seed, fans, &mut out)?,
        }
        Ok(out)
    }

    /// Whether the initializer draws at all, and so takes a seed.
    pub(super) fn is_random(&self) -> bool {
        !matches!(self, Self::Zeros | Self::Ones | Self::Constant(_) | Self::Identity { .. })
    }

    fn fill_scaled(
        &self,
        backend: Backend,
        seed: Seed,
        [fan_in, fan_out]: [f64; 2],
        out: &mut [f32],
    ) -> Result<()> {
        let (scale, mode, distribution) = self.scaling();
        if !(scale.is_finite() && scale > 0.0) {
            return Err(mistake(format!("scale {scale}"), "a finite number above 0"));
        }
        let fan = match mode {
            Mode::FanIn => fan_in,
            Mode::FanOut => fan_out,
            Mode::FanAverage => f64::midpoint(fan_in, fan_out),
        };
        let variance = scale / fan.max(1.0);
        match distribution {
            Distribution::TruncatedNormal => {
                backend.truncated_normal(seed, 0.0, variance.sqrt() / DEVIATION_OF_CUT, out)
            }
            Distribution::UntruncatedNormal => backend.normal(seed, 0.0, variance.sqrt(), out),
            Distribution::Uniform => {
                let bound = (3.0 * variance).sqrt();
                backend.uniform(seed, -bound, bound, out)
            }
        }
    }

    fn scaling(&self) -> (f64, Mode, Distribution) {
        match *self {
            Self::VarianceScaling { scale, mode, distribution } => (scale, mode, distribution),
            Self::GlorotUniform => (1.0, Mode::FanAverage, Distribution::Uniform),
            Self::GlorotNormal => (1.0, Mode::FanAverage, Distribution::TruncatedNormal),
            Self::HeUniform => (2.0, Mode::FanIn, Distribution::Uniform),
            Self::HeNormal => (2.0, Mode::FanIn, Distribution::TruncatedNormal),
            Self::LecunUniform => (1.0, Mode::FanIn, Distribution::Uniform),
            _ => (1.0, Mode::FanIn, Distribution::TruncatedNormal),
        }
    }
}

/// (fan-in, fan-out) of a kernel (extent…, inputs, outputs), as Keras counts them.
fn fans(shape: &[usize]) -> [f64; 2] {
    let product = |axes: &[usize]| axes.iter().map(|n| *n as f64).product::<f64>();
    match shape {
        [] => [1.0, 1.0],
        [all] => [*all as f64, *all as f64],
        [extent @ .., inputs, outputs] => {
            [*inputs as f64 * product(extent), *outputs as f64 * product(extent)]
        }
    }
}

fn orthogonal(backend: Backend, seed: Seed, shape: &[usize], gain: f32) -> Result<Vec<f32>> {
    let [rows @ .., columns] = shape else {
        return Err(mistake(format!("shape {shape:?}"), "two axes or more"));
    };
    if rows.is_empty() {
        return Err(mistake(format!("shape {shape:?}"), "two axes or more"));
    }
    let rows = rows.iter().product();
    let mut z = elements::filled("orthogonal", &jax::drawn_shape(rows, *columns), 0.0)?;
    backend.normal(seed, 0.0, 1.0, &mut z)?;
    Ok(jax::orthogonal(&z, rows, *columns, gain))
}

fn finite(value: f64) -> Result<f64> {
    if value.is_finite() {
        return Ok(value);
    }
    Err(mistake(value.to_string(), "a finite number"))
}

fn deviation(value: f64) -> Result<f64> {
    elements::scale("keras initializer", value)
}

fn mistake(found: String, expected: &str) -> Error {
    let (place, expected) = ("keras initializer".to_owned(), expected.to_owned());
    Error::Setting { place, found, expected }
}
