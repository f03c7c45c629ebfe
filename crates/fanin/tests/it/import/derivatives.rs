//! Derivatives of imported operators against central differences in double precision, over ONNX's
//! own cases: every attribute variant that these show.

use std::path::Path;
use std::sync::Arc;

use fanin::engine::{Array, Graph, Plan, Wire, Workspace, gradients};
use fanin::formats::onnx::OnnxFile;
use fanin::import::{Feeds, Imported, Options, find, import_model};

use super::backend::array;

/// Elements of an input that are looked at, evenly chosen.
const ELEMENTS: usize = 12;
/// The step, as a share of 1 + |x|: its square is far below the tolerance, and so is rounding.
const STEP: f64 = 1e-5;
const TOLERANCE: f64 = 1e-4;

enum Outcome {
    Right,
    /// It is not imported, as `backend.rs` tells, or no floating number goes in or comes out.
    Without,
    /// It has derivatives, but nowhere could they be held against differences, or there are none.
    Untold(String),
    Wrong(String),
}

/// The case's model with the arrays that are fed; settings and whole numbers are known ahead.
fn imported(folder: &Path) -> Option<(Imported, Feeds)> {
    let file = OnnxFile::read(&folder.join("model.onnx")).ok()?;
    let model = file.model().ok()?;
    let mut options = Options::default();
    let mut feeds = Feeds::new();
    for (i, input) in model.graph.inputs.iter().enumerate() {
        let array = array(&folder.join(format!("test_data_set_0/input_{i}.pb"))).ok()?;
        let sets = model.graph.nodes.iter().any(|node| {
            let settings = find(node).map_or(&[][..], |import| import.settings);
            settings.iter().any(|&at| node.input(at) == Some(input.name))
        });
        options.inputs.insert(input.name.to_owned(), array.shape().axes().to_vec());
        if sets || array.integers().is_some() {
            options.known.insert(input.name.to_owned(), array);
        } else {
            feeds.insert(input.name.to_owned(), array);
        }
    }
    Some((import_model(&file, &model, &options).ok()?, feeds))
}

/// Σ of all elements of floating outputs, each times a number of its own.
fn projected(graph: &mut Graph, model: &Imported) -> Option<Wire> {
    let mut all = graph.constant([], 0.0).ok()?;
    for output in &model.outputs {
        if !graph.type_of(output.wire).is_float() {
            continue;
        }
        let shape = graph.shape(output.wire).clone();
        let weights = (0..shape.elements()).map(|i| (1.7 * i as f64 + 0.3).sin()).collect();
        let weights = graph.literal(Arc::new(Array::float(shape, weights).ok()?)).ok()?;
        let terms = graph.multiply(output.wire, weights).ok()?;
        let sum = graph.sum_to(terms, []).ok()?;
        all = graph.add(all, sum).ok()?;
    }
    Some(all)
}

fn case(folder: &Path) -> Outcome {
    let Some((model, feeds)) = imported(folder) else { return Outcome::Without };
    let mut graph = model.graph.clone();
    let Some(loss) = projected(&mut graph, &model) else { return Outcome::Without };
    let wires: Vec<Wire> = model.inputs.iter().map(|port| port.wire).collect();
    let holds_floats =
        |wire: Wire| graph.type_of(wire).is_float() && graph.shape(wire).elements() > 0;
    let mut comes_out = model.outputs.iter().map(|output| output.wire);
    if !wires.iter().copied().any(holds_floats) || !comes_out.any(holds_floats) {
        return Outcome::Without;
    }
    let wanted = match gradients(&mut graph, loss, &wires) {
        Ok(wanted) => wanted,
        Err(error) => return Outcome::Untold(error.to_string()),
    };
    let plan = Plan::new(&graph, &[&[loss], &wanted[..]].concat()).unwrap();
    let mut workspace: Workspace<f64> = plan.workspace();
    let parameters: Vec<Vec<f64>> = model
        .parameters
        .iter()
        .map(|own| own.value.data().iter().map(|&x| f64::from(x)).collect())
        .collect();
    for (index, port) in model.inputs.iter().enumerate() {
        workspace.feed(index).copy_from_slice(feeds[&port.name].floats().unwrap());
    }
    plan.run(&parameters, &mut workspace);
    let found: Vec<Vec<f64>> =
        (0..wires.len()).map(|index| workspace.read(1 + index).to_vec()).collect();
    let mut value = |input: usize, element: usize, x: f64| {
        let before = std::mem::replace(&mut workspace.feed(input)[element], x);
        plan.run(&parameters, &mut workspace);
        workspace.feed(input)[element] = before;
        workspace.read(0)[0]
    };
    let mut right = 0;
    for (input, gradient) in found.iter().enumerate() {
        let own = feeds[&model.inputs[input].name].floats().unwrap();
        for element in (0..own.len()).step_by((own.len() / ELEMENTS).max(1)) {
            let (x, g) = (own[element], gradient[element]);
            let step = STEP * (1.0 + x.abs());
            let [low, here, high] = [x - step, x, x + step].map(|x| value(input, element, x));
            let [lower, higher] =
                [x - 2.0 * step, x + 2.0 * step].map(|x| value(input, element, x));
            let (below, above) = ((here - low) / step, (high - here) / step);
            let (expected, coarse) = (f64::midpoint(below, above), (higher - lower) / (4.0 * step));
            let size = 1.0 + expected.abs();
            // A kink has two slopes, and a jump one that depends on the step.
            let is_smooth = (below - above).abs().max((expected - coarse).abs()) < 1e-2 * size;
            // Beside masked scores, which are huge, a step is lost to rounding.
            let is_told = here.abs() * f64::EPSILON < TOLERANCE * step;
            if !is_smooth || !is_told || !expected.is_finite() {
                continue;
            }
            if (g - expected).abs() > TOLERANCE * size {
                let name = &model.inputs[input].name;
                return Outcome::Wrong(format!("{name}[{element}]: {g} for {expected}"));
            }
            right += 1;
        }
    }
    match right {
        0 => Outcome::Untold("no element where it is smooth".to_owned()),
        _ => Outcome::Right,
    }
}

/// Cases with right derivatives, those with wrong ones, and those that could not be judged.
fn all(folder: &Path) -> (usize, Vec<String>, Vec<String>) {
    let mut folders: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let (mut right, mut wrong, mut untold) = (0, Vec::new(), Vec::new());
    for folder in folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        match case(&folder) {
            Outcome::Without => {}
            Outcome::Right => right += 1,
            Outcome::Untold(why) => untold.push(format!("{name}: {why}")),
            Outcome::Wrong(why) => wrong.push(format!("{name}: {why}")),
        }
    }
    (right, wrong, untold)
}

#[test]
fn derivatives_of_carried_cases_equal_central_differences() {
    let folder = tempfile::tempdir().unwrap();
    super::backend::unpack_carried(folder.path());
    let (right, wrong, untold) = all(folder.path());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(untold, Vec::<String>::new());
    assert!(right >= 60, "{right} cases have derivatives");
}

#[test]
#[ignore = "needs a folder of cases, named by FANIN_ONNX_CASES"]
fn derivatives_of_all_cases_equal_central_differences() {
    let folder = std::env::var("FANIN_ONNX_CASES").expect("FANIN_ONNX_CASES names a folder");
    let (right, wrong, untold) = all(folder.as_ref());
    eprintln!("{right} cases with right derivatives, {} with wrong ones", wrong.len());
    eprintln!("cases that cannot be judged:\n{}", untold.join("\n"));
    assert!(wrong.is_empty(), "{wrong:#?}");
}
