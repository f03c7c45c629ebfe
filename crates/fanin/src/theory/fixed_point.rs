//! Where second moment and correlation settle in a deep network, and how fast.
//!
//! Key: as in `layer`; χ₁ the gradient factor, ξ a depth scale in layers.

use serde::Serialize;

use super::layer::{Layer, depth_scale};

/// Where the maps of a layer lead.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FixedPoint {
    /// q*, the second moment of pre-activations; 0 where signals vanish, infinite where they grow
    /// for ever.
    pub second_moment: f64,
    /// The slope of the q-map there; above 1 the point is unstable.
    pub second_moment_slope: f64,
    /// χ₁ there: the factor on E‖δ‖² per layer backwards.
    pub gradient_factor: f64,
    /// c*, the correlation of any two inputs at last; NaN where q and the parting of inputs have
    /// no end.
    pub correlation: f64,
    /// The slope of the correlation map there.
    pub correlation_slope: f64,
    /// `ξ_q`, the layers in which a deviation of q shrinks by e.
    pub second_moment_depth: f64,
    /// `ξ_c`, the layers in which a deviation of the correlation shrinks by e.
    pub correlation_depth: f64,
}

/// How near to 1 a slope counts as 1: what quadrature leaves uncertain.
const CRITICAL: f64 = 1e-9;
/// Below it q counts as 0, where a network without biases only fades.
const VANISHED: f64 = 1e-10;
/// Above it q counts as infinite, unless the biases are as large.
const GROWN: f64 = 1e8;
/// A second moment at which an activation shows how it grows.
const LARGE: f64 = 1e4;

impl Layer<'_> {
    /// Where q and c settle in a network whose first pre-activations have second moment `q`.
    ///
    /// ```
    /// use fanin::theory::{Layer, Point};
    /// let tanh = fanin::engine::activations::find("tanh").expect("it is registered");
    /// let found = Layer::new(&*tanh, Point::new(2.0, 0.05)).fixed_point(1.0);
    /// assert!((found.second_moment - 0.721_761_873).abs() < 1e-9);
    /// assert!((found.correlation - 0.744_082_420).abs() < 1e-8);
    /// assert!((found.correlation_depth - 25.213_415).abs() < 1e-5);
    /// ```
    pub fn fixed_point(&self, q: f64) -> FixedPoint {
        self.describe(self.settled_second_moment(q))
    }

    /// Where q settles from `q` on: a fixed point, 0 or infinity; NaN if it never settles.
    pub fn settled_second_moment(&self, q: f64) -> f64 {
        let excess = |q: f64| self.second_moment(q) / q - 1.0;
        let first = excess(q);
        if !first.is_finite() {
            return first;
        }
        let is_marginal = || (self.second_moment_slope(q) - 1.0).abs() < CRITICAL;
        if first.abs() < 1e-13 || (first.abs() < CRITICAL && is_marginal()) {
            return q;
        }
        let at_zero = self.second_moment(0.0);
        let (floor, ceiling) =
            (VANISHED.min(0.5 * at_zero), GROWN.max(GROWN * self.point.bias_variance));
        // The map itself never passes the fixed point that it leads to where it rises.
        let beyond = |q: f64, excess: f64| {
            if first > 0.0 { q * (1.0 + excess).max(1.25) } else { q * (1.0 + excess).min(0.8) }
        };
        let (mut near, mut far) = (q, beyond(q, first));
        loop {
            let own = excess(far);
            if own * first <= 0.0 || own.is_nan() {
                break;
            }
            if far > ceiling || own == f64::INFINITY {
                return f64::INFINITY;
            }
            if far < floor || (at_zero == 0.0 && far < VANISHED) {
                return 0.0;
            }
            (near, far) = (far, beyond(far, own));
        }
        let [within, _] = self.gaussian.searched();
        let found = root_within(excess, near, far, within);
        // Steeper than −1 the map jumps from one side to the other for ever.
        if self.second_moment_slope(found) < -1.0 { f64::NAN } else { found }
    }

    /// All of [`FixedPoint`] for a second moment that has settled.
    pub fn describe(&self, second_moment: f64) -> FixedPoint {
        let q = if second_moment == f64::INFINITY { GROWN } else { second_moment };
        // Where q grows for ever the map goes over into that of a rectifier or a power, to which
        // it is near long before.
        let (at, tolerance) = if second_moment == f64::INFINITY {
            (LARGE, 1.0 / LARGE.sqrt())
        } else {
            (q.max(VANISHED), CRITICAL)
        };
        let (correlation, correlation_slope) = match self.settled_at_one(at, tolerance) {
            Some(slope) => (1.0, slope),
            None if second_moment.is_finite() => self.settled_below_one(at, 0.0),
            None => (f64::NAN, f64::NAN),
        };
        let second_moment_slope = self.second_moment_slope(q);
        let settled = (second_moment_slope - 1.0).abs() < CRITICAL;
        FixedPoint {
            second_moment,
            second_moment_slope,
            gradient_factor: self.gradient_factor(q),
            correlation,
            correlation_slope,
            second_moment_depth: depth_scale(if settled { 1.0 } else { second_moment_slope }),
            correlation_depth: depth_scale(correlation_slope),
        }
    }

    /// The correlation that the map at second moment `q` leads to, and the slope of the map there;
    /// `near` is one that it may be near to, 0 where none is known.
    pub(super) fn settled_correlation(&self, q: f64, near: f64) -> (f64, f64) {
        match self.settled_at_one(q, CRITICAL) {
            Some(slope) => (1.0, slope),
            None => self.settled_below_one(q, near),
        }
    }

    /// The slope of the correlation map at 1 if that is where it leads.
    ///
    /// The map is a power series in c with no negative coefficient, so it is convex from 0 to 1
    /// and ends at 1: it has another fixed point, the stable one, exactly if this slope is above 1.
    fn settled_at_one(&self, q: f64, tolerance: f64) -> Option<f64> {
        match self.correlation_slope(q, 1.0) {
            slope if (slope - 1.0).abs() <= tolerance => Some(1.0),
            slope if slope < 1.0 => Some(slope),
            _ => None,
        }
    }

    /// c* below 1 and the slope there: Newton's method, which does not pass it from below. From
    /// above, up to where the slope is 1, its first step leads below, for the map is convex.
    fn settled_below_one(&self, q: f64, near: f64) -> (f64, f64) {
        let (mut c, after) = (if near < 1.0 { near.max(0.0) } else { 0.0 }, self.second_moment(q));
        let mut is_first = c > 0.0;
        let mut pairs = self.gaussian.pairs(q);
        let [_, least] = self.gaussian.searched();
        for _ in 0..100 {
            let pair = pairs.pair(c);
            let next = self.point.weight_variance * pair.product + self.point.bias_variance;
            let slope = self.point.weight_variance * pair.slopes * q / after;
            let step = (next / after - c) / (1.0 - slope);
            if std::mem::take(&mut is_first) && !(slope < 1.0 && step > 0.0) {
                c = if slope < 1.0 { (c + step).max(0.0) } else { 0.0 };
                if slope < 1.0 && step > -least {
                    break;
                }
                continue;
            }
            if step.is_nan() || step <= 0.0 || c + step >= 1.0 {
                break;
            }
            c += step;
            // The error after a step is about its square.
            if step < least {
                break;
            }
        }
        (c, self.point.weight_variance * pairs.pair(c).slopes * q / after)
    }
}

/// A zero of `f` between `a` and `b`, where its signs differ, by bisection and the secant in turn.
pub fn root(f: impl Fn(f64) -> f64, a: f64, b: f64) -> f64 {
    root_within(f, a, b, 0.0)
}

/// The same to a relative error, or to rounding.
fn root_within(f: impl Fn(f64) -> f64, a: f64, b: f64, within: f64) -> f64 {
    let within = within.max(2.0 * f64::EPSILON);
    let (mut low, mut high) = (a, b);
    let (mut at_low, mut at_high) = (f(low), f(high));
    for step in 0..200 {
        if at_high == 0.0 || (high - low).abs() <= within * high.abs() {
            return high;
        }
        if at_low == 0.0 {
            return low;
        }
        let secant = (low * at_high - high * at_low) / (at_high - at_low);
        let inside = secant > low.min(high) && secant < low.max(high);
        let middle = if step % 3 < 2 && inside { secant } else { f64::midpoint(low, high) };
        let at_middle = f(middle);
        if at_middle * at_low > 0.0 {
            (low, at_low) = (middle, at_middle);
        } else {
            (high, at_high) = (middle, at_middle);
        }
    }
    f64::midpoint(low, high)
}
