//! Gated recurrent units (Cho et al. 2014), gates in ONNX's order: update, reset, hidden.

use crate::Result;
use crate::import::{Call, Lowering, Value};
use crate::init::Component::{Candidate, ResetGate, UpdateGate};

use super::recurrent::{self, Cell, Moment, Stepped, clipped, part, sum, through, times};
use super::{Import, Part};

pub const IMPORT: Import = Import::new(&["GRU"], lower)
    .settings(&[4])
    .parameters(&[(1, Part::RecurrentInput), (2, Part::RecurrentState), (3, Part::RecurrentBias)])
    .floats(&[0, 1, 2, 3, 5])
    .gates(&[UpdateGate, ResetGate, Candidate]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let cell = Cell {
        gates: IMPORT.gates,
        states: 1,
        functions: &["Sigmoid", "Tanh"],
        squashes: &[0, 0, 1],
        step,
        biases_add: false,
    };
    recurrent::lower(call, &cell, lowering)
}

fn step(moment: &Moment<'_>, lowering: &mut Lowering<'_, '_>) -> Result<Stepped> {
    let &Moment { call, direction, inputs, states, hidden: size } = moment;
    let hidden = &states[0];
    let [squash, shape] = &direction.functions[..] else { unreachable!("two activations") };
    let share = |gate: (usize, usize), of: &Value, lowering: &mut Lowering<'_, '_>| {
        let rows = (gate.0 * size, gate.1 * size);
        let weight = part(&direction.state_weight, 0, rows, lowering)?;
        let moved = through(of, &weight, lowering)?;
        match &direction.state_bias {
            Some(bias) => {
                let bias = part(bias, 0, rows, lowering)?;
                sum(&moved, &bias, lowering)
            }
            None => Ok(moved),
        }
    };
    let both = share((0, 2), hidden, lowering)?;
    let given = part(inputs, 1, (0, 2 * size), lowering)?;
    let both = sum(&given, &both, lowering)?;
    let squashed = clipped(both, direction.clip, lowering)?;
    let both = squash.apply(&squashed, lowering)?;
    let update = part(&both, 1, (0, size), lowering)?;
    let reset = part(&both, 1, (size, size), lowering)?;
    let past = if call.flag("linear_before_reset")? {
        let past = share((2, 1), hidden, lowering)?;
        times(&reset, &past, lowering)?
    } else {
        let kept = times(&reset, hidden, lowering)?;
        share((2, 1), &kept, lowering)?
    };
    let given = part(inputs, 1, (2 * size, size), lowering)?;
    let fresh = sum(&given, &past, lowering)?;
    let shaped = clipped(fresh, direction.clip, lowering)?;
    let fresh = shape.apply(&shaped, lowering)?;
    // (1 − z)·n + z·h = n + z·(h − n)
    let made = lowering.apply(&[&fresh, &update, hidden], |g, w| {
        let change = g.subtract(w[2], w[0])?;
        let change = g.multiply(w[1], change)?;
        g.add(w[0], change)
    })?;
    Ok(Stepped { states: vec![made], gates: vec![squashed, shaped] })
}
