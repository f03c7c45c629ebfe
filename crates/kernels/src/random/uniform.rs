//! Uniform draws.

use super::fill::{Draw, fill};
use super::lanes::Lanes;
use super::stream::{Kind, Stream};

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
    fill(Uniform::new(low, high), stream, start, out);
}

/// Numbers evenly spread between two bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Uniform {
    low: f32,
    /// Half of the distance between the bounds, which is finite for all of them.
    half_width: f32,
    /// The largest number below the upper bound, which rounding might else reach.
    largest: f32,
}

impl Uniform {
    pub(super) fn new(low: f32, high: f32) -> Self {
        let half_width = (0.5 * (f64::from(high) - f64::from(low))) as f32;
        Self { low, half_width, largest: if high > low { high.next_down() } else { low } }
    }
}

impl Draw for Uniform {
    const KIND: Kind = Kind::Uniform;

    #[inline(always)]
    fn draw<L: Lanes>(self, l: L, words: [L::Bits; 4]) -> [L::Number; 4] {
        [self.one(l, words[0]), self.one(l, words[1]), self.one(l, words[2]), self.one(l, words[3])]
    }
}

impl Uniform {
    /// One number per lane.
    #[inline(always)]
    fn one<L: Lanes>(self, l: L, word: L::Bits) -> L::Number {
        const TWO_STEPS: f32 = 1.0 / 8_388_608.0;
        let k = l.signed_number(l.shift_right::<8>(word));
        let part = l.mul(k, l.number(TWO_STEPS));
        let value = l.fma(part, l.number(self.half_width), l.number(self.low));
        l.min(value, l.number(self.largest))
    }
}
