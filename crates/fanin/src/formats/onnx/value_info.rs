//! Types and shapes of values.

use std::fmt;

use super::element_type::ElementType;
use super::model::Metadata;
use super::wire::{Decode, Decoded, Fields, Limits, Span};

/// A value with its type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValueInfo<'a> {
    /// The name under which nodes use it.
    pub name: &'a str,
    /// Its type.
    pub value_type: Type<'a>,
    /// Named texts of the exporter.
    pub metadata: Metadata<'a>,
    /// The byte of the file at which its message begins.
    pub at: usize,
}

impl<'a> ValueInfo<'a> {
    /// A tensor of known shape.
    pub fn of(name: &'a str, element_type: ElementType, dims: &[usize]) -> Self {
        let shape = Some(dims.iter().map(|axis| Dimension::Value(*axis as i64)).collect());
        Self { name, value_type: Type::Tensor { element_type, shape }, ..Self::default() }
    }

    /// Element type and axes, if it is a tensor; axes are missing if even their number is open.
    pub fn tensor(&self) -> Option<(ElementType, Option<&[Dimension<'a>]>)> {
        let Type::Tensor { element_type, shape } = &self.value_type else { return None };
        Some((*element_type, shape.as_deref()))
    }
}

impl<'a> Decode<'a> for ValueInfo<'a> {
    fn decode(message: Span<'a>, limits: &mut Limits) -> Decoded<Self> {
        let mut info = Self { at: message.start, ..Self::default() };
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => info.name = field.text("name")?,
                2 => info.value_type = field.message("type", limits)?,
                4 => field.push(&mut info.metadata.0, "metadata_props", limits)?,
                _ => {}
            }
        }
        Ok(info)
    }
}

/// What a value can be.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Type<'a> {
    /// Nothing is said, or nothing that this version knows.
    #[default]
    Unknown,
    /// A tensor; no shape at all if even the number of axes is open.
    Tensor {
        /// Type of its elements.
        element_type: ElementType,
        /// Its axes.
        shape: Option<Vec<Dimension<'a>>>,
    },
    /// A tensor that is mostly zero.
    SparseTensor {
        /// Type of its elements.
        element_type: ElementType,
        /// Its axes.
        shape: Option<Vec<Dimension<'a>>>,
    },
    /// Values one after the other.
    Sequence(Box<Type<'a>>),
    /// A value or none.
    Optional(Box<Type<'a>>),
    /// Values by key.
    Map {
        /// Type of the keys.
        key: ElementType,
        /// Type of the values.
        value: Box<Type<'a>>,
    },
}

/// The length of an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dimension<'a> {
    /// Nothing is said.
    #[default]
    Unknown,
    /// So many elements; hostile files may say a negative number.
    Value(i64),
    /// The same wherever the name is the same: `batch`.
    Named(&'a str),
}

impl fmt::Display for Dimension<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("?"),
            Self::Value(length) => length.fmt(f),
            Self::Named(name) => f.write_str(name),
        }
    }
}

impl<'a> Decode<'a> for Type<'a> {
    fn decode(message: Span<'a>, limits: &mut Limits) -> Decoded<Self> {
        let mut found = Self::Unknown;
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => {
                    let Shaped { element_type, shape } = field.message("tensor_type", limits)?;
                    found = Self::Tensor { element_type, shape };
                }
                4 => {
                    let Inner(inner) = field.message("sequence_type", limits)?;
                    found = Self::Sequence(Box::new(inner));
                }
                5 => {
                    let KeyAndValue { key, value } = field.message("map_type", limits)?;
                    found = Self::Map { key, value: Box::new(value) };
                }
                8 => {
                    let Shaped { element_type, shape } =
                        field.message("sparse_tensor_type", limits)?;
                    found = Self::SparseTensor { element_type, shape };
                }
                9 => {
                    let Inner(inner) = field.message("optional_type", limits)?;
                    found = Self::Optional(Box::new(inner));
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

/// The message of a tensor's type.
#[derive(Default)]
struct Shaped<'a> {
    element_type: ElementType,
    shape: Option<Vec<Dimension<'a>>>,
}

impl<'a> Decode<'a> for Shaped<'a> {
    fn decode(message: Span<'a>, limits: &mut Limits) -> Decoded<Self> {
        let mut shaped = Self::default();
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => shaped.element_type = ElementType::from_number(field.int("elem_type")?),
                2 => shaped.shape = Some(field.message::<Shape<'_>>("shape", limits)?.0),
                _ => {}
            }
        }
        Ok(shaped)
    }
}

/// The message of a shape.
struct Shape<'a>(Vec<Dimension<'a>>);

impl<'a> Decode<'a> for Shape<'a> {
    fn decode(message: Span<'a>, limits: &mut Limits) -> Decoded<Self> {
        let mut axes = Vec::new();
        for field in Fields::new(message) {
            let field = field?;
            if field.number == 1 {
                field.push(&mut axes, "dim", limits)?;
            }
        }
        Ok(Self(axes))
    }
}

impl<'a> Decode<'a> for Dimension<'a> {
    fn decode(message: Span<'a>, _: &mut Limits) -> Decoded<Self> {
        let mut axis = Self::Unknown;
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => axis = Self::Value(field.int("dim_value")?),
                2 => match field.text("dim_param")? {
                    "" => {}
                    name => axis = Self::Named(name),
                },
                _ => {}
            }
        }
        Ok(axis)
    }
}

/// The message of a sequence or of an optional value.
struct Inner<'a>(Type<'a>);

impl<'a> Decode<'a> for Inner<'a> {
    fn decode(message: Span<'a>, limits: &mut Limits) -> Decoded<Self> {
        let mut inner = Type::Unknown;
        for field in Fields::new(message) {
            let field = field?;
            if field.number == 1 {
                inner = field.message("elem_type", limits)?;
            }
        }
        Ok(Self(inner))
    }
}

/// The message of a map.
#[derive(Default)]
struct KeyAndValue<'a> {
    key: ElementType,
    value: Type<'a>,
}

impl<'a> Decode<'a> for KeyAndValue<'a> {
    fn decode(message: Span<'a>, limits: &mut Limits) -> Decoded<Self> {
        let mut map = Self::default();
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => map.key = ElementType::from_number(field.int("key_type")?),
                2 => map.value = field.message("value_type", limits)?,
                _ => {}
            }
        }
        Ok(map)
    }
}
