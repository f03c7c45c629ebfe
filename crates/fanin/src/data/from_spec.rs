//! The data that a [`Spec`] names, loaded, split and scaled.

use super::{LoadOptions, Preparation, PrepareOptions, Prepared, Task, load, prepare, sets};
use crate::error::{Error, Result};
use crate::formats::Header;
use crate::spec::{Missing, Spec};

/// The data that `spec` names, split and scaled by the training rows.
///
/// Numbers to learn are scaled like the features, so that no learning rate has to fit their unit;
/// losses are then in scaled units, R² is the same in any.
///
/// # Errors
/// If the source cannot be found or read, or its rows cannot be trained on.
pub fn for_spec(spec: &Spec) -> Result<Prepared> {
    prepared(spec, &load_options(spec))
}

/// As [`for_spec`], for a model with so many features and outputs, which its spec does not say.
///
/// # Errors
/// As [`for_spec`].
pub fn for_sizes(spec: &Spec, features: usize, outputs: usize) -> Result<Prepared> {
    prepared(spec, &LoadOptions { sizes: Some((features, outputs)), ..load_options(spec) })
}

/// Whether the source that `spec` names is as wide as the model.
pub fn is_as_wide_as_the_model(spec: &Spec) -> bool {
    let mut sets = sets::DATA_SETS.iter();
    sets.any(|set| set.name() == spec.data.source && set.is_as_wide_as_the_model())
}

fn prepared(spec: &Spec, options: &LoadOptions) -> Result<Prepared> {
    if spec.data.missing == Missing::Keep {
        return Err(Error::Setting {
            place: "data.missing".to_owned(),
            found: "keep".to_owned(),
            expected: "error, drop, mean or zero: nothing can be learned from NaN".to_owned(),
        });
    }
    let loaded = load(&spec.data.source, options)?;
    let scales_targets = loaded.task == Task::Regression;
    let options = PrepareOptions {
        test_fraction: spec.train.test_fraction,
        features: spec.data.standardize,
        targets: if scales_targets { spec.data.standardize } else { Preparation::None },
        ..PrepareOptions::default()
    };
    prepare(loaded, &options)
}

/// How `spec` says that its source is to be read.
pub fn load_options(spec: &Spec) -> LoadOptions {
    let targets = spec.data.target.iter().flat_map(|names| names.split(','));
    LoadOptions {
        task: spec.task,
        targets: targets.map(|name| name.trim().to_owned()).collect(),
        targets_file: spec.data.targets_file.as_ref().map(Into::into),
        features: spec.data.features.clone(),
        ignore: spec.data.ignore.clone(),
        categorical: spec.data.categorical.clone(),
        missing: spec.data.missing,
        read: crate::formats::ReadOptions {
            header: if spec.data.header { Header::Present } else { Header::Absent },
            ..Default::default()
        },
        sizes: spec.model.resolve_alone().ok().map(|model| (model.inputs(), model.outputs())),
        ..LoadOptions::default()
    }
}
