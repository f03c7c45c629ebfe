//! Layers as wide as they are: rows meet in mean products over units that are drawn, not over infinitely
//! many.
//!
//! The units of a layer are independent given the layer before, so a layer of N of them brings every two
//! rows to a mean product that strays by one over the root of N, and what all layers before have strayed by
//! is passed on. Gradients go back through the same slopes, and outputs are as large as their draw has
//! them; so means over draws are not what the means of all these would give. In a walk that draws its units,
//! mean products of rows are those of N numbers with the covariance of the layer; weights are still averaged
//! over, forward and back. What theory expects of finite layers is the mean over such walks.
//!
//! Key: B rows, N units; numbers of units stand row by row.

use std::rc::Rc;
use std::sync::Arc;

use fanin_kernels::matmul::{Matrix, matmul};
use fanin_kernels::random::Stream;

use super::expansion::Grid;
use super::normal_rows::NormalRows;
use super::pairs::Pairs;
use super::written::WrittenNorm;
use super::{Flow, Spread};
use crate::evaluate::{Array, evaluate};
use crate::graph::{Node, Wire};
use crate::ops::Structure;

impl Flow<'_> {
    /// Draws the units of a layer whose z (B, N) is known by rows; does nothing where it is not.
    pub fn draw_units(&mut self, z: Wire, stream: Stream) {
        // Of a bias of 0, z is told as what it was before.
        let root = match self.form(z) {
            Some((None, Some(root))) => root,
            Some(_) => return,
            None => z,
        };
        if let Some(units) = self.spread(root).and_then(|spread| spread.drawn(stream)) {
            self.units.insert(root, Rc::new(units));
        }
    }

    /// Whether units of some layer are drawn.
    pub fn has_drawn(&self) -> bool {
        !self.units.is_empty()
    }

    /// The spread of a function of a root that has these values on its grid: over its units where they are
    /// drawn.
    pub(super) fn of_root(&self, root: Wire, grid: &Grid, values: &[f64]) -> Option<Spread> {
        let spread = self.spread(root)?;
        let Some(units) = self.units.get(&root) else {
            return Some(spread.through_grid(grid, values));
        };
        spread.over_units(&spread.seen_by(units, grid, values))
    }

    /// The numbers of a wire's units: drawn, or a function of such; none of others.
    fn units_of(&self, wire: Wire) -> Option<Rc<Vec<f64>>> {
        if let Some(own) = self.units.get(&wire) {
            return Some(Rc::clone(own));
        }
        let (None, Some(root)) = self.form(wire)? else { return None };
        let (units, grid) = (self.units.get(&root)?, self.grids.get(&root)?);
        let values = self.form_values(wire)?;
        Some(Rc::new(self.spread(root)?.seen_by(units, grid, &values)))
    }

    /// What is standardized over rows or over units, of units that are drawn: as they are, they need not be
    /// normal.
    pub(super) fn draw_standardized(&mut self, node: &Node) {
        let (&[x], Some(&unit)) = (&node.inputs[..], node.outputs.first()) else { return };
        let shape = self.graph.shape(unit);
        if node.operator.structure() != Structure::Standardized || shape != self.graph.shape(x) {
            return;
        }
        let Some(units) = self.units_of(x) else { return };
        let Ok(array) = Array::float(shape.clone(), units.to_vec()) else { return };
        let found = evaluate(Arc::clone(&node.operator), &[&array], units.len());
        let found = found.ok().and_then(|found| Some(found.first()?.floats()?.to_vec()));
        if let Some(found) = found {
            self.become_units(unit, x, found);
        }
    }

    /// The same of a norm over rows that is written out.
    pub(super) fn draw_norm(&mut self, norm: &WrittenNorm) {
        let Some(units) = self.units_of(norm.x) else { return };
        let &[rows, count] = self.graph.shape(norm.x).axes() else { return };
        let mut found = units.to_vec();
        for unit in 0..count {
            let own = || (0..rows).map(|row| units[row * count + unit]);
            let mean = own().sum::<f64>() / rows as f64;
            let variance = own().map(|x| (x - mean).powi(2)).sum::<f64>() / rows as f64;
            let by = 1.0 / (variance + norm.epsilon).sqrt();
            (0..rows).for_each(|row| {
                let own = &mut found[row * count + unit];
                *own = (*own - mean) * by;
            });
        }
        self.become_units(norm.unit, norm.x, found);
    }

    /// Says that a wire like another has these units.
    fn become_units(&mut self, wire: Wire, like: Wire, units: Vec<f64>) {
        if let Some(spread) = self.spread(like).and_then(|like| like.over_units(&units)) {
            self.set(wire, spread);
            self.units.insert(wire, Rc::new(units));
        }
    }

    /// A sum of wires whose units are drawn, whose units are sums.
    pub(super) fn drawn_sum(&mut self, node: &Node) -> Option<Spread> {
        let Structure::Sum { factors, shift } = node.operator.structure() else { return None };
        let output = *node.outputs.first()?;
        let is_alike = |wire: &Wire| self.graph.shape(*wire) == self.graph.shape(output);
        if self.units.is_empty() || node.inputs.len() < 2 || !node.inputs.iter().all(is_alike) {
            return None;
        }
        let mut sum: Vec<f64> = Vec::new();
        for (wire, factor) in node.inputs.iter().zip(factors) {
            let units = self.units_of(*wire)?;
            sum.resize(units.len(), shift);
            sum.iter_mut().zip(units.iter()).for_each(|(sum, own)| *sum += factor * own);
        }
        let spread = self.spread(node.inputs[0])?.over_units(&sum)?;
        self.units.insert(output, Rc::new(sum));
        Some(spread)
    }
}

impl Spread {
    /// Rows and units of (B, N) whose rows are known.
    pub(super) fn rows_and_units(&self) -> Option<(&Pairs, usize)> {
        let own = self.pairs.as_ref().filter(|own| own.digit == 0 && own.places.is_none())?;
        match &self.axes[..] {
            [rows, units] if *rows == [own.rows] => match units[..] {
                [units] => Some((own, units)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Normal units with the covariance of these.
    fn drawn(&self, stream: Stream) -> Option<Vec<f64>> {
        let (own, units) = self.rows_and_units().filter(|_| self.is_finite())?;
        Some(NormalRows::new(own.of(0), &own.means).draw(units, stream))
    }

    /// A function that has these values on a grid over these elements, of units of theirs.
    pub(super) fn seen_by(&self, units: &[f64], grid: &Grid, values: &[f64]) -> Vec<f64> {
        let (center, deviation) = self.reach();
        let by = if deviation > 0.0 { 1.0 / deviation } else { 0.0 };
        units.iter().map(|z| grid.at(values, (z - center) * by)).collect()
    }

    /// The same shape with mean products of rows over these units.
    fn over_units(&self, numbers: &[f64]) -> Option<Self> {
        let (own, units) = self.rows_and_units()?;
        let (rows, count) = (own.rows, units as f64);
        let mut same = vec![0.0; rows * rows];
        let matrix = Matrix::new(numbers, rows, units);
        matmul(matrix, matrix.transposed(true), &mut same, false);
        let means: Vec<f64> =
            numbers.chunks_exact(units).map(|row| row.iter().sum::<f64>() / count).collect();
        let apart = |(at, same): (usize, &f64)| {
            (count * means[at / rows] * means[at % rows] - same / count) / (count - 1.0).max(1.0)
        };
        let apart: Vec<f64> = same.iter().enumerate().map(apart).collect();
        same.iter_mut().for_each(|product| *product /= count);
        let products = [same, apart].concat();
        Some(Self::from_pairs(self.axes.clone(), Pairs { means, products, ..own.clone() }))
    }
}
