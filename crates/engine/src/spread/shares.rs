//! The gradient through shares of a whole, as attention makes them.
//!
//! Key: p shares of T places made of normal logits x, g the gradient that comes back to them, which
//! they know nothing of; the gradient that goes on is p·(g − Σ p·g). Shares that are nearly all or
//! nothing pass on nearly nothing, as then g at the chosen place is Σ p·g.

use fanin_kernels::random::{Stream, fill_normal};

use super::Spread;

/// Numbers that are drawn, and rows of shares at least: of large logits few rows have two that are near.
const NUMBERS: usize = 1 << 15;
const ROWS: usize = 256;
/// Shares of longer rows are drawn for so many places.
const PLACES: usize = 256;

impl Spread {
    /// The spread of p·(g − Σ p·g) for g of this spread and shares over the last axis of `logits`; both
    /// of one shape.
    pub(super) fn back_through_shares(&self, logits: &Self) -> Self {
        let (gradient, logits) = (self.with_whole_axes(), logits.with_whole_axes());
        let shape = gradient.shape();
        let last = shape.rank() - 1;
        let within = |of: &Self, own: &[bool]| {
            let mut beside = own.to_vec();
            beside[last] = true;
            of.at(own) - of.at(&beside)
        };
        let (places, variance) = (shape.axes()[last], within(&logits, &vec![false; last + 1]));
        let drawn = Drawn::new(places.min(PLACES), variance.max(0.0));
        Self::from_products(&shape, 0.0, |differs| {
            let mut own = differs.to_vec();
            own[last] = false;
            let alike = if variance > 0.0 { within(&logits, &own) / variance } else { 1.0 };
            let same = within(&gradient, &own) * drawn.passed(alike.clamp(-1.0, 1.0));
            // The sum over places is 0.
            if differs[last] { -same / (places as f64 - 1.0).max(1.0) } else { same }
        })
    }
}

/// Logits for two rows that have nothing in common.
struct Drawn {
    places: usize,
    deviation: f64,
    numbers: [Vec<f32>; 2],
}

impl Drawn {
    fn new(places: usize, variance: f64) -> Self {
        let numbers = ["shares", "other shares"].map(|name| {
            let mut numbers = vec![0.0; (NUMBERS / places).max(ROWS) * places];
            fill_normal(Stream::new(0, name), 0, 0.0, 1.0, &mut numbers);
            numbers
        });
        Self { places, deviation: variance.sqrt(), numbers }
    }

    /// E p·p′·(1 − p − p′ + Σ p·p′) for shares p, p′ of two rows whose logits have this correlation:
    /// what is left of g's mean product where g differs from place to place.
    fn passed(&self, correlation: f64) -> f64 {
        let beside = (1.0 - correlation * correlation).max(0.0).sqrt();
        let [a, b] = self.numbers.each_ref().map(|own| own.chunks_exact(self.places));
        let of_row = |(a, b): (&[f32], &[f32])| {
            let own = self.shares(a.iter().map(|a| f64::from(*a)));
            let other = a.iter().zip(b);
            let other = self
                .shares(other.map(|(a, b)| correlation * f64::from(*a) + beside * f64::from(*b)));
            let both = || own.iter().zip(&other);
            let sum: f64 = both().map(|(p, q)| p * q).sum();
            both().map(|(p, q)| p * q * (1.0 - p - q + sum)).sum::<f64>()
        };
        a.zip(b).map(of_row).sum::<f64>() / self.numbers[0].len() as f64
    }

    fn shares(&self, logits: impl Iterator<Item = f64>) -> Vec<f64> {
        let logits: Vec<f64> = logits.map(|x| self.deviation * x).collect();
        let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = logits.iter().map(|x| (x - most).exp()).collect();
        let sum: f64 = powers.iter().sum();
        powers.into_iter().map(|power| power / sum).collect()
    }
}
