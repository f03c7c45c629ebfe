//! Copies of the files beside a model.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::super::encode::Message;
use super::super::tensor::Data;
use super::super::wire::Span;
use super::super::{OnnxFile, external, pack};
use super::layout::Layout;
use super::{Edit, Patch, fields};
use crate::formats::Existing;
use crate::formats::write_whole::Pending;
use crate::{Error, Result};

/// The files beside a model, and where their copies go.
pub(super) struct Beside {
    /// By their location in the original.
    files: BTreeMap<String, Copied>,
}

struct Copied {
    original: PathBuf,
    bytes: u64,
    /// From the folder of the model's copy.
    location: String,
    path: PathBuf,
}

impl Beside {
    pub(super) fn new(file: &OnnxFile, layout: &Layout<'_>, target: &Path) -> Result<Self> {
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let rename = same(folder, file.folder()) && !same(target, &file.path);
        let mut files: BTreeMap<String, Copied> = BTreeMap::new();
        for (_, tensor) in &layout.tensors {
            let Data::External(external) = tensor.data else { continue };
            if files.contains_key(external.location) {
                continue;
            }
            let original = external::within(file.folder(), external.location)?;
            let known = files.values().any(|other| other.original == original);
            if known || same(&original, &file.path) {
                return Err(Error::Setting {
                    place: file.path.display().to_string(),
                    found: format!("{:?}, another name of a file of the model", external.location),
                    expected: "one name for each file beside the model".to_owned(),
                });
            }
            let location = if rename {
                new_location(external.location, &file.path, target)
            } else {
                external.location.to_owned()
            };
            let path = folder.join(&location);
            let bytes = fs::metadata(&original).map_err(Error::io("read", &original))?.len();
            files.insert(external.location.to_owned(), Copied { original, bytes, location, path });
        }
        Ok(Self { files })
    }

    /// Lets every tensor of the copy name the copies.
    pub(super) fn rename(&self, layout: &Layout<'_>, edits: &mut Vec<Edit>) {
        for (span, tensor) in &layout.tensors {
            let Data::External(external) = tensor.data else { continue };
            let copied = &self.files[external.location];
            if copied.location != external.location {
                edits.extend(location_edits(*span, &copied.location));
            }
        }
    }

    /// How large the copies are together.
    pub(super) fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes).sum()
    }

    /// Writes the copies, which still have to take their names.
    pub(super) fn write(&self, patches: &[Patch<'_>], existing: Existing) -> Result<Vec<Pending>> {
        let mut written = Vec::new();
        for (location, Copied { original, path, .. }) in &self.files {
            let mut own: Vec<&Patch<'_>> =
                patches.iter().filter(|patch| patch.location == *location).collect();
            own.sort_by_key(|patch| patch.offset);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
            }
            let mut source = File::open(original).map_err(Error::io("read", original))?;
            written.push(Pending::write(path, existing, |file| patched(&mut source, &own, file))?);
        }
        Ok(written)
    }
}

/// Copies all bytes, with the elements of the patches in their places.
fn patched(
    source: &mut (impl Read + Seek),
    patches: &[&Patch<'_>],
    copy: &mut impl Write,
) -> io::Result<()> {
    let mut position = 0;
    for patch in patches {
        let between = patch.offset - position;
        if io::copy(&mut Read::by_ref(source).take(between), copy)? != between {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let bytes = pack::dense(patch.element_type, &patch.elements);
        copy.write_all(&bytes)?;
        position = source.seek(SeekFrom::Current(bytes.len() as i64))?;
    }
    io::copy(source, copy).map(drop)
}

/// Whether both paths are there and lead to the same place.
fn same(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// The location for the copy's file beside it: `new.onnx.data` for `old.onnx.data`.
fn new_location(location: &str, model: &Path, target: &Path) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let path = Path::new(location);
    let (old, new, file) = (name(model), name(target), name(path));
    let file = match file.strip_prefix(&old) {
        Some(rest) => format!("{new}{rest}"),
        None => format!("{new}.{file}"),
    };
    path.with_file_name(file).to_string_lossy().into_owned()
}

/// The edits by which a tensor names another file.
fn location_edits(tensor: Span<'_>, location: &str) -> Vec<Edit> {
    let entries = fields(tensor).filter(|field| field.number == 13);
    let is_location = |entry: Span<'_>| {
        fields(entry).any(|field| field.number == 1 && field.payload.bytes == b"location")
    };
    let edit = |entry: Span<'_>| {
        let value = fields(entry).filter(|field| field.number == 2).last()?;
        let mut message = Message::default();
        message.text(2, location);
        let range = value.at..value.end();
        Some(Edit { container: entry.start, range, bytes: message.0 })
    };
    entries.map(|field| field.payload).filter(|e| is_location(*e)).filter_map(edit).collect()
}
