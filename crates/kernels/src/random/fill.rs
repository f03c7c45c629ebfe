//! Slices filled from a stream: uniform, normal and truncated normal.

use super::arithmetic::{ln, normal_quantile, sine_cosine};
use super::stream::{Kind, Stream, WORDS};
use crate::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

/// The largest magnitude that a standard normal draw can have: √(−2 ln 2⁻³³).
///
/// A true normal variable exceeds it once in 7·10¹⁰ draws.
pub const LARGEST_NORMAL: f64 = 6.763_705_635_001_895;

/// Uniform on [`low`, `high`): `out[i]` is element `start` + i of the stream.
///
/// A draw is k·2⁻²⁴ of the way from `low` to `high`, k an integer in 0..2²⁴: on [0, 1) all the
/// multiples of 2⁻²⁴. Both bounds are finite; their difference may exceed the range of `f32`.
/// With `low` = `high` every element is `low`.
///
/// ```
/// use fanin_kernels::random::{Stream, fill_uniform};
/// let stream = Stream::new(42, "0.weight");
/// let (mut whole, mut part) = ([0.0; 100], [0.0; 30]);
/// fill_uniform(stream, 0, -0.5, 0.5, &mut whole);
/// fill_uniform(stream, 60, -0.5, 0.5, &mut part);
/// assert_eq!(whole[60..90], part);
/// ```
pub fn fill_uniform(stream: Stream, start: u64, low: f32, high: f32, out: &mut [f32]) {
    const STEP: f64 = 1.0 / 16_777_216.0;
    let (from, width) = (f64::from(low), f64::from(high) - f64::from(low));
    let largest = if high > low { high.next_down() } else { low };
    fill(stream, Kind::Uniform, start, out, |words| {
        words.map(|word| {
            let value = from + width * (f64::from(word >> 8) * STEP);
            (value as f32).min(largest)
        })
    });
}

/// Normal with the given mean and standard deviation: `out[i]` is element `start` + i.
///
/// Box & Muller 1958 on 32 + 32 random bits per pair, computed in `f64` and rounded once; no draw
/// is further from the mean than [`LARGEST_NORMAL`] deviations.
pub fn fill_normal(stream: Stream, start: u64, mean: f64, deviation: f64, out: &mut [f32]) {
    fill(stream, Kind::Normal, start, out, |words| {
        normals(words).map(|z| (mean + deviation * z) as f32)
    });
}

/// The draws of [`fill_normal`] before they are rounded to `f32`.
pub fn fill_normal_f64(stream: Stream, start: u64, mean: f64, deviation: f64, out: &mut [f64]) {
    fill(stream, Kind::Normal, start, out, |words| normals(words).map(|z| mean + deviation * z));
}

/// `mean` + `deviation`·z, where z is standard normal given that `low` ≤ z ≤ `high`.
///
/// `deviation` is that of the normal variable before the cut; `low` and `high` are in units of it
/// and may be infinite. By inverting the distribution function, so one draw takes 32 bits and
/// nothing is rejected.
pub fn fill_truncated_normal(
    stream: Stream,
    start: u64,
    (mean, deviation): (f64, f64),
    (low, high): (f64, f64),
    out: &mut [f32],
) {
    // Probabilities near 0 keep their relative precision, those near 1 do not: draw the mirror
    // image of an interval above the mean.
    let (sign, near, far) = if low > 0.0 { (-1.0, -high, -low) } else { (1.0, low, high) };
    let (from, to) = (probability_below(near), probability_below(far));
    fill(stream, Kind::TruncatedNormal, start, out, |words| {
        words.map(|word| {
            let p = from + (to - from) * fraction(word);
            let z = normal_quantile(p).max(near).min(far);
            (mean + deviation * (sign * z)) as f32
        })
    });
}

/// Four independent standard normal numbers from four words.
fn normals([a, b, c, d]: [u32; 4]) -> [f64; 4] {
    let [first, second] = pair(a, b);
    let [third, fourth] = pair(c, d);
    [first, second, third, fourth]
}

fn pair(distance: u32, turn: u32) -> [f64; 2] {
    let radius = (-2.0 * ln(fraction(distance))).sqrt();
    let (sine, cosine) = sine_cosine(turn);
    [radius * cosine, radius * sine]
}

/// The middle of the word's interval of width 2⁻³² in (0, 1): never 0, never 1.
fn fraction(word: u32) -> f64 {
    (f64::from(word) + 0.5) * (1.0 / 4_294_967_296.0)
}

fn probability_below(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Fills `out` with elements `start`.. of the stream, four at a time as `draw` makes them.
fn fill<T: Copy + Send>(
    stream: Stream,
    kind: Kind,
    start: u64,
    out: &mut [T],
    draw: impl Fn([u32; 4]) -> [T; 4] + Sync,
) {
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|offset, piece| {
        let start = start + offset as u64;
        let skip = (start % WORDS) as usize;
        let (block, rest) = if skip == 0 {
            (start / WORDS, piece)
        } else {
            let (head, rest) = piece.split_at_mut(piece.len().min(4 - skip));
            let four = draw(stream.block(kind, start / WORDS));
            head.copy_from_slice(&four[skip..skip + head.len()]);
            (start / WORDS + 1, rest)
        };
        let (blocks, tail) = rest.as_chunks_mut::<4>();
        let mut next = block;
        for four in blocks {
            *four = draw(stream.block(kind, next));
            next += 1;
        }
        if !tail.is_empty() {
            let four = draw(stream.block(kind, next));
            tail.copy_from_slice(&four[..tail.len()]);
        }
    });
}
