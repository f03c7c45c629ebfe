//! The walk over a model's nodes: what is needed, names, functions, branches and loops.

mod bind;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use fanin_engine::graph::Source;
use fanin_engine::{Graph as EngineGraph, Tensor as EngineTensor, Wire};

use crate::formats::onnx::{ElementType, Graph, Model, Node, OnnxFile, Separated, Tensor};
use crate::weights::Weights;
use crate::{Error, Result};

use super::batch::{self, Beside, Exported, Seen};
use super::call::{Bindings, Call};
use super::imported::{Imported, Named, Output, Place, Port};
use super::lowering::{Lowering, Steps, Tracked};
use super::needs::{chosen, constants, needed};
use super::ops::{self, Rule};
use super::options::Options;
use super::roles::Signature;
use super::sharing;
use super::value::{Content, Value};

/// How deep functions, branches and loops may lie in each other.
const DEPTH: usize = 48;

/// Names and what they stand for, in one graph or function.
#[derive(Debug, Default)]
pub(super) struct Scope<'b, 'a> {
    values: HashMap<&'a str, Value>,
    /// Initializers that no node has used yet.
    initializers: HashMap<&'a str, &'b Tensor<'a>>,
    /// Whether names of the scope around it are known in it: so in branches, not in functions.
    open: bool,
}

/// A walk that lowers nodes one after the other.
#[derive(Debug)]
pub struct Walk<'b, 'a> {
    /// The graph that is made.
    pub lowering: Lowering<'b, 'a>,
    scopes: Vec<Scope<'b, 'a>>,
    /// Functions that are being written out, by their place in the model.
    calls: Vec<usize>,
    places: Vec<Place>,
    values: Vec<Named>,
    functions: HashMap<(&'a str, &'a str, &'a str), usize>,
    /// Which names the exporter calls parameters, and which buffers.
    signature: HashMap<String, bool>,
    /// Initializers that are taken apart, one for each node.
    shared: HashSet<&'a str>,
    separated: Vec<Separated>,
    /// Running statistics that are buffers.
    tracked: HashSet<&'a str>,
    taken: HashSet<String>,
    /// What initializers have become, by their place.
    read: HashMap<*const Tensor<'a>, Value>,
    /// What every node saw, where that is asked for.
    notes: Option<Vec<Seen>>,
}

/// What a lowering begins with.
#[derive(Debug)]
pub(super) enum Begin<'b> {
    /// Nothing: every input of the model is one of the graph.
    Inputs,
    /// As `Inputs`, to learn what every node sees, with running statistics as buffers.
    Noted,
    /// A graph with features, (rows, columns), that hold all inputs, one after another; one row is
    /// all that the file takes, if nothing is known of its own batch.
    Features(Onto<'b>),
}

/// A graph that has been begun, and what is known of the model.
#[derive(Debug)]
pub(super) struct Onto<'b> {
    pub graph: EngineGraph,
    pub features: Wire,
    pub rows: usize,
    pub weights: &'b Weights,
    pub drops: bool,
    pub exported: Option<&'b Exported>,
}

/// What became of a model.
#[derive(Debug)]
pub(super) struct Lowered {
    pub imported: Imported,
    pub running: Vec<Tracked>,
    pub cells: Vec<Steps>,
    pub seen: Vec<Seen>,
    /// Uses of merged initializers that got one of their own.
    pub separated: Vec<Separated>,
}

/// Lowers the part of `model` that the outputs asked for need.
///
/// # Errors
/// If an operator is not supported, a shape is open or does not fit, or there is too much of it.
pub(super) fn lower<'b>(
    file: &'b OnnxFile,
    model: &'b Model<'_>,
    options: &'b Options,
    begin: Begin<'b>,
) -> Result<Lowered> {
    let graph = &model.graph;
    let outputs = chosen(graph, options)?;
    let needed = needed(graph, &outputs);
    let mut walk = Walk::new(Lowering::new(file, model, options));
    walk.require_support(&needed)?;
    let features = walk.begin(begin);
    walk.lowering.constants = constants(&needed, options);
    walk.tracked = if walk.lowering.tracks { sharing::tracked(&needed) } else { HashSet::new() };
    walk.shared = sharing::shared(graph, &needed, &walk.signature, walk.lowering.tracks);
    let scope = Scope {
        initializers: graph.initializers.iter().map(|t| (t.name, t)).collect(),
        ..Scope::default()
    };
    walk.scopes.push(scope);
    let ports = walk.bind_inputs(graph, &needed, &outputs, features)?;
    let bindings = Rc::new(Bindings::new());
    for node in needed {
        walk.node(node, &bindings)?;
    }
    walk.finish(ports, &outputs)
}

impl<'b, 'a> Walk<'b, 'a> {
    fn new(lowering: Lowering<'b, 'a>) -> Self {
        let functions = lowering.model.functions.iter().enumerate();
        let functions = functions.map(|(i, f)| ((ops::domain(f.domain), f.name, f.overload), i));
        Self {
            functions: functions.collect(),
            signature: Signature::of(lowering.model).0,
            shared: HashSet::new(),
            separated: Vec::new(),
            tracked: HashSet::new(),
            taken: HashSet::new(),
            read: HashMap::new(),
            notes: None,
            scopes: Vec::new(),
            calls: Vec::new(),
            places: Vec::new(),
            values: Vec::new(),
            lowering,
        }
    }

    /// Takes over what a lowering begins with; gives the features, if inputs are parts of them, and
    /// how many rows these have, if not one that is all of the inputs.
    fn begin(&mut self, begin: Begin<'b>) -> Option<(Wire, Option<usize>)> {
        match begin {
            Begin::Inputs => None,
            Begin::Noted => {
                self.lowering.tracks = true;
                self.notes = Some(Vec::new());
                None
            }
            Begin::Features(onto) => {
                self.notes = Some(Vec::new());
                let lowering = &mut self.lowering;
                (lowering.tracks, lowering.drops) = (true, onto.drops);
                lowering.graph = onto.graph;
                lowering.weights = Some(onto.weights);
                lowering.exported = onto.exported.map(|exported| (exported, onto.rows));
                Some((onto.features, onto.exported.map(|_| onto.rows)))
            }
        }
    }

    fn function(&self, node: &Node<'_>) -> Option<usize> {
        let key = (ops::domain(node.domain), node.op_type, node.overload);
        self.functions.get(&key).copied()
    }

    /// Refuses at once all nodes whose operators are not supported.
    fn require_support(&self, nodes: &[&Node<'a>]) -> Result<()> {
        let mut unsupported = Vec::new();
        let mut seen = HashSet::new();
        let mut open: Vec<&Node<'a>> = nodes.iter().rev().copied().collect();
        while let Some(node) = open.pop() {
            match self.function(node) {
                Some(index) if seen.insert(index) => {
                    open.extend(self.lowering.model.functions[index].nodes.iter().rev());
                }
                None if ops::find(node).is_none() => unsupported.push(Place::of(node, 0)),
                Some(_) | None => {}
            }
        }
        if unsupported.is_empty() { Ok(()) } else { Err(ops::unsupported(&unsupported)) }
    }

    fn set(&mut self, name: &'a str, value: Value) {
        let scope = self.scopes.last_mut().expect("a walk is inside a graph");
        scope.values.insert(name, value);
    }

    /// What a name stands for; an initializer is read when it is first asked for.
    pub(super) fn get(&mut self, name: &'a str) -> Result<Value> {
        for index in (0..self.scopes.len()).rev() {
            let scope = &self.scopes[index];
            if let Some(value) = scope.values.get(name) {
                return Ok(value.clone());
            }
            if let Some(&tensor) = scope.initializers.get(name) {
                let value = self.initializer(tensor)?;
                self.scopes[index].values.insert(name, value.clone());
                return Ok(value);
            }
            if !scope.open {
                break;
            }
        }
        Err(Error::Setting {
            place: format!("value \"{name}\""),
            found: "nothing that makes it before it is used".to_owned(),
            expected: "an input, an initializer or the output of an earlier node".to_owned(),
        })
    }

    /// A tensor of the file; one inside a loop's body is the same in every round.
    fn initializer(&mut self, tensor: &'b Tensor<'a>) -> Result<Value> {
        if let Some(made) = self.read.get(&std::ptr::from_ref(tensor)) {
            return Ok(made.clone());
        }
        let made = self.fresh(tensor)?;
        self.read.insert(std::ptr::from_ref(tensor), made.clone());
        Ok(made)
    }

    fn fresh(&mut self, tensor: &'b Tensor<'a>) -> Result<Value> {
        let asked = self.lowering.options.overrides.is_parameter(tensor.name);
        let said = self.signature.get(tensor.name).copied();
        let setting = self.lowering.constants.contains(tensor.name);
        let usual = !tensor.dims.is_empty() && tensor.len() > 1 || tensor.dims.len() == 1;
        let tracked = self.tracked.contains(tensor.name);
        let told = asked.unwrap_or(!setting && said.unwrap_or(usual));
        let parameter = tracked || told;
        self.lowering.tensor(tensor, parameter)
    }

    /// A parameter of its own for the node that uses a merged initializer.
    fn unshared(&mut self, node: &Node<'a>, input: usize, name: &'a str) -> Result<Value> {
        let own = sharing::own_name(node, input, name);
        let Some((tensor, element)) = self.merged(name)?.filter(|_| own != name) else {
            return self.get(name);
        };
        if !self.taken.insert(own.clone()) {
            return self.get(name);
        }
        let nodes = &self.lowering.model.graph.nodes;
        if let Some(node) = nodes.iter().position(|other| std::ptr::eq(other, node)) {
            let initializer = name.to_owned();
            self.separated.push(Separated { initializer, node, input, name: own.clone() });
        }
        Ok(self.lowering.parameter(own, tensor, element))
    }

    /// The elements of an initializer, if all are the same.
    fn merged(&self, name: &str) -> Result<Option<(EngineTensor<f32>, ElementType)>> {
        let scopes = self.scopes.iter().rev();
        let mut tensors = scopes.filter_map(|scope| scope.initializers.get(name));
        let Some(tensor) = tensors.next() else { return Ok(None) };
        let Some(data) = self.lowering.file.elements(tensor)?.to_f32() else { return Ok(None) };
        if data.iter().any(|x| Some(x) != data.first()) {
            return Ok(None);
        }
        Ok(Some((EngineTensor::new(tensor.dims.clone(), data)?, tensor.element_type)))
    }

    /// Lowers one node and names what it makes.
    fn node(&mut self, node: &'b Node<'a>, bindings: &Rc<Bindings<'b, 'a>>) -> Result<()> {
        let here = Place::of(node, self.lowering.graph.nodes().len());
        let within = |mistake: Error| match mistake {
            Error::Within { .. } | Error::Unsupported { .. } => mistake,
            plain => Error::Within { place: here.to_string(), mistake: Box::new(plain) },
        };
        let index = self.places.len();
        self.places.push(here.clone());
        self.lowering.work().map_err(within)?;
        let inputs = node.inputs.iter().enumerate().map(|(index, name)| match *name {
            "" => Ok(None),
            name if self.shared.contains(name) => self.unshared(node, index, name).map(Some),
            name => self.get(name).map(Some),
        });
        let mut inputs = inputs.collect::<Result<Vec<_>>>().map_err(within)?;
        let beside = self.beside(index);
        if let Some(beside) = beside.filter(|_| ops::find(node).is_some_and(|import| import.meets))
        {
            beside.fit(&mut inputs, &mut self.lowering).map_err(within)?;
        }
        let opset = self.lowering.model.opset(node.domain).unwrap_or(1);
        let call = Call { node, inputs, opset, bindings: Rc::clone(bindings), beside };
        let made = match self.function(node) {
            Some(index) => self.write_out(index, &call),
            None => match ops::find(node) {
                Some(import) => import.require_floats(&call).and_then(|()| match import.rule {
                    Rule::Plain(lower) => lower(&call, &mut self.lowering),
                    Rule::Control(lower) => lower(&call, self),
                }),
                None => Err(ops::unsupported(std::slice::from_ref(&here))),
            },
        };
        let made = made.map_err(within)?;
        self.note(index, &call, &made);
        self.lowering.pass_on(&call.inputs, &made);
        for (&name, value) in node.outputs.iter().zip(made).filter(|(name, _)| !name.is_empty()) {
            self.keep(name, &value, index);
            self.set(name, value);
        }
        let missing = |name: &&&str| !name.is_empty() && !self.has(name);
        match node.outputs.iter().find(missing) {
            Some(name) => Err(within(Error::Setting {
                place: format!("output \"{name}\""),
                found: "an output that is not computed".to_owned(),
                expected: "fewer outputs".to_owned(),
            })),
            None => Ok(()),
        }
    }

    /// Keeps where a value lies; functions are called by several nodes, and their names serve each.
    fn keep(&mut self, name: &str, value: &Value, place: usize) {
        if let (Content::Wire(wire), true) = (&value.content, self.calls.is_empty()) {
            self.values.push(Named { name: name.to_owned(), wire: *wire, place });
        }
    }

    /// The node of this number in the lowering with the file's own batch.
    fn beside(&self, place: usize) -> Option<Beside<'b>> {
        let (exported, rows) = self.lowering.exported?;
        let seen = exported.nodes.get(place)?;
        (rows != exported.rows).then_some(Beside { seen, exported: exported.rows, rows })
    }

    /// Keeps the shapes that a node saw.
    fn note(&mut self, place: usize, call: &Call<'b, 'a>, made: &[Value]) {
        let Some(notes) = &mut self.notes else { return };
        let axes = |value: &Value| value.axes().to_vec();
        let target = call
            .optional(1)
            .and_then(Value::known)
            .and_then(|array| batch::literal(array.integers()));
        notes.resize(notes.len().max(place + 1), Seen::default());
        notes[place] = Seen {
            inputs: call.inputs.iter().map(|value| value.as_ref().map(axes)).collect(),
            outputs: made.iter().map(axes).collect(),
            target,
        };
    }

    fn has(&self, name: &str) -> bool {
        self.scopes.last().is_some_and(|scope| scope.values.contains_key(name))
    }

    fn enter(&mut self, scope: Scope<'b, 'a>) -> Result<()> {
        if self.scopes.len() >= DEPTH {
            return Err(Error::Setting {
                place: "functions, branches and loops".to_owned(),
                found: format!("more than {DEPTH} inside each other"),
                expected: format!("at most {DEPTH}"),
            });
        }
        self.scopes.push(scope);
        Ok(())
    }

    /// Lowers the nodes of a function in the place of a call of it.
    fn write_out(&mut self, index: usize, call: &Call<'b, 'a>) -> Result<Vec<Value>> {
        let model: &'b Model<'a> = self.lowering.model;
        let function = &model.functions[index];
        if self.calls.contains(&index) {
            return Err(call.refuse("a function that calls itself", "one that ends"));
        }
        let values = function.inputs.iter().zip(&call.inputs);
        let values = values.filter_map(|(name, value)| Some((*name, value.clone()?))).collect();
        self.enter(Scope { values, ..Scope::default() })?;
        self.calls.push(index);
        let mut bindings: Bindings<'b, 'a> =
            function.default_attributes.iter().map(|a| (a.name, a)).collect();
        for own in &call.node.attributes {
            if let Some(attribute) = call.attribute(own.name) {
                bindings.insert(own.name, attribute);
            }
        }
        let bindings = Rc::new(bindings);
        for node in &function.nodes {
            self.node(node, &bindings)?;
        }
        let made = function.outputs.iter().map(|name| self.get(name)).collect();
        self.calls.pop();
        self.scopes.pop();
        made
    }

    /// Lowers a graph inside a node: a branch, or the body of a loop.
    ///
    /// # Errors
    /// If one of its nodes cannot be lowered.
    pub(super) fn inner(
        &mut self,
        graph: &'b Graph<'a>,
        inputs: Vec<Value>,
        bindings: &Rc<Bindings<'b, 'a>>,
    ) -> Result<Vec<Value>> {
        let place = self.places.len() - 1;
        let mut values = HashMap::new();
        for (input, value) in graph.inputs.iter().zip(inputs) {
            self.keep(input.name, &value, place);
            values.insert(input.name, value);
        }
        let initializers = graph.initializers.iter().map(|t| (t.name, t)).collect();
        self.enter(Scope { values, initializers, open: true })?;
        for node in &graph.nodes {
            self.node(node, bindings)?;
        }
        let made = graph.outputs.iter().map(|output| self.get(output.name)).collect();
        self.scopes.pop();
        made
    }

    fn finish(mut self, inputs: Vec<Port>, outputs: &[&'a str]) -> Result<Lowered> {
        let mut made = Vec::new();
        for name in outputs {
            let value = self.get(name)?;
            let wire = self.lowering.wire(&value)?;
            made.push(Output {
                name: (*name).to_owned(),
                wire: self.computed(wire)?,
                element: value.element,
            });
        }
        let Lowering { graph, parameters, running, cells, .. } = self.lowering;
        let (values, places) = (self.values, self.places);
        Ok(Lowered {
            imported: Imported { graph, inputs, outputs: made, parameters, values, places },
            running,
            cells,
            seen: self.notes.unwrap_or_default(),
            separated: self.separated,
        })
    }

    /// The same values as the output of a node, so that a plan can be asked for them.
    fn computed(&mut self, wire: Wire) -> Result<Wire> {
        let graph = &mut self.lowering.graph;
        if let Source::Node(..) = graph.source(wire) {
            return Ok(wire);
        }
        let shape = graph.shape(wire).clone();
        Ok(graph.reshape(wire, shape)?)
    }
}
