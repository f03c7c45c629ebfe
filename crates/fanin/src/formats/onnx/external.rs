//! Elements that lie in a file beside the model.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use super::tensor::{Tensor, expected_bytes};
use super::wire::{Decoded, Fault};
use crate::{Error, Result};

/// Where in which file beside the model the elements lie, densely, as raw data does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct External<'a> {
    /// The file, by its path from the model's folder.
    pub location: &'a str,
    /// The byte at which they begin.
    pub offset: u64,
    /// How many bytes they take, as their type and shape say.
    pub length: u64,
}

impl<'a> External<'a> {
    /// From the texts of `external_data`; other keys, such as `checksum`, are let be.
    pub(super) fn new(entries: &[(&'a str, &'a str)], tensor: &Tensor<'a>) -> Decoded<Self> {
        let value = |key: &str| entries.iter().find(|(k, _)| *k == key).map(|(_, value)| *value);
        let fault = |key: &str, found: String, expected: String| {
            Fault::new(tensor.at, found, expected).within(format!("external_data \"{key}\""))
        };
        let number = |key: &str| match value(key) {
            None => Ok(None),
            Some(text) => text
                .trim()
                .parse::<u64>()
                .map(Some)
                .map_err(|_| fault(key, format!("{text:?}"), "a number of bytes".to_owned())),
        };
        let location = value("location").ok_or_else(|| {
            fault("location", "none".to_owned(), "a file beside the model".to_owned())
        })?;
        let offset = number("offset")?.unwrap_or(0);
        let Some(wanted) = tensor.byte_len() else {
            let found = format!("elements of type {}", tensor.element_type);
            return Err(fault("location", found, "numbers of a known type".to_owned()));
        };
        match number("length")? {
            Some(length) if length != wanted as u64 => {
                Err(fault("length", length.to_string(), expected_bytes(tensor, wanted)))
            }
            _ => Ok(Self { location, offset, length: wanted as u64 }),
        }
    }

    /// The file, opened at the first byte of the elements, after it is known to hold all of them.
    ///
    /// # Errors
    /// [`Error::Setting`] if the location leads out of `folder`, by its text or by links;
    /// [`Error::Malformed`] if the file is too short; [`Error::Io`] if it cannot be opened.
    pub(super) fn open(&self, folder: &Path) -> Result<(PathBuf, File)> {
        let path = within(folder, self.location)?;
        let mut file = File::open(&path).map_err(Error::io("read", &path))?;
        let size = file.metadata().map_err(Error::io("read", &path))?.len();
        if self.offset.checked_add(self.length).is_none_or(|end| end > size) {
            let place = format!("byte {}", self.offset);
            let expected = format!("{} bytes, as the model says", self.length);
            return Err(Error::malformed(&path, place, format!("a file of {size}"), expected));
        }
        file.seek(SeekFrom::Start(self.offset)).map_err(Error::io("read", &path))?;
        Ok((path, file))
    }

    /// As [`open`](Self::open), ending behind the last byte of the elements.
    pub(super) fn reader(&self, folder: &Path) -> Result<(PathBuf, impl Read)> {
        let (path, file) = self.open(folder)?;
        Ok((path, file.take(self.length)))
    }
}

/// The path of `location` in `folder`, if it does not lead out of it.
///
/// # Errors
/// [`Error::Setting`] if it is empty or absolute, goes up, follows a link out of the folder or names
/// no plain file; [`Error::Io`] if it is not there.
pub(super) fn within(folder: &Path, location: &str) -> Result<PathBuf> {
    let refuse = |found: String| Error::Setting {
        place: format!("external data of the model in {}", folder.display()),
        found,
        expected: "a file in the model's own folder; copy it there".to_owned(),
    };
    let relative = Path::new(location);
    let inside = |c: Component<'_>| matches!(c, Component::Normal(_) | Component::CurDir);
    if location.is_empty() || location.contains('\0') || !relative.components().all(inside) {
        return Err(refuse(format!("{location:?}")));
    }
    let path = folder.join(relative);
    let real = |path: &Path| path.canonicalize().map_err(Error::io("read", path));
    let target = real(&path)?;
    if !target.starts_with(real(folder)?) {
        return Err(refuse(format!("{location:?}, a link to {}", target.display())));
    }
    // A pipe or a device would make reading wait or never end.
    if !target.is_file() {
        return Err(refuse(format!("{location:?}, which is no plain file")));
    }
    Ok(target)
}
