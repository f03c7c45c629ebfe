//! The density of the singular values of the input–output Jacobian of a wide, deep network.
//!
//! The equation that is solved: `green`.

use std::f64::consts::PI;

use serde::Serialize;

use super::green::{Equation, LEFT_OUT};
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

impl Quantiles {
    /// Whether all are finite numbers.
    pub(super) fn is_finite(&self) -> bool {
        [self.mass_at_zero, self.low, self.median, self.high].iter().all(|x| x.is_finite())
    }
}

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
    // Places crowd at both edges, where the density is a root: ln λ moves as sin².
    let at = |u: f64| bottom + (top - bottom) * (0.5 * PI * u).sin().powi(2);
    let step = 1.0 / points as f64;
    let curve = (0..points).map(|i| {
        let (low, high) = (i as f64 * step, (i + 1) as f64 * step);
        let middle = f64::midpoint(low, high);
        let log = at(middle);
        let (mass, width) = if own {
            (equation.counted(at(low), at(high)), at(high) - at(low))
        } else {
            let width = (top - bottom) * 0.5 * PI * (PI * middle).sin() * step;
            (equation.share(log) * width, width)
        };
        let singular_value = (0.5 * log).exp();
        DensityPoint { singular_value, density: 2.0 * mass / width / singular_value, mass }
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
