//! Residual streams whose gradient meets again the weights that made the outputs.
//!
//! The gradient at the head lies along the last stream, that is along every branch that it is a sum of. Each
//! branch so gets its share back through its own weights, and adds what comes of it along the stream that it
//! read. With branches that relu bends, δ·s stays as it is from the last stream to the first.
//!
//! ```text
//! s′ = s + v,  v = W·φ(u),  u = W₁·s      δ′·v = (δ′·s′)·|v|²/|s′|²,  δ·s = δ′·s + δᵤ·u
//! ```
//!
//! Key: as in `again`; T(a, b) = E[(δ·s of a)(δ·s of b)], each row along its own s, of which N·D·S is chance, for D and S the mean products
//! of δ and s over N units; primes are of the stream behind a branch.

use super::again::{Again, Common, Met};
use super::{Flow, Spread};
use crate::graph::Wire;

/// A layer that reads a stream, for whose gradient no other has read it yet.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// The stream.
    pub stream: Wire,
    /// ∂loss/∂s.
    pub gradient: Wire,
    /// z of the layer.
    pub z: Wire,
    /// ∂loss/∂z.
    pub z_gradient: Wire,
}

/// The layer whose activation begins a stream.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// The stream.
    pub stream: Wire,
    /// ∂loss/∂s.
    pub gradient: Wire,
    /// ∂loss/∂z of the layer.
    pub z_gradient: Wire,
}

/// A branch of two layers.
#[derive(Clone, Copy, Debug)]
pub struct Branch {
    /// Its first layer, as met again by its second.
    pub inner: Again,
    /// The branch's result as it is added.
    pub result: Wire,
    /// The stream that it reads.
    pub stream: Wire,
    /// ∂loss/∂s.
    pub gradient: Wire,
    /// The stream behind it.
    pub sum: Wire,
    /// ∂loss/∂s′.
    pub sum_gradient: Wire,
}

impl Flow<'_> {
    /// Adds to the gradient of a stream, that has just been worked out, what comes back along the stream
    /// through its one reader, of T of the reader; false, and nothing is added, where rows are not known.
    pub fn meet_reader(&mut self, at: Reader, next: &[f64]) -> bool {
        let of = |wire: Wire| self.rows(wire);
        let found = (of(at.stream), of(at.z), of(at.z_gradient));
        let (Some(s), Some(z), Some(delta)) = found else { return false };
        let (units, next_units) = (self.units_in(at.stream), self.units_in(at.z));
        let more = (0..next.len()).map(|place| {
            let excess = next[place] - next_units * delta[place] * z[place];
            excess * along(&s, place) / (units * units)
        });
        let more: Vec<f64> = more.collect();
        self.add_of_rows(at.gradient, &more)
    }

    /// Adds to the gradient inside a branch, that has just been worked out, what comes back along its own x, of
    /// T behind the branch.
    pub fn meet_branch(&mut self, at: &Branch, total: &[f64]) -> Option<Met> {
        let (sum, delta) = (self.rows(at.sum)?, self.rows(at.sum_gradient)?);
        let v = self.rows(at.result)?;
        let (rows, units) = (rows_of(total), self.units_in(at.sum));
        let next: Vec<f64> = (0..total.len())
            .map(|place| {
                let excess = total[place] - units * delta[place] * sum[place];
                let share = |row: usize| v[row * (rows + 1)] / sum[row * (rows + 1)];
                excess * share(place / rows) * share(place % rows) + units * delta[place] * v[place]
            })
            .collect();
        self.meet_again(at.inner, &Common::along_own_rows(&next, units, &delta, &v))
    }

    /// Adds to the gradient of the stream before a branch, that has just been worked out, what comes back along
    /// the stream, of T behind the branch and of what met inside; gives T.
    pub fn meet_stream(&mut self, at: &Branch, total: &[f64], met: &Met) -> Option<Vec<f64>> {
        let [s, sum, u, v] = [at.stream, at.sum, at.inner.z, at.result].map(|wire| self.rows(wire));
        let (s, sum, u, v) = (s?, sum?, u?, v?);
        let (delta, inner) = (self.rows(at.sum_gradient)?, self.rows(at.inner.gradient)?);
        let (units, inner_units) = (self.units_in(at.stream), self.units_in(at.inner.z));
        let rows = rows_of(total);
        let same = |of: &[f64], row: usize| of[row * (rows + 1)];
        if (0..rows).any(|row| same(&s, row).min(same(&sum, row)) <= 0.0) {
            return None;
        }
        let (mut more, mut own) = (vec![0.0; rows * rows], vec![0.0; rows * rows]);
        for place in 0..rows * rows {
            let (a, b) = (place / rows, place % rows);
            // Of two rows, what one has along the stream before and the other along the branch.
            let excess = total[place] - units * delta[place] * sum[place];
            let kept = |row: usize| 1.0 - same(&v, row) / same(&sum, row);
            let passed = |row: usize| met.along[row] * same(&v, row) / same(&sum, row);
            let both = excess * (kept(a) * passed(b) + passed(a) * kept(b));
            let beyond = met.common.own[place] - inner_units * inner[place] * u[place];
            more[place] = (beyond + both) * along(&s, place) / (units * units);
            own[place] = excess * kept(a) * kept(b)
                + units * delta[place] * s[place]
                + both
                + met.common.own[place];
        }
        self.add_of_rows(at.gradient, &more).then_some(own)
    }

    /// Adds to the gradient of the layer whose activation begins a stream, that has just been worked out, what
    /// of T goes through the activation's slopes together with the stream itself.
    pub fn leave_stream(&mut self, at: Start, total: &[f64]) -> Option<()> {
        let (forward, back) = (self.form(at.stream)?, self.form(at.z_gradient)?);
        let root = forward.1.filter(|_| forward.0.is_none() && back.1 == forward.1)?;
        let grid = self.grid(root)?.0;
        let (phi, slope) = (self.form_values(at.stream)?, self.form_values(at.z_gradient)?);
        let passed: Vec<f64> = phi.iter().zip(slope.iter()).map(|(x, s)| x * s).collect();
        let of_rows = |spread: Option<Spread>| Some(spread?.of_two_rows()?.0.to_vec());
        let passed = of_rows(self.of_root(root, &grid, &passed))?;
        let slopes = of_rows(self.of_root(root, &grid, &slope))?;
        let (x, delta) = (self.rows(at.stream)?, self.rows(at.gradient)?);
        let units = self.units_in(at.stream);
        let rows = rows_of(total);
        let more: Vec<f64> = (0..total.len())
            .map(|place| {
                let (a, b) = (place / rows * (rows + 1), place % rows * (rows + 1));
                let excess = total[place] - units * delta[place] * x[place];
                let sizes = units * units * x[a] * x[b];
                if sizes > 0.0 {
                    excess * (passed[place] - x[place] * slopes[place]) / sizes
                } else {
                    0.0
                }
            })
            .collect();
        self.add_of_rows(at.z_gradient, &more).then_some(())
    }

    /// Mean products of every two rows of a wire.
    pub(super) fn rows(&self, wire: Wire) -> Option<Vec<f64>> {
        Some(self.spread(wire)?.of_two_rows()?.0.to_vec())
    }

    pub(super) fn units_in(&self, wire: Wire) -> f64 {
        self.graph.shape(wire).axes().last().copied().unwrap_or(1) as f64
    }

    fn add_of_rows(&mut self, gradient: Wire, more: &[f64]) -> bool {
        let Some(spread) = self.spread(gradient).filter(|own| own.of_two_rows().is_some()) else {
            return false;
        };
        let changed = spread.with_more_of_rows(more);
        self.set_gradient(gradient, changed);
        true
    }
}

/// s·s′ of two rows over the squares of both.
fn along(s: &[f64], place: usize) -> f64 {
    let rows = rows_of(s);
    let size = s[place / rows * (rows + 1)] * s[place % rows * (rows + 1)];
    if size > 0.0 { s[place] / size } else { 0.0 }
}

/// B of what is told of every two rows.
fn rows_of(products: &[f64]) -> usize {
    products.len().isqrt()
}
