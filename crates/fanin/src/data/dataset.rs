//! Rows of features with their targets.

use std::ops::Range;

use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

use super::Values;

/// Rows of features with their targets, before or after preparation.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Where it comes from, for people.
    pub name: String,
    /// Names of the features, one per column.
    pub feature_names: Vec<String>,
    /// Features in row-major order, rows × columns.
    pub features: Values,
    /// What each row should be mapped to.
    pub targets: Targets,
}

/// What each row of a data set should be mapped to.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// One class per row.
    Classes {
        /// Class of each row, an index into `names`.
        labels: Vec<u32>,
        /// Names of the classes.
        names: Vec<String>,
    },
    /// One or several numbers per row, in row-major order: regression, or multi-label with 0 and 1.
    Values {
        /// The numbers, rows × names.
        values: Vec<f32>,
        /// Names of the columns.
        names: Vec<String>,
    },
    /// The same number of classes in every row, such as the word that follows each word or what
    /// each pixel shows.
    Tokens {
        /// Classes in row-major order, rows × positions; [`NO_CLASS`] where none is asked for.
        ids: Vec<u32>,
        /// Positions of a row.
        positions: usize,
        /// How many classes there are.
        classes: usize,
        /// How a network's answers for a row lie.
        order: ClassOrder,
    },
    /// The features themselves, as an auto-encoder is asked to give them back.
    Features,
}

/// In place of a class: whatever a network answers there counts neither for nor against it.
pub const NO_CLASS: u32 = u32::MAX;

/// How answers for each class at each position of a row lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassOrder {
    /// (positions, classes), as for words.
    ByPosition,
    /// (classes, positions), as for pixels.
    ByClass,
}

impl Targets {
    /// The class of each row: its label, or the most probable of several columns.
    pub fn classes(&self) -> Vec<u32> {
        match self {
            Self::Classes { labels, .. } => labels.clone(),
            Self::Tokens { ids, .. } => ids.clone(),
            Self::Values { values, names } => {
                let largest = |row: &[f32]| {
                    (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
                };
                values.chunks_exact(names.len().max(1)).map(|row| largest(row) as u32).collect()
            }
            Self::Features => Vec::new(),
        }
    }
}

impl Dataset {
    /// Number of features of one row.
    pub fn columns(&self) -> usize {
        self.feature_names.len()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match &self.targets {
            Targets::Classes { labels, .. } => labels.len(),
            Targets::Tokens { ids, positions, .. } => ids.len() / (*positions).max(1),
            Targets::Values { values, names } => values.len() / names.len().max(1),
            Targets::Features => self.features.len() / self.columns().max(1),
        }
    }

    /// Numbers that a network should give for one row: classes, target columns or features.
    pub fn target_columns(&self) -> usize {
        match &self.targets {
            Targets::Classes { names, .. } | Targets::Values { names, .. } => names.len(),
            Targets::Tokens { positions, classes, .. } => positions * classes,
            Targets::Features => self.columns(),
        }
    }

    /// The features of row `row`.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.features[span(row, self.columns())]
    }

    /// The rows at these indices, in this order, as a data set of their own.
    ///
    /// # Panics
    /// If an index is not below [`Self::rows`].
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let targets = match &self.targets {
            Targets::Classes { labels, names } => Targets::Classes {
                labels: rows.iter().map(|&row| labels[row]).collect(),
                names: names.clone(),
            },
            Targets::Values { values, names } => Targets::Values {
                values: rows
                    .iter()
                    .flat_map(|&row| &values[span(row, names.len())])
                    .copied()
                    .collect(),
                names: names.clone(),
            },
            Targets::Tokens { ids, positions, classes, order } => Targets::Tokens {
                ids: rows.iter().flat_map(|&row| &ids[span(row, *positions)]).copied().collect(),
                positions: *positions,
                classes: *classes,
                order: *order,
            },
            Targets::Features => Targets::Features,
        };
        Self {
            name: self.name.clone(),
            feature_names: self.feature_names.clone(),
            features: self.features.select(rows, self.columns()),
            targets,
        }
    }

    /// Copies rows into a batch without allocating: `features` of rows × [`Self::columns`] and
    /// `targets` of rows × [`Self::target_columns`], both row-major.
    ///
    /// A class k of K becomes 1 − s + s/K at k and s/K elsewhere, with s = `smoothing` in [0, 1)
    /// (Szegedy et al. 2016, section 7); 0 gives one-hot rows, and zeros where no class is asked
    /// for. Other targets are copied.
    ///
    /// ```
    /// let digits = fanin::data::load("digits", &Default::default())?.train;
    /// let (mut features, mut targets) = ([0.0; 2 * 64], [0.0; 2 * 10]);
    /// digits.gather(&[3, 0], &mut features, &mut targets, 0.0);
    /// assert_eq!(targets[3], 1.0);
    /// assert_eq!(targets[10], 1.0);
    /// # Ok::<(), fanin::Error>(())
    /// ```
    ///
    /// # Panics
    /// If a buffer has another length, or an index is not below [`Self::rows`].
    pub fn gather(
        &self,
        rows: &[usize],
        features: &mut [f32],
        targets: &mut [f32],
        smoothing: f32,
    ) {
        let (width, target_width) = (self.columns(), self.target_columns());
        assert_eq!(features.len(), rows.len() * width, "a batch needs rows × columns features");
        assert_eq!(
            targets.len(),
            rows.len() * target_width,
            "a batch needs rows × columns targets"
        );
        let together = (ELEMENTWISE_CHUNK / width.max(1)).max(1);
        for_each_chunk(features, together * width, &|start, part| {
            for (features, &row) in part.chunks_exact_mut(width).zip(&rows[start / width..]) {
                self.features.write(row * width, features);
            }
        });
        for (place, &row) in rows.iter().enumerate() {
            self.write_target(row, &mut targets[span(place, target_width)], smoothing);
        }
    }

    fn write_target(&self, row: usize, target: &mut [f32], smoothing: f32) {
        match &self.targets {
            Targets::Classes { labels, names } => {
                one_hot(labels[row], names.len(), target, smoothing);
            }
            Targets::Tokens { ids, positions, classes, order } => {
                let floor = smoothing / *classes as f32;
                target.fill(floor);
                let (step, stride) = match order {
                    ClassOrder::ByPosition => (*classes, 1),
                    ClassOrder::ByClass => (1, *positions),
                };
                for (position, &id) in ids[span(row, *positions)].iter().enumerate() {
                    let own = &mut target[position * step..];
                    if id == NO_CLASS {
                        own.iter_mut().step_by(stride).take(*classes).for_each(|t| *t = 0.0);
                    } else {
                        own[id as usize * stride] = 1.0 - smoothing + floor;
                    }
                }
            }
            Targets::Values { values, names } => {
                target.copy_from_slice(&values[span(row, names.len())]);
            }
            Targets::Features => self.features.write(row * self.columns(), target),
        }
    }
}

fn one_hot(class: u32, classes: usize, target: &mut [f32], smoothing: f32) {
    let floor = smoothing / classes as f32;
    target.fill(floor);
    target[class as usize] = 1.0 - smoothing + floor;
}

/// Where row `row` lies in a row-major buffer.
fn span(row: usize, width: usize) -> Range<usize> {
    row * width..(row + 1) * width
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(targets: Targets) -> Dataset {
        Dataset {
            name: "three rows".to_owned(),
            feature_names: vec!["a".to_owned(), "b".to_owned()],
            features: vec![1., 2., 3., 4., 5., 6.].into(),
            targets,
        }
    }

    fn classes() -> Dataset {
        let names = vec!["no".to_owned(), "yes".to_owned()];
        dataset(Targets::Classes { labels: vec![0, 1, 1], names })
    }

    #[test]
    fn gather_writes_smoothed_one_hot_rows_in_the_asked_order() {
        let (mut features, mut targets) = ([0.0; 4], [0.0; 4]);
        classes().gather(&[2, 0], &mut features, &mut targets, 0.1);
        assert_eq!(features, [5., 6., 1., 2.]);
        assert_eq!(targets, [0.05, 0.95, 0.95, 0.05]);
    }

    #[test]
    fn classes_of_positions_lie_as_the_network_answers() {
        let tokens = |order| {
            let ids = vec![0, 2, NO_CLASS, 1, 1, 1];
            dataset(Targets::Tokens { ids, positions: 2, classes: 3, order })
        };
        let (mut features, mut targets) = ([0.0; 4], [7.0; 12]);
        tokens(ClassOrder::ByPosition).gather(&[1, 0], &mut features, &mut targets, 0.0);
        assert_eq!(targets, [0., 0., 0., 0., 1., 0., 1., 0., 0., 0., 0., 1.]);
        tokens(ClassOrder::ByClass).gather(&[1, 0], &mut features, &mut targets, 0.0);
        assert_eq!(targets, [0., 0., 0., 1., 0., 0., 1., 0., 0., 0., 0., 1.]);
        tokens(ClassOrder::ByClass).gather(&[1, 1], &mut features, &mut targets, 0.3);
        assert!((targets[..6].iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn auto_encoder_is_asked_for_its_features() {
        let data = dataset(Targets::Features);
        let (mut features, mut targets) = ([0.0; 2], [0.0; 2]);
        data.gather(&[1], &mut features, &mut targets, 0.0);
        assert_eq!((data.rows(), data.target_columns()), (3, 2));
        assert_eq!(targets, [3., 4.]);
    }

    #[test]
    fn selected_rows_keep_their_targets() {
        let names = vec!["u".to_owned(), "v".to_owned()];
        let values = vec![10., 11., 20., 21., 30., 31.];
        let chosen = dataset(Targets::Values { values, names }).select(&[2, 1]);
        assert_eq!(chosen.features, [5., 6., 3., 4.]);
        assert!(
            matches!(chosen.targets, Targets::Values { values, .. } if values == [30., 31., 20., 21.])
        );
    }
}
