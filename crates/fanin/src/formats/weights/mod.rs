//! Files of weights, by the ending of their names.
//!
//! To add a format: a new file with a [`WeightFormat`], `mod x;` and `&x::X,` in
//! [`WEIGHT_FORMATS`].

mod dtype;
mod entry;
mod byte_size;
mod elements;
mod visit;
mod pipeline;
mod shards;
mod stream;
mod header;

mod safetensors;
mod npz;

#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::ops::ControlFlow;
use std::path::Path;

use fanin_engine::Tensor;

use super::Existing;
use crate::error::{Error, Result};
use crate::weights::Weights;

pub use byte_size::ByteSize;
pub use dtype::Dtype;
pub use entry::Entry;
pub(crate) use header::has_header;
use header::is_index;
pub use header::{HeaderEntry, read_header};
pub use safetensors::SafeTensors;
pub(crate) use safetensors::{read_safetensors, write_safetensors};
pub use stream::{Fill, WriteOptions, stream_weights};
use visit::visit_shards;
pub use visit::{StoredTensor, visit_tensors};

/// Every format that weights can be read from and written to.
pub static WEIGHT_FORMATS: &[&dyn WeightFormat] = &[&safetensors::SafeTensors, &npz::Npz];

/// A format of files that hold named tensors.
pub trait WeightFormat: Debug + Sync {
    /// The ending of its files' names, without the dot.
    fn extension(&self) -> &'static str;

    /// One line on what it is and who reads it.
    fn about(&self) -> &'static str;

    /// The tensors in `file`, in the file's order; `path` serves for messages only.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the place if the bytes do not follow the format or hold numbers
    /// that `f32` cannot; [`Error::Io`] if they cannot be read. No memory is taken on the word of
    /// a header that the file's length does not bear out.
    fn read(&self, path: &Path, file: &mut dyn Input) -> Result<Weights>;

    /// Whether it has a name for this type of elements.
    fn holds(&self, _dtype: Dtype) -> bool {
        true
    }

    /// Whether tensors may be spread over several files, with an index that readers know.
    fn has_index(&self) -> bool {
        false
    }

    /// Writes tensors in order; `bytes` are all their elements, one tensor after the other.
    ///
    /// # Errors
    /// Whatever `file` and `bytes` answer.
    fn write(
        &self,
        entries: &[&Entry],
        bytes: &mut dyn BufRead,
        file: &mut dyn Output,
    ) -> io::Result<()>;
}

/// Where a format reads from.
pub trait Input: Read + Seek {}
impl<T: Read + Seek> Input for T {}

/// Where a format writes to.
pub trait Output: Write + Seek {}
impl<T: Write + Seek> Output for T {}

/// Reads a file of weights, in the format that the ending of its name tells, or all shards that a
/// .safetensors.index.json names.
///
/// Tensors of 16, 32 and 64-bit floating point become `f32`.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read, [`Error::Setting`] if no format has its ending,
/// [`Error::Malformed`] if its bytes do not follow the format.
pub fn read_weights(path: &Path) -> Result<Weights> {
    if is_index(path) {
        let mut weights = Weights::default();
        visit_shards(path, &mut |stored| {
            let tensor = Tensor::new(stored.shape.to_vec(), stored.values.to_vec())?;
            weights.tensors.push((stored.name.to_owned(), tensor));
            Ok(())
        })?;
        return Ok(weights);
    }
    let format = weight_format(path)?;
    let file = File::open(path).map_err(Error::io("read", path))?;
    format.read(path, &mut BufReader::new(file))
}

/// Writes a file of weights as `f32`, in the format that the ending of its name tells, whole or not
/// at all.
///
/// # Errors
/// As for [`stream_weights`].
///
/// ```
/// use fanin::formats::{Existing, read_weights, write_weights};
/// use fanin::weights::Weights;
/// use fanin_engine::Tensor;
/// let path = std::env::temp_dir().join(format!("fanin-doc-{}.safetensors", std::process::id()));
/// let weights = Weights { tensors: vec![("0.bias".to_owned(), Tensor::filled([3], 0.5))] };
/// write_weights(&path, &weights, Existing::Replace)?;
/// assert_eq!(read_weights(&path)?, weights);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn write_weights(path: &Path, weights: &Weights, existing: Existing) -> Result<()> {
    let entry = |(name, tensor): &(String, Tensor)| Entry {
        name: name.clone(),
        shape: tensor.shape().clone(),
        dtype: Dtype::F32,
    };
    let entries: Vec<Entry> = weights.tensors.iter().map(entry).collect();
    let options = WriteOptions { existing, max_shard: None };
    let fill = &mut |index: usize, start: usize, out: &mut [f32]| {
        out.copy_from_slice(&weights.tensors[index].1.data()[start..start + out.len()]);
        Ok(())
    };
    stream_weights(path, &entries, &options, fill, &mut |_, _| ControlFlow::Continue(())).map(drop)
}

/// The format that a file's ending names.
///
/// # Errors
/// [`Error::Setting`] with the endings that are known.
pub fn weight_format(path: &Path) -> Result<&'static dyn WeightFormat> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let has_ending = |f: &&&dyn WeightFormat| Some(f.extension()) == ending.as_deref();
    WEIGHT_FORMATS.iter().find(has_ending).copied().ok_or_else(|| {
        let known: Vec<String> =
            WEIGHT_FORMATS.iter().map(|f| format!(".{} ({})", f.extension(), f.about())).collect();
        Error::Setting {
            place: path.display().to_string(),
            found: "a file name whose ending tells no format of weights".to_owned(),
            expected: known.join(" or "),
        }
    })
}
