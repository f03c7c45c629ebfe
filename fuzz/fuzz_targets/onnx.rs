//! Any bytes as an ONNX model: read or refused, and what was read can be written and changed.
#![no_main]

use fanin::formats::onnx::{Changes, Data, OnnxFile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file = OnnxFile { path: "fuzz/no_such_folder/model.onnx".into(), bytes: bytes.to_vec() };
    let _ = file.tensor().map(|tensor| file.elements(&tensor));
    let Ok(model) = file.model() else { return };
    let written = OnnxFile { path: "written.onnx".into(), bytes: model.to_bytes() };
    assert!(written.model().is_ok(), "what was written is not read");
    let ordered = file.order(&model).is_ok();
    let mut changes = Changes::default();
    for tensor in &model.graph.initializers {
        let Ok(elements) = file.elements(tensor) else { continue };
        assert_eq!(elements.len(), tensor.len());
        if !matches!(tensor.data, Data::Missing) {
            changes.elements.insert(tensor.name.to_owned(), elements);
        }
    }
    if ordered {
        assert_eq!(file.rewritten(&changes).unwrap(), bytes, "nothing was to change");
    }
});
