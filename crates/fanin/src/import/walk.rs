//! The walk over a model's nodes: what is needed, names, functions, branches and loops.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use fanin_engine::Wire;
use fanin_engine::graph::Source;

use crate::formats::onnx::{Attribute, ElementType, Graph, Model, Node, OnnxFile, Tensor};
use crate::{Error, Result};

use super::call::{Bindings, Call};
use super::imported::{Imported, Named, Output, Place, Port};
use super::inputs;
use super::lowering::Lowering;
use super::ops::{self, Import, Rule};
use super::options::Options;
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
    taken: HashSet<String>,
}

/// Lowers the part of `model` that the outputs asked for need.
///
/// # Errors
/// If an operator is not supported, a shape is open or does not fit, or there is too much of it.
pub(super) fn import(file: &OnnxFile, model: &Model<'_>, options: &Options) -> Result<Imported> {
    let graph = &model.graph;
    let outputs = chosen(graph, options)?;
    let needed = needed(graph, &outputs);
    let mut walk = Walk::new(Lowering::new(file, model, options));
    walk.require_support(&needed)?;
    walk.lowering.constants = constants(&needed, options);
    walk.shared = sharing::shared(graph, &needed, &walk.signature);
    let scope = Scope {
        initializers: graph.initializers.iter().map(|t| (t.name, t)).collect(),
        ..Scope::default()
    };
    walk.scopes.push(scope);
    let ports = walk.bind_inputs(graph, &needed, &outputs)?;
    let bindings = Rc::new(Bindings::new());
    for node in needed {
        walk.node(node, &bindings)?;
    }
    walk.finish(ports, &outputs)
}

fn chosen<'a>(graph: &Graph<'a>, options: &Options) -> Result<Vec<&'a str>> {
    if options.outputs.is_empty() {
        return Ok(graph.outputs.iter().map(|output| output.name).collect());
    }
    let made = || graph.nodes.iter().flat_map(|node| node.outputs.iter().copied());
    let one = |name: &String| {
        made().find(|made| made == name).ok_or_else(|| {
            let known: Vec<&str> = graph.outputs.iter().map(|output| output.name).collect();
            Error::unknown("output", name, &known)
        })
    };
    options.outputs.iter().map(one).collect()
}

/// Nodes that `outputs` need, in the order of the file.
fn needed<'b, 'a>(graph: &'b Graph<'a>, outputs: &[&'a str]) -> Vec<&'b Node<'a>> {
    let mut maker: HashMap<&str, usize> = HashMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        for name in &node.outputs {
            maker.insert(name, index);
        }
    }
    let mut keep = vec![false; graph.nodes.len()];
    let mut open: Vec<&str> = outputs.to_vec();
    while let Some(name) = open.pop() {
        if let Some(&index) = maker.get(name)
            && !std::mem::replace(&mut keep[index], true)
        {
            used(&graph.nodes[index], &mut open);
        }
    }
    graph.nodes.iter().zip(keep).filter(|(_, keep)| *keep).map(|(node, _)| node).collect()
}

/// Adds all names that a node uses, those in its branches included.
fn used<'a>(node: &Node<'a>, names: &mut Vec<&'a str>) {
    names.extend(node.inputs.iter().filter(|name| !name.is_empty()));
    for inner in node.attributes.iter().flat_map(Attribute::graphs) {
        names.extend(inner.outputs.iter().map(|output| output.name));
        for node in &inner.nodes {
            used(node, names);
        }
    }
}

/// Initializers that nodes use for nothing but settings, such as scales of a resize.
fn constants<'a>(nodes: &[&Node<'a>], options: &Options) -> HashSet<&'a str> {
    let (mut settings, mut others) = (HashSet::new(), HashSet::new());
    for node in nodes {
        let import = ops::find(node).map_or(&[][..], |import| import.settings);
        for (index, name) in node.inputs.iter().enumerate() {
            let asked = options.constants.iter().any(|constant| constant == name);
            let set = if asked || import.contains(&index) { &mut settings } else { &mut others };
            set.insert(*name);
        }
    }
    let asked = |name: &str| options.constants.iter().any(|constant| constant == name);
    settings.into_iter().filter(|name| asked(name) || !others.contains(name)).collect()
}

/// What the exporter says of a name: `PARAMETER`, `BUFFER`, …, in its list of all of them.
fn signature(model: &Model<'_>) -> HashMap<String, bool> {
    const KEY: &str = "pkg.torch.export.ExportedProgram.graph_signature";
    let Some(text) = model.graph.metadata(KEY).or_else(|| model.metadata(KEY)) else {
        return HashMap::new();
    };
    let line = |line: &str| {
        let (_, rest) = line.split_once(": ")?;
        let parameter = rest.starts_with("PARAMETER");
        let buffer = rest.starts_with("BUFFER") || rest.starts_with("CONSTANT_TENSOR");
        let (_, target) = rest.split_once("target='")?;
        let (target, _) = target.split_once('\'')?;
        (parameter || buffer).then(|| (target.to_owned(), parameter))
    };
    text.lines().filter_map(line).collect()
}

impl<'b, 'a> Walk<'b, 'a> {
    fn new(lowering: Lowering<'b, 'a>) -> Self {
        let functions = lowering.model.functions.iter().enumerate();
        let functions = functions.map(|(i, f)| ((ops::domain(f.domain), f.name, f.overload), i));
        Self {
            functions: functions.collect(),
            signature: signature(lowering.model),
            shared: HashSet::new(),
            taken: HashSet::new(),
            scopes: Vec::new(),
            calls: Vec::new(),
            places: Vec::new(),
            values: Vec::new(),
            lowering,
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
                None if ops::find(node).is_none() => unsupported.push(place(node, 0)),
                Some(_) | None => {}
            }
        }
        if unsupported.is_empty() { Ok(()) } else { Err(ops::unsupported(&unsupported)) }
    }

    fn bind_inputs(
        &mut self,
        graph: &'b Graph<'a>,
        needed: &[&Node<'a>],
        outputs: &[&'a str],
    ) -> Result<Vec<Port>> {
        let mut names = outputs.to_vec();
        for node in needed {
            used(node, &mut names);
        }
        let names: HashSet<&str> = names.into_iter().collect();
        let free: Vec<_> = graph.free_inputs().collect();
        if let Some(name) =
            self.lowering.options.inputs.keys().find(|n| free.iter().all(|f| f.name != **n))
        {
            let known: Vec<&str> = free.iter().map(|input| input.name).collect();
            return Err(Error::unknown("input", name, &known));
        }
        let named = inputs::named_axes(&free, self.lowering.options)?;
        let mut ports = Vec::new();
        for (index, input) in free.into_iter().enumerate() {
            if !names.contains(input.name) {
                continue;
            }
            if let Some(known) = self.lowering.options.known.get(input.name) {
                let element = input.tensor().map_or(ElementType::Undefined, |(kind, _)| kind);
                self.set(input.name, Value::constant(known.clone()).of(element));
                continue;
            }
            let (r#type, element) = inputs::type_of(input, &named, self.lowering.options)?;
            let wire = self.lowering.input(input.name, r#type.clone())?;
            let name = input.name.to_owned();
            ports.push(Port { name, index, wire, r#type: r#type.clone(), element });
            let value = Value { content: Content::Wire(wire), r#type, element };
            self.set(input.name, value);
        }
        Ok(ports)
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

    fn initializer(&mut self, tensor: &'b Tensor<'a>) -> Result<Value> {
        let said = self.signature.get(tensor.name).copied();
        let setting = self.lowering.constants.contains(tensor.name);
        let parameter = !setting
            && said
                .unwrap_or(!tensor.dims.is_empty() && tensor.len() > 1 || tensor.dims.len() == 1);
        self.lowering.tensor(tensor, parameter)
    }

    /// A parameter of its own for the node that uses a merged initializer.
    fn unshared(&mut self, node: &Node<'a>, index: usize, name: &'a str) -> Result<Value> {
        let whole = self.get(name)?;
        let Content::Parameter(number, _) = whole.content else { return Ok(whole) };
        let tensor = self.lowering.parameters[number].value.clone();
        let first = tensor.data().first();
        if tensor.data().iter().any(|x| Some(x) != first) {
            return Ok(whole);
        }
        let own = sharing::own_name(node, index, name);
        if own == name || !self.taken.insert(own.clone()) {
            return Ok(whole);
        }
        Ok(self.lowering.parameter(own, tensor, whole.element))
    }

    /// Lowers one node and names what it makes.
    fn node(&mut self, node: &'b Node<'a>, bindings: &Rc<Bindings<'b, 'a>>) -> Result<()> {
        let here = place(node, self.lowering.graph.nodes().len());
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
        let inputs = inputs.collect::<Result<Vec<_>>>().map_err(within)?;
        let opset = self.lowering.model.opset(node.domain).unwrap_or(1);
        let call = Call { node, inputs, opset, bindings: Rc::clone(bindings) };
        let made = match self.function(node) {
            Some(index) => self.write_out(index, &call),
            None => match ops::find(node) {
                Some(import) => require_floats(import, &call).and_then(|()| match import.rule {
                    Rule::Plain(lower) => lower(&call, &mut self.lowering),
                    Rule::Control(lower) => lower(&call, self),
                }),
                None => Err(ops::unsupported(std::slice::from_ref(&here))),
            },
        };
        let made = made.map_err(within)?;
        for (&name, value) in node.outputs.iter().zip(made).filter(|(name, _)| !name.is_empty()) {
            if let Content::Wire(wire) = value.content {
                self.values.push(Named { name: name.to_owned(), wire, place: index });
            }
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
        let values = graph.inputs.iter().map(|input| input.name).zip(inputs).collect();
        let initializers = graph.initializers.iter().map(|t| (t.name, t)).collect();
        self.enter(Scope { values, initializers, open: true })?;
        for node in &graph.nodes {
            self.node(node, bindings)?;
        }
        let made = graph.outputs.iter().map(|output| self.get(output.name)).collect();
        self.scopes.pop();
        made
    }

    fn finish(mut self, inputs: Vec<Port>, outputs: &[&'a str]) -> Result<Imported> {
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
        let Lowering { graph, parameters, .. } = self.lowering;
        let (values, places) = (self.values, self.places);
        Ok(Imported { graph, inputs, outputs: made, parameters, values, places })
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

fn require_floats(import: &Import, call: &Call<'_, '_>) -> Result<()> {
    let wrong = |index: &&usize| call.optional(**index).is_some_and(|value| !value.is_float());
    match import.floats.iter().find(wrong) {
        Some(index) => {
            let found = format!("whole numbers as input {index}");
            Err(call.refuse(found, "floating-point numbers"))
        }
        None => Ok(()),
    }
}

/// What a node is called and where it comes from.
fn place(node: &Node<'_>, start: usize) -> Place {
    let first = node.outputs.first().copied().unwrap_or_default();
    let name = if node.name.is_empty() { first } else { node.name };
    let operator = match ops::domain(node.domain) {
        "" => node.op_type.to_owned(),
        domain => format!("{domain}::{}", node.op_type),
    };
    let module = node.metadata("namespace").unwrap_or_default().to_owned();
    Place { node: name.to_owned(), operator, module, start }
}
