//! A function of a normal number in Hermite polynomials.
//!
//! Key: z standard normal, ρ a correlation, h polynomials with `E[h_j h_k]` = 1 if j = k, else 0.
//! With f = Σ c·h, two normal numbers of correlation ρ have E f(z) f(z′) = Σ c²·ρᵏ
//! (Mehler's formula): one quadrature tells all pairs.

use std::f64::consts::PI;

use crate::moments::gauss_legendre;

/// Polynomials that are told apart; what is left of E f² counts as one degree more.
const DEGREES: usize = 24;

/// Tails whose powers differ by less are alike to a thousandth.
const ALIKE: f64 = 0.01;

/// Deviations to both sides that count.
pub(super) const REACH: f64 = 7.0;

/// Places z of a quadrature with their weights under the normal density.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub places: Vec<f64>,
    weights: Vec<f64>,
    /// The ends of pieces.
    cuts: Vec<f64>,
    /// Of every four places that begin here: of each, one over the product of what it lies beyond the others.
    shares: Vec<[f64; 4]>,
}

impl Grid {
    /// Pieces of one deviation, with one more cut at `kink`.
    pub fn new(kink: f64) -> Self {
        let mut cuts: Vec<f64> = (0..=2 * REACH as i32).map(|i| f64::from(i) - REACH).collect();
        if kink.abs() < REACH && cuts.iter().all(|cut| (cut - kink).abs() > 1e-9) {
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
        let shares = places.windows(4).map(shares).collect();
        Self { places, weights, cuts, shares }
    }

    /// The values at m + t·z in place of z of a function with these values at the places.
    pub fn seen_from(&self, values: &[f64], m: f64, t: f64) -> Vec<f64> {
        self.places.iter().map(|place| self.at(values, m + t * place)).collect()
    }

    /// A function with these values at the places, at z: by the cubic through four of its piece, as a cut may
    /// be a kink, and by a straight line beyond the ends. Lines between places would add a thousandth per
    /// layer, all to one side where the function bends to one.
    pub fn at(&self, values: &[f64], z: f64) -> f64 {
        if z.abs() > REACH {
            return on_lines(&self.places, values, z);
        }
        let pieces = self.cuts.len() - 1;
        let nodes = self.places.len() / pieces;
        let piece = self.cuts.partition_point(|cut| *cut < z).clamp(1, pieces) - 1;
        let own = &self.places[piece * nodes..][..nodes];
        let next = own.partition_point(|place| *place < z).clamp(2, nodes - 2);
        let first = piece * nodes + next - 2;
        let (places, values) = (&self.places[first..][..4], &values[first..][..4]);
        let beyond: [f64; 4] = std::array::from_fn(|i| z - places[i]);
        let (low, high) = (beyond[0] * beyond[1], beyond[2] * beyond[3]);
        let without = [beyond[1] * high, beyond[0] * high, low * beyond[3], low * beyond[2]];
        let shares = &self.shares[first];
        (0..4).map(|i| values[i] * shares[i] * without[i]).sum()
    }

    pub fn mean(&self, values: impl Iterator<Item = f64>) -> f64 {
        self.weights.iter().zip(values).map(|(weight, value)| weight * value).sum()
    }
}

/// Of four places, one over the product of what each lies beyond the others.
fn shares(places: &[f64]) -> [f64; 4] {
    let beyond = |i: usize, j: usize| if i == j { 1.0 } else { places[i] - places[j] };
    std::array::from_fn(|i| 1.0 / (0..4).map(|j| beyond(i, j)).product::<f64>())
}

/// A function with these values at these places, by straight lines between them and beyond.
pub(super) fn on_lines(places: &[f64], values: &[f64], z: f64) -> f64 {
    let next = places.partition_point(|place| *place < z).clamp(1, places.len() - 1);
    let (low, high) = (places[next - 1], places[next]);
    let share = if high > low { (z - low) / (high - low) } else { 0.0 };
    values[next - 1] + share * (values[next] - values[next - 1])
}

/// How alike the values of a function are at two normal numbers of any correlation.
#[derive(Clone, Debug, PartialEq)]
pub struct Expansion {
    /// c by degree.
    coefficients: [f64; DEGREES],
    /// E f².
    second: f64,
    /// Of even and of odd degrees, what the others leave of E f².
    rest: [f64; 2],
    tail: Tail,
}

impl Expansion {
    pub(super) fn new(grid: &Grid, values: &[f64]) -> Self {
        Self::beside_another(grid, values, None)
    }

    /// With the tail of another where it falls off alike, as that is dear to find.
    pub(super) fn beside_another(grid: &Grid, values: &[f64], other: Option<&Self>) -> Self {
        let mut coefficients = [0.0; DEGREES];
        let (mut before, mut now) = (vec![0.0; values.len()], vec![1.0; values.len()]);
        for (degree, coefficient) in coefficients.iter_mut().enumerate() {
            *coefficient = grid.mean(values.iter().zip(&now).map(|(f, h)| f * h));
            let (n, next) = (degree as f64, (degree + 1) as f64);
            for ((before, now), z) in before.iter_mut().zip(&mut now).zip(&grid.places) {
                let up = (z * *now - n.sqrt() * *before) / next.sqrt();
                (*before, *now) = (*now, up);
            }
        }
        let second = grid.mean(values.iter().map(|f| f * f));
        let squares = coefficients.map(|c| c * c);
        let rest = (second - squares.iter().sum::<f64>()).max(0.0);
        let upper = &squares[DEGREES / 2..];
        let odd: f64 = upper.iter().skip(1).step_by(2).sum();
        let all: f64 = upper.iter().sum();
        let share = if all > 0.0 { odd / all } else { 0.5 };
        let power = Tail::power(all, rest);
        let other = other.map(|own| &own.tail).filter(|own| (own.power - power).abs() < ALIKE);
        let tail = other.cloned().unwrap_or_else(|| Tail::new(power));
        Self { coefficients, second, rest: [(1.0 - share) * rest, share * rest], tail }
    }

    /// E f(z).
    pub fn mean(&self) -> f64 {
        self.coefficients[0]
    }

    /// E f(z)².
    pub fn second(&self) -> f64 {
        self.second
    }

    /// E f(z) f(z′) at a correlation in [−1, 1].
    pub fn at(&self, correlation: f64) -> f64 {
        self.beside(self, correlation)
    }

    /// E f(z) g(z′) at a correlation in [−1, 1].
    pub fn beside(&self, other: &Self, correlation: f64) -> f64 {
        let both = self.coefficients.iter().zip(&other.coefficients).rev();
        let known = both.fold(0.0, |sum, (f, g)| sum * correlation + f * g);
        let [even, odd] = [0, 1].map(|parity| (self.rest[parity] * other.rest[parity]).sqrt());
        let left = even + odd * correlation.signum();
        if left == 0.0 { known } else { known + left * self.tail.at(correlation.abs()) }
    }
}

/// What is left of correlation ρ of the degrees from D on, whose squares fall off as k⁻ᵖ: with a kink
/// p is 5/2, with a jump 3/2.
///
/// The sum over k ≥ D of k⁻ᵖ·ρᵏ over that at ρ = 1 is nearly (p − 1) ∫₁ dt t⁻ᵖ e^(−x·t) with
/// x = −(D − ½)·ln ρ. With t = v⁻² it is an integral over v from 0 to 1 of a smooth function. It falls
/// off from 1 as √x, so that it is told at places of √x.
#[derive(Clone, Debug, PartialEq)]
struct Tail {
    power: f64,
    left: [f64; Tail::PLACES],
}

impl Tail {
    const PLACES: usize = 49;
    /// √x of the last place, behind which nothing is left.
    const END: f64 = 3.0;

    /// p, by what degrees from D/2 to D have and what those from D on have.
    fn power(upper: f64, rest: f64) -> f64 {
        let (low, high) = (DEGREES as f64 / 2.0 - 0.5, DEGREES as f64 - 0.5);
        if upper > 0.0 && rest > 0.0 {
            (1.0 + (1.0 + upper / rest).ln() / (high / low).ln()).clamp(1.25, 6.0)
        } else {
            2.5
        }
    }

    fn new(power: f64) -> Self {
        let rule = gauss_legendre();
        let left = |place: usize| {
            let x = (Self::END * place as f64 / (Self::PLACES - 1) as f64).powi(2);
            let term = |v: f64| 2.0 * v.powf(2.0 * power - 3.0) * (-x / (v * v)).exp();
            let sum = rule.iter().map(|(node, weight)| 0.5 * weight * term(0.5 + 0.5 * node));
            (power - 1.0) * sum.sum::<f64>()
        };
        let mut all: [f64; Self::PLACES] = std::array::from_fn(left);
        let first = all[0];
        all.iter_mut().for_each(|own| *own /= first);
        Self { power, left: all }
    }

    fn at(&self, correlation: f64) -> f64 {
        let root = (-(DEGREES as f64 - 0.5) * correlation.ln()).max(0.0).sqrt();
        let place = root * (Self::PLACES - 1) as f64 / Self::END;
        if place.is_nan() || place >= (Self::PLACES - 1) as f64 {
            return 0.0;
        }
        let (low, share) = (place as usize, place.fract());
        self.left[low] + share * (self.left[low + 1] - self.left[low])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where z has a deviation of 3, lines between places would be off by 0.02: h²/8·f″ at h = 0.1, f″ = 16; cubics
    /// are by h⁴·f⁗/43 = 3·10⁻⁴.
    #[test]
    fn smaller_rows_see_the_same_function() {
        let grid = Grid::new(0.0);
        let selu = |z: f64| if z > 0.0 { z } else { 1.758 * (z.exp() - 1.0) };
        let values: Vec<f64> = grid.places.iter().map(|z| selu(3.0 * z)).collect();
        for (mean, size) in [(0.0, 1.0), (0.0, 1.0 / 3.0), (0.2, 0.4), (-0.5, 0.1)] {
            for (place, seen) in grid.places.iter().zip(grid.seen_from(&values, mean, size)) {
                let z = mean + size * place;
                let off = (seen - selu(3.0 * z)).abs();
                assert!(z.abs() > REACH || off < 5e-4, "{z}: off by {off}");
            }
        }
    }

    /// Rows of deep networks are nearly alike: what degrees beyond the last leave counts there.
    #[test]
    fn functions_with_kinks_and_jumps_are_told_at_any_correlation() {
        use std::f64::consts::TAU;
        let grid = Grid::new(0.0);
        let on = |f: fn(f64) -> f64| {
            Expansion::new(&grid, &grid.places.iter().map(|z| f(*z)).collect::<Vec<f64>>())
        };
        let (kink, jump) = (on(|z| z.max(0.0)), on(|z| f64::from(u8::from(z > 0.0))));
        for correlation in [-1.0, -0.95, -0.3, 0.0, 0.5, 0.9, 0.99, 0.999, 0.999_9, 1.0] {
            // Arc-cosine kernels of degree 1 and 0 (Cho & Saul 2009).
            let angle = f64::acos(correlation);
            let apart = std::f64::consts::PI - angle;
            let exact = (angle.sin() + apart * correlation) / TAU;
            let off = (kink.at(correlation) - exact).abs();
            assert!(off < 1e-4, "kink at {correlation}: off by {off}");
            let off = (jump.at(correlation) - apart / TAU).abs();
            assert!(off < 1e-3, "jump at {correlation}: off by {off}");
        }
    }
}
