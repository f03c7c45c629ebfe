//! Pictures: borders, neighbors, and the gradients of kernels, told and measured over many draws of weights.

use fanin_kernels::random::{Stream, fill_normal};

use super::super::*;
use crate::evaluate::Array;
use crate::graph::{Graph, Type, Wire};
use crate::ops::Window;
use crate::plan::Plan;
use crate::{activations, pullback};

const ROWS: usize = 4;
const SIDE: usize = 4;
const UNITS: usize = 64;
/// So many that the mean square of a gradient is known to 3 %.
const DRAWS: u64 = 96;

fn normal(seed: u64, name: &str, count: usize, deviation: f64) -> Vec<f64> {
    let mut numbers = vec![0.0_f32; count];
    fill_normal(Stream::new(seed, name), 0, 0.0, deviation, &mut numbers);
    numbers.into_iter().map(f64::from).collect()
}

/// Pictures that are bright in a corner, where padding takes the most.
fn pictures() -> Array {
    let noise = normal(1, "noise", ROWS * SIDE * SIDE, 0.1);
    let corner = noise.iter().enumerate().map(|(place, noise)| {
        let (row, line, column) = (place / (SIDE * SIDE), place / SIDE % SIDE, place % SIDE);
        noise + if line + column == 0 { 2.0 + row as f64 } else { 0.0 }
    });
    Array::float([ROWS, 1, SIDE, SIDE], corner.collect()).unwrap()
}

/// Two convolutions with tanh between: z of the second, and the gradients of both weights.
fn network() -> (Graph, [Wire; 4], [Wire; 3]) {
    let mut graph = Graph::new();
    let window = Window { pads: vec![(1, 1); 2], ..Window::new(2) };
    let x = graph.input("x", Type::float([ROWS, 1, SIDE, SIDE]));
    let first = graph.input("first", Type::float([UNITS, 1, 3, 3]));
    let second = graph.input("second", Type::float([UNITS, UNITS, 3, 3]));
    let seed = graph.input("seed", Type::float([ROWS, UNITS, SIDE, SIDE]));
    let z = graph.convolution(x, first, &window, 1).unwrap();
    let a = graph.activate(z, &*activations::find("tanh").unwrap()).unwrap();
    let z = graph.convolution(a, second, &window, 1).unwrap();
    let found = pullback(&mut graph, &[(z, seed)], &[first, second]).unwrap();
    (graph, [x, first, second, seed], [z, found[0], found[1]])
}

/// Told, and measured as a mean over draws, second moments of z and of both gradients.
fn told_and_measured(x_spread: impl Fn(&Array) -> Spread) -> [[f64; 2]; 3] {
    let (graph, [x, first, second, seed], outputs) = network();
    let pictures = pictures();
    let mut flow = Flow::new(&graph);
    let (by_first, by_second) = (1.0 / 9.0, 1.0 / (9.0 * UNITS as f64));
    flow.set(x, x_spread(&pictures));
    flow.set(first, Spread::independent(graph.shape(first), 0.0, by_first));
    flow.set(second, Spread::independent(graph.shape(second), 0.0, by_second));
    flow.set_gradient(seed, Spread::independent(graph.shape(seed), 0.0, 1.0));
    (0..graph.nodes().len()).for_each(|node| flow.step(node));
    let plan = Plan::new(&graph, &outputs).unwrap();
    let mut workspace = plan.workspace::<f64>();
    let mut found = [[0.0; 2]; 3];
    for (own, wire) in found.iter_mut().zip(outputs) {
        own[0] = flow.spread(wire).unwrap().second();
    }
    for draw in 0..DRAWS {
        workspace.feed(0).copy_from_slice(pictures.floats().unwrap());
        workspace.feed(1).copy_from_slice(&normal(draw, "first", UNITS * 9, by_first.sqrt()));
        let count = UNITS * UNITS * 9;
        workspace.feed(2).copy_from_slice(&normal(draw, "second", count, by_second.sqrt()));
        let count = ROWS * UNITS * SIDE * SIDE;
        workspace.feed(3).copy_from_slice(&normal(draw, "seed", count, 1.0));
        plan.run::<f64>(&[], &mut workspace);
        for (place, own) in found.iter_mut().enumerate() {
            let numbers = workspace.read(place);
            let mean = numbers.iter().map(|x| x * x).sum::<f64>() / numbers.len() as f64;
            own[1] += mean / DRAWS as f64;
        }
    }
    found
}

#[test]
fn places_of_pictures_are_told_one_by_one() {
    for (place, [told, measured]) in told_and_measured(Spread::of_rows).into_iter().enumerate() {
        let ratio = told / measured;
        assert!((ratio - 1.0).abs() < 0.05, "{place}: {told} is not {measured}");
    }
}

#[test]
fn no_gradient_of_a_kernel_has_a_negative_square() {
    // Along one axis neighbors are alike, along the other opposite: as if all that differ did along both,
    // they would take more from each other than there is.
    let axes = [ROWS, UNITS, SIDE, SIDE];
    let of_lines = |differs: &[bool]| match differs {
        [_, true, ..] => 0.0,
        [_, _, true, _] => -1.0 / (SIDE as f64 - 1.0),
        _ => 1.0,
    };
    let (mut graph, window) = (Graph::new(), Window { pads: vec![(1, 1); 2], ..Window::new(2) });
    let x = graph.input("x", Type::float(axes));
    let w = graph.input("w", Type::float([UNITS, UNITS, 3, 3]));
    let seed = graph.input("seed", Type::float(axes));
    let z = graph.convolution(x, w, &window, 1).unwrap();
    let gradient = pullback(&mut graph, &[(z, seed)], &[w]).unwrap()[0];
    let alike = |differs: &[bool]| f64::from(u8::from(!differs[1]));
    let mut flow = Flow::new(&graph);
    flow.set(x, Spread::from_products(&axes.into(), 0.0, of_lines));
    flow.set(w, Spread::independent(graph.shape(w), 0.0, 1.0));
    flow.set_gradient(seed, Spread::from_products(&axes.into(), 0.0, alike));
    (0..graph.nodes().len()).for_each(|node| flow.step(node));
    let second = flow.spread(gradient).unwrap().second();
    assert!(second >= 0.0, "{second}");
}
