//! Which tensors go into which file, and the index that finds them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{ByteSize, Entry};

/// A file to be written and the tensors in it, by their places in the list of all.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) path: PathBuf,
    pub(super) entries: Vec<usize>,
}

/// Cuts the tensors into files of at most `largest` bytes, in order; a tensor alone may be larger.
///
/// One file keeps the name `path`; several are called `model-00001-of-00003.safetensors`, as Hugging
/// Face loads them. Within a file, tensors of wider elements come first, so that every element lies
/// at a multiple of its size.
pub(super) fn cut(path: &Path, entries: &[Entry], largest: Option<ByteSize>) -> Vec<Part> {
    let largest = largest.map_or(u64::MAX, |size| size.0);
    let mut files: Vec<Vec<usize>> = vec![Vec::new()];
    let mut bytes = 0_u64;
    for (index, entry) in entries.iter().enumerate() {
        let is_full = bytes > 0 && bytes.saturating_add(entry.bytes()) > largest;
        if is_full {
            files.push(Vec::new());
            bytes = 0;
        }
        bytes += entry.bytes();
        files.last_mut().expect("there is one from the start").push(index);
    }
    let count = files.len();
    let part = |(number, mut of_file): (usize, Vec<usize>)| {
        of_file.sort_by_key(|&index| std::cmp::Reverse(entries[index].dtype.size()));
        let path = if count == 1 { path.to_owned() } else { numbered(path, number + 1, count) };
        Part { path, entries: of_file }
    };
    files.into_iter().enumerate().map(part).collect()
}

fn numbered(path: &Path, number: usize, count: usize) -> PathBuf {
    let [stem, ending] =
        [path.file_stem(), path.extension()].map(|part| part.unwrap_or_default().to_string_lossy());
    path.with_file_name(format!("{stem}-{number:05}-of-{count:05}.{ending}"))
}

/// The name of the index of several files: `model.safetensors.index.json`.
pub(super) fn index_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.index.json"))
}

#[derive(Serialize)]
struct Index<'a> {
    metadata: Totals,
    weight_map: BTreeMap<&'a str, String>,
}

#[derive(Serialize)]
struct Totals {
    total_size: u64,
}

/// Writes the index: which file holds which tensor, and the bytes of all tensors.
pub(super) fn write_index(
    parts: &[Part],
    entries: &[Entry],
    file: &mut impl Write,
) -> io::Result<()> {
    let mut weight_map = BTreeMap::new();
    for part in parts {
        let name = part.path.file_name().unwrap_or_default().to_string_lossy();
        let held = part.entries.iter().map(|&index| entries[index].name.as_str());
        weight_map.extend(held.map(|tensor| (tensor, name.clone().into_owned())));
    }
    let total_size = entries.iter().map(Entry::bytes).sum();
    let index = Index { metadata: Totals { total_size }, weight_map };
    serde_json::to_writer_pretty(&mut *file, &index)?;
    file.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Dtype;

    fn entries(of: &[(usize, Dtype)]) -> Vec<Entry> {
        let entry = |(index, &(size, dtype)): (usize, &(usize, Dtype))| Entry {
            name: format!("w{index}"),
            shape: [size].into(),
            dtype,
        };
        of.iter().enumerate().map(entry).collect()
    }

    #[track_caller]
    fn check(of: &[(usize, Dtype)], largest: u64, expected: &[(&str, &[usize])]) {
        let parts = cut(Path::new("a/m.safetensors"), &entries(of), Some(ByteSize(largest)));
        let found: Vec<_> =
            parts.iter().map(|p| (p.path.to_str().unwrap(), p.entries.as_slice())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn files_are_filled_in_order_up_to_the_limit() {
        let (b, f) = (Dtype::Bf16, Dtype::F32);
        check(&[(5, f), (5, f)], 40, &[("a/m.safetensors", &[0, 1])]);
        let (first, second) = ("a/m-00001-of-00002.safetensors", "a/m-00002-of-00002.safetensors");
        check(&[(5, f), (5, f), (5, f)], 40, &[(first, &[0, 1]), (second, &[2])]);
        check(&[(50, f), (1, f)], 40, &[(first, &[0]), (second, &[1])]);
        let mixed: &[usize] = &[1, 3, 0, 2];
        check(&[(3, b), (5, f), (3, b), (2, f)], 40, &[("a/m.safetensors", mixed)]);
        check(&[], 40, &[("a/m.safetensors", &[])]);
    }

    #[test]
    fn the_index_names_the_file_of_every_tensor() {
        let entries = entries(&[(5, Dtype::F32), (6, Dtype::Bf16)]);
        let parts = cut(Path::new("m.safetensors"), &entries, Some(ByteSize(20)));
        let mut bytes = Vec::new();
        write_index(&parts, &entries, &mut bytes).unwrap();
        let index: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let expected = serde_json::json!({
            "metadata": { "total_size": 32 },
            "weight_map": {
                "w0": "m-00001-of-00002.safetensors",
                "w1": "m-00002-of-00002.safetensors",
            },
        });
        assert_eq!(index, expected);
        assert_eq!(
            index_path(Path::new("a/m.safetensors")),
            Path::new("a/m.safetensors.index.json")
        );
    }
}
