//! Values for inputs and target out of a file of arrays.

use std::collections::BTreeMap;
use std::path::Path;

use fanin_engine::Array;

use crate::formats::onnx::{Dimension, Model};
use crate::formats::{self, Contents, ReadOptions, read_data};
use crate::{Error, Result};

use super::imported::{Imported, Port};
use super::options::Options;
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

    /// Shapes of a model's inputs, as far as the file has arrays for them and `options` have no
    /// shape.
    ///
    /// # Errors
    /// [`Error::Setting`] if an array has other axes than the model says, but for the number of
    /// rows.
    pub fn shapes(
        &self,
        model: &Model<'_>,
        options: &Options,
    ) -> Result<BTreeMap<String, Vec<usize>>> {
        let mut shapes = options.inputs.clone();
        for (index, input) in model.graph.free_inputs().enumerate() {
            let Some(array) = self.input(index, input.name) else { continue };
            if shapes.contains_key(input.name) {
                continue;
            }
            let axes = array.shape().axes();
            if let Some((_, Some(declared))) = input.tensor()
                && !fits(axes, declared)
            {
                let wanted: Vec<String> = declared.iter().map(ToString::to_string).collect();
                return Err(Error::Setting {
                    place: format!("input \"{}\"", input.name),
                    found: format!("an array of shape {}", array.shape()),
                    expected: format!(
                        "{}, as the model says; --input {}=… if the model takes it all the same",
                        wanted.join("×"),
                        input.name
                    ),
                });
            }
            shapes.insert(input.name.to_owned(), axes.to_vec());
        }
        Ok(shapes)
    }

    /// Values for the inputs of an imported model, as far as the file has arrays for them.
    pub fn feeds(&self, model: &Imported) -> Feeds {
        let feed =
            |port: &Port| Some((port.name.clone(), self.input(port.index, &port.name)?.clone()));
        model.inputs.iter().filter_map(feed).collect()
    }

    /// Values for every input of an imported model.
    ///
    /// # Errors
    /// [`Error::Setting`] with the names in the file, if it has no array for an input.
    pub fn require_feeds(&self, model: &Imported) -> Result<Feeds> {
        let feed = |port: &Port| {
            let Some(array) = self.input(port.index, &port.name) else {
                let names: Vec<&str> = self.named.iter().map(|(name, _)| &**name).collect();
                return Err(Error::Setting {
                    place: format!("input \"{}\"", port.name),
                    found: format!("only arrays {}", names.join(", ")),
                    expected: format!(
                        "an array of its name or `input_{}`, {}",
                        port.index, port.r#type
                    ),
                });
            };
            Ok((port.name.clone(), array.clone()))
        };
        model.inputs.iter().map(feed).collect()
    }
}

/// Whether an array has the axes that a model says, whatever the number of rows.
fn fits(axes: &[usize], declared: &[Dimension<'_>]) -> bool {
    let fits = |(axis, declared): (&usize, &Dimension<'_>)| match declared {
        Dimension::Value(length) => u64::try_from(*length).is_ok_and(|own| own == *axis as u64),
        Dimension::Named(_) | Dimension::Unknown => true,
    };
    axes.len() == declared.len() && axes.iter().zip(declared).skip(1).all(fits)
}

fn converted(array: &formats::Array) -> Result<Array> {
    let shape = array.shape.clone();
    Ok(if array.element.is_integer() {
        Array::integer(shape, array.numbers().map(|x| x as i64).collect())?
    } else {
        Array::float(shape, array.numbers().collect())?
    })
}
