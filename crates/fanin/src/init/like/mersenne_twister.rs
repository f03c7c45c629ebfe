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

    /// The generator after seeding with a key of one word or more (`init_by_array`).
    pub fn from_key(key: &[u32]) -> Self {
        const BASE: u32 = 19_650_218;
        let mut generator = Self::new(BASE);
        let words = &mut generator.words;
        let mixed = |words: &[u32; WORDS], index: usize, factor: u32| {
            let previous = words[index - 1];
            words[index] ^ (previous ^ (previous >> 30)).wrapping_mul(factor)
        };
        let mut index = 1;
        let mut advance = |words: &mut [u32; WORDS], word: u32| {
            words[index] = word;
            index += 1;
            if index == WORDS {
                words[0] = words[WORDS - 1];
                index = 1;
            }
            index
        };
        let mut place = 1;
        for round in 0..WORDS.max(key.len()) {
            let number = round % key.len();
            let word = mixed(words, place, 1_664_525);
            place = advance(words, word.wrapping_add(key[number]).wrapping_add(number as u32));
        }
        for _ in 1..WORDS {
            let word = mixed(words, place, 1_566_083_941).wrapping_sub(place as u32);
            place = advance(words, word);
        }
        words[0] = 0x8000_0000;
        generator
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

    /// The first words that the authors publish for this key (`mt19937ar.out`).
    #[test]
    fn words_of_a_key_are_those_of_the_authors() {
        let mut generator = MersenneTwister::from_key(&[0x123, 0x234, 0x345, 0x456]);
        let words: Vec<u32> = (0..3).map(|_| generator.next_u32()).collect();
        assert_eq!(words, [1_067_595_299, 955_945_823, 477_289_528]);
    }
}
