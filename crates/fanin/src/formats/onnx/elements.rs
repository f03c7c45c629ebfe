//! Elements of a tensor as numbers.

use std::io::{self, Read};

use half::{bf16, f16};

use super::element_type::ElementType;
use super::pack;
use super::tensor::Typed;
use super::wire::{Decoded, Kind, Span, Varints};
use crate::{Error, Result};

/// Elements of a tensor, in row-major order, in the smallest of a few types that loses nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// Of type f32, f16 or bf16.
    F32(Vec<f32>),
    /// Of type f64.
    F64(Vec<f64>),
    /// Of every integer type but u64.
    I64(Vec<i64>),
    /// Of type u64.
    U64(Vec<u64>),
    /// Of type bool.
    Bool(Vec<bool>),
    /// Texts of any encoding.
    Strings(Vec<Vec<u8>>),
}

impl Elements {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::U64(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Strings(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Densely, as a tensor of the type holds them; floating numbers are rounded to the nearest.
    ///
    /// # Errors
    /// [`Error::Setting`] if the type has no such elements, an integer is out of its range, a finite
    /// number would become infinite, or the elements are texts.
    pub fn to_bytes(&self, element_type: ElementType) -> Result<Vec<u8>> {
        let fitting = match self {
            Self::Strings(_) => Err("texts".to_owned()),
            numbers => pack::fit(element_type, numbers),
        };
        match fitting {
            Ok(fitting) => Ok(pack::dense(element_type, &fitting)),
            Err(found) => Err(Error::Setting {
                place: "elements of a tensor".to_owned(),
                found,
                expected: format!("numbers of type {element_type}"),
            }),
        }
    }

    /// As `f32`, if they are floating; those of f64 are rounded to the nearest.
    pub fn to_f32(&self) -> Option<Vec<f32>> {
        match self {
            Self::F32(values) => Some(values.clone()),
            Self::F64(values) => Some(values.iter().map(|x| *x as f32).collect()),
            _ => None,
        }
    }

    /// As `f64`, exactly: none for texts, or for an integer that `f64` has not.
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        // 2⁵³: from here on f64 leaves integers out.
        const EXACT: u64 = 1 << 53;
        match self {
            Self::F32(values) => Some(values.iter().map(|x| f64::from(*x)).collect()),
            Self::F64(values) => Some(values.clone()),
            Self::I64(values) => {
                let exact = |x: &i64| (x.unsigned_abs() <= EXACT).then_some(*x as f64);
                values.iter().map(exact).collect()
            }
            Self::U64(values) => {
                values.iter().map(|x| (*x <= EXACT).then_some(*x as f64)).collect()
            }
            Self::Bool(values) => Some(values.iter().map(|x| f64::from(u8::from(*x))).collect()),
            Self::Strings(_) => None,
        }
    }

    /// As `i64`, exactly, true being 1: none for floating numbers, texts, or a u64 out of range.
    pub fn to_i64(&self) -> Option<Vec<i64>> {
        match self {
            Self::I64(values) => Some(values.clone()),
            Self::U64(values) => values.iter().map(|x| i64::try_from(*x).ok()).collect(),
            Self::Bool(values) => Some(values.iter().map(|x| i64::from(*x)).collect()),
            Self::F32(_) | Self::F64(_) | Self::Strings(_) => None,
        }
    }
}

/// Bytes converted at a time.
const BLOCK: usize = 1 << 16;

/// Reads `count` elements that lie densely; none if their type is not read.
///
/// The caller has seen that there are as many bytes as they take.
pub(super) fn dense(
    element_type: ElementType,
    count: usize,
    file: &mut dyn Read,
) -> Option<io::Result<Elements>> {
    use ElementType as E;
    let floats = |read: io::Result<_>| read.map(Elements::F32);
    let integers = |read: io::Result<_>| read.map(Elements::I64);
    Some(match element_type {
        E::F32 => floats(numbers(file, count, f32::from_le_bytes)),
        E::F16 => floats(numbers(file, count, |b| f16::from_le_bytes(b).to_f32())),
        E::Bf16 => floats(numbers(file, count, |b| bf16::from_le_bytes(b).to_f32())),
        E::F64 => numbers(file, count, f64::from_le_bytes).map(Elements::F64),
        E::I8 => integers(numbers(file, count, |b| i8::from_le_bytes(b).into())),
        E::I16 => integers(numbers(file, count, |b| i16::from_le_bytes(b).into())),
        E::I32 => integers(numbers(file, count, |b| i32::from_le_bytes(b).into())),
        E::I64 => integers(numbers(file, count, i64::from_le_bytes)),
        E::U8 => integers(numbers(file, count, |b| u8::from_le_bytes(b).into())),
        E::U16 => integers(numbers(file, count, |b| u16::from_le_bytes(b).into())),
        E::U32 => integers(numbers(file, count, |b| u32::from_le_bytes(b).into())),
        E::U64 => numbers(file, count, u64::from_le_bytes).map(Elements::U64),
        E::Bool => numbers(file, count, |[byte]: [u8; 1]| byte != 0).map(Elements::Bool),
        E::U4 | E::I4 | E::U2 | E::I2 => integers(small(element_type, file, count)),
        _ => return None,
    })
}

fn numbers<const N: usize, T>(
    file: &mut dyn Read,
    count: usize,
    number: impl Fn([u8; N]) -> T,
) -> io::Result<Vec<T>> {
    let mut numbers = Vec::new();
    numbers.try_reserve_exact(count).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut block = vec![0; BLOCK.min(count.saturating_mul(N))];
    while numbers.len() < count {
        let elements = (BLOCK / N).min(count - numbers.len());
        let bytes = &mut block[..elements * N];
        file.read_exact(bytes)?;
        let (chunks, _) = bytes.as_chunks::<N>();
        numbers.extend(chunks.iter().map(|chunk| number(*chunk)));
    }
    Ok(numbers)
}

/// Integers of which several share a byte, the first in its lowest bits.
fn small(element_type: ElementType, file: &mut dyn Read, count: usize) -> io::Result<Vec<i64>> {
    let bits = element_type.bits().expect("every integer type has a width");
    let bytes = numbers(file, count.div_ceil(8 / bits), |[byte]: [u8; 1]| byte)?;
    Ok(unpacked(element_type, count, bytes.into_iter()))
}

fn unpacked(element_type: ElementType, count: usize, bytes: impl Iterator<Item = u8>) -> Vec<i64> {
    let bits = element_type.bits().expect("every integer type has a width");
    let elements = bytes.flat_map(|byte| (0..8).step_by(bits).map(move |shift| byte >> shift));
    let unused = 8 - bits;
    let number = |element: u8| {
        let shifted = element << unused;
        if element_type.is_signed() {
            // Shifted down as a signed number, the highest bit stays the sign.
            i64::from((shifted as i8) >> unused)
        } else {
            i64::from(shifted >> unused)
        }
    };
    elements.take(count).map(number).collect()
}

/// Elements that lie as numbers of protobuf; none if their type is not read.
///
/// The tensor's decoder has seen that the numbers are well formed and as many as the shape asks for.
pub(super) fn typed(
    element_type: ElementType,
    count: usize,
    typed: &Typed<'_>,
) -> Option<Elements> {
    use ElementType as E;
    let words = || words(typed);
    let integers = |number: fn(u64) -> i64| Elements::I64(words().map(number).collect());
    Some(match element_type {
        E::F32 => Elements::F32(words().map(|w| f32::from_bits(w as u32)).collect()),
        E::F64 => Elements::F64(words().map(f64::from_bits).collect()),
        E::F16 => Elements::F32(words().map(|w| f16::from_bits(w as u16).to_f32()).collect()),
        E::Bf16 => Elements::F32(words().map(|w| bf16::from_bits(w as u16).to_f32()).collect()),
        E::I8 => integers(|w| i64::from(w as i8)),
        E::I16 => integers(|w| i64::from(w as i16)),
        E::I32 => integers(|w| i64::from(w as i32)),
        E::I64 => integers(|w| w as i64),
        E::U8 => integers(|w| i64::from(w as u8)),
        E::U16 => integers(|w| i64::from(w as u16)),
        E::U32 => integers(|w| i64::from(w as u32)),
        E::U64 => Elements::U64(words().collect()),
        E::Bool => Elements::Bool(words().map(|w| w != 0).collect()),
        E::U4 | E::I4 | E::U2 | E::I2 => {
            Elements::I64(unpacked(element_type, count, words().map(|w| w as u8)))
        }
        _ => return None,
    })
}

/// Bits of the numbers, in the lowest bits of a word each.
fn words<'a>(typed: &'a Typed<'a>) -> impl Iterator<Item = u64> + 'a {
    let kind = typed.store.field().2;
    typed.runs.iter().flat_map(move |run| run_words(*run, kind))
}

fn run_words(run: Span<'_>, kind: Kind) -> Box<dyn Iterator<Item = u64> + '_> {
    match kind {
        Kind::Fixed32 => {
            let (chunks, _) = run.bytes.as_chunks();
            Box::new(chunks.iter().map(|bytes| u64::from(u32::from_le_bytes(*bytes))))
        }
        Kind::Fixed64 => {
            let (chunks, _) = run.bytes.as_chunks();
            Box::new(chunks.iter().map(|bytes| u64::from_le_bytes(*bytes)))
        }
        _ => Box::new(Varints::new(run).map_while(Decoded::ok)),
    }
}
