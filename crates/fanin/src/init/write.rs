//! Starting values on their way to a file, without ever holding all of them.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::manifest::Guess;
use super::{Chosen, Explanation, Parameter, Selection, Slice, Values};
use crate::error::{Error, Result};
use crate::formats::{Dtype, Entry, WriteOptions, stream_weights};

/// A part of a parameter as it goes into a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its place in the list of parameters.
    pub parameter: usize,
    /// What of it is written.
    pub slice: Slice,
    /// The type of its elements in the file; values are drawn as `f32` and rounded to it.
    pub dtype: Dtype,
}

/// What is written of one parameter, and what it gets and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PieceLine {
    /// What the whole parameter, or one part of a packed one, gets.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// The parameter's place in the list of parameters.
    #[serde(skip)]
    pub parameter: usize,
    /// What it is in the file that is written, where that has it otherwise than the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
    /// `whole`, or what is kept of the axes that are cut, as they are written: `axis 0: 4..8 of 8`.
    pub slice: String,
    /// The type of elements in the file.
    pub dtype: Dtype,
}

/// A parameter in a file that has it under another name, and perhaps turned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Its name there.
    pub name: String,
    /// Its shape there, before anything is cut.
    pub shape: Vec<usize>,
}

/// What a command to initialize would do, or has done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Start {
    /// What each parameter gets, and why.
    pub init: Vec<PieceLine>,
    /// What neither a list of tensors nor their names say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub guesses: Vec<Guess>,
    /// What a user should know of the names in the files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Elements of all pieces.
    pub elements: u64,
    /// Bytes of these elements in their files.
    pub bytes: u64,
    /// Names of the files that have been written; of several, the last is their index.
    pub files: Vec<PathBuf>,
}

impl Start {
    /// What writing `pieces` means.
    ///
    /// # Errors
    /// If a scheme cannot serve its parameter.
    pub fn new(chosen: &Chosen<'_>, pieces: &[Piece]) -> Result<Self> {
        let mut init = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let line = |explanation| PieceLine {
                explanation,
                parameter: piece.parameter,
                written: None,
                slice: piece.slice.to_string(),
                dtype: piece.dtype,
            };
            init.extend(chosen.explain_one(piece.parameter)?.into_iter().map(line));
        }
        let entries: Vec<Entry> = pieces.iter().map(|piece| piece.entry(chosen)).collect();
        Ok(Self {
            init,
            guesses: Vec::new(),
            notes: Vec::new(),
            elements: entries.iter().map(|entry| entry.shape.elements() as u64).sum(),
            bytes: entries.iter().map(Entry::bytes).sum(),
            files: Vec::new(),
        })
    }
}

impl Piece {
    fn entry(&self, chosen: &Chosen<'_>) -> Entry {
        Entry {
            name: chosen.parameters()[self.parameter].name.clone(),
            shape: self.slice.shape(),
            dtype: self.dtype,
        }
    }
}

/// The pieces that `selection` takes of `parameters`, each with the type of elements that `dtype`
/// says for its place in the list.
///
/// # Errors
/// As for [`Selection::of`], and whatever `dtype` answers.
pub fn pieces(
    parameters: &[Parameter],
    selection: &Selection,
    dtype: impl Fn(usize) -> Result<Dtype>,
) -> Result<Vec<Piece>> {
    let piece = |(parameter, slice)| Ok(Piece { parameter, slice, dtype: dtype(parameter)? });
    selection.of(parameters)?.into_iter().map(piece).collect()
}

/// Writes the starting values of `pieces` under `seed` into a file, or several, whole or not at all.
///
/// Values are made while others are written, in constant memory; a scheme that can only give all
/// elements of a matrix together takes as much as that matrix needs. `progress` is told bytes made
/// and bytes in all, and can break.
///
/// # Errors
/// As for [`stream_weights`] and [`Values::read`].
///
/// ```
/// use std::ops::ControlFlow;
/// use fanin::formats::{Dtype, WriteOptions};
/// use fanin::init::{Chosen, Parameter, Rules, Selection, pieces, write};
/// let path = std::env::temp_dir().join(format!("fanin-write-{}.safetensors", std::process::id()));
/// let parameters = [Parameter::linear("0.weight", 256, 784)];
/// let chosen = Chosen::new(&parameters, &Rules::new("he-normal"))?;
/// let pieces = pieces(&parameters, &Selection::default(), |_| Ok(Dtype::Bf16))?;
/// let progress = &mut |_made, _total| ControlFlow::Continue(());
/// let written = write(&chosen, &pieces, 42, &path, &WriteOptions::default(), progress)?;
/// assert_eq!(written, [path.clone()]);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn write(
    chosen: &Chosen<'_>,
    pieces: &[Piece],
    seed: u64,
    path: &Path,
    options: &WriteOptions,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Vec<PathBuf>> {
    let entries: Vec<Entry> = pieces.iter().map(|piece| piece.entry(chosen)).collect();
    let mut open: Option<(usize, Values<'_>)> = None;
    let fill = &mut |index: usize, start: usize, out: &mut [f32]| {
        let piece = &pieces[index];
        if open.as_ref().is_none_or(|(of, _)| *of != index) {
            // What a whole scheme keeps is given back before the next one is computed.
            drop(open.take());
            open = Some((index, chosen.values(piece.parameter, seed)));
        }
        let (_, values) = open.as_mut().expect("it has just been opened");
        piece.slice.read(values, start, out)
    };
    stream_weights(path, &entries, options, fill, progress).map_err(|error| match error {
        Error::NoSpace { path, needed, free, .. } if can_shrink(pieces) => {
            let remedy = "make room, write to another disk, or take a smaller type of elements";
            Error::NoSpace { path, needed, free, remedy }
        }
        other => other,
    })
}

/// Whether another type of elements would take less.
fn can_shrink(pieces: &[Piece]) -> bool {
    pieces.iter().any(|piece| matches!(piece.dtype, Dtype::F32 | Dtype::F64))
}
