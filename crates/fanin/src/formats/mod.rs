//! Files: what their bytes say, as plain tables, arrays and tensors, before any decision.
//!
//! To add a format of data: a new file with a [`DataFormat`], `mod x;` and `&x::X,` in
//! [`DATA_FORMATS`].

mod table;
mod array;
mod gzip;
mod picture;

mod csv;
mod idx;
mod npy;
mod npz;
mod protobuf;
mod parquet;

mod write_whole;
mod disk_space;
mod weights;

pub mod event_file;
pub mod onnx;

use std::fs;
use std::path::Path;

use crate::{Error, Result};

pub use array::{Array, Element, Endian, Order};
pub use picture::{Picture, is_picture, read_picture};
pub use table::{Cell, Column, MISSING, RowPlaces, Table};
pub use weights::{
    ByteSize, Dtype, Entry, Fill, HeaderEntry, Input, Output, SafeTensors, StoredTensor,
    WEIGHT_FORMATS, WeightFormat, WriteOptions, read_header, read_weights, stream_weights,
    visit_tensors, weight_format, write_weights,
};
pub use write_whole::{Existing, check_target, remove_temporary_files, write_whole};

pub(crate) use weights::{has_header, read_safetensors, write_safetensors};
#[cfg(test)]
pub(crate) use write_whole::ATTEMPTS;
pub(crate) use write_whole::{sync_folder, temporary_beside, undivided};

/// Every format that data can be read from.
pub static DATA_FORMATS: &[&dyn DataFormat] =
    &[&csv::Csv, &idx::Idx, &npy::Npy, &npz::Npz, &parquet::Parquet];

/// A format of files that hold data.
pub trait DataFormat: Sync {
    /// Its name: `csv`, `idx`, …
    fn name(&self) -> &'static str;

    /// One line on what it is and which file names it has.
    fn about(&self) -> &'static str;

    /// Whether a file of this name, in lower case and without `.gz`, has this format.
    fn claims(&self, file_name: &str) -> bool;

    /// What the bytes of a file say; `path` serves for messages only.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the place, if the bytes do not follow the format. A header is
    /// never believed: no memory is taken that the bytes themselves do not account for.
    fn read(&self, path: &Path, bytes: Vec<u8>, options: &ReadOptions) -> Result<Contents>;
}

/// What a reader cannot find in the file itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The character between cells of a text file; guessed from the first line if not given.
    pub delimiter: Option<char>,
    /// Whether the first line of a text file holds the names of the columns.
    pub header: Header,
}

/// Whether the first line of a text file holds the names of the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Header {
    /// It does.
    #[default]
    Present,
    /// It is a row as any other; the columns are called `column 1`, `column 2`, …
    Absent,
}

/// What a file of data holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Contents {
    /// Named columns of numbers and words.
    Table(Table),
    /// Arrays with their names; a file of a single array gives it no name.
    Arrays(Vec<(String, Array)>),
}

/// Reads a file of data, in the format that its name tells.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read, [`Error::Setting`] if no format claims its name,
/// [`Error::Malformed`] if its bytes do not follow the format.
pub fn read_data(path: &Path, options: &ReadOptions) -> Result<Contents> {
    let format = data_format(path)?;
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    format.read(path, bytes, options)
}

/// The format of data that claims the name of this file.
///
/// # Errors
/// [`Error::Setting`] that lists the formats, if none does.
pub fn data_format(path: &Path) -> Result<&'static dyn DataFormat> {
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    DATA_FORMATS.iter().find(|f| f.claims(name)).copied().ok_or_else(|| {
        let known: Vec<&str> = DATA_FORMATS.iter().map(|f| f.about()).collect();
        Error::Setting {
            place: path.display().to_string(),
            found: "a file name whose ending tells no format of data".to_owned(),
            expected: format!("one of: {}", known.join("; ")),
        }
    })
}

/// What follows the last point of a file name.
fn extension(file_name: &str) -> Option<&str> {
    file_name.rsplit_once('.').map(|(_, extension)| extension)
}

#[cfg(test)]
mod tests;
