//! What stands between a layer's units and those of the next that it feeds.
//!
//! Most layers pass z on unit by unit: x = φ(z). Of others a unit of x takes several of z, such as a gate and
//! what it lets through, which stand side by side in z: x = φ(u, v).
//!
//! Key: B rows, N units of x, M of z.

use std::sync::Arc;

use super::Flow;
use super::again::Again;
use super::drawn::Units;
use super::seen::{Function, Seen};
use crate::evaluate::{Array, evaluate};
use crate::graph::{Source, Wire};
use crate::ops::Structure;

/// Parts that are told apart: each is held against each.
const MOST_PARTS: usize = 8;

/// x of a layer, and how it goes by z.
pub(super) struct Passed<'f> {
    pub seen: Seen<'f>,
    pub phi: Function,
    pub parts: Vec<Part>,
    /// ∂loss/∂x.
    pub seed: Wire,
}

/// A part of z that has one number for every unit of x.
pub(super) struct Part {
    /// ∂x/∂z.
    pub slope: Function,
    pub z: Function,
}

impl Flow<'_> {
    /// How a layer passes its z on; none where rows are not known or x is no function of z alone.
    pub(super) fn passed(&mut self, at: &Again) -> Option<Passed<'_>> {
        match (self.form(at.x), self.form(at.gradient)) {
            (Some((None, Some(root))), Some((Some(seed), Some(own)))) if own == root => {
                self.passed_by_one(at, root, seed)
            }
            _ => self.passed_by_several(at),
        }
    }

    fn passed_by_one(&mut self, at: &Again, root: Wire, seed: Wire) -> Option<Passed<'_>> {
        if self.form(at.z).map_or(root != at.z, |z| z != (None, Some(root))) {
            return None;
        }
        let (grid, places) = self.grid(root)?;
        let on_grid = |wire: Wire| self.form_values(wire);
        let seen = self.seen(root, &grid)?;
        let phi = seen.on_grid(&on_grid(at.x)?);
        let slope = seen.on_grid(&on_grid(at.gradient)?);
        // Of a bias of 0, z is told as what it was before.
        let z = seen.on_grid(&on_grid(at.z).unwrap_or_else(|| places.into()));
        Some(Passed { seen, phi, parts: vec![Part { slope, z }], seed })
    }

    /// The same where units are drawn, from the gradient at z: every summand of it that is placed among zeros
    /// is one part of z.
    ///
    /// x must be made unit by unit, so that its units stand in the order of its parts.
    fn passed_by_several(&mut self, at: &Again) -> Option<Passed<'_>> {
        let Source::Node(made, 0) = self.graph.source(at.x) else { return None };
        if !self.graph.nodes()[made].operator.is_pointwise() {
            return None;
        }
        let (z_shape, x_shape) = (self.graph.shape(at.z), self.graph.shape(at.x));
        let (&[rows, width], &[_, units]) = (z_shape.axes(), x_shape.axes()) else { return None };
        let z = self.elements(at.z, z_shape).filter(|own| own.seed.is_none())?.numbers;
        let x = self.units.get(&at.x).filter(|own| own.seed.is_none())?.numbers.to_vec();
        let mut places = Vec::new();
        self.placed(at.gradient, &mut places)?;
        let seed = places.first()?.0.seed?;
        if places.len() > MOST_PARTS {
            return None;
        }
        let mut seen_columns = vec![false; width];
        let mut numbers = Vec::new();
        for (slope, columns) in &places {
            let is_new = |column: &usize| !std::mem::replace(&mut seen_columns[*column], true);
            if slope.seed != Some(seed) || columns.len() != units || !columns.iter().all(is_new) {
                return None;
            }
            let of_row = |row: usize| columns.iter().map(move |column| row * width + column);
            let own: Vec<f64> = (0..rows).flat_map(of_row).map(|place| z[place]).collect();
            numbers.push((slope.numbers.to_vec(), own));
        }
        let grid = self.grid(at.x)?.0;
        let seen = self.seen(at.x, &grid)?;
        let of_units = |(slope, z)| Part { slope: seen.on_units(slope), z: seen.on_units(z) };
        let parts = numbers.into_iter().map(of_units).collect();
        let phi = seen.on_units(x);
        Some(Passed { seen, phi, parts, seed })
    }

    /// The summands of a gradient (B, M) that are placed in it: each as what it is times its units, with the
    /// columns in which they stand.
    fn placed(&self, gradient: Wire, found: &mut Vec<(Units, Vec<usize>)>) -> Option<()> {
        let Source::Node(index, 0) = self.graph.source(gradient) else { return None };
        let node = &self.graph.nodes()[index];
        match node.operator.structure() {
            Structure::Sum { factors, shift: 0.0 } if factors.iter().all(|by| *by == 1.0) => {
                node.inputs.iter().try_for_each(|x| self.placed(*x, found))
            }
            Structure::Placed => {
                let x = node.inputs[0];
                let shape = self.graph.shape(x);
                let (&[rows, units], &[all, width]) =
                    (shape.axes(), self.graph.shape(gradient).axes())
                else {
                    return None;
                };
                let numbers = (1..=rows * units).map(|place| place as f64).collect();
                let array = Array::float(shape.clone(), numbers).ok()?;
                let made = evaluate(Arc::clone(&node.operator), &[&array], all * width);
                let made = made.ok()?;
                let mut columns = vec![0; units];
                for (place, number) in made.first()?.floats()?.iter().enumerate() {
                    let Some(from) = (*number as usize).checked_sub(1) else { continue };
                    let (row, unit) = (from / units, from % units);
                    if row == 0 {
                        columns[unit] = place % width;
                    }
                    if row != place / width || columns[unit] != place % width {
                        return None;
                    }
                }
                found.push((self.elements(x, shape)?, columns));
                Some(())
            }
            _ => None,
        }
    }
}
