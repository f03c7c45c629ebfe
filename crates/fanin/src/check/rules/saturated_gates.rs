//! Gates of a recurrent cell work where their activation is flat.

use super::saturation::BOUNDS;
use super::{Finding, Look, Rule};
use crate::check::case::Case;
use crate::check::cells::CellMeasurement;
use crate::spec::Component;

/// Checks that the gates of a recurrent cell get inputs where sigmoid and tanh bend.
///
/// Harm: little gradient comes back through a flat gate, so when it opens is hardly learned, and
/// behind a closed one nothing is; a candidate that is flat gives every step the same two answers.
/// Looks like: a cell that acts by how it was drawn, whatever the sequence says, and a gradient
/// that fades over the steps. Fix: smaller weights, such as uniform within ±1/√units; standardized
/// inputs. When to ignore it: in a cell that has been trained, where gates decide. Open forget and
/// update gates are a memory and not looked at, nor as many closed input gates beside them
/// (Jozefowicz et al. 2015; chrono, Tallec & Ollivier 2018).
pub struct SaturatedGates;

impl Rule for SaturatedGates {
    fn code(&self) -> &'static str {
        "saturated-gates"
    }

    fn title(&self) -> &'static str {
        "gates of a recurrent cell hardly move"
    }

    fn ignore(&self) -> &'static str {
        "in a cell that has been trained, where gates decide"
    }

    fn effect(&self) -> &'static str {
        "share of a gate's values that are saturated and no memory, over all steps"
    }

    fn page(&self) -> &'static str {
        "signal-propagation"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &["fading-memory"]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let share = |cell: &CellMeasurement| cell.stuck_gate().map(|(_, share)| share);
        let Some(worst) = case.shown().measurement.worst_cell(share) else {
            return Look::Skipped;
        };
        let effect = |cells: &[CellMeasurement]| cells.get(worst).and_then(share);
        let cell = &case.shown().measurement.cells[worst];
        case.look_at(
            |start| effect(&start.measurement.cells),
            |start| error(effect(&start.measurement.cells), cell.hidden),
            BOUNDS,
            |severity, estimate| {
                let gate = cell.stuck_gate().map_or("", |(gate, _)| cell.gates[gate].name);
                let (where_to, harm) = match gate {
                    keeps if keeps == Component::ForgetGate.label() => {
                        (", closed,", "What came before is lost at every step")
                    }
                    keeps if keeps == Component::UpdateGate.label() => {
                        (", closed,", "What came before is overwritten at every step")
                    }
                    fresh if fresh == Component::Candidate.label() => {
                        ("", "Little gradient comes back through it")
                    }
                    _ => ("", "When it should open is hardly learned"),
                };
                let why = format!(
                    "{:.0} % of what enters the {} over {} steps lies{where_to} where its slope is \
                     below a twentieth of the steepest. {harm}",
                    100.0 * estimate.value,
                    gate.replace('-', " "),
                    cell.states.len()
                );
                let fix = "draw smaller weights, such as --scheme xavier-uniform, leave biases near \
                           0, and standardize the inputs";
                Finding::new(self, severity, why, fix.to_owned()).at(&cell.module)
            },
        )
    }
}

/// The standard error of a share p over N units, as if all rows and steps were alike: √(p(1 − p)/N)
/// at most.
fn error(share: Option<f64>, units: usize) -> f64 {
    let share = share.unwrap_or(0.0);
    (share * (1.0 - share) / units.max(1) as f64).sqrt()
}
