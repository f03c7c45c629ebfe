//! Sums of a Mehler series, and what they leave out.
//!
//! Key: as in `gaussian`; R what is left at c = 1 after k terms, so that no more than R·|c|ᵏ is left.

use super::kink_series::tails;

/// What the jumps of derivatives may leave uncertain of the terms that they decide.
const DOUBT: f64 = 1e-10;

/// E φφ̃ and E φ′φ̃′ as far as terms were added.
pub struct Mehler {
    pub q: f64,
    pub c: f64,
    /// The sums.
    pub sums: [f64; 2],
    /// R of both.
    pub left: [f64; 2],
    sizes: [f64; 2],
    powers: [f64; 2],
    doubts: [f64; 2],
    is_closed: bool,
}

impl Mehler {
    /// Without any term; `sizes` are E φ² and E φ′².
    pub fn new(q: f64, c: f64, sizes: [f64; 2]) -> Self {
        let (powers, doubts) = ([1.0, 0.0], [0.0; 2]);
        Self { q, c, sums: [0.0; 2], left: sizes, sizes, powers, doubts, is_closed: false }
    }

    /// Adds the k-th term; all before it must have been added.
    pub fn add(&mut self, k: usize, coefficient: f64) {
        let square = coefficient * coefficient;
        let terms = [square, k as f64 * square / self.q];
        for (index, term) in terms.into_iter().enumerate() {
            self.sums[index] += self.powers[index] * term;
            self.left[index] -= term;
        }
        self.powers = [self.powers[0] * self.c, self.powers[0]];
    }

    /// Whether E φ² is a number of a computer.
    pub fn is_finite(&self) -> bool {
        self.sizes[0].is_finite()
    }

    /// Whether no more than these shares of E φ² and E φ′² are left out.
    pub fn holds(&self, tolerances: [f64; 2]) -> bool {
        (0..2).all(|index| {
            let left = if self.is_closed { 0.0 } else { self.left[index] * self.powers[index] };
            let doubt = if self.is_closed { 1e-3 } else { DOUBT.max(tolerances[index]) };
            left.abs() <= tolerances[index] * self.sizes[index]
                && self.doubts[index] <= doubt * self.sizes[index]
        })
    }

    /// Whether they may once there are `terms` in all: if what is left falls to a thousandth until then.
    pub fn may_hold(&self, tolerances: [f64; 2], terms: usize) -> bool {
        const FALL: f64 = 1e3;
        let power = self.c.abs().powi(terms as i32);
        (0..2).all(|i| self.left[i].abs() * power <= FALL * tolerances[i] * self.sizes[i])
    }

    /// Counts in that the coefficients from the k-th on, where `before` was left, are off by
    /// `mean_square` and less further on, as k^(−5/2) or faster.
    pub fn doubt(&mut self, mean_square: f64, k: usize, before: [f64; 2]) {
        let (k, power) = (k as f64, self.c.abs().powi(k as i32));
        let errors = [k * mean_square / 4.0, k * k * mean_square / (3.0 * self.q)];
        for (index, error) in errors.into_iter().enumerate() {
            let with = 2.0 * (before[index].max(0.0) * error).sqrt() + error;
            self.doubts[index] = with * power;
        }
    }

    /// Adds what is left after `k` terms as if their squares fell as k^(−5/2), as those of bends do.
    pub fn close(&mut self, k: usize) {
        let shares = tails(-(k as f64) * self.c.ln());
        for (index, share) in shares.into_iter().enumerate() {
            self.sums[index] += self.left[index].max(0.0) * share;
        }
        self.is_closed = true;
    }
}
