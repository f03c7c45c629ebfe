//! The far terms of a Mehler series, which kinks alone decide.
//!
//! Key: f(z) = φ(√q·z), p the normal density, heₖ the normalized Hermite polynomials, aₖ = E f·heₖ,
//! κ a kink of f, Jₘ the jump of its m-th derivative there.
//!
//! By parts on every piece, as (heₖ₋₁·p)′ = −√k·heₖ·p,
//!
//! ```text
//! aₖ = Σ Jₘ(κ)·heₖ₋₁₋ₘ(κ)·p(κ)/√(k(k − 1)…(k − m)),   m = 0 … 4, over all kinks
//! ```
//!
//! but for E f⁽⁵⁾·heₖ₋₅/√(k⁵) of the smooth pieces. Where φ bends sharply, aₖ² falls as k^(−5/2), so
//! that what lies beyond N terms, R in all at c = 1, adds about R·Tₚ(−N·ln c),
//! Tₚ(x) = p∫₁^∞ u^(−p−1)·e^(−xu) du, with p = 3/2 for E φφ̃ and 1/2 for E φ′φ̃′.

use std::f64::consts::PI;

use fanin_engine::activations::Activation;

/// Derivatives whose jumps count: as many as an activation tells.
const ORDERS: usize = 5;
/// Deviations to both sides within which kinks count.
const REACH: f64 = 10.0;

/// The kinks of f and the coefficients that they decide, from k = 5 on.
#[derive(Debug)]
pub struct KinkSeries {
    kinks: Vec<f64>,
    /// Orders that jump somewhere, each with Jₘ·p of every kink.
    jumps: Vec<(usize, Vec<f64>)>,
    /// heₖ₋₁ … heₖ₋₅ at every kink, where k is the next coefficient.
    last: [Vec<f64>; ORDERS],
    next: usize,
}

impl KinkSeries {
    /// Of inputs with standard deviation `deviation`; none where φ has no kinks in reach, or a
    /// derivative there is no number.
    pub fn new(activation: &dyn Activation, deviation: f64) -> Option<Self> {
        const NEAR: f64 = 1e-9;
        let is_near = |kink: &f64| (kink / deviation).abs() < REACH;
        let places: Vec<f64> = activation.kinks().iter().copied().filter(is_near).collect();
        // A derivative at the kink itself, from one side.
        let beside = |order: usize, kink: f64, step: f64| {
            let here = activation.at(order, kink + step);
            let rise = if order + 1 < ORDERS { activation.at(order + 1, kink + step) } else { 0.0 };
            here - step * rise
        };
        let jump = |order: usize, kink: f64| {
            let step = NEAR * kink.abs().max(1.0);
            let (left, right) = (beside(order, kink, -step), beside(order, kink, step));
            let rounding = 1e-12 * left.abs().max(right.abs());
            let jump = right - left;
            if jump.abs() <= rounding { 0.0 } else { jump * deviation.powi(order as i32) }
        };
        let kinks: Vec<f64> = places.iter().map(|kink| kink / deviation).collect();
        let jumps = (0..ORDERS).map(|order| {
            let of_kinks = places.iter().zip(&kinks).map(|(x, z)| jump(order, *x) * density(*z));
            (order, of_kinks.collect::<Vec<f64>>())
        });
        let jumps: Vec<_> = jumps.filter(|(_, all)| all.iter().any(|jump| *jump != 0.0)).collect();
        let is_known = jumps.iter().all(|(_, all)| all.iter().all(|jump| jump.is_finite()));
        if jumps.is_empty() || !is_known {
            return None;
        }
        let zero = || vec![0.0; kinks.len()];
        let mut last: [Vec<f64>; ORDERS] = std::array::from_fn(|_| zero());
        last[0] = vec![1.0; kinks.len()];
        let mut series = Self { kinks, jumps, last, next: 1 };
        while series.next < ORDERS {
            series.advance();
        }
        Some(series)
    }

    /// A in aₖ² ≈ A·k^(−5/2) on average over k, which bends of φ decide: Σ J₁²p/2π, as heₖ²p is
    /// 1/(2π√k) on average.
    pub fn bend(&self) -> f64 {
        let bends = self.jumps.iter().filter(|(order, _)| *order == 1);
        let all = bends.flat_map(|(_, jumps)| jumps.iter().zip(&self.kinks));
        all.map(|(jump, kink)| jump * jump / density(*kink)).sum::<f64>() / (2.0 * PI)
    }

    /// The least distance of two kinks.
    pub fn least_distance(&self) -> f64 {
        let gaps = self.kinks.windows(2).map(|pair| pair[1] - pair[0]);
        gaps.fold(f64::INFINITY, f64::min)
    }

    /// k of the next coefficient.
    pub fn next(&self) -> usize {
        self.next
    }

    /// The next coefficient.
    pub fn coefficient(&mut self) -> f64 {
        let k = self.next as f64;
        let of_order = |(order, jumps): &(usize, Vec<f64>)| {
            dot(jumps, &self.last[*order])
                / (0..=*order).map(|i| k - i as f64).product::<f64>().sqrt()
        };
        let sum = self.jumps.iter().map(of_order).sum();
        self.advance();
        sum
    }

    /// √k·heₖ = z·heₖ₋₁ − √(k − 1)·heₖ₋₂.
    fn advance(&mut self) {
        let k = self.next as f64;
        let (root, before) = (1.0 / k.sqrt(), (k - 1.0).sqrt());
        self.last.rotate_right(1);
        let [newest, one, two, ..] = &mut self.last;
        let known = self.kinks.iter().zip(one).zip(two);
        for (place, ((kink, one), two)) in newest.iter_mut().zip(known) {
            *place = (kink * *one - before * *two) * root;
        }
        self.next += 1;
    }
}

fn density(z: f64) -> f64 {
    const AT_0: f64 = 0.398_942_280_401_432_7;
    AT_0 * (-0.5 * z * z).exp()
}

/// Σ ab, as four sums side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (mut sums, fours) = ([0.0; 4], a.chunks_exact(4).zip(b.chunks_exact(4)));
    for (a, b) in fours {
        sums.iter_mut().zip(a).zip(b).for_each(|((sum, a), b)| *sum += a * b);
    }
    let left = a.len() - a.len() % 4;
    let rest: f64 = a[left..].iter().zip(&b[left..]).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

/// `T_{3/2}` and `T_{1/2}` at `x` ≥ 0.
pub fn tails(x: f64) -> [f64; 2] {
    let slopes = (-x).exp() - (PI * x).sqrt() * libm::erfc(x.sqrt());
    [(-x).exp() - 2.0 * x * slopes, slopes]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::quadrature::{cuts, visit};

    /// aₖ of an activation by quadrature on fine pieces.
    fn integrated(activation: &dyn Activation, deviation: f64, k: usize) -> f64 {
        let kinks = activation.kinks().iter().map(|kink| kink / deviation);
        let mut sum = 0.0;
        let fine = (0..800).map(|i| -10.0 + 0.025 * f64::from(i));
        visit(&cuts(0.5, kinks.chain(fine)), |z, weight| {
            let (mut before, mut here) = (0.0, 1.0);
            for n in 0..k {
                let n = n as f64;
                (before, here) = (here, (z * here - n.sqrt() * before) / (n + 1.0).sqrt());
            }
            sum += weight * here * activation.at(0, deviation * z);
        });
        sum
    }

    #[test]
    fn far_coefficients_are_those_of_the_kinks() {
        // Where the fifth derivative jumps, too, that is left out: about k⁻³.
        for (text, bound) in [
            ("relu(x - 0.3) - 2*relu(x + 1)", 1e-9),
            ("x*clip(x+3, 0, 6)/6", 1e-9),
            ("abs(tanh(x) - 0.2)", 1e-6),
        ] {
            let activation = crate::theory::activation(text).unwrap();
            let mut series = KinkSeries::new(&*activation, 0.8).unwrap();
            for k in 5..160 {
                assert_eq!(series.next(), k);
                let found = series.coefficient();
                if [121, 122, 159].contains(&k) {
                    let exact = integrated(&*activation, 0.8, k);
                    assert!((found - exact).abs() < bound, "{text}, {k}: {found} {exact}");
                }
            }
        }
        assert!(KinkSeries::new(&*crate::theory::activation("tanh").unwrap(), 1.0).is_none());
    }

    #[test]
    fn tails_are_sums_of_powers() {
        for x in [0.0, 0.01, 0.5, 4.0] {
            let n = 2000_usize;
            let sum = |p: f64| -> f64 {
                let terms = (n..400 * n).map(|k| {
                    let k = k as f64;
                    (k / n as f64).powf(-p - 1.0) * (-x * k / n as f64).exp()
                });
                p * terms.sum::<f64>() / n as f64
            };
            for (found, p) in tails(x).into_iter().zip([1.5, 0.5]) {
                // What lies beyond 400·N is 400^−p.
                let beyond = if x == 0.0 { 400_f64.powf(-p) } else { 0.0 };
                let exact = sum(p) + beyond;
                assert!((found - exact).abs() < 2e-3, "{x}, {p}: {found} {exact}");
            }
        }
    }
}
