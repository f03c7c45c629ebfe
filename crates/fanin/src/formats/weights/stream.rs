//! Weights of any size written in constant memory, while they are made.

use std::fs::{self, File};
use std::io::{self, BufRead, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::pipeline::{self, Blocks, Bytes, Count, WriterGone};
use super::shards::{self, Part};
use super::{ByteSize, Entry, WeightFormat, elements, entry, weight_format};
use crate::error::{Error, Result};
use crate::formats::disk_space::{check_space, explain_full_disk};
use crate::formats::write_whole::{Pending, take_names};
use crate::formats::{Existing, check_target};

/// How a file of weights is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteOptions {
    /// What becomes of files that exist already.
    pub existing: Existing,
    /// The most bytes of tensors in one file; beyond it, several files with an index.
    pub max_shard: Option<ByteSize>,
}

/// Gives elements: of an entry by its place in the list, from an element on, as many as asked for.
pub type Fill<'f> = dyn FnMut(usize, usize, &mut [f32]) -> Result<()> + 'f;

/// Elements made at a time.
const BLOCK: usize = 1 << 20;

/// Writes tensors into a file, or into several with an index, all of them whole or none.
///
/// `fill(entry, start, out)` gives the elements of an entry from `start` on; it is asked for all
/// elements of one entry after the other, each in order, a few millions of elements at a time, on
/// the calling thread. A second thread writes meanwhile. `progress(written, total)` is told the
/// bytes of elements made so far; if it breaks, nothing is left behind. The result is the names of
/// the files; of several, the last is their index.
///
/// # Errors
/// As for [`write_whole`](super::super::write_whole), and whatever `fill` answers; [`Error::Setting`]
/// if no format has the ending, the format lacks a type of elements, or a number is beyond the range
/// of its type; [`Error::NoSpace`] if the disk has no room; [`Error::Interrupted`] if `progress`
/// breaks.
///
/// ```
/// use std::ops::ControlFlow;
/// use fanin::formats::{Dtype, Entry, WriteOptions, read_weights, stream_weights};
/// let path = std::env::temp_dir().join(format!("fanin-stream-{}.safetensors", std::process::id()));
/// let entry = Entry { name: "0.bias".to_owned(), shape: [3].into(), dtype: Dtype::Bf16 };
/// let fill = &mut |_entry, _start, out: &mut [f32]| Ok(out.fill(0.5));
/// let progress = &mut |_written, _total| ControlFlow::Continue(());
/// stream_weights(&path, &[entry], &WriteOptions::default(), fill, progress)?;
/// assert_eq!(read_weights(&path)?.get("0.bias").unwrap().data(), [0.5; 3]);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn stream_weights(
    path: &Path,
    entries: &[Entry],
    options: &WriteOptions,
    fill: &mut Fill<'_>,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Vec<PathBuf>> {
    let format = weight_format(path)?;
    check(path, entries, options, format)?;
    let parts = shards::cut(path, entries, options.max_shard);
    let files: Vec<PathBuf> = parts
        .iter()
        .map(|part| part.path.clone())
        .chain((parts.len() > 1).then(|| shards::index_path(path)))
        .collect();
    for file in files.iter().map(PathBuf::as_path).chain([path]) {
        check_target(file, options.existing)?;
    }
    let total: u64 = entries.iter().map(Entry::bytes).sum();
    check_space(path, total)?;
    let mut made = 0;
    let mut count = |bytes: u64| {
        made += bytes;
        progress(made, total)
    };
    let order = parts.iter().flat_map(|part| &part.entries).copied();
    let pending = pipeline::run(
        path,
        &mut count,
        |blocks, count| make(entries, order, blocks, fill, count),
        |bytes| write(path, &parts, entries, format, options.existing, bytes),
    );
    let pending = pending.map_err(|error| explain_full_disk(error, path, total))?;
    if count(0).is_break() {
        return Err(Error::Interrupted);
    }
    take_names(&pending)?;
    if parts.len() > 1 && path.exists() {
        // Readers prefer one file of this name to the index of several.
        fs::remove_file(path).map_err(Error::io("replace", path))?;
    }
    Ok(files)
}

/// What can be known to fail before anything is made.
fn check(
    path: &Path,
    entries: &[Entry],
    options: &WriteOptions,
    format: &dyn WeightFormat,
) -> Result<()> {
    entry::check(entries)?;
    let fail = |place: String, found: String, expected: &str| {
        Err(Error::Setting { place, found, expected: expected.to_owned() })
    };
    if options.max_shard.is_some() && !format.has_index() {
        let found = format!("several files of .{}", format.extension());
        return fail(
            path.display().to_string(),
            found,
            ".safetensors, which has an index of files",
        );
    }
    match entries.iter().find(|entry| !format.holds(entry.dtype)) {
        Some(Entry { name, dtype, .. }) => {
            let found = format!("{dtype} in a file of .{}", format.extension());
            fail(format!("tensor `{name}`"), found, "another type of elements, or .safetensors")
        }
        None => Ok(()),
    }
}

/// Fills, converts and hands over every entry, block by block.
fn make(
    entries: &[Entry],
    order: impl Iterator<Item = usize>,
    blocks: &Blocks,
    fill: &mut Fill<'_>,
    count: &mut Count<'_>,
) -> Result<std::result::Result<(), WriterGone>> {
    let mut numbers = Vec::new();
    for index in order {
        let entry = &entries[index];
        let elements = entry.shape.elements();
        for start in (0..elements).step_by(BLOCK) {
            numbers.resize(BLOCK.min(elements - start), 0.0);
            fill(index, start, &mut numbers)?;
            let Ok(mut bytes) = blocks.empty() else { return Ok(Err(WriterGone)) };
            elements::convert(&numbers, entry.dtype, &mut bytes)
                .map_err(|at| beyond_range(entry, start + at, numbers[at]))?;
            let length = bytes.len() as u64;
            if blocks.send(bytes).is_err() {
                return Ok(Err(WriterGone));
            }
            if count(length).is_break() {
                return Err(Error::Interrupted);
            }
        }
    }
    Ok(Ok(()))
}

fn beyond_range(entry: &Entry, index: usize, number: f32) -> Error {
    Error::Setting {
        place: format!("tensor `{}`, element {index}", entry.name),
        found: number.to_string(),
        expected: format!("a number that {} can hold, or a wider type of elements", entry.dtype),
    }
}

/// Writes every file under a temporary name.
fn write(
    path: &Path,
    parts: &[Part],
    entries: &[Entry],
    format: &dyn WeightFormat,
    existing: Existing,
    bytes: &mut Bytes,
) -> Result<Vec<Pending>> {
    let mut pending = Vec::with_capacity(parts.len() + 1);
    for part in parts {
        let of_part: Vec<&Entry> = part.entries.iter().map(|&index| &entries[index]).collect();
        let contents = |file: &mut BufWriter<File>| format.write(&of_part, bytes, file);
        pending.push(Pending::write(&part.path, existing, contents)?);
    }
    if parts.len() > 1 {
        let index = |file: &mut BufWriter<File>| shards::write_index(parts, entries, file);
        pending.push(Pending::write(&shards::index_path(path), existing, index)?);
    }
    Ok(pending)
}

/// Copies the next `count` bytes.
///
/// # Errors
/// Whatever `file` answers, and [`io::ErrorKind::UnexpectedEof`] if there are fewer.
pub(super) fn copy(
    bytes: &mut dyn BufRead,
    mut count: u64,
    file: &mut (impl Write + ?Sized),
) -> io::Result<()> {
    while count > 0 {
        let block = bytes.fill_buf()?;
        if block.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let length = block.len().min(usize::try_from(count).unwrap_or(usize::MAX));
        file.write_all(&block[..length])?;
        bytes.consume(length);
        count -= length as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
