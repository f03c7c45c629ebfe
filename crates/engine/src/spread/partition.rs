//! Other factors and shapes for the same elements.
//!
//! A place in the flattened tensor is a number in a mixed base: every factor is a digit, and its
//! stride the number of elements that one step of it skips. Strides stand in ascending order.

use super::{Spread, whole_axes};
use crate::tensor::Shape;

/// Factors that a spread has at most: there are 2 to this power mean products.
const MOST_FACTORS: usize = 9;

impl Spread {
    /// The same elements in the same order under another shape.
    pub fn reshaped(&self, shape: &Shape) -> Self {
        if self.knows_places() && self.shape() == *shape {
            return self.clone();
        }
        let elements: usize = self.factors().iter().product();
        if elements == 0 || shape.elements() != elements {
            return Self::independent(shape, self.mean, self.products[0]);
        }
        self.with_strides(shape.axes(), &strides(&self.factors()))
    }

    /// Every axis one factor.
    pub(crate) fn with_whole_axes(&self) -> Self {
        self.with_whole_axes_where(|_, _| true)
    }

    /// The axes that `is_whole` names, by place and size, one factor each.
    pub(crate) fn with_whole_axes_where(&self, is_whole: impl Fn(usize, usize) -> bool) -> Self {
        let shape = self.shape();
        let joined = |axis: usize| self.axes[axis].len() > 1 && is_whole(axis, shape.axes()[axis]);
        if !(0..self.axes.len()).any(joined) {
            return self.clone();
        }
        let kept = (0..self.axes.len()).map(|axis| {
            if joined(axis) { vec![shape.axes()[axis]] } else { self.axes[axis].clone() }
        });
        self.with_strides(shape.axes(), &strides(&kept.collect::<Vec<_>>().concat()))
    }

    /// Two spreads of one shape with the same factors.
    pub(crate) fn aligned(a: &Self, b: &Self) -> (Self, Self) {
        if a.axes == b.axes {
            return (a.clone(), b.clone());
        }
        let wished = [strides(&a.factors()), strides(&b.factors())].concat();
        let shape = a.shape();
        (a.with_strides(shape.axes(), &wished), b.with_strides(shape.axes(), &wished))
    }

    /// Under the shape of `axes`, with those of the strides `wished` that fit it.
    fn with_strides(&self, axes: &[usize], wished: &[usize]) -> Self {
        if self.pairs.is_some() {
            return self.row_by_row(|own| own.with_strides(axes, wished));
        }
        let total: usize = axes.iter().product();
        let (own, kept) = (strides(&self.factors()), fitting(axes, wished));
        let (mut products, mut factors) = (self.products.clone(), self.factors());
        let shared = kept.iter().copied().filter(|stride| own.contains(stride));
        let mut low = 1;
        for high in shared.filter(|stride| *stride > 1).chain([total]) {
            let digits = |list: &[usize], from: usize| list.iter().filter(|s| **s >= from).count();
            let (start, end) = (digits(&own, high), digits(&own, low));
            let mut cuts: Vec<usize> =
                kept.iter().copied().filter(|s| (low..high).contains(s)).collect();
            cuts.push(high);
            let sizes: Vec<usize> = cuts.windows(2).rev().map(|pair| pair[1] / pair[0]).collect();
            if factors[start..end] != sizes[..] {
                products = merged(&products, &factors, start..end);
                products = split(&products, start, sizes.len());
                factors.splice(start..end, sizes);
            }
            low = high;
        }
        Self { axes: grouped(axes, &factors), mean: self.mean, products, pairs: None }
    }
}

/// The strides of digits, the fastest first.
fn strides(factors: &[usize]) -> Vec<usize> {
    let step = |stride: &mut usize, factor: &usize| {
        let own = *stride;
        *stride *= factor;
        Some((own, *factor))
    };
    let all = factors.iter().rev().scan(1, step);
    all.filter(|(_, factor)| *factor > 1).map(|(stride, _)| stride).collect()
}

/// The strides of the axes, and those wished for that cut an axis into whole numbers.
fn fitting(axes: &[usize], wished: &[usize]) -> Vec<usize> {
    let needed = strides(axes);
    let total: usize = axes.iter().product();
    let mut all = [&needed[..], wished].concat();
    all.sort_unstable();
    all.dedup();
    let mut further = MOST_FACTORS.saturating_sub(needed.len());
    let mut kept: Vec<usize> = Vec::new();
    for stride in all {
        let before = kept.last().copied().unwrap_or(1);
        let after = needed.iter().copied().find(|needed| *needed > stride).unwrap_or(total);
        let cuts = stride < total && stride % before == 0 && after % stride == 0 && further > 0;
        if needed.contains(&stride) {
            kept.push(stride);
        } else if cuts {
            kept.push(stride);
            further -= 1;
        }
    }
    kept
}

/// The factors of every axis out of all of them.
fn grouped(axes: &[usize], factors: &[usize]) -> Vec<Vec<usize>> {
    let mut rest = factors.iter().copied();
    let mut take = |size: usize| {
        let (mut own, mut product) = (Vec::new(), 1);
        while product < size {
            let factor = rest.next().expect("strides of axes are kept");
            own.push(factor);
            product *= factor;
        }
        own
    };
    if axes.contains(&0) { whole_axes(axes) } else { axes.iter().map(|&size| take(size)).collect() }
}

/// M(S) with neighboring factors taken as one: places of the new one differ if any of them does.
fn merged(products: &[f64], factors: &[usize], range: std::ops::Range<usize>) -> Vec<f64> {
    let (start, count) = (range.start, range.len());
    if count == 1 {
        return products.to_vec();
    }
    let sizes = &factors[range];
    let pairs = |set: usize| -> f64 {
        let differing = sizes.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1);
        differing.map(|(_, &size)| (size - 1) as f64).product()
    };
    let all = sizes.iter().product::<usize>() as f64 - 1.0;
    let shares: Vec<f64> = (1..1 << count).map(|set| pairs(set) / all).collect();
    let place = |set: usize, inside: usize| {
        let (slow, fast) = (set & ((1 << start) - 1), set >> (start + 1));
        products[slow | inside << start | fast << (start + count)]
    };
    let product = |set: usize| {
        if set >> start & 1 == 0 {
            return place(set, 0);
        }
        shares.iter().enumerate().map(|(inside, share)| share * place(set, inside + 1)).sum()
    };
    (0..products.len() >> (count - 1)).map(product).collect()
}

/// M(S) with one factor taken as several: places of the old one differ if any of these does.
fn split(products: &[f64], start: usize, count: usize) -> Vec<f64> {
    let product = |set: usize| {
        let (slow, fast) = (set & ((1 << start) - 1), set >> (start + count));
        let inside = usize::from(set >> start & ((1 << count) - 1) != 0);
        products[slow | inside << start | fast << (start + 1)]
    };
    (0..products.len() << (count - 1)).map(product).collect()
}
