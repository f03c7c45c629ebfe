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

/// What holds the second moment of z at a point where gradients keep their size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Footing {
    /// Every second moment is such a point, without biases: relu and its kind.
    Anywhere,
    /// 0 is, without biases, and attracts: tanh and all that bends towards an axis.
    AtZero,
    /// Without biases the point repels: rows that are off by a little end far off. The critical line with
    /// biases leads to points that repel less and less: gelu, silu, mish.
    WithBiases,
    /// All points of the critical line repel, with biases or without: powers above 1.
    Repelled,
    /// None within reach: activations with a mean that outweighs their slope, such as sigmoid, until twins
    /// of opposite sign or a norm take the mean out.
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

impl Gaussian<'_> {
    /// What holds the second moment of this activation at a point where gradients keep their size.
    ///
    /// ```
    /// use fanin::theory::{Footing, Gaussian};
    /// let gelu = fanin::engine::activations::find("gelu").expect("it is registered");
    /// assert_eq!(Gaussian::new(&*gelu).footing(), Footing::WithBiases);
    /// ```
    pub fn footing(&self) -> Footing {
        /// Second moments of z that networks work at.
        const WITHIN: [f64; 6] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0];
        /// A slope of the q-map that over 30 layers makes 5 % of 2.
        const HELD: f64 = 1.03;
        let slope = |q: f64| {
            let point = self.critical_point(q);
            Layer::new(self.activation(), point).second_moment_slope(q)
        };
        let without = self.critical(0.0);
        let repels = |point: Point| Layer::new(self.activation(), point).repels(&without);
        match without {
            Critical::Everywhere { .. } => return Footing::Anywhere,
            Critical::At { point, second_moment } if second_moment == 0.0 && !repels(point) => {
                return Footing::AtZero;
            }
            _ => {}
        }
        let on_line = WITHIN.into_iter().filter(|&q| self.critical_point(q).bias_variance >= 0.0);
        let slopes: Vec<f64> = on_line.map(slope).collect();
        match slopes.iter().copied().reduce(f64::min) {
            None => Footing::Nowhere,
            Some(least) if least < HELD => Footing::WithBiases,
            Some(_) => Footing::Repelled,
        }
    }
}

impl Layer<'_> {
    /// Whether q moves away from the fixed point of `critical`, as for gelu, silu and mish, or from 1 does not
    /// lead there.
    pub(super) fn repels(&self, critical: &Critical) -> bool {
        /// Beside 0, where the slope is 1 and the next order decides, and where signals begin: what leads back
        /// to 0 from nearby only is of no use to them.
        const BEGIN: [f64; 2] = [1e-3, 1.0];
        match *critical {
            Critical::At { point, second_moment: 0.0 } => {
                let layer = self.at(point);
                BEGIN.into_iter().any(|q| layer.second_moment(q) > q * (1.0 + 1e-9))
            }
            Critical::At { point, second_moment } => {
                self.at(point).second_moment_slope(second_moment) > 1.0 + 1e-9
            }
            Critical::Everywhere { .. } | Critical::Nowhere => false,
        }
    }
}
