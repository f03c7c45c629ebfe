//! Two interleaved spirals: easy to see, hard for a shallow network.

use std::f64::consts::PI;

use fanin_kernels::random::{Stream, fill_normal, fill_uniform};

use super::{DataSet, Dataset, LoadOptions, Loaded, Targets, loaded, size};
use crate::Result;

/// Two spirals around each other, one class each.
pub struct Spirals;

impl DataSet for Spirals {
    fn name(&self) -> &'static str {
        "spirals"
    }

    fn about(&self) -> &'static str {
        "points on two interleaved spirals in the plane (1,000, or rows), 2 classes"
    }

    fn source(&self) -> &'static str {
        "computed; the problem is from Lang & Witbrock 1988, Learning to tell two spirals apart"
    }

    fn license(&self) -> &'static str {
        "none needed: computed"
    }

    /// By default 1,000 rows with noise 0.02, at most 1 away from the origin before the noise.
    fn load(&self, options: &LoadOptions) -> Result<Loaded> {
        let (rows, noise) = size(options, 1000, 2, 0.02)?;
        Ok(loaded(self, points(rows, noise, options.seed), None, options))
    }
}

/// Turns of each spiral around the origin.
const TURNS: f64 = 1.5;

/// Distance of the innermost point from the origin.
const INNER_RADIUS: f64 = 0.1;

fn points(rows: usize, noise: f64, seed: u64) -> Dataset {
    let mut features = vec![0.0; 2 * rows];
    fill_normal(Stream::new(seed, "spirals/noise"), 0, 0.0, noise, &mut features);
    let mut places = vec![0.0; rows];
    fill_uniform(Stream::new(seed, "spirals/place"), 0, 0.0, 1.0, &mut places);
    let mut labels = Vec::with_capacity(rows);
    for (row, (point, along)) in features.chunks_exact_mut(2).zip(places).enumerate() {
        let (spiral, along) = ((row % 2) as u32, f64::from(along));
        let radius = INNER_RADIUS + (1.0 - INNER_RADIUS) * along;
        let angle = 2.0 * PI * TURNS * along + PI * f64::from(spiral);
        point[0] += (radius * libm::cos(angle)) as f32;
        point[1] += (radius * libm::sin(angle)) as f32;
        labels.push(spiral);
    }
    Dataset {
        name: "spirals".to_owned(),
        feature_names: vec!["x".to_owned(), "y".to_owned()],
        features: features.into(),
        targets: Targets::Classes { labels, names: vec!["first".to_owned(), "second".to_owned()] },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spirals_of_a_seed_never_change() {
        let data = points(4, 0.0, 1);
        assert_eq!(data, points(4, 0.0, 1));
        assert_ne!(data, points(4, 0.0, 2));
        let bits: Vec<u32> = data.features[..4].iter().map(|x| x.to_bits()).collect();
        assert_eq!(bits, [1_020_164_977, 1_062_782_667, 3_202_654_892, 1_054_901_658]);
    }

    #[test]
    fn points_of_one_spiral_are_opposite_to_the_other() {
        let data = points(1000, 0.0, 1);
        let Targets::Classes { labels, .. } = &data.targets else { unreachable!("classes") };
        for (row, &label) in labels.iter().enumerate() {
            let (x, y) = (f64::from(data.row(row)[0]), f64::from(data.row(row)[1]));
            let along = (x.hypot(y) - INNER_RADIUS) / (1.0 - INNER_RADIUS);
            let angle = 2.0 * PI * TURNS * along;
            let side = x * angle.cos() + y * angle.sin();
            assert_eq!(side < 0.0, label == 1, "row {row}");
        }
    }
}
