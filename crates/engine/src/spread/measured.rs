//! The spread of numbers that are there.

use std::collections::HashMap;

use super::Spread;
use crate::evaluate::{Array, Elements};
use crate::tensor::Shape;

/// Numbers below it stand for minus infinity, as in masks of attention; they do not count.
const MASKED: f64 = -1e4;

impl Spread {
    /// The spread of these numbers; of integers, how often two are equal.
    pub fn of(array: &Array) -> Self {
        match array.elements() {
            Elements::Float(data) => Self::of_floats(array.shape(), data),
            Elements::Integer(data) => Self::of_integers(array.shape(), data),
        }
    }

    /// M(S) of numbers: with Q(T) the mean square of means over the axes T times their length,
    /// Q(T) = Σ over S ⊆ T of M(S) · Π over S of (n − 1), which is solved for M.
    fn of_floats(shape: &Shape, data: &[f64]) -> Self {
        let (data, mean) = unmasked(data);
        Self::solved(shape, mean, |set| product_of_sums(shape, (&data, &data), set))
    }

    /// How often two integers are equal that differ along S.
    fn of_integers(shape: &Shape, data: &[i64]) -> Self {
        let axes = shape.axes();
        let mean = data.iter().map(|&n| n as f64).sum::<f64>() / data.len().max(1) as f64;
        Self::solved(shape, mean, |set| {
            let mut counts: HashMap<(usize, i64), f64> = HashMap::new();
            for (place, &value) in data.iter().enumerate() {
                let (mut rest, mut group, mut weight) = (place, 0, 1);
                for axis in (0..axes.len()).rev() {
                    if !set[axis] {
                        group += weight * (rest % axes[axis]);
                        weight *= axes[axis];
                    }
                    rest /= axes[axis];
                }
                *counts.entry((group, value)).or_default() += 1.0;
            }
            counts.values().map(|count| count * count).sum::<f64>() / data.len().max(1) as f64
        })
    }

    /// M from Q by inclusion and exclusion.
    fn solved(shape: &Shape, mean: f64, square: impl Fn(&[bool]) -> f64) -> Self {
        let long: Vec<usize> = (0..shape.rank()).filter(|&axis| shape.axes()[axis] != 1).collect();
        let table = solved(shape, &long, square);
        Self::from_products(shape, mean, |differs| {
            let bits = long.iter().enumerate().filter(|(_, axis)| differs[**axis]);
            table[bits.fold(0, |set, (bit, _)| set | 1 << bit)]
        })
    }
}

/// M for every set of some axes.
fn solved(shape: &Shape, axes: &[usize], square: impl Fn(&[bool]) -> f64) -> Vec<f64> {
    let flags = |set: usize| {
        let mut flags = vec![false; shape.rank()];
        axes.iter().enumerate().for_each(|(bit, &axis)| flags[axis] = set >> bit & 1 == 1);
        flags
    };
    let mut table: Vec<f64> = (0..1 << axes.len()).map(|set| square(&flags(set))).collect();
    for (bit, &axis) in axes.iter().enumerate() {
        let others = shape.axes()[axis].saturating_sub(1).max(1) as f64;
        for set in (0..table.len()).filter(|set| set >> bit & 1 == 1) {
            table[set] = (table[set] - table[set & !(1 << bit)]) / others;
        }
    }
    table
}

/// M over the axes behind axis 0 of products of an element of x and one of y in the same row.
pub(super) fn within_rows(shape: &Shape, x: &[f64], y: &[f64]) -> Vec<f64> {
    let long: Vec<usize> = (1..shape.rank()).filter(|&axis| shape.axes()[axis] != 1).collect();
    solved(shape, &long, |set| product_of_sums(shape, (x, y), set))
}

/// The numbers with their mean in place of those that stand for minus infinity, and that mean.
pub(super) fn unmasked(data: &[f64]) -> (Vec<f64>, f64) {
    let counted = data.iter().filter(|x| **x > MASKED);
    let mean = counted.clone().sum::<f64>() / counted.count().max(1) as f64;
    (data.iter().map(|&x| if x > MASKED { x } else { mean }).collect(), mean)
}

/// Q(T): sums of x times sums of y over the axes in `set`, over the number of elements.
fn product_of_sums(shape: &Shape, (x, y): (&[f64], &[f64]), set: &[bool]) -> f64 {
    let sums = |data: &[f64]| {
        let (mut sums, mut sizes) = (data.to_vec(), shape.axes().to_vec());
        for axis in (0..sizes.len()).filter(|axis| set[*axis]) {
            sums = summed(&sums, &sizes, axis);
            sizes[axis] = 1;
        }
        sums
    };
    let products: f64 = sums(x).iter().zip(sums(y)).map(|(x, y)| x * y).sum();
    products / x.len().max(1) as f64
}

/// Sums along one axis.
fn summed(x: &[f64], sizes: &[usize], axis: usize) -> Vec<f64> {
    let inner: usize = sizes[axis + 1..].iter().product();
    let mut sums = vec![0.0; x.len() / sizes[axis].max(1)];
    for (block, x) in x.chunks_exact((inner * sizes[axis]).max(1)).enumerate() {
        for row in x.chunks_exact(inner.max(1)) {
            sums[block * inner..][..inner].iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
    }
    sums
}
