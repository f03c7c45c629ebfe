//! Normalizations against digits of PyTorch in f64, made by `norm.py` beside this file.

use super::Statistics;
use crate::error::Result;
use crate::graph::{Graph, Wire};
use crate::plan::Plan;

fn values(count: usize, step: usize, start: usize, add: f64) -> Vec<f64> {
    (0..count).map(|i| ((i * step + start) % 17) as f64 / 4.0 - 2.0 + add).collect()
}

/// Builds a norm of x with gain and shift of the given shape, and compares its first elements.
#[track_caller]
fn check(
    shape: &[usize],
    want: [f64; 6],
    build: impl FnOnce(&mut Graph, Wire, Wire, Wire) -> Result<Wire>,
) {
    let mut graph = Graph::new();
    let x = graph.parameter("x", [2, 4, 3]);
    let gain = graph.parameter("gain", shape);
    let shift = graph.parameter("shift", shape);
    let y = build(&mut graph, x, gain, shift).unwrap();
    let plan = Plan::new(&graph, &[y]).unwrap();
    let mut workspace = plan.workspace::<f64>();
    let elements = shape.iter().product();
    let parameters =
        [values(24, 7, 3, 0.0), values(elements, 5, 1, 3.0), values(elements, 3, 2, 0.0)];
    plan.run(&parameters, &mut workspace);
    for (got, want) in workspace.read(0).iter().zip(want) {
        assert!((got - want).abs() < 2e-9, "{got} is not {want}");
    }
}

#[test]
fn norms_over_channels_equal_those_of_pytorch() {
    let batch = [-2.329154027, -0.746223612, -3.007552776, -1.243718098, 2.903513923, -3.021103249];
    check(&[4], batch, |g, x, gain, shift| Ok(g.batch_norm(x, gain, shift, 1e-5)?.0));
    let given = [-1.220603239, 0.735174087, -2.058793522, 0.040411349, 2.806851069, -1.145205674];
    check(&[4], given, |g, x, gain, shift| {
        let statistics = Statistics { mean: shift, variance: gain };
        g.batch_norm_by(x, statistics, 1e-3, gain, shift)
    });
    let group = [-2.397444368, -0.512811196, -3.205144298, -0.391022253, 3.378244091, -2.006422115];
    check(&[4], group, |g, x, gain, shift| g.group_norm(x, 2, gain, shift, 1e-5));
    let instance =
        [-1.897776829, 0.190551525, -2.792774696, -1.545553659, 2.63110305, -3.335549391];
    check(&[4], instance, |g, x, gain, shift| g.group_norm(x, 4, gain, shift, 1e-5));
}

#[test]
fn norms_over_trailing_axes_equal_those_of_pytorch() {
    let two = [-2.675020076, 0.555577862, -5.875100379, 0.227768855, 4.215601953, -4.376151709];
    check(&[4, 3], two, |g, x, gain, shift| g.layer_norm(x, gain, shift, 1e-5));
    let one = [-1.897776829, 2.63110305, -3.878324087, -1.897776829, 2.63110305, -3.878324087];
    check(&[3], one, |g, x, gain, shift| g.layer_norm(x, gain, shift, 1e-5));
    let square = [-1.122530241, 0.898024193, -5.388145156, -0.297392998, 3.568715976, -3.568715976];
    check(&[3], square, |g, x, gain, _| g.rms_norm(x, gain, 1e-5));
}

#[test]
fn both_ways_to_normalize_a_batch_of_rows_agree() {
    let mut graph = Graph::new();
    let x = graph.parameter("x", [6, 4]);
    let gain = graph.parameter("gain", [4]);
    let shift = graph.parameter("shift", [4]);
    let (composed, _) = graph.batch_norm(x, gain, shift, 1e-5).unwrap();
    let column = graph.reshape(x, [6, 4, 1]).unwrap();
    let (fused, _) = graph.batch_norm(column, gain, shift, 1e-5).unwrap();
    let plan = Plan::new(&graph, &[composed, fused]).unwrap();
    let mut workspace = plan.workspace::<f64>();
    plan.run(&[values(24, 7, 3, 0.0), values(4, 5, 1, 3.0), values(4, 3, 2, 0.0)], &mut workspace);
    for (a, b) in workspace.read(0).iter().zip(workspace.read(1)) {
        assert!((a - b).abs() < 1e-12, "{a} {b}");
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let mut graph = Graph::new();
    let x = graph.parameter("x", [2, 4, 3]);
    let gain = graph.parameter("gain", [4]);
    assert!(graph.group_norm(x, 3, gain, gain, 1e-5).is_err());
    assert!(graph.layer_norm(x, gain, gain, 1e-5).is_err());
    let vector = graph.parameter("vector", [4]);
    assert!(graph.batch_norm(vector, gain, gain, 1e-5).is_err());
    assert!(graph.rms_norm(vector, x, 1e-5).is_err());
}
