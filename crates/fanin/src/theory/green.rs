//! The Green's function of a Jacobian's spectrum, by continuation.
//!
//! Key: M the moment series of `JJᵀ`, G = (1 + M)/λ its Green's function, s = φ′², z the argument at
//! which E s/(z − s) = M. Then (Pennington, Schoenholz & Ganguli 2017, 2018; see `jacobian`)
//!
//! ```text
//! ln λ = a·ln(1 + M) + (L − 1)·ln M + L·ln(σ_w²·z),   a = 1 Gaussian, 1 − L orthogonal
//! ```
//!
//! and the density of ln λ is −Im M/π just above the real axis. On the negative axis all is real
//! and monotone, and bisection finds z; from there it is followed along the arc λ = x·e^{iθ},
//! θ from π to nearly 0, by Newton's method in ln z. z stays in the upper half-plane, off the
//! places of s (subordination, Biane 1998), so no other branch is ever met.

use std::f64::consts::PI;

use super::complex::Complex;
use super::slopes::Slopes;

/// The share of the smallest nonzero singular values that may be left out.
pub const LEFT_OUT: f64 = 1e-4;

/// The equation of the head of this file, for L layers.
pub struct Equation<'a> {
    pub slopes: &'a Slopes,
    pub exponent: f64,
    pub depth: f64,
    pub log_scale: f64,
    pub smallest_angle: f64,
}

impl Equation<'_> {
    /// ln λ, its derivative by ln z, and M, at ln z.
    fn at(&self, log_z: Complex) -> (Complex, Complex, Complex) {
        let found = self.slopes.series(log_z.exp());
        let (m, one_more) = (found.value, found.one_more);
        let log = one_more.ln().scaled(self.exponent)
            + m.ln().scaled(self.depth - 1.0)
            + (log_z + Complex::new(self.log_scale, 0.0)).scaled(self.depth);
        let parts =
            Complex::new(self.exponent, 0.0) / one_more + Complex::new(self.depth - 1.0, 0.0) / m;
        (log, parts * found.slope + Complex::new(self.depth, 0.0), m)
    }

    /// The ln z with z < 0 at which `is_above`, which rises.
    fn on_negative_axis(&self, is_above: impl Fn(f64) -> bool) -> f64 {
        let (mut low, mut high) = (-650.0, 650.0);
        for _ in 0..64 {
            let middle = f64::midpoint(low, high);
            if is_above(middle) { high = middle } else { low = middle }
        }
        f64::midpoint(low, high)
    }

    /// ln |λ| at z = −e^`log_z`.
    fn negative(&self, log_z: f64) -> f64 {
        let (mut m, mut one_more, size) = (0.0, 0.0, log_z.exp());
        for (square, weight) in &self.slopes.squares {
            m += weight * square / (size + square);
            one_more += weight * size / (size + square);
        }
        self.exponent * one_more.ln()
            + (self.depth - 1.0) * m.ln()
            + self.depth * (log_z + self.log_scale)
    }

    /// The density of ln λ at e^`log`.
    pub fn share(&self, log: f64) -> f64 {
        let start = self.on_negative_axis(|log_z| self.negative(log_z) > log);
        let (mut log_z, mut angle, mut step) = (Complex::new(start, PI), PI, 0.4);
        let mut slope = self.at(log_z).1;
        let mut share = 0.0;
        while angle > self.smallest_angle && step > 1e-3 * self.smallest_angle {
            let next = (angle - step).max(self.smallest_angle);
            let expected = log_z - Complex::new(0.0, angle - next) / slope;
            match self.newton(expected, Complex::new(log, next)) {
                Some((found, its_slope, its_share)) => {
                    (log_z, slope, share, angle) = (found, its_slope, its_share, next);
                    step *= 1.5;
                }
                None => step *= 0.4,
            }
        }
        share.max(0.0)
    }

    /// From a near ln z to the one at which ln λ is `goal`, its slope, and −Im M/π.
    fn newton(&self, near: Complex, goal: Complex) -> Option<(Complex, Complex, f64)> {
        /// ln z may move by that much; further off lies perhaps another solution.
        const FAR: f64 = 0.2;
        let mut log_z = near;
        for _ in 0..10 {
            let (log, slope, m) = self.at(log_z);
            let change = (goal - log) / slope;
            if change.size() < 1e-12 * (1.0 + log_z.size()) {
                let inside = log_z.imaginary > 0.0 && log_z.imaginary < PI;
                return (inside && m.imaginary < 0.0).then_some((log_z, slope, -m.imaginary / PI));
            }
            log_z = log_z + change;
            let is_near = (log_z - near).size() < FAR && log_z.imaginary > 0.0;
            if !is_near {
                return None;
            }
        }
        None
    }

    /// ln of the smallest eigenvalue that counts.
    pub fn bottom(&self, top: f64, spread: f64, own: bool) -> f64 {
        /// A density of ln λ that is none.
        const NOTHING: f64 = 1e-5;
        let nonzero = 1.0 - self.slopes.mass_at_zero();
        let m = |log_z: f64| -> f64 {
            let size = log_z.exp();
            self.slopes.squares.iter().map(|(s, weight)| weight * s / (size + s)).sum()
        };
        // On the negative axis E[r/(r + λ)] is at least half of the share below r.
        let cut = self.on_negative_axis(|log_z| nonzero - m(log_z) > LEFT_OUT);
        let cut = self.negative(cut);
        if own {
            return cut;
        }
        let (mut inside, mut gap) = (top, 0.3 * spread);
        let mut outside = cut;
        while top - gap > cut {
            if self.share(top - gap) > NOTHING {
                (inside, outside) = (top - gap, cut);
            } else if outside == cut {
                outside = top - gap;
            }
            gap *= 1.25;
        }
        if outside == cut && self.share(cut) > NOTHING {
            return cut;
        }
        for _ in 0..24 {
            let middle = f64::midpoint(inside, outside);
            if self.share(middle) > NOTHING { inside = middle } else { outside = middle }
        }
        inside
    }

    /// The share of φ′² that are no mass, for one orthogonal layer, between two ln λ.
    pub fn counted(&self, below: f64, above: f64) -> f64 {
        let inside = |(square, _): &&(f64, f64)| {
            let log = square.ln() + self.log_scale;
            log > below && log <= above && self.slopes.masses.iter().all(|mass| mass.0 != *square)
        };
        self.slopes.squares.iter().filter(inside).map(|place| place.1).sum()
    }
}
