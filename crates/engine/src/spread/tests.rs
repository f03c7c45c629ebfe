//! What spreads say of sums, products, functions and whole graphs.

use super::*;
use crate::evaluate::Array;
use crate::graph::{Graph, Type, Wire};

/// A spread whose mean products are all different.
fn sample(axes: &[usize]) -> Spread {
    Spread::from_products(&axes.into(), 0.5, |differs| {
        let places = differs.iter().enumerate().filter(|(_, differs)| **differs);
        4.0 - places.map(|(axis, _)| (axis + 1) as f64 * 0.5).sum::<f64>()
    })
}

#[test]
fn axes_that_become_one_part_again_into_the_same() {
    let spread = sample(&[2, 3, 4]);
    let joined = spread.reshaped(&[6, 4].into());
    assert_eq!(joined.shape().axes(), [6, 4]);
    assert_eq!(joined.reshaped(&[2, 3, 4].into()), spread);
    assert_eq!(spread.reshaped(&[2, 1, 12].into()).reshaped(&[2, 3, 4].into()), spread);
}

#[test]
fn a_joined_axis_is_the_mean_over_its_pairs() {
    let whole = sample(&[2, 3]).reshaped(&[6].into()).with_whole_axes();
    // Of 5 partners one differs along the first axis alone, two along the second, two along both.
    let expected = (3.5 + 2.0 * 3.0 + 2.0 * 2.5) / 5.0;
    assert!((whole.between(0) - expected).abs() < 1e-12);
}

#[test]
fn what_is_measured_is_what_was_made() {
    let x = Array::float([2, 2], vec![1.0, 2.0, 3.0, 4.0]).unwrap();
    let spread = Spread::of(&x);
    assert_eq!((spread.mean(), spread.second()), (2.5, 7.5));
    assert!((spread.between(0) - f64::midpoint(3.0, 8.0)).abs() < 1e-12);
    assert!((spread.between(1) - f64::midpoint(2.0, 12.0)).abs() < 1e-12);
    let masked = Array::float([2], vec![f64::NEG_INFINITY, 3.0]).unwrap();
    assert_eq!(Spread::of(&masked).mean(), 3.0);
}

fn follow(graph: &Graph, x: Wire, spread: &Spread) -> Spread {
    let mut flow = Flow::new(graph);
    flow.set(x, spread.clone());
    (0..graph.nodes().len()).for_each(|node| flow.step(node));
    let last = graph.nodes().last().unwrap().outputs[0];
    flow.spread(last).unwrap().clone()
}

#[test]
fn a_function_written_out_is_that_function() {
    let spread = Spread::independent(&[8, 16].into(), 0.2, 1.3);
    let build = |f: &dyn Fn(&mut Graph, Wire) -> Wire| {
        let mut graph = Graph::new();
        let x = graph.input("x", Type::float([8, 16]));
        f(&mut graph, x);
        follow(&graph, x, &spread)
    };
    let find = |name: &str| crate::activations::find(name).unwrap();
    let own = build(&|graph, x| graph.activate(x, &*find("silu")).unwrap());
    let written = build(&|graph, x| {
        let gate = graph.activate(x, &*find("sigmoid")).unwrap();
        graph.multiply(gate, x).unwrap()
    });
    assert!((own.second() - written.second()).abs() < 1e-9);
    assert!((own.between(0) - written.between(0)).abs() < 1e-9);
}

#[test]
fn a_tensor_less_its_mean_loses_what_all_share() {
    let spread = sample(&[16, 4]);
    let mut graph = Graph::new();
    let x = graph.input("x", Type::float([16, 4]));
    let mean = graph.mean_to(x, [4]).unwrap();
    graph.subtract(x, mean).unwrap();
    let centered = follow(&graph, x, &spread);
    // M(∅) − ⟨M⟩ with ⟨M⟩ = (4 + 15·3.5)/16.
    assert!((centered.second() - (4.0 - (4.0 + 15.0 * 3.5) / 16.0)).abs() < 1e-12);
    assert_eq!(centered.mean(), 0.0);
    assert!(centered.between(0) < 0.0);
}

#[test]
fn an_expansion_tells_pairs_of_any_correlation() {
    let spread = Spread::from_products(&[2].into(), 0.0, |d| if d[0] { 0.5 } else { 1.0 });
    let relu = spread.of_function(|x| x.max(0.0));
    // The arc-cosine kernel at ρ = ½ (Cho & Saul 2009): (√3/2 + 2π/3 · ½)/2π.
    let exact = (0.75_f64.sqrt() + std::f64::consts::PI / 3.0) / std::f64::consts::TAU;
    assert!((relu.between(0) - exact).abs() < 1e-4, "{} {exact}", relu.between(0));
    assert!((relu.second() - 0.5).abs() < 1e-9);
}

/// Rows of 4 classes, 4 of each: what a class has in common, times how large a row is.
fn classes() -> (Array, Likeness) {
    const COLUMNS: usize = 256;
    let mut numbers = vec![0.0_f32; (4 + 16) * COLUMNS];
    fanin_kernels::random::fill_normal(
        fanin_kernels::random::Stream::new(3, "classes"),
        0,
        0.0,
        1.0,
        &mut numbers,
    );
    let row = |row: usize| {
        let size = [0.5, 1.0, 1.5, 0.8][row % 4];
        let (class, own) = (row / 4 * COLUMNS, (4 + row) * COLUMNS);
        let numbers = &numbers;
        (0..COLUMNS).map(move |i| size * f64::from(numbers[class + i] + numbers[own + i]))
    };
    let x = Array::float([16, COLUMNS], (0..16).flat_map(row).collect()).unwrap();
    let partners = |row: usize| {
        let mut others: Vec<usize> = (0..16).filter(|other| *other != row).collect();
        others.sort_by_key(|other| other / 4 != row / 4);
        others
    };
    (x, Likeness::new(vec![4, 4], (0..16).map(partners).collect()))
}

#[test]
fn rows_of_a_class_are_more_alike_than_others() {
    let (x, likeness) = classes();
    let (own, all) = (Spread::of_rows(&x, &likeness), Spread::of(&x));
    assert!((own.second() - all.second()).abs() < 1e-9);
    assert!((own.between(0) - all.between(0)).abs() < 1e-9);
    let [(4, of_others), (4, of_class)] = own.among(0)[..] else { panic!("{:?}", own.among(0)) };
    // Twins share half of their squares, but for their sizes: 0.87 of the mean square is that of
    // two rows of other sizes.
    assert!((of_class / own.second() - 0.5 * 0.87).abs() < 0.05, "{of_class}");
    assert!(of_others.abs() < 0.1, "{of_others}");
}

#[test]
fn rows_of_other_sizes_take_their_own_part_of_a_curve() {
    let (x, likeness) = classes();
    let own = Spread::of_rows(&x, &likeness);
    let mut graph = Graph::new();
    let wire = graph.input("x", Type::float([16, 256]));
    let tanh = crate::activations::find("tanh").unwrap();
    graph.activate(wire, &*tanh).unwrap();
    let told = follow(&graph, wire, &own);
    let values = x.floats().unwrap().iter().map(|x| x.tanh()).collect();
    let measured = Spread::of_rows(&Array::float([16, 256], values).unwrap(), &likeness);
    assert!((told.second() / measured.second() - 1.0).abs() < 0.03, "{told:?} {measured:?}");
    for ((_, told), (_, measured)) in told.among(0).iter().zip(measured.among(0)) {
        assert!((told - measured).abs() < 0.03, "{told} {measured}");
    }
}

#[test]
fn rows_go_through_a_norm_over_the_batch() {
    let (x, likeness) = classes();
    let own = Spread::of_rows(&x, &likeness);
    let mut graph = Graph::new();
    let wire = graph.input("x", Type::float([16, 256]));
    let [gain, shift] = [1.0, 0.0].map(|value| graph.constant([256], value).unwrap());
    let (y, _) = graph.batch_norm(wire, gain, shift, 1e-5).unwrap();
    let relu = crate::activations::find("relu").unwrap();
    graph.activate(y, &*relu).unwrap();
    let told = follow(&graph, wire, &own);
    assert!((told.second() - 0.5).abs() < 0.02, "{told:?}");
}

#[test]
fn rows_stay_apart_by_class_through_every_operator_of_a_network() {
    let (x, likeness) = classes();
    let own = Spread::of_rows(&x, &likeness);
    let check = |name: &str, build: &dyn Fn(&mut Graph, Wire)| {
        let mut graph = Graph::new();
        let wire = graph.input("x", Type::float([16, 256]));
        build(&mut graph, wire);
        let told = follow(&graph, wire, &own);
        assert_eq!(told.among(0).len(), 2, "{name}: {told:?}");
        let [(_, others), (_, class)] = told.among(0)[..] else { unreachable!() };
        // Shares are all near their mean: what is more alike than others is told by what is left.
        let left = |product: f64| (product - told.mean().powi(2)) / told.variance();
        assert!(left(class) > left(others) + 0.25, "{name}: {told:?}");
    };
    check("matmul", &|graph, x| {
        let w = graph.constant([256, 8], 0.1).unwrap();
        graph.matmul(x, w).unwrap();
    });
    check("convolution", &|graph, x| {
        let x = graph.reshape(x, [16, 256, 1]).unwrap();
        let w = graph.constant([4, 256, 1], 0.1).unwrap();
        graph.convolution(x, w, &crate::ops::Window::new(1), 1).unwrap();
    });
    check("softmax", &|graph, x| {
        graph.softmax(x).unwrap();
    });
}

#[test]
fn rows_that_are_larger_have_larger_means_in_both_parts_of_a_sum() {
    let (x, likeness) = classes();
    let own = Spread::of_rows(&x, &likeness);
    let mut graph = Graph::new();
    let wire = graph.input("x", Type::float([16, 256]));
    let other = graph.input("other", Type::float([16, 256]));
    let relu = crate::activations::find("relu").unwrap();
    let [a, b] = [wire, other].map(|wire| graph.activate(wire, &*relu).unwrap());
    graph.add(a, b).unwrap();
    let mut flow = Flow::new(&graph);
    flow.set(wire, own.clone());
    flow.set(other, own);
    (0..graph.nodes().len()).for_each(|node| flow.step(node));
    let told = flow.spread(graph.nodes()[2].outputs[0]).unwrap().clone();
    // Columns of a row have its mean alone in common: M between two of them is the mean of m².
    let part = flow.spread(graph.nodes()[0].outputs[0]).unwrap();
    let ratio = told.second() / (2.0 * (part.second() + part.between(1)));
    // By the mean over all rows alone it would be 0.97.
    assert!((ratio - 1.0).abs() < 0.01, "ratio {ratio}");
}
