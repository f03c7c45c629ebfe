//! MT19937, the generator of PyTorch on a CPU and of NumPy's `RandomState`.
//!
//! Source: Matsumoto and Nishimura 1998, "Mersenne Twister: a 623-dimensionally equidistributed
//! uniform pseudorandom number generator", with the seeding of their revision of 2002.

/// Words of state.
const WORDS: usize = 624;
/// Distance of the second word that a new word is made of.
const MIDDLE: usize = 397;
const TWIST: u32 = 0x9908_b0df;
const SEEDING_FACTOR: u32 = 1_812_433_253;

/// The state of MT19937, and how far its present words are used up.
#[derive(Clone, Debug)]
pub struct MersenneTwister {
    words: [u32; WORDS],
    next: usize,
}

impl MersenneTwister {
    /// The generator after seeding with one word.
    pub fn new(seed: u32) -> Self {
        let mut words = [seed; WORDS];
        for index in 1..WORDS {
            let previous = words[index - 1];
            let mixed = SEEDING_FACTOR.wrapping_mul(previous ^ (previous >> 30));
            words[index] = mixed.wrapping_add(index as u32);
        }
        Self { words, next: WORDS }
    }

    /// The next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.next == WORDS {
            self.twist();
        }
        let mut word = self.words[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn twist(&mut self) {
        let words = &mut self.words;
        let twisted = |upper: u32, lower: u32| {
            let joined = (upper & 0x8000_0000) | (lower & 0x7fff_ffff);
            (joined >> 1) ^ if lower & 1 == 1 { TWIST } else { 0 }
        };
        for index in 0..WORDS - MIDDLE {
            words[index] = words[index + MIDDLE] ^ twisted(words[index], words[index + 1]);
        }
        for index in WORDS - MIDDLE..WORDS - 1 {
            words[index] = words[index + MIDDLE - WORDS] ^ twisted(words[index], words[index + 1]);
        }
        words[WORDS - 1] = words[MIDDLE - 1] ^ twisted(words[WORDS - 1], words[0]);
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::MersenneTwister;

    #[test]
    fn the_ten_thousandth_word_is_that_of_the_cpp_standard() {
        let mut generator = MersenneTwister::new(5489);
        let word = (0..10_000).map(|_| generator.next_u32()).last();
        assert_eq!(word, Some(4_123_659_995));
    }
}
