//! Gradients that meet again the weights that made the outputs.
//!
//! What a loss asks for goes by the outputs, and these were made by the weights that its gradient comes
//! back through: of x·Wᵀ = z it is known that W·x = z, so that what comes back along x is δ·z and not by
//! chance. Each layer of N units adds so much along its own x, which is one over N of what there is as
//! often as outputs and their gradient go together; over L layers that is L·K/N with K outputs of which
//! the gradient is a multiple. Rows are taken one by one, each with its own x.
//!
//! ```text
//! Wᵀδ = W̃ᵀδ + x·(δ·z)/|x|²    W̃ independent of δ, and 0 along x
//! ```
//!
//! Key: a, b rows; x = φ(z) and δ = ∂loss/∂z of one layer, z′ and δ′ of the next, which reads x alone;
//! A(a, b) = E[(δ·z of a)(δ·z of b)]; X and Z mean products of x and z.

use super::Flow;
use crate::graph::Wire;

/// A layer and the next one.
#[derive(Clone, Copy, Debug)]
pub struct Again {
    /// z of the layer.
    pub z: Wire,
    /// φ(z), which the next layer alone reads.
    pub x: Wire,
    /// ∂loss/∂z.
    pub gradient: Wire,
    /// z of the next layer.
    pub next_z: Wire,
    /// ∂loss/∂z of the next layer.
    pub next_gradient: Wire,
}

/// What a layer's gradient and its z have in common.
#[derive(Clone, Debug)]
pub struct Met {
    /// A of the layer.
    pub own: Vec<f64>,
    /// Of every row, what is left in δ·z of what the next layer's had along x.
    pub along: Vec<f64>,
}

impl Flow<'_> {
    /// Adds to the gradient of a layer, that has just been worked out, what comes back along its own x,
    /// of A of the next layer, and gives its own A; none, and nothing is added, where rows are not known
    /// or x is no function of z alone.
    pub fn meet_again(&mut self, at: Again, next: &[f64]) -> Option<Met> {
        let (forward, back) = (self.form(at.x)?, self.form(at.gradient)?);
        let root = forward.1?;
        let is_own = self.form(at.z).map_or(root == at.z, |z| z == forward);
        if forward.0.is_some() || back.0.is_none() || back.1 != Some(root) || !is_own {
            return None;
        }
        let (grid, places) = self.grid(root)?;
        let values = |wire: Wire| self.form_values(wire);
        let (phi, slope) = (values(at.x)?, values(at.gradient)?);
        // Of a bias of 0, z is told as what it was before.
        let places = values(at.z).unwrap_or_else(|| places.into());
        let product = |f: &dyn Fn(usize) -> f64| {
            let values: Vec<f64> = (0..places.len()).map(f).collect();
            self.of_root(root, &grid, &values)
        };
        let both = product(&|i| phi[i] * slope[i])?;
        let turned = product(&|i| slope[i] * places[i])?;
        let passed = product(&|i| phi[i] * slope[i] * places[i])?;
        // Told of the same places as what it divides: a layer's error would stand in all before it.
        let squares = product(&|i| phi[i] * phi[i])?;
        let slopes = product(&|i| slope[i])?;
        let x = self.spread(at.x)?;
        let gradient = self.spread(at.gradient)?;
        let [units, next_units] = [at.z, at.next_z]
            .map(|wire| self.graph.shape(wire).axes().last().copied().unwrap_or(1) as f64);
        let pairs = |wire: Wire| self.spread(wire)?.of_two_rows().map(|own| own.0);
        let (next_z, next_gradient) = (pairs(at.next_z)?, pairs(at.next_gradient)?);
        let (z, fresh) = (pairs(at.z)?, gradient.of_two_rows()?.0);
        let (x, both, means) = (x.of_two_rows()?.0, both.of_two_rows()?.0, passed.of_two_rows()?.1);
        let squares = squares.of_two_rows()?.1;
        let (turned, slopes) = (turned.of_two_rows()?.0, slopes.of_two_rows()?.0);
        let rows = means.len();
        let same = |of: &[f64], row: usize| of[row * (rows + 1)];
        if next.len() != rows * rows || (0..rows).any(|row| same(x, row).min(squares[row]) <= 0.0) {
            return None;
        }
        // Of δ·z, what lies along x; and of the rest, which W̃ sends across x, what z still sees of it.
        let along: Vec<f64> = (0..rows).map(|row| means[row] / squares[row]).collect();
        let across = |row: usize| {
            let left = same(turned, row) - means[row].powi(2) / same(x, row);
            let slope = same(slopes, row);
            if slope > 0.0 { (left / slope).max(0.0).sqrt() } else { 0.0 }
        };
        let across: Vec<f64> = (0..rows).map(across).collect();
        let (mut more, mut own) = (vec![0.0; rows * rows], vec![0.0; rows * rows]);
        for place in 0..rows * rows {
            let (a, b) = (place / rows, place % rows);
            let excess = next[place] - next_units * next_gradient[place] * next_z[place];
            let sizes = units * units * same(x, a) * same(x, b);
            more[place] = excess * both[place] / sizes;
            let size = (same(z, a) * same(z, b)).sqrt();
            let cosine = if size > 0.0 { z[place] / size } else { 0.0 };
            own[place] = along[a] * along[b] * next[place]
                + units * fresh[place] * cosine * across[a] * across[b];
        }
        let changed = gradient.with_more_of_rows(&more);
        self.set_gradient(at.gradient, changed);
        Some(Met { own, along })
    }
}
