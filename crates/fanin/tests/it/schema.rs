//! The published schemas of checks, repairs, comparisons and reports say what these say: no key more, none
//! less, no other type.

use std::collections::BTreeSet;

use fanin::check::{Diagnosis, Verdict};
use fanin::report::{Asked, Checked, Json};
use fanin::spec::{Extent, Spec};
use fanin::weights::Weights;
use serde_json::{Map, Value};

const SCHEMA: &str = include_str!("../../../../docs/schema/check.json");
const FIX: &str = include_str!("../../../../docs/schema/fix.json");
const COMPARE: &str = include_str!("../../../../docs/schema/compare.json");
const THEORY: &str = include_str!("../../../../docs/schema/theory.json");
const REPORT: &str = include_str!("../../../../docs/schema/report.json");

/// Reads the part of JSON Schema 2020-12 that the schema uses, and refuses any other keyword.
struct Validator {
    root: Value,
    mistakes: Vec<String>,
    /// Keys that were met with a value other than null.
    met: BTreeSet<String>,
}

impl Validator {
    fn new() -> Self {
        Self::of(SCHEMA)
    }

    fn of(schema: &str) -> Self {
        let root = serde_json::from_str(schema).expect("the schema is JSON");
        Self { root, mistakes: Vec::new(), met: BTreeSet::new() }
    }

    fn check(&mut self, schema: &Value, value: &Value, place: &str) {
        let schema = schema.as_object().expect("a schema is an object");
        for (keyword, rule) in schema {
            let holds = match keyword.as_str() {
                "$schema" | "title" | "description" | "$defs" | "required" => true,
                "$ref" => {
                    let pointer = rule.as_str().unwrap().trim_start_matches('#').to_owned();
                    let target = self.root.pointer(&pointer).unwrap().clone();
                    self.check(&target, value, place);
                    true
                }
                "type" => is_of_type(rule, value),
                "const" => rule == value,
                "enum" => rule.as_array().unwrap().contains(value),
                "minimum" => value.as_f64().is_none_or(|v| v >= rule.as_f64().unwrap()),
                "maximum" => value.as_f64().is_none_or(|v| v <= rule.as_f64().unwrap()),
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(rule, item, &format!("{place}/{index}"));
                    }
                    true
                }
                "properties" => {
                    if let Some(object) = value.as_object() {
                        self.check_object(schema, object, place);
                    }
                    true
                }
                "additionalProperties" if rule.is_object() => {
                    for (key, item) in value.as_object().into_iter().flatten() {
                        self.check(rule, item, &format!("{place}/{key}"));
                    }
                    true
                }
                "additionalProperties" => rule == &Value::Bool(false),
                "oneOf" => self.check_one_of(rule, value, place),
                "anyOf" => {
                    let [other, null] = rule.as_array().unwrap().as_slice() else { panic!() };
                    assert_eq!(null["type"], "null");
                    if !value.is_null() {
                        self.check(other, value, place);
                    }
                    true
                }
                other => panic!("the validator does not know `{other}`"),
            };
            if !holds {
                self.mistakes.push(format!("{place}: {value} breaks {keyword} {rule}"));
            }
        }
    }

    fn check_object(&mut self, schema: &Map<String, Value>, object: &Map<String, Value>, at: &str) {
        let described = schema["properties"].as_object().unwrap();
        assert_eq!(schema["additionalProperties"], false, "{at} may hold anything");
        let required: BTreeSet<&str> =
            schema["required"].as_array().unwrap().iter().map(|k| k.as_str().unwrap()).collect();
        assert!(required.iter().copied().eq(described.keys().map(String::as_str)), "{at}");
        for key in required.iter().filter(|key| !object.contains_key(**key)) {
            self.mistakes.push(format!("{at}: `{key}` is described and not there"));
        }
        for (key, value) in object {
            match described.get(key) {
                Some(rule) => {
                    if !value.is_null() {
                        self.met.insert(key.clone());
                    }
                    self.check(rule, value, &format!("{at}/{key}"));
                }
                None => self.mistakes.push(format!("{at}: `{key}` is not described")),
            }
        }
    }

    fn check_one_of(&mut self, choices: &Value, value: &Value, place: &str) -> bool {
        let choices = choices.as_array().unwrap();
        let tags = ["kind", "block", "picture", "outcome"];
        let tag = tags.into_iter().find(|tag| value.get(tag).is_some()).unwrap();
        let kind = |choice: &&Value| choice["properties"][tag]["const"] == value[tag];
        let Some(choice) = choices.iter().find(kind) else { return false };
        self.check(choice, value, place);
        true
    }
}

fn is_of_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.is_u64(),
        other => panic!("the validator does not know the type `{other}`"),
    };
    match rule {
        Value::String(name) => is(name),
        names => names.as_array().unwrap().iter().any(|name| is(name.as_str().unwrap())),
    }
}

fn json(diagnosis: &Diagnosis) -> Value {
    let (model, start) = ("a network".to_owned(), "a start".to_owned());
    let (spec, asked) = (&Spec::default(), &Asked::default());
    let checked = Checked { model, start, spec, asked, diagnosis };
    serde_json::from_str(&Json::new("check", &checked).to_string()).unwrap()
}

/// What a scheme makes of a network over so many seeds, with all that can be measured.
fn over_seeds(model: &str, scheme: &str, seeds: &[u64]) -> Diagnosis {
    let mut spec = Spec { model: model.parse().unwrap(), ..Spec::default() };
    scheme.clone_into(&mut spec.init.scheme);
    spec.check.extent = Extent::All;
    let data = fanin::load(&spec).unwrap();
    let model = fanin::resolve(&spec, &data).unwrap();
    fanin::check_scheme(&spec, &model, &data, seeds).unwrap()
}

/// A network on data that no straight line tells.
fn bent() -> Diagnosis {
    let mut spec =
        Spec { model: "features -> 8 tanh -> outputs".parse().unwrap(), ..Spec::default() };
    "xor".clone_into(&mut spec.data.source);
    let (data, model) = fanin::open(&spec).unwrap();
    fanin::check_scheme(&spec, &model, &data, &[0]).unwrap()
}

/// Weights of which one tensor is a copy, one has equal parts and one is missing.
fn broken() -> Diagnosis {
    let spec = Spec { model: "64 -> 3x64 tanh -> 10".parse().unwrap(), ..Spec::default() };
    let data = fanin::load(&spec).unwrap();
    let model = fanin::resolve(&spec, &data).unwrap();
    let mut weights: Weights = fanin::initialize(&spec, &model, 0).unwrap();
    let copy = weights.get("0.weight").unwrap().clone();
    for (name, tensor) in &mut weights.tensors {
        match name.as_str() {
            "2.weight" => *tensor = copy.clone(),
            "4.weight" => {
                let half = copy.data()[..copy.data().len() / 2].repeat(2);
                *tensor = fanin::engine::Tensor::new(copy.shape().clone(), half).unwrap();
            }
            _ => {}
        }
    }
    weights.tensors.retain(|(name, _)| name != "6.bias");
    fanin::check_partly(&spec, &model, &weights, &data).unwrap()
}

/// Weights of which one tensor is nearly a copy, and one has nearly equal parts.
fn nearly() -> Diagnosis {
    let spec = Spec { model: "64 -> 3x64 tanh -> 10".parse().unwrap(), ..Spec::default() };
    let data = fanin::load(&spec).unwrap();
    let model = fanin::resolve(&spec, &data).unwrap();
    let mut weights: Weights = fanin::initialize(&spec, &model, 0).unwrap();
    let first = weights.get("0.weight").unwrap().clone();
    let near = |x: &[f32]| -> Vec<f32> {
        x.iter().enumerate().map(|(i, x)| if i % 3 == 0 { 1.02 * x } else { *x }).collect()
    };
    for (name, tensor) in &mut weights.tensors {
        let (half, _) = tensor.data().split_at(tensor.data().len() / 2);
        let data = match name.as_str() {
            "2.weight" => near(first.data()),
            "4.weight" => [half.to_vec(), near(half)].concat(),
            _ => continue,
        };
        *tensor = fanin::engine::Tensor::new(tensor.shape().clone(), data).unwrap();
    }
    fanin::check_partly(&spec, &model, &weights, &data).unwrap()
}

/// Weights of one scheme that are said to be another's.
fn claimed() -> Diagnosis {
    let mut spec = Spec { model: "64 -> 16 tanh -> 10".parse().unwrap(), ..Spec::default() };
    let data = fanin::load(&spec).unwrap();
    let model = fanin::resolve(&spec, &data).unwrap();
    let weights = fanin::initialize(&spec, &model, 0).unwrap();
    "normal:3".clone_into(&mut spec.init.scheme);
    fanin::check_claim(&spec, &model, &weights, &data).unwrap()
}

fn recurrent() -> Diagnosis {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx");
    let model = folder.join("lstm_classifier.legacy.onnx").display().to_string().parse().unwrap();
    let mut spec = Spec { model, ..Spec::default() };
    "normal".clone_into(&mut spec.data.source);
    let (data, model) = fanin::open(&spec).unwrap();
    fanin::check(&spec, &model, model.weights().unwrap(), &data).unwrap()
}

#[test]
fn theory_says_what_its_schema_does_of_signals_without_an_end() {
    use fanin::theory::{Attention, Network, Question, activation, describe, describe_attention};
    for (text, network) in [
        ("exp(10*x)", Network::Dense),
        ("x^3", Network::Convolution),
        ("relu2", Network::BatchNorm),
        ("abs(x)^0.7", Network::LayerNorm),
    ] {
        let activation = activation(text).unwrap();
        let image = (network == Network::Convolution).then_some(fanin::theory::Image {
            height: 6,
            width: 6,
            kernel: 3,
        });
        let found = describe(&Question {
            activation: &*activation,
            network,
            depth: 8,
            width: 16,
            weight_variance: Some(2.0),
            bias_variance: 0.0,
            image,
        });
        let json: Value =
            serde_json::from_str(&Json::new("theory", &found.unwrap()).to_string()).unwrap();
        let mut validator = Validator::of(THEORY);
        let schema = validator.root["$defs"]["of_layers"].clone();
        validator.check(&schema, &json, "");
        assert!(validator.mistakes.is_empty(), "{text}: {:#?}", validator.mistakes);
    }
    let attention = Attention {
        tokens: 4,
        branch: 900.0,
        has_skip: true,
        value_variance: 1.0,
        logit_variance: 1.0,
    };
    let found = describe_attention(attention, 0.5, 80).unwrap();
    let json: Value = serde_json::from_str(&Json::new("theory", &found).to_string()).unwrap();
    let mut validator = Validator::of(THEORY);
    let schema = validator.root["$defs"]["of_attention"].clone();
    validator.check(&schema, &json, "");
    assert!(validator.mistakes.is_empty(), "{:#?}", validator.mistakes);
}

#[test]
fn the_schema_describes_every_key_of_a_check_and_nothing_else() {
    let (seeds, deep) = ([0, 1, 2], "64 -> 10x64 relu -> 10");
    let residual = "64 -> 64 tanh -> 2x(32 layer_norm relu -> 64) residual -> 10";
    let diagnoses = [
        over_seeds("64 -> 2x64 tanh -> 10", "xavier-uniform", &seeds),
        over_seeds(deep, "torch-default", &seeds),
        over_seeds("64 -> 3x8 relu -> 10", "zeros", &seeds[..1]),
        over_seeds(residual, "he-normal", &seeds[..1]),
        over_seeds("64 -> 3x64 relu -> 10", "normal:1e30", &seeds[..1]),
        over_seeds("64 -> 8 relu -> 2x(8 relu -> 8) residual -> 10", "constant:0.1", &seeds[..1]),
        bent(),
        broken(),
        nearly(),
        claimed(),
        recurrent(),
    ];
    assert_eq!(diagnoses[0].forecast, Verdict::Learns);
    assert!(diagnoses[1].findings.iter().any(|finding| finding.consequence_of.is_some()));
    let mut validator = Validator::new();
    let schema = validator.root.clone();
    for (index, diagnosis) in diagnoses.iter().enumerate() {
        validator.check(&schema, &json(diagnosis), &format!("diagnosis {index}"));
    }
    assert!(validator.mistakes.is_empty(), "{}", validator.mistakes.join("\n"));
    let mut described = BTreeSet::new();
    keys(&schema, &mut described);
    let unmet: Vec<_> = described.difference(&validator.met).collect();
    assert!(unmet.is_empty(), "no diagnosis here shows {unmet:?}");
}

/// A repair, as `fanin fix --json` tells it; proven by so many seconds of training, if any.
fn fix_of(model: &str, scheme: &str, method: Option<&str>, seconds: Option<f64>) -> Value {
    stopped_fix_of(model, scheme, method, seconds, false)
}

/// The same, whose proof is stopped at once where `is_stopped`.
fn stopped_fix_of(
    model: &str,
    scheme: &str,
    method: Option<&str>,
    seconds: Option<f64>,
    is_stopped: bool,
) -> Value {
    use fanin::compare::proof::ProofOptions;
    use fanin::recommend::Options;
    use fanin::report::Fixed;
    use fanin::train::Interrupt;
    let mut spec = Spec { model: model.parse().unwrap(), ..Spec::default() };
    scheme.clone_into(&mut spec.init.scheme);
    let data = fanin::load(&spec).unwrap();
    let model = fanin::resolve(&spec, &data).unwrap();
    let weights = fanin::initialize(&spec, &model, 0).unwrap();
    let options = Options { method: method.map(str::to_owned), ..Options::default() };
    let repair = fanin::recommend(&spec, &model, &weights, &data, &options).unwrap();
    let usual = ProofOptions::default();
    let options = ProofOptions { seeds: vec![0, 1], factors: vec![1.0], seconds, ..usual };
    let proof = repair.recommendation.as_ref().filter(|_| seconds.is_some()).map(|found| {
        let interrupt = Interrupt::default();
        if is_stopped {
            interrupt.request();
        }
        fanin::prove(&spec, &model, None, found, &data, &options, &(), &interrupt).unwrap()
    });
    let fixed = Fixed {
        model: model.to_string(),
        named: spec.model.to_string(),
        start: scheme.to_owned(),
        data: data.source.clone(),
        is_stand_in: false,
        spec: &spec,
        asked: &Asked::default(),
        repair: &repair,
        proof: proof.as_ref(),
        files: &["start.npz".into()],
        notes: &["1 tensor has the module's name".to_owned()],
        code: seconds.map(|_| "source"),
    };
    serde_json::from_str(&Json::new("fix", &fixed).to_string()).unwrap()
}

#[test]
fn the_schema_of_a_repair_describes_every_key_and_nothing_else() {
    let deep = "64 -> 10x16 relu -> 10";
    let repairs = [
        fix_of(deep, "torch-default", None, Some(2.0)),
        fix_of(deep, "torch-default", None, Some(1e-9)),
        fix_of("64 -> 16 relu -> 10", "he-normal", None, None),
        fix_of("64 -> 16 relu -> 8 relu -> 10", "zeros", Some("lsuv"), None),
        stopped_fix_of(deep, "torch-default", None, Some(2.0), true),
    ];
    assert_eq!(repairs[0]["proof"]["outcome"], "trained");
    assert_eq!(repairs[1]["proof"]["outcome"], "too-dear");
    assert_eq!(repairs[4]["proof"]["outcome"], "interrupted");
    assert!(repairs[2]["recommendation"].is_null(), "a sound start is left alone");
    let mut validator = Validator::of(FIX);
    let schema = validator.root.clone();
    for (index, repair) in repairs.iter().enumerate() {
        validator.check(&schema, repair, &format!("repair {index}"));
    }
    assert!(validator.mistakes.is_empty(), "{}", validator.mistakes.join("\n"));
    let own = schema["properties"].as_object().unwrap().keys();
    let unmet: Vec<&String> = own.filter(|key| !validator.met.contains(*key)).collect();
    assert!(unmet.is_empty(), "no repair here shows {unmet:?}");
}

/// A comparison, as `fanin compare --json` tells it; one of its runs diverges.
fn comparison() -> Value {
    use fanin::compare::{CompareOptions, Comparison};
    use fanin::train::Interrupt;
    let mut spec = Spec { model: "64 -> 16 relu -> 10".parse().unwrap(), ..Spec::default() };
    (spec.train.epochs, spec.train.seeds) = (2, vec![0]);
    let schemes = ["he-normal", "normal:1e30"].map(str::to_owned).to_vec();
    let options = CompareOptions { schemes, own_model: true, spec, ..CompareOptions::default() };
    let (data, models) = fanin::open_compared(&options).unwrap();
    let comparison = Comparison::of_networks(&options, &data, models).unwrap();
    let mut networks = comparison.check().unwrap();
    comparison.train(&mut networks, &(), &Interrupt::default()).unwrap();
    let report = comparison.report(&networks);
    serde_json::from_str(&Json::new("compare", &report).to_string()).unwrap()
}

#[test]
fn the_schema_of_a_comparison_describes_every_key_and_nothing_else() {
    let comparison = comparison();
    let entries = comparison["networks"][0]["entries"].as_array().unwrap();
    assert_eq!(entries[0]["trained"][0]["finish"], "completed");
    assert!(
        entries[1]["trained"][0]["finish"]["diverged"].is_object(),
        "{}",
        entries[1]["trained"]
    );
    let mut validator = Validator::of(COMPARE);
    let schema = validator.root.clone();
    validator.check(&schema, &comparison, "comparison");
    assert!(validator.mistakes.is_empty(), "{}", validator.mistakes.join("\n"));
    let mut own = BTreeSet::new();
    let kinds =
        ["data", "column", "class", "network", "entry", "run", "epoch", "training", "spread"];
    keys(&schema["properties"], &mut own);
    for part in kinds.map(|kind| &schema["$defs"][kind]) {
        keys(part, &mut own);
    }
    let unmet: Vec<&String> = own.difference(&validator.met).collect();
    assert!(unmet.is_empty(), "no comparison here shows {unmet:?}");
}

/// The report of a start, as `fanin check --report` makes it.
fn report_of(model: &str, scheme: &str) -> Value {
    use fanin::report::Material;
    let mut spec = Spec { model: model.parse().unwrap(), ..Spec::default() };
    scheme.clone_into(&mut spec.init.scheme);
    let data = fanin::load(&spec).unwrap();
    let model = fanin::resolve(&spec, &data).unwrap();
    let weights = fanin::initialize(&spec, &model, 0).unwrap();
    let diagnosis = fanin::check(&spec, &model, &weights, &data).unwrap();
    let trace = fanin::trace(&spec, &model, &weights, &data).unwrap();
    let (model, start) = (model.to_string(), scheme.to_owned());
    let asked = &Asked::default();
    let checked = Checked { model, start, spec: &spec, asked, diagnosis: &diagnosis };
    let material = Material {
        spec: Some(&spec),
        data: Some(&data),
        checked: Some(&checked),
        trace: Some(&trace),
        ..Material::default()
    };
    serde_json::from_str(&fanin::report::report(&material).to_json()).unwrap()
}

#[test]
fn the_schema_of_a_report_describes_every_key_and_nothing_else() {
    let mut validator = Validator::of(REPORT);
    let schema = validator.root.clone();
    validator.check(&schema, &report_of("64 -> 4x32 tanh -> 10", "torch-default"), "tanh");
    validator.check(&schema, &report_of("64 -> 2x16 relu -> 10", "zeros"), "zeros");
    assert!(validator.mistakes.is_empty(), "{}", validator.mistakes.join("\n"));
    let mut described = BTreeSet::new();
    keys(&schema, &mut described);
    let known = |key: &&String| !validator.met.contains(*key);
    let unmet: Vec<&str> = described.iter().filter(known).map(String::as_str).collect();
    let elsewhere = ["controls", "kind", "language", "least", "shown", "source"];
    assert!(unmet.iter().all(|key| elsewhere.contains(key)), "no report here shows {unmet:?}");
}

/// Every key that the schema describes.
fn keys(schema: &Value, described: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            let properties = object.get("properties").and_then(Value::as_object);
            described.extend(properties.into_iter().flat_map(|p| p.keys().cloned()));
            object.values().for_each(|value| keys(value, described));
        }
        Value::Array(list) => list.iter().for_each(|value| keys(value, described)),
        _ => {}
    }
}

#[test]
fn the_validator_sees_missing_unknown_and_wrong_keys() {
    let mut validator = Validator::new();
    let schema = validator.root.clone();
    let mut wrong = json(&over_seeds("64 -> 8 tanh -> 10", "xavier-uniform", &[0]));
    let object = wrong.as_object_mut().unwrap();
    object.remove("units");
    object.insert("more".to_owned(), Value::Null);
    object.insert("seeds".to_owned(), "one".into());
    object.insert("forecast".to_owned(), "maybe".into());
    validator.check(&schema, &wrong, "wrong");
    let said = validator.mistakes.join("\n");
    for part in ["`units` is described", "`more` is not described", "seeds", "maybe"] {
        assert!(said.contains(part), "`{part}` is not in {said}");
    }
}
