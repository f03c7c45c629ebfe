//! Token ids as rows of a network that predicts the next one at every position.

use std::path::Path;

use super::{ClassOrder, Dataset, LoadOptions, Loaded, Targets, Task};
use crate::formats::Array;
use crate::spec::Numbers;
use crate::{Error, Result};

/// What a network of tokens takes and gives.
struct Sequence {
    positions: usize,
    /// Rows of the table in which ids are looked up.
    vocabulary: usize,
    classes: usize,
    /// Inputs behind the ids that only switch positions on.
    switches: usize,
}

impl Sequence {
    /// The network's, if its only numbers are ids and it answers at each of their positions.
    fn of(options: &LoadOptions) -> Option<Self> {
        let (first, others) = options.feeds.split_first()?;
        let Numbers::Indices(vocabulary) = first.numbers else { return None };
        let &[positions, classes] = &options.output[..] else { return None };
        let switches = others.iter().map(|feed| feed.columns).sum();
        let only = others.iter().all(|feed| feed.numbers == Numbers::Switches);
        (only && positions == first.columns).then_some(Self {
            positions,
            vocabulary,
            classes,
            switches,
        })
    }
}

/// Rows of ids with the id that follows each, if the network is one of tokens and no other targets
/// are named.
///
/// An array of one axis is one text, cut into rows; of two axes, a text in each row, of one id more
/// than the network has positions, or of more, which are cut too.
///
/// # Errors
/// If an id is not in the vocabulary, or texts are shorter than a row.
pub(super) fn load(path: &Path, ids: &Array, options: &LoadOptions) -> Result<Option<Loaded>> {
    let Some(sequence) = Sequence::of(options).filter(|_| options.targets_file.is_none()) else {
        return Ok(None);
    };
    let place = || path.display().to_string();
    let length = match ids.shape[..] {
        [all] => all,
        [_, length] => length,
        _ => {
            let found = format!("an array of shape {:?}", ids.shape);
            let expected = "token ids along one axis, or texts along the second".to_owned();
            return Err(Error::Setting { place: place(), found, expected });
        }
    };
    let classes = sequence.vocabulary.min(sequence.classes);
    let numbers: Vec<f64> = ids.numbers().collect();
    let outside = |id: &f64| !(id.fract() == 0.0 && (0.0..classes as f64).contains(id));
    if let Some(at) = numbers.iter().position(outside) {
        return Err(Error::Malformed {
            path: path.to_owned(),
            place: format!("element {at}"),
            found: numbers[at].to_string(),
            expected: format!("a whole number from 0 to {}", classes.saturating_sub(1)),
        });
    }
    let (mut features, mut targets) = (Vec::new(), Vec::new());
    for text in numbers.chunks_exact(length.max(1)) {
        for row in text.windows(sequence.positions + 1).step_by(sequence.positions) {
            features.extend(row[..sequence.positions].iter().map(|&id| id as f32));
            features.extend(std::iter::repeat_n(1.0, sequence.switches));
            targets.extend(row[1..].iter().map(|&id| id as u32));
        }
    }
    if targets.is_empty() {
        return Err(Error::Setting {
            place: place(),
            found: format!("texts of {length} ids"),
            expected: format!("at least {}: a row and the id behind it", sequence.positions + 1),
        });
    }
    let names = (0..sequence.positions + sequence.switches).map(|at| format!("token{at}"));
    let (positions, classes) = (sequence.positions, sequence.classes);
    let train = Dataset {
        name: place(),
        feature_names: names.collect(),
        features: features.into(),
        targets: Targets::Tokens {
            ids: targets,
            positions,
            classes,
            order: ClassOrder::ByPosition,
        },
    };
    let task = options.task.unwrap_or(Task::Classification);
    let note = format!("learns the next token at each of {positions} positions");
    let (source, notes) = (place(), vec![note]);
    let missing = options.missing;
    Ok(Some(Loaded { train, test: None, task, missing, source, license: None, notes }))
}
