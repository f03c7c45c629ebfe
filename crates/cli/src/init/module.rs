//! `fanin init` of an .onnx model under the names and in the layout of the module it came from.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use fanin::engine::Tensor;
use fanin::formats::{Entry, WriteOptions, stream_weights};
use fanin::init::{Parameter, Piece, Rules, Start, Written, for_model};
use fanin::recommend::{Names, notes_on_names};
use fanin::spec::{Model, in_framework};
use fanin::{Result, import};

use super::file::Progress;

/// The parameters of a model whose module has others than its file.
pub struct Module {
    /// The file's parameters, each in the shape that it has in the module.
    pub parameters: Vec<Parameter>,
    /// Each parameter's name in the module; none of a last matrix that is a table there.
    names: Vec<Option<String>>,
}

/// What is drawn of a module: the values of each parameter that has a name there.
pub struct DrawnModule<'a> {
    module: &'a Module,
    values: Vec<Option<Tensor<f32>>>,
}

impl Module {
    /// The module of `model`; none where both have the same names.
    pub fn of(model: &Model) -> Result<Option<Self>> {
        if import::file_network(model).is_none() {
            return Ok(None);
        }
        let mut parameters = model.parameters()?;
        let there = in_framework(&parameters);
        if parameters.iter().zip(&there).all(|(own, there)| there.as_ref() == Some(own)) {
            return Ok(None);
        }
        for (own, there) in parameters.iter_mut().zip(&there) {
            if let Some(there) = there {
                own.shape = there.shape.clone();
            }
        }
        let names = there.into_iter().map(|there| there.map(|own| own.name)).collect();
        Ok(Some(Self { parameters, names }))
    }

    /// The pieces that the module has a tensor for.
    pub fn own(&self, mut pieces: Vec<Piece>) -> Vec<Piece> {
        pieces.retain(|piece| self.names[piece.parameter].is_some());
        pieces
    }

    /// Says of every line under which name and in which shape it is written, where these are not
    /// those of the model's file.
    pub fn tell(&self, start: &mut Start) {
        for line in &mut start.init {
            let own = &self.parameters[line.parameter];
            let name = self.names[line.parameter].as_ref().filter(|name| **name != own.name);
            line.written =
                name.map(|name| Written { name: name.clone(), shape: own.shape.axes().to_vec() });
        }
    }

    /// What a user should know of the names.
    pub fn notes(model: &Model) -> Result<Vec<String>> {
        notes_on_names(model, &[Names::Weights])
    }

    /// Draws `model` by `rules` as its file has it, and lays it as its module does.
    pub fn draw(&self, model: &Model, rules: &Rules, seed: u64) -> Result<DrawnModule<'_>> {
        let drawn = import::module_weights(model, &for_model(model, rules, seed)?)?;
        let mut values: HashMap<String, Tensor<f32>> = drawn.tensors.into_iter().collect();
        let values = self.names.iter().map(|name| values.remove(name.as_ref()?)).collect();
        Ok(DrawnModule { module: self, values })
    }
}

impl DrawnModule<'_> {
    /// Writes these pieces under the module's names.
    pub fn write(
        &self,
        pieces: &[Piece],
        path: &Path,
        options: &WriteOptions,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<PathBuf>> {
        let entry = |piece: &Piece| Entry {
            name: self.module.names[piece.parameter].clone().expect("pieces are the module's own"),
            shape: piece.slice.shape(),
            dtype: piece.dtype,
        };
        let entries: Vec<Entry> = pieces.iter().map(entry).collect();
        let fill = &mut |index: usize, start: usize, out: &mut [f32]| {
            let piece = &pieces[index];
            let values = self.values[piece.parameter].as_ref();
            let values = values.expect("what has a name in the module was drawn");
            piece.slice.copy(values.data(), start, out);
            Ok(())
        };
        stream_weights(path, &entries, options, fill, progress)
    }
}
