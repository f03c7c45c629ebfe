//! Columns brought to a common scale, by what the training rows say.

use serde::{Deserialize, Serialize};

use super::{Preparation, Values};

/// A preparation with the numbers that it took from the training rows: x becomes
/// (x − `center`) / `scale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// How columns are scaled.
    pub preparation: Preparation,
    /// What is subtracted from each column: its mean, its least value, or 0.
    pub center: Vec<f64>,
    /// What each column is divided by: its deviation, its range, or 1; 1 if it is constant.
    pub scale: Vec<f64>,
    /// The mean of each column, which stands for its missing values.
    pub mean: Vec<f64>,
    /// The columns that have a single value, which becomes 0 unless columns stay as they are.
    pub constant: Vec<usize>,
}

impl Fitted {
    /// The preparation of the columns of `values`, rows × `width`; NaN is passed over.
    pub fn new(preparation: Preparation, values: &[f32], width: usize) -> Self {
        Self::by(preparation, Moments::of_columns(values, width))
    }

    /// The same of rows that may lie in bytes.
    pub(super) fn of(preparation: Preparation, values: &Values, width: usize) -> Self {
        Self::by(preparation, Moments::of_values(values, width))
    }

    fn by(preparation: Preparation, columns: Vec<Moments>) -> Self {
        let width = columns.len();
        let mut fitted = Self {
            preparation,
            center: vec![0.0; width],
            scale: vec![1.0; width],
            mean: Vec::with_capacity(width),
            constant: Vec::new(),
        };
        for (column, moments) in columns.into_iter().enumerate() {
            fitted.mean.push(moments.mean);
            let constant = moments.is_constant();
            if constant {
                fitted.constant.push(column);
            }
            let (center, scale) = match preparation {
                Preparation::Standard => (moments.mean, moments.deviation),
                Preparation::MinMax => (moments.minimum, moments.maximum - moments.minimum),
                Preparation::None => continue,
            };
            fitted.center[column] = center;
            fitted.scale[column] = if constant { 1.0 } else { scale };
        }
        fitted
    }

    /// Leaves these columns as they are.
    pub fn keep(&mut self, columns: &[std::ops::Range<usize>]) {
        let width = self.center.len();
        for column in columns.iter().cloned().flatten().filter(|&column| column < width) {
            (self.center[column], self.scale[column]) = (0.0, 1.0);
        }
        self.constant.retain(|column| !columns.iter().any(|kept| kept.contains(column)));
    }

    /// Scales the columns of `values` in place; NaN stays NaN.
    ///
    /// # Panics
    /// If `values` does not consist of whole rows.
    pub fn apply(&self, values: &mut [f32]) {
        let factors = self.factors();
        self.rows(values).for_each(|row| self.apply_by(&factors, 0, row));
    }

    /// What each column is multiplied by once its center is taken away.
    pub(super) fn factors(&self) -> Vec<f64> {
        self.scale.iter().map(|scale| scale.recip()).collect()
    }

    /// Scales a part of a row, from this column on, by its factors.
    pub(super) fn apply_by(&self, factors: &[f64], column: usize, part: &mut [f32]) {
        if self.preparation == Preparation::None {
            return;
        }
        let columns = self.center[column..].iter().zip(&factors[column..]);
        for (x, (center, factor)) in part.iter_mut().zip(columns) {
            *x = ((f64::from(*x) - center) * factor) as f32;
        }
    }

    /// Puts the training mean of its column for each NaN and returns how many there were.
    ///
    /// # Panics
    /// If `values` does not consist of whole rows.
    pub fn fill_missing(&self, values: &mut [f32]) -> usize {
        let mut filled = 0;
        for row in self.rows(values) {
            for (column, x) in row.iter_mut().enumerate().filter(|(_, x)| x.is_nan()) {
                *x = self.mean[column] as f32;
                filled += 1;
            }
        }
        filled
    }

    fn rows<'a>(&self, values: &'a mut [f32]) -> std::slice::ChunksExactMut<'a, f32> {
        let width = self.center.len().max(1);
        assert_eq!(values.len() % width, 0, "a preparation needs whole rows of {width} numbers");
        values.chunks_exact_mut(width)
    }
}

/// Mean, deviation and range of one column; NaN and infinities are passed over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moments {
    /// Finite values.
    pub count: usize,
    /// Mean of the finite values, 0 if there are none.
    pub mean: f64,
    /// Deviation of the population, exactly 0 if all are equal.
    pub deviation: f64,
    /// Mean of the squares.
    pub mean_square: f64,
    /// Least value, 0 if there are none.
    pub minimum: f64,
    /// Greatest value, 0 if there are none.
    pub maximum: f64,
}

impl Moments {
    pub(super) fn is_constant(&self) -> bool {
        self.minimum == self.maximum
    }

    /// One per column of row-major `values`.
    pub(super) fn of_columns(values: &[f32], width: usize) -> Vec<Self> {
        Self::of_rows(width, |action| values.chunks_exact(width.max(1)).for_each(action))
    }

    /// The same of rows that may lie in bytes.
    pub(super) fn of_values(values: &Values, width: usize) -> Vec<Self> {
        Self::of_rows(width, |action| values.for_each_row(width, action))
    }

    /// In two passes and f64.
    fn of_rows(width: usize, for_each_row: impl Fn(&mut dyn FnMut(&[f32]))) -> Vec<Self> {
        let empty = Self {
            count: 0,
            mean: 0.0,
            deviation: 0.0,
            mean_square: 0.0,
            minimum: f64::INFINITY,
            maximum: f64::NEG_INFINITY,
        };
        let mut columns = vec![empty; width];
        let each_finite = |columns: &mut [Self], action: fn(&mut Self, f64)| {
            for_each_row(&mut |row| {
                for (column, &x) in columns.iter_mut().zip(row).filter(|(_, x)| x.is_finite()) {
                    action(column, f64::from(x));
                }
            });
        };
        each_finite(&mut columns, |column, x| {
            column.count += 1;
            column.mean += x;
            column.mean_square += x * x;
            column.minimum = column.minimum.min(x);
            column.maximum = column.maximum.max(x);
        });
        for column in &mut columns {
            let count = column.count.max(1) as f64;
            column.mean /= count;
            column.mean_square /= count;
            if column.count == 0 {
                (column.minimum, column.maximum) = (0.0, 0.0);
            }
            if column.is_constant() {
                column.mean = column.minimum;
            }
        }
        each_finite(&mut columns, |column, x| {
            let distance = x - column.mean;
            column.deviation += distance * distance;
        });
        for column in &mut columns {
            column.deviation = (column.deviation / column.count.max(1) as f64).sqrt();
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f32; 9] = [1., 10., 0.1, 2., 10., 0.1, 3., 40., 0.1];

    #[test]
    fn standard_columns_have_mean_0_and_deviation_1_and_constants_become_0() {
        let fitted = Fitted::new(Preparation::Standard, &VALUES, 3);
        assert_eq!(fitted.constant, [2]);
        assert_eq!(fitted.scale[2], 1.0);
        let mut values = VALUES;
        fitted.apply(&mut values);
        let moments = Moments::of_columns(&values, 3);
        for column in &moments[..2] {
            // f32 rounding of values near 1.
            assert!(column.mean.abs() < 1e-7 && (column.deviation - 1.0).abs() < 1e-7);
        }
        assert!(values.iter().skip(2).step_by(3).all(|&x| x == 0.0), "{values:?}");
    }

    #[test]
    fn min_max_columns_lie_between_0_and_1() {
        let mut values = VALUES;
        Fitted::new(Preparation::MinMax, &VALUES, 3).apply(&mut values);
        assert_eq!(values, [0., 0., 0., 0.5, 0., 0., 1., 1., 0.]);
    }

    #[test]
    fn missing_values_take_no_part_and_get_the_mean() {
        let training = [1., f32::NAN, 3., 4., f32::NAN, 8.];
        let fitted = Fitted::new(Preparation::None, &training, 2);
        let mut other = [f32::NAN, f32::NAN];
        assert_eq!(fitted.fill_missing(&mut other), 2);
        assert_eq!(other, [2., 6.]);
    }

    #[test]
    fn large_offset_does_not_spoil_the_deviation() {
        let values: Vec<f32> = (0..1000_u16).map(|i| 1e7 + f32::from(i % 2)).collect();
        let moments = Moments::of_columns(&values, 1)[0];
        assert!((moments.deviation - 0.5).abs() < 1e-9, "{}", moments.deviation);
    }
}
