//! Normal draws cut to an interval, by inverting the distribution function.

use super::arithmetic::fraction;
use super::far_tail::FarTail;
use super::fill::{Draw, fill, fill_one_by_one};
use super::lanes::{self, Lanes};
use super::stream::{Kind, Stream};

/// `mean` + `deviation`·z, where z is standard normal given that `low` ≤ z ≤ `high`.
///
/// `deviation` is that of the normal variable before the cut; `low` and `high` are in units of it
/// and may be infinite, but not both the same infinity. One draw takes 32 bits and nothing is
/// rejected. z is within 5·10⁻⁷ of the exact inverse, relative to the larger of |z| and 1.
pub fn fill_truncated_normal(
    stream: Stream,
    start: u64,
    (mean, deviation): (f64, f64),
    (low, high): (f64, f64),
    out: &mut [f32],
) {
    /// Where both bounds lie beyond, probabilities leave the range of `f32`.
    const FAR: f64 = 6.0;
    // Probabilities near 0 keep their relative precision: draw the mirror image of an interval
    // above the mean.
    let (sign, near, far) = if low > 0.0 { (-1.0, -high, -low) } else { (1.0, low, high) };
    if far > -FAR {
        let cut = Truncated::new(near, far, (mean as f32, (sign * deviation) as f32));
        return fill(cut, stream, start, out);
    }
    let tail = FarTail::new(-far, -near);
    fill_one_by_one(Kind::TruncatedNormal, stream, start, out, |words| {
        words.map(|word| (mean - sign * deviation * tail.quantile(fraction(!word))) as f32)
    });
}

/// A standard normal variable cut to an interval, then scaled and moved.
///
/// With u the fraction that a word stands for, the probability below z is `below` + `width`·u and
/// that above z is `above` + `width`·(1 − u): sums of positive numbers, so the smaller of the two
/// keeps its relative precision. So does their distance from ½, `center` + `width`·(u − ½).
#[derive(Clone, Copy, Debug)]
pub(super) struct Truncated {
    below: f32,
    above: f32,
    width: f32,
    center: f32,
    bounds: (f32, f32),
    mean: f32,
    deviation: f32,
}

impl Truncated {
    pub(super) fn new(low: f64, high: f64, (mean, deviation): (f32, f32)) -> Self {
        let (from, to) = (probability_below(low), probability_below(high));
        Self {
            below: from as f32,
            above: probability_below(-high) as f32,
            width: (to - from) as f32,
            center: (0.5 * ((from - 0.5) + (to - 0.5))) as f32,
            bounds: (low as f32, high as f32),
            mean,
            deviation,
        }
    }
}

fn probability_below(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

impl Draw for Truncated {
    const KIND: Kind = Kind::TruncatedNormal;

    #[inline(always)]
    fn draw<L: Lanes>(self, l: L, words: [L::Bits; 4]) -> [L::Number; 4] {
        [self.one(l, words[0]), self.one(l, words[1]), self.one(l, words[2]), self.one(l, words[3])]
    }
}

impl Truncated {
    /// One number per lane.
    #[inline(always)]
    fn one<L: Lanes>(self, l: L, word: L::Bits) -> L::Number {
        const STEP: f32 = 1.0 / 4_294_967_296.0;
        let width = l.number(self.width);
        let from_middle = l.signed_number(l.xor(word, l.bits(1 << 31)));
        let from_middle = l.fma(from_middle, l.number(STEP), l.number(0.5 * STEP));
        let complement = l.xor(word, l.bits(u32::MAX));
        let below = l.fma(lanes::fraction(l, word), width, l.number(self.below));
        let above = l.fma(lanes::fraction(l, complement), width, l.number(self.above));
        let y = l.fma(from_middle, width, l.number(self.center));
        let z = lanes::quantile(l, y, l.min(below, above));
        let z = l.min(l.max(z, l.number(self.bounds.0)), l.number(self.bounds.1));
        l.fma(z, l.number(self.deviation), l.number(self.mean))
    }
}
