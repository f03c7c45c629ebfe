//! What a name of an ONNX graph stands for while the graph is lowered.

use std::sync::Arc;

use fanin_engine::{Array, Kind, Shape, Type, Wire};

use crate::formats::onnx::ElementType;

/// What a name of an ONNX graph stands for.
#[derive(Clone, Debug)]
pub struct Value {
    /// Where its elements come from.
    pub content: Content,
    /// Kind and shape; of no meaning for a sequence.
    pub r#type: Type,
    /// The type of its elements in the file, which tells booleans from integers.
    pub element: ElementType,
}

/// Where the elements of a [`Value`] come from.
#[derive(Clone, Debug)]
pub enum Content {
    /// They are known now.
    Constant(Arc<Array>),
    /// They are computed in the engine's graph.
    Wire(Wire),
    /// They are those of a parameter, by its number.
    Parameter(usize, Wire),
    /// Several values one after the other.
    Sequence(Arc<Vec<Value>>),
}

impl Value {
    /// A known array; its element type in the file is the usual one of its kind.
    pub fn constant(array: Array) -> Self {
        let element = usual(array.r#type().kind);
        Self { r#type: array.r#type(), element, content: Content::Constant(Arc::new(array)) }
    }

    /// Values one after the other.
    pub fn sequence(values: Vec<Self>) -> Self {
        let element = values.first().map_or(ElementType::Undefined, |v| v.element);
        let content = Content::Sequence(Arc::new(values));
        Self { content, r#type: Type::float([]), element }
    }

    /// The same value as elements of another type of the file.
    #[must_use]
    pub fn of(mut self, element: ElementType) -> Self {
        self.element = element;
        self
    }

    /// The sizes of its axes.
    pub fn axes(&self) -> &[usize] {
        self.r#type.shape.axes()
    }

    /// Its shape.
    pub fn shape(&self) -> &Shape {
        &self.r#type.shape
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.axes().len()
    }

    /// The number of elements.
    pub fn elements(&self) -> usize {
        self.r#type.shape.elements()
    }

    /// Whether it holds floating-point numbers.
    pub fn is_float(&self) -> bool {
        self.r#type.kind == Kind::Float
    }

    /// The array, if it is known and no parameter.
    pub fn known(&self) -> Option<&Arc<Array>> {
        if let Content::Constant(array) = &self.content { Some(array) } else { None }
    }

    /// The only element, if it is known, floating and no parameter.
    pub fn known_scalar(&self) -> Option<f64> {
        match self.known()?.floats()? {
            [only] => Some(*only),
            _ => None,
        }
    }
}

/// The element type that a kind has in most files.
pub(super) fn usual(kind: Kind) -> ElementType {
    match kind {
        Kind::Float => ElementType::F32,
        Kind::Integer => ElementType::I64,
        Kind::Position => ElementType::I32,
    }
}
