//! Gradients that meet again the weights that made the outputs.
//!
//! What a loss asks for goes by the outputs, and these were made by the weights that its gradient comes
//! back through: of x·Wᵀ = z it is known that W·x = z, so that what comes back along x is δ·z and not by
//! chance. Each layer of N units adds so much along its own x, which is one over N of what there is as
//! often as outputs and their gradient go together; over L layers that is L·K/N with K outputs of which
//! the gradient is a multiple. And slopes go by z: a unit of large weights has a large z in all rows, where
//! most activations are flatter, and sends its gradient back by the same weights.
//!
//! What two rows' gradients have in common goes by the z of both, for both of which W is known:
//!
//! ```text
//! Wᵀδ′_a = W̃ᵀδ′_a + Σ x_p·(X⁻¹)_pq·(δ′_a·z′_q)/N    p, q of {a, b}; W̃ independent of δ′, 0 along x_a and x_b
//! ```
//!
//! Other rows tell nothing more: of their z, what is not along those of a and b is independent of all that a
//! and b have. Of rows nearly along one line only the line is counted (`Two::inverse`), and biases are left out: z
//! is taken as W·x. Where a unit of x takes several of z, as x = φ(u, v) of two halves, what goes by φ′ or φ′·z is
//! a sum over these (`passed`).
//!
//! Key: a, b rows; x = φ(z) and δ = ∂loss/∂z of one layer, N units of x, z′ and δ′ of the next, which reads x alone;
//! `T_pq(a, b) = E[(δ_a·z_p)(δ_b·z_q)]`; X and Z mean products of x and z; matrices over {a, b}, a first.

use super::Flow;
use super::passed::{Part, Passed};
use super::seen::Function;
use super::two::Two;
use crate::graph::Wire;

/// A layer and the next one.
#[derive(Clone, Copy, Debug)]
pub struct Again {
    /// z of the layer.
    pub z: Wire,
    /// What is made of z alone, and the next layer alone reads.
    pub x: Wire,
    /// ∂loss/∂z.
    pub gradient: Wire,
    /// z of the next layer.
    pub next_z: Wire,
    /// ∂loss/∂z of the next layer.
    pub next_gradient: Wire,
}

/// What gradients and z of every two rows have in common: T, at a·B + b.
#[derive(Clone, Debug, Default)]
pub struct Common {
    /// `T_ab`: of each gradient with its own z.
    pub own: Vec<f64>,
    /// `T_aa`: of both gradients with the z of the first row; `T_bb` is that of the rows in other order.
    pub of_first: Vec<f64>,
    /// `T_ba`: of each gradient with the z of the other row.
    pub crossed: Vec<f64>,
}

/// What a layer's gradient and its z have in common.
#[derive(Clone, Debug)]
pub struct Met {
    /// T of the layer.
    pub common: Common,
    /// Of every row, what is left in δ·z of what the next layer's had along x.
    pub along: Vec<f64>,
}

impl Common {
    /// Nothing yet, of so many rows.
    pub fn zeros(rows: usize) -> Self {
        let [own, of_first, crossed] = [(); 3].map(|()| vec![0.0; rows * rows]);
        Self { own, of_first, crossed }
    }

    /// Where `T_ab` is known, and no gradient has more along another row than it has along its own: δ of so
    /// many units, with mean products of δ and of z.
    pub(super) fn along_own_rows(own: &[f64], units: f64, delta: &[f64], z: &[f64]) -> Self {
        let rows = own.len().isqrt();
        let mut common = Self { own: own.to_vec(), ..Self::zeros(rows) };
        for place in 0..own.len() {
            let (a, b) = (place / rows * (rows + 1), place % rows * (rows + 1));
            let excess = own[place] - units * delta[place] * z[place];
            let share = |row: usize| if z[row] > 0.0 { z[place] / z[row] } else { 0.0 };
            common.of_first[place] = units * delta[place] * z[a] + excess * share(b);
            common.crossed[place] = units * delta[place] * z[place] + excess * share(a) * share(b);
        }
        common
    }

    fn at(&self, a: usize, b: usize) -> Two {
        let rows = self.own.len().isqrt();
        let place = a * rows + b;
        Two([
            [self.of_first[place], self.own[place]],
            [self.crossed[place], self.of_first[b * rows + a]],
        ])
    }

    fn set(&mut self, place: usize, to: Two) {
        let Two([[of_first, own], [crossed, _]]) = to;
        (self.own[place], self.of_first[place], self.crossed[place]) = (own, of_first, crossed);
    }
}

/// Of every two rows, the sum of some.
fn sum(mut all: impl Iterator<Item = Vec<f64>>) -> Vec<f64> {
    let mut sum = all.next().unwrap_or_default();
    all.for_each(|own| sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own));
    sum
}

impl Flow<'_> {
    /// Adds to the gradient of a layer, that has just been worked out, what comes back along the x of every
    /// two rows, of T of the next layer, and gives its own T; none, and nothing is added, where rows are not
    /// known or x is no function of z alone.
    pub fn meet_again(&mut self, at: Again, next: &Common) -> Option<Met> {
        let Passed { seen, phi, parts, seed } = self.passed(&at)?;
        let product = |f: &Function, g: &Function| seen.product(f, g);
        let over_parts = |of: &dyn Fn(&Part) -> Vec<f64>| sum(parts.iter().map(of));
        let both: Vec<Function> = parts.iter().map(|part| product(&phi, &part.slope)).collect();
        let over_both = |of: &dyn Fn(&Part, &Function) -> Vec<f64>| {
            sum(parts.iter().zip(&both).map(|(part, both)| of(part, both)))
        };
        let turned = parts.iter().map(|part| product(&part.slope, &part.z)).collect();
        let turned = seen.sum(turned)?;
        // Told of the same places as what it divides: a layer's error would stand in all before it.
        let x = seen.products(&phi, &phi);
        let with_own_x = over_both(&|part, both| seen.products(both, &part.z));
        let with_own_z = seen.products(&turned, &phi);
        let with_other = over_parts(&|part| seen.products(&part.slope, &product(&phi, &part.z)));
        let of_x = over_both(&|_, both| seen.products(both, both));
        let of_first_x = over_both(&|part, both| seen.products(&product(both, &phi), &part.slope));
        let of_z = seen.products(&turned, &turned);
        let of_first_z = over_parts(&|part| seen.products(&product(&turned, &part.z), &part.slope));
        let of_other_z = match &parts[..] {
            [_] => of_z.clone(),
            _ => over_parts(&|part| {
                let across = |other: &Part| {
                    seen.products(&product(&part.slope, &other.z), &product(&part.z, &other.slope))
                };
                sum(parts.iter().map(across))
            }),
        };

        let (units, all_units) = (self.units_in(at.x), self.units_in(at.z));
        let next_units = self.units_in(at.next_z);
        let (next_z, next_gradient) = (self.rows(at.next_z)?, self.rows(at.next_gradient)?);
        let fresh = self.rows(seed)?;
        let rows = x.len().isqrt();
        let is_whole =
            [&next.own, &next.of_first, &next.crossed].iter().all(|t| t.len() == x.len());
        if !is_whole || (0..rows).any(|row| x[row * (rows + 1)] <= 0.0) {
            return None;
        }
        // E φ_p·φ′_a·z_q over units.
        let passed = |a: usize, b: usize| {
            let place = a * rows + b;
            Two([
                [with_own_x[a * (rows + 1)], with_own_x[place]],
                [with_own_z[place], with_other[place]],
            ])
        };
        let (mut more, mut common) = (vec![0.0; rows * rows], Common::zeros(rows));
        for place in 0..rows * rows {
            let (a, b) = (place / rows, place % rows);
            let inverse = Two::of_rows(&x, a, b).inverse();
            let along = |total: Two| inverse.times(total).times(inverse);
            let total = next.at(a, b);
            let chance = Two::of_rows(&next_z, a, b).scaled(next_units * next_gradient[place]);
            let turned_back = b * rows + a;
            let slopes =
                Two([[of_first_x[place], of_x[place]], [of_x[place], of_first_x[turned_back]]]);
            more[place] = along(total.less(chance)).dot(slopes) / (units * all_units);
            let (left, right) = (passed(a, b).transposed(), passed(b, a).swapped());
            let squares = Two([
                [of_first_z[place], of_z[place]],
                [of_other_z[place], of_first_z[turned_back]],
            ]);
            let across = squares.less(left.times(inverse).times(right));
            let kept = left.times(along(total)).times(right);
            common.set(place, kept.plus(across.scaled(units * fresh[place])));
        }
        let along = (0..rows).map(|row| row * (rows + 1));
        let along = along.map(|same| with_own_x[same] / x[same]).collect();
        let changed = self.spread(at.gradient)?.with_more_of_rows(&more);
        self.set_gradient(at.gradient, changed);
        Some(Met { common, along })
    }
}
