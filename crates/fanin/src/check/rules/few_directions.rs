//! Rows differ in few directions after some layers.

use super::{Finding, Look, Rule, Severity, advice, number, place, planned, steps};
use crate::check::case::Case;
use crate::check::evidence::Evidence;
use crate::check::forecast::{ESCAPE, escape_share, escape_steps};

/// A [`narrowing`](Evidence::narrowing) below this is less than the time's own error.
const LEAST: f64 = std::f64::consts::E;

/// Checks that the planned steps suffice for all directions in which rows differ, not only for the first.
///
/// Harm: gradient descent follows a direction at a speed that goes with its variance. Every layer of a
/// plain network spreads the variances a little; after many layers one direction has nearly all, and
/// the classes that it does not part are learned long after. Looks like: a loss that falls
/// at first and then stays, with two or three classes told apart. Fix: weights that `fanin fix` works out,
/// residual branches, a normalization, or fewer layers. When to ignore it: where one direction is all that
/// the targets ask for.
pub struct FewDirections;

fn narrows(start: &Evidence<'_>) -> bool {
    start.narrowing() >= LEAST
}

impl Rule for FewDirections {
    fn code(&self) -> &'static str {
        "few-directions"
    }

    fn title(&self) -> &'static str {
        "rows differ in few directions after some layers"
    }

    fn ignore(&self) -> &'static str {
        "where one direction is all that the targets ask for"
    }

    fn effect(&self) -> &'static str {
        "ln(steps until what tells rows apart is learned / steps planned)"
    }

    fn page(&self) -> &'static str {
        "escape-time"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &["ill-conditioned-jacobian"]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        // Where the steps do not even reach beyond the start, other symptoms say so.
        if !case.mends() {
            return Look::Skipped;
        }
        if 2 * case.starts.iter().filter(|start| narrows(start)).count() <= case.starts.len() {
            return Look::Passed(None);
        }
        let effect = |start: &Evidence<'_>| {
            escape_share(start).map(|share| (share * start.narrowing()).ln())
        };
        case.look_at(effect, |_| 0.0, ESCAPE, |severity, _| self.explain(severity, case))
    }
}

impl FewDirections {
    fn explain(&self, severity: Severity, case: &Case<'_>) -> Finding {
        let one = case.starts.iter().find(|start| narrows(start)).unwrap_or(case.shown());
        let whose =
            if std::ptr::eq(one, case.shown()) { "" } else { "in another of these starts, " };
        let (first, last) = (one.hidden().first(), one.last_hidden());
        let (first, last) = first.zip(last).expect("only depth narrows");
        let narrowing = one.narrowing();
        let why = format!(
            "{whose}rows differ in {} directions in {}, and in {} in {}, where {} would be of use: what \
             the first of them does not tell is learned {} times as slowly. That takes about {}, and {}",
            number(first.directions),
            place(one, first),
            number(last.directions),
            place(one, last),
            number(one.directions_of_use()),
            number(narrowing),
            steps(escape_steps(one).map_or(f64::INFINITY, |steps| steps * narrowing)),
            planned(one.horizon.steps)
        );
        let fix = format!(
            "{}; or take residual branches, a normalization, or fewer layers",
            advice::BY_FIX
        );
        Finding::new(self, severity, why, fix).at(&last.module)
    }
}
