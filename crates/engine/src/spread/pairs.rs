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

use super::Spread;
use super::expansion::{Expansion, Grid};
use crate::evaluate::Array;
use crate::graph::Type;
use crate::ops::{Operator, Structure};

/// A rule is asked so often at most for how its outputs go with P of its inputs.
const MOST_ASKED: usize = 256;
/// What is left of a rule that is taken for linear, as a share.
const NOTHING: f64 = 1e-9;

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
}

impl Pairs {
    /// P(S) of all pairs.
    pub fn of(&self, set: usize) -> &[f64] {
        let size = self.rows * self.rows;
        &self.products[set * size..][..size]
    }

    /// How many S there are.
    pub fn sets(&self) -> usize {
        self.products.len() / (self.rows * self.rows).max(1)
    }

    /// The mean of some that have the same rows.
    pub fn mean_of(all: &[&Self]) -> Self {
        let mut mean = all[0].clone();
        for own in &all[1..] {
            mean.means.iter_mut().zip(&own.means).for_each(|(sum, own)| *sum += own);
            mean.products.iter_mut().zip(&own.products).for_each(|(sum, own)| *sum += own);
        }
        let by = 1.0 / all.len() as f64;
        mean.means.iter_mut().chain(&mut mean.products).for_each(|sum| *sum *= by);
        mean
    }

    /// The mean of P(S) within rows, and between two.
    fn summary(&self, set: usize) -> (f64, f64) {
        let (own, rows) = (self.of(set), self.rows as f64);
        let same: f64 = (0..self.rows).map(|row| own[row * (self.rows + 1)]).sum();
        let all: f64 = own.iter().sum();
        (same / rows, if self.rows > 1 { (all - same) / (rows * (rows - 1.0)) } else { same })
    }

    /// The mean over all rows of what every row gives.
    fn mean_over_rows(&self, of: impl Fn(usize) -> f64) -> f64 {
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
fn with_digit(set: usize, digit: usize, differs: bool) -> usize {
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
            return Self::from_pairs(axes, Pairs { digit: 0, rows, means, products });
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
        Self::from_pairs(axes, Pairs { digit: 0, rows, means, products })
    }

    /// What is known of every two rows of one factor for rows: P of the same place of the others,
    /// and the mean of rows; none where rows are not known.
    pub fn of_two_rows(&self) -> Option<(&[f64], &[f64])> {
        self.pairs.as_ref().map(|own| (own.of(0), &own.means[..]))
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
    fn lane(&self, digit: usize, mean: f64, product: impl Fn(usize, bool) -> f64) -> Self {
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
        Pairs { digit, rows, means: vec![self.mean; rows], products }
    }

    /// What `rule` makes of this spread, rows by rows.
    pub(super) fn row_by_row(&self, rule: impl Fn(&Self) -> Self) -> Self {
        let of = |inputs: &[&Self]| Some(vec![rule(inputs[0])]);
        let found = by_pairs(&[self], of).and_then(|mut found| found.pop());
        found.unwrap_or_else(|| rule(&self.clone().at_large()))
    }

    /// The spread of a function of these elements, as normal ones, that has these values on a grid.
    pub(super) fn through_grid(&self, grid: &Grid, values: &[f64]) -> Self {
        let deviation = self.variance().sqrt();
        let Some(own) = self.pairs.as_ref().filter(|_| deviation > 0.0) else {
            return self.through(&Expansion::new(grid, values));
        };
        let (rows, square) = (own.rows, own.rows * own.rows);
        let spans: Vec<f64> = (0..rows)
            .map(|row| (own.of(0)[row * (rows + 1)] - own.means[row].powi(2)).max(0.0).sqrt())
            .collect();
        let of_row = |row: usize| {
            let (from, by) = ((own.means[row] - self.mean) / deviation, spans[row] / deviation);
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
        Self::from_pairs(self.axes.clone(), Pairs { means, products, ..own.clone() })
    }

    /// a·x + b·⟨x⟩, with the mean ⟨x⟩ over rows and over the axes that `over` averages.
    pub(super) fn with_mean_of_rows(&self, over: impl Fn(&Self) -> Self, a: f64, b: f64) -> Self {
        let others = self.row_by_row(over);
        let (Some(own), Some(mut means)) = (self.pairs.clone(), others.pairs) else {
            return self.clone();
        };
        let rows = own.rows;
        for products in means.products.chunks_exact_mut(rows * rows) {
            let of_row: Vec<f64> =
                products.chunks_exact(rows).map(|row| row.iter().sum::<f64>() / rows as f64).collect();
            let all = of_row.iter().sum::<f64>() / rows as f64;
            for (place, product) in products.iter_mut().enumerate() {
                *product = a * b * (of_row[place / rows] + of_row[place % rows]) + b * b * all;
            }
        }
        let mean = own.mean_over_rows(|row| own.means[row]);
        let products = own.products.iter().zip(&means.products).map(|(x, m)| a * a * x + m);
        let products = products.collect();
        let of_rows = own.means.iter().map(|own| a * own + b * mean).collect();
        Self::from_pairs(self.axes.clone(), Pairs { means: of_rows, products, ..own })
    }

    /// Every row times a number of its own.
    pub(super) fn times_rows(&self, by: &[f64]) -> Self {
        let Some(mut own) = self.pairs.clone() else { return self.clone() };
        let rows = own.rows;
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
        let products = (0..own.products.len()).map(|at| values[at / rows % rows] * values[at % rows]);
        let products = products.collect();
        Self::from_pairs(self.axes.clone(), Pairs { means: values.to_vec(), products, ..own })
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
        let fits = |own: &Self| own.pairs.as_ref().is_none_or(|p| p.digit == digit && p.rows == rows);
        if self.axes != other.axes || !fits(self) || !fits(other) {
            return None;
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
        Some(Self::from_pairs(self.axes.clone(), Pairs { digit, rows, means, products }))
    }
}

/// The outputs of an operator by its own rule; `None` if it has none.
pub(super) fn declared(
    operator: &dyn Operator,
    types: &[&Type],
    inputs: &[&Spread],
) -> Option<Vec<Spread>> {
    let rule = |inputs: &[&Spread]| operator.spread(types, inputs);
    let is_known = inputs.iter().any(|x| x.pairs.is_some());
    if !is_known || operator.knows_rows() {
        return rule(inputs);
    }
    // Shares go by what differs within a row, which is of one size in all.
    let of_rows = (operator.structure() != Structure::Shares).then(|| by_pairs(inputs, rule));
    of_rows.flatten().or_else(|| {
        let at_large: Vec<Spread> = inputs.iter().map(|x| (*x).clone().at_large()).collect();
        rule(&at_large.iter().collect::<Vec<&Spread>>())
    })
}

/// By a rule that knows rows at large, for an operator that takes one row as the other.
fn by_pairs(
    inputs: &[&Spread],
    rule: impl Fn(&[&Spread]) -> Option<Vec<Spread>>,
) -> Option<Vec<Spread>> {
    let mut known = inputs.iter().filter_map(|x| x.pairs.as_ref());
    let rows = known.next()?.rows;
    if known.any(|own| own.rows != rows) {
        return None;
    }
    linear(inputs, rows, &rule).or_else(|| one_by_one(inputs, rows, &rule))
}

/// The inputs of a rule with lanes in place of those whose rows are known.
fn asked(
    inputs: &[&Spread],
    rule: &impl Fn(&[&Spread]) -> Option<Vec<Spread>>,
    lane: impl Fn(usize, &Spread, &Pairs) -> Spread,
) -> Option<Vec<Spread>> {
    let mut known = 0;
    let mut of = |x: &&Spread| match &x.pairs {
        Some(pairs) => {
            known += 1;
            lane(known - 1, x, pairs)
        }
        None => (*x).clone(),
    };
    let lanes: Vec<Spread> = inputs.iter().map(&mut of).collect();
    rule(&lanes.iter().collect::<Vec<&Spread>>())
}

/// Where rows stand in an output.
enum Found {
    /// At this factor.
    At(usize),
    /// Nowhere: it is a sum over them.
    Summed,
}

/// Where rows stand in the outputs of a rule, by what becomes of rows that are all the same, and
/// of such as have nothing in common; none where they are mixed with others.
fn places(
    inputs: &[&Spread],
    rows: usize,
    rule: &impl Fn(&[&Spread]) -> Option<Vec<Spread>>,
) -> Option<Vec<Found>> {
    let ask = |apart: f64| {
        asked(inputs, rule, |known, x, own| {
            let apart = if known == 0 { apart } else { 1.0 };
            // Less the farther apart, so that something is left of it where a mean is taken out.
            let product = |set: usize| 0.5_f64.powi(set.count_ones() as i32);
            x.lane(own.digit, 0.0, |set, differs| if differs { apart } else { 1.0 } * product(set))
        })
    };
    let (same, apart) = (ask(1.0)?, ask(0.0)?);
    let place = |(same, apart): (&Spread, &Spread)| {
        let scale = same.second().abs().max(f64::MIN_POSITIVE);
        let factors = same.factors();
        let goes = |digit: &usize| {
            let (one, none) = (same.products[1 << digit], apart.products[1 << digit]);
            factors[*digit] == rows && one.abs() > 1e-6 * scale && none.abs() < 1e-9 * one.abs()
        };
        match (0..factors.len()).find(goes) {
            Some(digit) => Some(Found::At(digit)),
            None if (same.second() - apart.second()).abs() > 1e-6 * scale => Some(Found::Summed),
            None => None,
        }
    };
    same.iter().zip(&apart).map(place).collect()
}

/// For a rule whose outputs' M are sums of M of inputs, or of products of M of two.
fn linear(
    inputs: &[&Spread],
    rows: usize,
    rule: &impl Fn(&[&Spread]) -> Option<Vec<Spread>>,
) -> Option<Vec<Spread>> {
    let known: Vec<&Pairs> = inputs.iter().filter_map(|x| x.pairs.as_ref()).collect();
    let sets: Vec<usize> = known.iter().map(|own| own.sets()).collect();
    let count: usize = sets.iter().product();
    if known.len() > 2 || count > MOST_ASKED {
        return None;
    }
    let places = places(inputs, rows, rule)?;
    let part = |index: usize, which: usize| match which {
        0 => index % sets[0],
        _ => index / sets[0],
    };
    let asks = (0..count).map(|index| {
        asked(inputs, rule, |which, x, own| {
            let chosen = part(index, which);
            x.lane(own.digit, 0.0, |set, _| f64::from(u8::from(set == chosen)))
        })
    });
    let told = asks.collect::<Option<Vec<Vec<Spread>>>>()?;
    let means = asked(inputs, rule, |_, x, own| x.lane(own.digit, 1.0, |_, _| 1.0))?;
    let trial = asked(inputs, rule, |_, x, own| {
        x.lane(own.digit, x.mean, |set, _| own.summary(set).0)
    })?;
    let typical = |index: usize| -> f64 {
        known.iter().enumerate().map(|(which, own)| own.summary(part(index, which)).0).product()
    };
    let of_means: f64 = inputs.iter().filter(|x| x.pairs.is_some()).map(|x| x.mean).product();
    let output = |(number, place): (usize, &Found)| -> Option<Spread> {
        let trial = &trial[number];
        let scale = trial.products.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let is_sum = (0..trial.products.len()).all(|set| {
            let terms = (0..count).map(|index| told[index][number].products[set] * typical(index));
            (terms.sum::<f64>() - trial.products[set]).abs() <= NOTHING * scale
        });
        let by_mean = means[number].mean;
        let off = (by_mean * of_means - trial.mean).abs();
        if !is_sum || off > NOTHING * scale.sqrt().max(trial.mean.abs()) {
            return None;
        }
        let mean_of = |row: usize| by_mean * known.iter().map(|own| own.means[row]).product::<f64>();
        let pair = |index: usize, at: usize| -> f64 {
            let both = known.iter().enumerate();
            both.map(|(which, own)| own.of(part(index, which))[at]).product()
        };
        let square = rows * rows;
        match place {
            Found::Summed => {
                let sums: Vec<f64> = (0..count)
                    .map(|index| (0..square).map(|at| pair(index, at)).sum::<f64>() / square as f64)
                    .collect();
                let product = |set: usize| -> f64 {
                    sums.iter().zip(&told).map(|(sum, told)| sum * told[number].products[set]).sum()
                };
                let products = (0..trial.products.len()).map(product).collect();
                let mean = known[0].mean_over_rows(mean_of);
                Some(Spread { axes: trial.axes.clone(), mean, products, pairs: None })
            }
            &Found::At(digit) => {
                let mut products = vec![0.0; trial.products.len() / 2 * square];
                for (set, products) in products.chunks_exact_mut(square).enumerate() {
                    for (index, told) in told.iter().enumerate() {
                        let [same, apart] = [false, true]
                            .map(|apart| told[number].products[with_digit(set, digit, apart)]);
                        if same == 0.0 && apart == 0.0 {
                            continue;
                        }
                        for (at, product) in products.iter_mut().enumerate() {
                            let by = if at / rows == at % rows { same } else { apart };
                            *product += by * pair(index, at);
                        }
                    }
                }
                let means = (0..rows).map(mean_of).collect();
                let pairs = Pairs { digit, rows, means, products };
                Some(Spread::from_pairs(trial.axes.clone(), pairs))
            }
        }
    };
    places.iter().enumerate().map(output).collect()
}

/// For any other rule: two rows are taken for one of their geometric mean's size each.
fn one_by_one(
    inputs: &[&Spread],
    rows: usize,
    rule: &impl Fn(&[&Spread]) -> Option<Vec<Spread>>,
) -> Option<Vec<Spread>> {
    let places = places(inputs, rows, rule)?;
    let digits: Option<Vec<usize>> = places
        .iter()
        .map(|place| match place {
            Found::At(digit) => Some(*digit),
            Found::Summed => None,
        })
        .collect();
    let digits = digits?;
    let mut found: Vec<Option<(Vec<Vec<usize>>, Pairs)>> = vec![None; digits.len()];
    for a in 0..rows {
        for b in 0..=a {
            let between = |x: f64, y: f64| {
                if x * y > 0.0 { (x * y).sqrt() * x.signum() } else { f64::midpoint(x, y) }
            };
            let told = asked(inputs, rule, |_, x, own| {
                x.lane(own.digit, between(own.means[a], own.means[b]), |set, differs| {
                    let own = own.of(set);
                    let same = between(own[a * (rows + 1)], own[b * (rows + 1)]);
                    if differs { own[a * rows + b] } else { same }
                })
            })?;
            for ((told, digit), found) in told.iter().zip(&digits).zip(&mut found) {
                let sets = told.products.len() / 2;
                let (_, pairs) = found.get_or_insert_with(|| {
                    let products = vec![0.0; sets * rows * rows];
                    let pairs = Pairs { digit: *digit, rows, means: vec![0.0; rows], products };
                    (told.axes.clone(), pairs)
                });
                for set in 0..sets {
                    let product = told.products[with_digit(set, *digit, a != b)];
                    pairs.products[(set * rows + a) * rows + b] = product;
                    pairs.products[(set * rows + b) * rows + a] = product;
                }
                if a == b {
                    pairs.means[a] = told.mean;
                }
            }
        }
    }
    found.into_iter().map(|own| own.map(|(axes, pairs)| Spread::from_pairs(axes, pairs))).collect()
}
