//! Numbers as the elements of a tensor's type, and those as bytes.

use std::borrow::Cow;

use half::{bf16, f16};

use super::element_type::ElementType;
use super::elements::Elements;
use super::encode::put_varint;

/// The numbers as a tensor of this type holds them: floating ones rounded to the nearest.
///
/// # Errors
/// What does not fit: a kind of numbers that the type has not, an integer out of its range, or a
/// finite number that would become infinite.
pub(super) fn fit(
    element_type: ElementType,
    elements: &Elements,
) -> Result<Cow<'_, Elements>, String> {
    use ElementType as E;
    let unlike = || Err(format!("elements that {element_type} does not hold"));
    match (element_type, elements) {
        (E::F32, Elements::F32(_))
        | (E::F64, Elements::F64(_))
        | (E::U64, Elements::U64(_))
        | (E::Bool, Elements::Bool(_))
        | (E::String, Elements::Strings(_)) => Ok(Cow::Borrowed(elements)),
        (E::F64, Elements::F32(values)) => {
            Ok(Cow::Owned(Elements::F64(values.iter().map(|x| f64::from(*x)).collect())))
        }
        (E::F16 | E::Bf16, Elements::F32(values)) => {
            let wide = values.iter().map(|x| (*x, f64::from(*x)));
            wide.map(|(x, wide)| narrow(element_type, x, wide))
                .collect::<Result<_, _>>()
                .map(Elements::F32)
                .map(Cow::Owned)
        }
        (E::F32 | E::F16 | E::Bf16, Elements::F64(values)) => {
            let wide = values.iter().map(|x| (*x as f32, *x));
            wide.map(|(x, wide)| narrow(element_type, x, wide))
                .collect::<Result<_, _>>()
                .map(Elements::F32)
                .map(Cow::Owned)
        }
        (kind, Elements::I64(values)) if kind.is_integer() && kind != E::U64 => {
            let (least, most) = range(kind);
            match values.iter().find(|x| !(least..=most).contains(*x)) {
                Some(outside) => Err(format!("{outside}, which {kind} does not hold")),
                None => Ok(Cow::Borrowed(elements)),
            }
        }
        _ => unlike(),
    }
}

/// The nearest number of the type; `wide` is the number before any rounding.
fn narrow(element_type: ElementType, x: f32, wide: f64) -> Result<f32, String> {
    let rounded = match element_type {
        ElementType::F16 if !wide.is_nan() => f16::from_f64(wide).to_f32(),
        ElementType::Bf16 if !wide.is_nan() => bf16::from_f64(wide).to_f32(),
        _ => x,
    };
    if rounded.is_infinite() && wide.is_finite() {
        return Err(format!("{wide}, which {element_type} does not hold"));
    }
    Ok(rounded)
}

fn range(element_type: ElementType) -> (i64, i64) {
    let bits = element_type.bits().expect("every integer type has a width");
    if element_type.is_signed() {
        (i64::MIN >> (64 - bits), i64::MAX >> (64 - bits))
    } else {
        (0, (1 << bits) - 1)
    }
}

/// Elements that [`fit`] has made, densely, least significant byte first.
///
/// Texts have no such form and give no bytes.
pub(super) fn dense(element_type: ElementType, elements: &Elements) -> Vec<u8> {
    use ElementType as E;
    match elements {
        Elements::F32(values) => match element_type {
            E::F16 => values.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect(),
            E::Bf16 => values.iter().flat_map(|x| bf16::from_f32(*x).to_le_bytes()).collect(),
            _ => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        },
        Elements::F64(values) => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        Elements::U64(values) => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        Elements::Bool(values) => values.iter().map(|x| u8::from(*x)).collect(),
        Elements::I64(values) => match element_type.bits() {
            Some(bits) if bits < 8 => {
                let mask = (1 << bits) - 1;
                let byte = |few: &[i64]| {
                    let placed = few.iter().enumerate().map(|(i, x)| (x & mask) << (i * bits));
                    placed.sum::<i64>() as u8
                };
                values.chunks(8 / bits).map(byte).collect()
            }
            bits => {
                let size = bits.unwrap_or(64) / 8;
                values.iter().flat_map(|x| x.to_le_bytes().into_iter().take(size)).collect()
            }
        },
        Elements::Strings(_) => Vec::new(),
    }
}

/// Elements that [`fit`] has made, as the packed numbers of the field for their type.
pub(super) fn typed(element_type: ElementType, elements: &Elements) -> Vec<u8> {
    use ElementType as E;
    let bytes = dense(element_type, elements);
    let mut packed = Vec::new();
    match (element_type, elements) {
        (E::F32 | E::F64, _) => return bytes,
        (E::F16 | E::Bf16, _) => {
            let (halves, _) = bytes.as_chunks();
            halves.iter().for_each(|b| put_varint(&mut packed, u16::from_le_bytes(*b).into()));
        }
        (kind, Elements::I64(values)) if kind.bits().is_some_and(|bits| bits >= 8) => {
            values.iter().for_each(|x| put_varint(&mut packed, *x as u64));
        }
        (_, Elements::U64(values)) => values.iter().for_each(|x| put_varint(&mut packed, *x)),
        _ => bytes.iter().for_each(|b| put_varint(&mut packed, (*b).into())),
    }
    packed
}

/// Whether the elements are equal to the last bit, so that NaN equals itself and 0 is not −0.
pub(super) fn same_bits(a: &Elements, b: &Elements) -> bool {
    match (a, b) {
        (Elements::F32(a), Elements::F32(b)) => {
            a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
        }
        (Elements::F64(a), Elements::F64(b)) => {
            a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
        }
        _ => a == b,
    }
}
