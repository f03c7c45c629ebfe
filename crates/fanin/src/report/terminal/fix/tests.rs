//! What a repair says of sound starts, of changes, and of what comes next.

use super::*;
use crate::check::Severity;
use crate::recommend::Change;
use crate::report::terminal::sample_of_a_diagnosis;
use crate::spec::Role;
use crate::weights::Weights;

fn change(parameter: &str, deviation: f64) -> Change {
    Change {
        parameter: parameter.to_owned(),
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
    Repair { before, tried: Vec::new(), recommendation, after, limit: Severity::Fail }
}

fn told(repair: &Repair, spec: &Spec, is_stand_in: bool) -> (String, String) {
    let told = Fixed {
        model: "4 -> 8 relu -> 2".to_owned(),
        named: "features -> 8 relu -> outputs".to_owned(),
        start: spec.init.scheme.clone(),
        data: "digits".to_owned(),
        is_stand_in,
        spec,
        repair,
        proof: None,
        files: &[],
        code: None,
    };
    (fix(&told, 132), fixed(&told, 132))
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
