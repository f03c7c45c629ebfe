//! The network starts as a straight line, where the targets ask for more.

use super::{Finding, Look, Rule, Severity, advice, number, planned, steps};
use crate::check::case::Case;
use crate::check::evidence::Evidence;
use crate::check::forecast::{ESCAPE, escape_share, escape_steps};

/// A [`bending`](Evidence::bending) below this is less than the time's own error.
const LEAST: f64 = std::f64::consts::E;

/// Checks that the planned steps suffice to learn what no straight line tells.
///
/// Harm: near 0 a smooth activation is a straight line, and layers of them are one, too. What bends has so little
/// variance in the last hidden layer that gradient descent learns the best straight line and stays there.
/// Looks like: the accuracy of a linear model, and a loss that falls to its loss and no further.
/// Fix: weights with which activations bend, which `fanin fix` works out, or an activation with a kink,
/// such as relu. When to ignore it: where a straight line is all that the network is to learn.
pub struct NearlyLinear;

fn hardly_bends(start: &Evidence<'_>) -> bool {
    start.bending() >= LEAST
}

impl Rule for NearlyLinear {
    fn code(&self) -> &'static str {
        "nearly-linear"
    }

    fn title(&self) -> &'static str {
        "the network is nearly a straight line, and the data are not"
    }

    fn ignore(&self) -> &'static str {
        "where a straight line is all that the network is to learn"
    }

    fn effect(&self) -> &'static str {
        "ln(steps until what no straight line tells is learned / steps planned)"
    }

    fn page(&self) -> &'static str {
        "escape-time"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        // Where the steps do not even reach beyond the start, other symptoms say so.
        if !case.mends() || case.shown().measurement.bend.is_none() {
            return Look::Skipped;
        }
        if 2 * case.starts.iter().filter(|start| hardly_bends(start)).count() <= case.starts.len() {
            return Look::Passed(None);
        }
        let effect =
            |start: &Evidence<'_>| escape_share(start).map(|share| (share * start.bending()).ln());
        case.look_at(effect, |_| 0.0, ESCAPE, |severity, _| self.explain(severity, case))
    }
}

impl NearlyLinear {
    fn explain(&self, severity: Severity, case: &Case<'_>) -> Finding {
        let one = case.starts.iter().find(|start| hardly_bends(start)).unwrap_or(case.shown());
        let bend = one.measurement.bend.expect("only what was measured bends too little");
        let why = format!(
            "the best straight line leaves {} % of what is to be learned, and {} % of what enters the \
             last layer is beyond one: what bends is learned {} times as slowly. That takes about {}, and {}",
            number(100.0 * bend.asked),
            number(100.0 * bend.given),
            number(one.bending()),
            steps(escape_steps(one).map_or(f64::INFINITY, |steps| steps * one.bending())),
            planned(one.horizon.steps)
        );
        let has_activation = one.hidden().iter().any(|layer| layer.activation.is_some());
        let fix = if has_activation {
            format!("{}; or take an activation with a kink, such as relu", advice::BY_FIX)
        } else {
            "put an activation, such as relu, behind every hidden layer".to_owned()
        };
        Finding::new(self, severity, why, fix)
    }
}
