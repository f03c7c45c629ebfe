//! The libraries on which Keras runs, and how each draws for a seed of Keras.

use super::seed::Seed;
use crate::error::{Error, Result};
use crate::init::like::{elements, jax, numpy, tensorflow, torch};

/// A library on which Keras runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// `KERAS_BACKEND=tensorflow`.
    TensorFlow,
    /// `KERAS_BACKEND=jax`.
    Jax,
    /// `KERAS_BACKEND=torch`, on a processor with fused products.
    Torch,
    /// `KERAS_BACKEND=numpy`.
    Numpy,
}

impl Backend {
    /// `keras.random.uniform(shape, low, high, seed=seed)`.
    pub(super) fn uniform(self, seed: Seed, low: f64, high: f64, out: &mut [f32]) -> Result<()> {
        let (low_single, high_single) = (low as f32, high as f32);
        match self {
            Self::TensorFlow => {
                tensorflow::fill_uniform(tensorflow_seed(seed), low_single, high_single, out);
            }
            Self::Jax => jax::fill_uniform(jax_key(seed)?, 0, low_single, high_single, out),
            Self::Torch => {
                torch_generator(seed).uniform(out, 0.0, 1.0)?;
                stretch(out, (high - low) as f32, low_single);
            }
            Self::Numpy => {
                let mut generator = numpy_generator(seed)?;
                narrow(out, |wide| generator.uniform(wide, low, high));
            }
        }
        Ok(())
    }

    /// `keras.random.normal(shape, mean, deviation, seed=seed)`.
    pub(super) fn normal(
        self,
        seed: Seed,
        mean: f64,
        deviation: f64,
        out: &mut [f32],
    ) -> Result<()> {
        let (mean_single, deviation_single) = (mean as f32, deviation as f32);
        match self {
            Self::TensorFlow => {
                let seed = tensorflow_seed(seed);
                tensorflow::fill_normal(seed, mean_single, deviation_single, out);
            }
            Self::Jax => {
                jax::fill_normal(jax_key(seed)?, 0, out);
                stretch(out, deviation_single, mean_single);
            }
            Self::Torch => torch_generator(seed).normal(out, mean, deviation)?,
            Self::Numpy => {
                let mut generator = numpy_generator(seed)?;
                narrow(out, |wide| generator.normal(wide, mean, deviation));
            }
        }
        Ok(())
    }

    /// `keras.random.truncated_normal(shape, mean, deviation, seed=seed)`.
    pub(super) fn truncated_normal(
        self,
        seed: Seed,
        mean: f64,
        deviation: f64,
        out: &mut [f32],
    ) -> Result<()> {
        let (mean_single, deviation_single) = (mean as f32, deviation as f32);
        match self {
            Self::TensorFlow => {
                let seed = tensorflow_seed(seed);
                tensorflow::fill_truncated_normal(seed, mean_single, deviation_single, out);
            }
            Self::Jax => {
                jax::fill_truncated_normal(jax_key(seed)?, 0, out);
                stretch(out, deviation_single, mean_single);
            }
            Self::Torch => {
                first_of_four(seed, out)?;
                stretch(out, deviation_single, mean_single);
            }
            Self::Numpy => filter_within(seed, mean, deviation, out)?,
        }
        Ok(())
    }
}

/// Keras keeps 64 bits and hands TensorFlow their remainder.
fn tensorflow_seed(seed: Seed) -> tensorflow::Seed {
    const MODULUS: i64 = i32::MAX as i64 - 1;
    tensorflow::Seed([seed.number, i64::from(seed.count)].map(|part| part.rem_euclid(MODULUS)))
}

/// The pair is taken as a raw key, so Keras' seed 42 is not `jax.random.key(42)`.
fn jax_key(seed: Seed) -> Result<jax::Key> {
    Ok(jax::Key([unsigned(seed)?, seed.count]))
}

/// The pair becomes one number of 32 bits: number and count are added.
fn torch_generator(seed: Seed) -> torch::Generator {
    let sum = (seed.number as u32).wrapping_add(seed.count);
    torch::Generator::new(u64::from(sum), torch::Build::Fused)
}

fn numpy_generator(seed: Seed) -> Result<numpy::Generator> {
    let entropy = [unsigned(seed)?, seed.count].map(u64::from);
    Ok(numpy::Generator::from_sequence(&numpy::SeedSequence::of_numbers(&entropy)))
}

fn unsigned(seed: Seed) -> Result<u32> {
    u32::try_from(seed.number).map_err(|_| Error::Setting {
        place: "seed of Keras on JAX or NumPy".to_owned(),
        found: seed.number.to_string(),
        expected: "a number from 0 to 4294967295, as Keras expects there".to_owned(),
    })
}

fn stretch(out: &mut [f32], factor: f32, offset: f32) {
    out.iter_mut().for_each(|x| *x = *x * factor + offset);
}

/// Draws in `f64`, piece by piece, rounded to `f32`.
fn narrow(out: &mut [f32], mut draw: impl FnMut(&mut [f64])) {
    let mut wide = [0.0; 1024];
    for piece in out.chunks_mut(wide.len()) {
        let wide = &mut wide[..piece.len()];
        draw(wide);
        piece.iter_mut().zip(wide).for_each(|(x, wide)| *x = *wide as f32);
    }
}

/// Of four standard normal numbers per element the first within ±2, or the first of all where
/// none is, as happens to 4 elements in a million.
fn first_of_four(seed: Seed, out: &mut [f32]) -> Result<()> {
    const CUT: f32 = 2.0;
    let mut drawn = elements::filled("truncated normal of Keras on torch", &[out.len(), 4], 0.0)?;
    torch_generator(seed).normal(&mut drawn, 0.0, 1.0)?;
    for (x, candidates) in out.iter_mut().zip(drawn.chunks_exact(4)) {
        *x = candidates.iter().copied().find(|z| z.abs() < CUT).unwrap_or(candidates[0]);
    }
    Ok(())
}

/// The numbers within two deviations, in the order in which they come.
fn filter_within(seed: Seed, mean: f64, deviation: f64, out: &mut [f32]) -> Result<()> {
    let within = mean - 2.0 * deviation..=mean + 2.0 * deviation;
    let mut generator = numpy_generator(seed)?;
    for x in out {
        let mut wide = [f64::INFINITY];
        while !within.contains(&wide[0]) {
            generator.normal(&mut wide, mean, deviation);
        }
        *x = wide[0] as f32;
    }
    Ok(())
}
