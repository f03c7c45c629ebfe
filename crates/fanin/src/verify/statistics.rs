//! Moments and extremes of a tensor, and what cannot be right about single values.

use std::collections::HashSet;

use fanin_kernels::reduce;
use serde::Serialize;

/// Moments and extremes of a tensor; those of its finite values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statistics {
    /// Number of elements.
    pub elements: usize,
    /// Elements that are NaN or infinite.
    pub non_finite: usize,
    /// Elements that are exactly 0.
    pub zeros: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
    /// Smallest value.
    pub low: f64,
    /// Largest value.
    pub high: f64,
    /// Different values among those sampled.
    pub distinct: usize,
    /// Values sampled, evenly over the tensor; all of them in a small one.
    pub sampled: usize,
    /// Equal for tensors with equal bits, and hardly ever for others.
    #[serde(skip)]
    pub fingerprint: u64,
}

/// Values to look at closely: enough to tell deviations that differ by 1 %.
pub const SAMPLE: usize = 1 << 16;

impl Statistics {
    /// Those of `values`.
    pub fn of(values: &[f32]) -> Self {
        let non_finite = reduce::count_non_finite(values);
        let finite: Vec<f32>;
        let kept = if non_finite == 0 {
            values
        } else {
            finite = values.iter().copied().filter(|x| x.is_finite()).collect();
            &finite
        };
        let extreme =
            |f: fn(f32, f32) -> f32| f64::from(kept.iter().copied().reduce(f).unwrap_or(0.0));
        let sample = sample(kept);
        let moment = |f: fn(&[f32]) -> f64| if kept.is_empty() { 0.0 } else { f(kept) };
        Self {
            elements: values.len(),
            non_finite,
            zeros: kept.iter().filter(|x| **x == 0.0).count(),
            mean: moment(reduce::mean),
            deviation: moment(reduce::variance).sqrt(),
            low: extreme(f32::min),
            high: extreme(f32::max),
            distinct: sample.iter().map(|x| x.to_bits()).collect::<HashSet<_>>().len(),
            sampled: sample.len(),
            fingerprint: fingerprint(values),
        }
    }

    /// Whether all values are the same finite number.
    pub fn is_constant(&self) -> bool {
        self.non_finite == 0 && self.low == self.high
    }
}

/// Up to [`SAMPLE`] values, evenly spaced.
pub fn sample(values: &[f32]) -> Vec<f32> {
    // An odd step meets all columns of a matrix with an even number of them.
    let step = values.len().div_ceil(SAMPLE).max(1) | 1;
    values.iter().copied().step_by(step).collect()
}

/// A hash of the bits, in which −0 is another value than 0.
pub fn fingerprint(values: &[f32]) -> u64 {
    const PRIME: u64 = 0x9E37_79B9_7F4A_7C15;
    values.iter().fold(values.len() as u64, |hash, x| {
        (hash.rotate_left(5) ^ u64::from(x.to_bits())).wrapping_mul(PRIME)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_is_counted_and_left_out() {
        let statistics = Statistics::of(&[1.0, f32::NAN, -3.0, f32::INFINITY, 0.0, 0.0]);
        assert_eq!((statistics.non_finite, statistics.zeros, statistics.elements), (2, 2, 6));
        assert_eq!((statistics.low, statistics.high, statistics.mean), (-3.0, 1.0, -0.5));
        assert_eq!(statistics.distinct, 3);
        assert!(!statistics.is_constant() && Statistics::of(&[2.0; 5]).is_constant());
        assert_eq!(Statistics::of(&[f32::NAN]).mean, 0.0);
        assert_eq!(Statistics::of(&[]).elements, 0);
    }

    #[test]
    fn a_sample_is_even_and_small() {
        let values: Vec<f32> = (0..1_000_000).map(|i| i as f32).collect();
        let sample = sample(&values);
        assert!(sample.len() <= SAMPLE && sample.len() > SAMPLE / 2);
        assert!(sample.last().unwrap() > &999_900.0);
    }

    #[test]
    fn fingerprints_tell_order_and_length() {
        assert_ne!(fingerprint(&[1.0, 2.0]), fingerprint(&[2.0, 1.0]));
        assert_ne!(fingerprint(&[0.0]), fingerprint(&[0.0, 0.0]));
        assert_eq!(fingerprint(&[0.5, 1.5]), fingerprint(&[0.5, 1.5]));
    }
}
