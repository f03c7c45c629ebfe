//! The random numbers of one name under one seed, each at its own index.

use super::philox::philox4x32;

/// Words in a block, the unit that one call of the generator yields.
const WORDS: u64 = 4;

/// What is drawn; kinds never share random bits, whatever the seed, name and index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bits = 0,
    Below = 1,
    Uniform = 2,
    Normal = 3,
    TruncatedNormal = 4,
}

/// The random numbers of one name under one seed.
///
/// ```
/// use fanin_kernels::random::Stream;
/// let weights = Stream::new(42, "0.weight");
/// assert_eq!(weights.bits(7), Stream::new(42, "0.weight").bits(7));
/// assert_ne!(weights.bits(7), Stream::new(42, "2.weight").bits(7));
/// assert_ne!(weights.bits(7), Stream::new(43, "0.weight").bits(7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stream {
    seed: u64,
    name: u64,
}

impl Stream {
    /// The stream of `name` under `seed`.
    pub fn new(seed: u64, name: &str) -> Self {
        Self { seed, name: hash(FNV_OFFSET, name.as_bytes()) }
    }

    /// The stream of one numbered part of this one: an epoch, a step, a sample.
    ///
    /// Numbers may be added one after the other; (1, 2) and (2, 1) differ.
    #[must_use]
    pub fn numbered(self, number: u64) -> Self {
        /// A byte that no UTF-8 text contains, so that no name equals a name with a number.
        const SEPARATOR: u8 = 0xFF;
        let name = hash(self.name, &[SEPARATOR]);
        Self { name: hash(name, &number.to_le_bytes()), ..self }
    }

    /// 32 random bits.
    pub fn bits(self, index: u64) -> u32 {
        self.block(Kind::Bits, index / WORDS)[(index % WORDS) as usize]
    }

    /// An integer in 0..`count`, all equally likely to within `count` / 2⁶⁴.
    ///
    /// # Panics
    /// If `count` is 0.
    pub fn below(self, count: u64, index: u64) -> u64 {
        assert!(count > 0, "there is no integer below 0 to draw");
        let words = self.block(Kind::Below, index / 2);
        let half = 2 * (index % 2) as usize;
        let random = u64::from(words[half]) | u64::from(words[half + 1]) << 32;
        ((u128::from(random) * u128::from(count)) >> 64) as u64
    }

    /// The four words of block `block`.
    pub(super) fn block(self, kind: Kind, block: u64) -> [u32; 4] {
        philox4x32(self.counter(kind, block), self.key())
    }

    /// The generator's counter for a block.
    pub(super) fn counter(self, kind: Kind, block: u64) -> [u32; 4] {
        debug_assert!(block < 1 << 56, "a stream has 2^56 blocks");
        let high = (block >> 32) as u32 & 0x00FF_FFFF | (kind as u32) << 24;
        [block as u32, high, self.name as u32, (self.name >> 32) as u32]
    }

    /// The generator's key.
    pub(super) fn key(self) -> [u32; 2] {
        [self.seed as u32, (self.seed >> 32) as u32]
    }
}

/// FNV-1a of 64 bits (Fowler, Noll & Vo; RFC 9923): stable, and different for any two texts of
/// equal length that differ in one byte.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

fn hash(state: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(state, |state, &byte| (state ^ u64::from(byte)).wrapping_mul(FNV_PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_hashed_as_published() {
        let of = |text: &str| hash(FNV_OFFSET, text.as_bytes());
        assert_eq!(of(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(of("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(of("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn kinds_names_numbers_and_indices_never_share_a_block() {
        let stream = Stream::new(1, "w");
        let streams = [stream, Stream::new(1, "w0"), stream.numbered(0), stream.numbered(1)];
        let kinds = [Kind::Bits, Kind::Below, Kind::Uniform, Kind::Normal, Kind::TruncatedNormal];
        let mut seen = std::collections::HashSet::new();
        for stream in streams {
            for kind in kinds {
                for block in [0, 1, 1 << 31, 1 << 32, (1 << 56) - 1] {
                    assert!(seen.insert(stream.block(kind, block)), "{stream:?} {kind:?} {block}");
                }
            }
        }
    }

    #[test]
    fn below_stays_below_and_reaches_everything() {
        let stream = Stream::new(3, "order");
        let mut counts = [0; 7];
        for index in 0..7_000 {
            counts[stream.below(7, index) as usize] += 1;
        }
        // Each count is binomial with mean 1000 and deviation 29; 6 deviations fail once in 10⁸.
        assert!(counts.iter().all(|&c: &i32| (c - 1000).abs() < 176), "{counts:?}");
        assert_eq!(stream.below(1, 5), 0);
    }
}
