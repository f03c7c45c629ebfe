//! Averages that are known in closed form.
//!
//! Key: as in `gaussian`; a is the slope of a leaky rectifier below 0.
//!
//! A power on each side of 0, φ = `above`·xᵖ and `below`·|x|ᵖ, is an even and an odd part, e·|x|ᵖ and
//! o·sign(x)|x|ᵖ. With `M_r` = E|z|ʳ = 2^(r/2)·Γ((r + 1)/2)/√π its Hermite coefficients follow each other as
//! `a_{k+2}` = −(k − p)·aₖ/√((k + 1)(k + 2)), from `a₀` = e·`M_p` and `a₁` = o·`M_{p+1}` on, so that at q = 1
//!
//! ```text
//! E φφ̃ = e²·M_p²·F(−p/2, −p/2; 1/2; c²) + o²·M_{p+1}²·c·F((1 − p)/2, (1 − p)/2; 3/2; c²)
//! ```
//!
//! and E φ′φ̃′ is the same of the power p − 1.
//!
//! Sources: Cho & Saul 2009 (relu), Williams 1997 (erf); sine by E e^{ikx} = e^{−k²q/2}; the
//! second moment of gelu by parts.

use std::f64::consts::{FRAC_1_PI, PI};

use fanin_engine::activations::{Activation, Formula};

use super::Expression;
use super::gaussian::{Moments, Pair};
use super::hypergeometric::hypergeometric;

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
    /// `above`·xᵖ above 0, `below`·|x|ᵖ below, p the `degree`: of a text that says so.
    Power {
        above: f64,
        below: f64,
        degree: f64,
    },
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
            name if name == Expression::NAME => Self::power(activation),
            _ => None,
        }
    }

    /// Of an expression whose form shows that it scales.
    fn power(activation: &dyn Activation) -> Option<Self> {
        let degree = activation.homogeneity()?;
        let [above, below] = [1.0, -1.0].map(|x| activation.at(0, x));
        // Below it a slope has no mean square, but for what is constant.
        let has_slopes = degree > 0.5 || (degree == 0.0 && above == below);
        has_slopes.then_some(Self::Power { above, below, degree })
    }

    /// Whether what it leaves to quadrature may be broken powers.
    pub fn is_broken(self) -> bool {
        matches!(self, Self::Power { degree, .. } if degree.fract() != 0.0)
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
            Self::Power { above, below, degree: p } => {
                let of = |power: i32, degree: f64| {
                    let sides = f64::midpoint(above.powi(power), below.powi(power));
                    if degree > -1.0 {
                        sides * mean_of_power(degree) * q.powf(0.5 * degree)
                    } else {
                        f64::INFINITY
                    }
                };
                let slopes = |power: i32| {
                    let exponent = f64::from(power);
                    if p == 0.0 { 0.0 } else { p.powi(power) * of(power, exponent * (p - 1.0)) }
                };
                let second = of(2, 2.0 * p);
                Moments {
                    mean: of(1, p),
                    second,
                    fourth: of(4, 4.0 * p),
                    slope_second: slopes(2),
                    slope_fourth: slopes(4),
                    second_slope: p * second / q,
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
                let larger = (q * (c.abs() - 1.0)).exp();
                let smaller = (-q * (c.abs() + 1.0)).exp();
                let sine = -0.5 * larger * (-2.0 * q * c.abs()).exp_m1();
                Pair { product: sine.copysign(c), slopes: f64::midpoint(larger, smaller) }
            }
            Self::Power { above, below, degree: p } => {
                let of = |above: f64, below: f64, p: f64| {
                    let (even, odd) = (f64::midpoint(above, below), 0.5 * (above - below));
                    let part = |factor: f64, a: f64, b: f64, mean: f64| {
                        if factor == 0.0 {
                            return Some(0.0);
                        }
                        Some((factor * mean).powi(2) * hypergeometric(a, b, c)?)
                    };
                    let even = part(even, -0.5 * p, 0.5, mean_of_power(p))?;
                    let odd = part(odd, 0.5 * (1.0 - p), 1.5, mean_of_power(p + 1.0))?;
                    Some(q.powf(p) * (even + c * odd))
                };
                Pair {
                    product: of(above, below, p)?,
                    slopes: if p == 0.0 { 0.0 } else { of(p * above, -p * below, p - 1.0)? },
                }
            }
        })
    }
}

/// E|z|ʳ of z ~ N(0, 1), for r > −1.
fn mean_of_power(r: f64) -> f64 {
    f64::exp2(0.5 * r) * libm::tgamma(0.5 * (r + 1.0)) / PI.sqrt()
}
