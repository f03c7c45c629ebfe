//! What a repair says of sound starts, of changes, and of what comes next.

use super::*;
use crate::check::Severity;
use crate::compare::proof::Proven;
use crate::recommend::Change;
use crate::report::terminal::sample_of_a_diagnosis;
use crate::spec::{InitRule, Role};
use crate::weights::Weights;

fn change(parameter: &str, deviation: f64) -> Change {
    Change {
        parameter: parameter.to_owned(),
        module: None,
        role: Role::Weight,
        before: Scale { mean: 0.0, deviation: 0.07 },
        after: Scale { mean: 0.0, deviation },
        scheme: format!("normal:{deviation}"),
        reason: "the signal keeps its size".to_owned(),
    }
}

fn repair(changes: Vec<Change>) -> Repair {
    let before = sample_of_a_diagnosis(Verdict::Stuck);
    let recommendation = Recommendation {
        method: "auto",
        weights: Weights::default(),
        changes,
        unmet: vec!["one wish".to_owned()],
        offers: vec![Offer {
            change: "a norm".to_owned(),
            reason: "it keeps scales".to_owned(),
            how: "64 layer_norm relu".to_owned(),
        }],
        learning_rate: None,
    };
    let mut after = before.clone();
    after.forecast = Verdict::Learns;
    after.findings.clear();
    let (recommendation, after) = (Some(recommendation), Some(after));
    let (tried, left_out) = (Vec::new(), Vec::new());
    Repair { before, tried, left_out, recommendation, after, limit: Severity::Fail }
}

fn told(repair: &Repair, spec: &Spec, is_stand_in: bool) -> (String, String) {
    let asked = Asked::default();
    let told = Fixed { is_stand_in, ..of(repair, spec, &asked) };
    (fix(&told, 132), fixed(&told, 132))
}

fn of<'a>(repair: &'a Repair, spec: &'a Spec, asked: &'a Asked) -> Fixed<'a> {
    Fixed {
        model: "4 -> 8 relu -> 2".to_owned(),
        named: "features -> 8 relu -> outputs".to_owned(),
        start: spec.init.scheme.clone(),
        data: "digits".to_owned(),
        is_stand_in: false,
        spec,
        asked,
        repair,
        proof: None,
        files: &[],
        notes: &[],
        code: None,
    }
}

/// What the last line says to do.
fn command(told: &Fixed<'_>) -> String {
    fixed(told, 132).lines().last().unwrap().trim().to_owned()
}

/// What a proof with this word showed, from rates 0.1 and 0.3.
fn proven(conclusion: Conclusion) -> Proven {
    use crate::compare::proof::{Proof, Side};
    let side = |learning_rate| Side {
        learning_rate,
        tried: Vec::new(),
        runs: Vec::new(),
        steps: Vec::new(),
        median: None,
        score: 0.5,
    };
    Proven::Trained(Box::new(Proof {
        training: "sgd".to_owned(),
        seeds: vec![0, 1],
        steps: 10,
        planned: 10,
        every: 5,
        chance: 0.1,
        asked: 0.9,
        threshold: 0.9,
        is_asked: true,
        before: side(0.1),
        after: side(0.3),
        ratio: None,
        conclusion,
    }))
}

#[test]
fn changes_stand_with_their_reasons_and_both_starts_beside_each_other() {
    let repair = repair(vec![change("0.weight", 0.2), change("2.weight", 0.3)]);
    let (text, next) = told(&repair, &Spec::default(), true);
    for part in [
        "starting from he-normal",
        "no data were named; standing in: digits",
        "before: stuck (",
        "recommended by auto: 2 parameters change",
        "*.weight (2)",
        "0.20 to 0.30",
        "normal:0.20 …",
        "the signal keeps its size",
        "not met: one wish",
        "a norm: it keeps scales",
        "64 layer_norm relu",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let forecast = text.lines().find(|line| line.starts_with(" forecast")).unwrap();
    assert!(forecast.contains("stuck") && forecast.contains("learns"), "{forecast}");
    let command = "fanin fix \"features -> 8 relu -> outputs\" --scheme he-normal --no-proof";
    assert!(next.contains(command), "{next}");
}

#[test]
fn a_start_that_is_left_alone_is_said_to_be() {
    let mut repair = repair(Vec::new());
    repair.recommendation = None;
    repair.after = None;
    repair.before.forecast = Verdict::Learns;
    let (text, next) = told(&repair, &Spec::default(), false);
    assert!(text.contains("nothing to change") && !text.contains("recommended"), "{text}");
    assert!(next.contains("fanin train \"features -> 8 relu -> outputs\""), "{next}");
    let tried = crate::recommend::Tried {
        method: "auto",
        forecast: Some(Verdict::Stuck),
        passed: false,
        reason: Some("chaos: too large".to_owned()),
    };
    repair.tried.push(tried);
    repair.before.forecast = Verdict::Stuck;
    let (text, _) = told(&repair, &Spec::default(), false);
    assert!(text.contains("tried auto: stuck: chaos: too large"), "{text}");
    assert!(text.contains("no method gave a better start"), "{text}");
}

#[test]
fn computed_rows_tell_no_learning_rate_for_others() {
    let mut spec = Spec::default();
    "teacher".clone_into(&mut spec.data.source);
    let (_, next) = told(&repair(Vec::new()), &spec, true);
    assert!(next.contains("--data YOUR_DATA") && !next.contains("teacher"), "{next}");
}

#[test]
fn the_next_command_repeats_what_was_asked_for() {
    let repair = repair(Vec::new());
    let mut spec = Spec::default();
    spec.data.ignore = vec!["row id".to_owned()];
    let rule = InitRule { pattern: "0.*".to_owned(), scheme: "zeros".to_owned() };
    spec.init.rules = vec![rule];
    let told = ["method", "fail-on", "seed"].map(|name| (name, Some(format!("a {name}"))));
    let asked = Asked { options: told.to_vec(), ..Asked::default() };
    let told = of(&repair, &spec, &asked);
    assert_eq!(
        command(&told),
        "fanin fix \"features -> 8 relu -> outputs\" --scheme he-normal --rule \"0.*=zeros\" \
         --method \"a method\" --fail-on \"a fail-on\" --seed \"a seed\" --ignore \"row id\" \
         --no-proof --output start.safetensors"
    );
    let files = [PathBuf::from("new start.npz")];
    let told = Fixed { files: &files, ..told };
    assert_eq!(
        command(&told),
        "fanin train \"features -> 8 relu -> outputs\" --weights \"new start.npz\" \
         --seed \"a seed\" --ignore \"row id\""
    );
}

#[test]
fn a_worse_start_is_advised_against() {
    let (mut repair, spec) = (repair(Vec::new()), Spec::default());
    repair.before.forecast = Verdict::Slow;
    repair.before.findings.clear();
    let files = [PathBuf::from("start.npz")];
    let weights = Asked { options: vec![("weights", Some("old.npz".to_owned()))], file: None };
    let (better, worse) = (proven(Conclusion::Better), proven(Conclusion::Worse));
    let model = "\"features -> 8 relu -> outputs\"";
    let plain = Asked::default();
    let told = Fixed { proof: Some(&better), files: &files, ..of(&repair, &spec, &plain) };
    let expected = format!("fanin train {model} --weights start.npz --learning-rate 0.3");
    assert_eq!(command(&told), expected);
    let told = Fixed { files: &[], ..told };
    let expected = "--scheme he-normal --no-proof --output start.safetensors";
    assert_eq!(command(&told), format!("fanin fix {model} {expected}"));
    let told = Fixed { proof: Some(&worse), files: &files, ..told };
    let expected = format!("fanin train {model} --scheme he-normal --learning-rate 0.1");
    assert_eq!(command(&told), expected);
    assert!(fixed(&told, 132).contains("advice: keep the start as it was"));
    assert!(told.is_healthy(), "nothing is wrong with it");
    let told = Fixed { asked: &weights, start: "old.npz".to_owned(), ..told };
    let expected = format!("fanin train {model} --weights old.npz --learning-rate 0.1");
    assert_eq!(command(&told), expected);
}

#[test]
fn a_start_that_a_finding_calls_stuck_is_never_advised() {
    let (mut repair, spec, asked) = (repair(Vec::new()), Spec::default(), Asked::default());
    let why = "all units are equal".to_owned();
    let finding = crate::check::Finding::plain("unit-symmetry", Severity::Fail, why, String::new());
    repair.before.findings = vec![finding];
    let worse = proven(Conclusion::Worse);
    let told = Fixed { proof: Some(&worse), ..of(&repair, &spec, &asked) };
    let text = fixed(&told, 132);
    assert!(!text.contains("keep the start") && text.contains("unit-symmetry"), "{text}");
    let model = "\"features -> 8 relu -> outputs\"";
    let expected = format!("fanin fix {model} --scheme he-normal --seeds 10 --seconds 0");
    assert_eq!(command(&told), expected);
    assert!(told.is_healthy(), "the new start is");
    // Forecast slow, it may be kept, and still ends as a start with that finding does.
    repair.before.forecast = Verdict::Slow;
    let told = Fixed { proof: Some(&worse), ..of(&repair, &spec, &asked) };
    assert!(told.keeps_start() && !told.is_healthy());
}

#[test]
fn methods_that_were_left_out_are_said_to_be() {
    let mut repair = repair(Vec::new());
    let reason = "it would take about 400 seconds, and 20 are left".to_owned();
    repair.left_out = vec![crate::recommend::LeftOut { method: "gradinit", reason }];
    let (text, _) = told(&repair, &Spec::default(), false);
    assert!(text.contains("\nleft out gradinit: it would take about 400 seconds"), "{text}");
}
