//! .npz: several named NumPy arrays in a ZIP archive.

use std::io::{Cursor, Read};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::{Array, Contents, DataFormat, ReadOptions, extension, gzip, npy};
use crate::{Error, Result};

/// Named arrays as `numpy.savez` and `numpy.savez_compressed` write them.
pub struct Npz;

impl DataFormat for Npz {
    fn name(&self) -> &'static str {
        "npz"
    }

    fn about(&self) -> &'static str {
        "named NumPy arrays (.npz)"
    }

    fn claims(&self, file_name: &str) -> bool {
        extension(file_name) == Some("npz")
    }

    fn read(&self, path: &Path, bytes: Vec<u8>, _: &ReadOptions) -> Result<Contents> {
        let length = bytes.len();
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| {
            Error::malformed(
                path,
                format!("byte {length}"),
                error.to_string(),
                "the end of a ZIP archive",
            )
        })?;
        let mut arrays = Vec::new();
        for index in 0..archive.len() {
            let unreadable = |error: ZipError| {
                let place = format!("entry {}", index + 1);
                Error::malformed(path, place, error.to_string(), "a stored or deflated .npy")
            };
            let entry = archive.by_index(index).map_err(unreadable)?;
            let name = entry.name().map_err(unreadable)?.trim_end_matches(".npy").to_owned();
            let compressed = entry.compressed_size();
            arrays.push((name.clone(), read_entry(path, &name, entry, compressed)?));
        }
        Ok(Contents::Arrays(arrays))
    }
}

fn read_entry(path: &Path, name: &str, mut entry: impl Read, compressed: u64) -> Result<Array> {
    let within = format!("array `{name}`, ");
    let mut take = |bytes: &mut Vec<u8>, count: u64| {
        let outcome = entry.by_ref().take(count).read_to_end(bytes);
        outcome.map(drop).map_err(|error| {
            let place = format!("{within}byte {}", bytes.len());
            Error::malformed(path, place, error.to_string(), "an undamaged .npy")
        })
    };
    let mut bytes = Vec::new();
    take(&mut bytes, npy::LONGEST_PREFIX as u64)?;
    let header_bytes = npy::header_length(path, &within, &bytes)?;
    take(&mut bytes, (header_bytes - npy::LONGEST_PREFIX.min(header_bytes)) as u64)?;
    let head = npy::Head::parse(path, &within, &bytes)?;
    let possible = compressed.saturating_mul(gzip::LARGEST_RATIO).min(gzip::LARGEST);
    if head.file_bytes > possible {
        return Err(head.wrong_length(path, &within, possible));
    }
    let rest = head.file_bytes + 1 - bytes.len() as u64;
    take(&mut bytes, rest)?;
    if bytes.len() as u64 != head.file_bytes {
        return Err(head.wrong_length(path, &within, bytes.len() as u64));
    }
    bytes.drain(..head.header_bytes);
    Ok(head.into_array(bytes))
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    pub(in super::super) fn archive(method: CompressionMethod, files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            let options = SimpleFileOptions::default().compression_method(method);
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn read(bytes: Vec<u8>) -> Result<Vec<(String, Array)>> {
        match Npz.read(Path::new("a.npz"), bytes, &ReadOptions::default())? {
            Contents::Arrays(arrays) => Ok(arrays),
            Contents::Table(_) => unreachable!(".npz holds arrays"),
        }
    }

    #[test]
    fn stored_and_compressed_arrays_are_read_by_name() {
        let x = npy::tests::file("'|u1'", "False", "(2, 2)", &[1, 2, 3, 4]);
        let y = npy::tests::file("'|u1'", "False", "(2,)", &[0, 1]);
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let arrays = read(archive(method, &[("x.npy", &x), ("y.npy", &y)])).unwrap();
            let names: Vec<&str> = arrays.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["x", "y"]);
            assert_eq!(arrays[0].1.numbers().collect::<Vec<f64>>(), [1., 2., 3., 4.]);
        }
    }

    #[test]
    fn lying_headers_and_damage_are_told_with_the_array() {
        let lying = npy::tests::file("'<f8'", "False", "(1000000, 1000000)", &[]);
        let error = read(archive(CompressionMethod::Deflated, &[("x.npy", &lying)])).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("a.npz: array `x`, byte "), "{text}");
        assert!(
            text.ends_with("expected 8000000000128 for the shape [1000000, 1000000]"),
            "{text}"
        );

        let x = npy::tests::file("'|u1'", "False", "(4,)", &[1, 2, 3, 4]);
        let mut damaged = archive(CompressionMethod::Stored, &[("x.npy", &x)]);
        let at = damaged.windows(4).position(|w| w == [1, 2, 3, 4]).unwrap();
        damaged[at] = 9;
        let text = read(damaged).unwrap_err().to_string();
        assert!(text.starts_with("a.npz: array `x`, byte "), "{text}");
    }

    #[test]
    fn array_shorter_or_longer_than_its_header_says_is_told() {
        for elements in [&[1, 2][..], &[1, 2, 3, 4, 5]] {
            let x = npy::tests::file("'|u1'", "False", "(4,)", elements);
            let error = read(archive(CompressionMethod::Stored, &[("x.npy", &x)])).unwrap_err();
            let text = error.to_string();
            assert!(text.ends_with("bytes in all, expected 132 for the shape [4]"), "{text}");
        }
    }
}
