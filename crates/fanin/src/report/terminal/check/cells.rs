//! Recurrent cells: what signal and gradient become over the steps, and each gate.

use fanin_kernels::reduce;

use super::super::number::compact;
use super::super::table::aligned;
use super::super::wrap::wrapped_within;
use crate::check::{CellMeasurement, Diagnosis};

/// A line for each cell, and what its columns mean; nothing where there are none.
pub fn cells(diagnosis: &Diagnosis, width: usize) -> String {
    let cells = &diagnosis.measurement.cells;
    if cells.is_empty() {
        return String::new();
    }
    let head = ["cell", "steps", "fan-in", "E[h²]", "‖∂L/∂z‖", "E[z²] by gate", "‖∂L/∂W‖"];
    let head: Vec<String> = head.map(str::to_owned).to_vec();
    let legend = "cell: a recurrent cell, all its steps together; fan-in: inputs + units of the step \
                  before, of each gate; E[h²] and ‖∂L/∂z‖: from the first step to the last; ‖∂L/∂W‖: \
                  of weights from the input, from the state; flat: where a gate's slope is below a \
                  twentieth of the steepest";
    let table = aligned(&head, cells.iter().map(row).collect());
    format!("\n{table}{}", wrapped_within(width, " ", " ", legend))
}

fn row(cell: &CellMeasurement) -> Vec<String> {
    let ends = |steps: &[f64]| match steps {
        [] => "–".to_owned(),
        [only] => compact(*only),
        [first, .., last] => format!("{} → {}", compact(*first), compact(*last)),
    };
    let gates = cell.gates.iter().map(|gate| {
        let flat = 100.0 * reduce::mean(&gate.saturated_shares);
        let flat = if flat >= 0.5 { format!(" ({flat:.0} % flat)") } else { String::new() };
        format!("{} {}{flat}", gate.name, compact(gate.second_moment))
    });
    vec![
        cell.module.clone(),
        cell.states.len().to_string(),
        format!("{}+{}", cell.inputs, cell.hidden),
        ends(&cell.states),
        ends(&cell.deltas),
        gates.collect::<Vec<String>>().join(", "),
        format!("{}, {}", compact(cell.input_gradient_norm), compact(cell.state_gradient_norm)),
    ]
}
