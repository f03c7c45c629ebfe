//! The normal distribution far from its mean, where probabilities themselves are too small.
//!
//! Key: Q(x) is the probability above x, R(x) = Q(x) / φ(x) Mills' ratio, φ the density.

use super::arithmetic::ln;

/// A standard normal variable given that it lies between two bounds, the lower at least 6.
#[derive(Clone, Copy, Debug)]
pub(super) struct FarTail {
    low: f64,
    high: f64,
    /// 1 − Q(high) / Q(low).
    share: f64,
}

impl FarTail {
    pub(super) fn new(low: f64, high: f64) -> Self {
        let share = if high == f64::INFINITY {
            1.0
        } else {
            let exponent = -0.5 * (high - low) * (high + low);
            -libm::expm1(exponent + ln(mills_ratio(high) / mills_ratio(low)))
        };
        Self { low, high, share }
    }

    /// The x below which the variable falls with probability `p`, 0 < `p` < 1.
    ///
    /// x = low + d solves Q(x) / Q(low) = 1 − p·share. With E = −ln(1 − p·share) that is
    /// low·d + d²/2 + ln(R(low) / R(x)) = E. The derivative of the left side is 1 / R(x), and
    /// Newton's method starts from the solution without the logarithm.
    pub(super) fn quantile(&self, p: f64) -> f64 {
        const STEPS: usize = 4;
        let exponent = -ln(1.0 - p * self.share);
        let of_low = mills_ratio(self.low);
        let root = (self.low * self.low + 2.0 * exponent).sqrt();
        let mut d = 2.0 * exponent / (self.low + root);
        for _ in 0..STEPS {
            let ratio = mills_ratio(self.low + d);
            let left = self.low * d + 0.5 * d * d + ln(of_low / ratio);
            d = (d - (left - exponent) * ratio).max(0.0);
        }
        (self.low + d).min(self.high)
    }
}

/// Mills' ratio for x ≥ 6, by Laplace's continued fraction 1/(x + 1/(x + 2/(x + 3/(x + …)))).
fn mills_ratio(x: f64) -> f64 {
    /// Enough for the last bit at 6; fewer are needed further out.
    const DEPTH: u32 = 40;
    let denominator = (1..=DEPTH).rev().fold(x, |inner, k| x + f64::from(k) / inner);
    1.0 / denominator
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From mpmath with 40 digits: `erfc(x/sqrt(2))/2 / npdf(x)`.
    #[test]
    fn mills_ratio_has_the_exact_digits() {
        for (x, expected) in [
            (6.0, 0.162_377_660_896_867_46),
            (8.0, 0.123_131_963_257_932_3),
            (40.0, 0.024_984_404_205_720_57),
        ] {
            let error: f64 = mills_ratio(x) / expected - 1.0;
            assert!(error.abs() < 1e-15, "{x}: {error}");
        }
    }
}
