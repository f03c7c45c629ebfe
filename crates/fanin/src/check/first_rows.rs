//! The rows of a data set that a check looks at.

use fanin_kernels::random::{Stream, fill_permutation};

use super::instruments::pass::spaced;
use super::probe::Batch;
use crate::data::{Dataset, Targets};

/// Standard errors by which rows that follow each other must be more alike than chance makes them.
const SURE: f64 = 6.0;
/// How alike they must be, from 0 as by chance to 1 as two of the same.
const ALIKE: f64 = 0.3;
/// Rows and columns of features that are looked at, where targets do not tell.
const LOOKED: [usize; 2] = [4096, 64];

/// Rows for a check, copied out of a data set: the first ones, or where those that follow each other are alike, as
/// in a file that is sorted by class, such as lie evenly over all, in no order.
pub(in crate::check) struct FirstRows {
    rows: usize,
    features: Vec<f32>,
    targets: Vec<f32>,
}

impl FirstRows {
    /// At most so many rows of `data`.
    pub fn of(data: &Dataset, most: usize) -> Self {
        let count = data.rows().min(most);
        let rows: Vec<usize> = if comes_in_runs(data) {
            let mut order = vec![0; count];
            fill_permutation(Stream::new(0, "check/rows"), &mut order);
            let spread: Vec<usize> = spaced(data.rows(), count).collect();
            order.into_iter().map(|place| spread[place]).collect()
        } else {
            (0..count).collect()
        };
        let mut features = vec![0.0; rows.len() * data.columns()];
        let mut targets = vec![0.0; rows.len() * data.target_columns()];
        data.gather(&rows, &mut features, &mut targets, 0.0);
        Self { rows: rows.len(), features, targets }
    }

    pub fn batch(&self) -> Batch<'_> {
        Batch { rows: self.rows, features: &self.features, targets: &self.targets }
    }
}

/// Whether rows that follow each other are more alike than others.
fn comes_in_runs(data: &Dataset) -> bool {
    let (alike, count) = match &data.targets {
        Targets::Classes { labels, names } => (alike_classes(labels, names.len()), labels.len()),
        Targets::Values { values, names } => {
            let column: Vec<f32> = values.iter().step_by(names.len().max(1)).copied().collect();
            (alike_numbers(std::iter::once(column)), data.rows())
        }
        Targets::Tokens { .. } | Targets::Features => {
            let (rows, columns) = (data.rows().min(LOOKED[0]), data.columns().min(LOOKED[1]));
            // Not by the row, which would keep all numbers of a set of bytes as f32.
            let (mut row, mut all) = (vec![0.0; data.columns()], Vec::new());
            for index in 0..rows {
                data.features.write(index * row.len(), &mut row);
                all.extend_from_slice(&row[..columns]);
            }
            let column = |at: usize| all.iter().skip(at).step_by(columns).copied().collect();
            (alike_numbers((0..columns).map(column)), rows)
        }
    };
    alike > ALIKE && alike * (count as f64).sqrt() > SURE
}

/// How much more often than by chance, at most 1, a label is that of the row before.
fn alike_classes(labels: &[u32], classes: usize) -> f64 {
    let mut counts = vec![0_usize; classes];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    let share = |count: &usize| (*count as f64 / labels.len() as f64).powi(2);
    let chance: f64 = counts.iter().map(share).sum();
    let same = labels.windows(2).filter(|pair| pair[0] == pair[1]).count();
    (same as f64 / labels.len().saturating_sub(1) as f64 - chance) / (1.0 - chance)
}

/// The correlation of columns with themselves a row later.
fn alike_numbers(columns: impl Iterator<Item = Vec<f32>>) -> f64 {
    let (mut together, mut squares) = (0.0, 0.0);
    for column in columns {
        let mean = column.iter().map(|&x| f64::from(x)).sum::<f64>() / column.len() as f64;
        let off: Vec<f64> = column.iter().map(|&x| f64::from(x) - mean).collect();
        together += off.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>();
        squares += off.iter().map(|x| x * x).sum::<f64>();
    }
    together / squares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{LoadOptions, load};

    fn rows(targets: Targets, count: usize) -> Dataset {
        Dataset {
            name: "rows".to_owned(),
            feature_names: vec!["place".to_owned()],
            features: (0..count).map(|row| row as f32).collect::<Vec<_>>().into(),
            targets,
        }
    }

    fn classes(label: impl Fn(usize) -> u32) -> Dataset {
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        rows(Targets::Classes { labels: (0..300).map(label).collect(), names }, 300)
    }

    /// Of rows sorted by class the first hundred would be of one.
    #[test]
    fn rows_sorted_by_class_are_taken_from_everywhere_in_no_order() {
        let sorted = classes(|row| row as u32 / 100);
        let few = FirstRows::of(&sorted, 30);
        let of = |class: usize| few.targets.iter().skip(class).step_by(3).sum::<f32>();
        assert_eq!([of(0), of(1), of(2)], [10.0; 3]);
        let early = few.targets[..30].iter().step_by(3).sum::<f32>();
        assert!((1.0..10.0).contains(&early), "a part of them is as mixed: {early} of 10");
    }

    #[test]
    fn rows_recorded_over_time_are_taken_from_everywhere() {
        let values = (0..400).map(|row| libm::sinf(row as f32 / 50.0)).collect();
        let wave = rows(Targets::Values { values, names: vec!["y".to_owned()] }, 400);
        assert!(FirstRows::of(&wave, 10).features.iter().any(|&row| row > 300.0));
        assert!(FirstRows::of(&rows(Targets::Features, 400), 10).features[9] != 9.0);
    }

    #[test]
    fn rows_in_any_order_are_the_first() {
        let first: Vec<f32> = (0..30).map(|row| row as f32).collect();
        let mut order = [0; 300];
        fill_permutation(Stream::new(1, "order"), &mut order);
        let mixed = classes(|row| order[row] as u32 % 3);
        assert_eq!(FirstRows::of(&mixed, 30).features, first);
        let in_turn = classes(|row| row as u32 % 3);
        assert_eq!(FirstRows::of(&in_turn, 30).features, first);
        let alike = classes(|_| 1);
        assert_eq!(FirstRows::of(&alike, 30).features, first, "one class alone has no order");
        let all = FirstRows::of(&classes(|row| row as u32 / 100), 300);
        assert!(all.features[..30] != first, "fewer of all are looked at by themselves");
        for name in ["digits", "xor", "spirals"] {
            let data = load(name, &LoadOptions::default()).unwrap().train;
            assert!(!comes_in_runs(&data), "{name}");
        }
    }
}
