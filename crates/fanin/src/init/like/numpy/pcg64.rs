//! PCG64 (XSL-RR 128/64), the generator behind `numpy.random.default_rng`.
//!
//! Source: O'Neill 2014, "PCG: a family of simple fast space-efficient statistically good
//! algorithms for random number generation".

use super::SeedSequence;

const MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;

/// A 128-bit linear congruential state, and half of a word that nobody has taken yet.
#[derive(Clone, Debug)]
pub(super) struct Pcg64 {
    state: u128,
    increment: u128,
    upper_half: Option<u32>,
}

impl Pcg64 {
    pub(super) fn new(seed: &SeedSequence) -> Self {
        let [state_high, state_low, stream_high, stream_low] = seed.state::<4>().map(u128::from);
        let increment = (((stream_high << 64) | stream_low) << 1) | 1;
        let start = increment.wrapping_add((state_high << 64) | state_low);
        let mut generator = Self { state: start, increment, upper_half: None };
        generator.step();
        generator
    }

    fn step(&mut self) {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }

    pub(super) fn next_u64(&mut self) -> u64 {
        self.step();
        let (high, low) = ((self.state >> 64) as u64, self.state as u64);
        (high ^ low).rotate_right((high >> 58) as u32)
    }

    /// Half of a word: the lower first, and the upper half at the next call.
    pub(super) fn next_u32(&mut self) -> u32 {
        if let Some(half) = self.upper_half.take() {
            return half;
        }
        let word = self.next_u64();
        self.upper_half = Some((word >> 32) as u32);
        word as u32
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    pub(super) fn next_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * 2f64.powi(-53)
    }

    /// Uniform in [0, 1), a multiple of 2⁻²⁴.
    pub(super) fn next_f32(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 * 2f32.powi(-24)
    }
}
