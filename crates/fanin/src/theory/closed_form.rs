//! Averages that are known in closed form.
//!
//! Key: as in `gaussian`; a is the slope of a leaky rectifier below 0.
//!
//! Sources: Cho & Saul 2009 (relu), Williams 1997 (erf); sine by E e^{ikx} = e^{−k²q/2}; the
//! second moment of gelu by parts.

use std::f64::consts::{FRAC_1_PI, PI};

use fanin_engine::activations::Activation;

use super::gaussian::{Moments, Pair};

/// An activation whose averages are known in closed form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClosedForm {
    /// x above 0, ax below: identity, relu and leaky relu.
    Rectifier {
        below: f64,
    },
    Erf,
    Sin,
    /// Only mean and second moment.
    Gelu,
}

impl ClosedForm {
    /// The closed form of an activation of the registry, if there is one.
    pub fn of(activation: &dyn Activation) -> Option<Self> {
        match activation.name() {
            "identity" => Some(Self::Rectifier { below: 1.0 }),
            "relu" => Some(Self::Rectifier { below: 0.0 }),
            "leaky_relu" => Some(Self::Rectifier { below: -activation.at(0, -1.0) }),
            "erf" => Some(Self::Erf),
            "sin" => Some(Self::Sin),
            "gelu" => Some(Self::Gelu),
            _ => None,
        }
    }

    /// Averages over one input of variance `q` > 0, those without a closed form as `integrated`.
    pub fn moments(self, q: f64, integrated: impl FnOnce() -> Moments) -> Moments {
        match self {
            Self::Rectifier { below } => {
                let mean_of_powers = |power: i32| f64::midpoint(1.0, below.powi(power));
                let slope_second = mean_of_powers(2);
                Moments {
                    mean: (1.0 - below) * (q / (2.0 * PI)).sqrt(),
                    second: slope_second * q,
                    fourth: 3.0 * mean_of_powers(4) * q * q,
                    slope_second,
                    slope_fourth: mean_of_powers(4),
                    second_slope: slope_second,
                }
            }
            Self::Erf => {
                let (rise, root) = (1.0 + 2.0 * q, (1.0 + 4.0 * q).sqrt());
                Moments {
                    mean: 0.0,
                    second: 2.0 * FRAC_1_PI * (2.0 * q / rise).asin(),
                    slope_second: 4.0 * FRAC_1_PI / root,
                    slope_fourth: (4.0 * FRAC_1_PI).powi(2) / (1.0 + 8.0 * q).sqrt(),
                    second_slope: 4.0 * FRAC_1_PI / (rise * root),
                    ..integrated()
                }
            }
            Self::Sin => {
                let (decay, fourfold) = ((-2.0 * q).exp(), 0.125 * (-8.0 * q).exp());
                Moments {
                    mean: 0.0,
                    second: -0.5 * (-2.0 * q).exp_m1(),
                    fourth: 0.375 - 0.5 * decay + fourfold,
                    slope_second: f64::midpoint(1.0, decay),
                    slope_fourth: 0.375 + 0.5 * decay + fourfold,
                    second_slope: decay,
                }
            }
            Self::Gelu => {
                let angle = (q / (1.0 + q)).asin();
                let rest = 2.0 * q / ((1.0 + q) * (1.0 + 2.0 * q).sqrt());
                Moments {
                    mean: q / (2.0 * PI * (1.0 + q)).sqrt(),
                    second: 0.25 * q + 0.5 * FRAC_1_PI * q * (angle + rest),
                    ..integrated()
                }
            }
        }
    }

    /// Averages over two inputs of correlation `c`; `None` where only quadrature gives them.
    pub fn pair(self, q: f64, c: f64) -> Option<Pair> {
        Some(match self {
            Self::Gelu => return None,
            Self::Rectifier { below } => {
                let (angle, sine) = (c.acos(), ((1.0 - c) * (1.0 + c)).sqrt());
                let (bend, level) = ((1.0 - below).powi(2), f64::midpoint(1.0, below * below));
                let product = level * c + 0.5 * bend * FRAC_1_PI * (sine - c * angle);
                Pair { product: q * product, slopes: level - 0.5 * bend * FRAC_1_PI * angle }
            }
            Self::Erf => {
                let ratio = 2.0 * q * c / (1.0 + 2.0 * q);
                let root = ((1.0 + 2.0 * q).powi(2) - (2.0 * q * c).powi(2)).sqrt();
                Pair { product: 2.0 * FRAC_1_PI * ratio.asin(), slopes: 4.0 * FRAC_1_PI / root }
            }
            Self::Sin => {
                // e^{−q}·sinh(qc) and e^{−q}·cosh(qc), by exponents that do not overflow.
                let (near, far) = ((q * (c - 1.0)).exp(), (-q * (c + 1.0)).exp());
                Pair { product: 0.5 * (near - far), slopes: f64::midpoint(near, far) }
            }
        })
    }
}
