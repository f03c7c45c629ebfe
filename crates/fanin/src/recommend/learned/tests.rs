//! Slopes equal finite differences of the objectives, and learning improves a sick start.

use super::grad_init::{GradInitSettings, Objective, grad_init};
use super::meta_init::{MetaInitSettings, Quotient, meta_init};
use crate::check::evidence::{Horizon, StepRule};
use crate::recommend::rows::Rows;
use crate::recommend::tests::Case;
use crate::recommend::{Problem, Search, SearchObserver};
use fanin_kernels::threads;

/// Smooth, so that differences are derivatives.
const SMOOTH: &str = "64 -> 5 tanh -> 4 softplus -> 10";

#[track_caller]
fn check(slopes: &[f64], mut value: impl FnMut(&[f64]) -> f64) {
    const STEP: f64 = 1e-5;
    for block in 0..slopes.len() {
        let mut at = |offset: f64| {
            let mut alpha = vec![1.0; slopes.len()];
            alpha[block] += offset;
            value(&alpha)
        };
        let difference = (at(STEP) - at(-STEP)) / (2.0 * STEP);
        let error = (slopes[block] - difference).abs();
        // Central differences are off by about STEP² of a third derivative.
        assert!(
            error < 1e-6 * (1.0 + difference.abs()),
            "{block}: {} or {difference}",
            slopes[block]
        );
    }
}

fn with_rule(problem: Problem<'_>, step_rule: StepRule) -> Problem<'_> {
    Problem { horizon: Horizon { step_rule, ..problem.horizon }, ..problem }
}

#[test]
fn slopes_of_gradinit_are_those_of_its_objectives() {
    let case = Case::new(SMOOTH, "xavier-normal");
    for rule in [StepRule::Proportional, StepRule::Normalized] {
        let problem = with_rule(case.problem(), rule);
        let rows = |from: usize| {
            Rows::at(&problem, "gradinit", &(from..from + 8).collect::<Vec<usize>>()).unwrap()
        };
        let (first, second) = (rows(0), rows(4));
        let settings = GradInitSettings::default();
        let mut objective = Objective::<f64>::new(&problem, 8, &settings).unwrap();
        objective.curved.feed(first.batch());
        let norm = objective.norm();
        let slopes = objective.slopes_of_norm(&norm);
        check(&slopes, |alpha| {
            objective.move_to(alpha);
            objective.norm().value
        });
        objective.move_to(&vec![1.0; slopes.len()]);
        let slopes = objective.after_step(&norm, &first, &second).1;
        check(&slopes, |alpha| {
            objective.move_to(alpha);
            let norm = objective.norm();
            objective.after_step(&norm, &first, &second).0
        });
    }
}

#[test]
fn slopes_of_metainit_are_those_of_its_quotient() {
    let case = Case::new("64 -> 4 tanh -> 10", "xavier-normal");
    let problem = case.problem();
    let rows = Rows::of(&problem, "metainit", 8).unwrap();
    let mut quotient = Quotient::<f64>::new(&problem, 8).unwrap();
    quotient.feed(&rows);
    let (value, slopes) = quotient.measure();
    assert!(value > 0.0);
    let (trained, start) = (quotient.trained.clone(), quotient.parameters.clone());
    check(&slopes, |alpha| {
        for (&position, a) in trained.iter().zip(alpha) {
            let scaled = start[position].iter().map(|x| a * x);
            quotient.parameters[position] = scaled.collect();
        }
        quotient.measure().0
    });
}

/// Loss after one step of descent of length 0.1, at these weights.
fn after_one_step(problem: &Problem<'_>) -> f64 {
    let rows = Rows::of(problem, "gradinit", 128).unwrap();
    let settings = GradInitSettings::default();
    let mut objective = Objective::<f32>::new(problem, 128, &settings).unwrap();
    objective.curved.feed(rows.batch());
    let norm = objective.norm();
    objective.after_step(&norm, &rows, &rows).0 * settings.step
}

#[test]
fn gradinit_makes_the_first_step_of_a_sick_start_lower_the_loss_more() {
    for (scheme, rule) in [
        ("normal:0.05", StepRule::Proportional),
        ("normal:0.6", StepRule::Proportional),
        ("normal:0.6", StepRule::Normalized),
    ] {
        let case = Case::new("64 -> 4x12 relu -> 10", scheme);
        let problem = with_rule(case.problem(), rule);
        let settings =
            GradInitSettings { iterations: 60, rate: 0.03, rows: 32, ..Default::default() };
        let found = grad_init(&problem, "gradinit", &settings, &Search::default()).unwrap();
        let better = Problem { weights: &found.weights, ..problem };
        let (before, after) = (after_one_step(&problem), after_one_step(&better));
        assert!(after < before, "{scheme}: {before} to {after}");
        assert!(found.changes.iter().any(|change| change.reason.starts_with("scale ×")));
    }
}

#[test]
fn metainit_lowers_the_quotient_of_a_sick_start() {
    let case = Case::new("64 -> 3x8 tanh -> 10", "normal:1");
    let settings = MetaInitSettings { steps: 30, rows: 16, ..Default::default() };
    let problem = Problem { data: None, ..case.problem() };
    let found = meta_init(&problem, "metainit", &settings, &Search::default()).unwrap();
    let rows = Rows::of(&case.problem(), "metainit", 16).unwrap();
    let measure = |problem: &Problem<'_>| {
        let mut quotient = Quotient::<f32>::new(problem, 16).unwrap();
        quotient.feed(&rows);
        quotient.measure().0
    };
    let better = Problem { weights: &found.weights, ..problem };
    let (before, after) = (measure(&problem), measure(&better));
    assert!(after < before, "{before} to {after}");
}

#[test]
fn what_no_scale_can_learn_is_said() {
    let few = GradInitSettings { iterations: 3, rows: 16, ..Default::default() };
    let steps = MetaInitSettings { steps: 2, rows: 8, ..Default::default() };
    for (value, words) in [(f32::NAN, "not finite"), (0.0, "`0.weight`: all 0")] {
        let mut case = Case::new("64 -> 8 relu -> 8 relu -> 10", "he-normal");
        case.set("0.weight", value);
        let problem = case.problem();
        let found = grad_init(&problem, "gradinit", &few, &Search::default()).unwrap();
        assert!(found.unmet.iter().any(|line| line.contains(words)), "{:?}", found.unmet);
        let found = meta_init(&problem, "metainit", &steps, &Search::default()).unwrap();
        assert!(found.unmet.iter().any(|line| line.contains(words)), "{:?}", found.unmet);
        for change in found.changes {
            crate::init::find(&change.scheme).unwrap();
        }
    }
}

#[test]
fn threads_do_not_change_what_is_learned() {
    let case = Case::new("64 -> 2x12 relu -> 10", "torch-default");
    let few = GradInitSettings { iterations: 5, ..Default::default() };
    let learn = || grad_init(&case.problem(), "gradinit", &few, &Search::default()).unwrap();
    let all = threads::pool(4).unwrap().install(learn);
    assert_eq!(threads::pool(1).unwrap().install(learn), all);
}

/// Who wants no more after three iterations.
#[derive(Default)]
struct Impatient(std::sync::atomic::AtomicUsize);

impl SearchObserver for Impatient {
    fn on_iteration(&self, _method: &'static str, done: usize, _most: usize) {
        self.0.store(done, std::sync::atomic::Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed) >= 3
    }
}

#[test]
fn what_was_learned_until_a_wish_to_stop_is_kept() {
    let case = Case::new("64 -> 2x8 tanh -> 10", "normal:0.6");
    let problem = case.problem();
    let few = GradInitSettings { iterations: 3, rows: 16, ..Default::default() };
    let steps = MetaInitSettings { steps: 3, rows: 8, ..Default::default() };
    let observer = &Impatient::default();
    let search = &Search { observer, ..Search::default() };
    let all = grad_init(&problem, "gradinit", &few, &Search::default()).unwrap();
    let many = GradInitSettings { iterations: 390, ..few };
    let found = grad_init(&problem, "gradinit", &many, search).unwrap();
    assert_eq!(found.weights, all.weights);
    assert!(found.unmet.iter().any(|line| line == "stopped after 3 of 390 iterations"));
    observer.0.store(0, std::sync::atomic::Ordering::Relaxed);
    let all = meta_init(&problem, "metainit", &steps, &Search::default()).unwrap();
    let many = MetaInitSettings { steps: 500, ..steps };
    let found = meta_init(&problem, "metainit", &many, search).unwrap();
    assert_eq!(found.weights, all.weights);
    assert!(found.unmet.iter().any(|line| line == "stopped after 3 of 500 iterations"));
}
