//! Uniform, normal and truncated normal numbers.

use std::f64::consts::TAU;

use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

use super::gnu::{ln, sine_cosine};
use super::stream::{Seed, Stream};

/// Words of a block of Philox, and elements that one block gives.
const BLOCK: usize = 4;

/// `tf.random.stateless_uniform(shape, seed, low, high)`, row by row.
///
/// A draw is one of 2²³ numbers, and can be `high` itself by rounding.
pub fn fill_uniform(seed: Seed, low: f32, high: f32, out: &mut [f32]) {
    let stream = Stream::new(seed);
    fill(out, |index| stream.block(index).map(|word| share(word) * (high - low) + low));
}

/// `tf.random.stateless_normal(shape, seed, mean, deviation)`, row by row.
pub fn fill_normal(seed: Seed, mean: f32, deviation: f32, out: &mut [f32]) {
    let stream = Stream::new(seed);
    fill(out, |index| normals(stream.block(index)).map(|z| z * deviation + mean));
}

/// `tf.random.stateless_truncated_normal(shape, seed, mean, deviation)`, row by row: within two
/// deviations, which are not widened after the cut.
///
/// Four elements come from a range of 256 blocks of their own; draws beyond the cut are dropped.
pub fn fill_truncated_normal(seed: Seed, mean: f32, deviation: f32, out: &mut [f32]) {
    const BLOCKS: u64 = 256;
    const CUT: f32 = 2.0;
    let stream = Stream::new(seed);
    fill(out, |group| {
        let blocks = (group * BLOCKS..).flat_map(|index| normals(stream.block(index)));
        let mut kept = blocks.filter(|z| z.abs() < CUT);
        std::array::from_fn(|_| kept.next().map_or(f32::NAN, |z| z * deviation + mean))
    });
}

fn fill(out: &mut [f32], block: impl Fn(u64) -> [f32; BLOCK] + Sync) {
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| {
        for (offset, elements) in piece.chunks_mut(BLOCK).enumerate() {
            let values = block((start / BLOCK + offset) as u64);
            elements.copy_from_slice(&values[..elements.len()]);
        }
    });
}

/// The low 23 bits as a number in [0, 1).
fn share(word: u32) -> f32 {
    f32::from_bits(word & 0x007F_FFFF | 1.0_f32.to_bits()) - 1.0
}

/// Two pairs by Box & Muller 1958.
fn normals(words: [u32; BLOCK]) -> [f32; BLOCK] {
    const SMALLEST: f32 = 1.0e-7;
    let pair = |radius, angle| {
        let length = (-2.0 * ln(share(radius).max(SMALLEST))).sqrt();
        let (sine, cosine) = sine_cosine((TAU * f64::from(share(angle))) as f32);
        [length * sine, length * cosine]
    };
    let [a, b] = pair(words[0], words[1]);
    let [c, d] = pair(words[2], words[3]);
    [a, b, c, d]
}
