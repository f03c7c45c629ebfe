//! Files compressed with gzip, decompressed within a bound.

use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::{Error, Result};

/// The most that any compressed file of data may hold: 16 GiB.
pub(super) const LARGEST: u64 = 1 << 34;

/// Deflate shrinks nothing more than this: its shortest code for its longest match, of 258 bytes,
/// is two codes of one bit (RFC 1951).
pub(super) const LARGEST_RATIO: u64 = 1032;

const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Whether the bytes begin as a gzip file does.
pub(super) fn is_compressed(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// The decompressed bytes; memory is taken as they come, never on the word of a header.
///
/// # Errors
/// Malformed, if the stream is damaged or gives more than `limit` bytes.
pub(super) fn decompress(path: &Path, bytes: &[u8], limit: u64) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    let outcome = MultiGzDecoder::new(bytes).take(limit + 1).read_to_end(&mut plain);
    if let Err(error) = outcome {
        let place = format!("byte {} of the decompressed data", plain.len());
        return Err(Error::malformed(path, place, error.to_string(), "an undamaged gzip file"));
    }
    if plain.len() as u64 > limit {
        let place = format!("byte {limit} of the decompressed data");
        return Err(Error::malformed(
            path,
            place,
            "more data",
            format!("an end after {limit} bytes"),
        ));
    }
    Ok(plain)
}

/// The first bytes of the decompressed data, at most `count` of them.
pub(super) fn peek(bytes: &[u8], count: usize) -> Vec<u8> {
    let mut head = vec![0; count];
    let mut decoder = MultiGzDecoder::new(bytes);
    let mut filled = 0;
    while filled < count {
        match decoder.read(&mut head[filled..]) {
            Ok(0) | Err(_) => break,
            Ok(read) => filled += read,
        }
    }
    head.truncate(filled);
    head
}
