//! .safetensors: a JSON header with names, types and offsets, then the bytes.
//!
//! The format of Hugging Face, which `PyTorch`, JAX and many others load. The header is read and
//! checked by the format's own crate; the tensors are streamed, so that reading takes no more
//! memory than they do.

use std::collections::HashMap;
use std::io::{self, BufRead, Read, SeekFrom, Write};
use std::path::Path;

use fanin_engine::Tensor;
use safetensors::tensor::{Dtype as Name, Metadata, TensorInfo};

use super::stream::copy;
use super::visit::visit_safetensors;
use super::{Dtype, Entry, Input, Output, WeightFormat, elements};
use crate::error::{Error, Result};
use crate::weights::Weights;

/// Named tensors as `safetensors.torch.save_file` writes them.
#[derive(Debug)]
pub struct SafeTensors;

/// Bytes of the header's length.
const LENGTH: u64 = 8;
/// The format's own limit on the header, in bytes.
const LARGEST_HEADER: u64 = 100_000_000;
/// Tensors begin at a multiple of this many bytes, so that they can be mapped into memory.
const ALIGNMENT: usize = 8;
/// Libraries ask here which of them a file is for; `pt` lets transformers load it.
const FORMAT: (&str, &str) = ("format", "pt");

impl WeightFormat for SafeTensors {
    fn extension(&self) -> &'static str {
        "safetensors"
    }

    fn about(&self) -> &'static str {
        "named tensors that PyTorch, JAX and others load"
    }

    fn read(&self, path: &Path, file: &mut dyn Input) -> Result<Weights> {
        Ok(read_safetensors(path, file)?.0)
    }

    fn has_index(&self) -> bool {
        true
    }

    fn write(
        &self,
        entries: &[&Entry],
        bytes: &mut dyn BufRead,
        file: &mut dyn Output,
    ) -> io::Result<()> {
        let of_entry =
            |entry: &&Entry| (entry.name.clone(), entry.shape.axes().to_vec(), entry.dtype);
        write_header(entries.iter().map(of_entry), FORMAT, file)?;
        copy(bytes, entries.iter().map(|entry| entry.bytes()).sum(), file)
    }
}

impl SafeTensors {
    /// Writes weights that are held in memory, as `f32`.
    ///
    /// # Errors
    /// Whatever `file` answers.
    pub(crate) fn write_held(&self, weights: &Weights, file: &mut dyn Output) -> io::Result<()> {
        write_safetensors(&weights.tensors, FORMAT, file)
    }
}

/// The tensors in `file`, and the entries of text that its header carries.
///
/// # Errors
/// As [`WeightFormat::read`].
pub(crate) fn read_safetensors(
    path: &Path,
    file: &mut dyn Input,
) -> Result<(Weights, HashMap<String, String>)> {
    let (metadata, _) = read_header(path, file)?;
    let mut tensors = Vec::new();
    visit_safetensors(path, file, &mut |stored| {
        let tensor = Tensor::new(stored.shape.to_vec(), stored.values.to_vec())?;
        tensors.push((stored.name.to_owned(), tensor));
        Ok(())
    })?;
    let texts = metadata.metadata().clone().into_iter().flatten().collect();
    Ok((Weights { tensors }, texts))
}

/// Writes the tensors, and one entry of text (key, value) into the header.
///
/// One alone: the format's crate writes several in an order that changes from run to run.
///
/// # Errors
/// Whatever `file` answers.
pub(crate) fn write_safetensors(
    tensors: &[(String, Tensor<f32>)],
    (key, text): (&str, &str),
    file: &mut dyn Output,
) -> io::Result<()> {
    let of_tensor = |(name, tensor): &(String, Tensor<f32>)| {
        (name.clone(), tensor.shape().axes().to_vec(), Dtype::F32)
    };
    write_header(tensors.iter().map(of_tensor), (key, text), file)?;
    tensors.iter().try_for_each(|(_, tensor)| elements::write(tensor.data(), file))
}

/// Writes names, shapes and types of tensors that follow one after the other.
fn write_header(
    tensors: impl Iterator<Item = (String, Vec<usize>, Dtype)>,
    (key, text): (&str, &str),
    file: &mut (impl Write + ?Sized),
) -> io::Result<()> {
    let mut end = 0;
    let infos = tensors.map(|(name, shape, dtype)| {
        let start = end;
        end += shape.iter().product::<usize>() * dtype.size();
        (name, TensorInfo { dtype: name_of(dtype), shape, data_offsets: (start, end) })
    });
    let texts = [(key.to_owned(), text.to_owned())].into_iter().collect();
    let metadata = Metadata::new(Some(texts), infos.collect()).map_err(io::Error::other)?;
    let mut header = serde_json::to_string(&metadata)?;
    let padding = header.len().next_multiple_of(ALIGNMENT) - header.len();
    header.extend(std::iter::repeat_n(' ', padding));
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(header.as_bytes())
}

/// The header and the byte at which the tensors begin.
pub(super) fn read_header(path: &Path, file: &mut dyn Input) -> Result<(Metadata, u64)> {
    let fail = |place: &str, found: String, expected: String| {
        Err(Error::malformed(path, place, found, expected))
    };
    let bytes = file.seek(SeekFrom::End(0)).map_err(Error::io("read", path))?;
    file.rewind().map_err(Error::io("read", path))?;
    let mut length = [0; LENGTH as usize];
    if bytes < LENGTH {
        return fail("byte 0", format!("{bytes} bytes in all"), "at least 8".to_owned());
    }
    file.read_exact(&mut length).map_err(Error::io("read", path))?;
    let length = u64::from_le_bytes(length);
    let largest = (bytes - LENGTH).min(LARGEST_HEADER);
    if length > largest {
        let expected = format!("at most {largest} for a file of {bytes} bytes");
        return fail("byte 0", format!("a header of {length} bytes"), expected);
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).map_err(Error::io("read", path))?;
    let metadata: Metadata = match serde_json::from_slice(&header) {
        Ok(metadata) => metadata,
        Err(error) => {
            let place = format!("header, byte {}", LENGTH as usize + byte_of(&header, &error));
            let expected = "JSON that describes adjoining tensors of known type and size";
            return fail(&place, error.to_string(), expected.to_owned());
        }
    };
    let start = LENGTH + length;
    let end = start.checked_add(metadata.data_len() as u64);
    if end != Some(bytes) {
        let expected = format!("{} bytes of tensors after the header", metadata.data_len());
        return fail(&format!("byte {start}"), format!("{} bytes", bytes - start), expected);
    }
    Ok((metadata, start))
}

/// Where in the header an error of JSON lies.
fn byte_of(header: &[u8], error: &serde_json::Error) -> usize {
    let lines = header.split_inclusive(|&b| b == b'\n').take(error.line().saturating_sub(1));
    lines.map(<[u8]>::len).sum::<usize>() + error.column().saturating_sub(1)
}

/// The names that the format has for types of elements.
const NAMES: [(Name, Dtype); 5] = [
    (Name::F16, Dtype::F16),
    (Name::BF16, Dtype::Bf16),
    (Name::F32, Dtype::F32),
    (Name::F64, Dtype::F64),
    (Name::I64, Dtype::I64),
];

pub(super) fn dtype(name: Name) -> Option<Dtype> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, dtype)| *dtype)
}

fn name_of(dtype: Dtype) -> Name {
    let known = NAMES.iter().find(|(_, known)| *known == dtype);
    known.expect("every type of elements has a name").0
}
