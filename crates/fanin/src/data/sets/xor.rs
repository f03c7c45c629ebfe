//! Exclusive or: the smallest problem that no single layer can learn.

use fanin_kernels::random::{Stream, fill_normal};

use super::{DataSet, Dataset, LoadOptions, Loaded, Targets, loaded, size};
use crate::Result;

/// The corners of the unit square; two opposite ones belong to a class.
pub struct Xor;

impl DataSet for Xor {
    fn name(&self) -> &'static str {
        "xor"
    }

    fn about(&self) -> &'static str {
        "points near the corners of the unit square (400, or rows), opposite ones alike, 2 classes"
    }

    fn source(&self) -> &'static str {
        "computed; the problem is from Minsky & Papert 1969, Perceptrons"
    }

    fn license(&self) -> &'static str {
        "none needed: computed"
    }

    /// By default 400 rows with noise 0.1; four rows are the corners without noise. The test
    /// rows are always the four corners.
    fn load(&self, options: &LoadOptions) -> Result<Loaded> {
        const CORNERS: usize = 4;
        let default_noise = if options.rows == Some(CORNERS) { 0.0 } else { 0.1 };
        let (rows, noise) = size(options, 400, CORNERS, default_noise)?;
        let train = points(rows, noise, options.seed);
        Ok(loaded(self, train, Some(points(CORNERS, 0.0, 0)), options))
    }
}

fn points(rows: usize, noise: f64, seed: u64) -> Dataset {
    let mut features = vec![0.0; 2 * rows];
    fill_normal(Stream::new(seed, "xor"), 0, 0.0, noise, &mut features);
    let mut labels = Vec::with_capacity(rows);
    for (row, point) in features.chunks_exact_mut(2).enumerate() {
        let (a, b) = (row / 2 % 2, row % 2);
        point[0] += a as f32;
        point[1] += b as f32;
        labels.push((a ^ b) as u32);
    }
    Dataset {
        name: "xor".to_owned(),
        feature_names: vec!["a".to_owned(), "b".to_owned()],
        features: features.into(),
        targets: Targets::Classes {
            labels,
            names: vec!["equal".to_owned(), "different".to_owned()],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_rows_are_the_corners() {
        let corners = points(4, 0.0, 9);
        assert_eq!(corners.features, [0., 0., 0., 1., 1., 0., 1., 1.]);
        assert!(
            matches!(corners.targets, Targets::Classes { labels, .. } if labels == [0, 1, 1, 0])
        );
    }

    #[test]
    fn seed_decides_the_noise() {
        assert_eq!(points(40, 0.1, 1), points(40, 0.1, 1));
        assert_ne!(points(40, 0.1, 1), points(40, 0.1, 2));
    }
}
