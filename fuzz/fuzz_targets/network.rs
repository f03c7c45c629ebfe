//! Any bytes as a network: described, read and built, or refused, within the memory that is allowed.
#![no_main]

use fanin::formats::onnx::OnnxFile;
use fanin::import::{FileNetwork, Options, describe};
use fanin::spec::{Architecture, Ground, Mode};
use libfuzzer_sys::fuzz_target;

/// Numbers that all values of a model may hold: what a small model needs, many times over.
const LIMIT: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let file = OnnxFile { path: "fuzz/no_such_folder/model.onnx".into(), bytes: bytes.to_vec() };
    let options = Options { limit: LIMIT, ..Options::default() };
    if let Ok(model) = file.model() {
        let _ = describe(&file, &model, &options);
    }
    let Ok(network) = FileNetwork::of(file, &options) else { return };
    let columns = network.feeds().iter().map(|feed| feed.columns).sum();
    let _ = network.build(Ground::new(columns, 2, Mode::Train));
});
