//! .npy: one NumPy array behind a header that is a Python dictionary.
//!
//! Format versions 1.0 to 3.0 (NumPy Enhancement Proposal 1). The header is read here rather than
//! by a crate because those at hand bring a grammar compiler for this one line of text.

use std::path::Path;

use super::{Array, Contents, DataFormat, Element, Endian, Order, ReadOptions, extension};
use crate::{Error, Result};

/// One array as `numpy.save` writes it.
pub struct Npy;

impl DataFormat for Npy {
    fn name(&self) -> &'static str {
        "npy"
    }

    fn about(&self) -> &'static str {
        "one NumPy array (.npy)"
    }

    fn claims(&self, file_name: &str) -> bool {
        extension(file_name) == Some("npy")
    }

    fn read(&self, path: &Path, mut bytes: Vec<u8>, _: &ReadOptions) -> Result<Contents> {
        let head = Head::parse(path, "", &bytes)?;
        if bytes.len() as u64 != head.file_bytes {
            return Err(head.wrong_length(path, "", bytes.len() as u64));
        }
        bytes.drain(..head.header_bytes);
        Ok(Contents::Arrays(vec![(String::new(), head.into_array(bytes))]))
    }
}

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Bytes before the text of the header in version 2.0 and later; version 1.0 has two fewer.
pub(super) const LONGEST_PREFIX: usize = 12;

/// The longest header that is read; one of a plain array has about 100 bytes.
const LONGEST_HEADER: usize = 1 << 20;

/// What the header of a .npy file says.
#[derive(Debug)]
pub(super) struct Head {
    element: Element,
    endian: Endian,
    order: Order,
    shape: Vec<usize>,
    /// Bytes before the first element.
    pub(super) header_bytes: usize,
    /// Bytes that the header promises for the whole file.
    pub(super) file_bytes: u64,
}

impl Head {
    /// Reads the header at the start of `bytes`; `within` names the array in an archive.
    pub(super) fn parse(path: &Path, within: &str, bytes: &[u8]) -> Result<Self> {
        let fail = |byte: usize, found: &str, expected: &str| {
            Err(Error::malformed(path, format!("{within}byte {byte}"), found, expected))
        };
        let header_bytes = header_length(path, within, bytes)?;
        let Some(text) = bytes.get(..header_bytes) else {
            let expected = format!("a header of {header_bytes} bytes");
            return fail(bytes.len(), "the end of the file", &expected);
        };
        let start = if text[6] == 1 { LONGEST_PREFIX - 2 } else { LONGEST_PREFIX };
        let Ok(text) = std::str::from_utf8(&text[start..]) else {
            return fail(start, "a header that is no text", "a Python dictionary");
        };
        let Some(kind) = value(text, "descr") else {
            return fail(start, &quote(text), "a header with a 'descr', the type");
        };
        let Some((element, endian)) = element(kind) else {
            let expected = "a 'descr' of booleans, integers or floating point, \
                            such as '<f4' (array.astype('float32') makes it so)";
            return fail(start, &quote(kind), expected);
        };
        let order = match value(text, "fortran_order") {
            Some(rest) if rest.starts_with("False") => Order::Row,
            Some(rest) if rest.starts_with("True") => Order::Column,
            _ => return fail(start, &quote(text), "a 'fortran_order' of True or False"),
        };
        let Some(shape) = value(text, "shape").and_then(shape) else {
            return fail(start, &quote(text), "a 'shape' such as (3, 4)");
        };
        let file_bytes = shape
            .iter()
            .try_fold(element.size() as u64, |product, &n| product.checked_mul(n as u64))
            .and_then(|elements| elements.checked_add(header_bytes as u64));
        match file_bytes {
            Some(file_bytes) => {
                Ok(Self { element, endian, order, shape, header_bytes, file_bytes })
            }
            None => fail(start, &format!("the shape {shape:?}"), "fewer than 2^64 bytes"),
        }
    }

    pub(super) fn into_array(self, bytes: Vec<u8>) -> Array {
        let Self { element, endian, order, shape, .. } = self;
        Array { shape, element, endian, order, bytes }
    }

    pub(super) fn wrong_length(&self, path: &Path, within: &str, length: u64) -> Error {
        Error::malformed(
            path,
            format!("{within}byte {}", length.min(self.file_bytes)),
            format!("{length} bytes in all"),
            format!("{} for the shape {:?}", self.file_bytes, self.shape),
        )
    }
}

/// Bytes of magic number, version, length and text of the header.
pub(super) fn header_length(path: &Path, within: &str, bytes: &[u8]) -> Result<usize> {
    let fail = |byte: usize, found: &str, expected: &str| {
        Err(Error::malformed(path, format!("{within}byte {byte}"), found, expected))
    };
    if !bytes.starts_with(MAGIC) {
        return fail(0, "another beginning", "\\x93NUMPY, as .npy files begin");
    }
    match bytes[MAGIC.len()..] {
        [1, _, low, high, ..] => {
            Ok(LONGEST_PREFIX - 2 + usize::from(u16::from_le_bytes([low, high])))
        }
        [2 | 3, _, a, b, c, d, ..] => match u32::from_le_bytes([a, b, c, d]) as usize {
            length @ ..=LONGEST_HEADER => Ok(LONGEST_PREFIX + length),
            length => {
                let expected = format!("at most {LONGEST_HEADER}");
                fail(MAGIC.len() + 2, &format!("a header of {length} bytes"), &expected)
            }
        },
        [] | [1..=3, ..] => fail(bytes.len(), "the end of the file", "the length of the header"),
        [version, ..] => fail(MAGIC.len(), &format!("version {version}"), "version 1, 2 or 3"),
    }
}

/// The text after `'key':`.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let after =
        ['\'', '"'].iter().find_map(|q| Some(text.split_once(&format!("{q}{key}{q}"))?.1))?;
    Some(after.trim_start().strip_prefix(':')?.trim_start())
}

/// The type that a text beginning with, say, `'<f4'` stands for.
fn element(text: &str) -> Option<(Element, Endian)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let (descr, _) = text[1..].split_once(quote)?;
    let endian = match descr.chars().next()? {
        '<' | '|' => Endian::Little,
        '>' => Endian::Big,
        _ => return None,
    };
    let element = match &descr[1..] {
        "b1" => Element::Bool,
        "u1" => Element::U8,
        "i1" => Element::I8,
        "u2" => Element::U16,
        "i2" => Element::I16,
        "u4" => Element::U32,
        "i4" => Element::I32,
        "u8" => Element::U64,
        "i8" => Element::I64,
        "f2" => Element::F16,
        "f4" => Element::F32,
        "f8" => Element::F64,
        _ => return None,
    };
    Some((element, endian))
}

/// The lengths in a text beginning with, say, `(3, 4)`.
fn shape(text: &str) -> Option<Vec<usize>> {
    let (inside, _) = text.strip_prefix('(')?.split_once(')')?;
    inside.split(',').map(str::trim).filter(|n| !n.is_empty()).map(|n| n.parse().ok()).collect()
}

/// The beginning of a text, in quotes.
fn quote(text: &str) -> String {
    const SHOWN: usize = 60;
    let beginning: String = text.trim_end().chars().take(SHOWN).collect();
    format!("`{}`", beginning.replace(char::is_control, " "))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A version 1.0 file as NumPy writes it.
    pub(in super::super) fn file(
        descr: &str,
        order: &str,
        shape: &str,
        elements: &[u8],
    ) -> Vec<u8> {
        let mut text =
            format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}");
        while !(LONGEST_PREFIX - 2 + text.len() + 1).is_multiple_of(64) {
            text.push(' ');
        }
        text.push('\n');
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.bytes());
        bytes.extend(elements);
        bytes
    }

    fn read(bytes: Vec<u8>) -> Result<Array> {
        match Npy.read(Path::new("a.npy"), bytes, &ReadOptions::default())? {
            Contents::Arrays(mut arrays) => Ok(arrays.remove(0).1),
            Contents::Table(_) => unreachable!(".npy holds an array"),
        }
    }

    #[track_caller]
    fn check_error(bytes: Vec<u8>, expected: &str) {
        assert_eq!(read(bytes).unwrap_err().to_string(), expected);
    }

    #[test]
    fn both_orders_and_byte_orders_are_read() {
        let numbers = |bytes| read(bytes).unwrap().numbers().collect::<Vec<f64>>();
        let little: Vec<u8> = (1..=6_i16).flat_map(i16::to_le_bytes).collect();
        let big: Vec<u8> = (1..=6_i16).flat_map(i16::to_be_bytes).collect();
        let by_rows = [1., 2., 3., 4., 5., 6.];
        assert_eq!(numbers(file("'<i2'", "False", "(2, 3)", &little)), by_rows);
        assert_eq!(numbers(file("'>i2'", "False", "(2, 3)", &big)), by_rows);
        assert_eq!(numbers(file("'<i2'", "True", "(2, 3)", &little)), [1., 3., 5., 2., 4., 6.]);
        assert_eq!(numbers(file("'|b1'", "False", "(2,)", &[0, 1])), [0., 1.]);
    }

    #[test]
    fn bad_files_are_told_with_their_place() {
        check_error(
            file("'<f4'", "False", "(2, 3)", &[0; 20]),
            "a.npy: byte 148: found 148 bytes in all, expected 152 for the shape [2, 3]",
        );
        check_error(
            file("'<U5'", "False", "(2,)", &[0; 40]),
            "a.npy: byte 10: found `'<U5', 'fortran_order': False, 'shape': (2,), }`, expected a \
             'descr' of booleans, integers or floating point, such as '<f4' \
             (array.astype('float32') makes it so)",
        );
        check_error(
            file("'<f8'", "False", "(4294967296, 4294967296)", &[]),
            "a.npy: byte 10: found the shape [4294967296, 4294967296], \
             expected fewer than 2^64 bytes",
        );
        check_error(
            b"PK\x03\x04".to_vec(),
            "a.npy: byte 0: found another beginning, expected \\x93NUMPY, as .npy files begin",
        );
    }
}
