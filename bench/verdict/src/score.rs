//! Labels beside verdicts, and the rates that follow.

use std::collections::BTreeMap;
use std::fmt;

use crate::cases::Case;
use crate::judge::{Finding, Judgment};
use crate::label::{self, Label, Outcome};

/// A case with what came of it and what was said of it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The case.
    pub case: &'a Case,
    /// What came of it.
    pub label: &'a Label,
    /// What was said before.
    pub judgment: &'a Judgment,
    /// Whether the start is at fault: no rate helps, while at least two other starts of the group
    /// learn with every seed at the user's rate.
    pub at_fault: bool,
    /// Whether it may be: no rate helps, while another start of the group learns at some rate. A
    /// network that one lucky start brings to learn may also be just hard.
    pub maybe_at_fault: bool,
    /// Starts of the group that learn with every seed at the user's rate.
    pub learning_starts: usize,
}

/// Starts of a group that have to learn before another one's failure is its own fault.
const OTHERS: usize = 2;

/// Every case that is both labelled and judged.
pub fn join<'a>(cases: &'a [Case], labels: &'a [Label], judgments: &'a [Judgment]) -> Vec<Row<'a>> {
    let labels: BTreeMap<&str, &Label> = labels.iter().map(|l| (l.key.as_str(), l)).collect();
    let judgments: BTreeMap<&str, &Judgment> =
        judgments.iter().map(|j| (j.key.as_str(), j)).collect();
    let label = |case: &Case| labels.get(label::key(case).as_str()).copied();
    let starts_that = |group: usize, learn: fn(&Label) -> bool| {
        let starts = cases.iter().filter(|case| case.group.number == group);
        starts.filter_map(label).filter(|label| learn(label)).count()
    };
    let row = |case: &'a Case| {
        let label = label(case)?;
        let judgment = *judgments.get(case.key().as_str())?;
        let group = case.group.number;
        let fails = !label.best.works();
        let maybe_at_fault = fails && starts_that(group, |l| l.best == Outcome::Learns) > 0;
        let learns = |label: &Label| label.outcome == Outcome::Learns && !label.mixed;
        let learning_starts = starts_that(group, learns);
        let at_fault = fails && learning_starts >= OTHERS;
        Some(Row { case, label, judgment, at_fault, maybe_at_fault, learning_starts })
    };
    cases.iter().filter_map(row).collect()
}

impl Row<'_> {
    /// Whether thresholds may be chosen by it; whole groups are on one side.
    pub fn is_tuned_on(&self) -> bool {
        self.case.group.half() == 0
    }

    /// Whether the network learns at the user's rate.
    pub fn learns(&self) -> bool {
        self.label.outcome == Outcome::Learns
    }

    /// Whether the verdict says that it will not.
    pub fn alarms(&self) -> bool {
        ["slow", "stuck", "unstable"].contains(&self.judgment.verdict.as_str())
    }

    /// Whether the verdict is left open.
    pub fn is_unsure(&self) -> bool {
        self.judgment.verdict == "unsure"
    }

    /// Whether a finding says that training will fail.
    pub fn fails(&self) -> bool {
        self.judgment.findings.iter().any(Finding::is_fail)
    }
}

impl Finding {
    /// Whether training will fail by it.
    pub fn is_fail(&self) -> bool {
        self.severity == "fail"
    }
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// So many …
    pub part: usize,
    /// … of so many.
    pub whole: usize,
}

impl Share {
    /// The share of `rows` that pass `test`.
    pub fn of<'r, 'a: 'r>(
        rows: impl IntoIterator<Item = &'r Row<'a>>,
        test: impl Fn(&Row<'a>) -> bool,
    ) -> Self {
        rows.into_iter().fold(Self::default(), |share, row| Self {
            part: share.part + usize::from(test(row)),
            whole: share.whole + 1,
        })
    }

    /// The share as a number; NaN of nothing.
    pub fn value(self) -> f64 {
        self.part as f64 / self.whole as f64
    }

    /// Where the share lies with 95 % confidence: Wilson 1927.
    pub fn interval(self) -> (f64, f64) {
        const Z: f64 = 1.959_963_984_540_054;
        let (n, p) = (self.whole as f64, self.value());
        let scale = 1.0 / (1.0 + Z * Z / n);
        let center = p + Z * Z / (2.0 * n);
        let reach = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        ((scale * (center - reach)).max(0.0), (scale * (center + reach)).min(1.0))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.whole == 0 {
            return f.write_str("–");
        }
        let (low, high) = self.interval();
        let [value, low, high] = [self.value(), low, high].map(|x| 100.0 * x);
        write!(f, "{value:.1} % ({low:.1}–{high:.1}; {}/{})", self.part, self.whole)
    }
}

/// The rates of some rows.
#[derive(Clone, Copy, Debug)]
pub struct Scores {
    /// Verdicts against learning, of networks that learn.
    pub false_alarms: Share,
    /// The same, of those whose seeds agree.
    pub clear_false_alarms: Share,
    /// FAIL findings, of networks that learn.
    pub false_fails: Share,
    /// Verdicts against learning, of networks that never learn because of their start.
    pub recall: Share,
    /// The same, with those that may be just hard.
    pub wide_recall: Share,
    /// FAIL findings, of networks that never learn because of their start.
    pub fail_recall: Share,
    /// Verdicts left open, of all.
    pub unsure: Share,
    /// Verdicts that are the very word of the label, of all.
    pub exact: Share,
    /// Mean over outcomes of the share that is named by its own word; an open verdict is wrong.
    pub balanced: f64,
    /// The same for two outcomes: learns or not.
    pub balanced_binary: f64,
}

impl Scores {
    /// The rates of `rows`.
    pub fn of(rows: &[Row<'_>]) -> Self {
        let learning = || rows.iter().filter(|row| row.learns());
        let at_fault = || rows.iter().filter(|row| row.at_fault);
        let named = |row: &Row<'_>| row.judgment.verdict == row.label.outcome.name();
        let shares = Outcome::ALL
            .map(|outcome| Share::of(rows.iter().filter(|r| r.label.outcome == outcome), named));
        let present: Vec<f64> =
            shares.iter().filter(|share| share.whole > 0).map(|share| share.value()).collect();
        let others = Share::of(rows.iter().filter(|row| !row.learns()), Row::alarms);
        Self {
            false_alarms: Share::of(learning(), Row::alarms),
            clear_false_alarms: Share::of(learning().filter(|r| !r.label.mixed), Row::alarms),
            false_fails: Share::of(learning(), Row::fails),
            recall: Share::of(at_fault(), Row::alarms),
            wide_recall: Share::of(rows.iter().filter(|row| row.maybe_at_fault), Row::alarms),
            fail_recall: Share::of(at_fault(), Row::fails),
            unsure: Share::of(rows, Row::is_unsure),
            exact: Share::of(rows, named),
            balanced: present.iter().sum::<f64>() / present.len() as f64,
            balanced_binary: f64::midpoint(shares[0].value(), others.value()),
        }
    }
}

#[cfg(test)]
pub mod samples;
#[cfg(test)]
mod tests;
