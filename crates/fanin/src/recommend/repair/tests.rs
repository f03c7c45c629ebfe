//! Sound starts are left alone, sick ones get the first method that serves, failures are told.

use super::*;
use crate::check::evidence::Horizon;
use crate::init::{Rules, find as scheme, for_model};
use crate::recommend::{Change, Facts, Redrawn, Scale, SearchObserver};
use crate::spec::{Loss, Model, Role, Spec};

/// A method that gives every weight the same scheme, or fails where there is none.
struct Draws {
    facts: &'static Facts,
    scheme: Option<&'static str>,
}

const fn facts(name: &'static str, needs_data: bool) -> Facts {
    Facts { name, about: "", source: "", needs_data, redrawn: Redrawn::Whole }
}

impl Method for Draws {
    fn facts(&self) -> &'static Facts {
        self.facts
    }

    fn find(&self, problem: &Problem<'_>) -> Result<Recommendation> {
        let text = self.scheme.ok_or_else(|| Error::Setting {
            place: "data".to_owned(),
            found: "none".to_owned(),
            expected: "rows".to_owned(),
        })?;
        let mut found = problem.unchanged(self.facts().name);
        let parameters = problem.model.parameters()?;
        for parameter in parameters.iter().filter(|p| p.role == Role::Weight) {
            let distribution = scheme(text)?.distribution(parameter)?;
            found.changes.push(Change {
                parameter: parameter.name.clone(),
                module: None,
                role: parameter.role,
                before: Scale::of(problem.weights.get(&parameter.name).unwrap().data()),
                after: Scale { mean: 0.0, deviation: distribution.deviation() },
                scheme: text.to_owned(),
                reason: "for the test".to_owned(),
            });
        }
        found.weights = found.drawn(problem.model, problem.weights, problem.seed)?;
        Ok(found)
    }
}

/// What becomes of ten layers that start by `start`.
fn repaired(start: &str, methods: &[&dyn Method]) -> Repair {
    repaired_within(start, methods, &Search::default())
}

fn repaired_within(start: &str, methods: &[&dyn Method], search: &Search<'_>) -> Repair {
    let spec = Spec { model: "64 -> 10x32 relu -> 10".parse().unwrap(), ..Spec::default() };
    let data = crate::data::for_spec(&spec).unwrap();
    let model: Model = spec.model.resolve(64, 10).unwrap();
    let weights = for_model(&model, &Rules::new(start), 0).unwrap();
    let problem = Problem {
        model: &model,
        loss: &Loss::CrossEntropy,
        weights: &weights,
        data: Some(&data.train),
        horizon: Horizon::SAMPLE,
        seed: 0,
    };
    repair_by(methods, &problem, &data.train, Severity::Fail, search).unwrap()
}

/// A method that takes longer than it may, or is stopped.
struct Slow(fn() -> Error);

impl Method for Slow {
    fn facts(&self) -> &'static Facts {
        static FACTS: Facts = facts("slow", false);
        &FACTS
    }

    fn find(&self, _problem: &Problem<'_>) -> Result<Recommendation> {
        Err(self.0())
    }
}

/// Who wants no more.
struct Stopped;

impl SearchObserver for Stopped {
    fn is_stopped(&self) -> bool {
        true
    }
}

fn left_out(repair: &Repair) -> Vec<&str> {
    repair.left_out.iter().map(|left| left.method).collect()
}

const SOUND: Draws = Draws { facts: &facts("sound", false), scheme: Some("he-normal") };
const SICK: Draws = Draws { facts: &facts("sick", false), scheme: Some("normal:0.001") };
const NONE: Draws = Draws { facts: &facts("none", true), scheme: None };

#[test]
fn sound_start_is_left_alone() {
    let repair = repaired("he-normal", &[&SOUND]);
    assert!(repair.tried.is_empty() && repair.recommendation.is_none() && repair.is_healthy());
}

#[test]
fn first_method_whose_start_passes_is_taken() {
    let repair = repaired("torch-default", &[&NONE, &SOUND, &SICK]);
    let tried: Vec<(&str, bool)> = repair.tried.iter().map(|t| (t.method, t.passed)).collect();
    assert_eq!(tried, [("none", false), ("sound", true)], "none after it is asked");
    assert!(repair.tried[0].reason.as_ref().unwrap().contains("expected rows"));
    assert_eq!(repair.recommendation.as_ref().unwrap().changes.len(), 11);
    assert!(repair.is_healthy() && !gate::fails(repair.after.as_ref().unwrap(), Severity::Fail));
}

#[test]
fn start_that_is_no_better_is_not_taken() {
    let repair = repaired("torch-default", &[&SICK]);
    assert!(repair.recommendation.is_none() && !repair.is_healthy(), "{:?}", repair.tried);
    assert_eq!(repair.result(), &repair.before);
    assert!(!repair.tried[0].passed && repair.tried[0].reason.is_some());
}

#[test]
fn changed_parameters_are_drawn_for_any_seed_and_others_kept() {
    let repair = repaired("torch-default", &[&SOUND]);
    let found = repair.recommendation.unwrap();
    let model: Model = "64 -> 10x32 relu -> 10".parse().unwrap();
    let base = for_model(&model, &Rules::new("torch-default"), 5).unwrap();
    let drawn = found.drawn(&model, &base, 5).unwrap();
    let he = for_model(&model, &Rules::new("he-normal"), 5).unwrap();
    assert_eq!(drawn.get("2.weight"), he.get("2.weight"));
    assert_eq!(drawn.get("2.bias"), base.get("2.bias"));
    assert_ne!(drawn.get("2.weight"), found.weights.get("2.weight"), "another seed");
}

#[test]
fn a_method_that_does_not_fit_is_left_out_and_the_next_is_asked() {
    let too_dear = || Error::TooDear {
        name: "slow",
        work: "390 iterations".to_owned(),
        needed: 400.0,
        left: 20.0,
    };
    let repair = repaired("torch-default", &[&Slow(too_dear), &SOUND]);
    assert_eq!(left_out(&repair), ["slow"]);
    assert!(repair.left_out[0].reason.contains("would take about 400 s"));
    assert_eq!(repair.recommendation.map(|found| found.method), Some("sound"));
}

#[test]
fn without_time_the_first_method_alone_is_asked() {
    let search = Search { seconds: Some(0.0), ..Search::default() };
    let repair = repaired_within("torch-default", &[&SICK, &SOUND], &search);
    assert!(repair.recommendation.is_none() && left_out(&repair) == ["sound"]);
    assert_eq!(repair.tried.len(), 1);
    let repair = repaired_within("torch-default", &[&SOUND, &SICK], &search);
    assert!(repair.recommendation.is_some() && repair.left_out.is_empty());
}

#[test]
fn a_search_that_is_stopped_keeps_what_it_found() {
    let search = Search { observer: &Stopped, ..Search::default() };
    let repair = repaired_within("zeros", &[&Slow(|| Error::Interrupted), &SOUND], &search);
    assert_eq!(left_out(&repair), ["slow", "sound"]);
    assert_eq!(repair.left_out[1].reason, "the search was stopped");
}
