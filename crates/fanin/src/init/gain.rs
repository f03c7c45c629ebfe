//! The factor by which a scheme allows for the activation φ that follows.
//!
//! The exact gain is 1/√E[φ(x)²] for x ~ N(0, 1): with weights of variance gain²/fan-in a layer
//! whose input φ(x) has been through φ gives pre-activations of variance 1 again. `PyTorch`'s
//! `calculate_gain` is a table of rules of thumb that agrees for identity and relu, takes 5/3
//! instead of 1.5925 for tanh (slightly too much), 1 instead of 1.8462 for sigmoid, 3/4 instead of
//! 1 for selu, and has no entry for the rest. A third reading, 1 over the deviation of φ(x), leaves
//! the mean of φ(x) out, which the next layer's weights do not:
//!
//! | φ | `exact` | `torch` | `std` |
//! |---|---|---|---|
//! | relu | 1.4142 | 1.4142 | 1.7129 |
//! | tanh | 1.5925 | 1.6667 | 1.5925 |
//! | sigmoid | 1.8462 | 1 | 4.8013 |
//! | selu | 1 | 0.75 | 1 |

use std::f64::consts::SQRT_2;
use std::fmt;

use fanin_engine::activations::{self, Activation};
use fanin_engine::moments::gaussian_moments;

use super::Parameter;
use super::scheme::number;
use crate::error::{Error, Result};

/// How a scheme comes by its gain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gain {
    /// This factor, whatever follows.
    Fixed(f64),
    /// [`exact`] for the activation that follows; 1 if none does.
    Exact,
    /// [`torch`] for the activation that follows; 1 if none does.
    Torch,
    /// [`std`](fn@std) for the activation that follows; 1 if none does.
    Std,
    /// √(2/(1 + a²)), He's for a leaky rectifier of slope a, whatever follows.
    Leaky(f64),
}

impl Gain {
    /// The gain that `text` says: a positive number, `exact`, `torch`, `std` or `a=SLOPE`.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        match text {
            "exact" => return Ok(Self::Exact),
            "torch" => return Ok(Self::Torch),
            "std" => return Ok(Self::Std),
            _ => {}
        }
        let gain = match text.strip_prefix("a=") {
            Some(slope) => number(slope).map(Self::Leaky),
            None => number(text).filter(|&gain| gain > 0.0).map(Self::Fixed),
        };
        gain.ok_or_else(|| "a positive gain, `exact`, `torch`, `std` or `a=SLOPE`".to_owned())
    }

    /// The factor for this parameter.
    ///
    /// # Errors
    /// [`Error::Unknown`] if there is no such activation, [`Error::Setting`] if it has no gain.
    pub fn value(self, parameter: &Parameter) -> Result<f64> {
        match (self, parameter.activation.as_deref()) {
            (Self::Fixed(gain), _) => Ok(gain),
            (Self::Leaky(slope), _) => Ok(leaky(slope)),
            (_, None) => Ok(1.0),
            (Self::Exact, Some(activation)) => exact(activation),
            (Self::Torch, Some(activation)) => torch(activation),
            (Self::Std, Some(activation)) => std(activation),
        }
    }
}

impl fmt::Display for Gain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(gain) => write!(f, "{gain}"),
            Self::Exact => f.write_str("exact"),
            Self::Torch => f.write_str("torch"),
            Self::Std => f.write_str("std"),
            Self::Leaky(slope) => write!(f, "a={slope}"),
        }
    }
}

/// `1/√E[φ(x)²]` for x ~ N(0, 1), to single precision.
///
/// The integral is exact to 10⁻¹²; its last digits depend on the platform's mathematics library,
/// so the gain is rounded to 24 bits before any weight depends on it.
///
/// # Errors
/// [`Error::Unknown`] if there is no such activation, [`Error::Setting`] if it is 0 throughout.
///
/// ```
/// assert_eq!(fanin::init::gain::exact("relu")?, f64::from(2.0_f32.sqrt()));
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn exact(activation: &str) -> Result<f64> {
    rounded(activation, 1.0 / gaussian_moments(&*named(activation)?, 0.0, 1.0).second.sqrt())
}

/// `1/√Var φ(x)` for x ~ N(0, 1), to single precision: the quotient of the deviations of x and
/// φ(x), which many take for the gain.
///
/// It keeps the variance of φ(x), not its second moment, which is what the next layer's weights
/// multiply; so signals grow layer by layer wherever E φ(x) is not 0.
///
/// # Errors
/// As for [`exact`], also if it is constant.
///
/// ```
/// assert!((fanin::init::gain::std("relu")? - 1.712_9).abs() < 1e-4);
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn std(activation: &str) -> Result<f64> {
    let moments = gaussian_moments(&*named(activation)?, 0.0, 1.0);
    rounded(activation, 1.0 / (moments.second - moments.mean * moments.mean).sqrt())
}

/// A gain to 24 bits, beyond which it may depend on the platform.
fn rounded(activation: &str, gain: f64) -> Result<f64> {
    if gain.is_finite() && gain > 0.0 {
        return Ok(f64::from(gain as f32));
    }
    Err(Error::Setting {
        place: format!("gain of activation `{activation}`"),
        found: format!("{gain}"),
        expected: "an activation that is not constant, or a gain given as a number".to_owned(),
    })
}

/// The names and values of `PyTorch`'s `calculate_gain`, but for the leaky rectifier.
pub const TORCH_GAINS: &[(&str, f64)] =
    &[("identity", 1.0), ("sigmoid", 1.0), ("tanh", 5.0 / 3.0), ("relu", SQRT_2), ("selu", 0.75)];

/// The gain that `PyTorch`'s `calculate_gain` gives; √(2/(1 + s²)) for `leaky_relu:s`.
///
/// # Errors
/// [`Error::Setting`] for an activation that has no entry there.
pub fn torch(activation: &str) -> Result<f64> {
    let (name, parameter) = activation.split_once(':').unwrap_or((activation, "0.01"));
    if name == "leaky_relu" {
        let slope = number(parameter);
        return slope.map(leaky).ok_or_else(|| unknown(activation));
    }
    let found = TORCH_GAINS.iter().find(|(known, _)| *known == activation);
    found.map(|(_, gain)| *gain).ok_or_else(|| {
        let known: Vec<&str> = TORCH_GAINS.iter().map(|(name, _)| *name).collect();
        Error::Setting {
            place: "gain `torch`".to_owned(),
            found: format!("activation `{activation}`"),
            expected: format!("one of {}, leaky_relu; or gain `exact`", known.join(", ")),
        }
    })
}

/// √(2/(1 + s²)): He et al. 2015, eq. 15.
fn leaky(slope: f64) -> f64 {
    (2.0 / (1.0 + slope * slope)).sqrt()
}

fn named(activation: &str) -> Result<Box<dyn Activation>> {
    // A trained slope starts at 0.25, and the start is what a gain is for.
    let name = if activation == "prelu" { "leaky_relu:0.25" } else { activation };
    activations::find(name).ok_or_else(|| unknown(activation))
}

fn unknown(activation: &str) -> Error {
    Error::unknown("activation", activation, &activations::names())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1/√E φ², integrated with mpmath at 30 digits.
    const EXACT: &[(&str, f64)] = &[
        ("identity", 1.0),
        ("relu", SQRT_2),
        ("leaky_relu:0.01", 1.414_142_86),
        ("leaky_relu:0.2", 1.386_750_49),
        ("tanh", 1.592_537_42),
        ("sigmoid", 1.846_228_55),
        ("erf", 1.467_166_95),
        ("softsign", 2.337_533_36),
        ("elu", 1.245_198_30),
        ("selu", 1.0),
        ("gelu", 1.533_530_44),
        ("gelu_tanh", 1.533_580_52),
        ("silu", 1.676_532_47),
        ("softplus", 1.041_866_84),
        ("mish", 1.486_847_58),
        ("hardtanh", 1.392_036_14),
        ("sin", 1.520_866_62),
        ("hardswish", 1.736_657_21),
        ("relu2", 0.816_496_58),
    ];

    #[test]
    fn exact_gains_meet_the_table() {
        for &(name, expected) in EXACT {
            let Some(activation) = activations::find(name) else { continue };
            let second = gaussian_moments(&*activation, 0.0, 1.0).second;
            assert!((1.0 / second.sqrt() - expected).abs() < 1e-8, "{name}");
            assert_eq!(exact(name).unwrap(), f64::from((1.0 / second.sqrt()) as f32), "{name}");
        }
    }

    #[test]
    fn every_activation_has_a_reference_gain() {
        for name in activations::names() {
            assert!(EXACT.iter().any(|row| row.0.split(':').next() == Some(name)), "{name}");
        }
        assert!(EXACT.iter().all(|row| activations::find(row.0).is_some()));
    }

    #[test]
    fn torch_gains_are_those_of_calculate_gain() {
        assert_eq!(torch("tanh").unwrap(), 5.0 / 3.0);
        assert_eq!(torch("leaky_relu").unwrap(), f64::sqrt(2.0 / 1.0001));
        assert_eq!(torch("leaky_relu:0.2").unwrap(), f64::sqrt(2.0 / 1.04));
        let message = torch("gelu").unwrap_err().to_string();
        assert!(message.contains("`gelu`") && message.contains("`exact`"), "{message}");
    }

    /// E φ² − (E φ)² of the same integrals; sigmoid 0.04337904, relu ½ − 1/2π.
    #[test]
    fn the_quotient_of_deviations_leaves_the_mean_out() {
        let relu = 0.5 - 0.5 / std::f64::consts::PI;
        for (name, variance) in [("relu", relu), ("sigmoid", 0.043_379_04), ("tanh", 0.394_294_49)]
        {
            let gain = super::std(name).unwrap();
            assert!((gain * f64::sqrt(variance) - 1.0).abs() < 1e-6, "{name}: {gain}");
        }
    }

    #[test]
    fn texts_of_gains_are_read_back() {
        for text in ["1.5", "exact", "torch", "std", "a=0.2", "a=-0.1"] {
            assert_eq!(Gain::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "0", "-1", "nan", "a", "a=", "a=x", "b=1"] {
            let expected = Gain::parse(text).unwrap_err();
            assert!(expected.contains("`a=SLOPE`"), "{text}: {expected}");
        }
        let parameter = Parameter::linear("w", 2, 3);
        assert_eq!(Gain::Leaky(0.2).value(&parameter).unwrap(), f64::sqrt(2.0 / 1.04));
    }

    #[test]
    fn unknown_activations_suggest_the_nearest() {
        let message = exact("tahn").unwrap_err().to_string();
        assert!(message.contains("did you mean `tanh`"), "{message}");
    }
}
