//! Densities of Jacobians: closed forms, moments, masses, and simulated products.

use std::f64::consts::PI;

use super::named;
use crate::theory::{JacobianDensity, Layer, Point, Weights, jacobian_density, jacobian_spectrum};

const POINTS: usize = 120;

fn of(name: &str, weight_variance: f64, q: f64, depth: usize, weights: Weights) -> JacobianDensity {
    let activation = named(name);
    let layer = Layer::new(&*activation, Point::new(weight_variance, 0.0));
    jacobian_density(&layer, q, depth, weights, POINTS)
}

/// The mean of λ^`power`.
fn moment(density: &JacobianDensity, power: i32) -> f64 {
    let curve = density.curve.iter().map(|point| (point.singular_value, point.mass));
    let all = curve.chain(density.masses.iter().copied());
    all.map(|(value, mass)| mass * value.powi(2 * power)).sum()
}

// (L+1)-Fuss–Catalan numbers: C(k(L + 1), k)/(kL + 1).
#[test]
fn products_of_normal_matrices_have_the_moments_of_fuss_and_catalan() {
    for depth in [1, 2, 3, 5, 20] {
        let found = of("identity", 1.0, 1.0, depth, Weights::Gaussian);
        for power in 0..4_i32 {
            let (k, l) = (f64::from(power), depth as f64);
            let choices: f64 =
                (0..power).map(|i| (k * (l + 1.0) - f64::from(i)) / f64::from(i + 1)).product();
            let want = choices / (k * l + 1.0);
            let got = moment(&found, power);
            assert!((got / want - 1.0).abs() < 1e-3, "{depth} layers, {power}: {got} {want}");
        }
    }
}

#[test]
fn one_normal_matrix_has_the_quarter_circle() {
    let found = of("identity", 1.0, 1.0, 1, Weights::Gaussian);
    for point in &found.curve {
        let want = (4.0 - point.singular_value.powi(2)).sqrt() / PI;
        assert!((point.density - want).abs() < 1e-3, "{point:?} {want}");
    }
    // Of the quarter circle half lies below 0.8079.
    assert!((found.quantile(0.5) - 0.807_946).abs() < 2e-3, "{}", found.quantile(0.5));
}

#[test]
fn orthogonal_linear_networks_have_one_singular_value() {
    for depth in [1, 7] {
        let found = of("identity", 1.21, 1.0, depth, Weights::Orthogonal);
        assert!(found.curve.is_empty() && found.mass_at_zero == 0.0);
        let [(value, mass)] = found.masses[..] else { panic!("{:?}", found.masses) };
        assert!((value - f64::powi(1.1, depth as i32)).abs() < 1e-9, "{value}");
        assert!((mass - 1.0).abs() < 1e-12);
        assert_eq!(found.quantile(0.05), value);
    }
}

// Two projections on half of the space: λ/4 has the arcsine law on half of its mass.
#[test]
fn two_orthogonal_relu_layers_have_the_arcsine_law() {
    let found = of("relu", 2.0, 1.0, 2, Weights::Orthogonal);
    for point in &found.curve {
        let share = point.singular_value / 2.0;
        let want = 1.0 / (2.0 * PI * (1.0 - share * share).sqrt());
        assert!((point.density / want - 1.0).abs() < 1e-2, "{point:?} {want}");
    }
}

#[test]
fn masses_add_up_to_one_and_moments_are_those_of_the_spectrum() {
    for (name, variance, q) in [
        ("relu", 2.0, 1.0),
        ("leaky_relu:0.2", 1.9, 1.0),
        ("tanh", 1.2, 0.2),
        ("tanh", 2.0, 3.0),
        ("erf", 1.0, 1e-3),
        ("gelu", 2.0, 0.6),
        ("hardtanh", 1.05, 0.25),
    ] {
        for (depth, weights) in [
            (1, Weights::Gaussian),
            (1, Weights::Orthogonal),
            (3, Weights::Gaussian),
            (3, Weights::Orthogonal),
            (16, Weights::Gaussian),
            (16, Weights::Orthogonal),
        ] {
            let activation = named(name);
            let layer = Layer::new(&*activation, Point::new(variance, 0.0));
            let spectrum = jacobian_spectrum(&layer, q, depth, weights);
            let found = jacobian_density(&layer, q, depth, weights, POINTS);
            let total = found.mass_at_zero + moment(&found, 0);
            let mean = moment(&found, 1) / spectrum.mean;
            let spread = moment(&found, 2) / moment(&found, 1).powi(2) - 1.0;
            let what = format!("{name} {q} {depth} {weights:?}: {total} {mean} {spread}");
            // A narrow peak beside a mass, as of hard tanh, needs more points than these.
            let bound = if name == "hardtanh" && depth > 3 { 1e-2 } else { 1e-3 };
            assert!((total - 1.0).abs() < bound && (mean - 1.0).abs() < bound, "{what}");
            let spread = spread - spectrum.variance;
            assert!(spread.abs() < 2.0 * bound * (1.0 + spectrum.variance), "{what}");
            let last = found.curve.last().map_or(0.0, |point| point.singular_value.powi(2));
            assert!(last <= spectrum.largest * (1.0 + 1e-3), "{what}");
        }
    }
}
