//! Normal draws, by the method of Box & Muller 1958.

use super::arithmetic::{fraction, ln, sine_cosine};
use super::fill::{Draw, fill, fill_one_by_one};
use super::lanes::{self, LANES, Lanes};
use super::stream::{Kind, Stream};

/// The largest magnitude that a standard normal draw can have: √(−2 ln 2⁻³³).
///
/// A true normal variable exceeds it once in 7·10¹⁰ draws.
pub const LARGEST_NORMAL: f64 = 6.763_705_635_001_895;

/// Normal with the given mean and standard deviation: `out[i]` is element `start` + i.
///
/// From 32 + 32 random bits per pair, computed in `f32` to within 3·10⁻⁷ of the exact standard
/// normal numbers of those bits, relative to their distance from the origin. No draw is further
/// from the mean than [`LARGEST_NORMAL`] deviations, up to rounding.
pub fn fill_normal(stream: Stream, start: u64, mean: f64, deviation: f64, out: &mut [f32]) {
    let normal = Normal { mean: mean as f32, deviation: deviation as f32 };
    fill(normal, stream, start, out);
}

/// The draws of [`fill_normal`] in `f64`: from the same bits, with more digits.
pub fn fill_normal_f64(stream: Stream, start: u64, mean: f64, deviation: f64, out: &mut [f64]) {
    fill_one_by_one(Kind::Normal, stream, start, out, |words| {
        let mut z = [0.0; 4 * LANES];
        let pairs = z.chunks_exact_mut(2 * LANES).zip(words.chunks_exact(2 * LANES));
        for (z, words) in pairs {
            for lane in 0..LANES {
                let radius = (-2.0 * ln(fraction(words[lane]))).sqrt();
                let (sine, cosine) = sine_cosine(words[LANES + lane]);
                z[lane] = mean + deviation * (radius * cosine);
                z[LANES + lane] = mean + deviation * (radius * sine);
            }
        }
        z
    });
}

/// A normal distribution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Normal {
    pub(super) mean: f32,
    pub(super) deviation: f32,
}

impl Draw for Normal {
    const KIND: Kind = Kind::Normal;

    #[inline(always)]
    fn draw<L: Lanes>(self, l: L, [a, b, c, d]: [L::Bits; 4]) -> [L::Number; 4] {
        let ([first, second], [third, fourth]) = (self.pair(l, a, b), self.pair(l, c, d));
        [first, second, third, fourth]
    }
}

impl Normal {
    #[inline(always)]
    fn pair<L: Lanes>(self, l: L, distance: L::Bits, turn: L::Bits) -> [L::Number; 2] {
        let radius = l.sqrt(lanes::squared_radius(l, distance));
        let (sine, cosine) = lanes::sine_cosine(l, turn);
        let (deviation, mean) = (l.number(self.deviation), l.number(self.mean));
        [l.fma(l.mul(radius, cosine), deviation, mean), l.fma(l.mul(radius, sine), deviation, mean)]
    }
}
