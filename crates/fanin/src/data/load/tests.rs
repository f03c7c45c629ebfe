//! Sources of every kind, from files in a folder of their own.

use std::fs;
use std::path::PathBuf;

use super::*;

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("fanin-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn idx(shape: &[u32], elements: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|n| n.to_be_bytes()));
    bytes.extend(elements);
    bytes
}

#[track_caller]
fn error(source: &str) -> String {
    load(source, &LoadOptions::default()).unwrap_err().to_string()
}

#[test]
fn unknown_name_suggests_the_nearest() {
    let expected = "unknown data set `digit`; did you mean `digits`? \
                    known: digits, xor, spirals, fashion-mnist, normal, teacher";
    assert_eq!(error("digit"), expected);
}

#[test]
fn file_that_is_not_there_or_of_no_known_kind_is_told() {
    assert_eq!(error("nowhere.csv"), "cannot read nowhere.csv");
    assert_eq!(error("some/where"), "cannot read some/where");
    let mistyped = error("nowhere.cvs");
    assert!(mistyped.starts_with("nowhere.cvs: found a file name whose ending tells no format"));
    assert!(mistyped.contains(".csv") && mistyped.contains(".parquet"), "{mistyped}");
    let folder = Folder::new("unknown-kind");
    let path = folder.write("a.xlsx", b"PK");
    assert!(error(&path).contains("a.xlsx: found a file name whose ending tells no format"));
}

#[test]
fn folder_of_mnist_files_gives_training_and_test_rows_with_the_same_classes() {
    let folder = Folder::new("mnist");
    folder.write("train-images-idx3-ubyte", &idx(&[3, 1, 2], &[1, 2, 3, 4, 5, 6]));
    folder.write("train-labels-idx1-ubyte", &idx(&[3], &[7, 9, 7]));
    folder.write("t10k-images-idx3-ubyte", &idx(&[1, 1, 2], &[8, 9]));
    let labels = folder.write("t10k-labels-idx1-ubyte", &idx(&[1], &[9]));
    let source = folder.0.display().to_string();
    let loaded = load(&source, &LoadOptions::default()).unwrap();
    assert_eq!((loaded.train.rows(), loaded.task), (3, Task::Classification));
    let names = ["7", "9"].map(str::to_owned).to_vec();
    let test = loaded.test.unwrap();
    assert_eq!(test.targets, Targets::Classes { labels: vec![1], names });

    fs::write(&labels, idx(&[1], &[8])).unwrap();
    assert!(error(&source).starts_with("unknown class in the test part `8`"), "{}", error(&source));
    fs::write(&labels, &idx(&[2], &[8])[..9]).unwrap();
    let expected = "t10k-labels-idx1-ubyte: byte 9: found 9 bytes in all, \
                    expected 10 for the shape [2]";
    assert!(error(&source).ends_with(expected), "{}", error(&source));
    fs::remove_file(&labels).unwrap();
    assert!(error(&source).contains("without its labels"), "{}", error(&source));
}

#[test]
fn one_file_of_images_finds_its_labels_beside_it() {
    let folder = Folder::new("beside");
    let images = folder.write("a-images-idx3-ubyte", &idx(&[2, 1, 1], &[1, 2]));
    assert!(error(&images).contains("a file that holds the features only"), "{}", error(&images));
    folder.write("a-labels-idx1-ubyte", &idx(&[2], &[0, 1]));
    let loaded = load(&images, &LoadOptions::default()).unwrap();
    assert_eq!(loaded.train.features, [1., 2.]);
}

#[test]
fn folder_without_data_says_what_it_looked_for() {
    let folder = Folder::new("empty");
    let expected = "found a folder without the files of MNIST, and without folders of \
                    pictures, expected train-images-idx3-ubyte and train-labels-idx1-ubyte";
    let text = error(&folder.0.display().to_string());
    assert!(text.contains(expected), "{text}");
}

#[test]
fn csv_file_becomes_a_data_set() {
    let folder = Folder::new("csv");
    let path = folder.write("a.csv", b"a;b;target\n1;2;0\n3;4;1\n5;6;0\n");
    let loaded = load(&path, &LoadOptions::default()).unwrap();
    assert_eq!((loaded.train.rows(), loaded.task, loaded.source), (3, Task::Classification, path));
}
