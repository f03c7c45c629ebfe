//! Seeds of Keras: a number and a count of draws; and where layers without a seed take theirs.

use crate::init::like::mersenne_twister::MersenneTwister;

/// The pair that every draw of Keras takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The number that the caller gave.
    pub number: i64,
    /// How many draws came before; 0 for an initializer that was given a number.
    pub count: u32,
}

impl Seed {
    /// The seed of an initializer with `seed=number`: the same values at every call.
    pub fn new(number: i64) -> Self {
        Self { number, count: 0 }
    }
}

/// `keras.random.SeedGenerator(number)`: each call of [`next_seed`](Self::next_seed) gives another seed.
///
/// ```
/// use fanin::init::like::keras::{Seed, SeedGenerator};
/// let mut generator = SeedGenerator::new(7);
/// assert_eq!(generator.next_seed(), Seed { number: 7, count: 0 });
/// assert_eq!(generator.next_seed(), Seed { number: 7, count: 1 });
/// ```
#[derive(Clone, Debug)]
pub struct SeedGenerator(Seed);

impl SeedGenerator {
    /// The generator before its first draw.
    pub fn new(number: i64) -> Self {
        Self(Seed::new(number))
    }

    /// The seed of the next draw.
    pub fn next_seed(&mut self) -> Seed {
        let seed = self.0;
        self.0.count = self.0.count.wrapping_add(1);
        seed
    }
}

/// Python's `random` after `random.seed(seed)`, from which unseeded layers take their seeds.
pub(super) struct PythonRandom(MersenneTwister);

impl PythonRandom {
    pub(super) fn new(seed: u32) -> Self {
        Self(MersenneTwister::from_key(&[seed]))
    }

    /// `random.randint(1, 10**9)`, which rejects numbers of 30 bits that are too large.
    pub(super) fn default_seed(&mut self) -> Seed {
        const NUMBERS: u32 = 1_000_000_000;
        const BITS: u32 = 30;
        loop {
            let number = self.0.next_u32() >> (32 - BITS);
            if number < NUMBERS {
                return Seed::new(i64::from(number) + 1);
            }
        }
    }
}
