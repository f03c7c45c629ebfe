//! A graph of operators over wires whose shapes are known.
//!
//! A wire is a tensor that does not exist yet. Inputs and parameters are wires that a caller
//! fills; every other wire is the output of a node. Nodes stand in the order in which they were
//! added, which is an order in which they can run.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::ops::Operator;
use crate::tensor::Shape;

/// A tensor of a graph, before it has values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wire(pub(crate) usize);

/// What the elements of a wire are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The floating-point type that the graph is run in.
    Float,
    /// 64-bit integers: labels, indices, seeds.
    Integer,
    /// 32-bit integers, half as long, for what many elements keep until the way back: positions in a
    /// plane, -1 for none.
    Position,
}

/// The kind and shape of a wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// What the elements are.
    pub kind: Kind,
    /// The sizes of the axes.
    pub shape: Shape,
}

impl Type {
    /// Floating-point elements of the given shape.
    pub fn float(shape: impl Into<Shape>) -> Self {
        Self { kind: Kind::Float, shape: shape.into() }
    }

    /// Integer elements of the given shape.
    pub fn integer(shape: impl Into<Shape>) -> Self {
        Self { kind: Kind::Integer, shape: shape.into() }
    }

    /// Positions of the given shape.
    pub fn positions(shape: impl Into<Shape>) -> Self {
        Self { kind: Kind::Position, shape: shape.into() }
    }

    /// Whether the elements are floating-point numbers.
    pub fn is_float(&self) -> bool {
        self.kind == Kind::Float
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Float => write!(f, "{}", self.shape),
            Kind::Integer => write!(f, "{} of integers", self.shape),
            Kind::Position => write!(f, "{} of positions", self.shape),
        }
    }
}

/// Where a wire's values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The caller, anew for every run: the n-th input.
    Input(usize),
    /// The caller, kept between runs: the n-th parameter.
    Parameter(usize),
    /// A node, by number, and which of its outputs.
    Node(usize, usize),
}

/// One application of an operator.
#[derive(Clone, Debug)]
pub struct Node {
    /// What is applied.
    pub operator: Arc<dyn Operator>,
    /// What it is applied to.
    pub inputs: Vec<Wire>,
    /// What it gives.
    pub outputs: Vec<Wire>,
}

#[derive(Clone, Debug)]
struct WireInfo {
    r#type: Type,
    source: Source,
    name: Option<String>,
}

/// A graph of operators over wires whose shapes are known.
///
/// ```
/// use fanin_engine::{Graph, Plan, Type};
/// let mut graph = Graph::new();
/// let x = graph.input("x", Type::float([2, 3]));
/// let w = graph.parameter("w", [4, 3]);
/// let z = graph.matmul_transposed(x, w)?;
/// let plan = Plan::new(&graph, &[z])?;
/// let mut workspace = plan.workspace::<f32>();
/// workspace.feed(0).fill(1.0);
/// plan.run(&[vec![0.5; 12]], &mut workspace);
/// assert_eq!(workspace.read(0), [1.5; 8]);
/// # Ok::<(), fanin_engine::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Graph {
    wires: Vec<WireInfo>,
    nodes: Vec<Node>,
    inputs: Vec<Wire>,
    parameters: Vec<Wire>,
}

impl Graph {
    /// A graph with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// A wire that the caller fills for every run.
    pub fn input(&mut self, name: &str, r#type: Type) -> Wire {
        let wire = self.wire(r#type, Source::Input(self.inputs.len()), Some(name));
        self.inputs.push(wire);
        wire
    }

    /// A floating-point wire whose values the caller keeps between runs.
    pub fn parameter(&mut self, name: &str, shape: impl Into<Shape>) -> Wire {
        let source = Source::Parameter(self.parameters.len());
        let wire = self.wire(Type::float(shape), source, Some(name));
        self.parameters.push(wire);
        wire
    }

    /// Applies an operator with one output.
    ///
    /// # Errors
    /// If the operator does not take inputs of these types.
    pub fn apply(&mut self, operator: impl Operator + 'static, inputs: &[Wire]) -> Result<Wire> {
        let node = self.add_node(Arc::new(operator), inputs)?;
        Ok(self.nodes[node].outputs[0])
    }

    /// Applies an operator and gives all of its outputs.
    ///
    /// # Errors
    /// If the operator does not take inputs of these types.
    pub fn apply_shared(
        &mut self,
        operator: Arc<dyn Operator>,
        inputs: &[Wire],
    ) -> Result<Vec<Wire>> {
        let node = self.add_node(operator, inputs)?;
        Ok(self.nodes[node].outputs.clone())
    }

    fn add_node(&mut self, operator: Arc<dyn Operator>, inputs: &[Wire]) -> Result<usize> {
        let types: Vec<&Type> = inputs.iter().map(|&w| self.type_of(w)).collect();
        for r#type in &types {
            r#type.shape.checked_elements(operator.name())?;
        }
        let output_types = operator.infer(&types)?;
        for r#type in &output_types {
            r#type.shape.checked_elements(operator.name())?;
        }
        let node = self.nodes.len();
        let outputs: Vec<Wire> = output_types
            .into_iter()
            .enumerate()
            .map(|(i, r#type)| self.wire(r#type, Source::Node(node, i), None))
            .collect();
        self.nodes.push(Node { operator, inputs: inputs.to_vec(), outputs });
        Ok(node)
    }

    /// Gives a wire a name, for messages and reports.
    pub fn set_name(&mut self, wire: Wire, name: &str) {
        self.wires[wire.0].name = Some(name.to_owned());
    }

    /// The name of a wire: its own, or one made of its source.
    pub fn name(&self, wire: Wire) -> String {
        let info = &self.wires[wire.0];
        match (&info.name, info.source) {
            (Some(name), _) => name.clone(),
            (None, Source::Node(node, _)) => {
                format!("{} #{node}", self.nodes[node].operator.name())
            }
            (None, source) => format!("{source:?}"),
        }
    }

    /// The kind and shape of a wire.
    pub fn type_of(&self, wire: Wire) -> &Type {
        &self.wires[wire.0].r#type
    }

    /// The shape of a wire.
    pub fn shape(&self, wire: Wire) -> &Shape {
        &self.wires[wire.0].r#type.shape
    }

    /// Where a wire's values come from.
    pub fn source(&self, wire: Wire) -> Source {
        self.wires[wire.0].source
    }

    /// All nodes, in an order in which they can run.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The inputs, in the order in which they were added.
    pub fn inputs(&self) -> &[Wire] {
        &self.inputs
    }

    /// The parameters, in the order in which they were added.
    pub fn parameters(&self) -> &[Wire] {
        &self.parameters
    }

    /// The number of wires.
    pub fn wire_count(&self) -> usize {
        self.wires.len()
    }

    fn wire(&mut self, r#type: Type, source: Source, name: Option<&str>) -> Wire {
        self.wires.push(WireInfo { r#type, source, name: name.map(str::to_owned) });
        Wire(self.wires.len() - 1)
    }
}

/// An [`Error::Shape`] for an operator whose inputs do not fit.
pub(crate) fn misfit(operator: &str, inputs: &[&Type], expected: impl fmt::Display) -> Error {
    let found: Vec<String> = inputs.iter().map(ToString::to_string).collect();
    Error::Shape {
        place: operator.to_owned(),
        found: format!("input shapes {}", found.join(" and ")),
        expected: expected.to_string(),
    }
}
