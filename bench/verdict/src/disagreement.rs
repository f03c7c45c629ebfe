//! Where verdict and label disagree: of what kind, and case by case with the reason.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::cases::Case;
use crate::reason;
use crate::score::Row;

/// Why single disagreements came about, by the case's short name; found by hand.
pub type Reasons = BTreeMap<String, String>;

/// The reasons in a file, none if there is none: `"g07 he-normal" = "…"`.
///
/// # Errors
/// If the file is not such TOML.
pub fn reasons(path: &Path) -> Result<Reasons, crate::Failure> {
    if !path.exists() {
        return Ok(Reasons::new());
    }
    Ok(toml::from_str(&std::fs::read_to_string(path)?)?)
}

/// How a verdict is wrong, from what is looked into by hand to the large classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Missed,
    FalseAlarm,
    FalseFail,
    Unsure,
    TooHopeful,
    AnotherWord,
}

impl Kind {
    /// That of a row; `None` if its verdict is right.
    fn of(row: &Row<'_>) -> Option<Self> {
        let says_learns = row.judgment.verdict == "learns";
        Some(match () {
            () if row.at_fault && says_learns => Self::Missed,
            () if row.learns() && row.alarms() => Self::FalseAlarm,
            () if row.learns() && row.fails() => Self::FalseFail,
            () if row.is_unsure() => Self::Unsure,
            () if !row.label.outcome.works() && says_learns => Self::TooHopeful,
            () if row.judgment.verdict != row.label.outcome.name() => Self::AnotherWord,
            () => return None,
        })
    }

    /// Whether its reasons are found by hand.
    fn is_looked_into(self) -> bool {
        self <= Self::FalseFail
    }

    fn title(self) -> &'static str {
        match self {
            Self::Missed => "Missed: the start is at fault",
            Self::FalseAlarm => "False alarm: it learns",
            Self::FalseFail => "False FAIL: it learns, and the verdict is unsure or says so",
            Self::Unsure => "Unsure",
            Self::TooHopeful => "Too hopeful: it fails, though not by its start alone",
            Self::AnotherWord => "Another word",
        }
    }
}

/// Every disagreement with its reason, one a line, by kind.
pub fn list(rows: &[Row<'_>], reasons: &Reasons) -> String {
    let mut kinds: BTreeMap<Kind, Vec<&Row<'_>>> = BTreeMap::new();
    for row in rows {
        if let Some(kind) = Kind::of(row) {
            kinds.entry(kind).or_default().push(row);
        }
    }
    let mut text = String::new();
    for (kind, rows) in kinds {
        let _ = write!(text, "\n### {} ({})\n\n", kind.title(), rows.len());
        rows.iter().for_each(|row| text += &line(row, kind, reasons));
    }
    text
}

/// Reasons whose case is none of those that are looked into by hand, or is none at all.
pub fn outdated<'a>(rows: &[Row<'_>], reasons: &'a Reasons) -> Vec<&'a str> {
    let looked_into = rows.iter().filter(|row| Kind::of(row).is_some_and(Kind::is_looked_into));
    let names: Vec<String> = looked_into.map(|row| row.case.short_name()).collect();
    reasons.keys().filter(|name| !names.contains(name)).map(String::as_str).collect()
}

fn line(row: &Row<'_>, kind: Kind, reasons: &Reasons) -> String {
    let Row { case, label, judgment, .. } = row;
    let mut text = format!("- {}. Trained: {}", in_short(case), label.outcome.name());
    if label.mixed {
        text += " by most seeds";
    }
    if label.best != label.outcome {
        let _ = write!(text, ", best {}", label.best.name());
    }
    let _ = write!(text, "; said: {}", judgment.verdict);
    let failing = judgment.findings.iter().filter(|finding| finding.is_fail());
    let failing: Vec<&str> = failing.map(|finding| finding.code.as_str()).collect();
    if !failing.is_empty() {
        let _ = write!(text, ", FAIL {}", failing.join(", "));
    }
    let by_hand = reasons.get(&case.short_name()).filter(|_| kind.is_looked_into());
    let reason = by_hand.cloned().unwrap_or_else(|| reason::of(row));
    let _ = writeln!(text, ". *{reason}*");
    text
}

/// The case without the ends that all networks have in common.
fn in_short(case: &Case) -> String {
    case.describe().replace("features -> ", "").replace(" -> outputs", "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::samples::Sample;

    #[track_caller]
    fn check(sample: &Sample, kind: Option<Kind>) {
        assert_eq!(Kind::of(&sample.row()), kind);
    }

    #[test]
    fn kinds_go_by_what_harms_most() {
        let mut sample = Sample::new("stuck", "learns");
        check(&sample, Some(Kind::TooHopeful));
        sample.at_fault = true;
        check(&sample, Some(Kind::Missed));
        check(&Sample::new("learns", "slow"), Some(Kind::FalseAlarm));
        check(&Sample::new("slow", "learns"), Some(Kind::AnotherWord));
        check(&Sample::new("slow", "unsure"), Some(Kind::Unsure));
        check(&Sample::new("learns", "learns"), None);
        check(&Sample::new("learns", "learns").with_fail(), Some(Kind::FalseFail));
    }

    #[test]
    fn reasons_found_by_hand_stand_only_where_they_were_looked_for() {
        let (wrong, right) = (Sample::new("learns", "stuck"), Sample::new("slow", "learns"));
        let reasons = Reasons::from([(wrong.case.short_name(), "By luck.".to_owned())]);
        assert!(list(&[wrong.row()], &reasons).ends_with("said: stuck. *By luck.*\n"));
        assert!(!list(&[right.row()], &reasons).contains("luck"), "another kind");
        assert!(outdated(&[wrong.row()], &reasons).is_empty());
        assert_eq!(outdated(&[right.row()], &reasons), [wrong.case.short_name()]);
    }

    #[test]
    fn reasons_of_the_benchmark_name_its_cases() {
        let reasons = reasons(&crate::file("reasons.toml")).unwrap();
        let names: Vec<String> = crate::cases::all().iter().map(Case::short_name).collect();
        let unknown: Vec<&String> = reasons.keys().filter(|name| !names.contains(name)).collect();
        assert!(!reasons.is_empty() && unknown.is_empty(), "{unknown:?}");
    }
}
