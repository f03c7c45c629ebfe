//! How data are scaled: features against each other and against their means, and numbers to learn.

use std::iter::repeat_n;

use serde::Serialize;

use super::instruments::pass::spaced;
use super::measurement::Measurement;
use super::probe::Batch;
use crate::data::{Dataset, Targets, commonest_class};
use crate::spec::{Loss, Model, Numbers};

/// Numbers that are looked at, at most: rows that lie evenly over all.
const NUMBERS: usize = 1 << 17;
/// Rows looked at, at least, however wide they are.
const FEWEST_ROWS: usize = 64;
/// Numbers to learn that are held against what outputs can give, at most.
const HELD: usize = 1 << 18;
/// Means, and deviations less 1, of features that were standardized, and standard errors of those of the rows
/// that are looked at.
const STANDARD: (f64, f64) = (0.05, 4.0);
/// Deviations below this share of the mean are rounding.
const ROUNDING: f64 = 1e-6;

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
    /// How many features vary.
    #[serde(skip)]
    pub varying: usize,
    /// Whether all that vary have about mean 0 and deviation 1, and the others are about 0: standardizing would
    /// change nothing.
    #[serde(skip)]
    pub is_standard: bool,
}

/// How numbers to learn are scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetScales {
    /// How many a row has.
    pub columns: usize,
    /// `E[y²]` over all of them.
    pub second_moment: f64,
    /// Mean of the first column.
    pub mean: f64,
    /// Deviation of the first column.
    pub deviation: f64,
    /// How columns are scaled against each other and against their means.
    pub scales: FeatureScales,
    /// Whether they are the features, as an auto-encoder's are.
    pub are_features: bool,
    /// The share of them that lies outside of what the outputs can give; 0 where those can give any number.
    pub out_of_reach: f64,
}

/// What is known of a data set before any network sees it.
#[derive(Clone, Debug)]
pub(super) struct DataScales {
    /// Rows that were read.
    rows: usize,
    second_moment: f64,
    features: FeatureScales,
    targets: Option<TargetScales>,
    /// Some of the numbers to learn.
    held: Vec<f32>,
    commonest: Option<f64>,
}

impl DataScales {
    /// Reads rows that lie evenly over all of `data`; numbers to learn where `loss` is a distance to them.
    pub fn of(model: &Model, loss: &Loss, data: &Dataset) -> Self {
        let width = data.columns();
        let most = (NUMBERS / width.max(1)).max(FEWEST_ROWS).min(data.rows());
        let rows: Vec<usize> = spaced(data.rows(), most).take(data.rows()).collect();
        let (second_moment, features) = of_rows(&kept(model, width), |action| {
            let mut row = vec![0.0; width];
            for &index in &rows {
                data.features.write(index * width, &mut row);
                action(&row);
            }
        });
        let (targets, held) = targets(loss, data, &rows);
        let commonest = commonest_class(&data.targets).map(|(_, share)| share);
        Self { rows: rows.len(), second_moment, features, targets, held, commonest }
    }

    /// Puts what many rows say in place of what fewer of them said.
    pub fn tell(&self, measurement: &mut Measurement) {
        let is_finite =
            self.second_moment.is_finite() && measurement.input_second_moment.is_finite();
        if is_finite && self.rows >= measurement.rows {
            measurement.input_second_moment = self.second_moment;
            measurement.features = self.features;
        }
        measurement.commonest = self.commonest;
        measurement.targets = self.targets.map(|targets| {
            let range = measurement.output_range;
            let out_of_reach = range.map_or(0.0, |range| share_outside(&self.held, range));
            TargetScales { out_of_reach, ..targets }
        });
    }
}

/// The scales of numbers to learn, and some of these; none where a loss is no distance to them, as that of
/// labels, or where they were drawn to have any answers.
fn targets(loss: &Loss, data: &Dataset, rows: &[usize]) -> (Option<TargetScales>, Vec<f32>) {
    let is_distance =
        matches!(loss, Loss::SquaredError | Loss::MeanSquaredError | Loss::Huber { .. });
    let width = data.target_columns();
    let are_features = matches!(data.targets, Targets::Features);
    let is_labels = |values: &[f32]| values.iter().all(|&y| y == 0.0 || y == 1.0);
    let are_numbers = match &data.targets {
        Targets::Values { values, .. } => !is_labels(values),
        Targets::Features => true,
        Targets::Classes { .. } | Targets::Tokens { .. } => false,
    };
    if !is_distance || !are_numbers || data.is_drawn() || width == 0 || rows.is_empty() {
        return (None, Vec::new());
    }
    let write = |row: usize, own: &mut [f32]| match &data.targets {
        Targets::Values { values, .. } => {
            own.copy_from_slice(&values[row * width..(row + 1) * width]);
        }
        _ => data.features.write(row * width, own),
    };
    let columns = Columns::of(width, |action| {
        let mut own = vec![0.0; width];
        for &row in rows {
            write(row, &mut own);
            action(&own);
        }
    });
    let most = (HELD / width).max(FEWEST_ROWS).min(rows.len());
    let mut held = vec![0.0; most * width];
    for (own, place) in held.chunks_exact_mut(width).zip(spaced(rows.len(), most)) {
        write(rows[place], own);
    }
    let scales = TargetScales {
        columns: width,
        second_moment: columns.second_moment,
        mean: columns.means[0],
        deviation: columns.deviations[0],
        scales: columns.scales(),
        are_features,
        out_of_reach: 0.0,
    };
    (Some(scales), held)
}

/// The share of `values` that lies outside of a range by more than rounding.
fn share_outside(values: &[f32], [low, high]: [f64; 2]) -> f64 {
    let slack = if (high - low).is_finite() { ROUNDING * (high - low) } else { ROUNDING };
    let is_outside = |y: &&f32| f64::from(**y) < low - slack || f64::from(**y) > high + slack;
    values.iter().filter(is_outside).count() as f64 / values.len().max(1) as f64
}

/// The mean square of the measured numbers in a batch, and how they are scaled.
pub(super) fn input_scales(model: &Model, batch: Batch<'_>) -> (f64, FeatureScales) {
    let width = batch.features.len() / batch.rows;
    of_rows(&kept(model, width), |action| batch.features.chunks_exact(width).for_each(action))
}

/// The columns that are measured numbers, of so many.
fn kept(model: &Model, width: usize) -> Vec<usize> {
    let feeds = model.architecture().feeds();
    if feeds.iter().all(|feed| feed.numbers == Numbers::Measured) {
        return (0..width).collect();
    }
    let measured =
        feeds.iter().flat_map(|feed| repeat_n(feed.numbers == Numbers::Measured, feed.columns));
    measured.take(width).enumerate().filter_map(|(column, kept)| kept.then_some(column)).collect()
}

/// The mean square and the scales of these columns of rows, which `for_each_row` gives twice.
fn of_rows(kept: &[usize], for_each_row: impl Fn(&mut dyn FnMut(&[f32]))) -> (f64, FeatureScales) {
    if kept.is_empty() {
        return (1.0, FeatureScales { deviation_ratio: 1.0, ..FeatureScales::default() });
    }
    let columns = Columns::of(kept.len(), |action| {
        let mut own = vec![0.0; kept.len()];
        for_each_row(&mut |row| {
            if row.len() == kept.len() {
                return action(row);
            }
            own.iter_mut().zip(kept).for_each(|(own, &column)| *own = row[column]);
            action(&own);
        });
    });
    (columns.second_moment, columns.scales())
}

/// Mean and deviation of every column.
struct Columns {
    rows: usize,
    means: Vec<f64>,
    deviations: Vec<f64>,
    second_moment: f64,
}

impl Columns {
    /// Reads rows of so many columns, which `for_each_row` gives twice.
    fn of(columns: usize, for_each_row: impl Fn(&mut dyn FnMut(&[f32]))) -> Self {
        // Each column by itself, so that several are added up at once.
        let (mut means, mut squares, mut rows) = (vec![0.0; columns], vec![0.0; columns], 0_usize);
        for_each_row(&mut |row| {
            rows += 1;
            for ((sum, square), &x) in means.iter_mut().zip(&mut squares).zip(row) {
                *sum += f64::from(x);
                *square += f64::from(x).powi(2);
            }
        });
        means.iter_mut().for_each(|sum| *sum /= rows as f64);
        let mut deviations = vec![0.0; columns];
        for_each_row(&mut |row| {
            let pairs = row.iter().zip(&means);
            deviations
                .iter_mut()
                .zip(pairs)
                .for_each(|(sum, (&x, mean))| *sum += (f64::from(x) - mean).powi(2));
        });
        deviations.iter_mut().for_each(|sum| *sum = (*sum / rows as f64).sqrt());
        let second_moment = squares.iter().sum::<f64>() / (rows * columns) as f64;
        Self { rows, means, deviations, second_moment }
    }

    fn scales(&self) -> FeatureScales {
        let mut scales = FeatureScales { is_standard: true, ..FeatureScales::default() };
        let (mut smallest, mut largest) = (f64::INFINITY, 0.0_f64);
        let near = STANDARD.0 + STANDARD.1 / (self.rows as f64).sqrt();
        for (column, (&mean, &deviation)) in self.means.iter().zip(&self.deviations).enumerate() {
            if deviation <= ROUNDING * mean.abs() {
                scales.constant += 1;
                // 0 in all rows, or in all that were read of a column that is rarely anything else.
                scales.is_standard &= mean.abs() < near;
                scales.largest_constant = scales.largest_constant.max(mean.abs());
                continue;
            }
            scales.varying += 1;
            scales.is_standard &= mean.abs() < near && (deviation - 1.0).abs() < near;
            (smallest, largest) = (smallest.min(deviation), largest.max(deviation));
            let offset = mean.abs() / deviation;
            if offset > scales.largest_offset {
                (scales.largest_offset, scales.offset_feature) = (offset, column);
            }
        }
        scales.is_standard &= scales.varying > 0;
        scales.deviation_ratio = if smallest.is_finite() { largest / smallest } else { 1.0 };
        scales
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scales(features: &[f32], columns: usize) -> FeatureScales {
        let rows = |action: &mut dyn FnMut(&[f32])| features.chunks_exact(columns).for_each(action);
        Columns::of(columns, rows).scales()
    }

    #[test]
    fn offsets_ratios_and_constants_are_told() {
        let rows: [[f32; 4]; 2] = [[1.0, 90.0, 7.0, 0.0], [-1.0, 110.0, 7.0, 0.0]];
        let told = scales(rows.as_flattened(), 4);
        assert_eq!((told.largest_offset, told.offset_feature), (10.0, 1));
        assert_eq!((told.deviation_ratio, told.constant, told.largest_constant), (10.0, 2, 7.0));
        assert_eq!((told.varying, told.is_standard), (2, false));
        assert_eq!(scales(&[0.0; 6], 3).deviation_ratio, 1.0);
        assert!(scales(&[1.0, 0.0, -1.0, 0.0], 2).is_standard);
        assert!(!scales(&[1.0, 5.0, -1.0, 5.0], 2).is_standard, "5 would become 0");
    }

    fn values(values: Vec<f32>) -> Dataset {
        Dataset {
            name: "rows".to_owned(),
            feature_names: vec!["x".to_owned()],
            features: (0..values.len()).map(|row| row as f32).collect::<Vec<_>>().into(),
            targets: Targets::Values { values, names: vec!["y".to_owned()] },
        }
    }

    #[test]
    fn numbers_to_learn_are_told_where_a_loss_is_a_distance_to_them() {
        let model: Model = "1 -> 1".parse().unwrap();
        let data = values(vec![90.0, 110.0]);
        let told = DataScales::of(&model, &Loss::MeanSquaredError, &data);
        let targets = told.targets.unwrap();
        assert_eq!(
            (targets.mean, targets.deviation, targets.second_moment),
            (100.0, 10.0, 10_100.0)
        );
        let none = |loss, data| DataScales::of(&model, &loss, &data).targets.is_none();
        assert!(none(Loss::BinaryCrossEntropy, data));
        assert!(none(Loss::MeanSquaredError, values(vec![0.0, 1.0, 1.0])), "labels have no scale");
        let labels =
            DataScales::of(&model, &Loss::BinaryCrossEntropy, &values(vec![0.0, 1.0, 0.0, 0.0]));
        assert_eq!(labels.commonest, Some(0.75));
        let drawn = Dataset { name: "normal".to_owned(), ..values(vec![90.0, 110.0]) };
        assert!(none(Loss::MeanSquaredError, drawn), "answers that nobody asked for have no scale");
    }

    #[test]
    fn the_share_that_outputs_cannot_give_is_told() {
        let share = |range| share_outside(&[-1.0, 0.0, 0.5, 1.0], range);
        assert_eq!(share([0.0, 1.0]), 0.25);
        assert_eq!(share([-1.0, 1.0]), 0.0);
        assert_eq!(share([0.6, f64::INFINITY]), 0.75);
    }

    /// The first rows of a sorted file are unlike the others, which a check of few rows took for the data's
    /// scale.
    #[test]
    fn rows_from_everywhere_are_looked_at() {
        let mut data = values(vec![0.5; 1000]);
        data.features = (0..1000).map(|row| if row < 900 { -0.1 } else { 1.0 }).collect();
        let model: Model = "1 -> 1".parse().unwrap();
        let told = DataScales::of(&model, &Loss::MeanSquaredError, &data);
        assert!((told.second_moment - 0.109).abs() < 1e-6, "{}", told.second_moment);
        assert!(told.features.largest_offset < 0.1, "{:?}", told.features);
    }
}
