//! The engine's graph while it is made of a model's nodes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use fanin_engine::{Array, Graph, Kind, Shape, Type, Wire, evaluate};

use crate::formats::onnx::{ElementType, Elements, Model, OnnxFile, Tensor};
use crate::init::Component;
use crate::spec::Squash;
use crate::weights::Weights;
use crate::{Error, Result};

use super::batch::{Exported, Within};
use super::imported::Parameter;
use super::options::Options;
use super::value::{Content, Value, usual};

/// The most nodes that may be lowered, those of functions and loops counted each time.
const WORK: usize = 1 << 20;

/// The engine's graph while it is made of a model's nodes.
#[derive(Debug)]
pub struct Lowering<'b, 'a> {
    /// What the caller decided.
    pub options: &'b Options,
    pub(super) file: &'b OnnxFile,
    pub(super) model: &'b Model<'a>,
    pub(super) graph: Graph,
    pub(super) parameters: Vec<Parameter>,
    /// Initializers that are no parameters whatever their type.
    pub(super) constants: HashSet<&'a str>,
    literals: HashMap<*const Array, Wire>,
    /// Nodes of the graph whose outputs have been counted against the limit.
    counted: usize,
    elements: usize,
    work: usize,
    /// How many random nodes have been drawn.
    pub(super) draws: u64,
    /// Values of parameters that are kept elsewhere, by name: they are not read again.
    pub(super) weights: Option<&'b Weights>,
    /// Whether running statistics are buffers that training keeps up, not constants.
    pub(super) tracks: bool,
    /// Whether dropout is on where the file asks for it.
    pub(super) drops: bool,
    clock: Option<Wire>,
    /// The statistics of the batch that are to be tracked.
    pub(super) running: Vec<Tracked>,
    /// Recurrent cells, direction by direction.
    pub(super) cells: Vec<Steps>,
    /// What the nodes saw in a lowering with the file's own batch.
    pub(super) exported: Option<(&'b Exported, usize)>,
    /// How rows lie in a value; none if they have an axis of their own.
    within: HashMap<Wire, Option<Within>>,
}

/// A batch's own statistic, and the parameter that tracks it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tracked {
    pub parameter: usize,
    pub batch: Wire,
    /// Elements that it was taken over.
    pub count: usize,
}

/// A recurrent cell in one direction with all its steps, as
/// [`CellWires`](crate::spec::CellWires).
#[derive(Clone, Debug)]
pub(super) struct Steps {
    pub module: String,
    pub gates: &'static [Component],
    pub squashes: Vec<Option<Squash>>,
    pub input_weight: Wire,
    pub state_weight: Wire,
    pub input: Wire,
    pub pre_activation: Wire,
    pub added: Wire,
    pub states: Wire,
    pub is_reversed: bool,
}

impl<'b, 'a> Lowering<'b, 'a> {
    pub(super) fn new(file: &'b OnnxFile, model: &'b Model<'a>, options: &'b Options) -> Self {
        Self {
            options,
            file,
            model,
            graph: Graph::new(),
            parameters: Vec::new(),
            constants: HashSet::new(),
            literals: HashMap::new(),
            counted: 0,
            elements: 0,
            work: 0,
            draws: 0,
            weights: None,
            tracks: false,
            drops: false,
            clock: None,
            running: Vec::new(),
            cells: Vec::new(),
            exported: None,
            within: HashMap::new(),
        }
    }

    /// What engine operators make of values: computed now if all are known, else added to the
    /// graph.
    ///
    /// `build` names the wires that it gives; it may run on a graph of its own.
    ///
    /// # Errors
    /// What `build` gives back, or if there are more elements than the limit.
    pub fn apply_many(
        &mut self,
        inputs: &[&Value],
        build: impl FnOnce(&mut Graph, &[Wire]) -> fanin_engine::Result<Vec<Wire>>,
    ) -> Result<Vec<Value>> {
        let known: Option<Vec<&Array>> = inputs.iter().map(|v| v.known().map(|a| &**a)).collect();
        if let Some(arrays) = known {
            let limit = self.options.limit.saturating_sub(self.elements);
            let made = evaluate::compute(&arrays, limit, build)?;
            let element = inputs.first().map(|v| (v.r#type.kind, v.element));
            let values = made.into_iter().map(|array| {
                let value = Value::constant(array);
                match element {
                    Some((kind, element)) if kind == value.r#type.kind => value.of(element),
                    _ => value,
                }
            });
            let values: Vec<Value> = values.collect();
            for value in &values {
                self.count(sound(value.shape())?)?;
            }
            return Ok(values);
        }
        let wires = inputs.iter().map(|v| self.wire(v)).collect::<Result<Vec<Wire>>>()?;
        let outputs = build(&mut self.graph, &wires)?;
        self.count_wires()?;
        Ok(outputs.into_iter().map(|wire| self.value_of(wire, inputs.first().copied())).collect())
    }

    /// As [`apply_many`](Self::apply_many), for one result.
    ///
    /// # Errors
    /// As [`apply_many`](Self::apply_many).
    pub fn apply(
        &mut self,
        inputs: &[&Value],
        build: impl FnOnce(&mut Graph, &[Wire]) -> fanin_engine::Result<Wire>,
    ) -> Result<Value> {
        let mut made = self.apply_many(inputs, |graph, wires| Ok(vec![build(graph, wires)?]))?;
        Ok(made.remove(0))
    }

    fn value_of(&self, wire: Wire, like: Option<&Value>) -> Value {
        let r#type = self.graph.type_of(wire).clone();
        let element = match like {
            Some(like) if like.r#type.kind == r#type.kind => like.element,
            _ => usual(r#type.kind),
        };
        Value { content: Content::Wire(wire), r#type, element }
    }

    /// The value as a wire; a known array becomes a constant of the graph.
    ///
    /// # Errors
    /// If the value is a sequence.
    pub fn wire(&mut self, value: &Value) -> Result<Wire> {
        match &value.content {
            Content::Wire(wire) | Content::Parameter(_, wire) => Ok(*wire),
            Content::Constant(array) => {
                if let Some(wire) = self.literals.get(&Arc::as_ptr(array)) {
                    return Ok(*wire);
                }
                // The node holds the array, so its address stays taken.
                let wire = self.graph.literal(Arc::clone(array))?;
                self.literals.insert(Arc::as_ptr(array), wire);
                Ok(wire)
            }
            Content::Sequence(_) => Err(Error::Setting {
                place: "a value".to_owned(),
                found: "a sequence".to_owned(),
                expected: "a tensor".to_owned(),
            }),
        }
    }

    /// The elements of a value that must be known when the model is read.
    ///
    /// # Errors
    /// If they depend on inputs or are computed of parameters.
    pub fn constant(&self, value: &Value, what: &str) -> Result<Arc<Array>> {
        match &value.content {
            Content::Constant(array) => Ok(Arc::clone(array)),
            Content::Parameter(index, _) => {
                let own = &self.parameters[*index];
                let kept = self.weights.and_then(|weights| weights.get(&own.name));
                let tensor = kept.unwrap_or(&own.value);
                let wide = tensor.data().iter().map(|x| f64::from(*x)).collect();
                Ok(Arc::new(Array::float(tensor.shape().clone(), wide)?))
            }
            _ => Err(Error::Setting {
                place: what.to_owned(),
                found: "values that depend on the inputs".to_owned(),
                expected: "values that are known when the model is read; try `fanin run --output-name NAME` to \
                           leave out this part"
                    .to_owned(),
            }),
        }
    }

    /// Whole numbers that must be known when the model is read.
    ///
    /// # Errors
    /// As [`constant`](Self::constant), or if they are not whole numbers.
    pub fn integers(&self, value: &Value, what: &str) -> Result<Vec<i64>> {
        let array = self.constant(value, what)?;
        array.integers().map(<[i64]>::to_vec).ok_or_else(|| Error::Setting {
            place: what.to_owned(),
            found: "floating-point numbers".to_owned(),
            expected: "whole numbers".to_owned(),
        })
    }

    /// Floating-point numbers that must be known when the model is read.
    ///
    /// # Errors
    /// As [`constant`](Self::constant).
    pub fn numbers(&self, value: &Value, what: &str) -> Result<Vec<f64>> {
        let array = self.constant(value, what)?;
        Ok(match (array.floats(), array.integers()) {
            (Some(floats), _) => floats.to_vec(),
            (_, integers) => integers.unwrap_or_default().iter().map(|n| *n as f64).collect(),
        })
    }

    /// One number that must be known when the model is read.
    ///
    /// # Errors
    /// As [`constant`](Self::constant), or if there is not exactly one.
    pub fn number(&self, value: &Value, what: &str) -> Result<f64> {
        match self.numbers(value, what)?[..] {
            [number] => Ok(number),
            ref other => Err(Error::Setting {
                place: what.to_owned(),
                found: format!("{} elements", other.len()),
                expected: "one".to_owned(),
            }),
        }
    }

    /// An array of one value throughout, as a constant.
    ///
    /// # Errors
    /// If it has more elements than the limit.
    pub fn filled(&mut self, shape: impl Into<Shape>, value: f64) -> Result<Value> {
        let shape = shape.into();
        let elements = shape.checked_elements("a constant")?;
        self.count(elements)?;
        Ok(Value::constant(Array::float(shape, vec![value; elements])?))
    }

    /// Whole numbers along one axis, as a constant.
    ///
    /// # Errors
    /// None: they are well formed.
    pub fn whole(&mut self, numbers: Vec<i64>) -> Result<Value> {
        Ok(Value::constant(Array::integer([numbers.len()], numbers)?))
    }

    /// The value of a tensor of the file; `parameter` makes floating numbers a parameter.
    pub(super) fn tensor(&mut self, tensor: &Tensor<'_>, parameter: bool) -> Result<Value> {
        let shape = Shape::from(&tensor.dims[..]);
        shape.checked_elements(tensor.name)?;
        self.count(tensor.len())?;
        let element = tensor.element_type;
        if parameter && self.weights.is_some_and(|weights| weights.get(tensor.name).is_some()) {
            return self.kept_parameter(tensor.name, shape, element);
        }
        let elements = self.file.elements(tensor)?;
        if parameter && element.is_float() {
            let data = match elements {
                Elements::F32(data) => data,
                other => other.to_f32().unwrap_or_default(),
            };
            let value = fanin_engine::Tensor::new(shape, data)?;
            return Ok(self.parameter(tensor.name.to_owned(), value, element));
        }
        let array = if element.is_float() {
            elements.to_f64().map(|data| Array::float(shape, data))
        } else {
            elements.to_i64().map(|data| Array::integer(shape, data))
        };
        match array {
            Some(array) => Ok(Value::constant(array?).of(element)),
            None => Err(Error::Setting {
                place: format!("tensor \"{}\"", tensor.name),
                found: format!("elements of type {element}"),
                expected: "floating numbers, whole numbers or booleans".to_owned(),
            }),
        }
    }

    /// A parameter of the graph whose value is kept elsewhere.
    fn kept_parameter(&mut self, name: &str, shape: Shape, element: ElementType) -> Result<Value> {
        let wire = self.graph.parameter(name, shape.clone());
        let value = fanin_engine::Tensor::new([0], Vec::new())?;
        self.parameters.push(Parameter { name: name.to_owned(), wire, value });
        let content = Content::Parameter(self.parameters.len() - 1, wire);
        Ok(Value { content, r#type: Type::float(shape), element })
    }

    /// A parameter of the graph.
    pub(super) fn parameter(
        &mut self,
        name: String,
        value: fanin_engine::Tensor,
        element: ElementType,
    ) -> Value {
        let shape = value.shape().clone();
        let wire = self.graph.parameter(&name, shape.clone());
        self.parameters.push(Parameter { name, wire, value });
        let content = Content::Parameter(self.parameters.len() - 1, wire);
        Value { content, r#type: Type::float(shape), element }
    }

    /// How the rows of a value lie, if they have no axis of their own.
    pub(super) fn within(&self, value: &Value) -> Option<Within> {
        let Content::Wire(wire) = &value.content else { return None };
        self.within.get(wire).copied().flatten()
    }

    /// Notes how the rows of a value lie.
    pub(super) fn lies_within(&mut self, value: &Value, within: Option<Within>) {
        if let Content::Wire(wire) = &value.content {
            self.within.insert(*wire, within);
        }
    }

    /// Notes the same of what a node makes of values, unless its own rule did.
    pub(super) fn pass_on(&mut self, inputs: &[Option<Value>], made: &[Value]) {
        if self.within.is_empty() {
            return;
        }
        for input in inputs.iter().flatten() {
            let Some(within) = self.within(input) else { continue };
            for value in made {
                let is_noted =
                    matches!(&value.content, Content::Wire(w) if self.within.contains_key(w));
                if !is_noted {
                    let after = within.after(input.axes(), value.axes());
                    self.lies_within(value, Some(after));
                }
            }
        }
    }

    /// Notes that the parameter behind a value tracks a statistic of the batch.
    pub(super) fn track(&mut self, value: &Value, batch: Wire, count: usize) {
        if let (true, Content::Parameter(parameter, _)) = (self.tracks, &value.content) {
            self.running.push(Tracked { parameter: *parameter, batch, count });
        }
    }

    /// Seed and step, two integers that dropout is drawn from; none where it is off.
    pub(super) fn clock(&mut self) -> Option<Wire> {
        if self.drops && self.clock.is_none() {
            self.clock = Some(self.graph.input("clock", Type::integer([2])));
        }
        self.clock
    }

    /// An input of the graph.
    pub(super) fn input(&mut self, name: &str, r#type: Type) -> Result<Wire> {
        r#type.shape.checked_elements(name)?;
        let elements = sound(&r#type.shape)?;
        self.count(elements)?;
        Ok(self.graph.input(name, r#type))
    }

    /// Counts a node that is lowered.
    pub(super) fn work(&mut self) -> Result<()> {
        self.work += 1;
        if self.work > WORK {
            return Err(Error::Setting {
                place: "the model, with functions and loops written out".to_owned(),
                found: format!("more than {WORK} nodes"),
                expected: format!(
                    "at most {WORK}; try `fanin run --output-name NAME` to leave out a part"
                ),
            });
        }
        Ok(())
    }

    /// Counts elements of constants against the limit.
    pub(super) fn count(&mut self, elements: usize) -> Result<()> {
        self.elements = self.elements.saturating_add(elements);
        if self.elements > self.options.limit {
            return Err(Error::Setting {
                place: "all values of the model together".to_owned(),
                found: format!("{} elements or more", self.elements),
                expected: format!(
                    "at most {}; a smaller input, or a higher limit by `--max-elements`",
                    self.options.limit
                ),
            });
        }
        Ok(())
    }

    fn count_wires(&mut self) -> Result<()> {
        let mut new = 0_usize;
        for &wire in self.graph.nodes()[self.counted..].iter().flat_map(|node| &node.outputs) {
            new = new.saturating_add(sound(self.graph.shape(wire))?);
        }
        self.counted = self.graph.nodes().len();
        self.count(new)
    }

    /// A scalar of the kind of `like`.
    ///
    /// # Errors
    /// None: a scalar is well formed.
    pub fn scalar_like(&mut self, like: &Value, number: f64) -> Result<Value> {
        let array = match like.r#type.kind {
            Kind::Float => Array::float([], vec![number])?,
            Kind::Integer | Kind::Position => Array::integer([], vec![number as i64])?,
        };
        Ok(Value::constant(array).of(like.element))
    }
}

/// The number of elements of a shape whose axes can be multiplied in any order without overflow,
/// also where one of them is empty.
fn sound(shape: &Shape) -> Result<usize> {
    let most = shape.axes().iter().try_fold(1_usize, |n, axis| n.checked_mul((*axis).max(1)));
    match most {
        Some(most) if most <= fanin_engine::tensor::MAX_ELEMENTS => Ok(shape.elements()),
        _ => Err(Error::Setting {
            place: "the shape of a value".to_owned(),
            found: shape.to_string(),
            expected: "axes whose product is at most 2⁴⁰".to_owned(),
        }),
    }
}
