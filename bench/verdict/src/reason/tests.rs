//! Reasons of hand-made disagreements about a network that is to reach 0.90 of `digits`.

use super::*;
use crate::score::samples::Sample;

/// A sample with three runs at the user's rate that end at `scores`.
fn sample(trained: &str, said: &str, scores: [f64; 3]) -> Sample {
    let mut sample = Sample::new(trained, said);
    assert_eq!((sample.case.group.task.target, sample.case.group.task.floor), (0.9, 0.37));
    assert_eq!(sample.case.group.rate_factor, 3.0);
    for score in scores {
        sample.run(1.0, trained).score = Some(score);
    }
    sample
}

#[track_caller]
fn check(sample: &Sample, expected: &str) {
    assert_eq!(of(&sample.row()), expected);
}

#[test]
fn a_seed_that_learns_is_the_surest_reason() {
    let mut hopeful = sample("stuck", "learns", [0.1; 3]);
    hopeful.label.runs[1].outcome = Outcome::Slow;
    hopeful.run(3.0, "learns");
    check(&hopeful, "Seeds disagree: 1 of 3 learn something.");
    let mut short = sample("slow", "learns", [0.88; 3]);
    short.label.runs[2].outcome = Outcome::Learns;
    check(&short, "Seeds disagree: 1 of 3 reach the target.");
}

#[test]
fn the_rate_is_at_fault_only_if_most_seeds_learn_at_another() {
    let mut sample = sample("unstable", "learns", [0.1; 3]);
    sample.run(0.3333, "stuck");
    sample.run(0.3333, "stuck");
    sample.run(3.0, "learns");
    sample.run(3.0, "stuck");
    sample.run(3.0, "slow");
    check(&sample, "The rate is too small: at ×3.0 it learns something.");
    sample.label.runs.truncate(5);
    sample.run(3.0, "learns");
    sample.run(3.0, "stuck");
    sample.run(0.1, "learns");
    check(&sample, "The rate is too large: at ×0.1 it learns something.");
}

#[test]
fn a_group_that_never_learns_is_hard() {
    let mut sample = sample("stuck", "learns", [0.1; 3]);
    let hard = "No start of the group learns at any rate: the network is hard, or training too \
                short.";
    check(&sample, hard);
    sample.maybe_at_fault = true;
    let unlucky = "A hard network or an unlucky start: no other start learns with every seed.";
    check(&sample, unlucky);
    sample.learning_starts = 1;
    check(&sample, &unlucky.replace("no other", "one other"));
    sample.at_fault = true;
    check(&sample, UNKNOWN);
}

#[test]
fn scores_from_nine_tenths_of_the_target_on_are_near_it() {
    let near = "Within a tenth of the target: ends at 0.82 of 0.90.";
    check(&sample("slow", "learns", [0.5, 0.82, 0.89]), near);
    assert!(!of(&sample("slow", "learns", [0.5, 0.80, 0.89]).row()).contains("Within"));
}

#[test]
fn what_is_short_of_the_target_is_held_against_data_rate_and_group() {
    let mut sample = sample("slow", "learns", [0.6; 3]);
    check(
        &sample,
        "No start of the group learns with every seed: the network is hard, or training too \
         short; ends at 0.60 of 0.90.",
    );
    sample.learning_starts = 2;
    check(
        &sample,
        "Leaves its start, but ends at 0.60 of the 0.90 that 2 other starts reach with every \
         seed. Why is unknown.",
    );
    sample.case.group.rate_factor = 30.0;
    check(&sample, "The rate is ×30 of the usual one; ends at 0.60 of 0.90.");
    sample.label.runs.iter_mut().for_each(|run| run.last_loss = Some(0.1));
    check(&sample, "Learns the training rows (loss 0.10), but only 0.60 of the others.");
    sample.label.runs[0].last_loss = Some(0.106);
    check(&sample, "The rate is ×30 of the usual one; ends at 0.60 of 0.90.");
}

#[test]
fn failures_under_another_name_tell_what_parts_the_names() {
    let sample = |trained, said| sample(trained, said, [0.3; 3]);
    let rightly = |limit: &str| format!("An alarm, and rightly: ends at 0.30, {limit} 0.37.");
    check(&sample("stuck", "slow"), &rightly("where slow begins at"));
    check(&sample("slow", "unstable"), &rightly("and stuck is below"));
    let mut calm = sample("stuck", "unstable");
    (calm.label.runs[1].first_loss, calm.label.runs[1].peak_loss) = (Some(1e7), Some(2e7));
    check(
        &calm,
        "Fails as said, but the loss never jumps: 1e7 at first, 2e7 at most, 2.30 at last.",
    );
    let mut restless = sample("unstable", "stuck");
    restless.label.runs[2].peak_loss = Some(16.2);
    check(&restless, "Fails as said, but the loss jumps from 2.30 to 16.20 and does not settle.");
    restless.label.runs[0].diverged = Some(7);
    check(&restless, "Fails as said, but not quietly: 1 of 3 runs diverge, the first in step 7.");
}

#[test]
fn an_open_verdict_tells_how_near_it_was() {
    let mut sample = Sample::new("stuck", "unsure");
    check(&sample, UNKNOWN);
    sample.judgment.evidence.insert("confidence".to_owned(), 0.484);
    check(&sample, "The likeliest word has 48 %.");
    let mut check_at = |steps: f64, rest: &str| {
        for (name, steps) in [("escape_steps", steps), ("planned_steps", 100.0)] {
            sample.judgment.evidence.insert(name.to_owned(), steps);
        }
        check(&sample, &format!("The likeliest word has 48 %: it {rest}."));
    };
    check_at(570.0, "leaves its start after ×5.7 of the planned steps, and slow begins at ×5");
    check_at(5000.0, "leaves its start after ×50.0 of the planned steps, and stuck begins at ×63");
    check_at(40.0, "learns, or its steps are too large");
}
