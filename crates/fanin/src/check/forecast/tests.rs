//! The escape time in closed form, and the words that follow from it.

use super::*;
use crate::check::evidence::{Horizon, StepRule};
use crate::check::straight_line::Bend;
use crate::check::{LayerMeasurement, Measurement};

/// A layer whose weights have size 1 and change by `gradient_norm` for a learning rate of 1.
fn layer(module: &str, gradient_norm: f64) -> LayerMeasurement {
    LayerMeasurement {
        module: module.to_owned(),
        branches: Vec::new(),
        units: 1,
        activation_deviation: 1.0,
        signal: 1.0,
        pre_activation_second_moment: 1.0,
        is_passed_by: false,
        silent_share: 0.0,
        delta_norm: 1.0,
        gradient_norm,
        telling_norm: gradient_norm,
        row_gradient_norm: gradient_norm,
        row_telling_norm: gradient_norm,
        weight_norm: 1.0,
        scaled_weight_variance: 1.0,
        bias_mean_square: 0.0,
        root_elements: 10.0,
        non_finite: 0,
        pre_activation_mean: 0.0,
        growth_error: 0.0,
        gradient_growth_error: 0.0,
        cosine: 0.0,
        input_cosine: 0.0,
        directions: 10.0,
        near_cosine: 0.99,
        normalized: false,
        activation: None,
        saturated_share: None,
        dead_share: None,
        always_on_share: None,
    }
}

/// A loss that the gradients of these tests leave some time to fall.
const LOSS: f64 = 1.0;

fn measurement(gradient_norms: &[f64]) -> Measurement {
    let layers = gradient_norms.iter().enumerate().map(|(i, g)| layer(&i.to_string(), *g));
    Measurement { layers: layers.collect(), loss: LOSS, ..Measurement::default() }
}

fn horizon(effective_learning_rate: f64, step_rule: StepRule) -> Horizon {
    Horizon { steps: 100, effective_learning_rate, step_rule, momentum: 0.0, ..Horizon::SAMPLE }
}

fn steps(measurement: &Measurement, horizon: Horizon) -> Option<f64> {
    growth_steps(&Evidence { measurement, units: &[], horizon, readings: None })
}

fn word(measurement: &Measurement, effective_learning_rate: f64) -> Verdict {
    let horizon = horizon(effective_learning_rate, StepRule::Proportional);
    forecast(&Case { starts: vec![Evidence { measurement, units: &[], horizon, readings: None }] })
        .verdict
}

#[track_caller]
fn check(gradient_norms: &[f64], learning_rate: f64, expected: f64) {
    let horizon = horizon(learning_rate, StepRule::Proportional);
    let got = steps(&measurement(gradient_norms), horizon).unwrap();
    assert!((got / expected - 1.0).abs() < 1e-12, "{got} instead of {expected}");
}

#[test]
fn a_chain_of_d_matrices_escapes_after_one_over_r_times_d_minus_two_steps() {
    check(&[0.01; 3], 1.0, 100.0);
    check(&[0.01; 11], 1.0, 100.0 / 9.0);
    check(&[0.01; 11], 0.5, 200.0 / 9.0);
}

#[test]
fn one_or_two_matrices_escape_after_two_over_r_steps() {
    check(&[0.01; 2], 1.0, 200.0);
    check(&[0.01], 1.0, 200.0);
}

#[test]
fn the_rate_is_the_geometric_mean_over_layers() {
    check(&[1e-4, 1e-2, 1e-3], 1.0, 1e3);
}

/// Euler steps of ds/dt = g·s^(D−1), all factors alike, from a start where the relative step is r.
#[test]
fn the_closed_form_is_the_time_of_a_product_of_equal_factors() {
    for depth in [3, 5, 11] {
        let rate = 1e-4;
        let (mut factor, mut steps) = (1.0_f64, 0.0);
        while factor < 1e3 {
            factor += factor * rate * factor.powi(depth - 2);
            steps += 1.0;
        }
        let expected = 1.0 / (rate * f64::from(depth - 2));
        // The end is at infinity: 1000 times the start is 1/1000 short of it for D = 3.
        assert!((steps / expected - 1.0).abs() < 0.02, "{depth}: {steps} instead of {expected}");
    }
}

#[test]
fn a_layer_without_gradient_never_escapes() {
    let all = horizon(1.0, StepRule::Proportional);
    assert_eq!(steps(&measurement(&[0.01, 0.0, 0.01]), all), None);
    assert_eq!(steps(&measurement(&[f64::NAN, 0.01]), all), None);
    assert_eq!(word(&measurement(&[0.01, 0.0, 0.01]), 1.0), Verdict::Stuck);
}

#[test]
fn an_output_that_starts_at_zero_opens_in_the_first_step() {
    let mut zero_output = measurement(&[0.0, 0.0, 0.1]);
    zero_output.layers[2].weight_norm = 0.0;
    let all = horizon(1.0, StepRule::Proportional);
    assert!((steps(&zero_output, all).unwrap() - 20.0).abs() < 1e-9);
    zero_output.layers[2].gradient_norm = 0.0;
    assert_eq!(steps(&zero_output, all), None);
}

#[test]
fn residual_branches_are_not_factors_of_the_chain() {
    let mut network = measurement(&[0.01, 0.01]);
    let all = horizon(1.0, StepRule::Proportional);
    let expected = steps(&network, all);
    let branch = LayerMeasurement { branches: vec!["2".to_owned()], ..layer("2.branch.0", 0.0) };
    network.layers.insert(1, branch);
    assert_eq!(steps(&network, all), expected);
}

#[test]
fn adam_moves_every_weight_by_the_learning_rate_whatever_the_gradient() {
    let tiny = measurement(&[1e-9; 3]);
    let got = steps(&tiny, horizon(0.001, StepRule::Normalized)).unwrap();
    assert!((got - 100.0).abs() < 1e-9, "{got}");
}

#[test]
fn the_word_follows_the_share_of_the_planned_steps() {
    let network = measurement(&[1.0; 3]);
    let cases = [
        (0.9, Verdict::Learns),
        (1.0 / 200.0, Verdict::Learns),
        (1.0 / 1000.0, Verdict::Slow),
        (1.0 / 20000.0, Verdict::Stuck),
        (1.5, Verdict::Unstable),
    ];
    for (learning_rate, expected) in cases {
        assert_eq!(word(&network, learning_rate), expected, "{learning_rate}");
    }
    let mut overflowing = network;
    overflowing.layers[1].non_finite = 1;
    assert_eq!(word(&overflowing, 0.1), Verdict::Unstable);
}

#[test]
fn relative_changes_of_hidden_layers_add_up_and_the_output_does_not_count() {
    assert_eq!(word(&measurement(&[0.3, 0.3, 0.3, 0.3]), 1.0), Verdict::Learns);
    assert_eq!(word(&measurement(&[0.9, 0.9, 0.9, 0.9, 0.9]), 1.0), Verdict::Unstable);
    assert_eq!(word(&measurement(&[0.1, 100.0]), 1.0), Verdict::Learns);
    assert_eq!(word(&measurement(&[100.0]), 1.0), Verdict::Learns);
}

#[test]
fn a_start_near_zero_is_no_jump() {
    let mut small = measurement(&[0.1, 0.1]);
    small.layers[0].weight_norm = 1e-6;
    assert_eq!(word(&small, 1.0), Verdict::Learns);
}

#[test]
fn seeds_that_disagree_make_the_forecast_unsure() {
    let (fast, slow) = (measurement(&[0.1; 3]), measurement(&[1e-4; 3]));
    let words = |starts: &[&Measurement]| {
        let horizon = horizon(1.0, StepRule::Proportional);
        let starts = starts.iter().map(|&measurement| Evidence {
            measurement,
            units: &[],
            horizon,
            readings: None,
        });
        forecast(&Case { starts: starts.collect() })
    };
    let wild = measurement(&[9.0; 3]);
    assert_eq!(words(&[&fast, &slow, &wild]).verdict, Verdict::Unsure);
    let most = words(&[&fast, &fast, &fast, &slow]);
    assert_eq!(most.verdict, Verdict::Learns);
    assert!((most.confidence - 0.55).abs() < 0.02, "{most:?}");
}

#[test]
fn a_loss_that_falls_fast_need_not_wait_for_the_weights_to_grow() {
    let horizon = horizon(1.0, StepRule::Proportional);
    let mut falling = measurement(&[0.1; 3]);
    falling.layers.iter_mut().for_each(|layer| layer.weight_norm = 1e6);
    let evidence = Evidence { measurement: &falling, units: &[], horizon, readings: None };
    let steps = evidence.descent_steps().unwrap();
    assert!((steps - LOSS / 0.03).abs() < 1e-9, "{steps}");
    assert!(growth_steps(&evidence).unwrap() > 1e6);
    assert!((escape_steps(&evidence).unwrap() - DESCENT_FACTOR * steps).abs() < 1e-9);
}

#[test]
fn a_gradient_that_moves_all_answers_alike_holds_growth_up() {
    let horizon = horizon(1.0, StepRule::Proportional);
    let mut shared = measurement(&[0.01; 3]);
    shared.layers.iter_mut().for_each(|layer| layer.telling_norm = 1e-4);
    let evidence = Evidence { measurement: &shared, units: &[], horizon, readings: None };
    assert!((growth_steps(&evidence).unwrap() / 1e4 - 1.0).abs() < 1e-9);
    // The loss falls by 3·10⁻⁸ per step: 333,333 times too slowly for 100 steps.
    let held_up = (1.0 / 3e-8_f64 / 100.0).powf(DESCENT_POWER);
    assert!((escape_steps(&evidence).unwrap() / (1e4 * held_up) - 1.0).abs() < 1e-9);
}

#[test]
fn the_rest_of_what_rows_differ_in_is_learned_the_later_the_less_of_it_depth_leaves() {
    let horizon = horizon(1.0, StepRule::Proportional);
    let mut deep = measurement(&[0.1; 5]);
    deep.layers.iter_mut().for_each(|layer| layer.units = 32);
    let of = |measurement: &Measurement| {
        let evidence = Evidence { measurement, units: &[], horizon, readings: None };
        let shares = [learning_share(&evidence), escape_share(&evidence)].map(Option::unwrap);
        assert!((shares[0] / shares[1] / evidence.narrowing() - 1.0).abs() < 1e-12);
        evidence.narrowing()
    };
    assert_eq!(of(&deep), 1.0);
    // One direction has a share of 0.99 of the variance, the others 0.01: d = 1 / 0.99² ≈ 1.02.
    deep.layers[3].directions = 1.02;
    assert!((of(&deep) - 150.0).abs() < 1e-9);
    // Three outputs ask for two directions, two for one.
    deep.layers[4].units = 3;
    assert!((of(&deep) - 50.0).abs() < 1e-9);
    deep.layers[4].units = 2;
    assert_eq!(of(&deep), 1.0);
    // A single unit has one direction, whatever stands around it.
    deep.layers[4].units = 32;
    deep.layers[2].units = 1;
    assert_eq!(of(&deep), 1.0);
    deep.layers[2].units = 32;
    // Rounding decides nothing: of one direction d is 1, a little more or a little less.
    let last = [1.0 - 1e-15, 1.0, 1.0 + 1e-15].map(|d| {
        deep.layers[3].directions = d;
        of(&deep)
    });
    assert!(last.iter().all(|narrowing| (narrowing / 3e6 - 1.0).abs() < 1e-9), "{last:?}");
    // Where no row differs from another, zeros wait for their first step.
    deep.layers[3].directions = 0.0;
    assert_eq!(of(&deep), 1.0);
    // Weights that have learned have found theirs.
    deep.layers[3].directions = 1.02;
    deep.loss_of_zero_output = 3.0 * LOSS;
    assert_eq!(of(&deep), 1.0);
}

#[test]
fn a_start_of_one_direction_does_not_learn_what_many_ask_for() {
    let mut deep = measurement(&[0.01; 5]);
    deep.layers.iter_mut().for_each(|layer| layer.units = 32);
    assert_eq!(word(&deep, 1.0), Verdict::Learns);
    deep.layers[3].directions = 1.001;
    assert_eq!(word(&deep, 1.0), Verdict::Stuck);
}

#[test]
fn what_no_line_tells_is_learned_the_later_the_less_a_network_bends() {
    let horizon = horizon(1.0, StepRule::Proportional);
    let mut chain = measurement(&[0.1; 3]);
    let of = |measurement: &Measurement| {
        let evidence = Evidence { measurement, units: &[], horizon, readings: None };
        let shares = [learning_share(&evidence), escape_share(&evidence)].map(Option::unwrap);
        assert!((shares[0] / shares[1] / evidence.bending() - 1.0).abs() < 1e-12);
        evidence.bending()
    };
    assert_eq!(of(&chain), 1.0, "a line is enough");
    chain.bend = Some(Bend { asked: 0.9, given: 0.2 });
    assert_eq!(of(&chain), 1.0, "it bends enough");
    chain.bend = Some(Bend { asked: 0.9, given: 3e-5 });
    assert!((of(&chain) - 100.0).abs() < 1e-9);
    assert_eq!(word(&measurement(&[0.1; 3]), 1.0), Verdict::Learns);
    chain.bend = Some(Bend { asked: 0.9, given: 0.0 });
    assert_eq!(word(&chain, 1.0), Verdict::Stuck, "a linear network stays one");
    // What stands in a branch, or waits for a first step, may bend what the others do not.
    chain.layers[1].branches.push("block".to_owned());
    assert_eq!(of(&chain), 1.0);
    chain.layers[1].branches.clear();
    chain.layers[2].weight_norm = 0.0;
    chain.layers[1].gradient_norm = 0.0;
    assert_eq!(of(&chain), 1.0);
    // Weights that have learned bend where they have to.
    chain =
        Measurement { loss_of_zero_output: 3.0 * LOSS, bend: chain.bend, ..measurement(&[0.1; 3]) };
    assert_eq!(of(&chain), 1.0);
}

#[test]
fn bounds_of_the_escape_are_logarithms_of_its_shares() {
    assert!((ESCAPE.warn - SLOW_SHARE.ln()).abs() < 1e-12);
    assert!((ESCAPE.fail - STUCK_SHARE.ln()).abs() < 1e-12);
    assert!((LARGEST_GROWTH - 1e4_f64.ln()).abs() < 1e-12);
    assert!((SLOW_SHARE.log10() - 0.7).abs() < 1e-12 && (STUCK_SHARE.log10() - 1.8).abs() < 1e-12);
}

#[test]
fn a_start_is_settled_where_more_rows_could_not_change_its_word() {
    const ROWS: usize = 40;
    // Where a gradient is noise, the rows' own gradients are √rows times as long.
    let settled = |noise: f64, learning_rate: f64, times: f64| {
        let horizon = horizon(learning_rate, StepRule::Proportional);
        let mut measurement = Measurement { rows: ROWS, ..measurement(&[1.0; 4]) };
        let of_rows = (1.0 + noise * (ROWS - 1) as f64).sqrt();
        for layer in &mut measurement.layers {
            (layer.row_gradient_norm, layer.row_telling_norm) = (of_rows, of_rows);
        }
        let measurement = &measurement;
        is_settled(&Evidence { measurement, units: &[], horizon, readings: None }, times)
    };
    assert!(settled(1.0, 0.1, 4.0), "it escapes after five of a hundred steps");
    assert!(!settled(1.0, 1e-3, 4.0), "500 steps are near the limit of slow");
    assert!(settled(0.05, 1e-3, 4.0), "so they are, and little of that is noise");
    assert!(settled(1.0, 1e-3, 1.0), "all rows were seen");
    assert!(settled(1.0, 1e-6, 4.0), "it stays for ever, and noise cannot hide that");
    assert!(!settled(1.0, 0.65, 4.0), "three steps of 0.65 are about the largest jump");
    assert!(!settled(0.2, 0.65, 4.0), "a jump is known to a quarter");
    assert!(settled(0.01, 0.65, 4.0), "so is this one, and more rows say the same");
}

#[test]
fn noise_is_taken_off_twice_and_never_more_than_all_of_it() {
    let of = |row_gradient_norm: f64| {
        let mut layer = LayerMeasurement { row_gradient_norm, ..layer("0", 1.0) };
        layer.foresee(101, 4.0);
        layer.gradient_norm
    };
    assert_eq!(of(1.0), 1.0);
    // A tenth of the square is noise, of which three quarters go.
    assert!((of(11.0_f64.sqrt()).powi(2) - (1.0 - 2.0 * 0.075)).abs() < 1e-12);
    assert_eq!(of(1e3), 0.5, "four times the rows have half of the noise");
}
