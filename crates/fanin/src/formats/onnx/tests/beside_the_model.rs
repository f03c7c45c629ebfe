//! Elements in files beside the model.

use std::fs;

use super::super::external::External;
use super::*;

/// A folder with a model whose one weight lies at `offset` of `location`.
fn written(location: &str, offset: u64, data: &[u8]) -> (tempfile::TempDir, OnnxFile) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("w.data"), data).unwrap();
    let file = OnnxFile { path: folder.path().join("m.onnx"), bytes: model(location, offset) };
    fs::write(&file.path, &file.bytes).unwrap();
    (folder, file)
}

fn model(location: &str, offset: u64) -> Vec<u8> {
    let external = External { location, offset, length: 8 };
    let weight = Tensor {
        name: "w",
        dims: vec![2],
        element_type: ElementType::F32,
        data: Data::External(external),
        ..Tensor::default()
    };
    Model::new(Graph { initializers: vec![weight], ..Graph::default() }, 20).to_bytes()
}

#[track_caller]
fn check(location: &str, offset: u64, expected: &str) {
    let (_folder, file) = written(location, offset, &[0; 16]);
    let model = file.model().unwrap();
    let error = file.elements(&model.graph.initializers[0]).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn elements_beside_the_model_are_read_from_their_place() {
    let data: Vec<u8> = [9.0_f32, 1.5, -2.0, 9.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let (_folder, file) = written("w.data", 4, &data);
    let model = file.model().unwrap();
    let elements = file.elements(&model.graph.initializers[0]).unwrap();
    assert_eq!(elements, Elements::F32(vec![1.5, -2.0]));
}

#[test]
fn locations_outside_the_folder_are_refused() {
    check("../w.data", 0, "found \"../w.data\", expected a file in the model's own folder");
    check("a/../../w.data", 0, "expected a file in the model's own folder");
    check("/etc/passwd", 0, "found \"/etc/passwd\"");
    check("", 0, "found \"\"");
    check("a\0b", 0, "expected a file in the model's own folder");
    check(".", 0, "which is no plain file");
    check("missing.data", 0, "cannot read");
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_refused_and_those_inside_followed() {
    let (folder, file) = written("link.data", 0, &[0; 8]);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("secret"), [1; 8]).unwrap();
    let link = folder.path().join("link.data");
    std::os::unix::fs::symlink(elsewhere.path().join("secret"), &link).unwrap();
    let model = file.model().unwrap();
    let weight = &model.graph.initializers[0];
    let error = file.elements(weight).unwrap_err().to_string();
    assert!(error.contains("\"link.data\", a link to"), "{error}");
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("w.data", &link).unwrap();
    assert_eq!(file.elements(weight).unwrap(), Elements::F32(vec![0.0; 2]));
}

#[test]
fn places_beyond_the_file_are_refused_before_memory_is_taken() {
    check("w.data", 9, "byte 9: found a file of 16, expected 8 bytes, as the model says");
    check("w.data", u64::MAX, "found a file of 16");
}

#[test]
fn places_beyond_four_gigabytes_are_read() {
    let (folder, file) = written("w.data", 5 << 30, &[]);
    // A sparse file: its size is all that it takes.
    let data = fs::File::options().write(true).open(folder.path().join("w.data")).unwrap();
    data.set_len((5 << 30) + 8).unwrap();
    let model = file.model().unwrap();
    let elements = file.elements(&model.graph.initializers[0]).unwrap();
    assert_eq!(elements, Elements::F32(vec![0.0; 2]));
}

#[test]
fn lengths_and_offsets_that_are_no_numbers_are_told() {
    let bytes = model("w.data", 1234);
    for (digits, expected) in [("-234", "found \"-234\""), ("1x34", "expected a number of bytes")] {
        let at = bytes.windows(4).position(|window| window == b"1234").unwrap();
        let mut changed = bytes.clone();
        changed[at..at + 4].copy_from_slice(digits.as_bytes());
        let error = samples::model_file(&changed).model().unwrap_err().to_string();
        assert!(error.contains("external_data \"offset\"") && error.contains(expected), "{error}");
    }
}
