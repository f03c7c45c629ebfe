//! Recurrent cells: what signal and gradient become over the steps, and each gate.

use fanin_kernels::reduce;

use super::super::number::compact;
use super::super::table::aligned;
use super::super::wrap::wrapped_within;
use crate::check::{CellMeasurement, Diagnosis};

/// The columns of the loss, which is not known of a part.
const OF_LOSS: [usize; 2] = [4, 6];

/// A line for each cell, and what its columns mean; nothing where there are none. Of a part columns of the
/// loss are left out.
pub fn cells(diagnosis: &Diagnosis, width: usize) -> String {
    let cells = &diagnosis.measurement.cells;
    if cells.is_empty() {
        return String::new();
    }
    let is_part = diagnosis.is_partial;
    let told = |cells: Vec<String>| {
        let cells = cells.into_iter().enumerate();
        let kept = cells.filter(|(column, _)| !(is_part && OF_LOSS.contains(column)));
        kept.map(|(_, cell)| cell).collect::<Vec<String>>()
    };
    let head = ["cell", "steps", "fan-in", "E[h²]", "‖∂L/∂z‖", "E[z²] by gate", "‖∂L/∂W‖"];
    let head = told(head.map(str::to_owned).to_vec());
    let ends = if is_part { "E[h²]" } else { "E[h²] and ‖∂L/∂z‖" };
    let norms =
        if is_part { "" } else { " ‖∂L/∂W‖: of weights from the input, from the state;" };
    let legend = format!(
        "cell: a recurrent cell, all its steps together; fan-in: inputs + units of the step before, of \
         each gate; {ends}: from the first step to the last;{norms} flat: where a gate's slope is below \
         a twentieth of the steepest"
    );
    let rows = cells.iter().map(|cell| told(row(cell))).collect();
    format!("\n{}{}", aligned(&head, rows), wrapped_within(width, " ", " ", &legend))
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
