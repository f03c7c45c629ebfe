//! A model of a file as the engine can run it.

use fanin_engine::{Graph, Tensor, Type, Wire};

use crate::formats::onnx::{ElementType, Node};

use super::ops;

/// A model of a file as the engine can run it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The computation.
    pub graph: Graph,
    /// What a caller fills for every run, in the order of the file.
    pub inputs: Vec<Port>,
    /// What is computed, in the order in which it was asked for.
    pub outputs: Vec<Output>,
    /// Floating initializers, in the order of their first use.
    pub parameters: Vec<Parameter>,
    /// Where every value of the file that the graph computes lies, in the order of the file.
    pub values: Vec<Named>,
    /// The nodes of the file that were lowered, functions and loops written out.
    pub places: Vec<Place>,
}

/// An input of an imported model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name in the file.
    pub name: String,
    /// Its place among the inputs of the file.
    pub index: usize,
    /// The wire to fill.
    pub wire: Wire,
    /// Kind and shape.
    pub r#type: Type,
    /// The type of its elements in the file.
    pub element: ElementType,
}

/// An output of an imported model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its name in the file.
    pub name: String,
    /// The wire that holds it; never an input or parameter itself.
    pub wire: Wire,
    /// The type of its elements in the file.
    pub element: ElementType,
}

/// A floating initializer that is a parameter of the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in the file.
    pub name: String,
    /// The graph's parameter.
    pub wire: Wire,
    /// Its shape and value in the file.
    pub value: Tensor<f32>,
}

/// A value of the file that the graph computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name in the file.
    pub name: String,
    /// Where it lies.
    pub wire: Wire,
    /// The node that makes it, in [`places`](Imported::places).
    pub place: usize,
}

/// A node of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its name; may be empty.
    pub node: String,
    /// Its operator: `Conv`, `Gemm`, …
    pub operator: String,
    /// The module that it was exported from, as far as the file says.
    pub module: String,
    /// The number of the engine's nodes before it; those up to the next place are its own.
    pub start: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "node \"{}\" ({}", self.node, self.operator)?;
        if !self.module.is_empty() {
            write!(f, ", in {}", self.module)?;
        }
        f.write_str(")")
    }
}

impl Place {
    /// What a node is called and where it comes from.
    pub(super) fn of(node: &Node<'_>, start: usize) -> Self {
        let first = node.outputs.first().copied().unwrap_or_default();
        let name = if node.name.is_empty() { first } else { node.name };
        let operator = match ops::domain(node.domain) {
            "" => node.op_type.to_owned(),
            domain => format!("{domain}::{}", node.op_type),
        };
        let module = node.metadata("namespace").unwrap_or_default().to_owned();
        Self { node: name.to_owned(), operator, module, start }
    }
}

impl Imported {
    /// The parameter called `name`.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// The values of all parameters, in the graph's order; what is left behind has none.
    pub fn take_parameters(&mut self) -> Vec<Vec<f32>> {
        let take = |parameter: &mut Parameter| {
            let nothing = Tensor::new([0], Vec::new()).expect("no elements fit no places");
            std::mem::replace(&mut parameter.value, nothing).into_data()
        };
        self.parameters.iter_mut().map(take).collect()
    }

    /// The place that a node of the engine's graph comes from.
    pub fn place_of(&self, node: usize) -> Option<&Place> {
        let after = self.places.partition_point(|place| place.start <= node);
        after.checked_sub(1).map(|index| &self.places[index])
    }
}
