//! Rows of features with their targets.

/// Rows of features with their targets, before or after preparation.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Where it comes from, for people.
    pub name: String,
    /// Names of the features, one per column.
    pub feature_names: Vec<String>,
    /// Features in row-major order, rows × columns.
    pub features: Vec<f32>,
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
}

impl Dataset {
    /// Features of one row.
    pub fn columns(&self) -> usize {
        self.feature_names.len()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match &self.targets {
            Targets::Classes { labels, .. } => labels.len(),
            Targets::Values { values, names } => values.len() / names.len().max(1),
        }
    }

    /// The features of row `row`.
    pub fn row(&self, row: usize) -> &[f32] {
        let width = self.columns();
        &self.features[row * width..(row + 1) * width]
    }
}
