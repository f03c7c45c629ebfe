//! JAX's random keys: made from a seed, split, folded, and turned into bits.

use super::threefry::threefry2x32;

/// A key of JAX's default generator; `jax.random.key_data` shows its two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(pub [u32; 2]);

impl Key {
    /// `jax.random.key(seed)` where 64-bit types are off, as they are unless switched on.
    ///
    /// Only the low 32 bits of the seed count: 5 and 2³³ + 5 give the same key.
    ///
    /// ```
    /// use fanin::init::like::jax::Key;
    /// assert_eq!(Key::new(42), Key([0, 42]));
    /// assert_eq!(Key::new(-1), Key([0, u32::MAX]));
    /// assert_eq!(Key::new(42).split(2)[0], Key([1832780943, 270669613]));
    /// ```
    pub fn new(seed: i64) -> Self {
        Self([0, seed as u32])
    }

    /// `jax.random.key(seed)` where 64-bit types are on (`jax_enable_x64`).
    pub fn new_x64(seed: i64) -> Self {
        Self([(seed >> 32) as u32, seed as u32])
    }

    /// `jax.random.fold_in(key, data)`.
    pub fn fold_in(self, data: u32) -> Self {
        Self(threefry2x32(self.0, [0, data]))
    }

    /// `jax.random.split(key, number)`: key i is that of `fold_in(i)`.
    pub fn split(self, number: u32) -> Vec<Self> {
        (0..number).map(|i| self.fold_in(i)).collect()
    }

    /// Element `index` of `jax.random.bits(key, shape)`, counted row by row.
    pub fn bits(self, index: u64) -> u32 {
        let [first, second] = threefry2x32(self.0, [(index >> 32) as u32, index as u32]);
        first ^ second
    }
}
