//! Types of a tensor's elements in a file.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::error::Error;

/// Type of a tensor's elements in a file, least significant byte first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dtype {
    /// IEEE 754 half precision.
    F16,
    /// The upper half of an `f32`.
    Bf16,
    /// IEEE 754 single precision.
    #[default]
    F32,
    /// IEEE 754 double precision.
    F64,
    /// Signed integer of 64 bits, as PyTorch keeps counters.
    I64,
}

impl Dtype {
    /// Names of the types that starting weights may be written in.
    pub const FLOATING: &'static [&'static str] = &["f32", "f64", "bf16", "f16"];

    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    /// The name on the command line and in reports: `bf16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::I64 => "i64",
        }
    }

    /// The least magnitude of an `f32` that would become infinite or leave the range.
    pub(super) fn overflow(self) -> f32 {
        match self {
            // Halfway from the largest number, 65504, to the next that there would be.
            Self::F16 => 65520.0,
            // Halfway from the largest number to 2¹²⁸.
            Self::Bf16 => f32::from_bits(0x7F7F_8000),
            Self::F32 | Self::F64 => f32::INFINITY,
            // 2⁶³.
            Self::I64 => 9_223_372_036_854_775_808.0,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Dtype {
    type Err = Error;

    /// By its own name or NumPy's, in any case: `bf16`, `BF16`, `bfloat16`.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text.to_lowercase().as_str() {
            "f16" | "float16" => Ok(Self::F16),
            "bf16" | "bfloat16" => Ok(Self::Bf16),
            "f32" | "float32" => Ok(Self::F32),
            "f64" | "float64" => Ok(Self::F64),
            "i64" | "int64" => Ok(Self::I64),
            _ => Err(Error::unknown("type of elements", text, Self::FLOATING)),
        }
    }
}

impl Serialize for Dtype {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
