//! Values for inputs and target out of a file of arrays.

use std::collections::BTreeMap;
use std::path::Path;

use fanin_engine::Array;

use crate::formats::onnx::{Model, ValueInfo};
use crate::formats::{self, Contents, ReadOptions, read_data};
use crate::{Error, Result};

use super::imported::{Imported, Port};
use super::run::Feeds;

/// Named arrays of a file.
#[derive(Clone, Debug, Default)]
pub struct Arrays {
    /// Arrays in the order of the file.
    pub named: Vec<(String, Array)>,
}

impl Arrays {
    /// The arrays in an .npz or .npy file.
    ///
    /// # Errors
    /// As [`read_data`], and [`Error::Setting`] if the file holds a table.
    pub fn read(path: &Path) -> Result<Self> {
        match read_data(path, &ReadOptions::default())? {
            Contents::Arrays(arrays) => {
                let named = arrays.into_iter().map(|(name, array)| Ok((name, converted(&array)?)));
                Ok(Self { named: named.collect::<Result<_>>()? })
            }
            Contents::Table(_) => Err(Error::Setting {
                place: path.display().to_string(),
                found: "a table".to_owned(),
                expected: "an .npz file with an array for each input".to_owned(),
            }),
        }
    }

    /// The array called `name`.
    pub fn get(&self, name: &str) -> Option<&Array> {
        self.named.iter().find(|(n, _)| n == name).map(|(_, array)| array)
    }

    /// The array called `name`.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the names that there are.
    pub fn require(&self, name: &str) -> Result<&Array> {
        let known: Vec<&str> = self.named.iter().map(|(name, _)| &**name).collect();
        self.get(name).ok_or_else(|| Error::unknown("array", name, &known))
    }

    /// The array for an input: by its name, or by its place as `input_0`, or the only one.
    pub fn input(&self, index: usize, name: &str) -> Option<&Array> {
        let only = || match &self.named[..] {
            [(_, only)] if index == 0 => Some(only),
            _ => None,
        };
        self.get(name).or_else(|| self.get(&format!("input_{index}"))).or_else(only)
    }

    /// Shapes of a model's inputs, as far as the file has arrays for them.
    pub fn shapes(&self, model: &Model<'_>) -> BTreeMap<String, Vec<usize>> {
        let shape = |(index, input): (usize, &ValueInfo<'_>)| {
            let array = self.input(index, input.name)?;
            Some((input.name.to_owned(), array.shape().axes().to_vec()))
        };
        model.graph.free_inputs().enumerate().filter_map(shape).collect()
    }

    /// Values for the inputs of an imported model, as far as the file has arrays for them.
    pub fn feeds(&self, model: &Imported) -> Feeds {
        let feed =
            |port: &Port| Some((port.name.clone(), self.input(port.index, &port.name)?.clone()));
        model.inputs.iter().filter_map(feed).collect()
    }
}

fn converted(array: &formats::Array) -> Result<Array> {
    let shape = array.shape.clone();
    Ok(if array.element.is_integer() {
        Array::integer(shape, array.numbers().map(|x| x as i64).collect())?
    } else {
        Array::float(shape, array.numbers().collect())?
    })
}
