//! How good a network is: accuracies, errors, and what is recorded of each epoch.

use fanin_kernels::Float;
use serde::{Deserialize, Serialize};

/// What is known after one epoch; one line of `metrics.jsonl`.
///
/// A number that is NaN or infinite is written as `null` and read as NaN.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Epochs done, from 1.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// Mean loss over the epoch's batches, as they were met.
    #[serde(with = "null_as_nan")]
    pub train_loss: f64,
    /// Mean loss on the test data, if there is any.
    pub test_loss: Option<f64>,
    /// Share of test rows answered rightly, or R² for regression, if there is test data.
    pub accuracy: Option<f64>,
    /// Learning rate of the epoch's last step.
    #[serde(with = "null_as_nan")]
    pub learning_rate: f64,
    /// Euclidean norm of the last step's gradient, before clipping.
    #[serde(with = "null_as_nan")]
    pub gradient_norm: f64,
    /// Seconds that the epoch took, or its part since the run was resumed.
    #[serde(with = "null_as_nan")]
    pub seconds: f64,
}

mod null_as_nan {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        value.is_finite().then_some(*value).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}

/// The class with the largest logit; the first of equal ones, none if any is NaN.
pub fn predicted_class<T: Float>(logits: &[T]) -> Option<usize> {
    if logits.iter().any(|x| x.to_f64().is_nan()) {
        return None;
    }
    let larger = |best: usize, i: usize| if logits[i] > logits[best] { i } else { best };
    (0..logits.len()).reduce(larger)
}

/// Share of rows whose largest logit is at their label; NaN for no row.
///
/// `logits` holds one row of class scores per label.
///
/// ```
/// let logits = [0.1_f32, 0.9, 0.8, 0.2, 0.5, 0.5];
/// let accuracy = fanin::train::metrics::accuracy(&logits, &[1, 1, 0]);
/// assert_eq!(accuracy, 2.0 / 3.0);
/// ```
///
/// # Panics
/// If the logits are not whole rows.
pub fn accuracy<T: Float>(logits: &[T], labels: &[u32]) -> f64 {
    right_classes(logits, labels) as f64 / labels.len() as f64
}

/// The number of rows whose largest logit is at their label, to be added up over batches.
///
/// # Panics
/// If the logits are not whole rows.
pub fn right_classes<T: Float>(logits: &[T], labels: &[u32]) -> usize {
    if labels.is_empty() {
        return 0;
    }
    assert_eq!(logits.len() % labels.len(), 0, "each label has one row of logits");
    let rows = logits.chunks(logits.len() / labels.len()).zip(labels);
    rows.filter(|(row, label)| predicted_class(row) == Some(**label as usize)).count()
}

/// Share of (row, label) pairs where a logit above 0 stands for a target above ½; NaN for none.
///
/// # Panics
/// If the lengths differ.
pub fn multi_label_accuracy<T: Float>(logits: &[T], targets: &[T]) -> f64 {
    assert_eq!(logits.len(), targets.len(), "each logit has one target");
    let half = T::from_f64(0.5);
    let right = logits.iter().zip(targets).filter(|(logit, target)| {
        !logit.to_f64().is_nan() && (**logit > T::ZERO) == (**target > half)
    });
    right.count() as f64 / targets.len() as f64
}

/// Mean of (h − y)² over all elements, accumulated in f64; NaN for none.
///
/// # Panics
/// If the lengths differ.
pub fn mean_squared_error<T: Float>(outputs: &[T], targets: &[T]) -> f64 {
    assert_eq!(outputs.len(), targets.len(), "each output has one target");
    let squares = outputs.iter().zip(targets).map(|(h, y)| (h.to_f64() - y.to_f64()).powi(2));
    squares.sum::<f64>() / targets.len() as f64
}

/// R² = 1 − Σ(h−y)²/Σ(y−ȳ)², averaged over the columns; 1 is perfect, 0 as good as the mean.
///
/// A column whose targets are all equal counts 1 if it is met exactly and else 0, as in
/// scikit-learn. NaN for no row.
///
/// # Panics
/// If the lengths differ or are not whole rows of `columns`.
pub fn r_squared<T: Float>(outputs: &[T], targets: &[T], columns: usize) -> f64 {
    assert_eq!(outputs.len(), targets.len(), "each output has one target");
    assert!(columns > 0 && targets.len().is_multiple_of(columns), "targets come in whole rows");
    if targets.is_empty() {
        return f64::NAN;
    }
    let of_column = |column: usize| {
        let pairs = || {
            let pairs = outputs.iter().zip(targets).skip(column).step_by(columns);
            pairs.map(|(h, y)| (h.to_f64(), y.to_f64()))
        };
        let mean = pairs().map(|(_, y)| y).sum::<f64>() / pairs().count() as f64;
        let residual: f64 = pairs().map(|(h, y)| (h - y).powi(2)).sum();
        let total: f64 = pairs().map(|(_, y)| (y - mean).powi(2)).sum();
        match (residual == 0.0, total == 0.0) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            (false, false) => 1.0 - residual / total,
        }
    };
    (0..columns).map(of_column).sum::<f64>() / columns as f64
}

/// A measure over several seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// How many seeds.
    pub count: usize,
    /// Their mean; NaN if there is none.
    #[serde(with = "null_as_nan")]
    pub mean: f64,
    /// Sample standard deviation (divided by count − 1); 0 for one seed.
    #[serde(with = "null_as_nan")]
    pub deviation: f64,
    /// The smallest; NaN if there is none.
    #[serde(with = "null_as_nan")]
    pub minimum: f64,
    /// The largest; NaN if there is none.
    #[serde(with = "null_as_nan")]
    pub maximum: f64,
}

impl Spread {
    /// Mean and spread of a measure over seeds; NaN throughout if one of them is NaN.
    ///
    /// ```
    /// let spread = fanin::train::metrics::Spread::of(&[0.90, 0.92, 0.94]);
    /// assert!((spread.mean - 0.92).abs() < 1e-12 && (spread.deviation - 0.02).abs() < 1e-12);
    /// ```
    pub fn of(values: &[f64]) -> Self {
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        let deviation = (squares / count.saturating_sub(1).max(1) as f64).sqrt();
        let end = |beats: fn(f64, f64) -> bool| {
            let further = |end: f64, x: f64| if beats(x, end) || x.is_nan() { x } else { end };
            values.iter().copied().reduce(further).unwrap_or(f64::NAN)
        };
        let deviation = if count == 0 { f64::NAN } else { deviation };
        Self { count, mean, deviation, minimum: end(|x, y| x < y), maximum: end(|x, y| x > y) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_first_class_so_that_a_dead_network_is_at_chance() {
        assert_eq!(predicted_class(&[0.0_f32; 10]), Some(0));
        assert_eq!(predicted_class(&[0.0, 2.0, 2.0_f64]), Some(1));
        let labels: Vec<u32> = (0..50).map(|i| i % 10).collect();
        assert_eq!(accuracy(&[0.0_f32; 500], &labels), 0.1);
    }

    #[test]
    fn nan_is_never_right() {
        assert_eq!(accuracy(&[f32::NAN, 1.0, 1.0, f32::NAN], &[0, 0]), 0.0);
        assert_eq!(multi_label_accuracy(&[f32::NAN, -1.0], &[0.0, 0.0]), 0.5);
        assert!(accuracy::<f32>(&[], &[]).is_nan());
    }

    #[test]
    fn multi_label_counts_every_label_of_every_row() {
        assert_eq!(multi_label_accuracy(&[2.0_f32, -1.0, 0.0, 3.0], &[1.0, 0.0, 0.0, 0.0]), 0.75);
    }

    /// The examples of scikit-learn's `r2_score`, evaluated with it.
    #[test]
    fn r_squared_equals_that_of_scikit_learn() {
        let (y, h) = ([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0_f64]);
        assert!((r_squared(&h, &y, 1) - 0.948_608_137_044_967_9).abs() < 1e-15);
        assert_eq!(mean_squared_error(&h, &y), 0.375);
        let (y, h) = ([0.5, 1.0, -1.0, 1.0, 7.0, -6.0], [0.0, 2.0, -1.0, 2.0, 8.0, -5.0_f64]);
        assert!((r_squared(&h, &y, 2) - 0.936_800_526_662_277_9).abs() < 1e-15);
    }

    #[test]
    fn constant_targets_are_met_or_missed() {
        assert_eq!(r_squared(&[2.0_f64, 2.0], &[2.0, 2.0], 1), 1.0);
        assert_eq!(r_squared(&[2.0_f64, 2.1], &[2.0, 2.0], 1), 0.0);
    }

    #[test]
    fn one_seed_has_no_deviation_and_one_nan_shows() {
        let one = Spread::of(&[0.5]);
        assert_eq!((one.mean, one.deviation, one.minimum, one.maximum), (0.5, 0.0, 0.5, 0.5));
        let ends = Spread::of(&[0.3, 0.1, 0.2]);
        assert_eq!((ends.minimum, ends.maximum), (0.1, 0.3));
        let sick = Spread::of(&[0.3, f64::NAN, 0.2]);
        assert!(sick.mean.is_nan() && sick.minimum.is_nan() && sick.maximum.is_nan());
        assert!(Spread::of(&[]).mean.is_nan());
    }

    #[test]
    fn a_record_survives_json_even_if_diverged() {
        let metrics = Metrics {
            epoch: 1,
            step: 10,
            train_loss: f64::INFINITY,
            test_loss: None,
            accuracy: Some(0.1 + 0.2),
            learning_rate: 0.1,
            gradient_norm: f64::NAN,
            seconds: 1.5,
        };
        let line = serde_json::to_string(&metrics).unwrap();
        assert!(line.contains(r#""train_loss":null"#) && !line.contains('\n'), "{line}");
        let read: Metrics = serde_json::from_str(&line).unwrap();
        assert!(read.train_loss.is_nan() && read.gradient_norm.is_nan());
        assert_eq!((read.accuracy, read.learning_rate), (metrics.accuracy, 0.1));
    }
}
