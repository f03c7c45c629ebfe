//! Silent units by chance.

use super::digits;
use crate::theory::{born_dead_probability, dead_probability};

#[test]
fn half_correlated_inputs_are_all_missed_once_in_their_number_and_one() {
    for inputs in [1, 2, 10, 100, 1000, 100_000] {
        let want = 1.0 / (inputs as f64 + 1.0);
        let got = dead_probability(0.5, inputs);
        assert!((got / want - 1.0).abs() < 1e-9, "{inputs}: {got} {want}");
    }
}

#[test]
fn other_correlations_meet_their_limits() {
    assert!((dead_probability(0.0, 10) - f64::powi(0.5, 10)).abs() < 1e-16);
    assert_eq!(dead_probability(1.0, 10), 0.5);
    assert_eq!(dead_probability(0.3, 0), 1.0);
    // Two signs agree with probability 1/4 + asin(ρ)/2π (Sheppard 1899).
    for correlation in [0.01, 0.3, 0.9, 0.999_999] {
        let want = 0.25 + f64::asin(correlation) / (2.0 * std::f64::consts::PI);
        assert!((dead_probability(correlation, 2) - want).abs() < 1e-12, "{correlation}");
    }
    assert!(dead_probability(-0.1, 2).is_nan());
}

/// He's relu networks at 100 orthogonal inputs: the rate of silent units by layer.
#[test]
fn silent_units_grow_with_depth_as_inputs_align() {
    use crate::theory::{Layer, Point};
    let relu = super::named("relu");
    let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
    let mut c = 0.0;
    let mut depth = 1;
    for (wanted, printed) in
        [(2, "0.000636"), (5, "0.0494"), (10, "0.1544"), (20, "0.2727"), (30, "0.3314")]
    {
        while depth < wanted {
            c = layer.correlation(1.0, c);
            depth += 1;
        }
        digits(&format!("layer {wanted}"), dead_probability(c, 100), printed);
    }
}

#[test]
fn narrow_deep_networks_are_born_dead() {
    for (width, depth, printed) in
        [(2, 10, "0.943686"), (10, 50, "0.047678"), (4, 10, "0.475540"), (8, 50, "0.177737")]
    {
        digits(&format!("{width}x{depth}"), born_dead_probability(&vec![width; depth]), printed);
    }
}
