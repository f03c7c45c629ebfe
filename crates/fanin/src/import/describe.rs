//! What is in a model, for people and programs.

use std::collections::HashSet;

use serde::Serialize;

use super::options::Options;
use super::{identities, joined, needs, ops, roles};
use crate::error::{Error, Result};
use crate::formats::onnx::{Dimension, Model, OnnxFile, ValueInfo};
use crate::init;

/// What is in a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Description {
    /// Which program wrote it, with its version; empty for fanin's own layers.
    pub producer: String,
    /// The version of ONNX's operators that it follows; 0 for fanin's own layers.
    pub opset: i64,
    /// What is given.
    pub inputs: Vec<Socket>,
    /// What is computed.
    pub outputs: Vec<Socket>,
    /// Operators by name, those used most first.
    pub operators: Vec<Used>,
    /// Elements of all parameters.
    pub size: usize,
    /// The parameters, in the order of the model.
    pub parameters: Vec<Line>,
    /// Floating initializers that are no parameters.
    pub constants: Vec<roles::Constant>,
    /// What a user should know of the model as a whole.
    pub notes: Vec<String>,
}

/// An input or an output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Socket {
    /// Its name.
    pub name: String,
    /// Its element type and axes, an open one by its name: `f32 batch×3×224×224`.
    pub form: String,
}

/// An operator with the number of its nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Used {
    /// Its name, behind its domain if that is not ONNX's own.
    pub name: String,
    /// How many nodes have it.
    pub nodes: usize,
    /// Whether fanin can run it.
    pub is_supported: bool,
}

/// One parameter.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Line {
    /// Its name, unique in the model.
    pub name: String,
    /// Its name in the framework, as far as the file says.
    pub framework: Option<String>,
    /// The lengths of its axes.
    pub shape: Vec<usize>,
    /// What its module does with it.
    pub role: String,
    /// Inputs that reach one unit; 0 without meaning.
    pub fan_in: usize,
    /// Units that one input reaches; 0 without meaning.
    pub fan_out: usize,
    /// The activation that follows its layer.
    pub activation: Option<String>,
    /// Its layer, counted from 1.
    pub layer: Option<usize>,
    /// Its residual block, counted from 1.
    pub block: Option<usize>,
    /// Whether it ends a residual branch.
    pub is_residual_output: bool,
    /// Which matrix of its block it is, or which lie side by side in it.
    pub components: Vec<&'static str>,
    /// The node that takes it.
    pub consumer: String,
    /// The module that it belongs to, as far as the file says.
    pub module: String,
    /// What a user should know of it.
    pub notes: Vec<String>,
}

impl From<&init::Parameter> for Line {
    fn from(parameter: &init::Parameter) -> Self {
        let place = &parameter.place;
        let number = |position: Option<init::Position>| position.map(|p| p.index + 1);
        let packed = parameter.packing.iter().flat_map(|packing| &packing.parts);
        let all = place.component.into_iter().chain(packed.map(|(component, _)| *component));
        Self {
            name: parameter.name.clone(),
            shape: parameter.shape.axes().to_vec(),
            role: parameter.role.label().to_owned(),
            fan_in: parameter.fan_in,
            fan_out: parameter.fan_out,
            activation: parameter.activation.clone(),
            layer: number(place.layer),
            block: number(place.block),
            is_residual_output: place.is_residual_output,
            components: all.map(init::Component::label).collect(),
            module: place.module.clone(),
            ..Self::default()
        }
    }
}

/// What is in an ONNX file, or in the part of it that the outputs need which `options` name;
/// operators that fanin cannot run are told, not refused.
///
/// # Errors
/// As [`roles::find`], and [`Error::Unknown`] for an input or output that the file does not have.
///
/// ```no_run
/// use fanin::formats::onnx::OnnxFile;
/// use fanin::import::{Options, describe};
/// let file = OnnxFile::read("model.onnx".as_ref())?;
/// let what = describe(&file, &file.model()?, &Options::default())?;
/// println!("{} parameters of {} elements", what.parameters.len(), what.size);
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn describe(file: &OnnxFile, model: &Model<'_>, options: &Options) -> Result<Description> {
    let restored = identities::restored(model);
    let model = restored.as_ref().unwrap_or(model);
    options.overrides.check(model)?;
    let known: Vec<&str> = model.graph.free_inputs().map(|input| input.name).collect();
    if let Some(name) = options.inputs.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(Error::unknown("input", name, &known));
    }
    let copies = joined::copies(file, model);
    let joined = joined::joined(file, model);
    let model = joined.as_ref().unwrap_or(model);
    let pruned = pruned(model, options)?;
    let model = pruned.as_ref().unwrap_or(model);
    let found = roles::search(file, model, &options.overrides);
    let notes = |found: &roles::Found| {
        let own = copies.iter().filter(|copy| copy.of == found.initializer).count();
        let also = (own > 0).then(|| format!("in the file {} times", own + 1));
        found.notes.iter().cloned().chain(also).collect()
    };
    let line = |found: &roles::Found| Line {
        framework: found.framework.clone(),
        consumer: found.consumer.clone(),
        notes: notes(found),
        ..Line::from(&found.parameter)
    };
    let producer = format!("{} {}", model.producer_name, model.producer_version);
    let operators = operators(model);
    let mut notes = found.notes;
    let missing: Vec<&str> =
        operators.iter().filter(|used| !used.is_supported).map(|used| used.name.as_str()).collect();
    if !missing.is_empty() {
        notes.push(format!(
            "operators that fanin cannot run: {}; leave them out with another output, or export \
             differently: see `fanin help export`",
            missing.join(", ")
        ));
    }
    Ok(Description {
        producer: producer.trim().to_owned(),
        opset: model.opset("").unwrap_or(0),
        inputs: model.graph.free_inputs().map(|input| given(input, options)).collect(),
        outputs: model.graph.outputs.iter().map(socket).collect(),
        operators,
        constants: found.constants,
        notes,
        ..of_lines(found.parameters.iter().map(line).collect())
    })
}

/// What is in a network of these parameters.
///
/// ```
/// let model = "4 -> 8 relu -> 2".parse()?;
/// let what = fanin::import::describe_layers(&fanin::init::parameters(&model)?);
/// assert_eq!((what.parameters.len(), what.size), (4, 58));
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn describe_layers(parameters: &[init::Parameter]) -> Description {
    of_lines(parameters.iter().map(Line::from).collect())
}

fn of_lines(parameters: Vec<Line>) -> Description {
    let elements = |line: &Line| line.shape.iter().fold(1_usize, |all, n| all.saturating_mul(*n));
    let size = parameters.iter().map(elements).fold(0_usize, usize::saturating_add);
    Description { size, parameters, ..Description::default() }
}

fn operators(model: &Model<'_>) -> Vec<Used> {
    let mut all: Vec<Used> = Vec::new();
    for node in &model.graph.nodes {
        let name = match ops::domain(node.domain) {
            "" => node.op_type.to_owned(),
            domain => format!("{domain}::{}", node.op_type),
        };
        if let Some(used) = all.iter_mut().find(|used| used.name == name) {
            used.nodes += 1;
        } else {
            let is_supported = ops::find(node).is_some() || model.function(node).is_some();
            all.push(Used { name, nodes: 1, is_supported });
        }
    }
    all.sort_by(|a, b| b.nodes.cmp(&a.nodes).then_with(|| a.name.cmp(&b.name)));
    all
}

/// The part of a model that the outputs need which are asked for; none if none is.
fn pruned<'a>(model: &Model<'a>, options: &Options) -> Result<Option<Model<'a>>> {
    if options.outputs.is_empty() {
        return Ok(None);
    }
    let mut pruned = model.clone();
    let graph = &mut pruned.graph;
    let outputs = needs::chosen(&model.graph, options)?;
    let needed = needs::needed(&model.graph, &outputs);
    let mut used: Vec<&str> = outputs.clone();
    needed.iter().for_each(|node| needs::used(node, &mut used));
    let used: HashSet<&str> = used.into_iter().collect();
    graph.nodes = needed.into_iter().cloned().collect();
    graph.initializers.retain(|tensor| used.contains(tensor.name));
    graph.inputs.retain(|input| used.contains(input.name));
    let infos = model.graph.outputs.iter().chain(&model.graph.value_infos);
    let told = |name: &&'a str| infos.clone().find(|info| info.name == *name).cloned();
    let info = |name| told(&name).unwrap_or(ValueInfo { name, ..ValueInfo::default() });
    graph.outputs = outputs.into_iter().map(info).collect();
    Ok(Some(pruned))
}

/// An input with the axes that it is asked to have.
fn given(input: &ValueInfo<'_>, options: &Options) -> Socket {
    let Some((asked, (element, _))) = options.inputs.get(input.name).zip(input.tensor()) else {
        return socket(input);
    };
    socket(&ValueInfo::of(input.name, element, asked))
}

fn socket(info: &ValueInfo<'_>) -> Socket {
    let axis = |dimension: &Dimension<'_>| match dimension {
        Dimension::Value(size) => size.to_string(),
        Dimension::Named(name) => (*name).to_owned(),
        Dimension::Unknown => "?".to_owned(),
    };
    let form = match info.tensor() {
        Some((element, Some(axes))) => {
            let axes: Vec<String> = axes.iter().map(axis).collect();
            format!("{} {}", element.name(), axes.join("×"))
        }
        Some((element, None)) => format!("{} of any shape", element.name()),
        None => "no tensor".to_owned(),
    };
    Socket { name: info.name.to_owned(), form: form.trim().to_owned() }
}
