//! Orders and draws that are functions of a seed and a name, and of nothing else.
//!
//! Generator: `SplitMix64` (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number
//! generators"), started from the seed and the FNV-1a hash of the name.

/// The numbers 0 to `count` − 1 in an order that `seed` and `name` decide, by Fisher and Yates.
///
/// ```
/// use fanin::data::shuffled;
/// assert_eq!(shuffled(100, 7, "epoch 3"), shuffled(100, 7, "epoch 3"));
/// assert_ne!(shuffled(100, 7, "epoch 3"), shuffled(100, 7, "epoch 4"));
/// ```
pub fn shuffled(count: usize, seed: u64, name: &str) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    shuffle(&mut order, &mut SplitMix64::named(seed, name));
    order
}

/// Puts items into a random order, each with the same probability.
pub(super) fn shuffle<T>(items: &mut [T], random: &mut SplitMix64) {
    for last in (1..items.len()).rev() {
        items.swap(last, random.below(last as u64 + 1) as usize);
    }
}

/// A generator of 64-bit numbers.
#[derive(Clone, Debug)]
pub(super) struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The generator that belongs to a seed and a name.
    pub(super) fn named(seed: u64, name: &str) -> Self {
        const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const FNV_PRIME: u64 = 0x0100_0000_01b3;
        let hash = name.bytes().fold(FNV_OFFSET, |h, b| (h ^ u64::from(b)).wrapping_mul(FNV_PRIME));
        let mut seeded = Self::new(seed);
        Self::new(seeded.next() ^ hash)
    }

    pub(super) fn next(&mut self) -> u64 {
        const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, each equally likely (Lemire 2019, "Fast random integer generation
    /// in an interval").
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// A number in (0, 1).
    pub(super) fn open_unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// A draw from N(0, 1), by Box and Muller; the same bits on every machine.
    pub(super) fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(self.open_unit()));
        radius * libm::cos(2.0 * std::f64::consts::PI * self.open_unit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_numbers_are_those_of_the_published_generator() {
        let mut random = SplitMix64::new(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn shuffle_gives_every_order_equally_often() {
        let mut counts = std::collections::HashMap::new();
        for seed in 0..6_000 {
            *counts.entry(shuffled(3, seed, "law")).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        // Binomial(6000, 1/6) has a deviation of 29; five of them are met by chance once in 10⁶.
        assert!(counts.values().all(|&count: &i32| (count - 1000).abs() < 145), "{counts:?}");
    }

    #[test]
    fn normal_draws_have_mean_0_and_variance_1() {
        let mut random = SplitMix64::new(3);
        let draws: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let square = draws.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.035 && (square - 1.0).abs() < 0.05, "{mean} {square}");
    }
}
