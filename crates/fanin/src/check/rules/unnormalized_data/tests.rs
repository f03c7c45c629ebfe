//! What is said of data far from unit scale, and what it is the cause of.

use super::*;
use crate::check::Diagnosis;
use crate::check::evidence::{Horizon, StepRule};
use crate::check::forecast::escape_steps;
use crate::data::{Dataset, Targets};
use crate::init::{Rules, for_model};
use crate::spec::{Extent, Loss, Model};

/// 256 rows of four features of unit scale; what is to be learned is a sum of them.
fn rows(target: impl Fn(f32) -> f32) -> Dataset {
    let number = |row: usize, column: usize| {
        let place = (row * 4 + column) as f32;
        1.4 * libm::sinf(place * place * 0.37 + 1.7 * place)
    };
    let features: Vec<f32> = (0..1024).map(|at| number(at / 4, at % 4)).collect();
    let sums = features.chunks_exact(4).map(|row| row[0] - row[1] + row[2] * row[3]);
    Dataset {
        name: "rows".to_owned(),
        feature_names: (0..4).map(|column| format!("x{column}")).collect(),
        targets: Targets::Values {
            values: sums.map(target).collect(),
            names: vec!["y".to_owned()],
        },
        features: features.into(),
    }
}

fn diagnose(model: &str, data: &Dataset, horizon: Horizon) -> Diagnosis {
    let model: Model = model.parse().unwrap();
    let weights = for_model(&model, &Rules::new("torch-default"), 0).unwrap();
    let (loss, extent) = (&Loss::MeanSquaredError, Extent::All);
    Diagnosis::claimed(&model, loss, &weights, &[], data, horizon, extent).unwrap()
}

const ADAM: Horizon = Horizon {
    effective_learning_rate: 1e-3,
    step_rule: StepRule::Normalized,
    momentum: 0.0,
    epsilon: 1e-8,
    ..Horizon::SAMPLE
};

/// A price of 250,000 ± 100,000 was called too large a step by descent, and a vanishing signal by Adam.
#[test]
fn numbers_to_learn_of_another_scale_are_the_first_cause() {
    let prices = rows(|sum| 250_000.0 + 60_000.0 * sum);
    for horizon in [Horizon::SAMPLE, ADAM] {
        let found = diagnose("4 -> 2x32 relu -> 1", &prices, horizon);
        let cause = found.cause().expect("it is told");
        assert_eq!(cause.code, "unnormalized-data", "{:?}", found.findings);
        assert!(
            cause.why.starts_with("the mean square of the numbers to learn is"),
            "{}",
            cause.why
        );
        assert!(cause.fix.contains("--standardize standard") && cause.fix.contains("subtract 2"));
        let symptoms = ["step-too-large", "step-too-small", "vanishing-signal"];
        let mut others = found.findings.iter().filter(|f| symptoms.contains(&f.code));
        assert!(others.clone().next().is_some(), "{:?}", found.findings);
        assert!(others.all(|f| f.consequence_of.is_some()), "{:?}", found.findings);
    }
    let scaled = diagnose("4 -> 2x32 relu -> 1", &rows(|sum| 0.6 * sum), Horizon::SAMPLE);
    let told = |code| scaled.findings.iter().any(|finding| finding.code == code);
    assert!(!told("unnormalized-data") && !told("step-too-large"), "{:?}", scaled.findings);
}

#[test]
fn numbers_to_learn_that_an_activation_gives_are_not_to_be_standardized() {
    let share = |sum: f32| (0.5 + 0.03 * sum).clamp(0.0, 1.0);
    let mut data = rows(share);
    data.features = data.features.iter().map(|x| x + 20.0).collect();
    let found = diagnose("4 -> 2x32 relu -> 1 sigmoid", &data, Horizon::SAMPLE);
    let own = found.findings.iter().find(|f| f.code == "unnormalized-data").expect("they are off");
    assert!(!own.fix.contains("--standardize"), "{}", own.fix);
    assert!(own.fix.ends_with("what its last activation gives, 0 to 1"), "{}", own.fix);

    let out = diagnose("4 -> 2x32 relu -> 1 sigmoid", &rows(|sum| sum), Horizon::SAMPLE);
    let reach = out.findings.iter().find(|f| f.code == "wrong-output-scale").expect("it is told");
    assert_eq!((reach.severity, reach.measured), (Severity::Warn, None));
    assert!(
        reach.why.contains("outside of 0 to 1") && reach.why.contains("sigmoid"),
        "{}",
        reach.why
    );
    assert!(reach.fix.contains("--standardize min-max"), "{}", reach.fix);
    let free = diagnose("4 -> 2x32 relu -> 1", &rows(|sum| sum), Horizon::SAMPLE);
    assert!(free.findings.iter().all(|f| f.code != "wrong-output-scale"), "{:?}", free.findings);
}

/// What a measured start with features of this mean square is said to be the cause of, where it takes so many
/// times the planned steps.
fn explains_vanishing(second: f64, share: f64) -> bool {
    let data = rows(|sum| 0.6 * sum);
    let mut measurement = diagnose("4 -> 2x32 relu -> 1", &data, Horizon::SAMPLE).measurement;
    measurement.input_second_moment = second;
    // A rate so small that the planned steps are many and the loss has no time to fall.
    let slow = Horizon { effective_learning_rate: 1e-6, ..Horizon::SAMPLE };
    let measurement = &measurement;
    let mut start = Evidence { measurement, units: &[], horizon: slow, readings: None };
    let taken = escape_steps(&start).unwrap();
    start.horizon.steps = (taken / share) as usize;
    let finding = Finding::plain("vanishing-signal", Severity::Fail, String::new(), String::new());
    UnnormalizedData.explains(&Case { starts: vec![start] }, &finding)
}

#[test]
fn small_features_make_a_signal_vanish_that_would_not_by_itself() {
    let fails = ESCAPE.fail.exp();
    assert!(explains_vanishing(1.7e-3, 2.0 * fails));
    assert!(!explains_vanishing(1.0, 2.0 * fails), "features of unit scale are no cause");
    assert!(!explains_vanishing(0.05, 1e4 * fails), "it would not grow with larger ones either");
}

#[test]
fn what_is_standardized_is_not_to_be_standardized_again() {
    let mut data = rows(|sum| 0.6 * sum);
    let wide = |row: &[f32]| [row, &[0.0; 60][..]].concat();
    data.features = data.features.chunks_exact(4).flat_map(wide).collect();
    data.feature_names = (0..64).map(|column| format!("x{column}")).collect();
    let found = diagnose("64 -> 2x32 relu -> 1", &data, Horizon::SAMPLE);
    let own = found.findings.iter().find(|f| f.code == "unnormalized-data").expect("they are few");
    assert!(own.why.contains("since 60 are the same in every row"), "{}", own.why);
    assert!(!own.fix.contains("--standardize"), "{}", own.fix);
}

#[test]
fn ranges_are_told_in_words() {
    assert_eq!(in_words([0.0, 1.0]), "0 to 1");
    assert_eq!(in_words([-1.0, f64::INFINITY]), "-1 and more");
    assert_eq!(in_words([f64::NEG_INFINITY, 0.5]), "0.50 and less");
}
