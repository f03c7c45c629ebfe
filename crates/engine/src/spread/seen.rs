//! Mean products of any two functions of a layer's z over its units, of every two rows.
//!
//! Units are those that are drawn, or all that are normal with the covariance of rows: E f(z)g(z′) is then a
//! sum over Hermite polynomials.
//!
//! Key: f, g functions of z; a, b rows.

use std::rc::Rc;

use fanin_kernels::matmul::{Matrix, matmul};

use super::expansion::{Expansion, Grid};
use super::{Flow, Spread};
use crate::graph::Wire;

/// The units of a layer whose rows are known.
pub(super) struct Seen<'f> {
    root: &'f Spread,
    grid: Rc<Grid>,
    drawn: Option<Rc<Vec<f64>>>,
    rows: usize,
}

/// A function of z.
pub(super) struct Function {
    /// Row by row: of every unit, or of every place of the grid as the row has it.
    values: Vec<f64>,
    /// Of every row, where units are not drawn.
    expansions: Vec<Expansion>,
}

impl Flow<'_> {
    /// The units of a root (B, N); none where its rows are not known.
    pub(super) fn seen(&self, root: Wire, grid: &Rc<Grid>) -> Option<Seen<'_>> {
        let spread = self.spread(root)?;
        let rows = spread.rows_and_units()?.0.rows;
        let drawn = self.units.get(&root).map(|own| Rc::clone(&own.numbers));
        Some(Seen { root: spread, grid: Rc::clone(grid), drawn, rows })
    }
}

impl Seen<'_> {
    /// The function that has these values on the root's grid.
    pub fn on_grid(&self, values: &[f64]) -> Function {
        if let Some(units) = &self.drawn {
            return self.function(self.root.seen_by(units, &self.grid, values));
        }
        let (center, deviation) = self.root.reach();
        let by = if deviation > 0.0 { 1.0 / deviation } else { 0.0 };
        let of_row = |row: usize| {
            let (mean, own) = self.row(row);
            self.grid.seen_from(values, (mean - center) * by, own * by)
        };
        self.function((0..self.rows).flat_map(of_row).collect())
    }

    /// The function that has these values at units that are drawn, row by row.
    pub fn on_units(&self, values: Vec<f64>) -> Function {
        self.function(values)
    }

    /// The sum of some.
    pub fn sum(&self, mut all: Vec<Function>) -> Option<Function> {
        let mut sum = all.pop()?;
        if all.is_empty() {
            return Some(sum);
        }
        for own in &all {
            sum.values.iter_mut().zip(&own.values).for_each(|(sum, own)| *sum += own);
        }
        Some(self.function(sum.values))
    }

    /// f·g.
    pub fn product(&self, f: &Function, g: &Function) -> Function {
        self.function(f.values.iter().zip(&g.values).map(|(f, g)| f * g).collect())
    }

    /// E f(a)·g(b) of every two rows.
    pub fn products(&self, f: &Function, g: &Function) -> Vec<f64> {
        let rows = self.rows;
        let mut products = vec![0.0; rows * rows];
        let width = f.values.len() / rows;
        if self.drawn.is_some() {
            let [f, g] = [f, g].map(|own| Matrix::new(&own.values, rows, width));
            matmul(f, g.transposed(true), &mut products, false);
            products.iter_mut().for_each(|product| *product /= width as f64);
            return products;
        }
        for (place, product) in products.iter_mut().enumerate() {
            let (a, b) = (place / rows, place % rows);
            *product = if a == b {
                let [f, g] = [f, g].map(|own| own.values[a * width..][..width].iter());
                self.grid.mean(f.zip(g).map(|(f, g)| f * g))
            } else {
                f.expansions[a].beside(&g.expansions[b], self.correlation(a, b))
            };
        }
        products
    }

    fn function(&self, values: Vec<f64>) -> Function {
        let mut expansions: Vec<Expansion> = Vec::new();
        if self.drawn.is_none() {
            for row in values.chunks_exact(values.len() / self.rows) {
                expansions.push(Expansion::beside_another(&self.grid, row, expansions.last()));
            }
        }
        Function { values, expansions }
    }

    /// Mean and deviation of a row's z.
    fn row(&self, row: usize) -> (f64, f64) {
        let (products, means) = self.root.of_two_rows().expect("rows are known");
        let variance = products[row * (self.rows + 1)] - means[row].powi(2);
        (means[row], variance.max(0.0).sqrt())
    }

    fn correlation(&self, a: usize, b: usize) -> f64 {
        let (products, means) = self.root.of_two_rows().expect("rows are known");
        let most = self.row(a).1 * self.row(b).1;
        let common = products[a * self.rows + b] - means[a] * means[b];
        if most > 0.0 { (common / most).clamp(-1.0, 1.0) } else { 1.0 }
    }
}
