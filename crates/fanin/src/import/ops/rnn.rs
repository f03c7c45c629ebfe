//! Simple recurrent cells (Elman 1990): h = φ(W x + R h + b).

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::recurrent::{self, Cell, Direction, Sizes, clipped, sum, through};
use super::{Import, Part};

pub const IMPORT: Import = Import::new(&["RNN"], lower)
    .settings(&[4])
    .parameters(&[(1, Part::RecurrentInput), (2, Part::RecurrentState), (3, Part::RecurrentBias)])
    .floats(&[0, 1, 2, 3, 5]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let cell = Cell { gates: 1, states: 1, functions: &["Tanh"], step, biases_add: true };
    recurrent::lower(call, &cell, lowering)
}

fn step(
    _: &Call<'_, '_>,
    direction: &Direction,
    gates: &Value,
    state: &[Value],
    _: Sizes,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Vec<Value>> {
    let moved = through(&state[0], &direction.state_weight, lowering)?;
    let fresh = sum(gates, &moved, lowering)?;
    let fresh = clipped(fresh, direction.clip, lowering)?;
    Ok(vec![direction.functions[0].apply(&fresh, lowering)?])
}
