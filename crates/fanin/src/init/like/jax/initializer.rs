//! `jax.nn.initializers`, one by one.

use super::variance_scaling::{Distribution, Mode, VarianceScaling, resolve_axis};
use super::{Key, draw, orthonormal};
use crate::error::{Error, Result};
use crate::init::like::elements;

/// The standard deviation of a standard normal variable that is cut at ±2.
const DEVIATION_OF_CUT: f32 = 0.879_625_661_034_239_8_f64 as f32;

/// An initializer of JAX, with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub enum Initializer {
    /// `zeros`.
    Zeros,
    /// `ones`.
    Ones,
    /// `constant(value)`.
    Constant(f64),
    /// `uniform(scale)`: on [0, scale), not around zero.
    Uniform {
        /// The upper bound; 0.01 in JAX if none is said.
        scale: f64,
    },
    /// `normal(stddev)`.
    Normal {
        /// The standard deviation; 0.01 in JAX if none is said.
        stddev: f64,
    },
    /// `truncated_normal(stddev)`, cut at ±2·`stddev` and not widened after it.
    TruncatedNormal {
        /// The standard deviation before the cut; 0.01 in JAX if none is said.
        stddev: f64,
    },
    /// `variance_scaling(…)` and all that it is under another name: see [`Initializer::he_normal`].
    VarianceScaling(VarianceScaling),
    /// `orthogonal(scale, column_axis)`: equal to JAX's to about 10⁻⁶, not to the bit.
    Orthogonal {
        /// Factor on the matrix.
        scale: f64,
        /// The axis of the columns; −1 in JAX if none is said.
        column_axis: isize,
    },
    /// `delta_orthogonal(scale)`: a convolution that is orthogonal at its center and 0 elsewhere.
    DeltaOrthogonal {
        /// Factor on the matrix.
        scale: f64,
    },
}

impl Initializer {
    fn scaled(scale: f64, mode: Mode, distribution: Distribution) -> Self {
        Self::VarianceScaling(VarianceScaling::new(scale, mode, distribution))
    }

    /// `he_normal()`, also `kaiming_normal()`.
    pub fn he_normal() -> Self {
        Self::scaled(2.0, Mode::FanIn, Distribution::TruncatedNormal)
    }

    /// `he_uniform()`, also `kaiming_uniform()`.
    pub fn he_uniform() -> Self {
        Self::scaled(2.0, Mode::FanIn, Distribution::Uniform)
    }

    /// `lecun_normal()`.
    pub fn lecun_normal() -> Self {
        Self::scaled(1.0, Mode::FanIn, Distribution::TruncatedNormal)
    }

    /// `lecun_uniform()`.
    pub fn lecun_uniform() -> Self {
        Self::scaled(1.0, Mode::FanIn, Distribution::Uniform)
    }

    /// `glorot_normal()`, also `xavier_normal()`.
    pub fn glorot_normal() -> Self {
        Self::scaled(1.0, Mode::FanAverage, Distribution::TruncatedNormal)
    }

    /// `glorot_uniform()`, also `xavier_uniform()`.
    pub fn glorot_uniform() -> Self {
        Self::scaled(1.0, Mode::FanAverage, Distribution::Uniform)
    }

    /// `initializer(key, shape, jnp.float32)`, row by row.
    ///
    /// # Errors
    /// [`Error::Setting`] for shapes without elements or axes that the initializer needs, and for
    /// scales that are negative or not finite; [`Error::Engine`] for sizes that no machine holds.
    ///
    /// ```
    /// use fanin::init::like::jax::{Initializer, Key};
    /// let weights = Initializer::he_normal().values(Key::new(42), &[4, 3])?;
    /// assert_eq!(weights[0].to_bits(), 0xbcb1e990);
    /// # Ok::<(), fanin::Error>(())
    /// ```
    pub fn values(&self, key: Key, shape: &[usize]) -> Result<Vec<f32>> {
        let mut out = elements::filled("jax initializer", shape, 0.0)?;
        let scale = |value| elements::scale("jax initializer", value).map(|value| value as f32);
        match self {
            Self::Zeros => {}
            Self::Ones => out.fill(1.0),
            Self::Constant(value) => out.fill(*value as f32),
            Self::Uniform { scale: high } => {
                let factor = scale(*high)?;
                draw::fill_uniform(key, 0, 0.0, 1.0, &mut out);
                multiply(&mut out, factor);
            }
            Self::Normal { stddev } => {
                let factor = scale(*stddev)?;
                draw::fill_normal(key, 0, &mut out);
                multiply(&mut out, factor);
            }
            Self::TruncatedNormal { stddev } => {
                let factor = scale(*stddev)?;
                draw::fill_truncated_normal(key, 0, &mut out);
                multiply(&mut out, factor);
            }
            Self::VarianceScaling(scaling) => {
                scale(scaling.scale)?;
                fill_scaled(scaling, key, shape, &mut out)?;
            }
            Self::Orthogonal { scale: factor, column_axis } => {
                return orthogonal(key, shape, scale(*factor)?, *column_axis);
            }
            Self::DeltaOrthogonal { scale: factor } => {
                fill_center(key, shape, scale(*factor)?, &mut out)?;
            }
        }
        Ok(out)
    }
}

fn multiply(out: &mut [f32], factor: f32) {
    out.iter_mut().for_each(|x| *x *= factor);
}

fn fill_scaled(
    scaling: &VarianceScaling,
    key: Key,
    shape: &[usize],
    out: &mut [f32],
) -> Result<()> {
    let variance = scaling.variance(shape)?;
    let factor = match scaling.distribution {
        Distribution::TruncatedNormal => {
            draw::fill_truncated_normal(key, 0, out);
            variance.sqrt() / DEVIATION_OF_CUT
        }
        Distribution::Normal => {
            draw::fill_normal(key, 0, out);
            variance.sqrt()
        }
        Distribution::Uniform => {
            draw::fill_uniform(key, 0, -1.0, 1.0, out);
            (3.0 * variance).sqrt()
        }
    };
    multiply(out, factor);
    Ok(())
}

/// An orthogonal matrix whose columns run along one axis.
fn orthogonal(key: Key, shape: &[usize], scale: f32, column_axis: isize) -> Result<Vec<f32>> {
    if shape.len() < 2 {
        return Err(shape_mistake("orthogonal", shape, "two axes or more"));
    }
    let axis = resolve_axis(shape, column_axis)?;
    let columns = shape[axis];
    let after: usize = shape[axis + 1..].iter().product();
    let rows = shape.iter().product::<usize>() / columns;
    let [long, short] = orthonormal::drawn_shape(rows, columns);
    let mut z = elements::filled("orthogonal", &[long, short], 0.0)?;
    draw::fill_normal(key, 0, &mut z);
    let q = orthonormal::orthogonal(&z, rows, columns, scale);
    let mut out = vec![0.0; q.len()];
    for (row, values) in q.chunks_exact(columns).enumerate() {
        for (column, value) in values.iter().enumerate() {
            out[(row / after * columns + column) * after + row % after] = *value;
        }
    }
    Ok(out)
}

fn fill_center(key: Key, shape: &[usize], scale: f32, out: &mut [f32]) -> Result<()> {
    let [kernel @ .., inputs, outputs] = shape else {
        return Err(shape_mistake("delta-orthogonal", shape, "3 to 5 axes"));
    };
    if !(1..=3).contains(&kernel.len()) {
        return Err(shape_mistake("delta-orthogonal", shape, "3 to 5 axes"));
    }
    if outputs < inputs {
        return Err(shape_mistake("delta-orthogonal", shape, "as many outputs as inputs or more"));
    }
    let matrix = orthogonal(key, &[*inputs, *outputs], scale, -1)?;
    let center = kernel.iter().fold(0, |index, size| index * size + (size - 1) / 2);
    out[center * matrix.len()..][..matrix.len()].copy_from_slice(&matrix);
    Ok(())
}

fn shape_mistake(what: &str, shape: &[usize], expected: &str) -> Error {
    Error::Setting {
        place: what.to_owned(),
        found: format!("shape {shape:?}"),
        expected: expected.to_owned(),
    }
}
