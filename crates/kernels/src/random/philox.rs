//! The counter-based generator Philox4x32-10.
//!
//! Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. It passes
//! `BigCrush` for consecutive counters as for consecutive keys.

use super::lanes::{LANES, Lanes};

const ROUNDS: usize = 10;
/// Multipliers of the paper's table 2.
const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// Increments of the key: the golden ratio and √3 − 1, as fractions of 2³².
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// Four random words for a counter of 128 bits and a key of 64.
///
/// ```
/// use fanin_kernels::random::philox4x32;
/// assert_eq!(philox4x32([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
/// ```
pub fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let first = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let second = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

/// Four random words for each of sixteen counters at a time, one after the other.
///
/// Counters differ in their first word alone, which must not wrap. So most of the first two rounds
/// is the same for all of them, and the product of the first words only grows.
#[derive(Clone, Copy)]
pub(super) struct Lockstep<L: Lanes> {
    /// The first words times their multiplier.
    product: L::Wide,
    rest: [u32; 3],
    key: [u32; 2],
}

impl<L: Lanes> Lockstep<L> {
    #[inline(always)]
    pub(super) fn new(l: L, key: [u32; 2], [first, rest @ ..]: [u32; 4]) -> Self {
        Self { product: multiply(l, l.widen(l.count_from(first)), 0), rest, key }
    }

    /// The words of the present counters.
    ///
    /// The rounds are written out, and nothing is left to `array::map`: calls that the compiler does not
    /// inline cost a third of the speed.
    #[inline(always)]
    pub(super) fn words(&self, l: L) -> [L::Bits; 4] {
        let key = |round: usize| {
            let at = |k: usize| self.key[k].wrapping_add(WEYL[k].wrapping_mul(round as u32));
            [l.wide(u64::from(at(0))), l.wide(u64::from(at(1)))]
        };
        let wide = |word: u32| l.wide(u64::from(word));
        let [a, b, c] = [wide(self.rest[0]), wide(self.rest[1]), wide(self.rest[2])];
        let counter = mix(l, [self.product, multiply(l, b, 1)], [a, c], key(0));
        let counter = round(l, counter, key(1));
        let counter = round(l, counter, key(2));
        let counter = round(l, counter, key(3));
        let counter = round(l, counter, key(4));
        let counter = round(l, counter, key(5));
        let counter = round(l, counter, key(6));
        let counter = round(l, counter, key(7));
        let [a, b, c, d] = round(l, counter, key(8));
        // The last round on half as many vectors: all that is not a product fits into 32 bits.
        let (first, second) = (multiply(l, a, 0), multiply(l, c, 1));
        let [even, odd] = key(9);
        let (even, odd) = (l.narrow(even), l.narrow(odd));
        [
            l.xor(l.xor(l.narrow_upper(second), l.narrow(b)), even),
            l.narrow(second),
            l.xor(l.xor(l.narrow_upper(first), l.narrow(d)), odd),
            l.narrow(first),
        ]
    }

    /// Goes on to the next counters.
    #[inline(always)]
    pub(super) fn advance(&mut self, l: L) {
        let step = l.wide((L::SETS * LANES) as u64 * u64::from(MULTIPLIERS[0]));
        self.product = l.add_wide(self.product, step);
    }
}

#[inline(always)]
fn round<L: Lanes>(l: L, [a, b, c, d]: [L::Wide; 4], key: [L::Wide; 2]) -> [L::Wide; 4] {
    mix(l, [multiply(l, a, 0), multiply(l, c, 1)], [b, d], key)
}

#[inline(always)]
fn multiply<L: Lanes>(l: L, words: L::Wide, which: usize) -> L::Wide {
    l.multiply_wide(words, l.wide(u64::from(MULTIPLIERS[which])))
}

/// What a round makes of two products and the words between them; only lower halves are meant.
#[inline(always)]
fn mix<L: Lanes>(
    l: L,
    [first, second]: [L::Wide; 2],
    [b, d]: [L::Wide; 2],
    key: [L::Wide; 2],
) -> [L::Wide; 4] {
    [
        l.xor_wide(l.xor_wide(l.upper(second), b), key[0]),
        second,
        l.xor_wide(l.xor_wide(l.upper(first), d), key[1]),
        first,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers published with the authors' Random123 library (`kat_vectors`).
    #[test]
    fn published_answers_are_met() {
        let ones = u32::MAX;
        assert_eq!(
            philox4x32([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox4x32([ones; 4], [ones; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }
}
