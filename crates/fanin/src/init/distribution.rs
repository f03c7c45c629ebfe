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
    /// Independent and normal with mean 0.
    Normal {
        /// Standard deviation.
        deviation: f64,
    },
    /// Independent and normal with mean 0, within `cut` standard deviations.
    TruncatedNormal {
        /// Standard deviation of the normal variable before the cut.
        uncut_deviation: f64,
        /// The largest magnitude, in units of `uncut_deviation`.
        cut: f64,
    },
    /// Mean 0, not independent of each other: the scheme draws all elements together.
    Joint {
        /// Root mean square of all elements.
        deviation: f64,
    },
}

impl Distribution {
    /// Expected value of an element.
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Constant(value) => value,
            Self::Uniform { low, high } => f64::midpoint(low, high),
            Self::Normal { .. } | Self::TruncatedNormal { .. } | Self::Joint { .. } => 0.0,
        }
    }

    /// Standard deviation of an element.
    pub fn deviation(&self) -> f64 {
        match *self {
            Self::Constant(_) => 0.0,
            Self::Uniform { low, high } => (high - low) / f64::sqrt(12.0),
            Self::Normal { deviation } | Self::Joint { deviation } => deviation,
            Self::TruncatedNormal { uncut_deviation, cut } => {
                uncut_deviation * deviation_after_cut(cut)
            }
        }
    }

    /// Probability that an element is at most `x`; `None` where only the moments are declared.
    pub fn probability_below(&self, x: f64) -> Option<f64> {
        match *self {
            Self::Constant(value) => Some(if x < value { 0.0 } else { 1.0 }),
            Self::Uniform { low, high } => Some(((x - low) / (high - low)).clamp(0.0, 1.0)),
            Self::Normal { deviation } => Some(standard_normal_below(x / deviation)),
            Self::TruncatedNormal { uncut_deviation, cut } => {
                let least = standard_normal_below(-cut);
                let below = standard_normal_below(x / uncut_deviation) - least;
                Some((below / (1.0 - 2.0 * least)).clamp(0.0, 1.0))
            }
            Self::Joint { .. } => None,
        }
    }

    /// Fills `out` with elements `start`.. of the parameter that `stream` addresses.
    ///
    /// # Panics
    /// For [`Distribution::Joint`], whose elements only its scheme can draw.
    pub fn fill(&self, stream: Stream, start: u64, out: &mut [f32]) {
        match *self {
            Self::Constant(value) => out.fill(value as f32),
            Self::Uniform { low, high } => {
                fill_uniform(stream, start, low as f32, high as f32, out);
            }
            Self::Normal { deviation } => fill_normal(stream, start, 0.0, deviation, out),
            Self::TruncatedNormal { uncut_deviation, cut } => {
                fill_truncated_normal(stream, start, (0.0, uncut_deviation), (-cut, cut), out);
            }
            Self::Joint { .. } => panic!("a joint distribution is drawn by its scheme"),
        }
    }
}

/// Standard deviation of a standard normal variable, given that its magnitude is at most `cut`:
/// √(1 − 2·cut·φ(cut) / (2Φ(cut) − 1)), by parts.
pub fn deviation_after_cut(cut: f64) -> f64 {
    let density = (-0.5 * cut * cut).exp() / (2.0 * std::f64::consts::PI).sqrt();
    (1.0 - 2.0 * cut * density / (1.0 - 2.0 * standard_normal_below(-cut))).sqrt()
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
            Self::Normal { deviation } => write!(f, "N(0, {}²)", short(deviation)),
            Self::TruncatedNormal { uncut_deviation, cut } => {
                write!(
                    f,
                    "N(0, {}²) within ±{}",
                    short(uncut_deviation),
                    short(cut * uncut_deviation)
                )
            }
            Self::Joint { deviation } => write!(f, "joint, deviation {}", short(deviation)),
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
