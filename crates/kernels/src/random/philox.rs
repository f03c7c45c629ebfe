//! The counter-based generator Philox4x32-10.
//!
//! Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. It passes
//! `BigCrush` for consecutive counters as for consecutive keys.

use super::lanes::Lanes;

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

/// The keys of all rounds, on lanes.
#[inline(always)]
pub(super) fn keys<L: Lanes>(l: L, [first, second]: [u32; 2]) -> [[L::Wide; 2]; ROUNDS] {
    std::array::from_fn(|round| {
        let of = |key: u32, step: u32| l.wide(key.wrapping_add(step.wrapping_mul(round as u32)));
        [of(first, WEYL[0]), of(second, WEYL[1])]
    })
}

/// Four random words for each of sixteen counters, which differ in their first word alone.
///
/// The rounds are written out, so that the keys stay in registers.
#[inline(always)]
pub(super) fn philox4x32_lanes<L: Lanes>(
    l: L,
    [first, rest @ ..]: [u32; 4],
    keys: &[[L::Wide; 2]; ROUNDS],
) -> [L::Bits; 4] {
    let [a, b, c] = rest.map(|word| l.wide(word));
    let counter = [l.widen(l.count_from(first)), a, b, c];
    let counter = round(l, counter, keys[0]);
    let counter = round(l, counter, keys[1]);
    let counter = round(l, counter, keys[2]);
    let counter = round(l, counter, keys[3]);
    let counter = round(l, counter, keys[4]);
    let counter = round(l, counter, keys[5]);
    let counter = round(l, counter, keys[6]);
    let counter = round(l, counter, keys[7]);
    let counter = round(l, counter, keys[8]);
    let [a, b, c, d] = round(l, counter, keys[9]);
    [l.narrow(a), l.narrow(b), l.narrow(c), l.narrow(d)]
}

#[inline(always)]
fn round<L: Lanes>(l: L, counter: [L::Wide; 4], key: [L::Wide; 2]) -> [L::Wide; 4] {
    let (first_high, first_low) = l.multiply_wide(counter[0], l.wide(MULTIPLIERS[0]));
    let (second_high, second_low) = l.multiply_wide(counter[2], l.wide(MULTIPLIERS[1]));
    [
        l.xor_wide(l.xor_wide(second_high, counter[1]), key[0]),
        second_low,
        l.xor_wide(l.xor_wide(first_high, counter[3]), key[1]),
        first_low,
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
