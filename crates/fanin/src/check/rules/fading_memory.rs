//! The gradient shrinks on its way back through the steps of a recurrent cell.

use super::{Bounds, Finding, Look, Rule, number};
use crate::check::case::Case;
use crate::check::cells::CellMeasurement;

/// ln ‖δ‖² of the last step over that of the first: as between layers, e⁶ is six depth scales. It
/// never fails by itself, since nobody knows how far back a task reaches.
const BOUNDS: Bounds = Bounds { warn: 6.0, fail: f64::INFINITY };

/// Checks that the gradient at the gates of a recurrent cell does not shrink much from the last
/// step to the first.
///
/// Harm: what came early hardly changes the weights, so the cell learns from the last steps alone
/// (Hochreiter 1991). Looks like: a network that answers by the end of a sequence, however long it
/// trains. Fix: orthogonal weights from the state; a bias of 1 or more at the forget gate of an LSTM
/// (Jozefowicz et al. 2015); shorter sequences. When to ignore it: where what matters stands in the
/// last steps.
pub struct FadingMemory;

impl Rule for FadingMemory {
    fn code(&self) -> &'static str {
        "fading-memory"
    }

    fn title(&self) -> &'static str {
        "a recurrent cell forgets how it began"
    }

    fn ignore(&self) -> &'static str {
        "where what matters stands in the last steps"
    }

    fn effect(&self) -> &'static str {
        "ln(‖δ‖² of the last step / of the first)"
    }

    fn page(&self) -> &'static str {
        "signal-propagation"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let fading = |cell: &CellMeasurement| cell.log_gradient_growth().map(|growth| -growth);
        let Some(worst) = case.shown().measurement.worst_cell(fading) else {
            return Look::Skipped;
        };
        let effect = |cells: &[CellMeasurement]| cells.get(worst).and_then(fading);
        case.look_at(|start| effect(&start.measurement.cells), |_| 0.0, BOUNDS, |severity, estimate| {
            let cell = &case.shown().measurement.cells[worst];
            let why = format!(
                "the gradient at the first of {} steps is {} times that at the last one: what came \
                 early hardly changes the weights",
                cell.deltas.len(),
                number((-0.5 * estimate.value).exp())
            );
            let fix = "draw the weights from the state with --scheme orthogonal, give the forget \
                       gate of an LSTM a bias of 1, or train on shorter sequences";
            Finding::new(self, severity, why, fix.to_owned()).at(&cell.module)
        })
    }
}
