//! Rows of a batch that are known one by one.
//!
//! Rows of data differ in size and in how alike they are, and what a batch is to answer goes with
//! both. Signals and gradients of like rows point the same way, so the sum over pairs of rows of
//! both products, which is the gradient of a weight, is more than the product of two means. Where
//! rows are known, mean products are therefore kept for every two of them; what is said of rows at
//! large is the mean of that.
//!
//! Key: B rows a, b; P(S) mean product of an element of row a and one of row b whose other places
//! differ along S.

use std::sync::Arc;

use super::Spread;
use super::by_rows::by_pairs;
use super::expansion::{Expansion, Grid, REACH};
use super::places::Places;
use crate::evaluate::Array;

/// Mean products of every two rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pairs {
    /// The place of rows among all factors.
    pub digit: usize,
    /// B.
    pub rows: usize,
    /// The mean of every row's elements.
    pub means: Vec<f64>,
    /// P(S) of a and b at (S·B + a)·B + b, where S has no bit for rows.
    pub products: Vec<f64>,
    /// Of every two places, where they are known.
    pub places: Option<Arc<Places>>,
}

impl Pairs {
    /// P(S) of all pairs.
    pub fn of(&self, set: usize) -> &[f64] {
        let size = self.rows * self.rows;
        &self.products[set * size..][..size]
    }

    /// The deviation of a row's elements from their mean.
    fn deviation(&self, row: usize) -> f64 {
        let second = self.of(0)[row * (self.rows + 1)];
        (second - self.means[row].powi(2)).max(0.0).sqrt()
    }

    /// How many S there are.
    pub fn sets(&self) -> usize {
        self.products.len() / (self.rows * self.rows).max(1)
    }

    /// The mean of some that have the same rows.
    pub fn mean_of(all: &[&Self]) -> Self {
        let mut mean = Self { places: None, ..all[0].clone() };
        for own in &all[1..] {
            mean.means.iter_mut().zip(&own.means).for_each(|(sum, own)| *sum += own);
            mean.products.iter_mut().zip(&own.products).for_each(|(sum, own)| *sum += own);
        }
        let by = 1.0 / all.len() as f64;
        mean.means.iter_mut().chain(&mut mean.products).for_each(|sum| *sum *= by);
        mean
    }

    /// The mean of P(S) within rows, and between two.
    pub fn summary(&self, set: usize) -> (f64, f64) {
        let (own, rows) = (self.of(set), self.rows as f64);
        let same: f64 = (0..self.rows).map(|row| own[row * (self.rows + 1)]).sum();
        let all: f64 = own.iter().sum();
        (same / rows, if self.rows > 1 { (all - same) / (rows * (rows - 1.0)) } else { same })
    }

    /// The mean over all rows of what every row gives.
    pub fn mean_over_rows(&self, of: impl Fn(usize) -> f64) -> f64 {
        (0..self.rows).map(of).sum::<f64>() / self.rows.max(1) as f64
    }
}

/// P of the same column, and of two, of every two rows of a matrix.
fn products_of_matrix<'x>(
    row: impl Fn(usize) -> &'x [f64],
    means: &[f64],
    width: usize,
) -> Vec<f64> {
    let (rows, count) = (means.len(), width as f64);
    let mut products = vec![0.0; 2 * rows * rows];
    for a in 0..rows {
        for b in 0..=a {
            let same = row(a).iter().zip(row(b)).map(|(x, y)| x * y).sum::<f64>() / count;
            let apart = (count * means[a] * means[b] - same) / (count - 1.0);
            for at in [a * rows + b, b * rows + a] {
                products[at] = same;
                products[rows * rows + at] = apart;
            }
        }
    }
    products
}

/// A set with one more factor at `digit`.
pub(super) fn with_digit(set: usize, digit: usize, differs: bool) -> usize {
    let low = (1 << digit) - 1;
    set & low | usize::from(differs) << digit | (set & !low) << 1
}

/// A set without the factor at `digit`.
fn without_digit(set: usize, digit: usize) -> usize {
    let low = (1 << digit) - 1;
    set & low | set >> 1 & !low
}

impl Spread {
    /// The spread of these numbers, whose axis 0 is that of rows, each known for itself.
    pub fn of_rows(array: &Array) -> Self {
        let rows = array.shape().axes().first().copied().unwrap_or(1);
        let Some(data) = array.floats().filter(|_| rows > 1) else { return Self::of(array) };
        let (data, _) = super::measured::unmasked(data);
        let width = data.len() / rows;
        let row = |row: usize| &data[row * width..][..width];
        let mean = |own: &[f64]| own.iter().sum::<f64>() / width.max(1) as f64;
        let means: Vec<f64> = (0..rows).map(|own| mean(row(own))).collect();
        let axes = super::whole_axes(array.shape().axes());
        if array.shape().rank() == 2 && width > 1 {
            let products = products_of_matrix(row, &means, width);
            return Self::from_pairs(axes, Pairs { digit: 0, rows, means, products, places: None });
        }
        let mut one = array.shape().axes().to_vec();
        one[0] = 1;
        let one = one.into();
        let mut products = Vec::new();
        for a in 0..rows {
            for b in 0..=a {
                let found = super::measured::within_rows(&one, row(a), row(b));
                products.resize(found.len() * rows * rows, 0.0);
                for (set, product) in found.into_iter().enumerate() {
                    products[(set * rows + a) * rows + b] = product;
                    products[(set * rows + b) * rows + a] = product;
                }
            }
        }
        let pairs = Pairs { digit: 0, rows, means, products, places: None };
        Self::from_pairs(axes, pairs).with_places_of(array)
    }

    /// What is known of every two rows of one factor for rows: P of the same place of the others,
    /// and the mean of rows; none where rows are not known.
    pub fn of_two_rows(&self) -> Option<(&[f64], &[f64])> {
        self.pairs.as_ref().map(|own| (own.of(0), &own.means[..]))
    }

    /// With so much more in the mean products of the same place of every two rows; itself where rows are
    /// not known.
    pub(super) fn with_more_of_rows(&self, more: &[f64]) -> Self {
        let Some(mut own) = self.pairs.clone() else { return self.clone() };
        own.products.iter_mut().zip(more).for_each(|(product, more)| *product += more);
        Self::from_pairs(self.axes.clone(), Pairs { places: None, ..own })
    }

    /// With what it says of rows at large.
    pub(super) fn from_pairs(axes: Vec<Vec<usize>>, pairs: Pairs) -> Self {
        let mut summary = vec![0.0; 2 * pairs.sets()];
        for set in 0..pairs.sets() {
            let (same, apart) = pairs.summary(set);
            summary[with_digit(set, pairs.digit, false)] = same;
            summary[with_digit(set, pairs.digit, true)] = apart;
        }
        let mean = pairs.mean_over_rows(|row| pairs.means[row]);
        Self { axes, mean, products: summary, pairs: Some(pairs) }
    }

    /// The mean of rows alone.
    pub(crate) fn at_large(mut self) -> Self {
        self.pairs = None;
        self
    }

    /// As if all rows were like those of which `product` says M, by S and by whether rows differ.
    pub(super) fn lane(
        &self,
        digit: usize,
        mean: f64,
        product: impl Fn(usize, bool) -> f64,
    ) -> Self {
        let of = |set: usize| product(without_digit(set, digit), set >> digit & 1 == 1);
        let products = (0..self.products.len()).map(of).collect();
        Self { axes: self.axes.clone(), mean, products, pairs: None }
    }

    /// What is known of rows, or what is said at large told of every two of them.
    pub(super) fn told_of_rows(&self, digit: usize, rows: usize) -> Pairs {
        if let Some(own) = &self.pairs {
            return own.clone();
        }
        let mut products = Vec::new();
        for set in 0..self.products.len() / 2 {
            let [same, apart] =
                [false, true].map(|differs| self.products[with_digit(set, digit, differs)]);
            let place = |at: usize| if at / rows == at % rows { same } else { apart };
            products.extend((0..rows * rows).map(place));
        }
        Pairs { digit, rows, means: vec![self.mean; rows], products, places: None }
    }

    /// What `rule` makes of this spread, rows by rows.
    pub(super) fn row_by_row(&self, rule: impl Fn(&Self) -> Self) -> Self {
        let of = |inputs: &[&Self]| Some(vec![rule(inputs[0])]);
        let found = by_pairs(&[self], of).and_then(|mut found| found.pop());
        found.unwrap_or_else(|| rule(&self.clone().at_large()))
    }

    /// Center and deviation of a normal number that goes as far as any of these: of all, or of rows where
    /// they are known.
    pub(super) fn reach(&self) -> (f64, f64) {
        let Some(own) = &self.pairs else { return (self.mean, self.variance().sqrt()) };
        let ends = |deviations: f64| -> Vec<f64> {
            match &own.places {
                Some(places) => places.ends(deviations).collect(),
                None => (0..own.rows)
                    .map(|row| own.means[row] + deviations * own.deviation(row))
                    .collect(),
            }
        };
        let low = ends(-REACH).into_iter().fold(f64::INFINITY, f64::min);
        let high = ends(REACH).into_iter().fold(f64::NEG_INFINITY, f64::max);
        (f64::midpoint(low, high), 0.5 * (high - low) / REACH)
    }

    /// The spread of a function of these elements, as normal ones, that has these values on a grid.
    pub(super) fn through_grid(&self, grid: &Grid, values: &[f64]) -> Self {
        let (center, deviation) = self.reach();
        let Some(own) = self.pairs.as_ref().filter(|_| deviation > 0.0) else {
            return self.through(&Expansion::new(grid, values));
        };
        if let Some(found) = self.placed_through((grid, values), (center, deviation)) {
            return found;
        }
        let (rows, square) = (own.rows, own.rows * own.rows);
        let spans: Vec<f64> = (0..rows).map(|row| own.deviation(row)).collect();
        let of_row = |row: usize| {
            let (from, by) = ((own.means[row] - center) / deviation, spans[row] / deviation);
            Expansion::new(grid, &grid.seen_from(values, from, by))
        };
        let expansions: Vec<Expansion> = (0..rows).map(of_row).collect();
        let mut products = own.products.clone();
        for (place, product) in products.iter_mut().enumerate() {
            let (a, b) = (place % square / rows, place % rows);
            let common = *product - own.means[a] * own.means[b];
            let most = spans[a] * spans[b];
            let correlation = if most > 0.0 { (common / most).clamp(-1.0, 1.0) } else { 1.0 };
            *product = expansions[a].beside(&expansions[b], correlation);
        }
        let means = expansions.iter().map(Expansion::mean).collect();
        Self::from_pairs(self.axes.clone(), Pairs { means, products, places: None, ..own.clone() })
    }

    /// a·x + b·⟨x⟩, with the mean ⟨x⟩ over rows and over the axes that `over` averages.
    pub(super) fn with_mean_of_rows(&self, over: impl Fn(&Self) -> Self, a: f64, b: f64) -> Self {
        let others = self.row_by_row(over);
        let (Some(own), Some(mut means)) = (self.pairs.clone(), others.pairs) else {
            return self.clone();
        };
        let rows = own.rows;
        for products in means.products.chunks_exact_mut(rows * rows) {
            let of_row: Vec<f64> = products
                .chunks_exact(rows)
                .map(|row| row.iter().sum::<f64>() / rows as f64)
                .collect();
            let all = of_row.iter().sum::<f64>() / rows as f64;
            for (place, product) in products.iter_mut().enumerate() {
                *product = a * b * (of_row[place / rows] + of_row[place % rows]) + b * b * all;
            }
        }
        let mean = own.mean_over_rows(|row| own.means[row]);
        let products = own.products.iter().zip(&means.products).map(|(x, m)| a * a * x + m);
        let products = products.collect();
        let of_rows = own.means.iter().map(|own| a * own + b * mean).collect();
        Self::from_pairs(self.axes.clone(), Pairs { means: of_rows, products, places: None, ..own })
    }

    /// Every row times a number of its own.
    pub(super) fn times_rows(&self, by: &[f64]) -> Self {
        let Some(mut own) = self.pairs.clone() else { return self.clone() };
        let rows = own.rows;
        own.places = None;
        own.means.iter_mut().zip(by).for_each(|(mean, by)| *mean *= by);
        for (place, product) in own.products.iter_mut().enumerate() {
            *product *= by[place / rows % rows] * by[place % rows];
        }
        Self::from_pairs(self.axes.clone(), own)
    }

    /// The same shape with one number for all of a row.
    pub(super) fn mapped_rows(&self, values: &[f64]) -> Self {
        let Some(own) = self.pairs.clone() else { return self.clone() };
        let rows = own.rows;
        let products =
            (0..own.products.len()).map(|at| values[at / rows % rows] * values[at % rows]);
        let products = products.collect();
        Self::from_pairs(
            self.axes.clone(),
            Pairs { means: values.to_vec(), products, places: None, ..own },
        )
    }

    /// What two of one shape make of each other, pair by pair: P and means of both.
    pub(super) fn paired(
        &self,
        other: &Self,
        product: impl Fn([f64; 2], [f64; 2], [f64; 2]) -> f64,
        mean: impl Fn(f64, f64) -> f64,
    ) -> Option<Self> {
        let some = self.pairs.as_ref().or(other.pairs.as_ref())?;
        let (digit, rows) = (some.digit, some.rows);
        let fits =
            |own: &Self| own.pairs.as_ref().is_none_or(|p| p.digit == digit && p.rows == rows);
        if self.axes != other.axes || !fits(self) || !fits(other) {
            return None;
        }
        if let Some(found) = self.placed(other, &product, &mean) {
            return Some(found);
        }
        let [x, y] = [self, other].map(|own| own.told_of_rows(digit, rows));
        let of = |place: usize| {
            let (a, b) = (place / rows % rows, place % rows);
            product(
                [x.products[place], y.products[place]],
                [x.means[a], x.means[b]],
                [y.means[a], y.means[b]],
            )
        };
        let products = (0..x.products.len()).map(of).collect();
        let means = x.means.iter().zip(&y.means).map(|(x, y)| mean(*x, *y)).collect();
        Some(Self::from_pairs(
            self.axes.clone(),
            Pairs { digit, rows, means, products, places: None },
        ))
    }
}
