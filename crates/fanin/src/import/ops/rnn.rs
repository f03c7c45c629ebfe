//! Simple recurrent cells (Elman 1990): h = φ(W x + R h + b).

use crate::Result;
use crate::import::{Call, Lowering, Value};
use crate::init::Component::Candidate;

use super::recurrent::{self, Cell, Moment, Stepped, clipped, sum, through};
use super::{Import, Part};

pub const IMPORT: Import = Import::new(&["RNN"], lower)
    .settings(&[4])
    .parameters(&[(1, Part::RecurrentInput), (2, Part::RecurrentState), (3, Part::RecurrentBias)])
    .floats(&[0, 1, 2, 3, 5])
    .gates(&[Candidate]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let gates = IMPORT.gates;
    let (functions, squashes) = (&["Tanh"], &[0]);
    let cell = Cell { gates, states: 1, functions, squashes, step, biases_add: true };
    recurrent::lower(call, &cell, lowering)
}

fn step(moment: &Moment<'_>, lowering: &mut Lowering<'_, '_>) -> Result<Stepped> {
    let direction = moment.direction;
    let moved = through(&moment.states[0], &direction.state_weight, lowering)?;
    let fresh = sum(moment.inputs, &moved, lowering)?;
    let fresh = clipped(fresh, direction.clip, lowering)?;
    let state = direction.functions[0].apply(&fresh, lowering)?;
    Ok(Stepped { states: vec![state], gates: vec![fresh] })
}
