//! Gradients that come back through the weights that made the outputs, against closed forms.

use super::*;
use crate::gradient::pullback;

const UNITS: usize = 64;
const OUTPUTS: usize = 10;
/// Rows of other sizes see a function by straight lines between its places.
const NEAR: f64 = 1e-3;

/// Where the gradient is the output itself, y = W·φ of K outputs and N units has
/// E|Wᵀy|² = σ⁴·|φ|²·K·(N + K + 1), of which σ⁴·|φ|²·K·(K + 2) lies along φ. A relu passes all of that on, and
/// of the other N − 1 directions what is left of half: together σ⁴·|φ|²·K·(N/2 + K + 1), where N/2 is what
/// independent weights would send back.
#[test]
fn an_output_as_its_own_gradient_meets_the_weights_that_made_it() {
    let mut graph = Graph::new();
    let x = graph.input("x", Type::float([2, 4]));
    let first = graph.parameter("first", [UNITS, 4]);
    let second = graph.parameter("second", [OUTPUTS, UNITS]);
    let z = graph.matmul_transposed(x, first).unwrap();
    let relu = crate::activations::find("relu").unwrap();
    let a = graph.activate(z, &*relu).unwrap();
    let y = graph.matmul_transposed(a, second).unwrap();
    let turn = graph.nodes().len();
    let seed = graph.input("seed", Type::float([2, OUTPUTS]));
    let gradient = pullback(&mut graph, &[(y, seed)], &[z]).unwrap()[0];

    let mut flow = Flow::new(&graph);
    let rows = vec![1.0, 2.0, -1.0, 0.5, 0.3, 1.0, 2.0, -1.0];
    flow.set(x, Spread::of_rows(&Array::float([2, 4], rows).unwrap()));
    let variance = 2.0 / UNITS as f64;
    flow.set(first, Spread::independent(&[UNITS, 4].into(), 0.0, 0.5));
    flow.set(second, Spread::independent(&[OUTPUTS, UNITS].into(), 0.0, variance));
    (0..turn).for_each(|node| flow.step(node));
    let outputs = flow.spread(y).unwrap().clone();
    let of_outputs = outputs.of_two_rows().unwrap().0.to_vec();
    let passed = flow.spread(a).unwrap().of_two_rows().unwrap().0.to_vec();
    flow.set_gradient(seed, outputs);
    (turn..graph.nodes().len()).for_each(|node| flow.step(node));
    let independent = flow.spread(gradient).unwrap().of_two_rows().unwrap().0.to_vec();

    // Of normal outputs: E (y·y of a)(y·y of b), K independent columns each.
    let count = OUTPUTS as f64;
    let along: Vec<f64> = (0..4)
        .map(|at| {
            let (own, other) = (of_outputs[at / 2 * 3], of_outputs[at % 2 * 3]);
            count * count * own * other + 2.0 * count * of_outputs[at].powi(2)
        })
        .collect();
    let again = Again { z, x: a, gradient, next_z: y, next_gradient: seed };
    let own = flow.meet_again(again, &along).unwrap().own;
    let found = flow.spread(gradient).unwrap().of_two_rows().unwrap().0;
    let units = UNITS as f64;
    for row in 0..2 {
        let norm = units * passed[row * 3];
        let exact = variance.powi(2) * norm * count * (units / 2.0 + count + 1.0) / units;
        assert!((found[row * 3] / exact - 1.0).abs() < NEAR, "{} {exact}", found[row * 3]);
        let before = variance.powi(2) * norm * count / 2.0;
        assert!((independent[row * 3] / before - 1.0).abs() < NEAR);
        // What relu passes on lies along z as much as it did along x.
        assert!((own[row * 3] / along[row * 3] - 1.0).abs() < NEAR, "{own:?} {along:?}");
    }
}
