//! The bits of NumPy 2 on a CPU: `numpy.random.default_rng` and `numpy.random.RandomState`.
//!
//! Uniform numbers are exact on every machine. Normal numbers use `exp`, `log` and `log1p` of
//! the platform, here in the rare cases that leave the ziggurat's layers, in [`RandomState`] for
//! every pair: exact where these are glibc's, as in NumPy's own Linux wheels.

mod seed_sequence;
mod pcg64;
mod ziggurat;
mod random_state;

#[cfg(test)]
mod tests;

use pcg64::Pcg64;

pub use random_state::RandomState;
pub use seed_sequence::SeedSequence;

/// `numpy.random.default_rng(seed)`.
///
/// ```
/// let mut generator = fanin::init::like::numpy::Generator::new(42);
/// let mut values = [0.0; 2];
/// generator.standard_normal(&mut values);
/// assert_eq!(values, [0.30471707975443135, -1.0399841062404955]);
/// ```
#[derive(Clone, Debug)]
pub struct Generator {
    bits: Pcg64,
}

impl Generator {
    /// The generator that NumPy makes of a seed.
    pub fn new(seed: u64) -> Self {
        Self::from_sequence(&SeedSequence::new(seed))
    }

    /// The generator that NumPy makes of a `SeedSequence`.
    pub fn from_sequence(sequence: &SeedSequence) -> Self {
        Self { bits: Pcg64::new(sequence) }
    }

    /// Fills `out` as `random()`: uniform in [0, 1).
    pub fn random(&mut self, out: &mut [f64]) {
        out.fill_with(|| self.bits.next_f64());
    }

    /// Fills `out` as `random(dtype=numpy.float32)`.
    pub fn random_f32(&mut self, out: &mut [f32]) {
        out.fill_with(|| self.bits.next_f32());
    }

    /// Fills `out` as `uniform(low, high)`, which NumPy has in float64 alone.
    pub fn uniform(&mut self, out: &mut [f64], low: f64, high: f64) {
        let range = high - low;
        out.fill_with(|| low + range * self.bits.next_f64());
    }

    /// Fills `out` as `standard_normal()`.
    pub fn standard_normal(&mut self, out: &mut [f64]) {
        out.fill_with(|| ziggurat::normal(&mut self.bits));
    }

    /// Fills `out` as `standard_normal(dtype=numpy.float32)`.
    pub fn standard_normal_f32(&mut self, out: &mut [f32]) {
        out.fill_with(|| ziggurat::normal_f32(&mut self.bits));
    }

    /// Fills `out` as `normal(mean, deviation)`, which NumPy has in float64 alone.
    pub fn normal(&mut self, out: &mut [f64], mean: f64, deviation: f64) {
        out.fill_with(|| mean + deviation * ziggurat::normal(&mut self.bits));
    }
}
