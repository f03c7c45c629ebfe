//! Types of a tensor's elements, by ONNX's numbers.

use std::fmt;

/// Type of a tensor's elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// Nothing is said.
    #[default]
    Undefined,
    /// IEEE 754 single precision.
    F32,
    /// Unsigned integer of 8 bits.
    U8,
    /// Signed integer of 8 bits.
    I8,
    /// Unsigned integer of 16 bits.
    U16,
    /// Signed integer of 16 bits.
    I16,
    /// Signed integer of 32 bits.
    I32,
    /// Signed integer of 64 bits.
    I64,
    /// Texts.
    String,
    /// True or false, a byte each.
    Bool,
    /// IEEE 754 half precision.
    F16,
    /// IEEE 754 double precision.
    F64,
    /// Unsigned integer of 32 bits.
    U32,
    /// Unsigned integer of 64 bits.
    U64,
    /// Two numbers of single precision.
    Complex64,
    /// Two numbers of double precision.
    Complex128,
    /// The upper half of a number of single precision.
    Bf16,
    /// Eight bits, four of them exponent; no infinity.
    F8E4M3FN,
    /// As [`F8E4M3FN`](Self::F8E4M3FN), without a negative zero.
    F8E4M3FNUZ,
    /// Eight bits, five of them exponent.
    F8E5M2,
    /// As [`F8E5M2`](Self::F8E5M2), without infinity and negative zero.
    F8E5M2FNUZ,
    /// Unsigned integer of 4 bits, two in a byte.
    U4,
    /// Signed integer of 4 bits, two in a byte.
    I4,
    /// Four bits, two of them exponent; two in a byte.
    F4E2M1,
    /// Eight bits of exponent, nothing else.
    F8E8M0,
    /// Unsigned integer of 2 bits, four in a byte.
    U2,
    /// Signed integer of 2 bits, four in a byte.
    I2,
    /// A type that this version does not know, by ONNX's number.
    Unknown(i64),
}

use ElementType as E;

/// Every known type with ONNX's number, its name there, and its bits.
const TABLE: [(ElementType, i64, &str, Option<usize>); 27] = [
    (E::Undefined, 0, "undefined", None),
    (E::F32, 1, "float", Some(32)),
    (E::U8, 2, "uint8", Some(8)),
    (E::I8, 3, "int8", Some(8)),
    (E::U16, 4, "uint16", Some(16)),
    (E::I16, 5, "int16", Some(16)),
    (E::I32, 6, "int32", Some(32)),
    (E::I64, 7, "int64", Some(64)),
    (E::String, 8, "string", None),
    (E::Bool, 9, "bool", Some(8)),
    (E::F16, 10, "float16", Some(16)),
    (E::F64, 11, "double", Some(64)),
    (E::U32, 12, "uint32", Some(32)),
    (E::U64, 13, "uint64", Some(64)),
    (E::Complex64, 14, "complex64", Some(64)),
    (E::Complex128, 15, "complex128", Some(128)),
    (E::Bf16, 16, "bfloat16", Some(16)),
    (E::F8E4M3FN, 17, "float8e4m3fn", Some(8)),
    (E::F8E4M3FNUZ, 18, "float8e4m3fnuz", Some(8)),
    (E::F8E5M2, 19, "float8e5m2", Some(8)),
    (E::F8E5M2FNUZ, 20, "float8e5m2fnuz", Some(8)),
    (E::U4, 21, "uint4", Some(4)),
    (E::I4, 22, "int4", Some(4)),
    (E::F4E2M1, 23, "float4e2m1", Some(4)),
    (E::F8E8M0, 24, "float8e8m0", Some(8)),
    (E::U2, 25, "uint2", Some(2)),
    (E::I2, 26, "int2", Some(2)),
];

impl ElementType {
    /// The type of ONNX's number.
    pub fn from_number(number: i64) -> Self {
        let known = TABLE.iter().find(|(_, n, ..)| *n == number);
        known.map_or(Self::Unknown(number), |(known, ..)| *known)
    }

    /// ONNX's number.
    pub fn number(self) -> i64 {
        match self {
            Self::Unknown(number) => number,
            known => known.row().map_or(0, |row| row.1),
        }
    }

    /// ONNX's name in lower case: `float`, `int64`, `bfloat16`.
    pub fn name(self) -> &'static str {
        self.row().map_or("unknown", |row| row.2)
    }

    /// Bits of one element, if all elements have as many.
    pub fn bits(self) -> Option<usize> {
        self.row().and_then(|row| row.3)
    }

    /// Whether it holds floating numbers that can be read: f32, f64, f16 or bf16.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64 | Self::F16 | Self::Bf16)
    }

    /// Whether it holds integers.
    pub fn is_integer(self) -> bool {
        self.is_signed() || self.is_unsigned()
    }

    pub(super) fn is_signed(self) -> bool {
        matches!(self, Self::I2 | Self::I4 | Self::I8 | Self::I16 | Self::I32 | Self::I64)
    }

    pub(super) fn is_unsigned(self) -> bool {
        matches!(self, Self::U2 | Self::U4 | Self::U8 | Self::U16 | Self::U32 | Self::U64)
    }

    /// How many bytes so many elements take when they lie densely; none if that overflows.
    pub(super) fn byte_len(self, elements: usize) -> Option<usize> {
        let bits = elements.checked_mul(self.bits()?)?;
        Some(bits.div_ceil(8))
    }

    fn row(self) -> Option<&'static (ElementType, i64, &'static str, Option<usize>)> {
        TABLE.iter().find(|(known, ..)| *known == self)
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(number) => write!(f, "element type {number}"),
            known => f.write_str(known.name()),
        }
    }
}
