//! A function of a normal number in Hermite polynomials.
//!
//! Key: z standard normal, ρ a correlation, h polynomials with `E[h_j h_k]` = 1 if j = k, else 0.
//! With f = Σ c·h, two normal numbers of correlation ρ have E f(z) f(z′) = Σ c²·ρᵏ
//! (Mehler's formula): one quadrature tells all pairs.

use std::f64::consts::PI;

use crate::moments::gauss_legendre;

/// Polynomials that are told apart; what is left of E f² counts as one degree more.
const DEGREES: usize = 24;

/// Deviations to both sides that count.
const REACH: f64 = 7.0;

/// Places z of a quadrature with their weights under the normal density.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub places: Vec<f64>,
    weights: Vec<f64>,
}

impl Grid {
    /// Pieces of one deviation, with one more cut at `kink`.
    pub fn new(kink: f64) -> Self {
        let mut cuts: Vec<f64> = (0..=2 * REACH as i32).map(|i| f64::from(i) - REACH).collect();
        if kink.abs() < REACH {
            cuts.push(kink);
            cuts.sort_by(f64::total_cmp);
        }
        let rule = gauss_legendre();
        let (mut places, mut weights) = (Vec::new(), Vec::new());
        for pair in cuts.windows(2) {
            let (middle, half) = (f64::midpoint(pair[0], pair[1]), 0.5 * (pair[1] - pair[0]));
            for (node, weight) in rule {
                let z = middle + half * node;
                places.push(z);
                weights.push(half * weight * (-0.5 * z * z).exp() / (2.0 * PI).sqrt());
            }
        }
        Self { places, weights }
    }

    /// E f(t·z) and E f(t·z)² of a function with these values at the places, by straight lines
    /// between them.
    pub fn moments_at(&self, values: &[f64], t: f64) -> (f64, f64) {
        let last = self.places.len() - 1;
        let (mut next, mut sums) = (1, (0.0, 0.0));
        for (place, weight) in self.places.iter().zip(&self.weights) {
            let z = t * place;
            while next < last && self.places[next] < z {
                next += 1;
            }
            let (low, high) = (self.places[next - 1], self.places[next]);
            let share = if high > low { (z - low) / (high - low) } else { 0.0 };
            let value = values[next - 1] + share * (values[next] - values[next - 1]);
            sums.0 += weight * value;
            sums.1 += weight * value * value;
        }
        sums
    }

    pub fn mean(&self, values: impl Iterator<Item = f64>) -> f64 {
        self.weights.iter().zip(values).map(|(weight, value)| weight * value).sum()
    }
}

/// How alike the values of a function are at two normal numbers of any correlation.
#[derive(Clone, Debug, PartialEq)]
pub struct Expansion {
    mean: f64,
    squares: [f64; DEGREES + 1],
}

impl Expansion {
    pub(super) fn new(grid: &Grid, values: &[f64]) -> Self {
        let mut squares = [0.0; DEGREES + 1];
        let (mut before, mut now) = (vec![0.0; values.len()], vec![1.0; values.len()]);
        let mut mean = 0.0;
        for (degree, square) in squares[..DEGREES].iter_mut().enumerate() {
            let coefficient = grid.mean(values.iter().zip(&now).map(|(f, h)| f * h));
            mean = if degree == 0 { coefficient } else { mean };
            *square = coefficient * coefficient;
            let (n, next) = (degree as f64, (degree + 1) as f64);
            for ((before, now), z) in before.iter_mut().zip(&mut now).zip(&grid.places) {
                let up = (z * *now - n.sqrt() * *before) / next.sqrt();
                (*before, *now) = (*now, up);
            }
        }
        let all = grid.mean(values.iter().map(|f| f * f));
        squares[DEGREES] = (all - squares.iter().sum::<f64>()).max(0.0);
        Self { mean, squares }
    }

    /// E f(z).
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// E f(z) f(z′) at a correlation in [−1, 1].
    pub fn at(&self, correlation: f64) -> f64 {
        self.squares.iter().rev().fold(0.0, |sum, square| sum * correlation + square)
    }
}
