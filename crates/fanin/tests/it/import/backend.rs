//! ONNX's own cases for every operator, where a folder of them is named by `FANIN_ONNX_CASES`.
//!
//! Each case is a folder with `model.onnx` and `test_data_set_0` of `input_0.pb`, `output_0.pb`, …;
//! `tests/reference/onnx_cases.py` fetches them. The smallest of each operator is carried along.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fanin::engine::Array;
use fanin::formats::onnx::{Elements, OnnxFile};
use fanin::import::{Feeds, Options, Run, find, import_model, run};

enum Outcome {
    Passed,
    OutOfScope(String),
    Failed(String),
}

pub(super) fn array(path: &Path) -> Result<Array, String> {
    let file = OnnxFile::read(path).map_err(|e| e.to_string())?;
    let tensor = file.tensor().map_err(|e| e.to_string())?;
    let kind = tensor.element_type;
    let elements = file.elements(&tensor).map_err(|e| e.to_string())?;
    let shape = tensor.dims.clone();
    let array = match elements {
        Elements::F32(_) if kind.name() == "float" => {
            Array::float(shape, elements.to_f64().unwrap_or_default())
        }
        Elements::F64(data) => Array::float(shape, data),
        Elements::I64(_) | Elements::Bool(_) => {
            Array::integer(shape, elements.to_i64().unwrap_or_default())
        }
        _ => return Err(format!("elements of type {kind}")),
    };
    array.map_err(|e| e.to_string())
}

fn case(folder: &Path) -> Outcome {
    let data = folder.join("test_data_set_0");
    let file = match OnnxFile::read(&folder.join("model.onnx")) {
        Ok(file) => file,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let model = match file.model() {
        Ok(model) => model,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let known = |node| find(node).is_some() || model.function(node).is_some();
    if let Some(node) = model.graph.nodes.iter().find(|node| !known(node)) {
        return Outcome::OutOfScope(format!("operator {}", node.op_type));
    }
    let mut options = Options::default();
    let mut feeds = Feeds::new();
    let mut consts = BTreeMap::new();
    for (i, input) in model.graph.inputs.iter().enumerate() {
        let array = match array(&data.join(format!("input_{i}.pb"))) {
            Ok(array) => array,
            Err(why) => return Outcome::OutOfScope(why),
        };
        options.inputs.insert(input.name.to_owned(), array.shape().axes().to_vec());
        consts.insert(input.name.to_owned(), array.clone());
        feeds.insert(input.name.to_owned(), array);
    }
    options.known = consts
        .into_iter()
        .filter(|(_, a)| a.integers().is_some() || a.shape().elements() <= 8)
        .collect();
    let mut wanted = Vec::new();
    for i in 0..model.graph.outputs.len() {
        match array(&data.join(format!("output_{i}.pb"))) {
            Ok(array) => wanted.push(array),
            Err(why) => return Outcome::OutOfScope(why),
        }
    }
    let imported = match import_model(&file, &model, &options) {
        Ok(imported) => imported,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let found = match run(&imported, &feeds, &Run::default()) {
        Ok(found) => found,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    for (i, wanted) in wanted.iter().enumerate() {
        let found = found.get(&format!("output/{i}")).unwrap();
        if found.shape() != wanted.shape() {
            return Outcome::Failed(format!(
                "output {i}: {} for {}",
                found.shape(),
                wanted.shape()
            ));
        }
        let numbers: Vec<f64> = match (wanted.floats(), wanted.integers()) {
            (Some(floats), _) => floats.to_vec(),
            (_, integers) => integers.unwrap().iter().map(|n| *n as f64).collect(),
        };
        for (&found, wanted) in found.data().iter().zip(numbers) {
            let found = f64::from(found);
            let same = found == wanted
                || found.is_nan() && wanted.is_nan()
                || (found - wanted).abs() <= 1e-3 * wanted.abs() + 1e-5;
            if !same {
                return Outcome::Failed(format!("output {i}: {found} for {wanted}"));
            }
        }
    }
    Outcome::Passed
}

/// What came of many cases.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: Vec<String>,
    out_of_scope: BTreeMap<String, usize>,
}

impl Tally {
    fn of(folder: &Path) -> Self {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        let mut tally = Self::default();
        for folder in folders {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            let outcome = std::panic::catch_unwind(|| case(&folder));
            match outcome.unwrap_or_else(|_| Outcome::Failed("a panic".to_owned())) {
                Outcome::Passed => tally.passed += 1,
                Outcome::OutOfScope(why) => *tally.out_of_scope.entry(why).or_default() += 1,
                Outcome::Failed(why) => tally.failed.push(format!("{name}: {why}")),
            }
        }
        tally
    }
}

#[test]
#[ignore = "needs a folder of cases, named by FANIN_ONNX_CASES"]
fn cases_of_onnx_pass() {
    let folder = std::env::var("FANIN_ONNX_CASES").expect("FANIN_ONNX_CASES names a folder");
    let Tally { passed, failed, out_of_scope } = Tally::of(folder.as_ref());
    eprintln!("{}", failed.join("\n"));
    eprintln!("{passed} passed, {} failed, out of scope: {out_of_scope:?}", failed.len());
    assert!(failed.len() * 19 <= passed, "at least 95 % of the cases in scope pass");
    let failed = failed.iter().map(|case| case.split(':').next().unwrap().to_owned());
    assert_eq!(failed.collect::<BTreeSet<String>>(), listed());
}

/// Cases that fail, of which docs/onnx-cases.md says why.
fn listed() -> BTreeSet<String> {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/onnx-cases.md");
    let document = std::fs::read_to_string(document).unwrap();
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `test_"));
    rows.map(|row| format!("test_{}", row.split('`').next().unwrap())).collect()
}

pub(super) fn unpack_carried(folder: &Path) {
    let carried = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx/cases.zip");
    let archive = std::fs::File::open(carried).unwrap();
    zip::ZipArchive::new(archive).unwrap().extract(folder).unwrap();
}

#[test]
fn carried_cases_of_onnx_pass() {
    let folder = tempfile::tempdir().unwrap();
    unpack_carried(folder.path());
    let Tally { passed, failed, .. } = Tally::of(folder.path());
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(passed >= 120, "{passed} of the carried cases ran");
}
