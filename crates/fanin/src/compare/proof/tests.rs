//! Two starts that differ, that are the same, and that nothing can be learned from.

use super::*;
use crate::init::{Rules, for_model};
use crate::spec::Spec;

/// What comes of two schemes in one network on the embedded digits.
fn proof(model: &str, before: &str, after: &str, epochs: usize) -> Proof {
    let proven = proven(model, (before, after), epochs, &Interrupt::default());
    proven.trained().unwrap().clone()
}

fn proven(
    model: &str,
    (before, after): (&str, &str),
    epochs: usize,
    interrupt: &Interrupt,
) -> Proven {
    let mut spec = Spec { model: model.parse().unwrap(), ..Spec::default() };
    spec.train.epochs = epochs;
    let data = crate::data::for_spec(&spec).unwrap();
    let model = crate::import::resolve(&spec, 64, 10).unwrap();
    let start = |scheme: &str| {
        let (model, rules) = (model.clone(), Rules::new(scheme));
        move |seed| for_model(&model, &rules, seed)
    };
    let (before, after) = (start(before), start(after));
    let training = Training { model: &model, spec: &spec, data: &data };
    let contest = Contest { training, before: &before, after: &after };
    let usual = ProofOptions::default();
    let factors = vec![0.3, 1.0];
    let options = ProofOptions { seeds: (0..4).collect(), factors, seconds: None, ..usual };
    prove(&contest, &options, &(), interrupt).unwrap()
}

#[test]
fn a_proof_that_is_stopped_says_how_far_it_came() {
    let interrupt = Interrupt::default();
    interrupt.request();
    let starts = ("zeros", "he-normal");
    let proven = proven("features -> 4 relu -> outputs", starts, 1, &interrupt);
    assert_eq!(proven, Proven::Interrupted { ended: 0, runs: 12 });
    assert!(proven.trained().is_none());
}

#[test]
fn a_sound_start_is_better_than_one_that_shrinks_the_signal() {
    let proof = proof("features -> 6x32 relu -> outputs", "torch-default", "he-normal", 10);
    assert_eq!(proof.conclusion, Conclusion::Better, "{:?}", proof.ratio);
    assert!(proof.is_asked && proof.after.steps.iter().all(Option::is_some));
    assert!(proof.before.median.is_none_or(|median| median > proof.after.median.unwrap()));
    assert_eq!(proof.steps, proof.planned, "no limit of time");
}

#[test]
fn a_start_is_no_better_than_itself() {
    let proof = proof("features -> 16 relu -> outputs", "he-normal", "he-normal", 3);
    assert_eq!(proof.conclusion, Conclusion::NoDifference);
    assert_eq!(proof.before, proof.after, "same seeds, order and rates give the same bits");
}

#[test]
fn units_that_stay_equal_learn_on_neither_side() {
    let proof = proof("features -> 3x16 relu -> outputs", "zeros", "zeros", 2);
    assert_eq!(proof.conclusion, Conclusion::NeitherLearns);
    assert!(proof.ratio.is_none() && proof.before.steps.iter().all(Option::is_none));
}

#[test]
fn a_target_out_of_reach_gives_way_to_one_that_is_said() {
    let proof = proof("features -> 1x8 tanh -> outputs", "normal:0.01", "xavier-normal", 1);
    assert!(!proof.is_asked && proof.threshold > proof.chance && proof.threshold < 0.9);
    let reached = proof.before.steps.iter().chain(&proof.after.steps).flatten().count();
    assert!(reached > 0, "the best run reaches nine tenths of its own way");
}

#[test]
fn a_limit_of_time_leaves_out_steps_and_says_so() {
    let mut options = ProofOptions { seconds: Some(0.0), ..ProofOptions::default() };
    assert!(options.validate().is_err());
    options.seeds = vec![1];
    assert!(options.validate().unwrap_err().to_string().contains("at least two"));
}
