//! State or gradient of a recurrent cell grow from step to step.

use super::{Bounds, Finding, Look, Rule, number};
use crate::check::case::Case;
use crate::check::cells::CellMeasurement;

/// ln of the growth of a mean square over the steps: as between layers, e⁶ is six depth scales, and
/// e⁸·⁵ a gradient 70 times as large, which AUTOTRAINER (Zhang et al. 2021) calls exploding.
const BOUNDS: Bounds = Bounds { warn: 6.0, fail: 8.496_990_484_098_718 };

/// Checks that neither the state of a recurrent cell grows much from the first step to the last, nor
/// the gradient at its gates from the last to the first.
///
/// Harm: one matrix is multiplied by itself at every step, so a sequence that is a little longer
/// overflows, and one step of training throws the weights away. Looks like: a loss that jumps or
/// becomes NaN at long sequences. Fix: orthogonal or smaller weights from the state; clipped
/// gradients (Pascanu, Mikolov & Bengio 2013). When to ignore it: where gradients are clipped and
/// only they grow.
pub struct ExplodingMemory;

impl Rule for ExplodingMemory {
    fn code(&self) -> &'static str {
        "exploding-memory"
    }

    fn title(&self) -> &'static str {
        "a recurrent cell grows from step to step"
    }

    fn ignore(&self) -> &'static str {
        "where gradients are clipped and only they grow"
    }

    fn effect(&self) -> &'static str {
        "ln of the growth of E[h²], or of ‖δ‖² on its way back, over all steps"
    }

    fn page(&self) -> &'static str {
        "signal-propagation"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let growth = |cell: &CellMeasurement| {
            let growths = [cell.log_state_growth(), cell.log_gradient_growth()];
            growths.into_iter().flatten().max_by(f64::total_cmp)
        };
        let Some(worst) = case.shown().measurement.worst_cell(growth) else {
            return Look::Skipped;
        };
        let effect = |cells: &[CellMeasurement]| cells.get(worst).and_then(growth);
        case.look_at(|start| effect(&start.measurement.cells), |_| 0.0, BOUNDS, |severity, estimate| {
            let cell = &case.shown().measurement.cells[worst];
            let by_state = cell.log_state_growth() == growth(cell);
            let what = if by_state { "the state" } else { "the gradient, on its way back," };
            let why = format!(
                "{what} grows ×{} over {} steps, since one matrix is multiplied by itself at every \
                 step",
                number((0.5 * estimate.value).exp()),
                cell.states.len()
            );
            let fix = "draw the weights from the state with --scheme orthogonal, or smaller, and \
                       clip gradients";
            Finding::new(self, severity, why, fix.to_owned()).at(&cell.module)
        })
    }
}
