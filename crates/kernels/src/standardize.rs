//! Elements brought to mean 0 and variance 1, and the derivative of that.
//!
//! Key: a tensor is seen as (A, G, N) in row-major order; statistics are taken over the A·N
//! elements of each of the G groups, in f64. Batch normalization has A = batch, G = channels;
//! layer normalization A = 1, G = rows; instance and group normalization A = 1.

#![expect(clippy::inline_always, reason = "a loop must be compiled where it is called from")]

use crate::scalar::Float;
use crate::threads::for_each_group;
use crate::wide::{Loop, wide};

/// How a tensor is seen, and what is done to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standardize {
    /// Blocks of all groups.
    pub outer: usize,
    /// Groups, each with statistics of its own.
    pub groups: usize,
    /// Consecutive elements of a group.
    pub inner: usize,
    /// Added to the variance under the root.
    pub epsilon: f64,
    /// Whether the mean is subtracted; without, the variance is the mean square.
    pub centered: bool,
}

/// Elements read by one thread at a time.
const CHUNK: usize = 1 << 14;

impl Standardize {
    fn count(&self) -> f64 {
        (self.outer * self.inner) as f64
    }

    /// The elements of a group, piece by piece.
    fn pieces<'a, T>(
        &self,
        x: &'a [T],
        group: usize,
    ) -> impl Iterator<Item = &'a [T]> + use<'a, T> {
        let (step, inner) = (self.groups * self.inner, self.inner);
        x.chunks_exact(step.max(1)).map(move |block| &block[group * inner..(group + 1) * inner])
    }

    fn sizes(&self) -> [usize; 3] {
        [self.outer, self.groups, self.inner]
    }

    /// Groups that one thread takes at a time. What a group's first pass has read, its next one finds
    /// in a cache.
    fn together(&self) -> usize {
        (CHUNK / (self.outer * self.inner).max(1)).max(1)
    }
}

/// Mean and population variance of every group, by two passes over it in f64, and
/// (x − mean) / √(variance + ε). Where the mean is not subtracted it is 0 and the variance is the
/// mean square.
///
/// # Panics
/// If the lengths do not fit the sizes.
pub fn standardize<T: Float>(
    size: &Standardize,
    x: &[T],
    mean: &mut [T],
    variance: &mut [T],
    out: &mut [T],
) {
    for_each_group([mean, variance], out, size.sizes(), size.together(), &|group, few, out| {
        let [mean, variance] = few.map(|few| &mut few[0]);
        *mean = T::ZERO;
        if size.centered {
            let sum: f64 = size.pieces(x, group).map(sum_of).sum();
            *mean = T::from_f64(sum / size.count());
        }
        let center = mean.to_f64();
        let sum: f64 = size.pieces(x, group).map(|x| squares_of(x, center)).sum();
        *variance = T::from_f64(sum / size.count());
        let scale = T::from_f64(1.0 / (variance.to_f64() + size.epsilon).sqrt());
        for (out, x) in out.zip(size.pieces(x, group)) {
            wide(Scaled { out, x, mean: *mean, scale });
        }
    });
}

/// r · (g − ⟨g⟩ − y·⟨g·y⟩), where ⟨⟩ is the mean over a group, y the standardized elements and r
/// the group's factor 1/√(variance + ε); without ⟨g⟩ where the mean is not subtracted.
///
/// `means` has room for two numbers of each group.
///
/// # Panics
/// If the lengths do not fit the sizes.
pub fn gradient<T: Float>(
    size: &Standardize,
    [g, y, factor]: [&[T]; 3],
    out: &mut [T],
    means: &mut [T],
) {
    for_each_group([means], out, size.sizes(), size.together(), &|group, [means], out| {
        let (mut sum, mut product) = (0.0, 0.0);
        for (g, y) in size.pieces(g, group).zip(size.pieces(y, group)) {
            if size.centered {
                sum += sum_of(g);
            }
            product += products_of(g, y);
        }
        means[0] = T::from_f64(sum / size.count());
        means[1] = T::from_f64(product / size.count());
        let (mean, product, factor) = (means[0], means[1], factor[group]);
        for (out, (g, y)) in out.zip(size.pieces(g, group).zip(size.pieces(y, group))) {
            wide(Gradient { out, g, y, mean, product, factor });
        }
    });
}

/// Σ x.
fn sum_of<T: Float>(x: &[T]) -> f64 {
    let mut sum = 0.0;
    wide(Sum { x, y: x, f: |x, _| x, result: &mut sum });
    sum
}

/// Σ (x − center)².
fn squares_of<T: Float>(x: &[T], center: f64) -> f64 {
    let mut sum = 0.0;
    wide(Sum { x, y: x, f: |x, _| (x - center) * (x - center), result: &mut sum });
    sum
}

/// Σ x·y.
fn products_of<T: Float>(x: &[T], y: &[T]) -> f64 {
    let mut sum = 0.0;
    wide(Sum { x, y, f: |x, y| x * y, result: &mut sum });
    sum
}

/// Numbers that are summed side by side, in an order that is fixed.
const LANES: usize = 16;

/// Σ f(x, y) over [`LANES`] running sums.
struct Sum<'a, T, F> {
    x: &'a [T],
    y: &'a [T],
    f: F,
    result: &'a mut f64,
}

impl<T: Float, F: Fn(f64, f64) -> f64> Loop for Sum<'_, T, F> {
    #[inline(always)]
    fn run(self) {
        let Self { x, y, f, result } = self;
        let mut sums = [0.0; LANES];
        let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
        for (x, y) in x.iter().zip(y) {
            for lane in 0..LANES {
                sums[lane] += f(x[lane].to_f64(), y[lane].to_f64());
            }
        }
        let rest = x_rest.iter().zip(y_rest).map(|(x, y)| f(x.to_f64(), y.to_f64()));
        *result = rest.sum::<f64>() + sums.iter().sum::<f64>();
    }
}

struct Scaled<'a, T> {
    out: &'a mut [T],
    x: &'a [T],
    mean: T,
    scale: T,
}

impl<T: Float> Loop for Scaled<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Self { out, x, mean, scale } = self;
        out.iter_mut().zip(x).for_each(|(out, &x)| *out = (x - mean) * scale);
    }
}

struct Gradient<'a, T> {
    out: &'a mut [T],
    g: &'a [T],
    y: &'a [T],
    mean: T,
    product: T,
    factor: T,
}

impl<T: Float> Loop for Gradient<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Self { out, g, y, mean, product, factor } = self;
        for ((out, &g), &y) in out.iter_mut().zip(g).zip(y) {
            *out = factor * (g - mean - y * product);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_mean_0_and_variance_1() {
        let size = Standardize { outer: 3, groups: 2, inner: 5, epsilon: 0.0, centered: true };
        let x: Vec<f64> = (0..30).map(|i| f64::from(i * i % 17) + 1e4).collect();
        let (mut mean, mut variance, mut out) = ([0.0; 2], [0.0; 2], [0.0; 30]);
        standardize(&size, &x, &mut mean, &mut variance, &mut out);
        for group in 0..2 {
            let all: Vec<f64> = size.pieces(&out, group).flatten().copied().collect();
            assert_eq!(all.len(), 15);
            assert!(crate::reduce::mean(&all).abs() < 1e-10);
            assert!((crate::reduce::variance(&all) - 1.0).abs() < 1e-10);
        }
    }

    #[test]
    fn without_a_mean_the_mean_square_is_1() {
        let size = Standardize { outer: 1, groups: 2, inner: 3, epsilon: 0.0, centered: false };
        let x = [1.0, 2.0, 3.0, -4.0, 4.0, 4.0];
        let (mut mean, mut variance, mut out) = ([1.0; 2], [0.0; 2], [0.0; 6]);
        standardize(&size, &x, &mut mean, &mut variance, &mut out);
        assert_eq!((mean, variance[1]), ([0.0; 2], 16.0));
        assert_eq!(out[3..], [-1.0, 1.0, 1.0]);
    }
}
