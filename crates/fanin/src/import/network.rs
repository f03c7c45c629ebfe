//! Models of files as networks that every room can work with.

mod parts;

use std::any::Any;
use std::path::Path;
use std::sync::Arc;

use fanin_engine::Shape;

use crate::error::{Error, Result};
use crate::formats::onnx::{self, ElementType, OnnxFile, Separated};
use crate::init::{Parameter, Role};
use crate::spec::{self, Architecture, Body, Feed, Ground, Mode, Model, RunningStatistic, Spec};
use crate::weights::Weights;

use super::batch::{Exported, Seen, batch_axis};
use super::imported::Imported;
use super::layers::{self, Layer, Pair, Wires};
use super::roles;
use super::walk::{self, Begin, Lowered, Onto};
use super::{BatchNorm, Options, copies, identities, indices, joined, sharing};

use parts::{cell, has_open_rows, parameters, rows, scores, weights};

/// A network that was read from a file.
///
/// Rows follow one another along the first axis of every input, and of the output. Where they do
/// not, or shapes hold for one number of rows alone, one row of data is all that the file takes;
/// [`notes`](Architecture::notes) say so. Features hold the inputs one after another; whole numbers
/// such as tokens are cut from them.
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
    /// What the file's own rows saw; none where one row of data is all of them.
    exported: Option<Exported>,
    notes: Vec<String>,
    /// Whether layers come behind that were left out.
    is_part: bool,
}

/// Rows that are written out at once at most, where each stands in the graph by itself.
const WRITTEN_OUT: usize = 64;

/// The network in a file.
///
/// # Errors
/// As [`FileNetwork::read`].
pub fn model(path: &Path, options: &Options) -> Result<Model> {
    FileNetwork::read(path, options).map(Model::graph)
}

/// The network in its file, if that is where `model` was read from.
pub fn file_network(model: &Model) -> Option<&FileNetwork> {
    model.architecture().origin()?.downcast_ref()
}

/// The parameters of a network, or of a list of tensors, in the order in which a program makes
/// their layers, and whether it is known: `told` says it where `model` was read from no file. Those of
/// a file are as in the module that it came from.
///
/// # Errors
/// As [`FileNetwork::in_module_order`].
pub fn in_module_order(
    model: Option<&Model>,
    listed: Vec<Parameter>,
    told: bool,
) -> Result<(Vec<Parameter>, bool)> {
    let Some(network) = model.and_then(file_network) else { return Ok((listed, told)) };
    network.in_module_order()
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
    // A file taken whole says in its notes why.
    let notes = match model.architecture().most_rows() {
        Some(_) => model.architecture().notes(),
        None => Vec::new(),
    };
    let why = [vec![String::new()], notes].concat().join("; ");
    if model.inputs() != features {
        let remedy = fitting_data(&model.architecture().feeds());
        let expected = format!("{} numbers in a row: {remedy}{why}", model.inputs());
        return refuse(format!("data of {features} numbers in a row"), expected);
    }
    if model.outputs() != outputs {
        let expected = format!(
            "{} for its output {}, as `--data normal` has",
            model.outputs(),
            model.architecture().output()
        );
        return refuse(format!("data with {outputs} classes or targets"), expected);
    }
    Ok(())
}

/// Which data fit a network that takes `feeds`, as a remedy: the option that makes some, and the arrays
/// of a file.
///
/// ```
/// use fanin::spec::{Feed, Numbers};
/// let feed = Feed {
///     name: "image".to_owned(),
///     columns: 784,
///     axes: vec![1, 28, 28],
///     numbers: Numbers::Measured,
/// };
/// let told = "`--data normal` makes such rows, or --data FILE.npz with the array `image` of shape \
///             [rows, 1, 28, 28]";
/// assert_eq!(fanin::import::fitting_data(&[feed]), told);
/// ```
pub fn fitting_data(feeds: &[Feed]) -> String {
    let array = |feed: &Feed| {
        let axes = feed.axes.iter().map(usize::to_string);
        let axes: Vec<String> = std::iter::once("rows".to_owned()).chain(axes).collect();
        format!("`{}` of shape [{}]", feed.name, axes.join(", "))
    };
    let arrays: Vec<String> = feeds.iter().map(array).collect();
    let noun = if arrays.len() == 1 { "array" } else { "arrays" };
    let arrays = arrays.join(" and ");
    format!("`--data normal` makes such rows, or --data FILE.npz with the {noun} {arrays}")
}

impl FileNetwork {
    /// The network in the file at `path`; its output is the first that holds floating numbers, or
    /// the one that `options` names. Where the first is a softmax, it is the scores before it, for
    /// losses take logits.
    ///
    /// # Errors
    /// As [`import`](super::import), and [`Error::Setting`] if no output depends on an input.
    pub fn read(path: &Path, options: &Options) -> Result<Self> {
        Self::of(OnnxFile::read(path)?, options)
    }

    /// As [`read`](Self::read), for a file whose bytes are in memory.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn of(file: OnnxFile, options: &Options) -> Result<Self> {
        Self::shared(&Arc::new(file), options)
    }

    /// As [`of`](Self::of), of a file that others hold too.
    pub(super) fn shared(file: &Arc<OnnxFile>, options: &Options) -> Result<Self> {
        let given = options;
        let decoded = file.model()?;
        let decoded = identities::restored(&decoded).unwrap_or(decoded);
        options.overrides.check(&decoded)?;
        let decoded = joined::joined(file, &decoded).unwrap_or(decoded);
        let found = roles::search(file, &decoded, &options.overrides).parameters;
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
        let noted = walk::lower(file, &decoded, &options, Begin::Noted)?;
        let Lowered { imported, seen, separated, .. } = noted;
        if imported.inputs.is_empty() {
            return Err(Error::Setting {
                place: "inputs".to_owned(),
                found: "none".to_owned(),
                expected: "an output that depends on an input".to_owned(),
            });
        }
        let mut network = Self {
            weights: weights(&imported),
            parameters: parameters(&imported, &found, &statistics, &separated),
            feeds: Vec::new(),
            output: Shape::default(),
            layers: Vec::new(),
            separated,
            exported: None,
            options,
            notes,
            is_part: false,
            file: Arc::clone(file),
        };
        let by_rows =
            rows(&imported).and_then(|rows| network.complete(&decoded, &imported, seen, rows));
        if let Err(why) = by_rows {
            // Among axes of one element a single row hides; two are found.
            if given.batch == 1 && has_open_rows(&decoded, &imported, given) {
                let two = Self::shared(file, &Options { batch: 2, ..given.clone() });
                if let Ok(found) = two
                    && found.exported.is_some()
                {
                    return Ok(found);
                }
            }
            network.complete_whole(&decoded, &imported, why)?;
        }
        Ok(network)
    }

    /// The same network, as part of one whose further layers were left out, or not.
    pub(super) fn marked_as_part(self, is_part: bool) -> Self {
        Self { is_part, ..self }
    }

    fn feed_by(&mut self, decoded: &onnx::Model<'_>, imported: &Imported, rows: usize) {
        let feed = |port| indices::feed(&self.file, decoded, port, rows);
        self.feeds = imported.inputs.iter().map(feed).collect();
    }

    /// Takes all that the file takes as one row, for this reason.
    fn complete_whole(
        &mut self,
        decoded: &onnx::Model<'_>,
        imported: &Imported,
        why: Error,
    ) -> Result<()> {
        self.exported = None;
        self.feed_by(decoded, imported, 0);
        if self.inputs() == 0 {
            return Err(why);
        }
        self.lower(Ground::new(self.inputs(), 1, Mode::Probe))?;
        let output = imported.graph.shape(imported.outputs[0].wire);
        self.output = if output.rank() == 0 { [1].into() } else { output.clone() };
        let axes = imported
            .inputs
            .iter()
            .map(|port| format!("\"{}\" of shape {}", port.name, port.r#type.shape));
        self.notes.push(format!(
            "one row of data is all that the file takes at once, {}, and n rows cost n passes: {why}",
            axes.collect::<Vec<String>>().join(" and ")
        ));
        self.find_layers(decoded, imported, None);
        Ok(())
    }

    fn find_layers(
        &mut self,
        decoded: &onnx::Model<'_>,
        imported: &Imported,
        other: Option<(&Imported, usize)>,
    ) {
        let rows = self.exported.as_ref().map_or(1, |exported| exported.rows);
        let (separated, parameters) = (&self.separated, &self.parameters);
        let pair = Pair { file: &self.file, one: (imported, rows), other, separated, parameters };
        let mut layers = layers::find(decoded, &pair);
        layers.retain(|layer| self.parameters[layer.weight].role.is_trained());
        self.layers = layers;
    }

    /// Finds out where rows lie, by another number of rows than the file's.
    fn complete(
        &mut self,
        decoded: &onnx::Model<'_>,
        imported: &Imported,
        nodes: Vec<Seen>,
        rows: usize,
    ) -> Result<()> {
        self.exported = Some(Exported { rows, nodes });
        self.feed_by(decoded, imported, 1);
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
        self.find_layers(decoded, imported, Some((&other, others)));
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
        let own = self.exported.iter().flat_map(|exported| &exported.nodes);
        let pairs = own.zip(seen).zip(&imported.places);
        let mut ends = pairs.filter(|((one, other), place)| {
            one.inputs != other.inputs && one.outputs == other.outputs && place.operator != "Shape"
        });
        let at = ends.next().map_or_else(String::new, |(_, place)| format!(", from {place} on"));
        format!("shape {one:?} for {rows} rows, {other:?} for {others}{at}")
    }

    fn lower(&self, ground: Ground) -> Result<Lowered> {
        let decoded = self.file.model()?;
        let decoded = identities::restored(&decoded).unwrap_or(decoded);
        let decoded = joined::joined(&self.file, &decoded).unwrap_or(decoded);
        let Ground { graph, features, rows, mode, .. } = ground;
        let share = self.exported.as_ref().map_or(1, |exported| rows / exported.rows + 1);
        let options = Options {
            batch_norm: match (self.options.batch_norm, mode) {
                (BatchNorm::File, Mode::Train | Mode::Probe) => BatchNorm::Batch,
                (BatchNorm::File, Mode::Evaluate) => BatchNorm::Running,
                (asked, _) => asked,
            },
            limit: self.options.limit.saturating_mul(share),
            ..self.options.clone()
        };
        let (weights, exported) = (&self.weights, self.exported.as_ref());
        let drops = mode == Mode::Train && self.options.drops;
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

    /// The parameters as the framework has them ([`spec::in_framework`]), in the order in which it made
    /// their modules, as libraries that draw in sequence need it; in that of the file, which is said,
    /// where the file does not tell of each, or where one tensor is a table and a last matrix, of which
    /// a program may have drawn both.
    ///
    /// # Errors
    /// None: the file was read before.
    pub fn in_module_order(&self) -> Result<(Vec<Parameter>, bool)> {
        let decoded = self.file.model()?;
        let order = roles::Signature::in_order(&decoded);
        let place = |own: &Parameter| order.iter().position(|name| *name == own.name);
        let there = spec::in_framework(&self.parameters);
        let is_split = there.contains(&None);
        let mut there: Vec<Parameter> = there.into_iter().flatten().collect();
        let mut trained = there.iter().filter(|own| own.role.is_trained());
        let is_known = !is_split && trained.all(|own| place(own).is_some());
        if is_known {
            there.sort_by_key(|own| place(own).unwrap_or(usize::MAX));
        }
        Ok((there, is_known))
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

    fn module_names(&self) -> Vec<String> {
        let Ok(decoded) = self.file.model() else { return Vec::new() };
        roles::Signature::in_order(&decoded).into_iter().map(str::to_owned).collect()
    }

    fn weights(&self) -> Option<&Weights> {
        Some(&self.weights)
    }

    fn origin(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn is_part(&self) -> bool {
        self.is_part
    }

    fn most_rows(&self) -> Option<usize> {
        self.exported.is_none().then_some(WRITTEN_OUT)
    }

    fn build(&self, ground: Ground) -> Result<Body> {
        if self.exported.is_some() {
            return self.body(ground);
        }
        let one = self.body(Ground::new(self.inputs(), 1, ground.mode))?;
        copies::written_out(one, ground)
    }
}

impl FileNetwork {
    fn body(&self, ground: Ground) -> Result<Body> {
        let rows = ground.rows;
        let Lowered { imported, running, cells, .. } = self.lower(ground)?;
        let names: Vec<String> = imported.parameters.iter().map(|own| own.name.clone()).collect();
        let same = names.iter().zip(&self.parameters).all(|(name, own)| *name == own.name);
        assert!(same && names.len() == self.parameters.len(), "parameters come in one order");
        let wires = Wires::of(&imported);
        let layers = self.layers.iter();
        let layers = layers.flat_map(|l| l.wires(&wires, &self.parameters[l.weight].axes));
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
        let cells = cells.into_iter().map(|steps| cell(&imported.graph, steps)).collect();
        let output = imported.outputs[0].wire;
        let mut graph = imported.graph;
        let axes = match self.exported {
            Some(_) => [&[rows], self.output.axes()].concat(),
            None => self.output.axes().to_vec(),
        };
        let output = if graph.shape(output).axes() == axes {
            output
        } else {
            graph.reshape(output, axes)?
        };
        let trained = (0..names.len()).filter(is_trained).collect();
        Ok(Body { graph, output, names, trained, layers, cells, running })
    }
}
