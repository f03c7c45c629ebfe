//! The data that a [`Spec`] names, loaded, split and scaled.

use std::iter::once;
use std::ops::Range;

use super::{LoadOptions, Preparation, PrepareOptions, Prepared, Task, load, prepare};
use crate::error::{Error, Result};
use crate::formats::Header;
use crate::spec::{Architecture, Feed, Missing, Numbers, Spec};

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

/// As [`for_spec`], for a network that tells more of itself than its spec.
///
/// Numbers that are indices into a table stay as they are; token ids without targets get those
/// that follow them.
///
/// # Errors
/// As [`for_spec`].
pub fn for_network(spec: &Spec, network: &dyn Architecture) -> Result<Prepared> {
    let output = network.output();
    let options = LoadOptions {
        sizes: Some((network.inputs(), output.elements())),
        feeds: network.feeds(),
        output: output.axes().to_vec(),
        rows: network.most_rows(),
        ..load_options(spec)
    };
    let mut prepared = prepared(spec, &options)?;
    prepared.notes.extend(network.notes());
    Ok(prepared)
}

/// The columns that are not measured numbers.
fn kept(feeds: &[Feed]) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut kept = Vec::new();
    for feed in feeds {
        if feed.numbers != Numbers::Measured {
            kept.push(start..start + feed.columns);
        }
        start += feed.columns;
    }
    kept
}

fn prepared(spec: &Spec, options: &LoadOptions) -> Result<Prepared> {
    if spec.data.missing == Missing::Keep {
        return Err(Error::Setting {
            place: "data.missing".to_owned(),
            found: "keep".to_owned(),
            expected: "error, drop, mean or zero: nothing can be learned from NaN".to_owned(),
        });
    }
    let mut loaded = load(&spec.data.source, options)?;
    let columns = loaded.train.columns();
    // A network that takes all of a file's input as one row: nothing can be set aside or scaled by.
    let is_single = !options.feeds.is_empty() && loaded.train.rows() == 1;
    if is_single && loaded.test.is_none() {
        loaded.test = Some(loaded.train.clone());
        let note = "one row of data is trained and tested on, its numbers as they are";
        loaded.notes.push(note.to_owned());
    }
    let scales_targets = loaded.task == Task::Regression && !is_single;
    let options = PrepareOptions {
        kept: if is_single { once(0..columns).collect() } else { kept(&options.feeds) },
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
