//! Gradients that come back through the weights that made the outputs, against closed forms.

use fanin_kernels::random::Stream;

use super::*;
use crate::gradient::pullback;
use crate::ops::Span;

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
    let along = of_outputs_with_themselves(&of_outputs, count);
    let again = Again { z, x: a, gradient, next_z: y, next_gradient: seed };
    let own = flow.meet_again(again, &along).unwrap().common.own;
    let found = flow.spread(gradient).unwrap().of_two_rows().unwrap().0;
    let units = UNITS as f64;
    for row in 0..2 {
        let norm = units * passed[row * 3];
        let exact = variance.powi(2) * norm * count * (units / 2.0 + count + 1.0) / units;
        assert!((found[row * 3] / exact - 1.0).abs() < NEAR, "{} {exact}", found[row * 3]);
        let before = variance.powi(2) * norm * count / 2.0;
        assert!((independent[row * 3] / before - 1.0).abs() < NEAR);
        // What relu passes on lies along z as much as it did along x.
        assert!((own[row * 3] / along.own[row * 3] - 1.0).abs() < NEAR, "{own:?} {along:?}");
    }
}

/// Of K normal outputs of two rows: `E (y_a·y_p)(y_b·y_q)`.
fn of_outputs_with_themselves(of_outputs: &[f64], count: f64) -> Common {
    let product = |a: usize, p: usize, b: usize, q: usize| {
        let of = |i: usize, j: usize| of_outputs[i * 2 + j];
        count * count * of(a, p) * of(b, q) + count * (of(a, b) * of(p, q) + of(a, q) * of(p, b))
    };
    let of = |with: fn(usize, usize) -> (usize, usize)| -> Vec<f64> {
        (0..4)
            .map(|place| {
                let (a, b) = (place / 2, place % 2);
                let (p, q) = with(a, b);
                product(a, p, b, q)
            })
            .collect()
    };
    Common { own: of(|a, b| (a, b)), of_first: of(|a, _| (a, a)), crossed: of(|a, b| (b, a)) }
}

/// A unit's weights w are as large for the way back as they were for z: of N inputs x and a function f of z of
/// two rows, E|w|²·f(z) = σ²·(N·F + 2·dF/ds), where F(s) is E f of a covariance that is 1 + s times as large. Of
/// f = cos z·cos z′ and mean products A, B and C of z, F = e^(−(A + B)(1 + s)/2)·cosh C(1 + s).
#[test]
fn slopes_of_two_rows_meet_the_weights_that_made_both() {
    const FEW: usize = 16;
    let mut graph = Graph::new();
    let x = graph.input("x", Type::float([2, 4]));
    let [first, second, third] =
        [("first", [FEW, 4]), ("second", [UNITS, FEW]), ("third", [OUTPUTS, UNITS])]
            .map(|(name, shape)| graph.parameter(name, shape));
    let sin = crate::activations::find("sin").unwrap();
    let z = graph.matmul_transposed(x, first).unwrap();
    let a = graph.activate(z, &*sin).unwrap();
    let next_z = graph.matmul_transposed(a, second).unwrap();
    let next_a = graph.activate(next_z, &*sin).unwrap();
    let y = graph.matmul_transposed(next_a, third).unwrap();
    let turn = graph.nodes().len();
    let seed = graph.input("seed", Type::float([2, OUTPUTS]));
    let found = pullback(&mut graph, &[(y, seed)], &[z, next_z]).unwrap();
    let [gradient, next_gradient] = found[..] else { unreachable!() };

    // So small that sin z is z; the next layer makes up for it.
    let small = 1e-4;
    let mut flow = Flow::new(&graph);
    let rows = vec![1.0, 2.0, -1.0, 0.5, 0.3, 1.0, 2.0, -1.0];
    flow.set(x, Spread::of_rows(&Array::float([2, 4], rows).unwrap()));
    let of_weights =
        |shape: [usize; 2], variance: f64| Spread::independent(&shape.into(), 0.0, variance);
    let variances = [small, 0.5 / (small * FEW as f64 * 6.25), 1.0 / UNITS as f64];
    flow.set(first, of_weights([FEW, 4], variances[0]));
    flow.set(second, of_weights([UNITS, FEW], variances[1]));
    flow.set(third, of_weights([OUTPUTS, UNITS], variances[2]));
    (0..turn).for_each(|node| flow.step(node));
    let of =
        |flow: &Flow<'_>, wire: Wire| flow.spread(wire).unwrap().of_two_rows().unwrap().0.to_vec();
    let (outputs, inner) = (of(&flow, y), of(&flow, next_z));
    // A loss that asks both rows for the same, whatever the outputs are.
    let asked = Spread::of_rows(&Array::float([2, OUTPUTS], vec![1.0; 2 * OUTPUTS]).unwrap());
    let of_rows = |place: fn(usize, usize) -> usize| -> Vec<f64> {
        (0..4).map(|at| OUTPUTS as f64 * outputs[place(at / 2, at % 2)]).collect()
    };
    let mut total = Common {
        own: of_rows(|a, b| a * 2 + b),
        of_first: of_rows(|a, _| a * 3),
        crossed: of_rows(|a, b| b * 2 + a),
    };
    flow.set_gradient(seed, asked);
    for node in turn..graph.nodes().len() {
        flow.step(node);
        let output = graph.nodes()[node].outputs[0];
        if output == next_gradient {
            let at = Again {
                z: next_z,
                x: next_a,
                gradient: next_gradient,
                next_z: y,
                next_gradient: seed,
            };
            total = flow.meet_again(at, &total).unwrap().common;
        }
    }
    let before = of(&flow, gradient);
    let at = Again { z, x: a, gradient, next_z, next_gradient };
    flow.meet_again(at, &total).unwrap();
    let after = of(&flow, gradient);
    for place in 0..4 {
        let (own, other, c) = (inner[place / 2 * 3], inner[place % 2 * 3], inner[place]);
        let steepness = -0.5 * (own + other) + c * c.tanh();
        let exact = 1.0 + 2.0 * steepness / FEW as f64;
        let found = after[place] / before[place];
        assert!((found - exact).abs() < NEAR, "{place}: {found} {exact}");
        assert!(exact < 0.98, "{exact}");
    }
}

/// The units of a layer by two halves, x = u·v: of K outputs y = W·x that are their own gradient, for any s and t
///
/// ```text
/// E (Wᵀy_a·s)(Wᵀy_b·t) = σ⁴·(K²·(x_a·s)(x_b·t) + K·((x_a·x_b)(s·t) + (x_a·t)(x_b·s)))
/// ```
#[test]
fn halves_that_meet_in_a_product_meet_the_weights_that_made_the_outputs() {
    const FEW: usize = 8;
    let mut graph = Graph::new();
    let x = graph.input("x", Type::float([2, 4]));
    let first = graph.parameter("first", [2 * FEW, 4]);
    let second = graph.parameter("second", [OUTPUTS, FEW]);
    let z = graph.matmul_transposed(x, first).unwrap();
    let [u, v] = [0, FEW].map(|from| graph.slice_axis(z, 1, Span::neighbors(from, FEW)).unwrap());
    let product = graph.multiply(u, v).unwrap();
    let y = graph.matmul_transposed(product, second).unwrap();
    let turn = graph.nodes().len();
    let seed = graph.input("seed", Type::float([2, OUTPUTS]));
    let gradient = pullback(&mut graph, &[(y, seed)], &[z]).unwrap()[0];

    let mut flow = Flow::new(&graph);
    let rows = vec![1.0, 2.0, -1.0, 0.5, 0.3, 1.0, 2.0, -1.0];
    flow.set(x, Spread::of_rows(&Array::float([2, 4], rows).unwrap()));
    let variance = 1.0 / FEW as f64;
    flow.set(first, Spread::independent(&[2 * FEW, 4].into(), 0.0, 0.25));
    flow.set(second, Spread::independent(&[OUTPUTS, FEW].into(), 0.0, variance));
    for node in 0..turn {
        flow.step(node);
        if graph.nodes()[node].outputs[0] == z {
            flow.draw_units(z, Stream::new(0, "units"));
        }
    }
    let of =
        |flow: &Flow<'_>, wire: Wire| flow.spread(wire).unwrap().of_two_rows().unwrap().0.to_vec();
    let of_outputs = of(&flow, y);
    flow.set_gradient(seed, flow.spread(y).unwrap().clone());
    (turn..graph.nodes().len()).for_each(|node| flow.step(node));
    let count = OUTPUTS as f64;
    let outputs = of_outputs_with_themselves(&of_outputs, count);
    let again = Again { z, x: product, gradient, next_z: y, next_gradient: seed };
    let found = flow.meet_again(again, &outputs).unwrap().common;

    let [u, v] = [u, v].map(|half| {
        let numbers = &flow.units[&half].numbers;
        [numbers[..FEW].to_vec(), numbers[FEW..].to_vec()]
    });
    let passed = |row: usize| each(&u[row], &v[row], |u, v| u * v);
    let dot = |s: &[f64], t: &[f64]| s.iter().zip(t).map(|(s, t)| s * t).sum::<f64>();
    let exact = |a: usize, b: usize, s: &[f64], t: &[f64]| {
        let (x, y) = (passed(a), passed(b));
        let crossed = dot(&x, &y) * dot(s, t) + dot(&x, t) * dot(&y, s);
        variance.powi(2) * (count * count * dot(&x, s) * dot(&y, t) + count * crossed)
    };
    // δ_a·z_p is along this x.
    let turned = |a: usize, p: usize| {
        let halves = [each(&v[a], &u[p], |x, y| x * y), each(&u[a], &v[p], |x, y| x * y)];
        each(&halves[0], &halves[1], |x, y| x + y)
    };
    let near = |found: f64, exact: f64| {
        assert!((found - exact).abs() < NEAR * exact.abs(), "{found} {exact}");
    };
    let after = of(&flow, gradient);
    for (place, after) in after.into_iter().enumerate() {
        let (a, b) = (place / 2, place % 2);
        let of_unit = |unit: usize| {
            let mut along = vec![0.0; FEW];
            along[unit] = 1.0;
            exact(a, b, &along, &along) * (u[a][unit] * u[b][unit] + v[a][unit] * v[b][unit])
        };
        near(after, (0..FEW).map(of_unit).sum::<f64>() / (2 * FEW) as f64);
        near(found.own[place], exact(a, b, &turned(a, a), &turned(b, b)));
        near(found.of_first[place], exact(a, b, &turned(a, a), &turned(b, a)));
        near(found.crossed[place], exact(a, b, &turned(a, b), &turned(b, a)));
    }
}

fn each(x: &[f64], y: &[f64], f: fn(f64, f64) -> f64) -> Vec<f64> {
    x.iter().zip(y).map(|(x, y)| f(*x, *y)).collect()
}
