//! Rates of a hand-made benchmark whose answers are counted by hand.

use super::*;
use crate::cases;

fn label(case: &Case, outcome: Outcome, best: Outcome) -> Label {
    Label {
        key: label::key(case),
        case: case.describe(),
        outcome,
        mixed: false,
        best,
        runs: Vec::new(),
        seconds: 0.0,
    }
}

fn judgment(case: &Case, verdict: &str, severity: &str) -> Judgment {
    let finding = Finding {
        code: "unit-symmetry".to_owned(),
        severity: severity.to_owned(),
        module: None,
        why: String::new(),
    };
    Judgment {
        key: case.key(),
        case: case.describe(),
        verdict: verdict.to_owned(),
        findings: if severity.is_empty() { Vec::new() } else { vec![finding] },
        evidence: BTreeMap::new(),
        seconds: 0.0,
        epoch_seconds: None,
    }
}

#[test]
fn rates_of_two_groups_are_those_counted_by_hand() {
    use Outcome::{Learns, Stuck, Unstable};
    let cases = &cases::all()[..12];
    assert_eq!((cases[5].group.number, cases[6].group.number), (0, 1));
    // The first group can learn, the second cannot.
    let outcomes = [
        (Learns, Learns, "learns", ""),
        (Learns, Learns, "stuck", "fail"),
        (Learns, Learns, "unsure", "inconclusive"),
        (Unstable, Learns, "unstable", "fail"),
        (Stuck, Stuck, "stuck", "fail"),
        (Stuck, Stuck, "learns", "warn"),
        (Stuck, Stuck, "learns", ""),
    ];
    let rows = || cases.iter().zip(outcomes);
    let labels: Vec<Label> = rows().map(|(c, o)| label(c, o.0, o.1)).collect();
    let judgments: Vec<Judgment> = rows().map(|(c, o)| judgment(c, o.2, o.3)).collect();
    let joined = join(cases, &labels, &judgments);
    assert_eq!(joined.len(), outcomes.len());
    let scores = Scores::of(&joined);
    let share = |part, whole| Share { part, whole };
    assert_eq!(scores.false_alarms, share(1, 3));
    assert_eq!(scores.false_fails, share(1, 3));
    assert_eq!(scores.recall, share(1, 2));
    assert_eq!(scores.fail_recall, share(1, 2));
    assert_eq!(scores.wide_recall, share(1, 2));
    assert_eq!(scores.unsure, share(1, 7));
    assert_eq!(scores.exact, share(3, 7));
    assert!((scores.balanced - (1.0 / 3.0 + 1.0 / 3.0 + 1.0) / 3.0).abs() < 1e-15);
    assert!((scores.balanced_binary - f64::midpoint(1.0 / 3.0, 2.0 / 4.0)).abs() < 1e-15);
}

/// The bounds from Wilson's formula in double precision, by hand.
#[test]
fn wilson_interval_equals_that_of_statsmodels() {
    let (low, high) = Share { part: 3, whole: 20 }.interval();
    assert!((low - 0.052_368_7).abs() < 1e-7 && (high - 0.360_418_9).abs() < 1e-7, "{low} {high}");
    assert_eq!(Share { part: 0, whole: 5 }.interval().0, 0.0);
    assert_eq!(Share::default().to_string(), "–");
}

#[test]
fn halves_are_of_like_size_and_part_no_group() {
    let cases = cases::all();
    let of = |case: &Case| (label(case, Outcome::Slow, Outcome::Slow), judgment(case, "slow", ""));
    let (labels, judgments): (Vec<Label>, Vec<Judgment>) = cases.iter().map(of).unzip();
    let rows = join(&cases, &labels, &judgments);
    let tuned_on = Share::of(&rows, Row::is_tuned_on);
    assert!((0.4..0.6).contains(&tuned_on.value()), "{tuned_on}");
    for pair in rows.windows(2).filter(|p| p[0].case.group == p[1].case.group) {
        assert_eq!(pair[0].is_tuned_on(), pair[1].is_tuned_on());
    }
}
