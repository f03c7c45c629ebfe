//! Elements as they lie in files, to and from `f32`.

use std::io::{self, Read, Write};
use std::path::Path;

use half::{bf16, f16};

use crate::error::{Error, Result};

/// Type of a tensor's elements in a file, least significant byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// IEEE 754 half precision.
    F16,
    /// The upper half of an `f32`.
    Bf16,
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 double precision.
    F64,
    /// Signed integer of 64 bits, as PyTorch keeps counters.
    I64,
}

impl Element {
    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    /// Its name in tables and options: `bf16`.
    pub fn label(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::I64 => "i64",
        }
    }

    /// Replaces numbers by the nearest that it can hold, as they are read back from a file.
    pub fn round(self, numbers: &mut [f32]) {
        match self {
            Self::F16 => numbers.iter_mut().for_each(|x| *x = f16::from_f32(*x).to_f32()),
            Self::Bf16 => numbers.iter_mut().for_each(|x| *x = bf16::from_f32(*x).to_f32()),
            Self::I64 => numbers.iter_mut().for_each(|x| *x = x.round()),
            Self::F32 | Self::F64 => {}
        }
    }

    /// The number in `bytes` as `f32`, or as text if `f32` cannot hold it.
    fn number(self, bytes: &[u8]) -> std::result::Result<f32, String> {
        match self {
            Self::F16 => Ok(f16::from_le_bytes(array(bytes)).to_f32()),
            Self::Bf16 => Ok(bf16::from_le_bytes(array(bytes)).to_f32()),
            Self::F32 => Ok(f32::from_le_bytes(array(bytes))),
            Self::F64 => {
                let wide = f64::from_le_bytes(array(bytes));
                let narrow = wide as f32;
                if narrow.is_infinite() && wide.is_finite() {
                    Err(wide.to_string())
                } else {
                    Ok(narrow)
                }
            }
            Self::I64 => {
                let whole = i64::from_le_bytes(array(bytes));
                if whole as f32 as i64 == whole { Ok(whole as f32) } else { Err(whole.to_string()) }
            }
        }
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("an element has as many bytes as its type")
}

/// Bytes converted at a time; memory grows with what has been read, not with what was promised.
const BLOCK: usize = 1 << 16;

/// Reads `count` elements; `place` names the tensor in messages.
pub fn read(
    path: &Path,
    place: &str,
    file: &mut (impl Read + ?Sized),
    element: Element,
    count: usize,
) -> Result<Vec<f32>> {
    let mut numbers = Vec::new();
    let mut block = vec![0; BLOCK];
    while numbers.len() < count {
        let elements = (BLOCK / element.size()).min(count - numbers.len());
        let bytes = &mut block[..elements * element.size()];
        file.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput => {
                let place = format!("{place}, element {}", numbers.len());
                Error::malformed(path, place, error.to_string(), format!("{count} elements"))
            }
            _ => Error::io("read", path)(error),
        })?;
        for bytes in bytes.chunks_exact(element.size()) {
            let number = element.number(bytes).map_err(|found| {
                let place = format!("{place}, element {}", numbers.len());
                Error::malformed(path, place, found, "a number that f32 can hold")
            })?;
            numbers.push(number);
        }
    }
    Ok(numbers)
}

/// Writes numbers as `f32`, least significant byte first.
pub fn write(numbers: &[f32], file: &mut (impl Write + ?Sized)) -> io::Result<()> {
    let mut block = Vec::with_capacity(BLOCK);
    for numbers in numbers.chunks(BLOCK / size_of::<f32>()) {
        block.clear();
        block.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
        file.write_all(&block)?;
    }
    Ok(())
}
