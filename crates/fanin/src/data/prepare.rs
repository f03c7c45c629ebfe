//! From a loaded data set to what a network is trained and tested on.

use serde::{Deserialize, Serialize};

use super::{Dataset, Fitted, Loaded, Missing, Preparation, Targets, Task, split};
use crate::{Error, Result};

/// How to split and scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrepareOptions {
    /// Share of the rows that is set aside for testing, in [0, 1), unless the source brings its
    /// own test rows.
    pub test_fraction: f64,
    /// Seed of the split.
    pub seed: u64,
    /// How features are scaled, by the training rows.
    pub features: Preparation,
    /// How numbers to learn are scaled, by the training rows; classes stay as they are.
    pub targets: Preparation,
    /// Columns of features that stay as they are: indices into tables.
    #[serde(default)]
    pub kept: Vec<std::ops::Range<usize>>,
}

impl Default for PrepareOptions {
    fn default() -> Self {
        Self {
            test_fraction: 0.2,
            seed: 0,
            features: Preparation::Standard,
            targets: Preparation::None,
            kept: Vec::new(),
        }
    }
}

/// Training and test rows on a common scale, and how they came to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// Rows to train on.
    pub train: Dataset,
    /// Rows to test on, if any were set aside.
    pub test: Option<Dataset>,
    /// What to learn.
    pub task: Task,
    /// How features were scaled.
    pub features: Fitted,
    /// How numbers to learn were scaled, if they were.
    pub targets: Option<Fitted>,
    /// Where the data come from.
    pub source: String,
    /// The license under which they may be used, where known.
    pub license: Option<String>,
    /// Sentences on what was decided, those of loading first.
    pub notes: Vec<String>,
}

impl Prepared {
    /// A number that another order or another value of any row would change: the FNV-1a hash of
    /// all features and targets.
    pub fn fingerprint(&self) -> u64 {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let mut mix = |bits: u32| {
            hash = (hash ^ u64::from(bits)).wrapping_mul(0x0000_0100_0000_01b3);
        };
        for data in std::iter::once(&self.train).chain(&self.test) {
            let mut mix_row = |row: &[f32]| row.iter().for_each(|x| mix(x.to_bits()));
            data.features.for_each_row(data.columns(), &mut mix_row);
            match &data.targets {
                Targets::Classes { labels, .. } => labels.iter().for_each(|&label| mix(label)),
                Targets::Values { values, .. } => values.iter().for_each(|x| mix(x.to_bits())),
                Targets::Tokens { ids, .. } => ids.iter().for_each(|&id| mix(id)),
                Targets::Features => {}
            }
        }
        hash
    }
}

/// Splits off test rows, fills missing values and scales columns, all by the training rows alone.
///
/// ```
/// use fanin::data::{PrepareOptions, load, prepare};
/// let digits = prepare(load("digits", &Default::default())?, &PrepareOptions::default())?;
/// assert_eq!(digits.train.rows(), 1437);
/// assert!(digits.features.constant.contains(&0));
/// # Ok::<(), fanin::Error>(())
/// ```
///
/// # Errors
/// If a part would have no rows, or if there is but one class to tell apart.
pub fn prepare(loaded: Loaded, options: &PrepareOptions) -> Result<Prepared> {
    let Loaded { train: all, test, task, missing, source, license, mut notes } = loaded;
    refuse_single_class(&all)?;
    let (mut train, mut test) = if test.is_some() {
        (all, test)
    } else {
        let parts = split(&all, options.test_fraction, options.seed)?;
        let test = (!parts.test.is_empty()).then(|| all.select(&parts.test));
        (if test.is_some() { all.select(&parts.train) } else { all }, test)
    };

    let mut features = Fitted::of(options.features, &train.features, train.columns());
    features.keep(&options.kept);
    let mut filled = 0;
    for data in [Some(&mut train), test.as_mut()].into_iter().flatten() {
        if missing == Missing::Mean && !data.features.is_in_bytes() {
            filled += features.fill_missing(&mut data.features);
        }
        data.features.scale(&features);
    }
    if filled > 0 {
        notes.push(format!("missing values filled with the mean of the training rows: {filled}"));
    }
    note_constant(&train, &features, &mut notes);

    let targets = match &train.targets {
        Targets::Values { values, names } if options.targets != Preparation::None => {
            Some(Fitted::new(options.targets, values, names.len()))
        }
        _ => None,
    };
    if let Some(fitted) = &targets {
        for data in [Some(&mut train), test.as_mut()].into_iter().flatten() {
            if let Targets::Values { values, .. } = &mut data.targets {
                fitted.apply(values);
            }
        }
    }
    Ok(Prepared { train, test, task, features, targets, source, license, notes })
}

fn refuse_single_class(data: &Dataset) -> Result<()> {
    let Targets::Classes { labels, names } = &data.targets else { return Ok(()) };
    match labels.first() {
        Some(&first) if labels.iter().all(|&label| label == first) => Err(Error::Setting {
            place: format!("classes of {}", data.name),
            found: format!("`{}` in every row", names[first as usize]),
            expected: "at least two classes to tell apart".to_owned(),
        }),
        _ => Ok(()),
    }
}

fn note_constant(train: &Dataset, features: &Fitted, notes: &mut Vec<String>) {
    const SHOWN: usize = 5;
    let names: Vec<&str> =
        features.constant.iter().map(|&column| train.feature_names[column].as_str()).collect();
    let becomes = match features.preparation {
        Preparation::None => "says nothing",
        _ => "becomes 0",
    };
    if let [name] = names.as_slice() {
        let note = format!("feature `{name}` is the same in every training row and {becomes}");
        notes.push(note);
    } else if !names.is_empty() {
        let more = if names.len() > SHOWN { ", …" } else { "" };
        notes.push(format!(
            "{} of {} features are the same in every training row, and each {becomes}: {}{more}",
            names.len(),
            train.columns(),
            names[..names.len().min(SHOWN)].join(", ")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{LoadOptions, load};

    fn loaded(features: Vec<f32>, targets: Targets) -> Loaded {
        let name = "rows".to_owned();
        Loaded {
            train: Dataset {
                name,
                feature_names: vec!["x".to_owned()],
                features: features.into(),
                targets,
            },
            test: None,
            task: Task::Regression,
            missing: Missing::Mean,
            source: "test".to_owned(),
            license: None,
            notes: Vec::new(),
        }
    }

    fn values(values: Vec<f32>) -> Targets {
        Targets::Values { values, names: vec!["y".to_owned()] }
    }

    #[test]
    fn digits_are_standardized_by_their_training_rows_alone() {
        let raw = load("digits", &LoadOptions::default()).unwrap();
        let prepared = prepare(raw.clone(), &PrepareOptions::default()).unwrap();
        let parts = split(&raw.train, 0.2, 0).unwrap();
        let fitted =
            Fitted::new(Preparation::Standard, &raw.train.select(&parts.train).features, 64);
        assert_eq!(prepared.features, fitted);
        let mut test = raw.train.select(&parts.test);
        fitted.apply(&mut test.features);
        assert_eq!(prepared.test, Some(test));
        assert!(prepared.notes[0].contains("pixel_0_0"), "{:?}", prepared.notes);
    }

    #[test]
    fn missing_values_get_the_mean_of_the_training_rows() {
        let options = PrepareOptions {
            test_fraction: 0.0,
            features: Preparation::None,
            targets: Preparation::Standard,
            ..PrepareOptions::default()
        };
        let data = loaded(vec![1., f32::NAN, 3.], values(vec![100., 200., 300.]));
        let prepared = prepare(data, &options).unwrap();
        assert_eq!(prepared.train.features, [1., 2., 3.]);
        assert_eq!(prepared.test, None);
        assert_eq!(prepared.targets.unwrap().center, [200.]);
        assert_eq!(prepared.notes, ["missing values filled with the mean of the training rows: 1"]);
    }

    #[test]
    fn single_class_is_refused() {
        let names = vec!["a".to_owned(), "b".to_owned()];
        let data = loaded(vec![1., 2.], Targets::Classes { labels: vec![1, 1], names });
        let error = prepare(data, &PrepareOptions::default()).unwrap_err().to_string();
        let expected = "classes of rows: found `b` in every row, \
                        expected at least two classes to tell apart";
        assert_eq!(error, expected);
    }
}
