//! Jacobian spectra and tangent kernels: C7 and D1 of the reference.

use super::{digits, named};
use crate::theory::{Layer, Point, Weights, jacobian_spectrum, tangent_kernel};

#[test]
fn spectra_of_jacobians_have_the_variance_and_the_edge_of_the_table() {
    let (identity, relu) = (named("identity"), named("relu"));
    let linear = Layer::new(&*identity, Point::new(1.0, 0.0));
    let relu = Layer::new(&*relu, Point::new(2.0, 0.0));
    for depth in [1, 4, 8] {
        let of = |layer: &Layer<'_>, weights| jacobian_spectrum(layer, 1.0, depth, weights);
        assert_eq!(of(&linear, Weights::Gaussian).variance, depth as f64);
        assert_eq!(of(&linear, Weights::Orthogonal).variance, 0.0);
        assert_eq!(of(&relu, Weights::Gaussian).variance, 2.0 * depth as f64);
        assert_eq!(of(&relu, Weights::Orthogonal).variance, depth as f64);
        assert_eq!(of(&relu, Weights::Gaussian).mean, 1.0);
        assert!((of(&linear, Weights::Orthogonal).largest - 1.0).abs() < 1e-6);
    }
    for (depth, printed) in [(1, "4"), (4, "12.207"), (8, "23.092"), (5, "14.92992")] {
        let largest = jacobian_spectrum(&linear, 1.0, depth, Weights::Gaussian).largest;
        digits(&format!("largest of {depth}"), largest, printed);
    }
    digits("10", jacobian_spectrum(&linear, 1.0, 10, Weights::Gaussian).largest, "28.53116706");
}

// One relu layer: JJᵀ is 2·WWᵀ thinned to half of its rows, of aspect 1/2 (Marchenko & Pastur).
#[test]
fn one_relu_layer_has_the_edge_of_marchenko_and_pastur() {
    let relu = named("relu");
    let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
    let largest = jacobian_spectrum(&layer, 1.0, 1, Weights::Gaussian).largest;
    let edge = 2.0 * (1.0 + f64::sqrt(0.5)).powi(2);
    assert!((largest / edge - 1.0).abs() < 1e-6, "{largest} {edge}");
    let largest = jacobian_spectrum(&layer, 1.0, 1, Weights::Orthogonal).largest;
    assert!((largest - 2.0).abs() < 1e-6, "{largest}");
}

#[test]
fn tangent_kernels_of_relu_have_every_digit_of_the_list() {
    let relu = named("relu");
    let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
    for (c, depth, off_diagonal, condition) in [
        (0.0, 2, "0.318309886", "1.378560"),
        (0.0, 3, "0.685708636", "1.592586"),
        (0.0, 5, "1.430390497", "1.801427"),
        (0.0, 10, "3.155947449", "1.922245"),
        (0.0, 50, "14.357364300", "1.805629"),
        (0.0, 100, "27.266758778", "1.749774"),
        (0.5, 2, "0.942331114", "2.781902"),
        (0.5, 10, "3.792694356", "2.222010"),
        (0.5, 100, "27.789203026", "1.769669"),
    ] {
        let kernel = tangent_kernel(&layer, 1.0, c, depth);
        assert!((kernel.diagonal - depth as f64).abs() < 1e-12);
        digits(&format!("{depth} layers"), kernel.off_diagonal, off_diagonal);
        digits(&format!("{depth} layers"), kernel.condition(2), condition);
    }
    let deep = tangent_kernel(&layer, 1.0, 0.0, 100_000);
    assert!((deep.off_diagonal / deep.diagonal - 0.25).abs() < 1e-3);
    assert!((deep.condition(2) - 5.0 / 3.0).abs() < 1e-2);
}
