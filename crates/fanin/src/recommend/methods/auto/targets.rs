//! How large pre-activations should be: where signal and gradient both last through the depth.
//!
//! Key: q second moment of z, φ activation. With E z² = q in every layer, σ² = q/E φ² leaves the
//! signal as it is, and the gradient grows by g(q) = q·E φ′²/E φ² a layer. g is 1 at every q for
//! rectifiers, and goes to 1 with q for activations that are linear near 0; on the critical line
//! without biases it is 1. Of a unit and its mirrored twin the next layer takes φ(z) − φ(−z), to
//! which all of this applies in place of φ.
//!
//! Where φ(z) multiplies another signal v of its own layer, E φ²·E v² stays with the gate's own weights at any
//! scale, and the gradient comes back through both: g = 1 + w·E φ′²/E φ², of which w is what weights carry of q. A
//! row that is too large by a little is so in both factors, by 1 + (w/q)·d ln E φ²/d ln q.

use std::sync::Arc;

use fanin_engine::activations::{self, Activation};
use fanin_engine::moments::gaussian_moments;

use super::table::Table;

/// The factor by which a row whose z is a little off may end farther off. Rows of data differ by a quarter
/// of their second moment or so, and ten times that leaves the bounds of a sound start.
const DRIFT: f64 = 10.0;
/// What gates that stand still cost: little, as a chain of φ(u)·v squares a row's size in each layer that they are
/// open in, and at 128 units six of silu are in bounds with a twentieth of q from weights, and not with a tenth.
const STILL: f64 = 0.05;

/// How large z of a layer is to be, and how much of that comes of biases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Aim {
    /// E z².
    pub second: f64,
    /// `σ_b²`, a part of it.
    pub bias: f64,
    /// The factor on the gradient's second moment per layer.
    pub growth: f64,
    /// The factor per layer on how far a row's E z² is off.
    pub drift: f64,
}

/// What the next layer takes of a unit.
#[derive(Debug)]
pub(super) enum Passed {
    /// z itself.
    Linear,
    /// φ(z).
    Bent(Box<dyn Activation>),
    /// φ(z) − φ(−z): the difference of a unit and its twin.
    Mirrored(Box<dyn Activation>),
    /// A function that is known by its values.
    Written(Arc<Table>),
    /// φ(z)·v, of which v is another signal.
    Gate(Box<dyn Activation>),
}

impl Passed {
    /// φ(z), or z where no activation is named.
    pub fn of(activation: Option<&str>) -> Self {
        activation.and_then(activations::find).map_or(Self::Linear, Self::Bent)
    }

    /// Second moments of what is passed and of its slope, for z ~ N(0, q).
    fn moments(&self, q: f64) -> (f64, f64) {
        match self {
            Self::Linear => (q, 1.0),
            Self::Bent(own) | Self::Gate(own) => {
                let moments = gaussian_moments(&**own, 0.0, q);
                (moments.second, moments.slope_second)
            }
            Self::Mirrored(own) => {
                let value = |z: f64| (own.at(0, z) - own.at(0, -z)).powi(2);
                let slope = |z: f64| (own.at(1, z) + own.at(1, -z)).powi(2);
                (even_mean(q, value), even_mean(q, slope))
            }
            Self::Written(own) => own.moments(q),
        }
    }

    /// The second moment of what is passed, for z ~ N(0, q).
    pub fn second(&self, q: f64) -> f64 {
        self.moments(q).0
    }

    /// The factor on the gradient's second moment per layer whose signal stays at `q`.
    fn growth(&self, q: f64) -> f64 {
        let (second, slope) = self.moments(q);
        self.signal_beside() + q * slope / second
    }

    /// The factor on the second moment of what comes and goes beside φ, through another factor of its own layer.
    fn signal_beside(&self) -> f64 {
        if matches!(self, Self::Gate(_)) { 1.0 } else { 0.0 }
    }

    /// The least second moment of z that is tried, as the binary logarithm of its fourth power: activations
    /// bend over about one, what is written out over any length.
    fn lowest(&self) -> i32 {
        if matches!(self, Self::Written(_)) { -64 } else { -24 }
    }

    /// The second moment of z for a chain of `depth` layers, and g there.
    ///
    /// The least of (depth·ln g)² + (ln q)²/4: what the gradient gains over the whole depth against
    /// how far z is from the standard normal on which activations are made to bend.
    pub fn signal(&self, depth: usize) -> (f64, f64) {
        if matches!(self, Self::Linear) {
            return (1.0, 1.0);
        }
        let cost = |q: f64| {
            let growth = depth as f64 * self.growth(q).ln();
            growth * growth + 0.25 * q.ln().powi(2)
        };
        // Above 1 activations that bend on one side run away from their fixed point; those that lose
        // the gradient everywhere need to be driven further.
        let highest = if self.growth(1.0) < 0.99 { 16 } else { 0 };
        let places = (self.lowest()..=highest).map(|step| (f64::from(step) / 4.0).exp2());
        let costs = places.map(|q| (cost(q), q));
        let best = costs.min_by(|a, b| a.0.total_cmp(&b.0)).map_or(1.0, |(_, q)| q);
        (best, self.growth(best))
    }

    /// Where a chain of `depth` layers is to rest, `alike` of which have this activation:
    /// [`signal`](Self::signal) without biases, or, where that point repels rows so much that they leave it,
    /// the point of the critical line that holds them.
    ///
    /// With biases of variance `σ_b²` = s·q the weights carry 1 − s of q, which takes that factor off both
    /// growth and drift, so far as they come through φ. Of all q and s it is the least of (alike·ln growth)² +
    /// (alike·ln drift)², the drift where it is above 1, + (ln q)²/4, and of gates, which stand still where biases
    /// carry all, + (ln (1 − s))²/20.
    pub fn rest(&self, (depth, alike): (usize, usize), has_bias: bool) -> Aim {
        let (second, growth) = self.signal(depth);
        let without = Aim { second, bias: 0.0, growth, drift: self.drift(second) };
        let times = alike as f64;
        if !has_bias || !self.leaves(second, alike) {
            return without;
        }
        let cost = |aim: &Aim| {
            let (growth, drift) = (times * aim.growth.ln(), times * aim.drift.ln().max(0.0));
            let still = match self {
                Self::Gate(_) => STILL * (1.0 - aim.bias / aim.second).ln().powi(2),
                _ => 0.0,
            };
            growth * growth + drift * drift + 0.25 * aim.second.ln().powi(2) + still
        };
        let most = if matches!(self, Self::Gate(_)) { 96 } else { 50 };
        let beside = self.signal_beside();
        let of = |place: i32| {
            let q = (f64::from(place) / 4.0).exp2();
            let (growth, drift) = (self.growth(q) - beside, self.drift(q) - beside);
            (0..most).map(move |hundredth| {
                let kept = 1.0 - f64::from(hundredth) / 100.0;
                Aim {
                    second: q,
                    bias: (1.0 - kept) * q,
                    growth: beside + kept * growth,
                    drift: beside + kept * drift,
                }
            })
        };
        let all = (self.lowest()..=16).flat_map(of);
        all.min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or(without)
    }

    /// Whether a row whose z is a little off `q` ends much farther off, over so many layers at weights that keep it.
    pub fn leaves(&self, q: f64, layers: usize) -> bool {
        layers as f64 * self.drift(q).ln() > DRIFT.ln()
    }

    /// The slope of ln q of one layer in that of the layer before, at weights that keep `q`.
    fn drift(&self, q: f64) -> f64 {
        const BESIDE: f64 = 0.01;
        let at = |factor: f64| self.second(q * factor).ln();
        let slope =
            (at(1.0 + BESIDE) - at(1.0 - BESIDE)) / ((1.0 + BESIDE).ln() - (1.0 - BESIDE).ln());
        self.signal_beside() + slope
    }

    /// The second moment of z at which what is passed has this one, as near as it comes.
    pub fn driven(&self, second: f64) -> f64 {
        let (mut low, mut high) = (-30.0_f64, 10.0);
        for _ in 0..40 {
            let middle = f64::midpoint(low, high);
            if self.second(middle.exp2()) < second {
                low = middle;
            } else {
                high = middle;
            }
        }
        low.exp2()
    }
}

/// What is left of φ between twins: its odd part's share of E φ(z)², z standard normal.
pub(super) fn odd_share(activation: &dyn Activation) -> f64 {
    let odd = even_mean(1.0, |z| (0.5 * (activation.at(0, z) - activation.at(0, -z))).powi(2));
    odd / gaussian_moments(activation, 0.0, 1.0).second
}

/// E f(z) for an even f and z ~ N(0, q), by the midpoint rule up to 9 deviations: a jump at 0 lies
/// between two places, and those elsewhere cost 10⁻³.
fn even_mean(q: f64, f: impl Fn(f64) -> f64) -> f64 {
    const STEPS: u32 = 288;
    const STEP: f64 = 1.0 / 32.0;
    let at = |k: u32| {
        let z = (f64::from(k) + 0.5) * STEP;
        2.0 * STEP * (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt() * f(q.sqrt() * z)
    };
    (0..STEPS).map(at).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirrored(name: &str) -> Passed {
        Passed::Mirrored(activations::find(name).unwrap())
    }

    #[test]
    fn twins_of_a_gate_pass_the_unit_itself() {
        for name in ["relu", "gelu", "silu", "hardswish", "softplus"] {
            for q in [0.1, 0.4] {
                let found = mirrored(name).second(q);
                assert!((found / q - 1.0).abs() < 1e-3, "{name} at {q}: {found}");
                assert!((mirrored(name).growth(q) - 1.0).abs() < 2e-3, "{name} at {q}");
            }
        }
    }

    #[test]
    fn twins_of_a_sigmoid_are_a_tanh() {
        let tanh = activations::find("tanh").unwrap();
        let found = mirrored("sigmoid").second(2.0);
        let expected = gaussian_moments(&*tanh, 0.0, 0.5).second;
        assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
    }

    #[test]
    fn odd_activations_keep_all_between_twins_and_rectifiers_half() {
        let share = |name: &str| odd_share(&*activations::find(name).unwrap());
        assert!((share("tanh") - 1.0).abs() < 1e-6);
        assert!((share("relu") - 0.5).abs() < 1e-6);
        assert!(share("selu") > 0.95, "{}", share("selu"));
        assert!(share("elu") < 0.95, "{}", share("elu"));
    }

    #[test]
    fn biases_are_wanted_only_where_rows_would_leave_their_point() {
        let rest = |name: &str, depth| Passed::of(Some(name)).rest((depth, depth), true);
        for name in
            ["relu", "leaky_relu", "tanh", "erf", "sin", "hardtanh", "softsign", "elu", "selu"]
        {
            for depth in [2, 30, 100] {
                let aim = rest(name, depth);
                assert_eq!(aim.bias, 0.0, "{name} over {depth} layers");
                assert!(aim.drift < 1.0 + 1e-6, "{name}: {aim:?}");
            }
        }
        for name in ["gelu", "gelu_tanh", "silu", "hardswish"] {
            assert_eq!(rest(name, 2).bias, 0.0, "{name}: a branch is too short");
            let deep = rest(name, 100);
            assert!(deep.bias > 0.01 && deep.bias < 0.3 * deep.second, "{name}: {deep:?}");
            assert!((deep.growth.powi(100).ln()).abs() < 1.0, "{name}: {deep:?}");
            assert!(deep.drift.powi(100) < DRIFT, "{name}: {deep:?}");
            assert_eq!(Passed::of(Some(name)).rest((100, 100), false).bias, 0.0);
        }
    }

    #[test]
    fn gates_are_open_and_keep_rows_where_biases_let_them() {
        let rest = |name: &str, alike| {
            Passed::Gate(activations::find(name).unwrap()).rest((alike, alike), true)
        };
        // g = 1 + q·E σ′²/E σ²: near 1 by gates that stand half open, not by those that are shut or open for good.
        let sigmoid = rest("sigmoid", 6);
        assert!(sigmoid.bias == 0.0 && (0.1..1.0).contains(&sigmoid.second), "{sigmoid:?}");
        assert!(sigmoid.growth.powi(6) < 2.0, "{sigmoid:?}");
        // φ(u)·v of a rectifier is of degree 2, so g and drift are 2 without biases.
        let relu = rest("relu", 2);
        assert!(relu.bias == 0.0, "a branch is too short: {relu:?}");
        assert!((relu.growth - 2.0).abs() < 0.05 && (relu.drift - 2.0).abs() < 0.05, "{relu:?}");
        for name in ["relu", "silu", "gelu"] {
            let deep = rest(name, 6);
            assert!(deep.bias > 0.9 * deep.second, "{name}: {deep:?}");
            assert!(deep.growth.powi(6) < 2.0 && deep.drift.powi(6) < 2.0, "{name}: {deep:?}");
        }
    }

    /// Sitzmann et al. 2020 draw weights of sin(30·z) of variance 2/(30²·n): q = 1/900 but for biases.
    #[test]
    fn steep_sines_rest_where_their_authors_start_them() {
        let sine = Table::places().into_iter().map(|z| (30.0 * z).sin()).collect();
        let sine = Passed::Written(Arc::new(Table::new(sine).unwrap()));
        for depth in 3..=8 {
            let (q, growth) = sine.signal(depth);
            assert!((0.25..=1.5).contains(&(900.0 * q)), "{depth}: {}", 900.0 * q);
            let published = sine.growth(1.0 / 900.0).powi(5);
            assert!(depth < 5 || growth.powi(5) < published, "{depth}: {growth}");
        }
    }

    #[test]
    fn a_unit_is_driven_to_what_it_is_to_pass() {
        let gelu = Passed::of(Some("gelu"));
        let q = gelu.driven(0.02);
        assert!((gelu.second(q) / 0.02 - 1.0).abs() < 1e-6);
    }
}
