//! A layer gets no gradient at all.

use super::{Finding, Look, Rule, Severity, advice, count, place};
use crate::check::case::Case;
use crate::check::evidence::Evidence;

/// Checks that every layer outside residual branches gets a gradient that is not exactly 0.
///
/// Harm: weights without a gradient never move, and what stands before them learns nothing.
/// Looks like: a loss that stays at that of guessing. Fix: start from random weights of the right
/// scale, with biases of 0. When to ignore it: never where it stops others; where the data get around it,
/// if it is to rest; an output or the end of a branch that starts
/// at 0 on purpose is not reported, since the first step opens it. Nor is a network whose units are
/// all the same, which [`UnitSymmetry`](super::unit_symmetry::UnitSymmetry) reports. Where the data get
/// around such weights, as around a direction of a recurrent network of which only the last step is read,
/// the others learn, and it is a warning.
pub struct NoGradient;

impl Rule for NoGradient {
    fn code(&self) -> &'static str {
        "no-gradient"
    }

    fn title(&self) -> &'static str {
        "a layer gets no gradient"
    }

    fn ignore(&self) -> &'static str {
        "never where it stops others; where the data get around it, if it is to rest; an output or the end of a branch that starts at 0 on purpose is not reported, since the first step opens it"
    }

    fn page(&self) -> &'static str {
        "escape-time"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        if case.shown().symmetric().is_some() {
            return Look::Skipped;
        }
        case.starts.iter().find_map(|start| self.find(start)).into()
    }
}

impl NoGradient {
    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let stopped = evidence.without_gradient();
        let layer = stopped.or_else(|| evidence.chain().find(|l| l.is_passed_by));
        let Some(layer) = layer else { return self.find_cell(evidence) };
        let without = evidence.chain().filter(|l| l.gradient_norm == 0.0).count();
        let silent = evidence
            .hidden()
            .iter()
            .find(|l| l.silent_share == 1.0 && l.is_passed_by == stopped.is_none());
        let is_zero = evidence.chain().any(|l| l.weight_norm == 0.0);
        let cause = match silent {
            Some(silent) => format!(
                "the {} of {} answer every row alike",
                count(silent.units, "unit", "units"),
                place(evidence, silent)
            ),
            None if stopped.is_some() || is_zero => {
                "a gradient is a product of weights, and one of these is 0".to_owned()
            }
            None if layer.delta_norm == 0.0 => {
                "no output is computed from what they give, as where one end of a sequence is read"
                    .to_owned()
            }
            None => "what enters them is 0".to_owned(),
        };
        let others = if stopped.is_some() { "" } else { "; what goes around them is learned" };
        let why = format!(
            "the gradient of {without} of {} weight matrices, that of {} first, is exactly \
                 0, because {cause}: no step moves them{others}",
            evidence.chain().count(),
            place(evidence, layer)
        );
        let fix = match silent {
            Some(silent) if silent.weight_norm > 0.0 => format!(
                "bring the biases of {} near 0: {}",
                place(evidence, silent),
                advice::variance_that_fits(evidence)
            ),
            None if stopped.is_none() && !is_zero => READ_ALL.to_owned(),
            _ => advice::random_weights(evidence),
        };
        let severity = if stopped.is_none() { Severity::Warn } else { Severity::Fail };
        Some(Finding::new(self, severity, why, fix).at(&layer.module))
    }

    /// A cell of which only the first step is read: its state was 0 there.
    fn find_cell(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let cell = evidence.measurement.cells.iter().find(|cell| cell.is_read_at_first_alone())?;
        let why = format!(
            "the gradient at {} of {} steps of {} is exactly 0, because only its first step is read: its \
             state was 0 there, so no step moves its weights from the state, and it learns from one \
             position of the sequence",
            cell.deltas.len() - 1,
            cell.deltas.len(),
            cell.module
        );
        Some(Finding::new(self, Severity::Warn, why, READ_ALL.to_owned()).at(&cell.module))
    }
}

/// What helps where the outputs are computed from one end of a sequence.
const READ_ALL: &str = "compute the outputs from the mean over the sequence or from the final state of \
                        each direction, which for the one that runs backward stands at the first position; \
                        or leave out what is not read";
