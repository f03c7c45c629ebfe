//! The density of the singular values of the input–output Jacobian of a wide, deep network.
//!
//! Key: M the moment series of `JJᵀ`, G = (1 + M)/λ its Green's function, s = φ′², z the argument at
//! which E s/(z − s) = M. Then (Pennington, Schoenholz & Ganguli 2017, 2018; see `jacobian`)
//!
//! ```text
//! ln λ = a·ln(1 + M) + (L − 1)·ln M + L·ln(σ_w²·z),   a = 1 Gaussian, 1 − L orthogonal
//! ```
//!
//! and the density of ln λ is −Im M/π just above the real axis. On the negative axis all is real
//! and monotone, and bisection finds z; from there it is followed along the arc λ = x·e^{iθ},
//! θ from π to nearly 0, by Newton's method in ln z. z stays in the upper half-plane, off the
//! places of s (subordination, Biane 1998), so no other branch is ever met.

use std::f64::consts::PI;

use serde::Serialize;

use super::complex::Complex;
use super::jacobian::{Weights, jacobian_spectrum};
use super::layer::Layer;
use super::slopes::Slopes;

/// How the singular values of a Jacobian are spread; all masses add up to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JacobianDensity {
    /// The share of singular values that are 0: P(φ′ = 0), at any depth.
    pub mass_at_zero: f64,
    /// Other single values that hold a share, with it.
    pub masses: Vec<(f64, f64)>,
    /// The rest, ascending.
    pub curve: Vec<DensityPoint>,
}

/// The density at one singular value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DensityPoint {
    /// Where.
    pub singular_value: f64,
    /// Share per unit of the singular value.
    pub density: f64,
    /// The share of the cell around it.
    pub mass: f64,
}

/// Where the singular values of a Jacobian lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    /// The share that is 0.
    pub mass_at_zero: f64,
    /// A share of 5 % lies below.
    pub low: f64,
    /// Half lies below.
    pub median: f64,
    /// A share of 95 % lies below.
    pub high: f64,
}

/// The share of the smallest nonzero singular values that may be left out.
const LEFT_OUT: f64 = 1e-4;
/// ln of largest over mean eigenvalue from which on all are one.
const ISOMETRY: f64 = 1e-7;

impl JacobianDensity {
    /// The quantiles that one is told of.
    pub fn quantiles(&self) -> Quantiles {
        Quantiles {
            mass_at_zero: self.mass_at_zero,
            low: self.quantile(0.05),
            median: self.quantile(0.5),
            high: self.quantile(0.95),
        }
    }

    /// The singular value below which a share `p` of them lies; 0 within the mass at 0.
    pub fn quantile(&self, p: f64) -> f64 {
        let mut places: Vec<(f64, f64)> = self.masses.clone();
        places.extend(self.curve.iter().map(|point| (point.singular_value, point.mass)));
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        // In a cell half of its share lies below its point.
        let (mut below, mut last) = (self.mass_at_zero, (0.0, self.mass_at_zero));
        if p <= below {
            return 0.0;
        }
        for (place, mass) in places {
            let here = below + 0.5 * mass;
            if here >= p {
                let share = (p - last.1) / (here - last.1);
                return if last.0 > 0.0 { last.0 * (place / last.0).powf(share) } else { place };
            }
            below += mass;
            last = (place, here);
        }
        last.0
    }
}

/// The singular values of the Jacobian through `depth` layers whose pre-activations have second
/// moment `q` > 0, at `points` places between its edges; to about 10⁻³ of all values.
///
/// φ must not jump. The smallest values that are not 0 may be left out, up to a share of 2·10⁻⁴.
///
/// ```
/// use fanin::theory::{Layer, Point, Weights, jacobian_density};
/// let linear = fanin::engine::activations::find("identity").expect("it is registered");
/// let layer = Layer::new(&*linear, Point::new(1.0, 0.0));
/// let found = jacobian_density(&layer, 1.0, 1, Weights::Gaussian, 100);
/// assert!(found.curve.last().expect("there are points").singular_value < 2.0);
/// let quarter_circle = |s: f64| (4.0 - s * s).sqrt() / std::f64::consts::PI;
/// for point in found.curve {
///     assert!((point.density - quarter_circle(point.singular_value)).abs() < 1e-3);
/// }
/// ```
pub fn jacobian_density(
    layer: &Layer<'_>,
    q: f64,
    depth: usize,
    weights: Weights,
    points: usize,
) -> JacobianDensity {
    let own = depth == 1 && weights == Weights::Orthogonal;
    let slopes = Slopes::of(layer, q, depth, weights);
    let spectrum = jacobian_spectrum(layer, q, depth, weights);
    let mass_at_zero = slopes.mass_at_zero();
    let mut masses = masses(&slopes, layer.point.weight_variance, depth, weights);
    let rest = 1.0 - mass_at_zero - masses.iter().map(|place| place.1).sum::<f64>();
    if rest < LEFT_OUT {
        return JacobianDensity { mass_at_zero, masses, curve: Vec::new() };
    }
    let top = spectrum.largest.ln();
    if top - spectrum.mean.ln() < ISOMETRY {
        masses.push((spectrum.mean.sqrt(), rest));
        return JacobianDensity { mass_at_zero, masses, curve: Vec::new() };
    }
    let equation = Equation {
        slopes: &slopes,
        exponent: if weights == Weights::Gaussian { 1.0 } else { 1.0 - depth as f64 },
        depth: depth as f64,
        log_scale: layer.point.weight_variance.ln(),
        smallest_angle: 1e-6 * (top - spectrum.mean.ln()).min(1.0),
    };
    let bottom = equation.bottom(top, top - spectrum.mean.ln(), own);
    let share = |log: f64, below: f64, above: f64| match own {
        true => equation.counted(below, above),
        false => equation.share(log) * (above - below),
    };
    // Places crowd at both edges, where the density is a root: ln λ moves as sin².
    let at = |u: f64| bottom + (top - bottom) * (0.5 * PI * u).sin().powi(2);
    let step = 1.0 / points as f64;
    let curve = (0..points).map(|i| {
        let (low, high) = (i as f64 * step, (i + 1) as f64 * step);
        let log = at(f64::midpoint(low, high));
        let (below, above) = match own {
            true => (at(low), at(high)),
            false => {
                let rate = (top - bottom) * 0.5 * PI * (PI * f64::midpoint(low, high)).sin();
                (log - 0.5 * rate * step, log + 0.5 * rate * step)
            }
        };
        let mass = share(log, below, above);
        let singular_value = (0.5 * log).exp();
        let density = 2.0 * mass / (above - below) / singular_value;
        DensityPoint { singular_value, density, mass }
    });
    JacobianDensity { mass_at_zero, masses, curve: curve.collect() }
}

/// A product of L free factors with a mass p at one place has 1 − L(1 − p) at its power, if that
/// is positive (Bercovici & Voiculescu 1998); factors of normal elements have none.
fn masses(slopes: &Slopes, variance: f64, depth: usize, weights: Weights) -> Vec<(f64, f64)> {
    let left = |p: f64| 1.0 - depth as f64 * (1.0 - p);
    let places = slopes.masses.iter().filter(|place| place.0 > 0.0 && left(place.1) > 0.0);
    let of_place = |place: &(f64, f64)| {
        ((0.5 * depth as f64 * (variance * place.0).ln()).exp(), left(place.1))
    };
    if weights == Weights::Gaussian { Vec::new() } else { places.map(of_place).collect() }
}

/// The equation of the head of this file.
struct Equation<'a> {
    slopes: &'a Slopes,
    exponent: f64,
    depth: f64,
    log_scale: f64,
    smallest_angle: f64,
}

impl Equation<'_> {
    /// ln λ, its derivative by ln z, and M, at ln z.
    fn at(&self, log_z: Complex) -> (Complex, Complex, Complex) {
        let found = self.slopes.series(log_z.exp());
        let (m, one_more) = (found.value, found.one_more);
        let log = one_more.ln().scaled(self.exponent)
            + m.ln().scaled(self.depth - 1.0)
            + (log_z + Complex::new(self.log_scale, 0.0)).scaled(self.depth);
        let parts =
            Complex::new(self.exponent, 0.0) / one_more + Complex::new(self.depth - 1.0, 0.0) / m;
        (log, parts * found.slope + Complex::new(self.depth, 0.0), m)
    }

    /// The ln z with z < 0 at which `is_above`, which rises.
    fn on_negative_axis(&self, is_above: impl Fn(f64) -> bool) -> f64 {
        let (mut low, mut high) = (-650.0, 650.0);
        for _ in 0..64 {
            let middle = f64::midpoint(low, high);
            if is_above(middle) { high = middle } else { low = middle }
        }
        f64::midpoint(low, high)
    }

    /// ln |λ| at z = −e^`log_z`.
    fn negative(&self, log_z: f64) -> f64 {
        let (mut m, mut one_more, size) = (0.0, 0.0, log_z.exp());
        for (square, weight) in &self.slopes.squares {
            m += weight * square / (size + square);
            one_more += weight * size / (size + square);
        }
        self.exponent * one_more.ln()
            + (self.depth - 1.0) * m.ln()
            + self.depth * (log_z + self.log_scale)
    }

    /// The density of ln λ at e^`log`.
    fn share(&self, log: f64) -> f64 {
        let start = self.on_negative_axis(|log_z| self.negative(log_z) > log);
        let (mut log_z, mut angle, mut step) = (Complex::new(start, PI), PI, 0.4);
        let mut slope = self.at(log_z).1;
        let mut share = 0.0;
        while angle > self.smallest_angle && step > 1e-3 * self.smallest_angle {
            let next = (angle - step).max(self.smallest_angle);
            let expected = log_z - Complex::new(0.0, angle - next) / slope;
            match self.newton(expected, Complex::new(log, next)) {
                Some((found, its_slope, its_share)) => {
                    (log_z, slope, share, angle) = (found, its_slope, its_share, next);
                    step *= 1.5;
                }
                None => step *= 0.4,
            }
        }
        share.max(0.0)
    }

    /// From a near ln z to the one at which ln λ is `goal`, its slope, and −Im M/π.
    fn newton(&self, near: Complex, goal: Complex) -> Option<(Complex, Complex, f64)> {
        /// ln z may move by that much; further off lies perhaps another solution.
        const FAR: f64 = 0.2;
        let mut log_z = near;
        for _ in 0..10 {
            let (log, slope, m) = self.at(log_z);
            let change = (goal - log) / slope;
            if change.size() < 1e-12 * (1.0 + log_z.size()) {
                let inside = log_z.imaginary > 0.0 && log_z.imaginary < PI;
                return (inside && m.imaginary < 0.0).then_some((log_z, slope, -m.imaginary / PI));
            }
            log_z = log_z + change;
            let is_near = (log_z - near).size() < FAR && log_z.imaginary > 0.0;
            if !is_near {
                return None;
            }
        }
        None
    }

    /// ln of the smallest eigenvalue that counts.
    fn bottom(&self, top: f64, spread: f64, own: bool) -> f64 {
        /// A density of ln λ that is none.
        const NOTHING: f64 = 1e-5;
        let nonzero = 1.0 - self.slopes.mass_at_zero();
        let m = |log_z: f64| -> f64 {
            let size = log_z.exp();
            self.slopes.squares.iter().map(|(s, weight)| weight * s / (size + s)).sum()
        };
        // On the negative axis E[r/(r + λ)] is at least half of the share below r.
        let cut = self.on_negative_axis(|log_z| nonzero - m(log_z) > LEFT_OUT);
        let cut = self.negative(cut);
        if own {
            return cut;
        }
        let (mut inside, mut gap) = (top, 0.3 * spread);
        let mut outside = cut;
        while top - gap > cut {
            if self.share(top - gap) > NOTHING {
                (inside, outside) = (top - gap, cut);
            } else if outside == cut {
                outside = top - gap;
            }
            gap *= 1.25;
        }
        if outside == cut && self.share(cut) > NOTHING {
            return cut;
        }
        for _ in 0..24 {
            let middle = f64::midpoint(inside, outside);
            if self.share(middle) > NOTHING { inside = middle } else { outside = middle }
        }
        inside
    }

    /// The share of φ′² that are no mass, for one orthogonal layer, between two ln λ.
    fn counted(&self, below: f64, above: f64) -> f64 {
        let inside = |(square, _): &&(f64, f64)| {
            let log = square.ln() + self.log_scale;
            log > below && log <= above && self.slopes.masses.iter().all(|mass| mass.0 != *square)
        };
        self.slopes.squares.iter().filter(inside).map(|place| place.1).sum()
    }
}
