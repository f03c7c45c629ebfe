//! What schemes for residual networks promise: the signal stays bounded at any depth.

use fanin::init::{Rules, for_model};
use fanin::spec::Model;
use fanin::weights::Weights;

const WIDTH: usize = 64;
const ROWS: usize = 8;

/// Variance of the signal behind `blocks` residual blocks of two layers over that before them.
///
/// Computed directly, in f64: a start that grows leaves the range of f32 long before 128 blocks.
fn growth(scheme: &str, blocks: usize) -> f64 {
    let text = format!("{WIDTH} -> {blocks}x({WIDTH} relu -> {WIDTH}) residual -> 10");
    let model: Model = text.parse().unwrap();
    let weights = for_model(&model, &Rules::new(scheme), 7).unwrap();
    let matrices = branch_weights(&weights);
    assert_eq!(matrices.len(), 2 * blocks, "{text}");
    let (mut before, mut after) = (0.0, 0.0);
    for row in 0..ROWS {
        let mut x = input(row);
        before += square(&x);
        for two in matrices.chunks_exact(2) {
            let hidden: Vec<f64> = times(two[0], &x).iter().map(|z| z.max(0.0)).collect();
            let branch = times(two[1], &hidden);
            x.iter_mut().zip(branch).for_each(|(x, branch)| *x += branch);
        }
        after += square(&x);
    }
    after / before
}

fn branch_weights(weights: &Weights) -> Vec<&[f32]> {
    let in_branch = |name: &str| name.contains("branch") && name.ends_with("weight");
    let tensors = weights.tensors.iter().filter(|(name, _)| in_branch(name));
    tensors.map(|(_, tensor)| tensor.data()).collect()
}

/// Numbers like those of standardized data, without structure.
fn input(row: usize) -> Vec<f64> {
    let mut values = vec![0.0_f32; WIDTH];
    let stream = fanin_kernels::random::Stream::new(11, "input");
    fanin_kernels::random::fill_normal(stream, (row * WIDTH) as u64, 0.0, 1.0, &mut values);
    values.iter().map(|&x| f64::from(x)).collect()
}

fn times(w: &[f32], x: &[f64]) -> Vec<f64> {
    let dot = |row: &[f32]| row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum();
    w.chunks_exact(x.len()).map(dot).collect()
}

fn square(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum()
}

/// The theory for independent branches; finite width moves each block by about 1/width, so the
/// exponent of a growing start is met to 15 %, a bounded one to a quarter of its value.
#[track_caller]
fn check(scheme: &str, expected: impl Fn(f64) -> f64) {
    for blocks in [8, 32, 128] {
        let (found, expected) = (growth(scheme, blocks), expected(blocks as f64));
        let error = (found.ln() - expected.ln()).abs();
        let tolerance = f64::max(0.25, 0.15 * expected.ln());
        assert!(error <= tolerance, "{scheme}, {blocks} blocks: {found}, not {expected}");
    }
}

/// He's rule doubles behind the relu and again in the sum: 1 + 2 per block.
#[test]
fn the_signal_grows_with_depth_where_a_scheme_ignores_residual_sums() {
    check("he-normal", |blocks| 3.0_f64.powf(blocks));
    check("xavier-normal", |blocks| 1.5_f64.powf(blocks));
    check("skip-init:1", |blocks| 3.0_f64.powf(blocks));
}

#[test]
fn branches_that_start_at_0_leave_the_signal_as_it_is() {
    for scheme in ["fixup", "fixup-fan-out", "rezero", "skip-init"] {
        for blocks in [8, 32, 128] {
            assert_eq!(growth(scheme, blocks), 1.0, "{scheme}");
        }
    }
}

/// Each branch adds its share of what came before; all blocks together at most a constant.
#[test]
fn scaled_branches_bound_the_signal_at_any_depth() {
    // β⁴/2 per block with β⁴ = 1/(4·blocks).
    check("deepnorm", |blocks| (1.0 + 0.125 / blocks).powf(blocks));
    // α² of He's 2 with α² = 1/blocks.
    check("skip-init:depth", |blocks| (1.0 + 2.0 / blocks).powf(blocks));
    // 1/(2l²) in block l.
    check("ds-init", |blocks| (1..=blocks as usize).map(|l| 1.0 + 0.5 / (l * l) as f64).product());
}
