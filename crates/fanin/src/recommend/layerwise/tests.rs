//! Layers have the statistics that were promised, and no sick start makes a method panic.

use fanin_kernels::{reduce, threads};

use super::lsuv::Stop;
use super::rates::Rates;
use super::units;
use crate::check::Verdict;
use crate::init::{Rules, initialize, parameters};
use crate::recommend::draft::Draft;
use crate::recommend::observer::Observer;
use crate::recommend::rows::Rows;
use crate::recommend::tests::Case;
use crate::recommend::{Recommendation, find};
use crate::spec::{Axes, LayerWires, Layout, Mode};

const LAYERWISE: [&str; 5] = ["lsuv", "lsuv-caffe", "lsuv-pip", "weight-norm", "balanced"];

const DEEP: &str = "64 -> 6x32 relu -> 10";

fn by(method: &str, case: &Case) -> Recommendation {
    find(method).unwrap().recommend(&case.problem()).unwrap()
}

#[test]
fn lsuv_ends_within_the_tolerance_of_its_form() {
    let case = Case::new(DEEP, "torch-default");
    for (name, mode, stop) in [
        ("lsuv", Mode::Probe, Stop::VarianceBelow(0.1)),
        ("lsuv-caffe", Mode::Probe, Stop::VarianceAtMost(0.02)),
        ("lsuv-pip", Mode::Evaluate, Stop::DeviationAtMost(0.1)),
    ] {
        let found = by(name, &case);
        assert!(found.unmet.is_empty(), "{name}: {:?}", found.unmet);
        for (layer, variance) in case.variances(&found, mode).into_iter().enumerate() {
            assert!(stop.is_done(variance, 256 * 32), "{name}, layer {layer}: {variance}");
        }
    }
}

#[test]
fn forms_of_lsuv_stop_as_published() {
    let cases = [(1.0, [true; 3]), (1.05, [true, false, true]), (1.15, [false, false, true])];
    for (variance, expected) in cases {
        let stops =
            [Stop::VarianceBelow(0.1), Stop::VarianceAtMost(0.02), Stop::DeviationAtMost(0.1)];
        assert_eq!(stops.map(|stop| stop.is_done(variance, 1 << 20)), expected, "{variance}");
    }
    // Of two numbers the sample's variance is twice the population's.
    assert!(Stop::DeviationAtMost(0.1).is_done(0.5, 2));
    assert!(!Stop::DeviationAtMost(0.1).is_done(0.5, 1000));
    assert!(Stop::VarianceAtMost(0.25).is_done(1.25, 9));
    assert!(!Stop::VarianceBelow(0.25).is_done(1.25, 9));
}

#[test]
fn a_sick_chain_learns_after_every_method() {
    for scheme in ["normal:1", "zeros"] {
        let case = Case::new(DEEP, scheme);
        assert_ne!(case.diagnose(&case.weights).forecast, Verdict::Learns, "{scheme}");
        for name in LAYERWISE {
            let found = by(name, &case);
            let diagnosis = case.diagnose(&found.weights);
            assert_eq!(diagnosis.forecast, Verdict::Learns, "{scheme}, {name}: {:?}", found.unmet);
        }
    }
}

#[test]
fn rules_of_lsuv_make_its_weights_again() {
    let case = Case::new("64 -> 3x32 tanh -> (16 relu -> 32) residual -> 10", "normal:0.01");
    let found = by("lsuv", &case);
    let rules = found.rules(&Rules::new("zeros"));
    let again = initialize(&parameters(&case.model).unwrap(), &rules, 0).unwrap();
    assert_eq!(again, {
        let mut kept = found.weights.clone();
        for (name, tensor) in &mut kept.tensors {
            if !found.changes.iter().any(|change| change.parameter == *name) {
                tensor.data_mut().fill(0.0);
            }
        }
        kept
    });
}

#[test]
fn weights_are_scaled_as_the_package_does() {
    let text = include_str!("../../../tests/reference/lsuv.json");
    let known: serde_json::Value = serde_json::from_str(text).unwrap();
    let numbers = |value: &serde_json::Value| -> Vec<f32> {
        value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
    };
    let model: crate::spec::Model = "6 -> 5 relu -> 5 tanh -> 3".parse().unwrap();
    let mut weights = crate::init::for_model(&model, &Rules::new("zeros"), 0).unwrap();
    for (name, tensor) in &mut weights.tensors {
        tensor.data_mut().copy_from_slice(&numbers(&known["before"][name.as_str()]));
    }
    let mut case = Case::of(model, weights);
    case.data = crate::data::Dataset {
        name: "normal".to_owned(),
        feature_names: vec![String::new(); 6],
        features: numbers(&known["rows"]).into(),
        targets: crate::data::Targets::Classes {
            labels: vec![0; 32],
            names: vec![String::new(); 3],
        },
    };
    let variant = &crate::recommend::methods::PIP;
    let found = super::lsuv::scaled_from(&case.problem(), variant, Some(&case.weights)).unwrap();
    for (name, tensor) in &found.weights.tensors {
        for (own, known) in tensor.data().iter().zip(numbers(&known["after"][name.as_str()])) {
            // Scales here have four digits.
            assert!((own - known).abs() <= 2e-3 * known.abs(), "{name}: {own} or {known}");
        }
    }
}

#[test]
fn networks_of_files_are_served_layer_by_layer() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx");
    for file in ["keras_cnn.onnx", "autoencoder_conv.onnx", "sklearn_mlp_reg.onnx"] {
        let model =
            crate::import::model(&folder.join(file), &crate::import::Options::default()).unwrap();
        let weights = model.weights().unwrap().clone();
        let (rows, inputs, outputs) = (8, model.inputs(), model.outputs());
        let normal = |name: &str, count: usize| {
            let mut x = vec![0.0; count];
            let stream = fanin_kernels::random::Stream::new(0, name);
            fanin_kernels::random::fill_normal(stream, 0, 0.0, 1.0, &mut x);
            x
        };
        let mut case = Case::of(model, weights);
        case.data = crate::data::Dataset {
            name: "normal".to_owned(),
            feature_names: vec![String::new(); inputs],
            features: normal("features", rows * inputs).into(),
            targets: crate::data::Targets::Values {
                values: normal("targets", rows * outputs),
                names: vec![String::new(); outputs],
            },
        };
        let loss = crate::spec::Loss::MeanSquaredError;
        let problem = crate::recommend::Problem { loss: &loss, ..case.problem() };
        for name in LAYERWISE {
            let found = find(name).unwrap().recommend(&problem).unwrap();
            let layers = case.variances(&found, Mode::Probe);
            if name == "lsuv" || name == "weight-norm" {
                let off = |variance: &f64| (variance - 1.0).abs() > 0.11;
                let said = found.unmet.iter().filter(|line| line.starts_with('`')).count();
                let off = layers.iter().filter(|v| off(v)).count();
                assert!(off <= said, "{file}, {name}: {layers:?} {:?}", found.unmet);
            }
        }
    }
}

#[test]
fn layers_that_a_normalization_scales_stay_orthonormal() {
    let case = Case::new("64 -> 32 batch_norm relu -> 10", "normal:0.5");
    for (name, scheme) in [("lsuv", "orthogonal:1"), ("lsuv-caffe", "orthogonal:1")] {
        let change = &by(name, &case).changes[0];
        assert_eq!((change.parameter.as_str(), change.scheme.as_str()), ("0.weight", scheme));
        assert!(change.reason.contains("a normalization undoes its scale"), "{change:?}");
    }
    assert_ne!(by("lsuv-pip", &case).changes[0].scheme, "orthogonal:1");
}

#[test]
fn units_have_mean_0_and_variance_1_by_weight_norm() {
    let case = Case::new("64 -> 3x32 tanh -> (16 relu -> 32) residual -> 10", "normal:2");
    let found = by("weight-norm", &case);
    for (layer, z) in case.pre_activations(&found.weights, Mode::Probe).iter().enumerate() {
        let units = z.len() / 256;
        for unit in 0..units {
            let own: Vec<f32> = z.iter().skip(unit).step_by(units).copied().collect();
            let (mean, variance) = (reduce::mean(&own), reduce::variance(&own));
            assert!(mean.abs() < 1e-4, "layer {layer}, unit {unit}: mean {mean}");
            assert!((variance - 1.0).abs() < 1e-3, "layer {layer}, unit {unit}: {variance}");
        }
    }
}

#[test]
fn balancing_brings_the_rates_of_layers_together() {
    let case = Case::new("64 -> 3x32 relu -> 16 relu -> 10", "he-normal");
    let problem = case.problem();
    let rows = Rows::of(&problem, "balanced", 256).unwrap();
    let mut observer = Observer::new(&problem, rows, Mode::Probe).unwrap();
    let mut draft = Draft::new(&problem).unwrap();
    super::standardize_units(&mut observer, &mut draft, super::Start::FanIn).unwrap();
    let output = |observer: &Observer| {
        let mut watch = observer.watch(&[observer.network.output]).unwrap();
        observer.run(&mut watch);
        watch.read(0).to_vec()
    };
    let spread = |observer: &Observer| {
        let layers = observer.network.layers.clone();
        let mut own = observer.clone();
        let logs = Rates::new(&mut own, &layers, 7).unwrap().logs(&own, &layers);
        logs.iter().copied().fold(f64::MIN, f64::max)
            - logs.iter().copied().fold(f64::MAX, f64::min)
    };
    let (before, given) = (spread(&observer), output(&observer));
    super::balance_rates(&mut observer, &mut draft, 0).unwrap();
    let after = spread(&observer);
    assert!(after < 0.3 * before, "{before} to {after}");
    for (a, b) in given.iter().zip(&output(&observer)) {
        assert!((a - b).abs() < 1e-3 * (1.0 + a.abs()), "{a} became {b}");
    }
}

#[test]
fn curved_activations_are_not_balanced_and_it_is_said() {
    let unmet = by("balanced", &Case::new("64 -> 2x32 tanh -> 10", "he-normal")).unmet;
    assert!(unmet.iter().any(|line| line.starts_with("no two layers could be balanced")));
}

#[test]
fn sick_starts_are_met_without_panic() {
    let model = "64 -> 32 relu -> 32 layer_norm relu -> (16 relu -> 32) residual:0.5 -> 10";
    for value in [0.0, f32::NAN, 1e30] {
        for name in LAYERWISE {
            let mut case = Case::new(model, "he-normal");
            for tensor in ["0.weight", "0.bias", "3.weight", "5.branch.0.bias"] {
                case.set(tensor, value);
            }
            let found = by(name, &case);
            let finite = |x: &f32| x.is_finite() && x.abs() < 1e20;
            for change in &found.changes {
                let tensor = found.weights.get(&change.parameter).unwrap();
                assert!(tensor.data().iter().all(finite), "{name}, {value}: {change:?}");
                crate::init::find(&change.scheme).unwrap();
            }
        }
    }
}

#[test]
fn a_dead_layer_is_said() {
    let mut case = Case::new("64 -> 32 layer_norm relu -> 10", "he-normal");
    case.set("1.weight", 0.0);
    case.set("1.bias", -1.0);
    for name in ["lsuv", "lsuv-caffe", "lsuv-pip"] {
        let unmet = by(name, &case).unmet;
        assert!(unmet[0].contains("no signal reaches it"), "{name}: {unmet:?}");
    }
    let unmet = by("weight-norm", &case).unmet;
    assert!(unmet[0].starts_with("`3`: 10 of 10 units give the same"), "{unmet:?}");
}

#[test]
fn without_rows_the_error_says_what_they_are_for() {
    let case = Case::new("64 -> 10", "zeros");
    let problem = crate::recommend::Problem { data: None, ..case.problem() };
    for name in LAYERWISE {
        let refused = find(name).unwrap().recommend(&problem).unwrap_err().to_string();
        assert!(refused.contains("no data") && refused.contains(name), "{refused}");
    }
}

#[test]
fn threads_do_not_change_what_is_found() {
    let case = Case::new("64 -> 2x32 relu -> 10", "torch-default");
    for name in LAYERWISE {
        let all = threads::pool(4).unwrap().install(|| by(name, &case));
        assert_eq!(threads::pool(1).unwrap().install(|| by(name, &case)), all, "{name}");
    }
}

#[test]
fn units_of_grouped_and_transposed_kernels_are_told_apart() {
    let layer = |weight_axes: Axes| LayerWires {
        weight_axes,
        module: String::new(),
        weight: 0,
        bias: None,
        input: wire(),
        pre_activation: wire(),
        activation: wire(),
        bend: None,
        layout: Layout::FLAT,
        branches: Vec::new(),
    };
    let units =
        |axes: Axes, shape: &[usize], units: usize| units::of_weight(&layer(axes), shape, units);
    assert_eq!(units(Axes::linear(), &[2, 3], 2), Some(vec![0, 0, 0, 1, 1, 1]));
    assert_eq!(units(Axes::keras(2), &[3, 2], 2), Some(vec![0, 1, 0, 1, 0, 1]));
    assert_eq!(units(Axes::convolution(2), &[2, 1, 2], 2), Some(vec![0, 0, 1, 1]));
    // (in 4, out / 2 groups, kernel 1): inputs 0 and 1 feed unit 0, inputs 2 and 3 unit 1.
    let transposed = Axes::transposed_convolution(2);
    assert_eq!(units(transposed, &[4, 1, 1], 2), Some(vec![0, 0, 1, 1]));
    assert_eq!(units(Axes::linear(), &[2, 3], 3), None);
}

fn wire() -> fanin_engine::Wire {
    fanin_engine::Graph::new().input("x", fanin_engine::Type::float([1]))
}
