//! Models of files as networks: any number of rows, the same outputs as the file's own run.

use std::path::{Path, PathBuf};

use fanin::engine::Plan;
use fanin::formats::Existing;
use fanin::formats::onnx::OnnxFile;
use fanin::import::{
    Arrays, BatchNorm, Feeds, FileNetwork, Options, Run, import_model, run, write_back,
};
use fanin::init::{Role, Rules, for_model};
use fanin::recommend::Options as RepairOptions;
use fanin::spec::{Architecture, Ground, Layout, Loss, Mode, Model, ModelSpec, Network, Spec};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx")
}

/// So many rows, those of the file's inputs one after another and again, run as a network; the
/// file's own output. `rows` is told how many the file has.
fn ran(
    path: &Path,
    arrays: &Arrays,
    count: impl Fn(usize) -> usize,
) -> fanin::Result<(Vec<f32>, Vec<f32>)> {
    let file = OnnxFile::read(path)?;
    let decoded = file.model()?;
    let outputs = vec![decoded.graph.outputs[0].name.to_owned()];
    let network = FileNetwork::read(path, &Options { outputs, ..Options::default() })?;
    // As `Mode::Evaluate` does, whatever a file in training mode says.
    let batch_norm = BatchNorm::Running;
    let options = Options {
        inputs: arrays.shapes(&decoded, &Options::default())?,
        batch_norm,
        ..Options::default()
    };
    let whole = import_model(&file, &decoded, &options)?;
    let feeds: Feeds = arrays.feeds(&whole);
    let wanted = run(&whole, &feeds, &Run::default())?;
    let rows = match network.most_rows() {
        Some(_) => 1,
        None => whole.inputs[0].r#type.shape.axes()[0],
    };
    let mut features = Vec::new();
    for row in 0..count(rows) {
        for port in &network.feeds() {
            let array = &feeds[&port.name];
            let from = row % rows * port.columns;
            let floats = array.floats().map(<[f64]>::to_vec);
            let all = floats
                .unwrap_or_else(|| array.integers().unwrap().iter().map(|&n| n as f64).collect());
            features.extend(all[from..from + port.columns].iter().map(|&x| x as f32));
        }
    }
    let body = network.build(Ground::new(network.inputs(), count(rows), Mode::Evaluate))?;
    let plan = Plan::new(&body.graph, &[body.output])?;
    let mut workspace = plan.workspace::<f32>();
    workspace.feed(0).copy_from_slice(&features);
    let parameters: Vec<Vec<f32>> =
        network.weights().unwrap().tensors.iter().map(|(_, t)| t.data().to_vec()).collect();
    plan.run(&parameters, &mut workspace);
    Ok((workspace.read(0).to_vec(), wanted.tensors[0].1.data().to_vec()))
}

/// How far the results for twice the rows, and for a single one, are from the file's own.
fn apart(path: &Path, arrays: &Arrays) -> fanin::Result<f32> {
    let counts: [fn(usize) -> usize; 2] = [|rows| 2 * rows, |_| 1];
    let mut most = 0.0;
    for count in counts {
        let (found, wanted) = ran(path, arrays, count)?;
        let top = wanted.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
        let wanted = wanted.iter().cycle();
        let apart = found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        most = f32::max(most, apart / top);
    }
    Ok(most)
}

/// Carried models whose rows follow one another along the first axis of all inputs.
const CARRIED: [&str; 5] = [
    "autoencoder_conv.onnx",
    "keras_cnn.onnx",
    "keras_mlp.onnx",
    "lstm_classifier.legacy.onnx",
    "sklearn_mlp_reg.onnx",
];

fn carried(file: &str) -> FileNetwork {
    FileNetwork::read(&folder().join(file), &Options::default()).unwrap()
}

#[test]
fn carried_models_run_on_twice_the_rows() {
    for file in CARRIED {
        let name = file.split('.').next().unwrap();
        let arrays = Arrays::read(&folder().join(format!("{name}.input.npz"))).unwrap();
        let apart = apart(&folder().join(file), &arrays).unwrap();
        assert!(apart < 1e-5, "{file}: {apart:e}");
    }
}

#[test]
fn unchanged_weights_give_the_same_bytes() {
    let target = tempfile::tempdir().unwrap();
    for file in CARRIED {
        let network = carried(file);
        let copy = target.path().join(file);
        write_back(&network, network.weights().unwrap(), &copy, Existing::Keep).unwrap();
        let read = |path: &Path| std::fs::read(path).unwrap();
        assert!(read(&copy) == read(&folder().join(file)), "{file}");
    }
}

#[test]
fn new_weights_are_read_back_and_all_else_stays() {
    let target = tempfile::tempdir().unwrap();
    // A gain of ones, as a fresh one is, is taken for a constant where no exporter says more.
    let named = CARRIED.into_iter().filter(|file| *file != "keras_mlp.onnx");
    for file in named.chain(["mlp_bn_dropout.train.onnx"]) {
        let model = Model::graph(carried(file));
        let weights = for_model(&model, &Rules::new("xavier-uniform"), 3).unwrap();
        let copy = target.path().join(file);
        let network = carried(file);
        write_back(&network, &weights, &copy, Existing::Keep).unwrap();
        let again = FileNetwork::read(&copy, &Options::default()).unwrap();
        for (name, tensor) in &weights.tensors {
            assert_eq!(again.weights().unwrap().get(name), Some(tensor), "{file}: {name}");
        }
        assert_eq!(again.parameters().unwrap().len(), weights.tensors.len(), "{file}");
        assert_ne!(again.weights(), network.weights(), "{file}");
    }
}

#[test]
fn layers_have_their_weights_biases_and_activations() {
    let network = carried("autoencoder_conv.onnx");
    let body = network.build(Ground::new(network.inputs(), 3, Mode::Probe)).unwrap();
    let told: Vec<_> = body
        .layers
        .iter()
        .map(|l| (l.bias.is_some(), l.bend.as_ref().map(|bend| &*bend.name), l.layout))
        .collect();
    let convolution = |bend| (true, bend, Layout::CHANNELS_FIRST);
    assert_eq!(
        told,
        [
            convolution(Some("relu")),
            convolution(Some("relu")),
            convolution(Some("relu")),
            convolution(Some("sigmoid")),
        ]
    );
    let trained: usize = body.trained.len();
    assert_eq!(trained, body.names.len());
}

#[test]
fn running_statistics_are_buffers_that_training_tracks() {
    let network = carried("mlp_bn_dropout.train.onnx");
    let parameters = network.parameters().unwrap();
    let count = |role| parameters.iter().filter(|p| p.role == role).count();
    let means = count(Role::RunningMean);
    assert!(means > 0 && count(Role::RunningVariance) == means, "{parameters:?}");
    let body = network.build(Ground::new(network.inputs(), 6, Mode::Train)).unwrap();
    assert_eq!(body.running.len(), 2 * means);
    assert_eq!(body.trained.len(), body.names.len() - 2 * means);
    let body = network.build(Ground::new(network.inputs(), 6, Mode::Evaluate)).unwrap();
    assert_eq!(body.running.len(), 0);
}

#[test]
fn a_last_softmax_is_left_to_the_loss() {
    let network = carried("sklearn_mlp_class.onnx");
    assert!(network.notes()[0].contains("last softmax"), "{:?}", network.notes());
    assert_eq!(carried("sklearn_mlp_reg.onnx").notes(), Vec::<String>::new());
    let path = folder().join("sklearn_mlp_class.onnx");
    let file = OnnxFile::read(&path).unwrap();
    let outputs = vec![file.model().unwrap().graph.outputs[1].name.to_owned()];
    let asked = FileNetwork::read(&path, &Options { outputs, ..Options::default() }).unwrap();
    let last = |network: &FileNetwork| {
        let body = network.build(Ground::new(network.inputs(), 2, Mode::Evaluate)).unwrap();
        let plan = Plan::new(&body.graph, &[body.output]).unwrap();
        let mut workspace = plan.workspace::<f32>();
        workspace.feed(0).iter_mut().zip(0..).for_each(|(x, i)| *x = (i % 7) as f32 - 3.0);
        let weights = &network.weights().unwrap().tensors;
        let parameters: Vec<_> = weights.iter().map(|(_, t)| t.data().to_vec()).collect();
        plan.run(&parameters, &mut workspace);
        workspace.read(0).to_vec()
    };
    let (scores, shares) = (last(&network), last(&asked));
    for (scores, shares) in scores.chunks(shares.len() / 2).zip(shares.chunks(shares.len() / 2)) {
        let sum: f32 = scores.iter().map(|x| x.exp()).sum();
        let near = |(x, p): (&f32, &f32)| (x.exp() / sum - p).abs() < 1e-5;
        assert!(scores.iter().zip(shares).all(near), "{scores:?} {shares:?}");
    }
}

#[test]
fn dropout_is_on_while_a_file_that_asks_for_it_is_trained() {
    let network = carried("mlp_bn_dropout.train.onnx");
    let inputs = |mode| {
        let ground = Ground::new(network.inputs(), 6, mode);
        network.build(ground).unwrap().graph.inputs().len()
    };
    assert_eq!([Mode::Train, Mode::Probe, Mode::Evaluate].map(inputs), [2, 1, 1]);
}

#[test]
fn inputs_without_common_rows_are_one_row_together() {
    let path = folder().join("gat_scatter.legacy.onnx");
    let arrays = Arrays::read(&folder().join("gat_scatter.input.npz")).unwrap();
    let network = FileNetwork::read(&path, &Options::default()).unwrap();
    assert!(network.notes()[0].contains("the same number of rows"), "{:?}", network.notes());
    let whole = fanin::import::import(&path, &Options::default()).unwrap();
    let wanted = run(&whole, &arrays.feeds(&whole), &Run::default()).unwrap();
    let wanted = wanted.tensors[0].1.data();
    for rows in [1, 3] {
        let body = network.build(Ground::new(network.inputs(), rows, Mode::Probe)).unwrap();
        let plan = Plan::new(&body.graph, &[body.output]).unwrap();
        let mut workspace = plan.workspace::<f32>();
        let numbers = network.feeds().into_iter().enumerate().flat_map(|(index, feed)| {
            let array = arrays.input(index, &feed.name).unwrap();
            let floats = array.floats().map(<[f64]>::to_vec);
            floats.unwrap_or_else(|| array.integers().unwrap().iter().map(|&n| n as f64).collect())
        });
        let numbers: Vec<f32> = numbers.map(|x| x as f32).collect();
        workspace.feed(0).iter_mut().zip(numbers.iter().cycle()).for_each(|(to, x)| *to = *x);
        let weights = &network.weights().unwrap().tensors;
        let parameters: Vec<_> = weights.iter().map(|(_, t)| t.data().to_vec()).collect();
        plan.run(&parameters, &mut workspace);
        let found = workspace.read(0);
        assert_eq!(found.len(), rows * wanted.len());
        let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5;
        assert!(found.iter().zip(wanted.iter().cycle()).all(near), "{rows} rows");
        let layer = &body.layers[0];
        let z = body.graph.shape(layer.pre_activation);
        assert_eq!((z.axes()[0], layer.layout.rows, layer.layout.units), (rows, 0, z.rank() - 1));
    }
}

#[test]
fn steps_of_a_recurrent_cell_are_what_its_weights_make_of_them() {
    let model = Model::graph(carried("lstm_classifier.legacy.onnx"));
    let (rows, loss) = (3, Loss::SquaredError);
    let mut network = Network::new(&model, &loss, rows, Mode::Probe).unwrap();
    let cell = network.cells[0].clone();
    assert!(!cell.is_reversed);
    let names: Vec<&str> = cell.gates.iter().map(|gate| gate.label()).collect();
    assert_eq!(names, ["input-gate", "output-gate", "forget-gate", "candidate"]);
    let ([w], [r]) = (&cell.input_weights[..], &cell.state_weights[..]) else { panic!("{cell:?}") };
    let wanted = [cell.added, network.graph.parameters()[*w]];
    let gradients = fanin::engine::gradients(&mut network.graph, network.loss, &wanted).unwrap();
    let keep = [cell.input, cell.pre_activation, cell.added, cell.states];
    let plan = Plan::new(&network.graph, &[&keep[..], &gradients].concat()).unwrap();
    let mut workspace = plan.workspace::<f32>();
    workspace.feed(0).iter_mut().zip(0..).for_each(|(x, i)| *x = (i * 7 % 5) as f32);
    workspace.feed(1).iter_mut().zip(0..).for_each(|(x, i)| *x = (i % 3) as f32);
    let parameters = network.arrange(model.weights().unwrap()).unwrap();
    plan.run(&parameters, &mut workspace);
    let [x, z, added, h, delta, d_w] = [0, 1, 2, 3, 4, 5].map(|index| workspace.read(index));
    let inputs = network.graph.shape(cell.input).axes()[2];
    let hidden = network.graph.shape(cell.states).axes()[2];
    let (gates, samples) = (4 * hidden, z.len() / (4 * hidden));
    let top = d_w.iter().fold(0.0_f32, |top, x| top.max(x.abs()));
    for (unit, column) in [(0, 0), (gates / 2, inputs - 1), (gates - 1, inputs / 2)] {
        let products = (0..samples).map(|s| delta[s * gates + unit] * x[s * inputs + column]);
        let expected: f32 = products.sum();
        assert!((d_w[unit * inputs + column] - expected).abs() < 1e-4 * top, "∂L/∂W [{unit}]");
    }
    for (sample, unit) in [(0, 1), (rows, 0), (samples - 1, gates - 1)] {
        let state = |k: usize| match sample.checked_sub(rows) {
            Some(before) => h[before * hidden + k],
            None => 0.0,
        };
        let moved: f32 = (0..hidden).map(|k| state(k) * parameters[*r][unit * hidden + k]).sum();
        let at = sample * gates + unit;
        assert!((z[at] - added[at] - moved).abs() < 1e-5, "z of sample {sample}, unit {unit}");
    }
}

#[test]
fn recurrent_cells_are_measured_gate_by_gate_and_step_by_step() {
    let path = folder().join("lstm_classifier.legacy.onnx").display().to_string();
    let mut spec = Spec { model: path.parse().unwrap(), ..Spec::default() };
    "normal".clone_into(&mut spec.data.source);
    let (data, model) = fanin::open(&spec).unwrap();
    let found = fanin::check(&spec, &model, model.weights().unwrap(), &data).unwrap();
    assert!(found.measurement.cells.len() >= 2);
    for cell in &found.measurement.cells {
        let squares = |norms: &mut dyn Iterator<Item = f64>| norms.map(|x| x * x).sum::<f64>();
        let over_gates = squares(&mut cell.gates.iter().map(|gate| gate.delta_norm));
        let over_steps = squares(&mut cell.deltas.iter().copied());
        assert!((over_gates / over_steps - 1.0).abs() < 1e-6, "{cell:?}");
        assert_eq!(cell.states.len(), cell.deltas.len());
        for gate in &cell.gates {
            assert_eq!(gate.saturated_shares.len(), cell.states.len(), "{gate:?}");
            assert_eq!(gate.open_shares.len(), cell.states.len(), "{gate:?}");
        }
        assert!(cell.state_gradient_norm > 0.0 && cell.input_gradient_norm > 0.0, "{cell:?}");
    }
}

#[test]
fn unknown_tensors_are_not_written() {
    let network = carried("keras_cnn.onnx");
    let mut weights = network.weights().unwrap().clone();
    weights.tensors[0].0.push('x');
    let target = tempfile::tempdir().unwrap();
    let error = write_back(&network, &weights, &target.path().join("a.onnx"), Existing::Keep);
    assert!(error.unwrap_err().to_string().starts_with("unknown tensor"));
}

#[test]
#[ignore = "reads models that are not carried along; FANIN_MODELS names their folder"]
fn every_model_runs_on_other_rows_but_for_those_that_are_refused() {
    let folder = PathBuf::from(std::env::var("FANIN_MODELS").unwrap());
    let mut names: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "onnx"))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no models in {}", folder.display());
    let mut wrong = Vec::new();
    for path in names {
        let file = path.file_name().unwrap().to_str().unwrap();
        let name = file.split('.').next().unwrap();
        let Ok(arrays) = Arrays::read(&folder.join(format!("{name}.input.npz"))) else { continue };
        let is_whole = FileNetwork::read(&path, &Options::default())
            .is_ok_and(|network| network.most_rows().is_some());
        if is_whole != WHOLE.contains(&name) {
            wrong.push(format!("{file}: taken as one row: {is_whole}"));
        }
        match apart(&path, &arrays) {
            Ok(apart) if apart < 1e-4 => {}
            Ok(apart) => wrong.push(format!("{file}: {apart:.1e} apart")),
            Err(error) => wrong.push(format!("{file}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Models whose inputs have no rows in common.
const WHOLE: &[&str] = &["gat_scatter"];

#[test]
fn what_a_spec_says_of_a_file_holds_for_the_network() {
    let path = folder().join("keras_cnn.onnx");
    let spec = |reading: &str| {
        let text = format!("model = {:?}\n[reading]\n{reading}", path.display().to_string());
        fanin::spec::Spec::from_toml(&text, Path::new("spec.toml")).unwrap()
    };
    let parameters =
        |reading: &str| fanin::resolve_alone(&spec(reading)).unwrap().parameters().unwrap();
    let all = parameters("");
    let (frozen, changed) = (&all[1].name, &all[0].name);
    let fewer = parameters(&format!("frozen = [{frozen:?}]"));
    assert!(fewer.iter().all(|p| p.name != *frozen || !p.role.is_trained()));
    let other = parameters(&format!("roles = [[{changed:?}, \"embedding\"]]"));
    assert_eq!(other[0].role, Role::Embedding);
    let error = fanin::resolve_alone(&spec("frozen = [\"nothing*\"]")).unwrap_err().to_string();
    assert!(error.starts_with("unknown initializer `nothing*`"), "{error}");
}

#[test]
fn every_key_of_reading_is_an_option_of_the_file() {
    let text = "[reading]\nbatch = 3\nmax_elements = 99\nbatch_norm = \"running\"\ndropout = false\n\
                noise = 7\noutput = \"y\"\n[reading.inputs]\nx = [2, 5]";
    let spec = Spec::from_toml(text, Path::new("spec.toml")).unwrap();
    let expected = Options {
        inputs: [("x".to_owned(), vec![2, 5])].into(),
        batch: 3,
        limit: 99,
        batch_norm: BatchNorm::Running,
        drops: false,
        noise: fanin::import::Noise::Seed(7),
        outputs: vec!["y".to_owned()],
        ..Options::default()
    };
    assert_eq!(Options::from(&spec.reading), expected);
}

#[test]
fn an_array_that_is_no_input_of_the_model_is_refused_by_the_input() {
    let file = OnnxFile::read(&folder().join("keras_cnn.onnx")).unwrap();
    let model = file.model().unwrap();
    let input = model.graph.free_inputs().next().unwrap();
    let array = fanin::engine::Array::float([4, 3, 5], vec![0.0; 60]).unwrap();
    let arrays = Arrays { named: vec![("x".to_owned(), array)] };
    let error = arrays.shapes(&model, &Options::default()).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("input \"{}\": found an array of shape", input.name)),
        "{error}"
    );
    let inputs = [(input.name.to_owned(), vec![4, 3, 5])].into();
    let asked = Options { inputs, ..Options::default() };
    assert_eq!(arrays.shapes(&model, &asked).unwrap(), asked.inputs);
}

/// `torch.nn.RNN` as `torch.onnx.export(…, dynamo=True)` writes it: a product with `val_27` for every step, of
/// which none is a layer by itself.
#[test]
fn a_cell_that_was_written_out_gets_the_start_of_a_cell() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/code/tied_cell.onnx");
    let mut spec = Spec { model: ModelSpec::File(path), ..Spec::default() };
    let (data, model) = fanin::open_or_stand_in(&mut spec).unwrap();
    let options = RepairOptions { method: Some("auto".to_owned()), ..RepairOptions::default() };
    let weights = model.weights().unwrap();
    let repair = fanin::recommend(&spec, &model, weights, &data, &options).unwrap();
    let found = repair.recommendation.unwrap();
    let change = |name: &str| found.changes.iter().find(|own| own.parameter == name).unwrap();
    let (state, input) = (change("val_27"), change("val_13"));
    assert_eq!(state.role, Role::Recurrent);
    assert!(state.reason.starts_with("orthogonal: states and gradients keep"), "{state:?}");
    // An isometry of four units.
    assert!((2.0 * state.after.deviation - 1.0).abs() < 0.1, "{state:?}");
    assert!(
        input.scheme.starts_with("normal:") && input.reason.contains("over 3 steps"),
        "{input:?}"
    );
}
