//! Waves over images against simulated convolutions on a ring.

use std::f64::consts::PI;

use fanin_engine::activations::Activation;
use fanin_kernels::matmul::{Matrix, matmul};
use fanin_kernels::random::Stream;

use super::draws::normal;
use super::named;
use crate::theory::{Image, Layer, Point, mode_factor, spatial_modes};

const POSITIONS: usize = 8;
const KERNEL: usize = 3;
const CHANNELS: usize = 160;

/// Pre-activations of all channels at all positions after a layer whose kernel closes the ring.
fn layer(
    activation: &dyn Activation,
    point: Point,
    (h, only_center): (&[f64], bool),
    stream: Stream,
) -> Vec<f64> {
    let inputs = CHANNELS * KERNEL;
    let fan_in = if only_center { CHANNELS } else { inputs };
    let deviation = (point.weight_variance / fan_in as f64).sqrt();
    let mut weights = normal(stream.numbered(1), deviation, CHANNELS * inputs);
    if only_center {
        weights.iter_mut().enumerate().filter(|(i, _)| i % KERNEL != 1).for_each(|(_, w)| *w = 0.0);
    }
    let bias = normal(stream.numbered(2), point.bias_variance.sqrt(), CHANNELS);
    let mut columns = vec![0.0; inputs * POSITIONS];
    for (input, row) in columns.chunks_mut(POSITIONS).enumerate() {
        for (position, value) in row.iter_mut().enumerate() {
            let from = (position + POSITIONS + input % KERNEL - 1) % POSITIONS;
            *value = activation.at(0, h[input / KERNEL * POSITIONS + from]);
        }
    }
    let mut out: Vec<f64> = bias.iter().flat_map(|b| [*b; POSITIONS]).collect();
    let columns = Matrix::new(&columns, inputs, POSITIONS);
    matmul(Matrix::new(&weights, CHANNELS, inputs), columns, &mut out, true);
    out
}

/// Mean, and amplitude of one period, of a mean over channels by position.
fn wave(values: impl Fn(usize) -> f64) -> [f64; 2] {
    let mut found = [0.0; 2];
    for (index, term) in (0..CHANNELS * POSITIONS).map(|i| (i % POSITIONS, values(i))) {
        let angle = 2.0 * PI * index as f64 / POSITIONS as f64;
        found[0] += term / (CHANNELS * POSITIONS) as f64;
        found[1] += 2.0 * angle.cos() * term / (CHANNELS * POSITIONS) as f64;
    }
    found
}

// 40 seeds of 160 channels leave an amplitude an error of about 2 % of the mean; the second order of
// the map adds less: 0.04.
#[test]
fn waves_in_covariances_fade_as_theory_says() {
    const SEEDS: u64 = 40;
    let tanh = named("tanh");
    let point = Point::new(1.5, 0.05);
    let found = Layer::new(&*tanh, point).fixed_point(1.0);
    let q = found.second_moment;
    let image = Image { height: 1, width: POSITIONS, kernel: KERNEL };
    let modes = spatial_modes(&found, image).modes;
    let one = modes.iter().find(|mode| mode.periods == [0, 1]).unwrap();
    assert!((one.factor - (1.0 + 2.0_f64.sqrt()) / 3.0).abs() < 1e-12);
    let rate = |depth: f64| (-1.0 / depth).exp();
    for only_center in [false, true] {
        let share = if only_center { 1.0 } else { one.factor };
        let (mut moments, mut gaps) = ([0.0; 2], [0.0; 2]);
        for seed in 0..SEEDS {
            let stream = Stream::new(seed, "waves");
            let cosine = |i: usize| (2.0 * PI * (i % POSITIONS) as f64 / POSITIONS as f64).cos();
            let plain = normal(stream.numbered(1), 1.0, CHANNELS * POSITIONS);
            let other = normal(stream.numbered(2), 1.0, CHANNELS * POSITIONS);
            let waving: Vec<f64> =
                (0..plain.len()).map(|i| plain[i] * (q * (1.0 + 0.3 * cosine(i))).sqrt()).collect();
            let next = layer(&*tanh, point, (&waving, only_center), stream.numbered(3));
            let of_moments = wave(|i| next[i] * next[i]);
            let first: Vec<f64> = plain.iter().map(|z| z * q.sqrt()).collect();
            let second: Vec<f64> = (0..plain.len())
                .map(|i| {
                    let gap = 0.02 * (1.0 + 0.5 * cosine(i));
                    let c = 1.0 - gap;
                    q.sqrt() * (c * plain[i] + (1.0 - c * c).sqrt() * other[i])
                })
                .collect();
            let mut pair = [first, second];
            for depth in 0..2 {
                pair = pair
                    .map(|h| layer(&*tanh, point, (&h, only_center), stream.numbered(4 + depth)));
            }
            let of_gaps = wave(|i| 0.5 * (pair[0][i] - pair[1][i]).powi(2) / q);
            for index in 0..2 {
                moments[index] += of_moments[index] / SEEDS as f64;
                gaps[index] += of_gaps[index] / SEEDS as f64;
            }
        }
        let want = 0.3 * share * found.second_moment_slope;
        let got = moments[1] / q;
        assert!((got - want).abs() < 0.04, "{only_center}, q: {got}, expected {want}");
        let want = 0.5 * share * share;
        let got = gaps[1] / gaps[0];
        assert!((got - want).abs() < 0.04, "{only_center}, gap: {got}, expected {want}");
        let want = 0.02 * found.correlation_slope.powi(2);
        assert!((gaps[0] / want - 1.0).abs() < 0.1, "{only_center}: {}, not {want}", gaps[0]);
    }
    let slope = rate(one.correlation_depth);
    assert!((slope - one.factor * found.correlation_slope).abs() < 1e-12);
}

#[test]
fn waves_of_all_images_are_those_of_their_sides() {
    let tanh = named("tanh");
    let found = Layer::new(&*tanh, Point::new(1.5, 0.05)).fixed_point(1.0);
    let modes = spatial_modes(&found, Image { height: 6, width: 20, kernel: 5 }).modes;
    assert_eq!(modes[0].periods, [0, 0]);
    assert_eq!(modes[0].factor, 1.0);
    assert!((modes[0].correlation_depth - found.correlation_depth).abs() < 1e-12);
    assert!(modes.iter().all(|mode| mode.periods[0] <= 3 && mode.periods[1] <= 10));
    assert_eq!(modes[modes.len() - 1].periods, [3, 10]);
    for mode in &modes {
        let of = |side: usize, positions| mode_factor(mode.periods[side], positions, 5);
        assert!((mode.factor - of(0, 6) * of(1, 20)).abs() < 1e-15);
        assert!(mode.factor.abs() <= 1.0);
    }
    let tall = spatial_modes(&found, Image { height: 32, width: 8, kernel: 3 }).modes;
    let periods: Vec<[usize; 2]> = tall.iter().map(|mode| mode.periods).collect();
    assert!(periods.contains(&[16, 0]) && periods.contains(&[0, 4]));
    assert!((1..periods.len()).all(|i| !periods[..i].contains(&periods[i])), "{periods:?}");
    let one = spatial_modes(&found, Image { height: 1, width: 1, kernel: 1 }).modes;
    assert_eq!(one.len(), 1);
}
