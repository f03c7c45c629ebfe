//! What everybody has to know who trains on the same data elsewhere, or reads an accuracy.

use super::{Dataset, Fitted, Preparation, Prepared, Targets};

/// The share of the commonest class from which an accuracy says little.
const COMMON: f64 = 0.8;

/// Data sets whose rows and answers are drawn to fit a network.
const DRAWN: [&str; 2] = ["normal", "teacher"];

/// What is scaled by less than this stays as it is for a reader.
const SCALED: f64 = 0.01;

/// The commonest class with its share of the rows; none where targets are no classes, or are classes of
/// several positions.
///
/// One column of nothing but 0 and 1 is two classes.
///
/// ```
/// use fanin::data::{Targets, commonest_class};
/// let names = vec!["no".to_owned(), "yes".to_owned()];
/// let targets = Targets::Classes { labels: vec![0, 1, 0, 0], names };
/// assert_eq!(commonest_class(&targets), Some(("no".to_owned(), 0.75)));
/// ```
pub fn commonest_class(targets: &Targets) -> Option<(String, f64)> {
    match targets {
        Targets::Classes { labels, names } => {
            let mut rows = vec![0_usize; names.len()];
            labels.iter().for_each(|&label| rows[label as usize] += 1);
            let (most, name) = rows.into_iter().zip(names).max_by_key(|(rows, _)| *rows)?;
            (most > 0).then(|| (name.clone(), most as f64 / labels.len() as f64))
        }
        Targets::Values { values, names } if names.len() == 1 && !values.is_empty() => {
            let ones = values.iter().filter(|&&y| y == 1.0).count();
            let zeros = values.iter().filter(|&&y| y == 0.0).count();
            let (name, most) = if ones > zeros { ("1", ones) } else { ("0", zeros) };
            let are_labels = ones + zeros == values.len();
            are_labels.then(|| (name.to_owned(), most as f64 / values.len() as f64))
        }
        Targets::Values { .. } | Targets::Tokens { .. } | Targets::Features => None,
    }
}

impl Dataset {
    /// Whether rows and answers were drawn to fit a network, as those of `normal` and `teacher` are: then
    /// their scale says nothing of anybody's data.
    ///
    /// ```
    /// let digits = fanin::data::load("digits", &Default::default())?.train;
    /// assert!(!digits.is_drawn());
    /// # Ok::<(), fanin::Error>(())
    /// ```
    pub fn is_drawn(&self) -> bool {
        DRAWN.contains(&self.name.as_str())
    }
}

impl Prepared {
    /// What everybody has to know who trains on the same data elsewhere, or reads an accuracy: how numbers to
    /// learn were scaled, if they were, and whether nearly all rows are of one class. One sentence each,
    /// without its full stop; none for most data.
    ///
    /// ```
    /// use fanin::data::{PrepareOptions, load, prepare};
    /// let digits = prepare(load("digits", &Default::default())?, &PrepareOptions::default())?;
    /// assert!(digits.remarks().is_empty(), "ten classes, about as frequent");
    /// # Ok::<(), fanin::Error>(())
    /// ```
    pub fn remarks(&self) -> Vec<String> {
        let scaled = self.targets.as_ref().and_then(|fitted| {
            let Targets::Values { names, .. } = &self.train.targets else { return None };
            if self.train.is_drawn() { None } else { scaled(fitted, names) }
        });
        scaled.into_iter().chain(one_sided(&self.train.targets)).collect()
    }
}

fn scaled(fitted: &Fitted, names: &[String]) -> Option<String> {
    let is_scaled = |(center, scale): (&f64, &f64)| {
        center.abs() > SCALED * scale || (scale - 1.0).abs() > SCALED
    };
    if !fitted.center.iter().zip(&fitted.scale).any(is_scaled) {
        return None;
    }
    let (of_center, of_scale) = match fitted.preparation {
        Preparation::Standard => ("mean", "deviation"),
        Preparation::MinMax => ("least value", "range"),
        Preparation::None => return None,
    };
    let (center, scale) = (significant(fitted.center[0]), significant(fitted.scale[0]));
    let own = match names {
        [_] => format!("subtract {center} and divide by {scale}"),
        _ => format!(
            "subtract each column's {of_center} and divide by its {of_scale} (`{}`: {center} and {scale})",
            names[0]
        ),
    };
    Some(format!(
        "numbers to learn are scaled, too (--standardize {}), and losses and learning rates are those of \
         scaled ones: in your own training {own}",
        fitted.preparation
    ))
}

fn one_sided(targets: &Targets) -> Option<String> {
    let (class, share) = commonest_class(targets)?;
    (share > COMMON).then(|| {
        format!(
            "always answering `{class}` is right for {:.1} % of the rows to train on, so an accuracy says \
             little",
            100.0 * share
        )
    })
}

/// A number with the six digits that a reader scales by.
pub(super) fn significant(x: f64) -> String {
    const DIGITS: i32 = 6;
    let size = x.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e9).contains(&size) {
        return format!("{x:.5e}");
    }
    let decimals = (DIGITS - 1 - size.log10().floor() as i32).max(0) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dataset, Loaded, Missing, PrepareOptions, Task, prepare};

    fn remarks(targets: Targets, task: Task, preparation: Preparation) -> Vec<String> {
        let rows = targets.classes().len();
        let loaded = Loaded {
            train: Dataset {
                name: "rows".to_owned(),
                feature_names: vec!["x".to_owned()],
                features: (0..rows).map(|row| row as f32).collect(),
                targets,
            },
            test: None,
            task,
            missing: Missing::Error,
            source: "test".to_owned(),
            license: None,
            notes: Vec::new(),
        };
        let options = PrepareOptions {
            targets: preparation,
            test_fraction: 0.0,
            ..PrepareOptions::default()
        };
        prepare(loaded, &options).unwrap().remarks()
    }

    fn values(values: &[f32], columns: usize) -> Targets {
        let names = (0..columns).map(|column| format!("y{column}")).collect();
        Targets::Values { values: values.to_vec(), names }
    }

    #[test]
    fn who_trains_elsewhere_is_told_how_numbers_to_learn_were_scaled() {
        let told = |targets, preparation| remarks(targets, Task::Regression, preparation);
        let prices = values(&[251_000.0, 252_000.0], 1);
        let standard = told(prices.clone(), Preparation::Standard);
        let expected = "numbers to learn are scaled, too (--standardize standard), and losses and \
                        learning rates are those of scaled ones: in your own training subtract 251500 and \
                        divide by 500";
        assert_eq!(standard, [expected]);
        let min_max = told(values(&[1.0, -2.5, 3.0, 0.5], 2), Preparation::MinMax);
        let expected = "subtract each column's least value and divide by its range (`y0`: 1 and 2)";
        assert!(min_max[0].ends_with(expected), "{min_max:?}");
        assert!(told(prices, Preparation::None).is_empty());
        let scaled = told(values(&[1.0, -1.0], 1), Preparation::Standard);
        assert!(scaled.is_empty(), "of such scale they were: {scaled:?}");
    }

    #[test]
    fn what_is_drawn_has_names_of_the_registry() {
        assert!(DRAWN.iter().all(|name| crate::data::sets::names().contains(name)));
    }

    #[test]
    fn one_class_of_nearly_all_rows_is_told() {
        let labels = (0..100).map(|row| u32::from(row == 7)).collect();
        let names = vec!["sound".to_owned(), "broken".to_owned()];
        let classes = Targets::Classes { labels, names };
        let told = remarks(classes, Task::Classification, Preparation::None);
        let expected = "always answering `sound` is right for 99.0 % of the rows to train on, so an \
                        accuracy says little";
        assert_eq!(told, [expected]);
        let few: Vec<f32> = (0..100).map(|row| if row < 3 { 1.0 } else { 0.0 }).collect();
        let told = remarks(values(&few, 1), Task::MultiLabel, Preparation::None);
        assert!(told[0].contains("`0` is right for 97.0 %"), "{told:?}");
        let even: Vec<f32> = (0..100).map(|row| (row % 2) as f32).collect();
        assert!(remarks(values(&even, 1), Task::MultiLabel, Preparation::None).is_empty());
    }

    #[test]
    fn numbers_keep_six_digits() {
        let texts = [0.0, 250_103.25, 0.012_345_678, -2.5, 3e12].map(significant);
        assert_eq!(texts, ["0", "250103", "0.0123457", "-2.5", "3.00000e12"]);
    }
}
