//! Something to learn without data: normal numbers as wide as the model, with answers that follow
//! from them.

use fanin_kernels::random::{Stream, fill_normal};

use super::normal;
use super::{DataSet, LoadOptions, Loaded, Targets};
use crate::Result;
use crate::spec::Numbers;

/// Normal features, and answers that a linear teacher gives to them.
///
/// Rows of a class lie around a center of their own, so near that each feature stays about
/// standard normal; numbers to learn are sums of the features; a token to learn is the one whose
/// number follows that of the token at its place. A quarter of all indices tells of the class.
pub struct Teacher;

/// Deviations between the centers of two classes, in units of the noise along their line.
const APART: f64 = 6.0;

/// The largest share that centers have in the deviation of a feature.
const LARGEST_SHARE: f64 = 0.8;

/// One index in so many is that of the row's class.
const TELLING: u64 = 4;

impl DataSet for Teacher {
    fn name(&self) -> &'static str {
        "teacher"
    }

    fn about(&self) -> &'static str {
        "normal numbers as wide as the model, with answers that can be learned from them"
    }

    fn source(&self) -> &'static str {
        "computed"
    }

    fn license(&self) -> &'static str {
        "none needed: computed"
    }

    /// As many features and classes as the model has; one output gets a number to learn.
    fn load(&self, options: &LoadOptions) -> Result<Loaded> {
        let loaded = normal::drawn(self, options)?;
        let mut train = loaded.train;
        let columns = train.columns();
        let lesson = Lesson { columns, options, seed: options.seed };
        match &mut train.targets {
            Targets::Classes { labels, names } => {
                lesson.gather(&mut train.features, labels, names.len());
            }
            Targets::Values { values, names } => {
                lesson.sum(&train.features, values, names.len());
            }
            Targets::Tokens { ids, positions, classes, .. } => {
                lesson.follow(&train.features, ids, *positions, *classes);
            }
            Targets::Features => {}
        }
        Ok(Loaded { train, ..loaded })
    }
}

struct Lesson<'a> {
    columns: usize,
    options: &'a LoadOptions,
    seed: u64,
}

impl Lesson<'_> {
    /// Moves rows towards the center of their class.
    fn gather(&self, features: &mut [f32], labels: &[u32], classes: usize) {
        let mut centers = vec![0.0; classes * self.columns];
        fill_normal(Stream::new(self.seed, "teacher centers"), 0, 0.0, 1.0, &mut centers);
        let share = (APART / (2.0 * self.columns as f64).sqrt()).min(LARGEST_SHARE);
        let rest = (1.0 - share * share).sqrt() as f32;
        let telling = Stream::new(self.seed, "teacher indices");
        let kinds = normal::kinds(&self.options.feeds, self.columns);
        for ((row, &label), number) in
            features.chunks_exact_mut(self.columns).zip(labels).zip(0_u64..)
        {
            let center = &centers[label as usize * self.columns..][..self.columns];
            for (place, (x, mean)) in row.iter_mut().zip(center).enumerate() {
                match kinds[place] {
                    Numbers::Measured => *x = rest * *x + share as f32 * mean,
                    Numbers::Indices(count) => {
                        let at = number * self.columns as u64 + place as u64;
                        if telling.below(TELLING, at) == 0 {
                            *x = (label as usize % count.max(1)) as f32;
                        }
                    }
                    Numbers::Switches => {}
                }
            }
        }
    }

    /// Sums of the features with normal weights, of deviation 1.
    fn sum(&self, features: &[f32], values: &mut [f32], outputs: usize) {
        let mut weights = vec![0.0; outputs * self.columns];
        let deviation = 1.0 / (self.columns as f64).sqrt();
        fill_normal(Stream::new(self.seed, "teacher sums"), 0, 0.0, deviation, &mut weights);
        let rows = features.chunks_exact(self.columns).zip(values.chunks_exact_mut(outputs));
        for (row, values) in rows {
            for (value, weights) in values.iter_mut().zip(weights.chunks_exact(self.columns)) {
                *value = row.iter().zip(weights).map(|(x, w)| x * w).sum();
            }
        }
    }

    /// The class of each position: the number behind the index there, or behind 1 for a number above
    /// zero and 0 for others. Not the index itself, which a head tied to the table of indices knows
    /// without any training.
    fn follow(&self, features: &[f32], ids: &mut [u32], positions: usize, classes: usize) {
        let rows = features.chunks_exact(self.columns).zip(ids.chunks_exact_mut(positions));
        for (row, ids) in rows {
            for (place, id) in ids.iter_mut().enumerate() {
                let x = row[place * self.columns / positions];
                let is_index = x >= 0.0 && x.fract() == 0.0;
                let number = if is_index { x as usize } else { usize::from(x > 0.0) };
                *id = ((number + 1) % classes) as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_class_lie_nearer_to_each_other() {
        let options = LoadOptions { sizes: Some((40, 3)), ..Default::default() };
        let data = Teacher.load(&options).unwrap().train;
        let Targets::Classes { labels, .. } = &data.targets else { panic!("classes") };
        let mean = |class: u32| -> Vec<f64> {
            let rows: Vec<usize> = (0..data.rows()).filter(|&r| labels[r] == class).collect();
            let sum = |c: usize| rows.iter().map(|&r| f64::from(data.row(r)[c])).sum::<f64>();
            (0..40).map(|c| sum(c) / rows.len() as f64).collect()
        };
        let means = [mean(0), mean(1), mean(2)];
        let distance = |row: &[f32], mean: &[f64]| -> f64 {
            row.iter().zip(mean).map(|(&x, m)| (f64::from(x) - m).powi(2)).sum()
        };
        let nearest = |row: &[f32]| {
            (0..3).min_by(|&a, &b| distance(row, &means[a]).total_cmp(&distance(row, &means[b])))
        };
        let right = (0..data.rows()).filter(|&r| nearest(data.row(r)) == Some(labels[r] as usize));
        // Centers six deviations apart are mixed up in Φ(−3), 0.1 %, of the rows for each pair.
        assert!(right.count() > data.rows() * 98 / 100);
        let square = data.features.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
        assert!((square / data.features.len() as f64 - 1.0).abs() < 0.3);
    }

    #[test]
    fn numbers_to_learn_are_sums_of_the_features() {
        let options = LoadOptions { sizes: Some((5, 1)), ..Default::default() };
        let data = Teacher.load(&options).unwrap().train;
        let Targets::Values { values, .. } = &data.targets else { panic!("values") };
        let sum = |r: usize, s: usize| -> Vec<f32> {
            data.row(r).iter().zip(data.row(s)).map(|(a, b)| a + b).collect()
        };
        let mut both = vec![0.0];
        let lesson = Lesson { columns: 5, options: &options, seed: 0 };
        lesson.sum(&sum(3, 8), &mut both, 1);
        assert!((both[0] - values[3] - values[8]).abs() < 1e-4);
    }

    #[test]
    fn the_set_that_was_asked_for_is_named() {
        let error = Teacher.load(&LoadOptions::default()).unwrap_err().to_string();
        assert!(error.starts_with("data: found teacher, which has no width"), "{error}");
        let options = LoadOptions { sizes: Some((5, 2)), ..Default::default() };
        assert_eq!(Teacher.load(&options).unwrap().train.name, "teacher");
    }

    #[test]
    fn token_to_learn_is_the_next_of_the_one_at_its_place() {
        let options = LoadOptions::default();
        let lesson = Lesson { columns: 6, options: &options, seed: 0 };
        let mut ids = [9; 3];
        lesson.follow(&[4.0, 0.1, 0.0, 0.1, -0.5, 0.1], &mut ids, 3, 5);
        assert_eq!(ids, [0, 1, 1]);
    }
}
