//! How `numpy.random.SeedSequence` spreads a seed over the state of a generator.
//!
//! Source: O'Neill's `seed_seq_fe`, in NumPy's constants (NEP 19, `bit_generator.pyx`).

const POOL: usize = 4;
const INPUT_START: u32 = 0x43b0_d7e5;
const INPUT_FACTOR: u32 = 0x931e_8875;
const OUTPUT_START: u32 = 0x8b51_f9dd;
const OUTPUT_FACTOR: u32 = 0x58f3_8ded;
const MIX_LEFT: u32 = 0xca01_f9dd;
const MIX_RIGHT: u32 = 0x4973_f715;

/// The pool of `SeedSequence(entropy)`.
#[derive(Clone, Debug)]
pub struct SeedSequence {
    pool: [u32; POOL],
}

impl SeedSequence {
    /// The sequence of one number, as `SeedSequence(seed)`.
    pub fn new(seed: u64) -> Self {
        Self::of_numbers(&[seed])
    }

    /// The sequence of several numbers, as `SeedSequence([a, b, …])`.
    pub fn of_numbers(numbers: &[u64]) -> Self {
        let mut words = Vec::new();
        for &number in numbers {
            words.push(number as u32);
            words.extend((number >> 32 != 0).then_some((number >> 32) as u32));
        }
        let mut hash = Hash { constant: INPUT_START, factor: INPUT_FACTOR };
        let mut pool = [0; POOL];
        for (index, place) in pool.iter_mut().enumerate() {
            *place = hash.of(words.get(index).copied().unwrap_or(0));
        }
        for source in 0..POOL {
            for target in (0..POOL).filter(|target| *target != source) {
                pool[target] = mix(pool[target], hash.of(pool[source]));
            }
        }
        for word in words.iter().skip(POOL) {
            for place in &mut pool {
                *place = mix(*place, hash.of(*word));
            }
        }
        Self { pool }
    }

    /// The first words of `generate_state(count, numpy.uint64)`.
    pub fn state<const COUNT: usize>(&self) -> [u64; COUNT] {
        let mut hash = Hash { constant: OUTPUT_START, factor: OUTPUT_FACTOR };
        let mut words = self.pool.iter().cycle().map(|word| u64::from(hash.of(*word)));
        let mut next = || words.next().expect("a cycle has no end");
        std::array::from_fn(|_| next() | next() << 32)
    }
}

struct Hash {
    constant: u32,
    factor: u32,
}

impl Hash {
    fn of(&mut self, word: u32) -> u32 {
        let word = word ^ self.constant;
        self.constant = self.constant.wrapping_mul(self.factor);
        let word = word.wrapping_mul(self.constant);
        word ^ (word >> 16)
    }
}

fn mix(left: u32, right: u32) -> u32 {
    let mixed = MIX_LEFT.wrapping_mul(left).wrapping_sub(MIX_RIGHT.wrapping_mul(right));
    mixed ^ (mixed >> 16)
}
