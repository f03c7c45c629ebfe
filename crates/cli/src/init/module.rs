//! `fanin init` of an .onnx model under the names and in the layout of the module it came from.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use fanin::engine::Tensor;
use fanin::formats::{Entry, WriteOptions, stream_weights};
use fanin::init::{Parameter, Piece, Rules, for_model};
use fanin::recommend::{Names, notes_on_names};
use fanin::spec::{self, Model};
use fanin::{Result, import};

use super::file::Progress;

/// What is drawn for a model whose module has other names than its file, as the module has it.
pub struct Module {
    /// The file's parameters, each in the shape that it has in the module.
    pub parameters: Vec<Parameter>,
    /// What a user should know of the names.
    pub notes: Vec<String>,
    /// Each parameter's name and values in the module; none of a last matrix that is a table there.
    tensors: Vec<Option<(String, Tensor<f32>)>>,
}

impl Module {
    /// Draws `model` by `rules` as its file has it, and lays it as its module does; none where both have the
    /// same names.
    pub fn of(model: &Model, rules: &Rules, seed: u64) -> Result<Option<Self>> {
        if import::file_network(model).is_none() {
            return Ok(None);
        }
        let mut parameters = model.parameters()?;
        let names = spec::framework_names(&parameters);
        let tied = spec::tied(&parameters);
        let is_same = parameters.iter().zip(&names).all(|(own, name)| own.name == *name);
        if is_same && tied.is_empty() {
            return Ok(None);
        }
        let drawn = import::module_weights(model, &for_model(model, rules, seed)?)?;
        let mut values: HashMap<String, Tensor<f32>> = drawn.tensors.into_iter().collect();
        let heads: HashSet<usize> = tied.into_iter().map(|(head, _)| head).collect();
        let mut tensors = Vec::with_capacity(parameters.len());
        for (at, (own, name)) in parameters.iter_mut().zip(names).enumerate() {
            let values = values.remove(&name).filter(|_| !heads.contains(&at));
            if let Some(values) = &values {
                own.shape = values.shape().clone();
            }
            tensors.push(values.map(|values| (name, values)));
        }
        let notes = notes_on_names(model, &[Names::Weights])?;
        Ok(Some(Self { parameters, notes, tensors }))
    }

    /// The pieces that the module has a tensor for.
    pub fn own(&self, mut pieces: Vec<Piece>) -> Vec<Piece> {
        pieces.retain(|piece| self.tensors[piece.parameter].is_some());
        pieces
    }

    /// Writes these pieces under the module's names.
    pub fn write(
        &self,
        pieces: &[Piece],
        path: &Path,
        options: &WriteOptions,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<PathBuf>> {
        let tensor = |piece: &Piece| {
            self.tensors[piece.parameter].as_ref().expect("pieces are the module's own")
        };
        let entry = |piece: &Piece| Entry {
            name: tensor(piece).0.clone(),
            shape: piece.slice.shape(),
            dtype: piece.dtype,
        };
        let entries: Vec<Entry> = pieces.iter().map(entry).collect();
        let fill = &mut |index: usize, start: usize, out: &mut [f32]| {
            let piece = &pieces[index];
            fill(&tensor(piece).1, piece, start, out);
            Ok(())
        };
        stream_weights(path, &entries, options, fill, progress)
    }
}

/// Copies the elements of a piece from `start` on.
fn fill(tensor: &Tensor<f32>, piece: &Piece, start: usize, out: &mut [f32]) {
    let (axes, ranges) = (tensor.shape().axes(), piece.slice.ranges());
    for (offset, value) in out.iter_mut().enumerate() {
        let (mut rest, mut place, mut stride) = (start + offset, 0, 1);
        for (size, range) in axes.iter().zip(ranges).rev() {
            place += (range.start + rest % range.len()) * stride;
            rest /= range.len();
            stride *= size;
        }
        *value = tensor.data()[place];
    }
}
