//! Models of files as networks that every room can work with.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use fanin_engine::Shape;

use crate::error::{Error, Result};
use crate::formats::onnx::{self, ElementType, OnnxFile, Separated};
use crate::init::{Parameter, Role};
use crate::spec::{Architecture, Body, Feed, Ground, Mode, Model, RunningStatistic, Spec};
use crate::weights::Weights;

use super::batch::{Exported, Seen, batch_axis};
use super::imported::Imported;
use super::layers::{self, Layer, Pair, Wires};
use super::roles;
use super::walk::{self, Begin, Lowered, Onto};
use super::{BatchNorm, Options, indices, ops, sharing};

/// A network that was read from a file.
///
/// Rows follow one another along the first axis of every input, and of the output. Features hold
/// the inputs one after another; whole numbers such as tokens are cut from them.
#[derive(Debug)]
pub struct FileNetwork {
    file: Arc<OnnxFile>,
    options: Options,
    feeds: Vec<Feed>,
    output: Shape,
    parameters: Vec<Parameter>,
    weights: Weights,
    layers: Vec<Layer>,
    separated: Vec<Separated>,
    exported: Exported,
    notes: Vec<String>,
}

/// The network in a file.
///
/// # Errors
/// As [`FileNetwork::read`].
pub fn model(path: &Path, options: &Options) -> Result<Model> {
    FileNetwork::read(path, options).map(Model::graph)
}

/// The network that `spec` says: its layers, as wide as the data ask for, or its file's.
///
/// # Errors
/// As [`ModelSpec::resolve`](crate::spec::ModelSpec::resolve) and [`model`].
pub fn resolve(spec: &Spec, features: usize, outputs: usize) -> Result<Model> {
    match spec.model.file() {
        Some(path) => {
            let model = model(path, &(&spec.reading).into())?;
            require_fit(path, &model, features, outputs)?;
            Ok(model)
        }
        None => spec.model.resolve(features, outputs),
    }
}

/// Refuses data that are not as wide as the network in the file at `path`.
///
/// # Errors
/// [`Error::Setting`] that tells both widths.
pub fn require_fit(path: &Path, model: &Model, features: usize, outputs: usize) -> Result<()> {
    let refuse = |found: String, expected: String| {
        Err(Error::Setting { place: path.display().to_string(), found, expected })
    };
    if model.inputs() != features {
        let feeds = model.architecture().feeds();
        let feeds = feeds.iter().map(|feed| format!("{} for `{}`", feed.columns, feed.name));
        let own = feeds.collect::<Vec<String>>().join(", ");
        let expected = format!("{} numbers in a row: {own}", model.inputs());
        return refuse(format!("data of {features} numbers in a row"), expected);
    }
    if model.outputs() != outputs {
        let expected =
            format!("{} for its output {}", model.outputs(), model.architecture().output());
        return refuse(format!("data with {outputs} classes or targets"), expected);
    }
    Ok(())
}

impl FileNetwork {
    /// The network in the file at `path`; its output is the first that holds floating numbers, or
    /// the one that `options` names. Where the first is a softmax, it is the scores before it, for
    /// losses take logits.
    ///
    /// # Errors
    /// As [`import`](super::import), and [`Error::Setting`] if the output does not follow the rows
    /// of the inputs or a shape was made for one number of rows.
    pub fn read(path: &Path, options: &Options) -> Result<Self> {
        Self::of(OnnxFile::read(path)?, options)
    }

    /// As [`read`](Self::read), for a file whose bytes are in memory.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn of(file: OnnxFile, options: &Options) -> Result<Self> {
        let file = Arc::new(file);
        let decoded = file.model()?;
        let found = roles::find(&file, &decoded, &options.overrides)?.parameters;
        let statistics = sharing::statistics(&decoded.graph);
        let mut options = options.clone();
        let mut notes = Vec::new();
        let roleless = decoded.graph.initializers.iter().map(|tensor| tensor.name).filter(|name| {
            !statistics.contains_key(name) && found.iter().all(|f| f.initializer != *name)
        });
        options.constants.extend(roleless.map(str::to_owned));
        if options.outputs.is_empty() {
            let is_float = |element: ElementType| element.is_float();
            let float = decoded
                .graph
                .outputs
                .iter()
                .find(|output| output.tensor().is_none_or(|(element, _)| is_float(element)));
            options.outputs.extend(float.map(|output| output.name.to_owned()));
            if let Some(scores) =
                options.outputs.first().and_then(|own| scores(&decoded, own)).map(str::to_owned)
            {
                notes.push(format!(
                    "the last softmax was left to the loss, which takes the scores before it; \
                     --output-name {} takes the probabilities",
                    options.outputs[0]
                ));
                options.outputs = vec![scores];
            }
        }
        let noted = walk::lower(&file, &decoded, &options, Begin::Noted)?;
        let Lowered { imported, seen, separated, .. } = noted;
        let rows = rows(&imported)?;
        let exported = Exported { rows, nodes: seen };
        let weights = weights(&imported);
        let parameters = parameters(&imported, &found, &statistics, &separated);
        let mut network = Self {
            feeds: imported
                .inputs
                .iter()
                .map(|port| indices::feed(&file, &decoded, port))
                .collect(),
            output: Shape::default(),
            layers: Vec::new(),
            parameters,
            weights,
            separated,
            exported,
            options,
            notes,
            file: Arc::clone(&file),
        };
        network.complete(&imported, rows)?;
        Ok(network)
    }

    /// Finds out where rows lie, by another number of rows than the file's.
    fn complete(&mut self, imported: &Imported, rows: usize) -> Result<()> {
        let others = rows + 1;
        let ground = Ground::new(self.inputs(), others, Mode::Probe);
        let Lowered { imported: other, seen, .. } = self.lower(ground)?;
        let shapes = [imported, &other].map(|one| one.graph.shape(one.outputs[0].wire).axes());
        let name = &imported.outputs[0].name;
        if batch_axis((shapes[0], rows), (shapes[1], others)) != Some(0)
            || !shapes[0][0].is_multiple_of(rows)
        {
            return Err(Error::Setting {
                place: format!("output \"{name}\""),
                found: self.ends(imported, &seen, (shapes[0], rows), (shapes[1], others)),
                expected: "a first axis that follows that of the inputs; export the model with a \
                           batch axis that is left open, or choose another output"
                    .to_owned(),
            });
        }
        let per_row = shapes[0][0] / rows;
        let behind = shapes[0][1..].iter().copied();
        let positions = (per_row > 1 || shapes[0].len() == 1).then_some(per_row);
        self.output = positions.into_iter().chain(behind).collect::<Vec<usize>>().into();
        let decoded = self.file.model()?;
        let pair = Pair {
            file: &self.file,
            one: (imported, rows),
            other: (&other, others),
            separated: &self.separated,
        };
        let mut layers = layers::find(&decoded, &pair);
        layers.retain(|layer| self.parameters[layer.weight].role.is_trained());
        self.layers = layers;
        Ok(())
    }

    /// What becomes of the output, and the first node whose result no longer follows the rows.
    fn ends(
        &self,
        imported: &Imported,
        seen: &[Seen],
        (one, rows): (&[usize], usize),
        (other, others): (&[usize], usize),
    ) -> String {
        let pairs = self.exported.nodes.iter().zip(seen).zip(&imported.places);
        let mut ends = pairs.filter(|((one, other), place)| {
            one.inputs != other.inputs && one.outputs == other.outputs && place.operator != "Shape"
        });
        let at = ends.next().map_or_else(String::new, |(_, place)| format!(", from {place} on"));
        format!("shape {one:?} for {rows} rows, {other:?} for {others}{at}")
    }

    fn lower(&self, ground: Ground) -> Result<Lowered> {
        let decoded = self.file.model()?;
        let Ground { graph, features, rows, mode, .. } = ground;
        let share = rows / self.exported.rows + 1;
        let options = Options {
            batch_norm: match mode {
                Mode::Train | Mode::Probe => BatchNorm::Batch,
                Mode::Evaluate => BatchNorm::Running,
            },
            limit: self.options.limit.saturating_mul(share),
            ..self.options.clone()
        };
        let (weights, exported) = (&self.weights, &self.exported);
        let drops = mode == Mode::Train;
        let onto = Onto { graph, features, rows, weights, drops, exported };
        walk::lower(&self.file, &decoded, &options, Begin::Features(onto))
    }

    /// The file that it was read from.
    pub fn file(&self) -> &OnnxFile {
        &self.file
    }

    /// The values of all parameters and buffers in the file.
    pub fn own_weights(&self) -> &Weights {
        &self.weights
    }

    /// Uses of merged initializers that are parameters of their own.
    pub fn separated(&self) -> &[Separated] {
        &self.separated
    }
}

impl Architecture for FileNetwork {
    fn label(&self) -> String {
        let name = self.file.path.file_name().unwrap_or(self.file.path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    fn inputs(&self) -> usize {
        self.feeds.iter().map(|feed| feed.columns).sum()
    }

    fn output(&self) -> Shape {
        self.output.clone()
    }

    fn feeds(&self) -> Vec<Feed> {
        self.feeds.clone()
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn parameters(&self) -> Result<Vec<Parameter>> {
        Ok(self.parameters.clone())
    }

    fn weights(&self) -> Option<&Weights> {
        Some(&self.weights)
    }

    fn build(&self, ground: Ground) -> Result<Body> {
        let rows = ground.rows;
        let Lowered { imported, running, .. } = self.lower(ground)?;
        let names: Vec<String> = imported.parameters.iter().map(|own| own.name.clone()).collect();
        let same = names.iter().zip(&self.parameters).all(|(name, own)| *name == own.name);
        assert!(same && names.len() == self.parameters.len(), "parameters come in one order");
        let wires = Wires::of(&imported);
        let layers = self.layers.iter();
        let layers = layers.filter_map(|l| l.wires(&wires, &self.parameters[l.weight].axes));
        let layers = layers.collect();
        let is_trained = |index: &usize| self.parameters[*index].role.is_trained();
        let running = running.iter().map(|tracked| {
            let is_mean = self.parameters[tracked.parameter].role == Role::RunningMean;
            let count = tracked.count.max(2) as f64;
            RunningStatistic {
                parameter: tracked.parameter,
                batch: tracked.batch,
                correction: if is_mean { 1.0 } else { count / (count - 1.0) },
            }
        });
        let running = running.collect();
        let output = imported.outputs[0].wire;
        let mut graph = imported.graph;
        let axes = [&[rows], self.output.axes()].concat();
        let output = if graph.shape(output).axes() == axes {
            output
        } else {
            graph.reshape(output, axes)?
        };
        let trained = (0..names.len()).filter(is_trained).collect();
        Ok(Body { graph, output, names, trained, layers, running })
    }
}

/// The value of which a last softmax makes what a model gives as `output`.
fn scores<'a>(model: &onnx::Model<'a>, output: &str) -> Option<&'a str> {
    let mut output = model.graph.outputs.iter().find(|own| own.name == output)?.name;
    loop {
        let node = model.graph.nodes.iter().find(|node| node.outputs.contains(&output))?;
        let import = ops::find(node)?;
        let input = node.input(0)?;
        if import.normalizes_scores {
            return Some(input);
        }
        let passes = import.carries.contains(&0) && node.inputs.len() == 1 && !import.permutes;
        output = passes.then_some(input)?;
    }
}

/// The rows for which the file was made: the length of every input's first axis.
fn rows(imported: &Imported) -> Result<usize> {
    let mistake = |place: String, found: String, expected: &str| Error::Setting {
        place,
        found,
        expected: expected.to_owned(),
    };
    let mut rows = None;
    for port in &imported.inputs {
        let place = format!("input \"{}\"", port.name);
        let Some(&length) = port.r#type.shape.axes().first() else {
            return Err(mistake(place, "a scalar".to_owned(), "a first axis of rows"));
        };
        let first = *rows.get_or_insert(length);
        if length != first || length == 0 {
            let found = format!("{length} rows, after {first} in the first input");
            return Err(mistake(
                place,
                found,
                "the same number of rows, one or more, in all inputs",
            ));
        }
    }
    let expected = "an output that depends on an input";
    rows.ok_or_else(|| mistake("inputs".to_owned(), "none".to_owned(), expected))
}

fn weights(imported: &Imported) -> Weights {
    let own = imported.parameters.iter().map(|own| (own.name.clone(), own.value.clone()));
    Weights { tensors: own.collect() }
}

/// What schemes see of each parameter of the graph.
fn parameters(
    imported: &Imported,
    found: &[roles::Found],
    statistics: &HashMap<&str, Role>,
    separated: &[Separated],
) -> Vec<Parameter> {
    let of = |own: &super::Parameter| {
        let origin = separated.iter().find(|other| other.name == own.name);
        let origin = origin.map_or(&*own.name, |other| &other.initializer);
        let shape = own.value.shape().clone();
        if let Some(role) = statistics.get(origin) {
            return Parameter::new(&own.name, shape, *role);
        }
        let named = found.iter().find(|found| found.parameter.name == own.name);
        match named.or_else(|| found.iter().find(|found| found.initializer == origin)) {
            Some(found) => Parameter { name: own.name.clone(), ..found.parameter.clone() },
            None => Parameter::new(&own.name, shape, Role::Buffer),
        }
    };
    imported.parameters.iter().map(of).collect()
}
