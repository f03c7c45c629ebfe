//! Models of files as networks: any number of rows, the same outputs as the file's own run.

use std::path::{Path, PathBuf};

use fanin::engine::Plan;
use fanin::import::{Arrays, Feeds, FileNetwork, Options, Run, import, run};
use fanin::spec::{Architecture, Ground, Mode};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx")
}

/// Rows of the file's inputs one after another, twice, run as a network; the file's own output.
fn twice(path: &Path, arrays: &Arrays) -> fanin::Result<(Vec<f32>, Vec<f32>)> {
    let network = FileNetwork::read(path, &Options::default())?;
    let whole = import(path, &Options::default())?;
    let feed = |(i, port): (usize, &fanin::import::Port)| {
        Some((port.name.clone(), arrays.input(i, &port.name)?.clone()))
    };
    let feeds: Feeds = whole.inputs.iter().enumerate().filter_map(feed).collect();
    let wanted = run(&whole, &feeds, &Run::default())?;
    let rows = whole.inputs[0].r#type.shape.axes()[0];
    let mut features = Vec::new();
    for row in 0..2 * rows {
        for port in &network.feeds() {
            let array = &feeds[&port.name];
            let from = row % rows * port.columns;
            let floats = array.floats().map(|all| all.to_vec());
            let all = floats
                .unwrap_or_else(|| array.integers().unwrap().iter().map(|&n| n as f64).collect());
            features.extend(all[from..from + port.columns].iter().map(|&x| x as f32));
        }
    }
    let body = network.build(Ground::new(network.inputs(), 2 * rows, Mode::Evaluate))?;
    let plan = Plan::new(&body.graph, &[body.output])?;
    let mut workspace = plan.workspace::<f32>();
    workspace.feed(0).copy_from_slice(&features);
    let parameters: Vec<Vec<f32>> =
        network.weights().unwrap().tensors.iter().map(|(_, t)| t.data().to_vec()).collect();
    plan.run(&parameters, &mut workspace);
    eprintln!(
        "{}: {} parameters, {} trained, {} layers: {:?}",
        network.label(),
        body.names.len(),
        body.trained.len(),
        body.layers.len(),
        body.layers
            .iter()
            .map(|l| (
                &*l.module,
                l.bias.is_some(),
                l.bend.as_ref().map(|b| &*b.name),
                l.layout,
                &l.branches
            ))
            .collect::<Vec<_>>()
    );
    Ok((workspace.read(0).to_vec(), wanted.tensors[0].1.data().to_vec()))
}

fn apart(path: &Path, arrays: &Arrays) -> fanin::Result<f32> {
    let (found, wanted) = twice(path, arrays)?;
    assert_eq!(found.len(), 2 * wanted.len());
    let top = wanted.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    let wanted = wanted.iter().chain(&wanted);
    Ok(found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / top)
}

#[test]
#[ignore = "reads models that are not carried along; FANIN_MODELS names their folder"]
fn every_model_runs_on_twice_the_rows() {
    let folder = PathBuf::from(std::env::var("FANIN_MODELS").unwrap());
    let mut names: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "onnx"))
        .collect();
    names.sort();
    for path in names {
        let name = path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap();
        let Ok(arrays) = Arrays::read(&folder.join(format!("{name}.input.npz"))) else { continue };
        match apart(&path, &arrays) {
            Ok(apart) if apart < 1e-4 => eprintln!("ok    {} {apart:.1e}", path.display()),
            Ok(apart) => eprintln!("APART {} {apart:.1e}", path.display()),
            Err(error) => eprintln!("ERROR {}: {error}", path.display()),
        }
    }
}
