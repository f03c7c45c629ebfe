//! What a scheme declares about the values it gives: the laws and explanations read it.

use std::fmt;

use fanin_kernels::Scalar;
use fanin_kernels::random::{Stream, fill_normal, fill_truncated_normal, fill_uniform};

/// Distribution of every element of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// The same value everywhere.
    Constant(f64),
    /// Independent and uniform on [`low`, `high`).
    Uniform {
        /// Smallest value.
        low: f64,
        /// Bound that is not reached.
        high: f64,
    },
    /// Independent and normal.
    Normal {
        /// Expected value.
        mean: f64,
        /// Standard deviation.
        deviation: f64,
    },
    /// Independent and normal, given that the value lies between two bounds.
    TruncatedNormal {
        /// Expected value of the normal variable before the cut.
        mean: f64,
        /// Standard deviation of the normal variable before the cut.
        uncut_deviation: f64,
        /// Least value, in units of `uncut_deviation` above `mean`; may be −∞.
        low: f64,
        /// Largest value, in the same units; may be ∞.
        high: f64,
    },
    /// Independent; the logarithm of a variable that is uniform on [`low`, `high`), `low` ≥ 0.
    LogUniform {
        /// Smallest value of the uniform variable.
        low: f64,
        /// Its bound that is not reached.
        high: f64,
        /// Factor on the logarithm: 1 or −1.
        sign: f64,
    },
    /// Not independent of each other, or not random: the scheme gives all elements together.
    Joint {
        /// Mean of all elements, expected over seeds.
        mean: f64,
        /// Standard deviation of all elements, expected over seeds.
        deviation: f64,
    },
}

impl Distribution {
    /// Normal with mean 0.
    pub fn normal(deviation: f64) -> Self {
        Self::Normal { mean: 0.0, deviation }
    }

    /// Uniform on [−`bound`, `bound`).
    pub fn uniform(bound: f64) -> Self {
        Self::Uniform { low: -bound, high: bound }
    }

    /// Normal with mean 0, cut at ±`cut` of its own deviations.
    pub fn truncated_normal(uncut_deviation: f64, cut: f64) -> Self {
        Self::TruncatedNormal { mean: 0.0, uncut_deviation, low: -cut, high: cut }
    }

    /// Not independent, with mean 0.
    pub fn joint(deviation: f64) -> Self {
        Self::Joint { mean: 0.0, deviation }
    }

    /// Not random: `value` at a share of all places, 0 at the others.
    pub fn at_few_places(value: f64, share: f64) -> Self {
        Self::Joint { mean: value * share, deviation: value.abs() * (share * (1.0 - share)).sqrt() }
    }

    /// The same values times `factor`, which is not negative.
    pub fn scaled(self, factor: f64) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(factor * value),
            Self::Uniform { low, high } => Self::Uniform { low: factor * low, high: factor * high },
            Self::Normal { mean, deviation } => {
                Self::Normal { mean: factor * mean, deviation: factor * deviation }
            }
            Self::TruncatedNormal { mean, uncut_deviation, low, high } => Self::TruncatedNormal {
                mean: factor * mean,
                uncut_deviation: factor * uncut_deviation,
                low,
                high,
            },
            Self::LogUniform { low, high, sign } => {
                Self::LogUniform { low, high, sign: factor * sign }
            }
            Self::Joint { mean, deviation } => {
                Self::Joint { mean: factor * mean, deviation: factor * deviation }
            }
        }
    }

    /// Expected value of an element.
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Constant(value) => value,
            Self::Uniform { low, high } => f64::midpoint(low, high),
            Self::Normal { mean, .. } | Self::Joint { mean, .. } => mean,
            Self::TruncatedNormal { mean, uncut_deviation, low, high } => {
                mean + uncut_deviation * after_cut(low, high).0
            }
            Self::LogUniform { low, high, sign } => sign * moments_of_logarithm(low, high).0,
        }
    }

    /// Standard deviation of an element.
    pub fn deviation(&self) -> f64 {
        match *self {
            Self::Constant(_) => 0.0,
            Self::Uniform { low, high } => (high - low) / f64::sqrt(12.0),
            Self::Normal { deviation, .. } | Self::Joint { deviation, .. } => deviation,
            Self::TruncatedNormal { uncut_deviation, low, high, .. } => {
                uncut_deviation * after_cut(low, high).1
            }
            Self::LogUniform { low, high, sign } => sign.abs() * moments_of_logarithm(low, high).1,
        }
    }

    /// Probability that an element is at most `x`; `None` where only the moments are declared.
    pub fn probability_below(&self, x: f64) -> Option<f64> {
        match *self {
            Self::Constant(value) => Some(if x < value { 0.0 } else { 1.0 }),
            Self::Uniform { low, high } => Some(((x - low) / (high - low)).clamp(0.0, 1.0)),
            Self::Normal { mean, deviation } => Some(standard_normal_below((x - mean) / deviation)),
            Self::TruncatedNormal { mean, uncut_deviation, low, high } => {
                let least = standard_normal_below(low);
                let share = standard_normal_below(high) - least;
                let below = standard_normal_below((x - mean) / uncut_deviation) - least;
                Some((below / share).clamp(0.0, 1.0))
            }
            Self::LogUniform { low, high, sign } => {
                let below = (((x / sign).exp() - low) / (high - low)).clamp(0.0, 1.0);
                Some(if sign < 0.0 { 1.0 - below } else { below })
            }
            Self::Joint { .. } => None,
        }
    }

    /// Fills `out` with elements `start`.. of the parameter that `stream` addresses.
    ///
    /// # Panics
    /// For [`Distribution::Joint`], whose elements only its scheme can give.
    pub fn fill(&self, stream: Stream, start: u64, out: &mut [f32]) {
        match *self {
            Self::Constant(value) => out.fill(value as f32),
            Self::Uniform { low, high } => {
                fill_uniform(stream, start, low as f32, high as f32, out);
            }
            Self::Normal { mean, deviation } => fill_normal(stream, start, mean, deviation, out),
            Self::TruncatedNormal { mean, uncut_deviation, low, high } => {
                fill_truncated_normal(stream, start, (mean, uncut_deviation), (low, high), out);
            }
            Self::LogUniform { low, high, sign } => {
                fill_uniform(stream, start, low as f32, high as f32, out);
                out.iter_mut().for_each(|x| *x = (sign * libm::log(f64::from(*x))) as f32);
            }
            Self::Joint { .. } => panic!("a joint distribution is drawn by its scheme"),
        }
    }
}

/// Mean and standard deviation of a standard normal variable z, given that `low` ≤ z ≤ `high`.
///
/// By parts: E z = (φ(low) − φ(high)) / p, E z² = 1 + (low·φ(low) − high·φ(high)) / p.
fn after_cut(low: f64, high: f64) -> (f64, f64) {
    let share = standard_normal_below(high) - standard_normal_below(low);
    let times_density = |x: f64| if x.is_infinite() { 0.0 } else { x * density(x) };
    let mean = (density(low) - density(high)) / share;
    let second = 1.0 + (times_density(low) - times_density(high)) / share;
    (mean, (second - mean * mean).max(0.0).sqrt())
}

/// Mean and standard deviation of ln u for u uniform on [`low`, `high`), by parts.
fn moments_of_logarithm(low: f64, high: f64) -> (f64, f64) {
    let first = |u: f64| if u == 0.0 { 0.0 } else { u * u.ln() - u };
    let second = |u: f64| if u == 0.0 { 0.0 } else { u * (u.ln().powi(2) - 2.0 * u.ln() + 2.0) };
    let mean = (first(high) - first(low)) / (high - low);
    let square = (second(high) - second(low)) / (high - low);
    (mean, (square - mean * mean).max(0.0).sqrt())
}

/// φ(x).
fn density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x) / (2.0 * std::f64::consts::PI).sqrt()
}

/// Standard deviation of a standard normal variable z, given that `low` ≤ z ≤ `high`.
pub(super) fn deviation_after_cuts(low: f64, high: f64) -> f64 {
    after_cut(low, high).1
}

/// Φ(x).
fn standard_normal_below(x: f64) -> f64 {
    0.5 * (1.0 + Scalar::erf(x * std::f64::consts::FRAC_1_SQRT_2))
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Constant(value) => write!(f, "{value}"),
            Self::Uniform { low, high } if low == -high => write!(f, "U(±{})", short(high)),
            Self::Uniform { low, high } => write!(f, "U({}, {})", short(low), short(high)),
            Self::Normal { mean, deviation } => {
                write!(f, "N({}, {}²)", short(mean), short(deviation))
            }
            Self::TruncatedNormal { mean, uncut_deviation, low, high } => {
                write!(f, "N({}, {}²) within ", short(mean), short(uncut_deviation))?;
                let at = |cut: f64| short(mean + cut * uncut_deviation);
                if mean == 0.0 && low == -high {
                    write!(f, "±{}", at(high))
                } else {
                    write!(f, "{}…{}", at(low), at(high))
                }
            }
            Self::LogUniform { low, high, sign } => {
                let sign = if sign < 0.0 { "−" } else { "" };
                write!(f, "{sign}ln U({}, {})", short(low), short(high))
            }
            Self::Joint { mean: 0.0, deviation } => {
                write!(f, "joint, deviation {}", short(deviation))
            }
            Self::Joint { mean, deviation } => {
                write!(f, "joint, mean {}, deviation {}", short(mean), short(deviation))
            }
        }
    }
}

/// Four significant digits, without trailing zeros.
fn short(x: f64) -> String {
    const DIGITS: i32 = 4;
    if x == 0.0 || !x.is_finite() {
        return x.to_string();
    }
    let magnitude = x.abs().log10().floor() as i32;
    if !(-5..DIGITS + 2).contains(&magnitude) {
        return format!("{x:.3e}");
    }
    let decimals = (DIGITS - 1 - magnitude).max(0) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
