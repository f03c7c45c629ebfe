//! Changes are offered where they help, with numbers, and to no healthy network.

use super::*;
use crate::check::Verdict;
use crate::check::evidence::{Horizon, StepRule};
use crate::data::{Fitted, Preparation};
use crate::recommend::fold_standardization;
use crate::recommend::tests::Case;
use crate::spec::{Loss, Mode};

#[track_caller]
fn check(case: &Case, change: &str) -> Offer {
    let diagnosis = case.diagnose(&case.weights);
    let all = offers(&case.problem(), &diagnosis);
    let found = all.iter().find(|offer| offer.change.contains(change));
    found.unwrap_or_else(|| panic!("no `{change}` in {all:#?}")).clone()
}

#[test]
fn a_healthy_network_is_offered_nothing() {
    for model in ["64 -> 2x32 relu -> 10", "64 -> 32 batch_norm relu -> 10"] {
        let case = Case::new(model, "he-normal");
        let diagnosis = case.diagnose(&case.weights);
        assert_eq!(offers(&case.problem(), &diagnosis), []);
    }
}

#[test]
fn remedies_are_named_for_their_files() {
    let source = include_str!("mod.rs");
    let modules = source.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let files: Vec<String> =
        modules.filter(|m| *m != "tests").map(|m| m.replace('_', "-")).collect();
    let names: Vec<&str> = REMEDIES.iter().map(|remedy| remedy.name()).collect();
    assert_eq!(names, files);
}

#[test]
fn a_rate_beyond_the_sharpness_is_offered_smaller() {
    let mut case = Case::new("64 -> 2x32 tanh -> 10", "he-normal");
    case.horizon = Horizon { effective_learning_rate: 1000.0, ..case.horizon };
    let offer = check(&case, "a learning rate of");
    assert!(offer.change.ends_with("instead of 100.0"), "{offer:?}");
}

/// The rate that is offered for a start with this planned rate; none where none is.
fn rate_offered(case: &mut Case, planned: f64, momentum: f64, forecast: Verdict) -> Option<f64> {
    let effective_learning_rate = planned / (1.0 - momentum);
    case.horizon = Horizon { effective_learning_rate, momentum, ..case.horizon };
    let diagnosis = Diagnosis { forecast, ..case.diagnose(&case.weights) };
    let offer = learning_rate::LearningRate.offer(&case.problem(), &diagnosis)?;
    let rate = offer.how.strip_prefix("`--learning-rate ")?;
    rate.split('`').next()?.parse().ok()
}

#[test]
fn a_flat_start_is_not_offered_a_rate_that_diverges() {
    let mut fading = Case::new("64 -> 10x64 relu -> 10", "torch-default");
    assert_eq!(rate_offered(&mut fading, 0.02, 0.9, Verdict::Stuck), None);
    assert_eq!(rate_offered(&mut fading, 1e-5, 0.9, Verdict::Stuck), Some(0.02));
    assert_eq!(rate_offered(&mut fading, 1e-5, 0.0, Verdict::Stuck), Some(0.2));
}

#[test]
fn a_sound_start_with_tiny_steps_is_offered_the_usual_rate_at_most() {
    let mut sound = Case::new("64 -> 2x64 relu -> 10", "he-normal");
    assert_eq!(rate_offered(&mut sound, 1e-5, 0.9, Verdict::Slow), Some(0.02));
    assert_eq!(rate_offered(&mut sound, 1e-5, 0.9, Verdict::Learns), None);
}

#[test]
fn a_start_that_no_rate_mends_is_offered_none() {
    let mut wild = Case::new("64 -> 8x64 sin -> 10", "normal:5");
    assert_eq!(rate_offered(&mut wild, 0.02, 0.9, Verdict::Unstable), None);
}

#[test]
fn normalized_steps_are_offered_their_usual_rate_or_none() {
    let mut case = Case::new("64 -> 4x64 relu -> 10", "he-normal");
    case.horizon.step_rule = StepRule::Normalized;
    case.horizon.epsilon = 1e-8;
    assert_eq!(rate_offered(&mut case, 1e-3, 0.0, Verdict::Unsure), None);
    assert_eq!(rate_offered(&mut case, 1.0, 0.0, Verdict::Unstable), Some(1e-3));
}

#[test]
fn the_usual_step_is_that_of_the_training_that_is_planned_by_default() {
    assert_eq!(Horizon::SAMPLE.effective_learning_rate, crate::check::fitting_rate::USUAL);
}

#[test]
fn features_far_from_unit_scale_are_offered_standardized() {
    let mut case = Case::new("64 -> 32 relu -> 10", "he-normal");
    case.data.features.iter_mut().for_each(|x| *x = 100.0 * *x + 500.0);
    let offer = check(&case, "mean 0 and variance 1");
    assert!(offer.reason.contains("deviations from 0"), "{offer:?}");
    assert!(offer.how.starts_with("`--standardize standard`"), "{offer:?}");
}

#[test]
fn a_fading_chain_is_offered_a_normalization_and_its_tailored_slope() {
    let case = Case::new("64 -> 10x32 relu -> 10", "torch-default");
    assert!(check(&case, "a normalization").reason.contains("over 10 hidden layers"));
    let case = Case::new("64 -> 30x16 relu -> 10", "torch-default");
    let offer = check(&case, "`leaky_relu:0.");
    assert!(offer.how.contains("`--scheme orthogonal:1."), "{offer:?}");
    let curved = Case::new("64 -> 12x32 softplus -> 10", "xavier-normal");
    assert!(check(&curved, "softplus in the form").how.starts_with("α = 0."));
}

#[test]
fn a_growing_stream_is_offered_branches_at_zero() {
    let case = Case::new("64 -> 32 relu -> 6x(32 relu -> 32) residual -> 10", "he-normal");
    let offer = check(&case, "a gain of 0 on each of 6 residual branches");
    assert!(offer.how.contains("role:residual-output"), "{offer:?}");
}

#[test]
fn sick_numbers_are_met_without_panic() {
    for value in [0.0, f32::NAN, f32::INFINITY, 1e30] {
        let mut case = Case::new("64 -> 6x8 relu -> 10", "he-normal");
        case.set("0.weight", value);
        let diagnosis = case.diagnose(&case.weights);
        offers(&case.problem(), &diagnosis);
        let problem = Problem { data: None, ..case.problem() };
        offers(&problem, &diagnosis);
    }
}

#[test]
fn folded_standardization_computes_the_same_on_raw_features() {
    let mut case = Case::new("64 -> 8 tanh -> 10", "he-normal");
    let columns = (0..64).cycle();
    for (x, column) in case.data.features.iter_mut().zip(columns) {
        *x = *x * (1.0 + column as f32) + column as f32;
    }
    let fitted = Fitted::new(Preparation::Standard, &case.data.features, 64);
    let fold = |model| fold_standardization(model, &Loss::CrossEntropy, &case.weights, &fitted);
    let folded = fold(&case.model).unwrap();
    let raw = case.pre_activations(&folded, Mode::Probe);
    let mut scaled = Case::of(case.model.clone(), case.weights.clone());
    scaled.data.features.clone_from(&case.data.features);
    fitted.apply(&mut scaled.data.features);
    let wanted = scaled.pre_activations(&scaled.weights, Mode::Probe);
    for (a, b) in raw.iter().flatten().zip(wanted.iter().flatten()) {
        assert!((a - b).abs() < 1e-3, "{a} or {b}");
    }
}

#[test]
fn features_that_go_round_the_first_layer_are_not_folded() {
    let case = Case::new("64 -> (8 tanh -> 64) residual -> 10", "he-normal");
    let mut fitted = Fitted::new(Preparation::Standard, &case.data.features, 64);
    fitted.center.fill(3.0);
    let refused = fold_standardization(&case.model, &Loss::CrossEntropy, &case.weights, &fitted);
    assert!(refused.unwrap_err().to_string().contains("go another way"));
}
