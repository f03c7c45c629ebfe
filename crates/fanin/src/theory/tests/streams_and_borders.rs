//! Streams of residual networks and borders of images against simulated networks, in plain f64.

use fanin_engine::activations::Activation;
use fanin_kernels::matmul::{Matrix, matmul};
use fanin_kernels::random::Stream;

use super::draws::{normal, variance};
use super::named;
use crate::theory::{Image, Layer, Network, Point, borders, stream_variance};

fn mean_square(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64
}

/// The mean square of a stream after `depth` blocks.
fn stream(
    activation: &dyn Activation,
    (point, network): (Point, Network),
    q: f64,
    (depth, width): (usize, usize),
    seed: u64,
) -> f64 {
    let streams = Stream::new(seed, "stream");
    let mut x = normal(streams.numbered(1), q.sqrt(), width);
    for block in 0..depth as u64 {
        let mean = x.iter().sum::<f64>() / width as f64;
        let (branch, mean, size) = match network {
            Network::Residual { branch } => (branch, 0.0, 1.0),
            Network::PreNorm { branch } => (branch, mean, (mean_square(&x) - mean * mean).sqrt()),
            _ => panic!("no residual network"),
        };
        let deviation = (point.weight_variance / width as f64).sqrt();
        let weights = normal(streams.numbered(2 + 2 * block), deviation, width * width);
        let mut y = normal(streams.numbered(3 + 2 * block), point.bias_variance.sqrt(), width);
        let before: Vec<f64> = x.iter().map(|x| activation.at(0, (x - mean) / size)).collect();
        let before = Matrix::new(&before, width, 1);
        matmul(Matrix::new(&weights, width, width), before, &mut y, true);
        x.iter_mut().zip(y).for_each(|(x, y)| *x += branch * y);
    }
    mean_square(&x)
}

// 1500 seeds leave a variance an error of 3.7 %, 1/N further terms of some percent: hence 15 %.
#[test]
fn streams_of_finite_width_vary_over_seeds_as_theory_says() {
    const SIZE: (usize, usize) = (6, 64);
    for (name, weight_variance, bias_variance, q, network) in [
        ("relu", 2.0, 0.0, 1.0, Network::Residual { branch: 1.0 }),
        ("relu", 2.0, 0.0, 1.0, Network::Residual { branch: 0.4 }),
        ("tanh", 3.0, 0.1, 1.5, Network::Residual { branch: 1.0 }),
        ("gelu", 2.0, 0.2, 0.5, Network::Residual { branch: -0.7 }),
        ("relu", 2.0, 0.0, 1.0, Network::PreNorm { branch: 1.0 }),
        ("sin", 3.0, 0.1, 0.3, Network::PreNorm { branch: 0.6 }),
    ] {
        let activation = named(name);
        let point = Point::new(weight_variance, bias_variance);
        let logs: Vec<f64> = (0..1500)
            .map(|seed| stream(&*activation, (point, network), q, SIZE, seed).ln())
            .collect();
        let layer = Layer::new(&*activation, point);
        let want = stream_variance(&network, &layer, q, SIZE.0, SIZE.1).unwrap();
        let got = variance(&logs);
        assert!((got / want - 1.0).abs() < 0.15, "{name} {network:?}: {got}, expected {want}");
    }
}

#[test]
fn networks_without_a_stream_have_no_law_of_it() {
    let relu = named("relu");
    let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
    for network in [Network::Dense, Network::BatchNorm, Network::LayerNorm] {
        assert!(stream_variance(&network, &layer, 1.0, 5, 64).is_none());
    }
}

const CHANNELS: usize = 48;
const SIDE: usize = 5;
const KERNEL: usize = 3;

/// The position of the input that a kernel's place sees at a position, if it is inside.
fn seen(position: usize, place: usize) -> Option<usize> {
    let row = (position / SIDE + place / KERNEL).checked_sub(KERNEL / 2)?;
    let column = (position % SIDE + place % KERNEL).checked_sub(KERNEL / 2)?;
    (row < SIDE && column < SIDE).then_some(row * SIDE + column)
}

/// Second moments at all positions after `depth` layers, and of gradients at the first.
fn image(
    activation: &dyn Activation,
    point: Point,
    q: f64,
    depth: usize,
    seed: u64,
) -> (Vec<f64>, f64) {
    const AREA: usize = KERNEL * KERNEL;
    const POSITIONS: usize = SIDE * SIDE;
    let streams = Stream::new(seed, "image");
    let inputs = AREA * CHANNELS;
    let mut h = normal(streams.numbered(1), q.sqrt(), CHANNELS * POSITIONS);
    let mut layers = Vec::new();
    for layer in 0..depth as u64 {
        let deviation = (point.weight_variance / inputs as f64).sqrt();
        let weights = normal(streams.numbered(2 + 2 * layer), deviation, CHANNELS * inputs);
        let bias = normal(streams.numbered(3 + 2 * layer), point.bias_variance.sqrt(), CHANNELS);
        let mut columns = vec![0.0; inputs * POSITIONS];
        for (input, row) in columns.chunks_mut(POSITIONS).enumerate() {
            for (position, value) in row.iter_mut().enumerate() {
                let from = seen(position, input % AREA);
                let at = |from| activation.at(0, h[input / AREA * POSITIONS + from]);
                *value = from.map_or(0.0, at);
            }
        }
        let mut next: Vec<f64> =
            bias.iter().flat_map(|b| std::iter::repeat_n(*b, POSITIONS)).collect();
        let columns = Matrix::new(&columns, inputs, POSITIONS);
        matmul(Matrix::new(&weights, CHANNELS, inputs), columns, &mut next, true);
        layers.push((weights, std::mem::replace(&mut h, next)));
    }
    let of_position = |position: usize| {
        let channels: Vec<f64> = h.iter().skip(position).step_by(POSITIONS).copied().collect();
        mean_square(&channels)
    };
    let moments = (0..POSITIONS).map(of_position).collect();
    let mut delta = normal(streams.numbered(999), 1.0, CHANNELS * POSITIONS);
    for (weights, below) in layers.iter().rev() {
        let mut columns = vec![0.0; inputs * POSITIONS];
        let weights = Matrix::new(weights, CHANNELS, inputs).transposed(true);
        matmul(weights, Matrix::new(&delta, CHANNELS, POSITIONS), &mut columns, false);
        delta = vec![0.0; CHANNELS * POSITIONS];
        for (input, row) in columns.chunks(POSITIONS).enumerate() {
            for (position, value) in row.iter().enumerate() {
                if let Some(from) = seen(position, input % AREA) {
                    delta[input / AREA * POSITIONS + from] += value;
                }
            }
        }
        delta.iter_mut().zip(below).for_each(|(d, h)| *d *= activation.at(1, *h));
    }
    (moments, mean_square(&delta))
}

// The mean over 150 seeds of 48 channels is off by √(5L/(48·150)) = 4.6 % for three layers of relu,
// and by terms in 1/48; without borders a corner would have five times the q that it has.
#[test]
fn zero_padding_takes_from_borders_what_theory_says() {
    const DEPTH: usize = 3;
    const SEEDS: u64 = 150;
    for (name, weight_variance, bias_variance, q) in
        [("relu", 2.0, 0.0, 1.0), ("tanh", 2.5, 0.1, 1.2)]
    {
        let activation = named(name);
        let point = Point::new(weight_variance, bias_variance);
        let (mut moments, mut gradient) = (vec![0.0; SIDE * SIDE], 0.0);
        for seed in 0..SEEDS {
            let (of_seed, of_gradient) = image(&*activation, point, q, DEPTH, seed);
            moments.iter_mut().zip(of_seed).for_each(|(sum, q)| *sum += q / SEEDS as f64);
            gradient += of_gradient / SEEDS as f64;
        }
        let size = Image { height: SIDE, width: SIDE, kernel: KERNEL };
        let want = borders(&Layer::new(&*activation, point), size, q, DEPTH).unwrap();
        let near = |what: &str, got: f64, want: f64| {
            assert!((got / want - 1.0).abs() < 0.13, "{name}, {what}: {got}, expected {want}");
        };
        near("center", moments[12], want.center);
        near("corner", (moments[0] + moments[4] + moments[20] + moments[24]) / 4.0, want.corner);
        near("edge", (moments[2] + moments[10] + moments[14] + moments[22]) / 4.0, want.edge);
        near("mean", moments.iter().sum::<f64>() / 25.0, want.mean);
        near("gradient", gradient, f64::powf(10.0, want.gradient_log10));
    }
}

#[test]
fn a_kernel_of_one_place_has_no_borders() {
    let tanh = named("tanh");
    let layer = Layer::new(&*tanh, Point::new(1.7, 0.05));
    let found = borders(&layer, Image { height: 4, width: 6, kernel: 1 }, 1.0, 20).unwrap();
    for q in [found.center, found.corner, found.edge, found.mean] {
        assert!((q / found.without - 1.0).abs() < 1e-12);
    }
    assert!((found.gradient_log10 - found.gradient_log10_without).abs() < 1e-12);
    for image in [
        Image { height: 0, width: 4, kernel: 3 },
        Image { height: 4, width: 4, kernel: 2 },
        Image { height: 4, width: 9999, kernel: 3 },
    ] {
        assert!(borders(&layer, image, 1.0, 1).is_err());
    }
}
