//! Whole or not at all, in every type of elements, in one file or several.

use std::collections::BTreeMap;

use tempfile::TempDir;

use super::*;
use crate::formats::{Dtype, WEIGHT_FORMATS, read_weights};

fn entry(name: &str, shape: &[usize], dtype: Dtype) -> Entry {
    Entry { name: name.to_owned(), shape: shape.into(), dtype }
}

/// Numbers that every type holds, other ones for every entry.
fn number(entry: usize, index: usize) -> f32 {
    ((index + 3 * entry) % 129) as f32 - 64.0
}

fn fill(entry: usize, start: usize, out: &mut [f32]) {
    out.iter_mut().enumerate().for_each(|(i, x)| *x = number(entry, start + i));
}

fn stream(
    path: &Path,
    entries: &[Entry],
    options: &WriteOptions,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Vec<PathBuf>> {
    let fill = &mut |entry, start, out: &mut [f32]| {
        fill(entry, start, out);
        Ok(())
    };
    stream_weights(path, entries, options, fill, progress)
}

fn write_to(path: &Path, entries: &[Entry], options: &WriteOptions) -> Result<Vec<PathBuf>> {
    stream(path, entries, options, &mut |_, _| ControlFlow::Continue(()))
}

fn names(folder: &TempDir) -> Vec<String> {
    let files = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every entry lies in exactly one of the files, with its own shape and numbers.
#[track_caller]
fn check_contents(files: &[PathBuf], entries: &[Entry]) {
    let mut found = BTreeMap::new();
    for file in files {
        found.extend(read_weights(file).unwrap().tensors);
    }
    assert_eq!(found.len(), entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let tensor = &found[&entry.name];
        assert_eq!(tensor.shape(), &entry.shape, "{}", entry.name);
        let is_right = |(i, x): (usize, &f32)| *x == number(index, i);
        assert!(tensor.data().iter().enumerate().all(is_right), "{}", entry.name);
    }
}

fn mixed() -> Vec<Entry> {
    vec![
        entry("a", &[3, 5], Dtype::Bf16),
        entry("b", &[], Dtype::F64),
        entry("c", &[BLOCK + 12_345], Dtype::F16),
        entry("d", &[7], Dtype::F32),
        entry("e", &[2, 2, 2], Dtype::I64),
    ]
}

const SHARDS_OF_1_MB: WriteOptions =
    WriteOptions { existing: Existing::Keep, max_shard: Some(ByteSize(1_000_000)) };

#[test]
fn every_type_of_elements_comes_back() {
    for format in WEIGHT_FORMATS {
        let folder = TempDir::new().unwrap();
        let mut entries = mixed();
        entries.retain(|entry| format.holds(entry.dtype));
        let path = folder.path().join(format!("w.{}", format.extension()));
        let files = write_to(&path, &entries, &WriteOptions::default()).unwrap();
        assert_eq!(files, [path]);
        check_contents(&files, &entries);
    }
}

/// Readers map files into memory, where an element must lie at a multiple of its size.
#[test]
fn every_element_lies_at_a_multiple_of_its_size() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("w.safetensors");
    write_to(&path, &mixed(), &WriteOptions::default()).unwrap();
    let bytes = fs::read(&path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    assert_eq!((8 + length) % 8, 0);
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    for Entry { name, dtype, .. } in mixed() {
        let start = header[&name]["data_offsets"][0].as_u64().unwrap();
        assert_eq!(start % dtype.size() as u64, 0, "{name}");
    }
}

#[test]
fn large_models_are_spread_over_files_with_an_index() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("model.safetensors");
    let files = write_to(&path, &mixed(), &SHARDS_OF_1_MB).unwrap();
    let expected = [
        "model-00001-of-00003.safetensors",
        "model-00002-of-00003.safetensors",
        "model-00003-of-00003.safetensors",
        "model.safetensors.index.json",
    ];
    assert_eq!(names(&folder), expected);
    assert_eq!(files, expected.map(|name| folder.path().join(name)));
    check_contents(&files[..3], &mixed());
    check_contents(&files[3..], &mixed());
    let index: serde_json::Value = serde_json::from_slice(&fs::read(&files[3]).unwrap()).unwrap();
    assert_eq!(index["weight_map"]["c"], expected[1]);
}

#[test]
fn no_file_of_an_existing_set_is_replaced_unasked() {
    for name in ["m.safetensors", "m-00002-of-00003.safetensors", "m.safetensors.index.json"] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(name), "precious").unwrap();
        let path = folder.path().join("m.safetensors");
        let error = write_to(&path, &mixed(), &SHARDS_OF_1_MB).unwrap_err();
        assert!(matches!(error, Error::Exists { .. }), "{error}");
        assert_eq!(names(&folder), [name]);
        let options = WriteOptions { existing: Existing::Replace, ..SHARDS_OF_1_MB };
        let files = write_to(&path, &mixed(), &options).unwrap();
        assert_eq!(names(&folder).len(), 4, "one file of this name would hide the others");
        check_contents(&files[..3], &mixed());
    }
}

#[test]
fn a_failure_or_a_stop_anywhere_leaves_nothing() {
    for options in [WriteOptions::default(), SHARDS_OF_1_MB] {
        for end in 0..6 {
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("m.safetensors");
            let mut calls = 0;
            let stop = &mut |_, _| {
                calls += 1;
                if calls > end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let error = stream(&path, &mixed(), &options, stop).unwrap_err();
            assert!(matches!(error, Error::Interrupted), "{error}");
            assert_eq!(names(&folder), [""; 0], "stopped after {end}");
        }
        for bad in 0..5 {
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("m.safetensors");
            let failing = &mut |entry, start, out: &mut [f32]| match entry {
                entry if entry == bad => Err(Error::Interrupted),
                _ => {
                    fill(entry, start, out);
                    Ok(())
                }
            };
            let progress = &mut |_, _| ControlFlow::Continue(());
            stream_weights(&path, &mixed(), &options, failing, progress).unwrap_err();
            assert_eq!(names(&folder), [""; 0], "failed at {bad}");
        }
    }
}

#[test]
fn progress_ends_at_all_bytes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("m.npz");
    let entries = [entry("a", &[3 * BLOCK], Dtype::F16), entry("b", &[5], Dtype::F64)];
    let mut seen = vec![0];
    let progress = &mut |made, total| {
        assert_eq!(total, 6 * BLOCK as u64 + 40);
        seen.push(made);
        ControlFlow::Continue(())
    };
    stream(&path, &entries, &WriteOptions::default(), progress).unwrap();
    assert!(seen.is_sorted() && seen.len() >= 5, "{seen:?}");
    assert_eq!(*seen.last().unwrap(), 6 * BLOCK as u64 + 40);
}

#[track_caller]
fn check_refused(file: &str, entries: &[Entry], options: &WriteOptions, expected: &[&str]) {
    let folder = TempDir::new().unwrap();
    let message = write_to(&folder.path().join(file), entries, options).unwrap_err().to_string();
    assert!(expected.iter().all(|part| message.contains(part)), "{message}");
    assert_eq!(names(&folder), [""; 0]);
}

#[test]
fn what_cannot_be_written_is_refused_before_it_is_made() {
    let plain = WriteOptions::default();
    let one = |dtype| [entry("w", &[2], dtype)];
    check_refused(
        "w.npz",
        &one(Dtype::Bf16),
        &plain,
        &["tensor `w`: found bf16 in a file of .npz"],
    );
    check_refused("w.npz", &one(Dtype::F32), &SHARDS_OF_1_MB, &["several files of .npz"]);
    check_refused("w.bin", &one(Dtype::F32), &plain, &["ending", ".safetensors"]);
    let twice = [one(Dtype::F32), one(Dtype::F16)].concat();
    check_refused("w.npz", &twice, &plain, &["tensor `w`: found a name that is taken"]);
    let header = [entry("__metadata__", &[2], Dtype::F32)];
    check_refused("w.safetensors", &header, &plain, &["a name that is taken"]);
    let huge: Vec<Entry> =
        (0..1000).map(|i| entry(&i.to_string(), &[1 << 20, 1 << 20], Dtype::F64)).collect();
    check_refused(
        "w.safetensors",
        &huge,
        &plain,
        &["w.safetensors needs 8796.1 TB, ", " are free"],
    );
    let beyond = [entry("w", &[1 << 30, 1 << 30], Dtype::F32)];
    check_refused("w.safetensors", &beyond, &plain, &["limit"]);
}

#[test]
fn a_number_beyond_the_range_of_its_type_is_told() {
    let folder = TempDir::new().unwrap();
    let large = &mut |_, start: usize, out: &mut [f32]| {
        out.iter_mut().enumerate().for_each(|(i, x)| *x = if start + i == 5 { 7e4 } else { 1.0 });
        Ok(())
    };
    let (entries, options) = ([entry("w", &[9], Dtype::F16)], WriteOptions::default());
    let path = folder.path().join("w.safetensors");
    let go_on = &mut |_, _| ControlFlow::Continue(());
    let error = stream_weights(&path, &entries, &options, large, go_on).unwrap_err();
    let expected = "tensor `w`, element 5: found 70000, expected a number that f16 can hold";
    assert!(error.to_string().starts_with(expected), "{error}");
    assert_eq!(names(&folder), [""; 0]);
}
