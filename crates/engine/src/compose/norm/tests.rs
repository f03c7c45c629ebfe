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
    let batch = [
        -2.329_154_027,
        -0.746_223_612,
        -3.007_552_776,
        -1.243_718_098,
        2.903_513_923,
        -3.021_103_249,
    ];
    check(&[4], batch, |g, x, gain, shift| Ok(g.batch_norm(x, gain, shift, 1e-5)?.0));
    let given = [
        -1.220_603_239,
        0.735_174_087,
        -2.058_793_522,
        0.040_411_349,
        2.806_851_069,
        -1.145_205_674,
    ];
    check(&[4], given, |g, x, gain, shift| {
        let statistics = Statistics { mean: shift, variance: gain };
        g.batch_norm_by(x, statistics, 1e-3, gain, shift)
    });
    let group = [
        -2.397_444_368,
        -0.512_811_196,
        -3.205_144_298,
        -0.391_022_253,
        3.378_244_091,
        -2.006_422_115,
    ];
    check(&[4], group, |g, x, gain, shift| g.group_norm(x, 2, gain, shift, 1e-5));
    let instance = [
        -1.897_776_829,
        0.190_551_525,
        -2.792_774_696,
        -1.545_553_659,
        2.631_103_05,
        -3.335_549_391,
    ];
    check(&[4], instance, |g, x, gain, shift| g.group_norm(x, 4, gain, shift, 1e-5));
}

#[test]
fn norms_over_trailing_axes_equal_those_of_pytorch() {
    let two = [
        -2.675_020_076,
        0.555_577_862,
        -5.875_100_379,
        0.227_768_855,
        4.215_601_953,
        -4.376_151_709,
    ];
    check(&[4, 3], two, |g, x, gain, shift| g.layer_norm(x, gain, shift, 1e-5));
    let one = [
        -1.897_776_829,
        2.631_103_05,
        -3.878_324_087,
        -1.897_776_829,
        2.631_103_05,
        -3.878_324_087,
    ];
    check(&[3], one, |g, x, gain, shift| g.layer_norm(x, gain, shift, 1e-5));
    let square = [
        -1.122_530_241,
        0.898_024_193,
        -5.388_145_156,
        -0.297_392_998,
        3.568_715_976,
        -3.568_715_976,
    ];
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
