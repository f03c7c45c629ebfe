//! Long short-term memory (Hochreiter & Schmidhuber 1997), gates in ONNX's order: input, output,
//! forget, cell.

use crate::Result;
use crate::import::{Call, Lowering, Value};
use crate::init::Component::{Candidate, ForgetGate, InputGate, OutputGate};

use super::recurrent::{self, Cell, Moment, Stepped, clipped, part, sum, through, times};
use super::{Import, Part};

pub const IMPORT: Import = Import::new(&["LSTM"], lower)
    .settings(&[4])
    .parameters(&[(1, Part::RecurrentInput), (2, Part::RecurrentState), (3, Part::RecurrentBias)])
    .floats(&[0, 1, 2, 3, 5, 6, 7])
    .gates(&[InputGate, OutputGate, ForgetGate, Candidate]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let cell = Cell {
        gates: IMPORT.gates,
        states: 2,
        functions: &["Sigmoid", "Tanh", "Tanh"],
        squashes: &[0, 0, 0, 1],
        step,
        biases_add: true,
    };
    recurrent::lower(call, &cell, lowering)
}

fn step(moment: &Moment<'_>, lowering: &mut Lowering<'_, '_>) -> Result<Stepped> {
    let &Moment { call, direction, inputs, states, hidden: size } = moment;
    let [hidden, cell] = states else { unreachable!("a cell of two states") };
    let moved = through(hidden, &direction.state_weight, lowering)?;
    let gates = sum(inputs, &moved, lowering)?;
    let gate =
        |index: usize, peephole: Option<(usize, &Value)>, lowering: &mut Lowering<'_, '_>| {
            let mut own = part(&gates, 1, (index * size, size), lowering)?;
            if let (Some((which, seen)), Some(peepholes)) = (peephole, &direction.peepholes) {
                let looked = times(&peepholes[which], seen, lowering)?;
                own = sum(&own, &looked, lowering)?;
            }
            clipped(own, direction.clip, lowering)
        };
    let [squash, shape_in, shape_out] = &direction.functions[..] else {
        unreachable!("three activations")
    };
    let input = gate(0, Some((0, cell)), lowering)?;
    let input = squash.apply(&input, lowering)?;
    let forget = if call.flag("input_forget")? {
        lowering.apply(&[&input], |g, w| g.affine(w[0], -1.0, 1.0))?
    } else {
        let forget = gate(2, Some((2, cell)), lowering)?;
        squash.apply(&forget, lowering)?
    };
    let fresh = gate(3, None, lowering)?;
    let fresh = shape_in.apply(&fresh, lowering)?;
    let (kept, new) = (times(&forget, cell, lowering)?, times(&input, &fresh, lowering)?);
    let cell = sum(&kept, &new, lowering)?;
    let output = gate(1, Some((1, &cell)), lowering)?;
    let output = squash.apply(&output, lowering)?;
    let shown = shape_out.apply(&cell, lowering)?;
    Ok(Stepped { states: vec![times(&output, &shown, lowering)?, cell], gates: vec![gates] })
}
