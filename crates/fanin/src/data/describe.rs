//! What is in a data set, in numbers and in plain words.

use serde::Serialize;

use super::remarks::significant;
use super::standardize::Moments;
use super::{Dataset, Targets};

/// What is in a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    /// Where it comes from.
    pub name: String,
    /// Number of rows.
    pub rows: usize,
    /// Number of features of a row.
    pub features: usize,
    /// Numbers that a network should give for a row.
    pub targets: usize,
    /// Each feature.
    pub columns: Vec<ColumnDescription>,
    /// Each number to learn; empty for classes and auto-encoders.
    pub target_columns: Vec<ColumnDescription>,
    /// Each class; empty for other targets.
    pub classes: Vec<Balance>,
    /// Names of the features that are the same in every row.
    pub constant: Vec<String>,
    /// How many features are NaN or infinite.
    pub non_finite: usize,
    /// The first of them.
    pub first_non_finite: Vec<NonFinite>,
    /// Mean square of a feature, q₀: what the first layer's variance is proportional to.
    pub mean_square: f64,
    /// Greatest deviation of a feature by the least, constant ones left out; 1 if there are none.
    pub deviation_ratio: f64,
    /// What stands out, one sentence each, and what to do about it.
    pub remarks: Vec<String>,
}

/// One column in numbers, over its finite values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnDescription {
    /// Name of the column.
    pub name: String,
    /// Mean.
    pub mean: f64,
    /// Standard deviation of the population.
    pub deviation: f64,
    /// Least value.
    pub minimum: f64,
    /// Greatest value.
    pub maximum: f64,
}

/// The share of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Balance {
    /// Name of the class.
    pub class: String,
    /// Rows of this class.
    pub rows: usize,
    /// Rows of this class by all rows.
    pub share: f64,
}

/// The place of a feature that is NaN or infinite.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NonFinite {
    /// The row, counted from 1 in the data set.
    pub row: usize,
    /// Name of the feature.
    pub column: String,
}

/// The most places of non-finite values that a description lists.
const MOST_LISTED: usize = 20;

/// What is in a data set; constant and non-finite columns are described, not refused.
///
/// ```
/// let digits = fanin::data::load("digits", &Default::default())?.train;
/// let description = fanin::data::describe(&digits);
/// assert_eq!((description.rows, description.constant.len()), (1797, 3));
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn describe(data: &Dataset) -> Description {
    let moments = Moments::of_values(&data.features, data.columns());
    let places = || data.features.iter().enumerate().filter(|(_, x)| !x.is_finite());
    let first_non_finite = places()
        .take(MOST_LISTED)
        .map(|(at, _)| NonFinite {
            row: at / data.columns() + 1,
            column: data.feature_names[at % data.columns()].clone(),
        })
        .collect();
    let constant = |(m, name): (&Moments, &String)| m.is_constant().then(|| name.clone());
    let (greatest, least) = extreme_deviations(&moments);
    let mut description = Description {
        name: data.name.clone(),
        rows: data.rows(),
        features: data.columns(),
        targets: data.target_columns(),
        columns: columns(&data.feature_names, &moments),
        target_columns: match &data.targets {
            Targets::Values { values, names } => {
                columns(names, &Moments::of_columns(values, names.len()))
            }
            Targets::Classes { .. } | Targets::Tokens { .. } | Targets::Features => Vec::new(),
        },
        classes: classes(&data.targets),
        constant: moments.iter().zip(&data.feature_names).filter_map(constant).collect(),
        non_finite: places().count(),
        first_non_finite,
        mean_square: mean_square(&moments),
        deviation_ratio: greatest.1 / least.1,
        remarks: Vec::new(),
    };
    let names = [greatest.0, least.0].map(|column| data.feature_names.get(column));
    description.remarks = remarks(&description, &moments, names);
    description
}

fn columns(names: &[String], moments: &[Moments]) -> Vec<ColumnDescription> {
    let describe = |(name, m): (&String, &Moments)| ColumnDescription {
        name: name.clone(),
        mean: m.mean,
        deviation: m.deviation,
        minimum: m.minimum,
        maximum: m.maximum,
    };
    names.iter().zip(moments).map(describe).collect()
}

fn classes(targets: &Targets) -> Vec<Balance> {
    let Targets::Classes { labels, names } = targets else { return Vec::new() };
    let mut rows = vec![0; names.len()];
    for &label in labels {
        rows[label as usize] += 1;
    }
    let share = |rows: usize| rows as f64 / labels.len().max(1) as f64;
    names
        .iter()
        .zip(rows)
        .map(|(class, rows)| Balance { class: class.clone(), rows, share: share(rows) })
        .collect()
}

fn mean_square(moments: &[Moments]) -> f64 {
    let count: usize = moments.iter().map(|m| m.count).sum();
    moments.iter().map(|m| m.mean_square * m.count as f64).sum::<f64>() / count.max(1) as f64
}

/// The columns of greatest and of least deviation, constant ones left out, each with it.
fn extreme_deviations(moments: &[Moments]) -> ((usize, f64), (usize, f64)) {
    let varied = || {
        moments.iter().enumerate().filter(|(_, m)| !m.is_constant()).map(|(i, m)| (i, m.deviation))
    };
    let greatest = varied().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 1.0));
    let least = varied().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 1.0));
    (greatest, least)
}

/// Deviations that differ by more than this make one step size fit no weight.
const LARGEST_DEVIATION_RATIO: f64 = 100.0;

/// A mean of more deviations than this drowns what differs between rows.
const LARGEST_OFFSET: f64 = 3.0;

/// A mean square in here leaves a first layer near the variance that its scheme plans for.
const MEAN_SQUARES: std::ops::RangeInclusive<f64> = 0.1..=10.0;

/// A class this many times as frequent as another invites answering it always.
const LARGEST_IMBALANCE: f64 = 5.0;

fn remarks(
    description: &Description,
    moments: &[Moments],
    [greatest, least]: [Option<&String>; 2],
) -> Vec<String> {
    const STANDARDIZE: &str = "standardizing cures it (--standardize standard)";
    let mut remarks = Vec::new();
    if let Some(first) = description.first_non_finite.first() {
        remarks.push(format!(
            "missing or infinite values: {}, the first in row {}, feature `{}`; \
             say what to do with them (--missing drop, mean or zero)",
            description.non_finite, first.row, first.column
        ));
    }
    if !description.constant.is_empty() {
        let shown = description.constant.len().min(MOST_LISTED);
        remarks.push(format!(
            "features that are the same in every row and can teach nothing: {} of {} ({}{})",
            description.constant.len(),
            description.features,
            description.constant[..shown].join(", "),
            if shown < description.constant.len() { ", …" } else { "" }
        ));
    }
    if let (Some(greatest), Some(least)) = (greatest, least)
        && description.deviation_ratio > LARGEST_DEVIATION_RATIO
    {
        remarks.push(format!(
            "feature `{greatest}` spreads {:.0} times as far as `{least}`, so no step size suits \
             the weights of both; {STANDARDIZE}",
            description.deviation_ratio
        ));
    }
    let offset = |m: &Moments| !m.is_constant() && m.mean.abs() > LARGEST_OFFSET * m.deviation;
    if let Some(column) = moments.iter().position(offset) {
        let count = moments.iter().filter(|m| offset(m)).count();
        let (name, m) = (&description.columns[column].name, &moments[column]);
        remarks.push(format!(
            "features that lie far from 0 for their spread: {count} of {}, such as `{name}` with \
             mean {:.3} and deviation {:.3}, so every unit mostly sees the same number; \
             {STANDARDIZE}",
            description.features, m.mean, m.deviation
        ));
    }
    if description.rows > 0 && !MEAN_SQUARES.contains(&description.mean_square) {
        remarks.push(format!(
            "the mean square of a feature is {:.3}, not near 1, and multiplies the variance of \
             the first layer; {STANDARDIZE}",
            description.mean_square
        ));
    }
    remarks.extend(unscaled(&description.target_columns));
    if description.rows < description.features {
        remarks.push(format!(
            "there are fewer rows ({}) than features ({}), so a network can learn them by heart",
            description.rows, description.features
        ));
    }
    remarks.extend(imbalance(&description.classes));
    remarks
}

/// Numbers to learn of another size than 1; labels of 0 and 1 have none.
fn unscaled(targets: &[ColumnDescription]) -> Option<String> {
    let is_unscaled = |column: &&ColumnDescription| {
        let are_labels = column.minimum == 0.0 && column.maximum == 1.0;
        let mean_square = column.mean.powi(2) + column.deviation.powi(2);
        !are_labels && column.deviation > 0.0 && !MEAN_SQUARES.contains(&mean_square)
    };
    let mut columns = targets.iter().filter(is_unscaled);
    let first = columns.next()?;
    Some(format!(
        "numbers to learn whose size is not near 1: {} of {}, such as `{}` with mean {} and deviation {}; \
         fanin scales them as it does features (--standardize standard), and your own training must, too",
        1 + columns.count(),
        targets.len(),
        first.name,
        significant(first.mean),
        significant(first.deviation)
    ))
}

fn imbalance(classes: &[Balance]) -> Option<String> {
    let most = classes.iter().max_by_key(|class| class.rows)?;
    let least = classes.iter().min_by_key(|class| class.rows)?;
    if most.share == 1.0 {
        return Some(format!("every row is of the class `{}`: nothing to tell apart", most.class));
    }
    let ratio = most.rows as f64 / least.rows.max(1) as f64;
    (ratio > LARGEST_IMBALANCE).then(|| {
        format!(
            "class `{}` has {} rows and `{}` {}; always answering `{}` is right for {:.1} %",
            most.class,
            most.rows,
            least.class,
            least.rows,
            most.class,
            100.0 * most.share
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{LoadOptions, load};

    fn dataset(names: &[&str], features: &[f32], labels: &[u32]) -> Dataset {
        Dataset {
            name: "rows".to_owned(),
            feature_names: names.iter().map(|&n| n.to_owned()).collect(),
            features: features.to_vec().into(),
            targets: Targets::Classes {
                labels: labels.to_vec(),
                names: vec!["no".to_owned(), "yes".to_owned()],
            },
        }
    }

    #[test]
    fn digits_have_three_constant_pixels_and_a_large_mean_square() {
        let digits = load("digits", &LoadOptions::default()).unwrap().train;
        let description = describe(&digits);
        assert_eq!(description.constant, ["pixel_0_0", "pixel_4_0", "pixel_4_7"]);
        // From sklearn.datasets.load_digits: (x ** 2).mean(), x.std(0) and np.bincount(y).
        assert!((description.mean_square - 60.057).abs() < 1e-3, "{}", description.mean_square);
        assert!((description.columns[21].deviation - 6.195_597).abs() < 1e-6);
        assert_eq!(description.classes[3].rows, 183);
        assert_eq!(description.non_finite, 0);
    }

    #[test]
    fn badly_scaled_missing_and_unbalanced_data_are_told() {
        let mut features = Vec::new();
        for row in 0..12_u8 {
            features.extend([1e4 * f32::from(row), 5.0 + 0.01 * f32::from(row % 2), 7.0]);
        }
        features[3] = f32::NAN;
        let labels: Vec<u32> = (0..12).map(|row| u32::from(row == 0)).collect();
        let description = describe(&dataset(&["pay", "near 5", "seven"], &features, &labels));
        assert_eq!(description.first_non_finite, [NonFinite { row: 2, column: "pay".to_owned() }]);
        let beginnings = [
            "missing or infinite values: 1, the first in row 2, feature `pay`; say what",
            "features that are the same in every row and can teach nothing: 1 of 3 (seven)",
            "feature `pay` spreads ",
            "features that lie far from 0 for their spread: 1 of 3, such as `near 5` with mean 5.005",
            "the mean square of a feature is ",
            "class `no` has 11 rows and `yes` 1; always answering `no` is right for 91.7 %",
        ];
        assert_eq!(description.remarks.len(), beginnings.len(), "{:#?}", description.remarks);
        for (remark, beginning) in description.remarks.iter().zip(beginnings) {
            assert!(remark.starts_with(beginning), "{remark}");
        }
    }

    #[test]
    fn well_scaled_data_have_no_remarks() {
        let features = [1., -1., -1., 1., 0.5, -0.5, -0.5, 0.5];
        let description = describe(&dataset(&["a", "b"], &features, &[0, 1, 0, 1]));
        assert_eq!(description.remarks, Vec::<String>::new());
        assert_eq!(description.deviation_ratio, 1.0);
    }

    #[test]
    fn single_class_and_no_rows_are_described_without_panic() {
        let description = describe(&dataset(&["a"], &[1., 2.], &[1, 1]));
        assert!(
            description.remarks.iter().any(|r| r.starts_with("every row is of the class `yes`"))
        );
        let empty = describe(&dataset(&["a"], &[], &[]));
        assert_eq!((empty.rows, empty.mean_square, empty.deviation_ratio), (0, 0.0, 1.0));
    }

    #[test]
    fn numbers_to_learn_of_another_size_are_told() {
        let of = |values: &[f32]| {
            let targets =
                Targets::Values { values: values.to_vec(), names: vec!["price".to_owned()] };
            let features: Vec<f32> = vec![-1.0, 1.0, -1.0, 1.0];
            describe(&Dataset { targets, ..dataset(&["x"], &features, &[]) }).remarks
        };
        let told = of(&[3e5, 1e5, 3e5, 1e5]);
        assert_eq!(told.len(), 1, "{told:?}");
        let expected = "1 of 1, such as `price` with mean 200000 and deviation 100000";
        assert!(told[0].contains(expected), "{told:?}");
        assert!(of(&[0.0, 1.0, 0.0, 0.0]).is_empty(), "labels have no size");
        assert!(of(&[-1.0, 1.0, 0.5, -0.5]).is_empty());
    }
}
