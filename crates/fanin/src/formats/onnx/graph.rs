//! Graphs and their nodes.

use super::attribute::{Attribute, AttributeValue};
use super::model::Metadata;
use super::tensor::{SparseTensor, Tensor};
use super::value_info::ValueInfo;
use super::wire::{Decode, Decoded, Fault, Fields, Limits, Span};

/// A computation: nodes that make values by name, from inputs and initializers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is computed, in an order in which it can be.
    pub nodes: Vec<Node<'a>>,
    /// Weights and constants, by the name under which nodes use them.
    pub initializers: Vec<Tensor<'a>>,
    /// Constants that are mostly zero.
    pub sparse_initializers: Vec<SparseTensor<'a>>,
    /// What is given; files before IR version 4 list initializers here as well.
    pub inputs: Vec<ValueInfo<'a>>,
    /// What is asked for.
    pub outputs: Vec<ValueInfo<'a>>,
    /// Types of values in between, as far as the exporter says.
    pub value_infos: Vec<ValueInfo<'a>>,
    /// Named texts of the exporter.
    pub metadata: Metadata<'a>,
    /// Free text, of any encoding.
    pub doc_string: &'a [u8],
    /// The byte of the file at which its message begins.
    pub at: usize,
}

impl<'a> Graph<'a> {
    /// The graph's metadata under `key`.
    pub fn metadata(&self, key: &str) -> Option<&'a str> {
        self.metadata.get(key)
    }

    /// The initializer of this name.
    pub fn initializer(&self, name: &str) -> Option<&Tensor<'a>> {
        self.initializers.iter().find(|tensor| tensor.name == name)
    }

    /// The inputs that no initializer fills.
    pub fn free_inputs(&self) -> impl Iterator<Item = &ValueInfo<'a>> {
        let filled: std::collections::HashSet<&str> =
            self.initializers.iter().map(|tensor| tensor.name).collect();
        self.inputs.iter().filter(move |input| !filled.contains(input.name))
    }
}

impl<'a> Decode<'a> for Graph<'a> {
    fn decode(message: Span<'a>, limits: &mut Limits) -> Decoded<Self> {
        let mut graph = Self { at: message.start, ..Self::default() };
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => field.push(&mut graph.nodes, "node", limits)?,
                2 => graph.name = field.text("name")?,
                5 => field.push(&mut graph.initializers, "initializer", limits)?,
                10 => graph.doc_string = field.bytes("doc_string")?.bytes,
                11 => field.push(&mut graph.inputs, "input", limits)?,
                12 => field.push(&mut graph.outputs, "output", limits)?,
                13 => field.push(&mut graph.value_infos, "value_info", limits)?,
                15 => field.push(&mut graph.sparse_initializers, "sparse_initializer", limits)?,
                16 => field.push(&mut graph.metadata.0, "metadata_props", limits)?,
                _ => {}
            }
        }
        Ok(graph)
    }
}

/// One operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node<'a> {
    /// Its name; may be empty.
    pub name: &'a str,
    /// Its operator: `Conv`, `Gemm`, …, or the name of a function.
    pub op_type: &'a str,
    /// The operator's domain; `""` for ONNX's own.
    pub domain: &'a str,
    /// Which of several functions of the name it calls.
    pub overload: &'a str,
    /// Names of what it takes; `""` stands for an input that is left out.
    pub inputs: Vec<&'a str>,
    /// Names of what it makes; `""` stands for an output that nobody wants.
    pub outputs: Vec<&'a str>,
    /// Its settings.
    pub attributes: Vec<Attribute<'a>>,
    /// Named texts of the exporter.
    pub metadata: Metadata<'a>,
    /// Free text, of any encoding.
    pub doc_string: &'a [u8],
    /// The byte of the file at which its message begins.
    pub at: usize,
}

impl<'a> Node<'a> {
    /// A node of ONNX's own operator, without attributes.
    pub fn new(op_type: &'a str, inputs: &[&'a str], outputs: &[&'a str]) -> Self {
        let (inputs, outputs) = (inputs.to_vec(), outputs.to_vec());
        Self { op_type, inputs, outputs, ..Self::default() }
    }

    /// The node with one attribute more.
    pub fn with(mut self, name: &'a str, value: AttributeValue<'a>) -> Self {
        self.attributes.push(Attribute { name, value, at: 0 });
        self
    }

    /// The attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute<'a>> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The node's metadata under `key`.
    pub fn metadata(&self, key: &str) -> Option<&'a str> {
        self.metadata.get(key)
    }

    /// The name of the input at `index`, if it is not left out.
    pub fn input(&self, index: usize) -> Option<&'a str> {
        self.inputs.get(index).copied().filter(|name| !name.is_empty())
    }

    /// The name of the output at `index`, if it is wanted.
    pub fn output(&self, index: usize) -> Option<&'a str> {
        self.outputs.get(index).copied().filter(|name| !name.is_empty())
    }

    /// Whether its operator is ONNX's own.
    pub fn is_standard(&self) -> bool {
        matches!(self.domain, "" | "ai.onnx")
    }
}

impl<'a> Decode<'a> for Node<'a> {
    fn decode(message: Span<'a>, limits: &mut Limits) -> Decoded<Self> {
        let mut node = Self { at: message.start, ..Self::default() };
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => node.inputs.push(field.text("input")?),
                2 => node.outputs.push(field.text("output")?),
                3 => node.name = field.text("name")?,
                4 => node.op_type = field.text("op_type")?,
                5 => field.push(&mut node.attributes, "attribute", limits)?,
                6 => node.doc_string = field.bytes("doc_string")?.bytes,
                7 => node.domain = field.text("domain")?,
                8 => node.overload = field.text("overload")?,
                9 => field.push(&mut node.metadata.0, "metadata_props", limits)?,
                _ => {}
            }
        }
        if node.op_type.is_empty() {
            let fault = Fault::new(message.start, "no operator", "the name of one");
            return Err(fault.within("op_type"));
        }
        Ok(node)
    }
}
