//! Folders of pictures, one folder for each class.

use std::fs;
use std::path::{Path, PathBuf};

use fanin_kernels::threads;

use super::{Dataset, LoadOptions, Loaded, Missing, Targets, Task};
use crate::formats::{Picture, is_picture, read_picture};
use crate::spec::{Feed, Numbers};
use crate::{Error, Result};

/// Folders that hold classes to learn from, and those that hold classes to test on.
const TRAIN: &str = "train";
const TEST: [&str; 3] = ["test", "val", "valid"];

/// The numbers of all pictures together: 16 GiB in f32.
const MOST_NUMBERS: usize = 1 << 32;

/// Loads `CLASS/PICTURE.png` below `folder`, or below its `train` and its `test` or `val`; `None`
/// if there is no picture.
///
/// Pictures get the channels and the size that the network's input has, or else all must have
/// those of the first.
///
/// # Errors
/// If a file is no picture, or has another size than the others.
pub(super) fn load(folder: &Path, options: &LoadOptions) -> Result<Option<Loaded>> {
    let train = folder.join(TRAIN);
    let root = if train.is_dir() { &train } else { folder };
    let files = Files::below(root, None)?;
    if files.paths.is_empty() {
        return Ok(None);
    }
    let shape = Shape::of(options, &files.paths[0])?;
    let auto_encoder = options.task == Some(Task::AutoEncoder);
    let data = files.read(root, shape, auto_encoder)?;
    let test = TEST.iter().map(|name| folder.join(name)).find(|path| path.is_dir());
    let test = match test.filter(|_| root == train) {
        Some(test) => {
            let classes = Some(files.classes.as_slice());
            Some(Files::below(&test, classes)?.read(&test, shape, auto_encoder)?)
        }
        None => None,
    };
    let [channels, height, width] = shape.axes;
    let notes = vec![format!("pictures of {channels} channels, {height} high and {width} wide")];
    let task = if auto_encoder { Task::AutoEncoder } else { Task::Classification };
    let source = folder.display().to_string();
    let missing = Missing::Error;
    Ok(Some(Loaded { train: data, test, task, missing, source, license: None, notes }))
}

/// Channels, height and width of all pictures, and whether others are scaled to them.
#[derive(Clone, Copy)]
struct Shape {
    axes: [usize; 3],
    scales: bool,
}

impl Shape {
    /// That of the network's first measured input, if it has channels and two axes, or else that of
    /// the first picture.
    fn of(options: &LoadOptions, first: &Path) -> Result<Self> {
        let is_measured = |feed: &&Feed| feed.numbers == Numbers::Measured;
        match options.feeds.iter().find(is_measured).map(|feed| feed.axes.as_slice()) {
            Some(&[channels @ (1 | 3), height, width]) => {
                Ok(Self { axes: [channels, height, width], scales: true })
            }
            Some(&[height, width]) => Ok(Self { axes: [1, height, width], scales: true }),
            _ => Ok(Self { axes: read_picture(first, None, None)?.axes, scales: false }),
        }
    }

    fn numbers(self) -> usize {
        self.axes.iter().product()
    }

    fn read(self, path: &Path) -> Result<Picture> {
        let [channels, height, width] = self.axes;
        let size = self.scales.then_some([height, width]);
        let picture = read_picture(path, Some(channels), size)?;
        if picture.axes == self.axes {
            return Ok(picture);
        }
        Err(Error::Setting {
            place: path.display().to_string(),
            found: format!("{} × {} pixels", picture.axes[2], picture.axes[1]),
            expected: format!("{width} × {height}, as in the first picture"),
        })
    }
}

/// Pictures with their classes, in the order of their paths.
struct Files {
    paths: Vec<PathBuf>,
    labels: Vec<u32>,
    classes: Vec<String>,
}

impl Files {
    /// The pictures in the folders below `root`; its folders are the classes, those of `known` if
    /// given.
    fn below(root: &Path, known: Option<&[String]>) -> Result<Self> {
        let mut files = Self { paths: Vec::new(), labels: Vec::new(), classes: Vec::new() };
        files.classes.extend(known.into_iter().flatten().cloned());
        for folder in entries(root)?.into_iter().filter(|path| path.is_dir()) {
            let mut pictures = entries(&folder)?;
            pictures.retain(|path| is_picture(path) && path.is_file());
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if pictures.is_empty() {
                continue;
            }
            let label = match (files.classes.iter().position(|class| *class == name), known) {
                (Some(label), _) => label,
                (None, None) => {
                    files.classes.push(name);
                    files.classes.len() - 1
                }
                (None, Some(known)) => {
                    return Err(Error::unknown("class in the test part", &name, known));
                }
            };
            files.labels.extend(pictures.iter().map(|_| label as u32));
            files.paths.extend(pictures);
        }
        Ok(files)
    }

    fn read(&self, root: &Path, shape: Shape, auto_encoder: bool) -> Result<Dataset> {
        let numbers = self.paths.len().saturating_mul(shape.numbers());
        if numbers > MOST_NUMBERS {
            let [channels, height, width] = shape.axes;
            return Err(Error::Setting {
                place: root.display().to_string(),
                found: format!("{} pictures of {channels}×{height}×{width}", self.paths.len()),
                expected: format!("{MOST_NUMBERS} numbers or fewer: fewer or smaller pictures"),
            });
        }
        let pictures = threads::map(&self.paths, |path| shape.read(path));
        let mut features = Vec::with_capacity(numbers);
        for picture in pictures {
            features.extend(picture?.values);
        }
        let targets = if auto_encoder {
            Targets::Features
        } else {
            Targets::Classes { labels: self.labels.clone(), names: self.classes.clone() }
        };
        let [channels, height, width] = shape.axes;
        let name = |number: usize| {
            let (row, column) = (number / width % height, number % width);
            match channels {
                1 => format!("pixel_{row}_{column}"),
                _ => format!("{}_{row}_{column}", COLORS[number / (height * width)]),
            }
        };
        Ok(Dataset {
            name: root.display().to_string(),
            feature_names: (0..shape.numbers()).map(name).collect(),
            features: features.into(),
            targets,
        })
    }
}

const COLORS: [&str; 3] = ["red", "green", "blue"];

/// What lies in a folder, sorted, without hidden files.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let entry = entry.map_err(Error::io("read", folder))?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

#[cfg(feature = "pictures")]
#[cfg(test)]
mod tests {
    use super::*;

    fn save(path: &Path, width: u32, gray: u8) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let raw = vec![gray; (width * 2) as usize];
        image::GrayImage::from_raw(width, 2, raw).unwrap().save(path).unwrap();
    }

    #[test]
    fn folders_are_classes_and_test_rows_have_their_own() {
        let folder = tempfile::tempdir().unwrap();
        save(&folder.path().join("train/dog/1.png"), 3, 255);
        save(&folder.path().join("train/cat/2.png"), 3, 0);
        save(&folder.path().join("train/cat/1.png"), 3, 51);
        save(&folder.path().join("val/dog/9.png"), 3, 0);
        fs::write(folder.path().join("train/cat/notes.txt"), "no picture").unwrap();
        let loaded = load(folder.path(), &LoadOptions::default()).unwrap().unwrap();
        let classes = |labels: &[u32]| Targets::Classes {
            labels: labels.to_vec(),
            names: vec!["cat".to_owned(), "dog".to_owned()],
        };
        assert_eq!(loaded.train.targets, classes(&[0, 0, 1]));
        assert_eq!(loaded.train.row(0), [0.2; 6]);
        assert_eq!(loaded.test.unwrap().targets, classes(&[1]));
    }

    #[test]
    fn pictures_get_the_size_of_the_input_or_must_be_alike() {
        let folder = tempfile::tempdir().unwrap();
        save(&folder.path().join("a/1.png"), 3, 255);
        save(&folder.path().join("b/1.png"), 4, 0);
        let error = load(folder.path(), &LoadOptions::default()).unwrap_err().to_string();
        assert!(error.contains("found 4 × 2 pixels, expected 3 × 2"), "{error}");
        let (name, numbers) = ("x".to_owned(), Numbers::Measured);
        let feeds = vec![Feed { name, columns: 75, axes: vec![3, 5, 5], numbers }];
        let options = LoadOptions { feeds, ..LoadOptions::default() };
        let loaded = load(folder.path(), &options).unwrap().unwrap();
        assert_eq!((loaded.train.rows(), loaded.train.columns()), (2, 75));
        assert_eq!(loaded.train.row(0), [1.0; 75]);
    }

    #[test]
    fn a_folder_without_pictures_is_another_kind_of_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        assert_eq!(load(folder.path(), &LoadOptions::default()).unwrap(), None);
    }
}
