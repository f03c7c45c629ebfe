//! What averages are towards variance 0.

use super::super::growth::jumps;
use super::{Gaussian, Moments};

impl Gaussian<'_> {
    /// The limits from above.
    pub(super) fn at_zero(&self) -> Moments {
        let beside = |order: usize, sign: f64| self.activation.at(order, sign * f64::MIN_POSITIVE);
        let mean_of = |order: usize, power: i32| {
            f64::midpoint(beside(order, 1.0).powi(power), beside(order, -1.0).powi(power))
        };
        let steep = self.is_steep_at_zero();
        let slope_second = if steep { f64::INFINITY } else { mean_of(1, 2) };
        let (mean, bend) = (mean_of(0, 1), beside(1, 1.0) - beside(1, -1.0));
        let curvature = match mean {
            0.0 => 0.0,
            _ if bend != 0.0 => mean * bend * f64::INFINITY,
            _ => mean * mean_of(2, 1),
        };
        let is_endless = steep || jumps(self.activation, 0.0);
        let at_jumps = |x: f64| if is_endless { f64::INFINITY } else { x };
        Moments {
            mean,
            second: mean_of(0, 2),
            fourth: mean_of(0, 4),
            slope_second: at_jumps(slope_second),
            slope_fourth: at_jumps(mean_of(1, 4)),
            second_slope: slope_second + curvature,
        }
    }

    /// Whether the slope grows without bound towards 0.
    fn is_steep_at_zero(&self) -> bool {
        /// A rise of |φ′| over two hundred powers of ten that no bounded slope has.
        const RISE: f64 = 1.5;
        let slope = |x: f64| self.activation.at(1, x).abs().max(self.activation.at(1, -x).abs());
        slope(f64::MIN_POSITIVE) > RISE * slope(1e-100)
    }
}
