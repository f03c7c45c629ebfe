//! Rows of a batch that are larger than others.
//!
//! Second moments of rows differ: some pictures are brighter. What is proportional keeps these
//! shares, but of a bent function each row takes its own part of the curve, so that the mean over
//! rows is not what a row of mean size gives. Only mean squares of single elements are told so;
//! products of two rows stay means over all pairs.
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

    /// The mean over rows of p·p′, where rows of both have sizes, and the sizes of the product.
    pub(super) fn sizes_of_product(&self, other: &Self) -> (f64, Option<Sizes>) {
        match (&self.sizes, &other.sizes) {
            (Some(a), Some(b)) if a.axis == b.axis && a.shares.len() == b.shares.len() => {
                let both: Vec<f64> = a.shares.iter().zip(&*b.shares).map(|(a, b)| a * b).collect();
                let mean = both.iter().sum::<f64>() / both.len().max(1) as f64;
                (mean, Sizes::new(a.axis, &both))
            }
            (Some(own), None) | (None, Some(own)) => (1.0, Some(own.clone())),
            _ => (1.0, None),
        }
    }

    /// M(S) of elements in the same row times a factor.
    pub(super) fn within_rows_times(&mut self, factor: f64) {
        let Some(axis) = self.sizes.as_ref().map(|own| own.axis).filter(|_| factor != 1.0) else {
            return;
        };
        let rows = self.bits(axis);
        let products = self.products.iter_mut().enumerate();
        let within = products.filter(|(set, _)| set & rows == 0);
        within.for_each(|(_, product)| *product *= factor);
    }

    /// The spread of a function of these elements, as normal ones, that has these values on a grid.
    pub(super) fn through_grid(&self, grid: &Grid, values: &[f64]) -> Self {
        let mut whole = self.through(&Expansion::new(grid, values)).even();
        let variance = self.variance();
        let Some(sizes) = self.sizes.as_ref().filter(|_| variance > 0.0) else { return whole };
        let square = self.mean * self.mean;
        let (mut means, mut seconds) = (0.0, Vec::new());
        for share in &*sizes.shares {
            let own = (share * self.second() - square).max(0.0);
            let (mean, second) = grid.moments_at(values, (own / variance).sqrt());
            means += mean / sizes.shares.len() as f64;
            seconds.push(second);
        }
        let second = seconds.iter().sum::<f64>() / seconds.len().max(1) as f64;
        if whole.second() > 0.0 && second.is_finite() {
            let by = second / whole.second();
            whole.products.iter_mut().for_each(|product| *product *= by);
            whole.mean = means;
            whole.sizes = Sizes::new(sizes.axis, &seconds);
        }
        whole
    }
}
