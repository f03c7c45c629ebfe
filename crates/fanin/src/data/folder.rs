//! Folders with the four files of MNIST, Fashion-MNIST and data sets in the same form.

use std::fs;
use std::path::{Path, PathBuf};

use super::arrays::Pair;
use super::load::{load_pairs, read_single};
use super::pictures;
use super::{LoadOptions, Loaded, Task};
use crate::formats::{Array, data_format};
use crate::{Error, Result};

/// What the names of files for training hold; EMNIST puts more in front.
const TRAIN: &[&str] = &["train"];

/// What the names of files for testing hold.
const TEST: &[&str] = &["t10k", "test"];

/// Loads `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and, if there, the same of `t10k`;
/// each also with `.gz`.
///
/// # Errors
/// If the folder has no such files, or more than one of a kind.
pub(super) fn load(folder: &Path, options: &LoadOptions) -> Result<Loaded> {
    let files = idx_files(folder)?;
    let Some(train) = Part::read(folder, &files, TRAIN, options)? else {
        return Err(Error::Setting {
            place: folder.display().to_string(),
            found: format!(
                "a folder without the files of MNIST, and without folders of pictures{}",
                pictures::without(folder)?
            ),
            expected: "train-images-idx3-ubyte and train-labels-idx1-ubyte, each also with .gz; \
                       a folder of .png or .jpg files for each class, as in cat/1.png; or the path of a file"
                .to_owned(),
        });
    };
    let test = Part::read(folder, &files, TEST, options)?;
    let mut loaded = load_pairs(&train.pair(), test.as_ref().map(Part::pair).as_ref(), options)?;
    loaded.source = folder.display().to_string();
    Ok(loaded)
}

/// The labels that belong to a file of images, if they lie beside it.
pub(super) fn labels_beside(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    let labels = name.replace("images", "labels").replace("idx3", "idx1");
    let path = images.with_file_name(&labels);
    (labels != name && path.is_file()).then_some(path)
}

struct Part {
    path: PathBuf,
    images: Array,
    labels: Option<Array>,
}

impl Part {
    fn read(
        folder: &Path,
        files: &[String],
        part: &[&str],
        options: &LoadOptions,
    ) -> Result<Option<Self>> {
        let Some(images) = find(folder, files, part, "images")? else { return Ok(None) };
        let labels = match find(folder, files, part, "labels")? {
            _ if options.task == Some(Task::AutoEncoder) => None,
            Some(labels) => Some(read_single(&labels)?),
            None => {
                return Err(Error::Setting {
                    place: folder.display().to_string(),
                    found: format!("{} without its labels", images.display()),
                    expected: "a file with labels in place of images in its name".to_owned(),
                });
            }
        };
        Ok(Some(Self { images: read_single(&images)?, labels, path: images }))
    }

    fn pair(&self) -> Pair<'_> {
        Pair { path: &self.path, features: &self.images, targets: self.labels.as_ref() }
    }
}

/// The names of the IDX files in a folder, sorted.
fn idx_files(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(Error::io("read", folder))?.file_name();
        let is_idx = data_format(Path::new(&name)).is_ok_and(|format| format.name() == "idx");
        names.extend(name.into_string().ok().filter(|_| is_idx));
    }
    names.sort_unstable();
    Ok(names)
}

/// The one file of this part and kind; a plain one is taken rather than its compressed copy.
fn find(folder: &Path, files: &[String], part: &[&str], kind: &str) -> Result<Option<PathBuf>> {
    let fits = |name: &str| name.contains(kind) && part.iter().any(|p| name.contains(p));
    let mut found: Vec<&str> = files.iter().map(String::as_str).filter(|n| fits(n)).collect();
    found.dedup_by(|later, earlier| later.strip_suffix(".gz") == Some(earlier));
    match found.as_slice() {
        [] => Ok(None),
        [name] => Ok(Some(folder.join(name))),
        several => Err(Error::Setting {
            place: folder.display().to_string(),
            found: several.join(", "),
            expected: format!("one file of {} {kind}; give its path instead", part[0]),
        }),
    }
}
