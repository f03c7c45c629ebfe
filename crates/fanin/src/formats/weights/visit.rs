//! Files of weights read tensor by tensor, so that memory holds one at a time.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, SeekFrom};
use std::path::Path;

use super::header::{Shard, is_index, shards};
use super::safetensors::{dtype, read_header};
use super::{Dtype, Input, elements, read_weights};
use crate::error::{Error, Result};

/// One tensor of a file.
#[derive(Clone, Copy, Debug)]
pub struct StoredTensor<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its shape.
    pub shape: &'a [usize],
    /// Type of its elements in the file.
    pub dtype: Dtype,
    /// Its elements, row-major.
    pub values: &'a [f32],
}

/// Shows `visit` every tensor of a file of weights, in the file's order, or of all shards that a
/// .safetensors.index.json names.
///
/// Of .safetensors files one tensor at a time is in memory, of other formats all are.
///
/// # Errors
/// As for [`read_weights`], and whatever `visit` answers.
pub fn visit_tensors(
    path: &Path,
    visit: &mut dyn FnMut(StoredTensor<'_>) -> Result<()>,
) -> Result<()> {
    if is_index(path) {
        return visit_shards(path, visit);
    }
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("safetensors")) {
        let file = File::open(path).map_err(Error::io("read", path))?;
        return visit_safetensors(path, &mut BufReader::new(file), visit);
    }
    let weights = read_weights(path)?;
    weights.tensors.iter().try_for_each(|(name, tensor)| {
        let (shape, values) = (tensor.shape().axes(), tensor.data());
        visit(StoredTensor { name, shape, dtype: Dtype::F32, values })
    })
}

/// Shows `visit` every tensor of the shards that an index names.
pub(super) fn visit_shards(
    path: &Path,
    visit: &mut dyn FnMut(StoredTensor<'_>) -> Result<()>,
) -> Result<()> {
    for Shard { path, entries } in shards(path)? {
        let names: HashSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let file = File::open(&path).map_err(Error::io("read", &path))?;
        visit_safetensors(&path, &mut BufReader::new(file), &mut |stored| {
            if names.contains(stored.name) { visit(stored) } else { Ok(()) }
        })?;
    }
    Ok(())
}

/// Shows `visit` every tensor of a .safetensors file.
pub(super) fn visit_safetensors(
    path: &Path,
    file: &mut dyn Input,
    visit: &mut dyn FnMut(StoredTensor<'_>) -> Result<()>,
) -> Result<()> {
    let (metadata, start) = read_header(path, file)?;
    file.seek(SeekFrom::Start(start)).map_err(Error::io("read", path))?;
    for name in metadata.offset_keys() {
        let info = metadata.info(&name).expect("the name comes from the same header");
        let place = format!("tensor `{name}`");
        let dtype = dtype(info.dtype).ok_or_else(|| {
            let found = format!("elements of type {}", info.dtype);
            Error::malformed(path, place.clone(), found, "F16, BF16, F32, F64 or I64")
        })?;
        let count = (info.data_offsets.1 - info.data_offsets.0) / dtype.size();
        let values = elements::read(path, &place, file, dtype, count)?;
        visit(StoredTensor { name: &name, shape: &info.shape, dtype, values: &values })?;
    }
    Ok(())
}
