//! How features are scaled against each other and against their means.

use serde::Serialize;

/// How features are scaled against each other and against their means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FeatureScales {
    /// The largest |mean| over the features, in units of the feature's own deviation.
    pub largest_offset: f64,
    /// The feature with the largest offset.
    pub offset_feature: usize,
    /// The largest deviation over the smallest that is not 0.
    pub deviation_ratio: f64,
    /// Features that are the same in every row.
    pub constant: usize,
    /// The largest |value| of a constant feature: one that is not 0 acts as a second bias.
    pub largest_constant: f64,
}

/// Reads the scales of `features`, (rows, columns) in row-major order.
pub fn scales(features: &[f32], columns: usize) -> FeatureScales {
    let rows = features.len() / columns;
    let mut scales = FeatureScales::default();
    let (mut smallest, mut largest) = (f64::INFINITY, 0.0_f64);
    let mut means = vec![0.0; columns];
    for row in features.chunks_exact(columns) {
        means.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    means.iter_mut().for_each(|sum| *sum /= rows as f64);
    let mut squares = vec![0.0; columns];
    for row in features.chunks_exact(columns) {
        let pairs = row.iter().zip(&means);
        squares.iter_mut().zip(pairs).for_each(|(sum, (&x, m))| *sum += (f64::from(x) - m).powi(2));
    }
    for (column, (&mean, square)) in means.iter().zip(squares).enumerate() {
        let variance: f64 = square / rows as f64;
        let deviation = variance.sqrt();
        if deviation <= 1e-6 * mean.abs() {
            scales.constant += 1;
            scales.largest_constant = scales.largest_constant.max(mean.abs());
            continue;
        }
        (smallest, largest) = (smallest.min(deviation), largest.max(deviation));
        let offset = mean.abs() / deviation;
        if offset > scales.largest_offset {
            (scales.largest_offset, scales.offset_feature) = (offset, column);
        }
    }
    scales.deviation_ratio = if smallest.is_finite() { largest / smallest } else { 1.0 };
    scales
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_ratios_and_constants_are_told() {
        let rows: [[f32; 4]; 2] = [[1.0, 90.0, 7.0, 0.0], [-1.0, 110.0, 7.0, 0.0]];
        let told = scales(rows.as_flattened(), 4);
        assert_eq!((told.largest_offset, told.offset_feature), (10.0, 1));
        assert_eq!((told.deviation_ratio, told.constant, told.largest_constant), (10.0, 2, 7.0));
        assert_eq!(scales(&[0.0; 6], 3).deviation_ratio, 1.0);
    }
}
