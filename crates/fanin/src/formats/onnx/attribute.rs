//! Settings of a node: numbers, texts, tensors, graphs.

use super::graph::Graph;
use super::tensor::{SparseTensor, Tensor};
use super::value_info::Type;
use super::wire::{Decode, Decoded, Fields, Limits, Span};

/// A named setting of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute<'a> {
    /// Its name: `axis`, `kernel_shape`, …
    pub name: &'a str,
    /// What it is set to.
    pub value: AttributeValue<'a>,
    /// The byte of the file at which its message begins.
    pub at: usize,
}

/// What an attribute is set to.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue<'a> {
    /// One floating number.
    Float(f32),
    /// One whole number.
    Int(i64),
    /// One text, of any encoding.
    String(&'a [u8]),
    /// One tensor.
    Tensor(Box<Tensor<'a>>),
    /// One graph: a branch of `If`, the body of `Loop`.
    Graph(Box<Graph<'a>>),
    /// One sparse tensor.
    SparseTensor(Box<SparseTensor<'a>>),
    /// One type.
    Type(Box<Type<'a>>),
    /// Floating numbers.
    Floats(Vec<f32>),
    /// Whole numbers.
    Ints(Vec<i64>),
    /// Texts.
    Strings(Vec<&'a [u8]>),
    /// Tensors.
    Tensors(Vec<Tensor<'a>>),
    /// Graphs.
    Graphs(Vec<Graph<'a>>),
    /// Sparse tensors.
    SparseTensors(Vec<SparseTensor<'a>>),
    /// Types.
    Types(Vec<Type<'a>>),
    /// Inside a function: the attribute of the calling node that has this name.
    Reference(&'a str),
    /// A kind that this version does not know, by its number; 0 if nothing is set at all.
    Unknown(i64),
}

impl<'a> Attribute<'a> {
    /// The number, if it is one whole number.
    pub fn int(&self) -> Option<i64> {
        if let AttributeValue::Int(value) = self.value { Some(value) } else { None }
    }

    /// The number, if it is one floating number.
    pub fn float(&self) -> Option<f32> {
        if let AttributeValue::Float(value) = self.value { Some(value) } else { None }
    }

    /// The text, if it is one in UTF-8.
    pub fn string(&self) -> Option<&'a str> {
        let AttributeValue::String(bytes) = self.value else { return None };
        std::str::from_utf8(bytes).ok()
    }

    /// The tensor, if it is one.
    pub fn tensor(&self) -> Option<&Tensor<'a>> {
        if let AttributeValue::Tensor(tensor) = &self.value { Some(tensor) } else { None }
    }

    /// The graph, if it is one.
    pub fn graph(&self) -> Option<&Graph<'a>> {
        if let AttributeValue::Graph(graph) = &self.value { Some(graph) } else { None }
    }

    /// The numbers, if they are whole.
    pub fn ints(&self) -> Option<&[i64]> {
        if let AttributeValue::Ints(values) = &self.value { Some(values) } else { None }
    }

    /// The numbers, if they are floating.
    pub fn floats(&self) -> Option<&[f32]> {
        if let AttributeValue::Floats(values) = &self.value { Some(values) } else { None }
    }

    /// The texts, if all are in UTF-8.
    pub fn strings(&self) -> Option<Vec<&'a str>> {
        let AttributeValue::Strings(values) = &self.value else { return None };
        values.iter().map(|bytes| std::str::from_utf8(bytes).ok()).collect()
    }

    /// All graphs in it, one or many.
    pub fn graphs(&self) -> &[Graph<'a>] {
        match &self.value {
            AttributeValue::Graph(graph) => std::slice::from_ref(graph),
            AttributeValue::Graphs(graphs) => graphs,
            _ => &[],
        }
    }

    /// What kind of value it is, for messages: `an int`, `floats`, …
    pub fn kind(&self) -> &'static str {
        match self.value {
            AttributeValue::Float(_) => "a float",
            AttributeValue::Int(_) => "an int",
            AttributeValue::String(_) => "a string",
            AttributeValue::Tensor(_) => "a tensor",
            AttributeValue::Graph(_) => "a graph",
            AttributeValue::SparseTensor(_) => "a sparse tensor",
            AttributeValue::Type(_) => "a type",
            AttributeValue::Floats(_) => "floats",
            AttributeValue::Ints(_) => "ints",
            AttributeValue::Strings(_) => "strings",
            AttributeValue::Tensors(_) => "tensors",
            AttributeValue::Graphs(_) => "graphs",
            AttributeValue::SparseTensors(_) => "sparse tensors",
            AttributeValue::Types(_) => "types",
            AttributeValue::Reference(_) => "a reference",
            AttributeValue::Unknown(_) => "of an unknown kind",
        }
    }
}

/// Every field that a value can lie in; the attribute's type says which one counts.
#[derive(Default)]
struct Fieldwise<'a> {
    float: Option<f32>,
    int: Option<i64>,
    string: Option<&'a [u8]>,
    tensor: Option<Box<Tensor<'a>>>,
    graph: Option<Box<Graph<'a>>>,
    sparse_tensor: Option<Box<SparseTensor<'a>>>,
    one_type: Option<Box<Type<'a>>>,
    floats: Vec<f32>,
    ints: Vec<i64>,
    strings: Vec<&'a [u8]>,
    tensors: Vec<Tensor<'a>>,
    graphs: Vec<Graph<'a>>,
    sparse_tensors: Vec<SparseTensor<'a>>,
    types: Vec<Type<'a>>,
}

impl<'a> Fieldwise<'a> {
    /// The kind by the fields that are there, for the oldest files, which name none.
    fn kind(&self) -> i64 {
        let there = [
            self.float.is_some(),
            self.int.is_some(),
            self.string.is_some(),
            self.tensor.is_some(),
            self.graph.is_some(),
            !self.floats.is_empty(),
            !self.ints.is_empty(),
            !self.strings.is_empty(),
            !self.tensors.is_empty(),
            !self.graphs.is_empty(),
            self.sparse_tensor.is_some(),
            !self.sparse_tensors.is_empty(),
            self.one_type.is_some(),
            !self.types.is_empty(),
        ];
        there.iter().position(|there| *there).map_or(0, |position| position as i64 + 1)
    }

    /// The value of a kind; writers may leave out a number that is zero and a text that is empty.
    fn value(self, kind: i64) -> AttributeValue<'a> {
        match kind {
            1 => AttributeValue::Float(self.float.unwrap_or_default()),
            2 => AttributeValue::Int(self.int.unwrap_or_default()),
            3 => AttributeValue::String(self.string.unwrap_or_default()),
            4 => AttributeValue::Tensor(self.tensor.unwrap_or_default()),
            5 => AttributeValue::Graph(self.graph.unwrap_or_default()),
            6 => AttributeValue::Floats(self.floats),
            7 => AttributeValue::Ints(self.ints),
            8 => AttributeValue::Strings(self.strings),
            9 => AttributeValue::Tensors(self.tensors),
            10 => AttributeValue::Graphs(self.graphs),
            11 => AttributeValue::SparseTensor(self.sparse_tensor.unwrap_or_default()),
            12 => AttributeValue::SparseTensors(self.sparse_tensors),
            13 => AttributeValue::Type(self.one_type.unwrap_or_default()),
            14 => AttributeValue::Types(self.types),
            other => AttributeValue::Unknown(other),
        }
    }
}

impl<'a> Decode<'a> for Attribute<'a> {
    fn decode(message: Span<'a>, limits: &mut Limits) -> Decoded<Self> {
        let (mut name, mut kind, mut reference) = ("", 0, "");
        let mut all = Fieldwise::default();
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => name = field.text("name")?,
                2 => all.float = Some(field.float("f")?),
                3 => all.int = Some(field.int("i")?),
                4 => all.string = Some(field.bytes("s")?.bytes),
                5 => all.tensor = Some(Box::new(field.message("t", limits)?)),
                6 => all.graph = Some(Box::new(field.message("g", limits)?)),
                7 => field.floats(&mut all.floats, "floats")?,
                8 => field.ints(&mut all.ints, "ints")?,
                9 => all.strings.push(field.bytes("strings")?.bytes),
                10 => field.push(&mut all.tensors, "tensors", limits)?,
                11 => field.push(&mut all.graphs, "graphs", limits)?,
                14 => all.one_type = Some(Box::new(field.message("tp", limits)?)),
                15 => field.push(&mut all.types, "type_protos", limits)?,
                20 => kind = field.int("type")?,
                21 => reference = field.text("ref_attr_name")?,
                22 => all.sparse_tensor = Some(Box::new(field.message("sparse_tensor", limits)?)),
                23 => field.push(&mut all.sparse_tensors, "sparse_tensors", limits)?,
                _ => {}
            }
        }
        let value = match (reference, kind) {
            ("", 0) => {
                let kind = all.kind();
                all.value(kind)
            }
            ("", kind) => all.value(kind),
            (reference, _) => AttributeValue::Reference(reference),
        };
        Ok(Self { name, value, at: message.start })
    }
}
