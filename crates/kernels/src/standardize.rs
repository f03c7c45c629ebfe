//! Elements brought to mean 0 and variance 1, and the derivative of that.
//!
//! Key: a tensor is seen as (A, G, N) in row-major order; statistics are taken over the A·N
//! elements of each of the G groups, in f64. Batch normalization has A = batch, G = channels;
//! layer normalization A = 1, G = rows; instance and group normalization A = 1.

use crate::scalar::Float;
use crate::threads::for_each_chunk;

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

    fn groups_per_chunk(&self) -> usize {
        (CHUNK / (self.outer * self.inner).max(1)).max(1)
    }

    /// Pieces of (A, G, N) that one thread writes at a time.
    fn chunk(&self) -> usize {
        (CHUNK / self.inner.max(1)).max(1) * self.inner
    }
}

/// Mean and population variance of every group: two passes over each, in f64. Where the mean is
/// not subtracted it is 0 and the variance is the mean square.
///
/// # Panics
/// If the lengths do not fit the sizes.
pub fn statistics<T: Float>(size: &Standardize, x: &[T], mean: &mut [T], variance: &mut [T]) {
    let groups = size.groups_per_chunk();
    if size.centered {
        for_each_chunk(mean, groups, &|start, piece| {
            for (group, mean) in (start..).zip(piece) {
                let sum: f64 = size.pieces(x, group).map(|x| sum_of(x, |x| x)).sum();
                *mean = T::from_f64(sum / size.count());
            }
        });
    } else {
        mean.fill(T::ZERO);
    }
    let mean = &*mean;
    for_each_chunk(variance, groups, &|start, piece| {
        for (group, variance) in (start..).zip(piece) {
            let mean = mean[group].to_f64();
            let square = |x: f64| (x - mean) * (x - mean);
            let sum: f64 = size.pieces(x, group).map(|x| sum_of(x, square)).sum();
            *variance = T::from_f64(sum / size.count());
        }
    });
}

/// (x − mean) / √(variance + ε).
///
/// # Panics
/// If the lengths do not fit the sizes.
pub fn standardize<T: Float>(
    size: &Standardize,
    x: &[T],
    mean: &[T],
    variance: &[T],
    out: &mut [T],
) {
    for_each_chunk(out, size.chunk(), &|start, piece| {
        let x = x[start..start + piece.len()].chunks_exact(size.inner);
        let pieces = piece.chunks_exact_mut(size.inner).zip(x);
        for (number, (out, x)) in (start / size.inner..).zip(pieces) {
            let group = number % size.groups;
            let scale = T::from_f64(1.0 / (variance[group].to_f64() + size.epsilon).sqrt());
            let mean = mean[group];
            out.iter_mut().zip(x).for_each(|(out, &x)| *out = (x - mean) * scale);
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
    for_each_chunk(means, 2 * size.groups_per_chunk(), &|start, piece| {
        for (group, means) in (start / 2..).zip(piece.chunks_exact_mut(2)) {
            let (mut sum, mut product) = (0.0, 0.0);
            for (g, y) in size.pieces(g, group).zip(size.pieces(y, group)) {
                if size.centered {
                    sum += sum_of(g, |g| g);
                }
                product += crate::reduce::dot(g, y);
            }
            means[0] = T::from_f64(sum / size.count());
            means[1] = T::from_f64(product / size.count());
        }
    });
    let means = &*means;
    for_each_chunk(out, size.chunk(), &|start, piece| {
        let end = start + piece.len();
        let inputs =
            g[start..end].chunks_exact(size.inner).zip(y[start..end].chunks_exact(size.inner));
        let pieces = piece.chunks_exact_mut(size.inner).zip(inputs);
        for (number, (out, (g, y))) in (start / size.inner..).zip(pieces) {
            let group = number % size.groups;
            let (mean, product, factor) = (means[2 * group], means[2 * group + 1], factor[group]);
            for ((out, &g), &y) in out.iter_mut().zip(g).zip(y) {
                *out = factor * (g - mean - y * product);
            }
        }
    });
}

/// Σ f(x) over sixteen running sums in f64, whose order is fixed.
fn sum_of<T: Float>(x: &[T], f: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; 16];
    let (blocks, rest) = x.as_chunks::<16>();
    for block in blocks {
        sums.iter_mut().zip(block).for_each(|(sum, x)| *sum += f(x.to_f64()));
    }
    rest.iter().map(|x| f(x.to_f64())).sum::<f64>() + sums.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_mean_0_and_variance_1() {
        let size = Standardize { outer: 3, groups: 2, inner: 5, epsilon: 0.0, centered: true };
        let x: Vec<f64> = (0..30).map(|i| f64::from(i * i % 17) + 1e4).collect();
        let (mut mean, mut variance, mut out) = ([0.0; 2], [0.0; 2], [0.0; 30]);
        statistics(&size, &x, &mut mean, &mut variance);
        standardize(&size, &x, &mean, &variance, &mut out);
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
        statistics(&size, &x, &mut mean, &mut variance);
        standardize(&size, &x, &mean, &variance, &mut out);
        assert_eq!((mean, variance[1]), ([0.0; 2], 16.0));
        assert_eq!(out[3..], [-1.0, 1.0, 1.0]);
    }
}
