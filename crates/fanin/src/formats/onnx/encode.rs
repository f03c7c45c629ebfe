//! Models and tensors as bytes: small ones made by hand, and the pieces of a changed one.

use super::attribute::{Attribute, AttributeValue};
use super::external::External;
use super::graph::{Graph, Node};
use super::model::{Function, Model, OpsetImport};
use super::tensor::{Data, SparseTensor, Tensor};
use super::value_info::{Dimension, Type, ValueInfo};
pub(super) use crate::formats::protobuf::{Message, put_varint};

impl Message {
    pub(super) fn text(&mut self, number: u32, text: &str) {
        self.bytes(number, text.as_bytes());
    }

    /// A text, unless it is empty, as it is when the field is missing.
    fn given(&mut self, number: u32, text: &str) {
        if !text.is_empty() {
            self.text(number, text);
        }
    }

    pub(super) fn message<T: Encode + ?Sized>(&mut self, number: u32, value: &T) {
        let mut inner = Self::default();
        value.encode(&mut inner);
        self.bytes(number, &inner.0);
    }

    fn messages<T: Encode>(&mut self, number: u32, values: &[T]) {
        values.iter().for_each(|value| self.message(number, value));
    }

    fn texts(&mut self, number: u32, texts: &[&str]) {
        texts.iter().for_each(|text| self.text(number, text));
    }

    fn packed_ints(&mut self, number: u32, values: impl Iterator<Item = i64>) {
        let mut packed = Vec::new();
        values.for_each(|value| put_varint(&mut packed, value as u64));
        if !packed.is_empty() {
            self.bytes(number, &packed);
        }
    }
}

/// What can be written as a message.
pub(super) trait Encode {
    fn encode(&self, message: &mut Message);
}

/// A message by itself, without tag and length.
pub(super) fn encoded(value: &impl Encode) -> Vec<u8> {
    let mut message = Message::default();
    value.encode(&mut message);
    message.0
}

impl Encode for Model<'_> {
    fn encode(&self, message: &mut Message) {
        message.int(1, self.ir_version);
        message.given(2, self.producer_name);
        message.given(3, self.producer_version);
        message.given(4, self.domain);
        message.int(5, self.model_version);
        message.message(7, &self.graph);
        message.messages(8, &self.opset_imports);
        message.messages(14, &self.metadata.0);
        message.messages(25, &self.functions);
    }
}

impl Encode for OpsetImport<'_> {
    fn encode(&self, message: &mut Message) {
        message.given(1, self.domain);
        message.int(2, self.version);
    }
}

impl Encode for (&str, &str) {
    fn encode(&self, message: &mut Message) {
        message.text(1, self.0);
        message.text(2, self.1);
    }
}

impl Encode for Function<'_> {
    fn encode(&self, message: &mut Message) {
        message.text(1, self.name);
        message.texts(4, &self.inputs);
        message.texts(5, &self.outputs);
        message.texts(6, &self.required_attributes);
        message.messages(7, &self.nodes);
        message.messages(9, &self.opset_imports);
        message.given(10, self.domain);
        message.messages(11, &self.default_attributes);
        message.messages(12, &self.value_infos);
        message.given(13, self.overload);
        message.messages(14, &self.metadata.0);
    }
}

impl Encode for Graph<'_> {
    fn encode(&self, message: &mut Message) {
        message.messages(1, &self.nodes);
        message.given(2, self.name);
        message.messages(5, &self.initializers);
        message.messages(11, &self.inputs);
        message.messages(12, &self.outputs);
        message.messages(13, &self.value_infos);
        message.messages(15, &self.sparse_initializers);
        message.messages(16, &self.metadata.0);
    }
}

impl Encode for Node<'_> {
    fn encode(&self, message: &mut Message) {
        message.texts(1, &self.inputs);
        message.texts(2, &self.outputs);
        message.given(3, self.name);
        message.text(4, self.op_type);
        message.messages(5, &self.attributes);
        message.given(7, self.domain);
        message.given(8, self.overload);
        message.messages(9, &self.metadata.0);
    }
}

impl Encode for Attribute<'_> {
    fn encode(&self, message: &mut Message) {
        message.text(1, self.name);
        let kind = match &self.value {
            AttributeValue::Float(value) => {
                message.float(2, *value);
                1
            }
            AttributeValue::Int(value) => {
                message.int(3, *value);
                2
            }
            AttributeValue::String(value) => {
                message.bytes(4, value);
                3
            }
            AttributeValue::Tensor(value) => {
                message.message(5, &**value);
                4
            }
            AttributeValue::Graph(value) => {
                message.message(6, &**value);
                5
            }
            AttributeValue::Floats(values) => {
                values.iter().for_each(|value| message.float(7, *value));
                6
            }
            AttributeValue::Ints(values) => {
                values.iter().for_each(|value| message.int(8, *value));
                7
            }
            AttributeValue::Strings(values) => {
                values.iter().for_each(|value| message.bytes(9, value));
                8
            }
            AttributeValue::Tensors(values) => {
                message.messages(10, values);
                9
            }
            AttributeValue::Graphs(values) => {
                message.messages(11, values);
                10
            }
            AttributeValue::SparseTensor(value) => {
                message.message(22, &**value);
                11
            }
            AttributeValue::SparseTensors(values) => {
                message.messages(23, values);
                12
            }
            AttributeValue::Type(value) => {
                message.message(14, &**value);
                13
            }
            AttributeValue::Types(values) => {
                message.messages(15, values);
                14
            }
            AttributeValue::Reference(name) => {
                message.text(21, name);
                0
            }
            AttributeValue::Unknown(kind) => *kind,
        };
        message.int(20, kind);
    }
}

impl Encode for Tensor<'_> {
    fn encode(&self, message: &mut Message) {
        message.packed_ints(1, self.dims.iter().map(|axis| *axis as i64));
        message.int(2, self.element_type.number());
        message.given(8, self.name);
        match &self.data {
            Data::Missing => {}
            Data::Raw(raw) => message.bytes(9, raw.bytes),
            Data::Typed(typed) => {
                let runs: Vec<&[u8]> = typed.runs.iter().map(|run| run.bytes).collect();
                message.bytes(typed.store.field().0, &runs.concat());
            }
            Data::Strings(texts) => texts.iter().for_each(|text| message.bytes(6, text)),
            Data::External(external) => external.encode(message),
        }
        message.messages(16, &self.metadata.0);
    }
}

impl Encode for External<'_> {
    /// Fields of the tensor's own message.
    fn encode(&self, message: &mut Message) {
        message.message(13, &("location", self.location));
        message.message(13, &("offset", self.offset.to_string().as_str()));
        message.message(13, &("length", self.length.to_string().as_str()));
        message.int(14, 1);
    }
}

impl Encode for SparseTensor<'_> {
    fn encode(&self, message: &mut Message) {
        message.message(1, &self.values);
        message.message(2, &self.indices);
        message.packed_ints(3, self.dims.iter().map(|axis| *axis as i64));
    }
}

impl Encode for ValueInfo<'_> {
    fn encode(&self, message: &mut Message) {
        message.text(1, self.name);
        message.message(2, &self.value_type);
        message.messages(4, &self.metadata.0);
    }
}

impl Encode for Type<'_> {
    fn encode(&self, message: &mut Message) {
        match self {
            Self::Unknown => {}
            Self::Tensor { element_type, shape } => {
                message.message(1, &(element_type.number(), shape));
            }
            Self::SparseTensor { element_type, shape } => {
                message.message(8, &(element_type.number(), shape));
            }
            Self::Sequence(inner) => message.message(4, &[(1, &**inner)]),
            Self::Optional(inner) => message.message(9, &[(1, &**inner)]),
            Self::Map { key, value } => {
                let mut map = Message::default();
                map.int(1, key.number());
                map.message(2, &**value);
                message.bytes(5, &map.0);
            }
        }
    }
}

/// One field that holds a type.
impl Encode for [(u32, &Type<'_>); 1] {
    fn encode(&self, message: &mut Message) {
        message.message(self[0].0, self[0].1);
    }
}

/// Element type and axes of a tensor's type.
impl Encode for (i64, &Option<Vec<Dimension<'_>>>) {
    fn encode(&self, message: &mut Message) {
        message.int(1, self.0);
        if let Some(axes) = self.1 {
            let mut shape = Message::default();
            shape.messages(1, axes);
            message.bytes(2, &shape.0);
        }
    }
}

impl Encode for Dimension<'_> {
    fn encode(&self, message: &mut Message) {
        match self {
            Self::Unknown => {}
            Self::Value(length) => message.int(1, *length),
            Self::Named(name) => message.text(2, name),
        }
    }
}
