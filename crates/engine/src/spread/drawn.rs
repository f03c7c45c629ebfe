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
//! Where units of several layers, or several units of one, make one number, such as a gate and what it lets
//! through, that number is drawn by what it is made of; and a gradient that goes with several of them, too.
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
use super::{Flow, Spread, by_rows};
use crate::evaluate::{Array, evaluate};
use crate::graph::{Node, Wire};
use crate::ops::Structure;
use crate::tensor::Shape;

/// Numbers of drawn units, row by row, or what a gradient is times such.
#[derive(Clone, Debug)]
pub(super) struct Units {
    /// The gradient.
    pub seed: Option<Wire>,
    pub numbers: Rc<Vec<f64>>,
}

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
            self.units.insert(root, Units { seed: None, numbers: Rc::new(units) });
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
        spread.over_units(&spread.seen_by(&units.numbers, grid, values))
    }

    /// The numbers of a wire's units: drawn, or a function of such; none of others.
    fn units_of(&self, wire: Wire) -> Option<Rc<Vec<f64>>> {
        if let Some(own) = self.units.get(&wire) {
            return Some(Rc::clone(&own.numbers)).filter(|_| own.seed.is_none());
        }
        let (None, Some(root)) = self.form(wire)? else { return None };
        self.of_drawn(wire, root)
    }

    /// The function that a wire is of a root, of the root's units.
    fn of_drawn(&self, wire: Wire, root: Wire) -> Option<Rc<Vec<f64>>> {
        let (units, grid) = (&self.units.get(&root)?.numbers, self.grids.get(&root)?);
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
            self.units.insert(wire, Units { seed: None, numbers: Rc::new(units) });
        }
    }

    /// What an elementwise operator makes of several wires whose units are drawn, or what moves such units:
    /// unit by unit. A gradient may be among them, with which it goes.
    pub(super) fn drawn_elements(&mut self, node: &Node) -> Option<Spread> {
        let output = *node.outputs.first()?;
        let is_moved = node.operator.structure() == Structure::Moved && node.inputs.len() == 1;
        if self.units.is_empty() || !(is_moved || node.operator.is_pointwise()) {
            return None;
        }
        let graph = self.graph;
        let is_unfit = |x: &Wire| graph.shape(*x).rank() != 2 || self.is_gradient[x.0];
        if graph.shape(output).rank() != 2 || is_moved && node.inputs.iter().any(is_unfit) {
            return None;
        }
        let shape = |wire: Wire| graph.shape(if is_moved { wire } else { output });
        let found = node.inputs.iter().map(|wire| self.elements(*wire, shape(*wire)));
        let found: Vec<Units> = found.collect::<Option<_>>()?;
        let mut seeds = found.iter().filter_map(|own| own.seed);
        let seed = seeds.next();
        if seeds.any(|other| Some(other) != seed) {
            return None;
        }
        let with_seed = |by: f64| {
            let arrays = node.inputs.iter().zip(&found).map(|(wire, own)| {
                let by = if own.seed.is_some() { by } else { 1.0 };
                let numbers = own.numbers.iter().map(|x| by * x).collect();
                Array::float(shape(*wire).clone(), numbers).ok()
            });
            let arrays: Vec<Array> = arrays.collect::<Option<_>>()?;
            let arrays: Vec<&Array> = arrays.iter().collect();
            let most = graph.shape(output).elements();
            let made = evaluate(Arc::clone(&node.operator), &arrays, most).ok()?;
            made.first()?.floats().map(<[f64]>::to_vec)
        };
        let numbers = with_seed(1.0)?;
        let is_double = |(one, two): (&f64, &f64)| (two - 2.0 * one).abs() <= 1e-9 * two.abs();
        if seed.is_some() && !numbers.iter().zip(&with_seed(2.0)?).all(is_double) {
            return None;
        }
        let mut spread = if is_moved {
            let (x, own) = (node.inputs[0], self.spread(node.inputs[0])?);
            let moved = by_rows::declared(&*node.operator, &[graph.type_of(x)], &[own])?;
            moved.first()?.over_units(&numbers)?
        } else {
            let mut inputs = node.inputs.iter().filter(|x| graph.shape(**x) == shape(output));
            inputs.find_map(|x| self.spread(*x)?.over_units(&numbers))?
        };
        if let Some(seed) = seed {
            spread = spread.times(self.spread(seed)?);
        }
        self.units.insert(output, Units { seed, numbers: Rc::new(numbers) });
        Some(spread)
    }

    /// The elements of a wire, or a constant that fills this shape; none where units are not drawn or the
    /// shape differs.
    pub(super) fn elements(&self, wire: Wire, shape: &Shape) -> Option<Units> {
        let filled = |seed, value| Units { seed, numbers: vec![value; shape.elements()].into() };
        let (spread, is_gradient) = (self.spread(wire)?, self.is_gradient[wire.0]);
        if spread.variance() <= 1e-12 * spread.second() && !is_gradient {
            return Some(filled(None, spread.mean()));
        }
        if self.graph.shape(wire) != shape {
            return None;
        }
        if let Some(own) = self.units.get(&wire) {
            return Some(own.clone());
        }
        let own = match self.form(wire) {
            Some((seed, None)) => filled(seed, *self.form_values(wire)?.first()?),
            Some((seed, Some(root))) => Units { seed, numbers: self.of_drawn(wire, root)? },
            None => return is_gradient.then(|| filled(Some(wire), 1.0)),
        };
        let Some(seed) = own.seed else { return Some(own) };
        let before = self.elements(seed, shape)?;
        let numbers = own.numbers.iter().zip(before.numbers.iter()).map(|(x, y)| x * y);
        Some(Units { seed: before.seed, numbers: Rc::new(numbers.collect()) })
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
        let (own, units) = self.rows_and_units().filter(|(_, units)| *units > 0)?;
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
