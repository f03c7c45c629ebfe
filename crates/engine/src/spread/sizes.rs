//! Rows of a batch that are larger than others.
//!
//! Second moments of rows differ: some pictures are brighter. What is proportional keeps these
//! shares, but of a bent function each row takes its own part of the curve, so that the mean over
//! rows is not what a row of mean size gives.
//!
//! Key: p second moment of a row over the mean of all, q second moment of all.

use std::sync::Arc;

use super::Spread;
use super::expansion::{Expansion, Grid};

/// How large the rows are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sizes {
    /// The axis of rows.
    pub axis: usize,
    /// p of every row; their mean is 1.
    shares: Arc<[f64]>,
}

impl Sizes {
    /// From the second moments of rows along an axis; none if all are 0.
    pub fn new(axis: usize, seconds: &[f64]) -> Option<Self> {
        let mean = seconds.iter().sum::<f64>() / seconds.len().max(1) as f64;
        let is_known = mean > 0.0 && mean.is_finite();
        is_known.then(|| Self { axis, shares: seconds.iter().map(|own| own / mean).collect() })
    }

    /// The same rows along another axis.
    pub fn along(&self, axis: usize) -> Self {
        Self { axis, shares: Arc::clone(&self.shares) }
    }

    /// (E √p)²: what is left of a product of two rows of correlation 1, over the mean square.
    fn root_square(&self) -> f64 {
        let roots = self.shares.iter().map(|share| share.max(0.0).sqrt());
        (roots.sum::<f64>() / self.shares.len().max(1) as f64).powi(2)
    }

    /// The axis of the same rows under another shape; none if they are mixed with others.
    pub fn reshaped(&self, from: &[usize], to: &[usize]) -> Option<Self> {
        let before: usize = from[..self.axis].iter().product();
        let same = |axis: &usize| {
            to[*axis] == from[self.axis] && to[..*axis].iter().product::<usize>() == before
        };
        (0..to.len()).find(same).map(|axis| self.along(axis))
    }
}

impl Spread {
    /// With rows that are all of one size.
    pub(crate) fn even(mut self) -> Self {
        self.sizes = None;
        self
    }

    /// The same where rows lie along this axis.
    pub(crate) fn even_along(self, axis: usize) -> Self {
        if self.sizes.as_ref().is_some_and(|own| own.axis == axis) { self.even() } else { self }
    }

    /// The sizes of rows of a sum of independent elements.
    pub(super) fn sizes_of_sum(&self, other: &Self) -> Option<Sizes> {
        let (own, theirs) = (self.sizes.as_ref(), other.sizes.as_ref());
        let some = own.or(theirs)?;
        if own.zip(theirs).is_some_and(|(a, b)| a.axis != b.axis) {
            return None;
        }
        let share = |sizes: Option<&Sizes>, row: usize| sizes.map_or(1.0, |own| own.shares[row]);
        let second =
            |row: usize| self.second() * share(own, row) + other.second() * share(theirs, row);
        let seconds: Vec<f64> = (0..some.shares.len()).map(second).collect();
        Sizes::new(some.axis, &seconds)
    }

    /// The axis of rows of which both know the sizes, and by how much the product of their means
    /// within a row exceeds that of their means over all, as means go with the root of a size.
    pub(super) fn means_of_rows(&self, other: &Self) -> (Option<usize>, f64) {
        match (&self.sizes, &other.sizes) {
            (Some(a), Some(b)) if a.axis == b.axis && a.shares.len() == b.shares.len() => {
                let roots = a.shares.iter().zip(&*b.shares).map(|(a, b)| (a * b).max(0.0).sqrt());
                let mean = roots.sum::<f64>() / a.shares.len().max(1) as f64;
                (Some(a.axis), mean / (a.root_square() * b.root_square()).sqrt())
            }
            _ => (None, 1.0),
        }
    }

    /// How much more products within a row, and between two, are than products of means, where rows
    /// of both have sizes; and the sizes of the product.
    pub(super) fn sizes_of_product(&self, other: &Self) -> ((f64, f64), Option<Sizes>) {
        match (&self.sizes, &other.sizes) {
            (Some(a), Some(b)) if a.axis == b.axis && a.shares.len() == b.shares.len() => {
                let both: Vec<f64> = a.shares.iter().zip(&*b.shares).map(|(a, b)| a * b).collect();
                let mean = both.iter().sum::<f64>() / both.len().max(1) as f64;
                let sizes = Sizes::new(a.axis, &both);
                let root = mean * sizes.as_ref().map_or(1.0, Sizes::root_square);
                ((mean, root / (a.root_square() * b.root_square())), sizes)
            }
            (Some(own), None) | (None, Some(own)) => ((1.0, 1.0), Some(own.clone())),
            _ => ((1.0, 1.0), None),
        }
    }

    /// M(S) of elements in the same row, and of those in two, times a factor each.
    pub(super) fn times_by_rows(&mut self, (within, apart): (f64, f64)) {
        let Some(axis) = self.sizes.as_ref().map(|own| own.axis) else { return };
        let rows = self.bits(axis);
        for (set, product) in self.products.iter_mut().enumerate() {
            *product *= if set & rows == 0 { within } else { apart };
        }
    }

    /// The spread of a function of these elements, as normal ones, that has these values on a grid.
    ///
    /// With m, s² mean and variance of the function in a row, two rows of correlation c have the
    /// product m·m′ + s·s′·r(c), where r is that of rows of mean size; the means over rows of m, m²,
    /// s, s² are taken one by one.
    pub(super) fn through_grid(&self, grid: &Grid, values: &[f64]) -> Self {
        let expansion = Expansion::new(grid, values);
        let variance = self.variance();
        let known = self.sizes.as_ref().filter(|_| variance > 0.0);
        let Some(sizes) = known else { return self.through(&expansion).even() };
        let (square, count) = (self.mean * self.mean, sizes.shares.len() as f64);
        let (mut mean, mut mean_square, mut deviation) = (0.0, 0.0, 0.0);
        let mut seconds = Vec::new();
        for share in &*sizes.shares {
            let own = (share * self.second() - square).max(0.0);
            let (m, second) = grid.moments_at(values, (own / variance).sqrt());
            mean += m / count;
            mean_square += m * m / count;
            deviation += (second - m * m).max(0.0).sqrt() / count;
            seconds.push(second);
        }
        let second = seconds.iter().sum::<f64>() / count;
        let rest = (second - mean_square).max(0.0);
        let of_mean = expansion.at(1.0) - expansion.mean().powi(2);
        let alike = |correlation: f64| {
            let own = expansion.at(correlation.clamp(-1.0, 1.0)) - expansion.mean().powi(2);
            if of_mean > 0.0 { own / of_mean } else { 1.0 }
        };
        let (rows, lost) = (self.bits(sizes.axis), sizes.root_square());
        let mut whole = self.clone().even();
        for (set, product) in whole.products.iter_mut().enumerate() {
            let correlation = (*product - square) / variance;
            *product = if set & rows == 0 {
                mean_square + rest * alike(correlation)
            } else {
                mean * mean + deviation * deviation * alike(correlation / lost)
            };
        }
        whole.mean = mean;
        whole.sizes = Sizes::new(sizes.axis, &seconds);
        whole
    }
}
