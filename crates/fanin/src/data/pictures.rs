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
/// if no folder of a class has a picture.
///
/// Pictures get the channels and the size that the network's input has, or else all must have
/// those of the first.
///
/// # Errors
/// If a file is no picture, or has another size than the others.
pub(super) fn load(folder: &Path, options: &LoadOptions) -> Result<Option<Loaded>> {
    let root = root(folder);
    let files = Files::below(&root, None)?;
    if files.paths.is_empty() {
        return Ok(None);
    }
    files.require_classes(&root, options)?;
    let shape = Shape::of(options, &files.paths[0])?;
    let auto_encoder = options.task == Some(Task::AutoEncoder);
    let [channels, height, width] = shape.axes;
    let last = if shape.channels_last && channels > 1 { ", channels last" } else { "" };
    let own = format!("pictures of {channels} channels, {height} high and {width} wide{last}");
    let mut notes = vec![own];
    let data = files.read(&root, shape, auto_encoder, &mut notes)?;
    let test = TEST.iter().map(|name| folder.join(name)).find(|path| path.is_dir());
    let test = match test.filter(|_| root != folder) {
        Some(test) => {
            let classes = Some(files.classes.as_slice());
            let files = Files::below(&test, classes)?;
            Some(files.read(&test, shape, auto_encoder, &mut notes)?)
        }
        None => None,
    };
    let task = if auto_encoder { Task::AutoEncoder } else { Task::Classification };
    let source = folder.display().to_string();
    let missing = Missing::Error;
    Ok(Some(Loaded { train: data, test, task, missing, source, license: None, notes }))
}

/// What lies in a folder where no folder of a class has a picture.
///
/// # Errors
/// If the folder cannot be read.
pub(super) fn without(folder: &Path) -> Result<String> {
    let files = Files::below(&root(folder), None)?;
    Ok(match (files.loose, files.empty.as_slice()) {
        (0, []) => String::new(),
        (0, empty) => format!(" (no .png or .jpg file in {})", listed(empty)),
        (loose, _) => format!(" ({loose} pictures lie in no folder of a class)"),
    })
}

/// Where the classes to learn from lie.
fn root(folder: &Path) -> PathBuf {
    let train = folder.join(TRAIN);
    if train.is_dir() { train } else { folder.to_owned() }
}

/// What all pictures become.
#[derive(Clone, Copy)]
struct Shape {
    /// Channels, height and width.
    axes: [usize; 3],
    /// Whether pictures of other sizes are scaled.
    scales: bool,
    /// Whether the numbers of a pixel stand side by side, as Keras has them.
    channels_last: bool,
}

impl Shape {
    /// That of the network's first measured input, if it has channels and two axes, or else that of
    /// the first picture.
    fn of(options: &LoadOptions, first: &Path) -> Result<Self> {
        let is_measured = |feed: &&Feed| feed.numbers == Numbers::Measured;
        match options.feeds.iter().find(is_measured).map(|feed| feed.axes.as_slice()) {
            Some(&[channels @ (1 | 3), height, width]) => {
                Ok(Self { axes: [channels, height, width], scales: true, channels_last: false })
            }
            Some(&[height, width, channels @ (1 | 3)]) => {
                Ok(Self { axes: [channels, height, width], scales: true, channels_last: true })
            }
            Some(&[height, width]) => {
                Ok(Self { axes: [1, height, width], scales: true, channels_last: false })
            }
            _ => {
                let axes = read_picture(first, None, None)?.axes;
                Ok(Self { axes, scales: false, channels_last: false })
            }
        }
    }

    /// Channel, row and column of a number of a picture.
    fn place(self, number: usize) -> [usize; 3] {
        let [channels, height, width] = self.axes;
        if self.channels_last {
            let pixel = number / channels;
            return [number % channels, pixel / width, pixel % width];
        }
        [number / (height * width), number / width % height, number % width]
    }

    fn numbers(self) -> usize {
        self.axes.iter().product()
    }

    fn read(self, path: &Path) -> Result<Picture> {
        let [channels, height, width] = self.axes;
        let size = self.scales.then_some([height, width]);
        let picture = read_picture(path, Some(channels), size)?;
        if picture.axes == self.axes {
            let values =
                if self.channels_last { self.by_pixel(&picture.values) } else { picture.values };
            return Ok(Picture { values, ..picture });
        }
        Err(Error::Setting {
            place: path.display().to_string(),
            found: format!("{} × {} pixels", picture.axes[2], picture.axes[1]),
            expected: format!(
                "{width} × {height}, as in the first picture; pictures of several sizes are scaled \
                 only to the input of an .onnx model that takes pictures"
            ),
        })
    }

    /// The numbers of a picture, channels last.
    fn by_pixel(self, values: &[f32]) -> Vec<f32> {
        let [_, height, width] = self.axes;
        let at = |number| {
            let [channel, row, column] = self.place(number);
            values[(channel * height + row) * width + column]
        };
        (0..self.numbers()).map(at).collect()
    }
}

/// Pictures with their classes, in the order of their paths.
#[derive(Default)]
struct Files {
    paths: Vec<PathBuf>,
    labels: Vec<u32>,
    classes: Vec<String>,
    /// Folders without a picture, which are no classes.
    empty: Vec<String>,
    /// Files in folders of classes that are no pictures.
    others: usize,
    /// Pictures beside the folders of classes.
    loose: usize,
}

impl Files {
    /// The pictures in the folders below `root`; its folders are the classes, those of `known` if
    /// given.
    fn below(root: &Path, known: Option<&[String]>) -> Result<Self> {
        let mut files = Self::default();
        files.classes.extend(known.into_iter().flatten().cloned());
        let is_own = |path: &PathBuf| is_picture(path) && path.is_file();
        for folder in entries(root)? {
            if !folder.is_dir() {
                files.loose += usize::from(is_own(&folder));
                continue;
            }
            let (pictures, others): (Vec<_>, Vec<_>) =
                entries(&folder)?.into_iter().partition(is_own);
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if pictures.is_empty() {
                files.empty.push(name);
                continue;
            }
            files.others += others.len();
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

    /// Refuses folders without a picture where the network has an output for each of them.
    fn require_classes(&self, root: &Path, options: &LoadOptions) -> Result<()> {
        let outputs = options.sizes.map(|(_, outputs)| outputs);
        let folders = self.classes.len() + self.empty.len();
        if self.empty.is_empty() || outputs != Some(folders) {
            return Ok(());
        }
        Err(Error::Setting {
            place: root.display().to_string(),
            found: format!("no .png or .jpg file in {}", listed(&self.empty)),
            expected: format!("pictures of each of the {folders} classes that the network tells"),
        })
    }

    /// What was left out.
    fn notes(&self, root: &Path, notes: &mut Vec<String>) {
        let place = root.display();
        if !self.empty.is_empty() {
            notes.push(format!(
                "{place}: no .png or .jpg file in {}, which counts as no class",
                listed(&self.empty)
            ));
        }
        if self.others > 0 {
            notes.push(format!(
                "{place}: {} files that are no .png or .jpg were left out",
                self.others
            ));
        }
        if self.loose > 0 {
            notes.push(format!(
                "{place}: {} pictures that lie in no folder of a class were left out",
                self.loose
            ));
        }
    }

    fn read(
        &self,
        root: &Path,
        shape: Shape,
        auto_encoder: bool,
        notes: &mut Vec<String>,
    ) -> Result<Dataset> {
        self.notes(root, notes);
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
        let (mut turned, in_color) = (0, shape.axes[0] > 1);
        for picture in pictures {
            let picture = picture?;
            turned += usize::from(picture.has_color != in_color);
            features.extend(picture.values);
        }
        if turned > 0 {
            let became =
                if in_color { "gray, all channels alike" } else { "in color, taken as gray" };
            let all = self.paths.len();
            notes.push(format!("{}: {turned} of {all} pictures are {became}", root.display()));
        }
        let targets = if auto_encoder {
            Targets::Features
        } else {
            Targets::Classes { labels: self.labels.clone(), names: self.classes.clone() }
        };
        let name = |number: usize| {
            let [channel, row, column] = shape.place(number);
            match shape.axes[0] {
                1 => format!("pixel_{row}_{column}"),
                _ => format!("{}_{row}_{column}", COLORS[channel]),
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

/// Names of folders, the first few of many.
fn listed(names: &[String]) -> String {
    const FEW: usize = 5;
    let few = names.iter().take(FEW).map(|name| format!("{name}/")).collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(FEW) {
        Some(more @ 1..) => format!("{few} and {more} more"),
        _ => few,
    }
}

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
        let loaded = load(folder.path(), &for_input([3, 5, 5])).unwrap().unwrap();
        assert_eq!((loaded.train.rows(), loaded.train.columns()), (2, 75));
        assert_eq!(loaded.train.row(0), [1.0; 75]);
    }

    fn for_input(axes: [usize; 3]) -> LoadOptions {
        let (name, numbers) = ("x".to_owned(), Numbers::Measured);
        let feeds =
            vec![Feed { name, columns: axes.iter().product(), axes: axes.to_vec(), numbers }];
        LoadOptions { feeds, ..LoadOptions::default() }
    }

    #[test]
    fn an_input_with_channels_last_gets_the_colors_of_a_pixel_side_by_side() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        let raw = [[255, 0, 51, 0, 255, 102]; 2].concat();
        let picture = image::RgbImage::from_raw(2, 2, raw).unwrap();
        picture.save(folder.path().join("a/1.png")).unwrap();
        let read = |axes| load(folder.path(), &for_input(axes)).unwrap().unwrap().train;
        let last = read([2, 2, 3]);
        assert_eq!(last.row(0)[..6], [1.0, 0.0, 0.2, 0.0, 1.0, 0.4]);
        assert_eq!(last.feature_names[..3], ["red_0_0", "green_0_0", "blue_0_0"]);
        assert_eq!(read([3, 2, 2]).row(0)[..6], [1.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn what_is_left_out_or_turned_gray_is_told() {
        let folder = tempfile::tempdir().unwrap();
        save(&folder.path().join("a/1.png"), 3, 255);
        save(&folder.path().join("b/1.png"), 3, 255);
        save(&folder.path().join("loose.png"), 3, 255);
        fs::create_dir(folder.path().join("c")).unwrap();
        fs::write(folder.path().join("b/2.gif"), "no picture").unwrap();
        let color = image::RgbImage::from_raw(3, 2, vec![9; 18]).unwrap();
        color.save(folder.path().join("b/3.png")).unwrap();
        let notes = |options| load(folder.path(), &options).unwrap().unwrap().notes.join("\n");
        let told = notes(LoadOptions::default());
        for text in [
            "no .png or .jpg file in c/, which counts as no class",
            "1 files that are no .png or .jpg were left out",
            "1 pictures that lie in no folder",
            "1 of 3 pictures are in color, taken as gray",
        ] {
            assert!(told.contains(text), "no {text} in {told}");
        }
        assert!(notes(for_input([3, 2, 3])).contains("2 of 3 pictures are gray, all channels"));
        let three = LoadOptions { sizes: Some((6, 3)), ..LoadOptions::default() };
        let error = load(folder.path(), &three).unwrap_err().to_string();
        assert!(error.contains("no .png or .jpg file in c/, expected pictures of each"), "{error}");
    }

    #[test]
    fn a_folder_without_pictures_is_another_kind_of_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        assert_eq!(load(folder.path(), &LoadOptions::default()).unwrap(), None);
        assert_eq!(without(folder.path()).unwrap(), " (no .png or .jpg file in a/)");
        save(&folder.path().join("1.png"), 3, 255);
        assert_eq!(without(folder.path()).unwrap(), " (1 pictures lie in no folder of a class)");
    }
}
