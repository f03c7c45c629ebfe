//! Rows of which some are more alike than others.
//!
//! What a batch is to answer says which of its rows are alike: those of one class, or of like
//! targets. Gradients of such rows point the same way, and their features do too, so the sum over
//! pairs of rows of both products is more than the product of two means. The axis of rows is
//! therefore taken as several factors: rows that differ along a slower one are less alike.

use super::Spread;
use super::sizes::Sizes;
use crate::evaluate::Array;
use crate::graph::Type;
use crate::ops::{Operator, Structure};

/// Which rows of a batch are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Likeness {
    /// Factors of the number of rows, the slowest first: f₀·f₁·…
    factors: Vec<usize>,
    /// For every row all others, the most alike first.
    partners: Vec<Vec<usize>>,
}

impl Likeness {
    /// Of every row the first f − 1 of `partners` are those that differ along the last factor f
    /// alone, and so on to the first.
    ///
    /// # Panics
    /// If the factors do not multiply to the rows, or a row has not all others for partners.
    pub fn new(factors: Vec<usize>, partners: Vec<Vec<usize>>) -> Self {
        let rows: usize = factors.iter().product();
        assert_eq!(rows, partners.len(), "factors multiply to the rows");
        let all = partners.iter().all(|own| own.len() + 1 == rows);
        assert!(all, "every row has all others for partners");
        Self { factors, partners }
    }

    /// The rows.
    pub fn rows(&self) -> usize {
        self.partners.len()
    }

    /// For every factor, the mean over the partners of each row that differ along it and along no
    /// slower one.
    fn means(&self, x: &[f64]) -> Vec<Vec<f64>> {
        let width = x.len() / self.rows().max(1);
        let of = |place: usize| {
            let faster: usize = self.factors[place + 1..].iter().product();
            let (from, to) = (faster - 1, self.factors[place] * faster - 1);
            let mut means = vec![0.0; x.len()];
            for (mean, partners) in means.chunks_exact_mut(width.max(1)).zip(&self.partners) {
                for partner in &partners[from..to] {
                    let own = &x[partner * width..][..width];
                    mean.iter_mut().zip(own).for_each(|(mean, x)| *mean += x / (to - from) as f64);
                }
            }
            means
        };
        (0..self.factors.len()).map(of).collect()
    }
}

impl Spread {
    /// The spread of these numbers, whose axis 0 is that of rows of which some are alike.
    ///
    /// # Panics
    /// If there are not as many rows.
    pub fn of_rows(array: &Array, likeness: &Likeness) -> Self {
        let Some(data) = array.floats() else { return Self::of(array) };
        assert_eq!(array.shape().axes().first(), Some(&likeness.rows()), "rows of the array");
        let (data, mean) = super::measured::unmasked(data);
        let same = super::measured::within_rows(array.shape(), &data, &data);
        let means = likeness.means(&data);
        let apart: Vec<Vec<f64>> = means
            .iter()
            .map(|means| super::measured::within_rows(array.shape(), &data, means))
            .collect();
        let digits = likeness.factors.len();
        let product = |set: usize| {
            let (rows, others) = (set & ((1 << digits) - 1), set >> digits);
            match rows {
                0 => same[others],
                rows => apart[rows.trailing_zeros() as usize][others],
            }
        };
        let mut axes = super::whole_axes(array.shape().axes());
        axes[0].clone_from(&likeness.factors);
        let width = data.len() / likeness.rows().max(1);
        let rows = data.chunks_exact(width.max(1));
        let seconds: Vec<f64> =
            rows.map(|row| row.iter().map(|x| x * x).sum::<f64>() / width.max(1) as f64).collect();
        let sizes = Sizes::new(0, &seconds);
        let products = (0..same.len() << digits).map(product).collect();
        Self { axes, mean, products, sizes }
    }
}

/// The outputs of an operator by its own rule; `None` if it has none.
pub(super) fn declared(
    operator: &dyn Operator,
    types: &[&Type],
    inputs: &[&Spread],
) -> Option<Vec<Spread>> {
    if operator.knows_split_rows() {
        return operator.spread(types, inputs);
    }
    let found = by_rows(inputs, |inputs| operator.spread(types, inputs))?;
    // Shares are of one size, whatever they are made of.
    let is_even = operator.structure() == Structure::Shares;
    Some(found.into_iter().map(|own| if is_even { own.even() } else { own }).collect())
}

/// By a rule that knows every axis as a whole, for an operator that takes one row as the other: the
/// rule is asked once for every way in which two rows may differ.
///
/// Where the result has no axis of rows, it is a mean over these ways, which is right for sums of
/// products over rows.
fn by_rows(
    inputs: &[&Spread],
    rule: impl Fn(&[&Spread]) -> Option<Vec<Spread>>,
) -> Option<Vec<Spread>> {
    let split = inputs.iter().find_map(|x| x.axes.first().filter(|own| own.len() > 1).cloned());
    let Some(factors) = split else { return rule(inputs) };
    let (digits, rows) = (factors.len(), factors.iter().product::<usize>());
    let (both, sizes) = match inputs {
        [a, b] => a.sizes_of_product(b),
        _ => ((1.0, 1.0), inputs.iter().find_map(|x| x.sizes.clone())),
    };
    let mut found = Vec::new();
    for set in 1..1_usize << digits {
        let mut seen: Vec<Spread> = inputs.iter().map(|x| x.seen(&factors, set)).collect();
        if let Some(first) = seen.first_mut().filter(|_| both != (1.0, 1.0)) {
            for (own, product) in first.products.iter_mut().enumerate() {
                *product *= if own & 1 == 0 { both.0 } else { both.1 };
            }
        }
        found.push(rule(&seen.iter().collect::<Vec<&Spread>>())?);
    }
    let share = |set: usize| -> f64 {
        let differing = factors.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1);
        differing.map(|(_, &size)| (size - 1) as f64).product::<f64>() / (rows - 1) as f64
    };
    let shares: Vec<f64> = (1..1 << digits).map(share).collect();
    let mean = |value: &dyn Fn(&Vec<Spread>) -> f64| -> f64 {
        shares.iter().zip(&found).map(|(share, own)| share * value(own)).sum()
    };
    let joined = |output: usize| {
        let first = &found[0][output];
        let has_rows = first.axes.first().is_some_and(|own| own[..] == [rows]);
        let product = |set: usize| {
            if !has_rows {
                return mean(&|own| own[output].products[set]);
            }
            let (of_rows, others) = (set & ((1 << digits) - 1), set >> digits);
            match of_rows {
                0 => mean(&|own| own[output].products[others << 1]),
                of_rows => found[of_rows - 1][output].products[others << 1 | 1],
            }
        };
        let (mut axes, mut count) = (first.axes.clone(), first.products.len());
        if has_rows {
            axes[0].clone_from(&factors);
            count <<= digits - 1;
        }
        // Each way is an estimate of its own; no two elements have more in common than one has.
        let second = product(0).max(0.0);
        let products = (0..count).map(|set| product(set).clamp(-second, second)).collect();
        let sizes = sizes.clone().filter(|_| has_rows);
        Spread { axes, mean: mean(&|own| own[output].mean), products, sizes }
    };
    Some((0..found[0].len()).map(joined).collect())
}

impl Spread {
    /// With rows as one factor, two of which differ as `set` says.
    fn seen(&self, factors: &[usize], set: usize) -> Self {
        if self.axes.first().is_none_or(|own| own != factors) {
            return self.clone();
        }
        let digits = factors.len();
        let product = |own: usize| {
            let rows = if own & 1 == 1 { set } else { 0 };
            self.products[(own >> 1) << digits | rows]
        };
        let mut axes = self.axes.clone();
        axes[0] = vec![factors.iter().product()];
        let count = self.products.len() >> (digits - 1);
        let products = (0..count).map(product).collect();
        Self { axes, mean: self.mean, products, sizes: None }
    }
}
