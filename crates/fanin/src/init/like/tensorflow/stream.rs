//! Where TensorFlow's random words come from: Philox4x32-10, scrambled by the seed.

use fanin_kernels::random::philox4x32;

/// The key with which seeds are scrambled.
const SCRAMBLER: [u32; 2] = [0x3EC8_F720, 0x0246_1E29];

/// The pair that TensorFlow takes as `seed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub [i64; 2]);

/// The blocks of four words that belong to a seed.
#[derive(Clone, Copy)]
pub(super) struct Stream {
    key: [u32; 2],
    counter: [u32; 2],
}

impl Stream {
    pub(super) fn new(seed: Seed) -> Self {
        let [first, second] = seed.0.map(|half| [half as u32, (half >> 32) as u32]);
        let [a, b, c, d] = philox4x32([first[0], first[1], second[0], second[1]], SCRAMBLER);
        Self { key: [a, b], counter: [c, d] }
    }

    /// Block `index`: 64 bits of the counter are the index, 64 the seed's.
    pub(super) fn block(self, index: u64) -> [u32; 4] {
        let [c, d] = self.counter;
        philox4x32([index as u32, (index >> 32) as u32, c, d], self.key)
    }
}
