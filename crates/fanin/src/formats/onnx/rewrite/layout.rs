//! Where in the file the messages lie that can be changed.

use std::collections::HashMap;

use super::super::model::Model;
use super::super::tensor::{Data, Tensor};
use super::super::wire::{Decode, Field, Limits, Span};
use super::super::{Node, OnnxFile};
use super::fields;
use crate::{Error, Result};

/// The messages of a model's graph, in the order of its file.
pub(super) struct Layout<'a> {
    file: &'a OnnxFile,
    model: Model<'a>,
    /// The graph's message.
    pub graph: Span<'a>,
    /// The fields of its nodes.
    pub nodes: Vec<Field<'a>>,
    initializers: HashMap<&'a str, Field<'a>>,
    inputs: Vec<Field<'a>>,
    /// Every tensor in the file, however deep it lies.
    pub tensors: Vec<(Span<'a>, Tensor<'a>)>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(file: &'a OnnxFile) -> Result<Self> {
        let model = file.model()?;
        let whole = Span { bytes: &file.bytes, start: 0 };
        let graph = fields(whole)
            .find(|field| field.number == 7)
            .expect("a decoded model has a graph")
            .payload;
        let of = |number| fields(graph).filter(move |field| field.number == number);
        let names = model.graph.initializers.iter().map(|tensor| tensor.name);
        let initializers = names.zip(of(5)).collect();
        let mut spans = Vec::new();
        tensors(Holder::Model, whole, 0, &mut spans);
        let mut layout = Self {
            file,
            model,
            graph,
            nodes: of(1).collect(),
            initializers,
            inputs: of(11).collect(),
            tensors: Vec::new(),
        };
        for span in spans {
            layout.tensors.push((span, layout.decoded(span)?));
        }
        Ok(layout)
    }

    /// The tensor whose message this is.
    pub(super) fn decoded(&self, span: Span<'a>) -> Result<Tensor<'a>> {
        Tensor::decode(span, &mut Limits::new(span.bytes.len()))
            .map_err(|fault| fault.in_file(&self.file.path))
    }

    /// Names of all values of the graph.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        let graph = &self.model.graph;
        let inputs = graph.inputs.iter().map(|input| input.name);
        let initializers = graph.initializers.iter().map(|tensor| tensor.name);
        let sparse = graph.sparse_initializers.iter().map(|sparse| sparse.values.name);
        let outputs = graph.nodes.iter().flat_map(|node| node.outputs.iter().copied());
        inputs.chain(initializers).chain(sparse).chain(outputs)
    }

    /// Whether the node of this number is an `Identity` that makes this value and nothing else.
    pub(super) fn makes(&self, node: usize, name: &str) -> bool {
        let node = self.model.graph.nodes.get(node);
        node.is_some_and(|node| {
            node.op_type == "Identity" && node.is_standard() && node.outputs == [name]
        })
    }

    /// The field of an initializer.
    pub(super) fn initializer(&self, name: &str) -> Result<Field<'a>> {
        self.initializers.get(name).copied().ok_or_else(|| self.unknown(name))
    }

    /// The field of an input of the graph.
    pub(super) fn input(&self, name: &str) -> Option<Field<'a>> {
        let position = self.model.graph.inputs.iter().position(|input| input.name == name);
        position.map(|index| self.inputs[index])
    }

    /// The message of an initializer, or of the tensor that a `Constant` node gives.
    pub(super) fn tensor(&self, name: &str) -> Result<Span<'a>> {
        if let Ok(field) = self.initializer(name) {
            return Ok(field.payload);
        }
        let is_it = |node: &Node<'_>| {
            node.op_type == "Constant" && node.is_standard() && node.output(0) == Some(name)
        };
        let node = self.model.graph.nodes.iter().find(|node| is_it(node));
        let tensor = node.and_then(|node| node.attribute("value")?.tensor());
        let span = tensor.and_then(|tensor| {
            self.tensors.iter().find(|(span, _)| span.start == tensor.at).map(|(span, _)| *span)
        });
        span.or_else(|| self.deep(name)).ok_or_else(|| self.unknown(name))
    }

    /// The message of the only tensor of this name, inside a branch or a loop.
    fn deep(&self, name: &str) -> Option<Span<'a>> {
        let mut named = self.tensors.iter().filter(|(_, t)| t.name == name && !name.is_empty());
        let (span, _) = named.next()?;
        named.next().is_none().then_some(*span)
    }

    fn unknown(&self, name: &str) -> Error {
        let known: Vec<&str> =
            self.model.graph.initializers.iter().map(|tensor| tensor.name).collect();
        Error::unknown("initializer", name, &known)
    }

    /// Whether no other tensor has bytes of this one's in the file beside the model.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the other.
    pub(super) fn check_alone(&self, tensor: &Tensor<'_>) -> Result<()> {
        let Data::External(own) = tensor.data else { return Ok(()) };
        let shares = |other: &Tensor<'_>| {
            let Data::External(external) = other.data else { return false };
            other.at != tensor.at
                && external.location == own.location
                && external.offset < own.offset + own.length
                && own.offset < external.offset + external.length
        };
        match self.tensors.iter().find(|(_, other)| shares(other)) {
            None => Ok(()),
            Some((_, other)) => Err(Error::Setting {
                place: format!("elements of \"{}\" in {:?}", tensor.name, own.location),
                found: format!("bytes that belong to \"{}\" as well", other.name),
                expected: "bytes of its own; change neither or export again".to_owned(),
            }),
        }
    }
}

/// Messages in which tensors lie.
#[derive(Clone, Copy)]
enum Holder {
    Model,
    Training,
    Function,
    Graph,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
}

impl Holder {
    /// What the field of this number holds.
    fn inner(self, number: u32) -> Option<Self> {
        match (self, number) {
            (Self::Model, 7) | (Self::Training, 1 | 2) | (Self::Attribute, 6 | 11) => {
                Some(Self::Graph)
            }
            (Self::Model, 20) => Some(Self::Training),
            (Self::Model, 25) => Some(Self::Function),
            (Self::Graph, 1) | (Self::Function, 7) => Some(Self::Node),
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Some(Self::SparseTensor),
            (Self::Node, 5) | (Self::Function, 11) => Some(Self::Attribute),
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::SparseTensor, 1 | 2) => {
                Some(Self::Tensor)
            }
            _ => None,
        }
    }
}

/// Collects the messages of all tensors in `message`.
fn tensors<'a>(holder: Holder, message: Span<'a>, depth: u32, found: &mut Vec<Span<'a>>) {
    // Descriptions of a training are not decoded before, so nothing else bounds their depth.
    const DEPTH: u32 = 100;
    for field in fields(message) {
        match holder.inner(field.number) {
            Some(Holder::Tensor) => found.push(field.payload),
            Some(inner) if depth < DEPTH => tensors(inner, field.payload, depth + 1, found),
            _ => {}
        }
    }
}
