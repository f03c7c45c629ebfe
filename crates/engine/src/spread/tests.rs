//! What spreads say of sums, products, functions and whole graphs.

use super::*;
use crate::evaluate::Array;
use crate::graph::{Graph, Type, Wire};
use crate::ops::{Relation, Rounding, Window};
use crate::pullback;

mod again;
mod finite;
mod pairs;
mod places;

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

    let own = build(&|graph, x| graph.activate(x, &*find("leaky_relu:0.1")).unwrap());
    let chosen = build(&|graph, x| {
        let zero = graph.constant([], 0.0).unwrap();
        let is_above = graph.compare(Relation::Greater, x, zero).unwrap();
        let small = graph.affine(x, 0.1, 0.0).unwrap();
        graph.choose(is_above, x, small).unwrap()
    });
    assert!((own.second() - chosen.second()).abs() < 1e-9);
    assert!((own.between(0) - chosen.between(0)).abs() < 1e-9);
}

#[test]
fn gradients_are_known_below_a_max_pool() {
    let mut graph = Graph::new();
    let x = graph.input("x", Type::float([2, 3, 4, 4]));
    let y = graph.affine(x, 2.0, 1.0).unwrap();
    let window = Window { strides: vec![2; 2], ..Window::new(2) };
    let (values, _) = graph.max_pool(y, &[2, 2], &window, Rounding::Down).unwrap();
    let seed = graph.input("seed", Type::float([2, 3, 2, 2]));
    let gradient = pullback(&mut graph, &[(values, seed)], &[x]).unwrap()[0];
    let mut flow = Flow::new(&graph);
    let independent = |axes: [usize; 4]| Spread::independent(&axes.into(), 0.0, 1.0);
    flow.set(x, independent([2, 3, 4, 4]));
    flow.set_gradient(seed, independent([2, 3, 2, 2]));
    (0..graph.nodes().len()).for_each(|node| flow.step(node));
    // One of four places gets a gradient, twice as large.
    let found = flow.spread(gradient).expect("below the pool, too").second();
    assert!((found - 1.0).abs() < 1e-9, "{found}");
}

#[test]
fn a_condition_that_is_stretched_is_no_function_of_its_root() {
    let mut graph = Graph::new();
    let x = graph.input("x", Type::float([8, 1]));
    let zero = graph.constant([], 0.0).unwrap();
    let is_above = graph.compare(Relation::Greater, x, zero).unwrap();
    let one = graph.constant([1, 4], 1.0).unwrap();
    graph.choose(is_above, one, zero).unwrap();
    let mut flow = Flow::new(&graph);
    flow.set(x, Spread::independent(&[8, 1].into(), 0.0, 1.0));
    (0..graph.nodes().len()).for_each(|node| flow.step(node));
    let last = graph.nodes().last().unwrap().outputs[0];
    assert!(flow.spread(last).is_none_or(|own| own.shape().axes() == [8, 4]));
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
