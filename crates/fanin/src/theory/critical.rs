//! The critical line, or edge of chaos: the variances at which gradients keep their size.
//!
//! Key: as in `layer`. With χ₁ = 1 at q, `σ_w²` = 1/E φ′² and `σ_b²` = q − E φ²/E φ′², both at q; so
//! the line is known by q, and the point for a given `σ_b²` by one equation.

use serde::Serialize;

use super::fixed_point::root;
use super::gaussian::Gaussian;
use super::layer::{Layer, Point};

/// The point of the critical line for one variance of the biases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Critical {
    /// χ₁ = 1 at this point and second moment.
    At {
        /// The variances.
        point: Point,
        /// q*, the second moment at which χ₁ is 1.
        second_moment: f64,
    },
    /// χ₁ = 1 at every second moment: the activation is linear on both sides of 0.
    Everywhere {
        /// The variances; there is no such line with biases.
        point: Point,
    },
    /// No second moment up to 10⁴ has χ₁ = 1 with biases of this variance.
    Nowhere,
}

/// Second moments between which the line is searched.
const RANGE: (f64, f64) = (1e-6, 1e4);
impl Gaussian<'_> {
    /// The point at which χ₁ = 1 at second moment `q`; a negative bias variance says that there
    /// is none.
    pub fn critical_point(&self, q: f64) -> Point {
        let moments = self.moments(q);
        Point {
            weight_variance: 1.0 / moments.slope_second,
            bias_variance: q - moments.second / moments.slope_second,
        }
    }

    /// The point at which χ₁ = 1 for biases of variance `bias_variance`, the one with the least q.
    ///
    /// ```
    /// use fanin::theory::{Critical, Gaussian};
    /// let tanh = fanin::engine::activations::find("tanh").expect("it is registered");
    /// let Critical::At { point, second_moment } = Gaussian::new(&*tanh).critical(0.05) else {
    ///     panic!("tanh has an edge of chaos")
    /// };
    /// assert!((point.weight_variance - 1.760_954_639_6).abs() < 1e-9);
    /// assert!((second_moment - 0.570_047_881_6).abs() < 1e-9);
    /// ```
    pub fn critical(&self, bias_variance: f64) -> Critical {
        let excess = |q: f64| self.critical_point(q).bias_variance - bias_variance;
        let homogeneous = |q: f64| self.critical_point(q).bias_variance.abs() < 1e-12 * q;
        if [0.25, 1.0, 4.0].into_iter().all(homogeneous) {
            let point = Point { bias_variance: 0.0, ..self.critical_point(1.0) };
            return if bias_variance == 0.0 {
                Critical::Everywhere { point }
            } else {
                Critical::Nowhere
            };
        }
        if bias_variance == 0.0 && self.moments(0.0).second == 0.0 {
            let at_zero = self.critical_point(0.0);
            if at_zero.weight_variance.is_finite() && at_zero.weight_variance > 0.0 {
                return Critical::At { point: at_zero, second_moment: 0.0 };
            }
        }
        let mut q = RANGE.0;
        while q < RANGE.1 {
            let next = q * 1.25;
            if excess(q) <= 0.0 && excess(next) > 0.0 {
                let q = root(excess, q, next);
                let point = Point { bias_variance, ..self.critical_point(q) };
                return Critical::At { point, second_moment: q };
            }
            q = next;
        }
        Critical::Nowhere
    }
}

impl Layer<'_> {
    /// Whether q moves away from the fixed point of `critical`, as for gelu, silu and mish.
    pub(super) fn repels(&self, critical: &Critical) -> bool {
        /// Beside 0, where the slope is 1 and the next order decides.
        const BESIDE: f64 = 1e-3;
        match *critical {
            Critical::At { point, second_moment: 0.0 } => {
                self.at(point).second_moment(BESIDE) > BESIDE
            }
            Critical::At { point, second_moment } => {
                self.at(point).second_moment_slope(second_moment) > 1.0 + 1e-9
            }
            Critical::Everywhere { .. } | Critical::Nowhere => false,
        }
    }
}
