//! What is said of every two rows is what is measured over many units.

use fanin_kernels::random::{Stream, fill_normal};

use super::super::*;
use crate::evaluate::Array;
use crate::graph::{Graph, Type, Wire};
use crate::plan::Plan;
use crate::{activations, pullback};

const ROWS: usize = 8;
/// So many units that a mean product over them is known to 3 %.
const UNITS: usize = 4096;

fn normal(name: &str, count: usize) -> Vec<f64> {
    let mut numbers = vec![0.0_f32; count];
    fill_normal(Stream::new(3, name), 0, 0.0, 1.0, &mut numbers);
    numbers.into_iter().map(f64::from).collect()
}

/// Rows of two classes, of several sizes: what a class has in common, and what is a row's own.
fn rows(name: &str) -> Array {
    rows_of(name, 0.7)
}

fn rows_of(name: &str, own_part: f64) -> Array {
    let numbers = normal(name, (2 + ROWS) * UNITS);
    let row = |row: usize| {
        let size = [0.5, 1.0, 1.5, 0.8, 1.2][row % 5];
        let (class, own) = (row % 2 * UNITS, (2 + row) * UNITS);
        let numbers = &numbers;
        (0..UNITS).map(move |i| size * (numbers[class + i] + own_part * numbers[own + i]))
    };
    Array::float([ROWS, UNITS], (0..ROWS).flat_map(row).collect()).unwrap()
}

/// What becomes of some inputs in a graph, told and measured.
fn followed(
    inputs: &[(&Array, Spread)],
    gradients: usize,
    build: impl Fn(&mut Graph, &[Wire]) -> Wire,
) -> (Spread, Array) {
    let mut graph = Graph::new();
    let wires: Vec<Wire> = inputs
        .iter()
        .enumerate()
        .map(|(i, (x, _))| graph.input(&format!("input {i}"), Type::float(x.shape().clone())))
        .collect();
    let output = build(&mut graph, &wires);
    let mut flow = Flow::new(&graph);
    for (place, (wire, (_, spread))) in wires.iter().zip(inputs).enumerate() {
        if place + gradients < inputs.len() {
            flow.set(*wire, spread.clone());
        } else {
            flow.set_gradient(*wire, spread.clone());
        }
    }
    (0..graph.nodes().len()).for_each(|node| flow.step(node));
    let told = flow.spread(output).unwrap().clone();
    let plan = Plan::new(&graph, &[output]).unwrap();
    let mut workspace = plan.workspace::<f64>();
    for (place, (x, _)) in inputs.iter().enumerate() {
        workspace.feed(place).copy_from_slice(x.floats().unwrap());
    }
    plan.run::<f64>(&[], &mut workspace);
    let measured = workspace.read(0).to_vec();
    (told, Array::float(graph.shape(output).clone(), measured).unwrap())
}

/// Every mean product of two rows, as a share of their sizes.
#[track_caller]
fn check(what: &str, told: &Spread, measured: &Array, bound: f64) {
    let measured = Spread::of_rows(measured);
    let ((told_of, _), (found, _)) =
        (told.of_two_rows().expect("rows are known"), measured.of_two_rows().unwrap());
    for (place, (told, own)) in told_of.iter().zip(found).enumerate() {
        let (a, b) = (place / ROWS, place % ROWS);
        let scale = (found[a * (ROWS + 1)] * found[b * (ROWS + 1)]).sqrt();
        let off = (told - own) / scale;
        assert!(off.abs() < bound, "{what}, rows {a} and {b}: {told} is not {own}, of {scale}");
    }
}

#[test]
fn rows_say_at_large_what_all_of_them_say() {
    let x = rows("x");
    let (own, all) = (Spread::of_rows(&x), Spread::of(&x));
    assert!((own.second() - all.second()).abs() < 1e-9);
    assert!((own.between(0) - all.between(0)).abs() < 1e-9);
    assert!((own.between(1) - all.between(1)).abs() < 1e-9);
    let (pairs, _) = own.of_two_rows().unwrap();
    // Rows 0 and 2 are of one class and of sizes 0.5 and 1.5, rows 0 and 1 of two.
    assert!((pairs[2] - 0.75).abs() < 0.05, "{}", pairs[2]);
    assert!(pairs[1].abs() < 0.05, "{}", pairs[1]);
}

#[test]
fn every_row_takes_its_own_part_of_a_curve() {
    let x = rows("x");
    for name in ["tanh", "relu", "gelu", "softplus"] {
        let activation = activations::find(name).unwrap();
        let (told, measured) = followed(&[(&x, Spread::of_rows(&x))], 0, |graph, wires| {
            graph.activate(wires[0], &*activation).unwrap()
        });
        check(name, &told, &measured, 0.1);
    }
}

#[test]
fn every_two_rows_go_through_weights_sums_and_norms_of_rows() {
    const COLUMNS: usize = 1024;
    let (x, other) = (rows("x"), rows("other"));
    let known = |x: &Array| Spread::of_rows(x);
    let wide = Array::float([UNITS, COLUMNS], normal("weight", UNITS * COLUMNS)).unwrap();
    let weight = Spread::independent(&[UNITS, COLUMNS].into(), 0.0, 1.0);
    let (told, measured) = followed(&[(&x, known(&x)), (&wide, weight)], 0, |graph, wires| {
        graph.matmul(wires[0], wires[1]).unwrap()
    });
    check("weights", &told, &measured, 0.2);
    let relu = activations::find("relu").unwrap();
    let both = [(&x, known(&x)), (&other, known(&other))];
    let (told, measured) = followed(&both, 0, |graph, wires| {
        let [a, b] = [0, 1].map(|at| graph.activate(wires[at], &*relu).unwrap());
        let sum = graph.add(a, b).unwrap();
        graph.affine(sum, 2.0, -0.5).unwrap()
    });
    check("sum", &told, &measured, 0.1);
    let (told, measured) = followed(&[(&x, known(&x))], 0, |graph, wires| {
        let [gain, shift] = [1.0, 0.0].map(|value| graph.constant([UNITS], value).unwrap());
        let y = graph.layer_norm(wires[0], gain, shift, 1e-5).unwrap();
        let y = graph.reshape(y, [ROWS, 64, UNITS / 64]).unwrap();
        graph.transpose(y, &[0, 2, 1]).unwrap()
    });
    check("norm", &told, &measured, 0.1);
}

#[test]
fn the_gradient_of_a_weight_is_a_sum_over_pairs_of_rows() {
    let (x, delta) = (rows("x"), rows("delta"));
    let both = [(&x, Spread::of_rows(&x)), (&delta, Spread::of_rows(&delta))];
    let (told, measured) = followed(&both, 1, |graph, wires| {
        let turned = graph.transpose(wires[1], &[1, 0]).unwrap();
        graph.matmul(turned, wires[0]).unwrap()
    });
    let found = Spread::of(&measured).second();
    assert!((told.second() / found - 1.0).abs() < 0.01, "{} {found}", told.second());
}

#[test]
fn rows_go_through_a_norm_over_their_batch_and_back() {
    // The variance of a unit over few rows is at times nearly 0: gradients through it have a long tail.
    let (x, seed) = (rows_of("x", 2.0), rows("seed"));
    let relu = activations::find("relu").unwrap();
    for columns in [&[UNITS][..], &[UNITS, 1]] {
        let shape = [&[ROWS], columns].concat();
        let shaped = |x: &Array| Array::float(shape.clone(), x.floats().unwrap().to_vec()).unwrap();
        let (x, seed) = (shaped(&x), shaped(&seed));
        let build = |graph: &mut Graph, x: Wire| {
            let [gain, shift] = [1.3, 0.0].map(|value| graph.constant([UNITS], value).unwrap());
            let (y, _) = graph.batch_norm(x, gain, shift, 1e-5).unwrap();
            graph.activate(y, &*relu).unwrap()
        };
        let (told, measured) =
            followed(&[(&x, Spread::of_rows(&x))], 0, |graph, wires| build(graph, wires[0]));
        check(&format!("forward, {columns:?}"), &told, &measured, 0.1);

        let mut graph = Graph::new();
        let wires = ["x", "seed"].map(|name| graph.input(name, Type::float(shape.clone())));
        let z = build(&mut graph, wires[0]);
        let norms = written_norms(&graph);
        assert_eq!(norms.len(), usize::from(columns.len() == 1), "of rows it is written out");
        let wanted: Vec<Wire> = norms.iter().map(|norm| norm.unit).chain([wires[0]]).collect();
        let found = pullback(&mut graph, &[(z, wires[1])], &wanted).unwrap();
        let at_x = *found.last().unwrap();
        let mut flow = Flow::new(&graph);
        flow.set(wires[0], Spread::of_rows(&x));
        flow.set_gradient(wires[1], Spread::of_rows(&seed));
        (0..graph.nodes().len()).for_each(|node| flow.step(node));
        if let [norm] = norms[..] {
            flow.set_back(&norm, found[0], at_x);
        }
        let plan = Plan::new(&graph, &[at_x]).unwrap();
        let mut workspace = plan.workspace::<f64>();
        for (place, x) in [&x, &seed].into_iter().enumerate() {
            workspace.feed(place).copy_from_slice(x.floats().unwrap());
        }
        plan.run::<f64>(&[], &mut workspace);
        let measured = Array::float(shape.clone(), workspace.read(0).to_vec()).unwrap();
        check(&format!("back, {columns:?}"), flow.spread(at_x).unwrap(), &measured, 0.25);
    }
}

#[test]
fn shares_that_are_all_or_nothing_pass_no_gradient_on() {
    const PLACES: usize = 8;
    let shape = [UNITS, PLACES];
    for (deviation, bound) in [(0.3, 0.1), (2.0, 0.1), (20.0, 0.25)] {
        let logits: Vec<f64> =
            normal("logits", UNITS * PLACES).iter().map(|x| deviation * x).collect();
        let logits = Array::float(shape, logits).unwrap();
        let gradient = Array::float(shape, normal("gradient", UNITS * PLACES)).unwrap();
        let of = |second: f64| Spread::independent(&shape.into(), 0.0, second);
        let inputs = [(&logits, of(deviation * deviation)), (&gradient, of(1.0))];
        let (told, measured) = followed(&inputs, 1, |graph, wires| {
            let shares = graph.softmax(wires[0]).unwrap();
            pullback(graph, &[(shares, wires[1])], &[wires[0]]).unwrap()[0]
        });
        let found = Spread::of(&measured);
        let ratio = told.second() / found.second();
        assert!((ratio - 1.0).abs() < bound, "{deviation}: {ratio}");
        let ratio = told.between(1) / found.between(1);
        assert!((ratio - 1.0).abs() < bound, "between places, {deviation}: {ratio}");
    }
}
