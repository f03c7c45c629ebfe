//! Mish: x·tanh(softplus(x)).

use fanin_kernels::{Float, Scalar};

use super::{Formula, gate};

/// Beyond this x·tanh(softplus(−x)) is below the smallest `f64`.
const FAR: f64 = 760.0;

/// x·tanh(ln(1 + eˣ)) (Misra 2019).
///
/// With w = 1 + eˣ, tanh(ln w) = (w² − 1)/(w² + 1). In terms of e = exp(−|x|) that is
/// e(2 + e)/(2 + e(2 + e)) for x < 0 and 1 − 2e²/(1 + 2e + 2e²) for x ≥ 0, which neither
/// overflow nor lose digits, nor do their derivatives.
#[derive(Clone, Debug)]
pub struct Mish;

impl Formula for Mish {
    const NAME: &'static str = "mish";
    const ABOUT: &'static str = "x*tanh(ln(1 + exp(x))) (Misra 2019)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        gate::value(x, FAR, parts(x).1)
    }

    /// The gate's slope is 4eˣw/(w² + 1)², which in e is 4e(1 + e)/denominator² for x < 0 and
    /// 4e²(1 + e)/denominator² for x ≥ 0.
    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        let (e, gate, denominator) = parts(x);
        let power = if x < T::ZERO { e } else { e * e };
        let slope = T::constant(4.0) * power * (T::ONE + e) / (denominator * denominator);
        gate::slope(x, FAR, (gate, slope))
    }
}

/// e = exp(−|x|), the gate tanh(softplus(x)), and its denominator.
#[inline(always)]
fn parts<S: Scalar>(x: S) -> (S, S, S) {
    let e = (-x.abs()).exp();
    let (one, two) = (S::constant(1.0), S::constant(2.0));
    let is_below = x.value() < 0.0;
    let rest = two * e * e;
    let numerator = if is_below { e * (two + e) } else { rest };
    let denominator = if is_below { two + numerator } else { one + two * e + rest };
    let quotient = numerator / denominator;
    (e, if is_below { quotient } else { one - quotient }, denominator)
}
