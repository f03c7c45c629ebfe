//! What is known of a tensor before it is computed: how its elements are spread and alike.
//!
//! The rows of a batch meet the same weights, the positions of an image the same kernel. So the
//! elements of a tensor are no independent numbers: two of them are alike by which of their places
//! they share. A [`Spread`] says for every set of axes the mean product of two elements that
//! differ along exactly these axes. That is closed under sums, products and averages, and with
//! wide layers under activations too (the elements of an exchangeable array; Aldous 1981).
//!
//! ```text
//! spreads of inputs and parameters ──► operator by operator ──► spread of every wire
//! ```
//!
//! As the derivative of a graph is a graph, the same walk says how gradients are spread.
//!
//! Key: M(S) mean product of two elements whose places differ along S, M(∅) second moment.

mod partition;
mod combine;
mod measured;
mod expansion;
mod pairs;
mod places;
mod by_rows;
mod batch;
mod shares;
mod written;
mod linear;
mod flow;
mod seen;
mod two;
mod passed;
mod again;
mod stream;
mod drawn;
mod normal_rows;

#[cfg(test)]
mod tests;

pub use again::{Again, Common, Met};
pub use expansion::Expansion;
pub use flow::Flow;
pub use normal_rows::NormalRows;
pub(crate) use places::Tap;
pub use stream::{Branch, Reader, Start};
pub use written::{WrittenNorm, written_norms};

use crate::tensor::Shape;

/// Mean products of two elements of a tensor, by the axes along which their places differ.
///
/// An axis may be several in one, such as heads and their width: its length is then a product of
/// factors, and places may differ along any of them. Axes of length 1 have none.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Factors of every axis, the slowest first.
    axes: Vec<Vec<usize>>,
    mean: f64,
    /// M(S), where bit i of S stands for the i-th factor over all axes.
    products: Vec<f64>,
    /// Of every two rows, where rows are known.
    pairs: Option<pairs::Pairs>,
}

impl Spread {
    /// Elements of this mean and second moment that are independent of each other.
    pub fn independent(shape: &Shape, mean: f64, second: f64) -> Self {
        Self::from_products(
            shape,
            mean,
            |differs| {
                if differs.contains(&true) { mean * mean } else { second }
            },
        )
    }

    /// The same number everywhere.
    pub fn constant(shape: &Shape, value: f64) -> Self {
        Self::independent(shape, value, value * value)
    }

    /// One factor for every axis longer than 1, with M(S) from which axes differ.
    pub fn from_products(shape: &Shape, mean: f64, product: impl Fn(&[bool]) -> f64) -> Self {
        let axes = whole_axes(shape.axes());
        let long: Vec<usize> = (0..axes.len()).filter(|&axis| !axes[axis].is_empty()).collect();
        let product = |set: usize| {
            let mut differs = vec![false; axes.len()];
            long.iter().enumerate().for_each(|(bit, &axis)| differs[axis] = set >> bit & 1 == 1);
            product(&differs)
        };
        let products = (0..1 << long.len()).map(product).collect();
        Self { axes, mean, products, pairs: None }
    }

    /// `E[x]`.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// `E[x²]`.
    pub fn second(&self) -> f64 {
        self.products[0]
    }

    /// `E[(x − E[x])²]`, at least 0.
    pub fn variance(&self) -> f64 {
        (self.products[0] - self.mean * self.mean).max(0.0)
    }

    /// The mean product of two elements that differ along one axis, 0-based, and no other;
    /// the second moment along an axis of length 1.
    pub fn between(&self, axis: usize) -> f64 {
        let whole = self.with_whole_axes();
        whole.products[whole.bits(axis)]
    }

    /// The cosine of neighbors along one axis: [`between`](Self::between) over the second moment.
    pub fn cosine(&self, axis: usize) -> f64 {
        if self.second() > 0.0 { self.between(axis) / self.second() } else { 1.0 }
    }

    /// Of every factor of an axis, the slowest first: its size, and the mean product of two elements
    /// that differ along it alone. One factor unless some places of the axis are more alike.
    pub fn among(&self, axis: usize) -> Vec<(usize, f64)> {
        let before: usize = self.axes[..axis].iter().map(Vec::len).sum();
        let own = self.axes[axis].iter().enumerate();
        own.map(|(bit, &size)| (size, self.products[1 << (before + bit)])).collect()
    }

    /// The mean of spreads of one shape with the same factors; none of none.
    pub fn mean_of(spreads: &[Self]) -> Option<Self> {
        let mut mean = spreads.first()?.clone();
        let count = spreads.len() as f64;
        mean.mean = spreads.iter().map(|own| own.mean).sum::<f64>() / count;
        for (set, product) in mean.products.iter_mut().enumerate() {
            *product = spreads.iter().map(|own| own.products[set]).sum::<f64>() / count;
        }
        let known: Option<Vec<&pairs::Pairs>> =
            spreads.iter().map(|own| own.pairs.as_ref()).collect();
        if let (Some(pairs), Some(known)) = (&mut mean.pairs, known) {
            *pairs = pairs::Pairs::mean_of(&known);
        }
        Some(mean)
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> Shape {
        self.axes.iter().map(|factors| factors.iter().product()).collect::<Vec<usize>>().into()
    }

    /// Whether every number here is one.
    pub fn is_finite(&self) -> bool {
        self.mean.is_finite() && self.products.iter().all(|product| product.is_finite())
    }

    /// M(S) for axes that differ or do not, where every axis has one factor.
    pub(crate) fn at(&self, differs: &[bool]) -> f64 {
        let mut set = 0;
        for (axis, differs) in differs.iter().enumerate() {
            if *differs {
                set |= self.bits(axis);
            }
        }
        self.products[set]
    }

    /// All factors, slowest first.
    fn factors(&self) -> Vec<usize> {
        self.axes.concat()
    }

    /// The set of an axis' factors.
    fn bits(&self, axis: usize) -> usize {
        let before: usize = self.axes[..axis].iter().map(Vec::len).sum();
        ((1 << self.axes[axis].len()) - 1) << before
    }
}

/// One factor for every axis longer than 1.
fn whole_axes(axes: &[usize]) -> Vec<Vec<usize>> {
    axes.iter().map(|&size| if size == 1 { Vec::new() } else { vec![size] }).collect()
}
