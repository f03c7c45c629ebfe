//! Elements as they lie in files, to and from `f32`.

use std::io::{self, Read, Write};
use std::path::Path;

use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use super::Dtype;
use crate::error::{Error, Result};

impl Dtype {
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
    dtype: Dtype,
    count: usize,
) -> Result<Vec<f32>> {
    let mut numbers = Vec::new();
    let mut block = vec![0; BLOCK];
    while numbers.len() < count {
        let elements = (BLOCK / dtype.size()).min(count - numbers.len());
        let bytes = &mut block[..elements * dtype.size()];
        file.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput => {
                let place = format!("{place}, element {}", numbers.len());
                Error::malformed(path, place, error.to_string(), format!("{count} elements"))
            }
            _ => Error::io("read", path)(error),
        })?;
        for bytes in bytes.chunks_exact(dtype.size()) {
            let number = dtype.number(bytes).map_err(|found| {
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

/// Replaces `bytes` by `numbers` as elements of type `dtype`, least significant byte first, rounded
/// to the nearest, of two equally near ones to the even; a NaN stays a NaN.
///
/// # Errors
/// The index of the first finite number that is beyond the range of the type.
pub fn convert(
    numbers: &[f32],
    dtype: Dtype,
    bytes: &mut Vec<u8>,
) -> std::result::Result<(), usize> {
    let overflow = dtype.overflow();
    let is_beyond = |x: &f32| x.is_finite() && x.abs() >= overflow;
    let largest = largest(numbers);
    if largest >= overflow
        && let Some(index) = numbers.iter().position(is_beyond)
    {
        return Err(index);
    }
    let size = dtype.size();
    bytes.resize(numbers.len() * size, 0);
    for_each_chunk(bytes, ELEMENTWISE_CHUNK * size, &|start, bytes: &mut [u8]| {
        let numbers = &numbers[start / size..][..bytes.len() / size];
        match dtype {
            Dtype::F16 => to_f16(numbers, bytes),
            Dtype::Bf16 => each(numbers, bytes, |x| to_bf16(x).to_le_bytes()),
            Dtype::F32 => each(numbers, bytes, f32::to_le_bytes),
            Dtype::F64 => each(numbers, bytes, |x| f64::from(x).to_le_bytes()),
            Dtype::I64 => each(numbers, bytes, |x| (x.round_ties_even() as i64).to_le_bytes()),
        }
    });
    Ok(())
}

fn largest(numbers: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 16];
    let (blocks, rest) = numbers.as_chunks::<16>();
    for block in blocks {
        for (lane, x) in lanes.iter_mut().zip(block) {
            *lane = lane.max(x.abs());
        }
    }
    rest.iter().chain(&lanes).fold(0.0, |largest, x| largest.max(x.abs()))
}

fn each<const N: usize>(numbers: &[f32], bytes: &mut [u8], element: impl Fn(f32) -> [u8; N]) {
    for (bytes, &x) in bytes.as_chunks_mut::<N>().0.iter_mut().zip(numbers) {
        *bytes = element(x);
    }
}

/// The upper half of the number, rounded; written without branches, so that it is vectorized.
fn to_bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7FFF + (bits >> 16 & 1)) >> 16;
    let quiet = bits >> 16 | 0x40;
    (if x.is_nan() { quiet } else { rounded }) as u16
}

/// In blocks, for which processors have instructions that the crate `half` finds.
fn to_f16(numbers: &[f32], bytes: &mut [u8]) {
    const LANES: usize = 512;
    let mut block = [f16::ZERO; LANES];
    for (numbers, bytes) in numbers.chunks(LANES).zip(bytes.chunks_mut(2 * LANES)) {
        let block = &mut block[..numbers.len()];
        block.convert_from_f32_slice(numbers);
        for (bytes, x) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(block.iter()) {
            *bytes = x.to_le_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every upper half, with the lower halves at which rounding turns.
    #[test]
    fn sixteen_bits_are_rounded_as_the_standard_says() {
        let lower = [0, 1, 0x0FFF, 0x1000, 0x1001, 0x3000, 0x7FFF, 0x8000, 0x8001, 0xFFFF];
        let all = lower.iter().flat_map(|low| (0..=0xFFFF_u32).map(move |high| high << 16 | low));
        let numbers: Vec<f32> = all.map(f32::from_bits).collect();
        let mut bytes = Vec::new();
        for (dtype, round) in [
            (Dtype::Bf16, (|x| bf16::from_f32(x).to_bits()) as fn(f32) -> u16),
            (Dtype::F16, |x| f16::from_f32_const(x).to_bits()),
        ] {
            let overflow = dtype.overflow();
            let held: Vec<f32> =
                numbers.iter().copied().filter(|x| !x.is_finite() || x.abs() < overflow).collect();
            convert(&held, dtype, &mut bytes).unwrap();
            for (bytes, x) in bytes.as_chunks::<2>().0.iter().zip(&held) {
                assert_eq!(u16::from_le_bytes(*bytes), round(*x), "{dtype}: {x:e}");
            }
            let below = overflow.next_down();
            assert!(convert(&[below, -below], dtype, &mut bytes).is_ok(), "{dtype}");
            assert_eq!(convert(&[1.0, -overflow], dtype, &mut bytes), Err(1), "{dtype}");
            let beyond = round(overflow);
            assert_eq!(beyond, round(f32::INFINITY), "{dtype}");
            assert_ne!(round(below), beyond, "{dtype}");
        }
    }

    #[test]
    fn wider_types_hold_every_number() {
        let numbers = [0.1, -0.0, 1e-45, f32::MAX, f32::INFINITY];
        let mut bytes = Vec::new();
        convert(&numbers, Dtype::F64, &mut bytes).unwrap();
        let back: Vec<f64> = bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
        assert!(back.iter().zip(&numbers).all(|(b, x)| *b == f64::from(*x)), "{back:?}");
        convert(&[3.0, -2.0], Dtype::I64, &mut bytes).unwrap();
        assert_eq!(bytes, [3_i64.to_le_bytes(), (-2_i64).to_le_bytes()].concat());
        assert_eq!(convert(&[0.0, 1e19], Dtype::I64, &mut bytes), Err(1));
    }
}
