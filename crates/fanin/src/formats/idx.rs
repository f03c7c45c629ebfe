//! IDX: the format of MNIST, a big-endian array behind a short header.
//!
//! Two zero bytes, the type of the elements, the number of axes, the length of each axis as a
//! 32-bit number, then the elements with the last index fastest (the page of
//! the MNIST database, "The IDX file format").

use std::path::Path;

use super::{Array, Contents, DataFormat, Element, Endian, Order, ReadOptions, gzip};
use crate::{Error, Result};

/// Arrays as MNIST has them, plain or compressed with gzip.
pub struct Idx;

impl DataFormat for Idx {
    fn name(&self) -> &'static str {
        "idx"
    }

    fn about(&self) -> &'static str {
        "IDX as of MNIST (….idx, …-idx3-ubyte, each also with .gz)"
    }

    fn claims(&self, file_name: &str) -> bool {
        let ends_as_idx = |end: &str| {
            end.strip_prefix("idx").is_some_and(|rest| {
                let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
                rest.is_empty() || rest.starts_with('-')
            })
        };
        file_name.match_indices(['.', '-']).any(|(at, _)| ends_as_idx(&file_name[at + 1..]))
    }

    fn read(&self, path: &Path, bytes: Vec<u8>, _: &ReadOptions) -> Result<Contents> {
        let bytes = if gzip::is_compressed(&bytes) {
            let limit = decompressed_length(path, &bytes)?;
            gzip::decompress(path, &bytes, limit)?
        } else {
            bytes
        };
        Ok(Contents::Arrays(vec![(String::new(), parse(path, bytes)?)]))
    }
}

const HEADER_START: usize = 4;
const MOST_AXES: usize = 255;

struct Head {
    element: Element,
    shape: Vec<usize>,
    /// Bytes before the first element.
    header_bytes: usize,
    /// Bytes that the header promises for the whole file.
    file_bytes: u64,
}

/// The length that the header of a compressed file promises, if the compressed bytes can hold it.
fn decompressed_length(path: &Path, compressed: &[u8]) -> Result<u64> {
    let head = gzip::peek(compressed, HEADER_START + 4 * MOST_AXES);
    let promised = parse_head(path, &head)?.file_bytes;
    let possible = (compressed.len() as u64).saturating_mul(gzip::LARGEST_RATIO).min(gzip::LARGEST);
    if promised > possible {
        return Err(Error::malformed(
            path,
            format!("byte {HEADER_START} of the decompressed data"),
            format!("lengths that promise {promised} bytes"),
            format!("at most the {possible} bytes that {} can hold", compressed.len()),
        ));
    }
    Ok(promised)
}

fn parse(path: &Path, mut bytes: Vec<u8>) -> Result<Array> {
    let head = parse_head(path, &bytes)?;
    if bytes.len() as u64 != head.file_bytes {
        let expected = format!("{} for the shape {:?}", head.file_bytes, head.shape);
        let place = format!("byte {}", head.file_bytes.min(bytes.len() as u64));
        return Err(Error::malformed(
            path,
            place,
            format!("{} bytes in all", bytes.len()),
            expected,
        ));
    }
    bytes.drain(..head.header_bytes);
    let Head { element, shape, .. } = head;
    Ok(Array { shape, element, endian: Endian::Big, order: Order::Row, bytes })
}

fn parse_head(path: &Path, bytes: &[u8]) -> Result<Head> {
    let truncated = |needed: usize| {
        let place = format!("byte {}", bytes.len());
        Error::malformed(path, place, "the end of the file", format!("a header of {needed} bytes"))
    };
    let &[zero, also_zero, kind, axes] = bytes.get(..HEADER_START).unwrap_or_default() else {
        return Err(truncated(HEADER_START));
    };
    if zero != 0 || also_zero != 0 {
        let found = format!("{zero:#04x} {also_zero:#04x}");
        return Err(Error::malformed(path, "byte 0", found, "two zero bytes, as IDX files begin"));
    }
    let Some(element) = element(kind) else {
        let expected = "a type of element: 0x08, 0x09, 0x0b, 0x0c, 0x0d or 0x0e";
        return Err(Error::malformed(path, "byte 2", format!("{kind:#04x}"), expected));
    };
    if axes == 0 {
        return Err(Error::malformed(path, "byte 3", "0 axes", "at least one axis, the rows"));
    }
    let header_bytes = HEADER_START + 4 * usize::from(axes);
    let Some(lengths) = bytes.get(HEADER_START..header_bytes) else {
        return Err(truncated(header_bytes));
    };
    let shape: Vec<usize> = lengths
        .chunks_exact(4)
        .map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize)
        .collect();
    let file_bytes = shape
        .iter()
        .try_fold(element.size() as u64, |product, &n| product.checked_mul(n as u64))
        .and_then(|elements| elements.checked_add(header_bytes as u64));
    let Some(file_bytes) = file_bytes else {
        let place = format!("byte {HEADER_START}");
        return Err(Error::malformed(
            path,
            place,
            format!("the shape {shape:?}"),
            "fewer than 2^64 bytes",
        ));
    };
    Ok(Head { element, shape, header_bytes, file_bytes })
}

fn element(kind: u8) -> Option<Element> {
    Some(match kind {
        0x08 => Element::U8,
        0x09 => Element::I8,
        0x0b => Element::I16,
        0x0c => Element::I32,
        0x0d => Element::F32,
        0x0e => Element::F64,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(kind: u8, lengths: &[u32], elements: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, kind, lengths.len() as u8];
        bytes.extend(lengths.iter().flat_map(|n| n.to_be_bytes()));
        bytes.extend(elements);
        bytes
    }

    fn compress(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> Result<Array> {
        match Idx.read(Path::new("a.idx"), bytes, &ReadOptions::default())? {
            Contents::Arrays(mut arrays) => Ok(arrays.remove(0).1),
            Contents::Table(_) => unreachable!("IDX holds arrays"),
        }
    }

    #[track_caller]
    fn check_error(bytes: Vec<u8>, expected: &str) {
        assert_eq!(read(bytes).unwrap_err().to_string(), expected);
    }

    #[test]
    fn every_type_of_element_is_read() {
        #[track_caller]
        fn check(kind: u8, elements: &[u8], expected: f64) {
            let array = read(file(kind, &[1], elements)).unwrap();
            assert_eq!(array.numbers().collect::<Vec<f64>>(), [expected]);
        }
        check(0x08, &[200], 200.0);
        check(0x09, &[0xff], -1.0);
        check(0x0b, &[0xff, 0xfe], -2.0);
        check(0x0c, &70_000_i32.to_be_bytes(), 70_000.0);
        check(0x0d, &0.5_f32.to_be_bytes(), 0.5);
        check(0x0e, &(-0.1_f64).to_be_bytes(), -0.1);
    }

    #[test]
    fn compressed_file_equals_the_plain_one() {
        let plain = file(8, &[2, 3], &[1, 2, 3, 4, 5, 6]);
        assert_eq!(read(compress(&plain)).unwrap(), read(plain).unwrap());
    }

    #[test]
    fn short_long_and_lying_files_are_told() {
        check_error(
            file(8, &[2, 3], &[1, 2, 3]),
            "a.idx: byte 15: found 15 bytes in all, expected 18 for the shape [2, 3]",
        );
        check_error(
            file(8, &[1], &[1, 2]),
            "a.idx: byte 9: found 10 bytes in all, expected 9 for the shape [1]",
        );
        check_error(
            file(8, &[u32::MAX, u32::MAX, u32::MAX], &[]),
            "a.idx: byte 4: found the shape [4294967295, 4294967295, 4294967295], \
             expected fewer than 2^64 bytes",
        );
        check_error(
            file(7, &[1], &[1]),
            "a.idx: byte 2: found 0x07, \
             expected a type of element: 0x08, 0x09, 0x0b, 0x0c, 0x0d or 0x0e",
        );
    }

    #[test]
    fn compressed_header_that_promises_too_much_is_refused_before_decompressing() {
        let compressed = compress(&file(8, &[60_000, 28, 28], &[0]));
        let possible = compressed.len() * 1032;
        check_error(
            compressed.clone(),
            &format!(
                "a.idx: byte 4 of the decompressed data: found lengths that promise 47040016 bytes, \
                 expected at most the {possible} bytes that {} can hold",
                compressed.len()
            ),
        );
    }

    #[test]
    fn compressed_file_longer_than_its_header_says_is_refused() {
        let bomb = compress(&file(8, &[4], &vec![0; 1_000_000]));
        check_error(
            bomb,
            "a.idx: byte 12 of the decompressed data: found more data, \
             expected an end after 12 bytes",
        );
    }

    #[test]
    fn names_of_idx_files_are_known() {
        for name in ["a.idx", "train-images-idx3-ubyte", "train-images.idx3-ubyte", "x.idx1"] {
            assert!(Idx.claims(name), "{name}");
        }
        for name in ["a.csv", "index.csv", "a-index.npy", "idx"] {
            assert!(!Idx.claims(name), "{name}");
        }
    }
}
