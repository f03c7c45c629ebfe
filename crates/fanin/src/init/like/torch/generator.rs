//! `torch.Generator` of the CPU and the tensor methods that draw from it.

use super::element::sealed::Arithmetic;
use super::{Element, truncated};
use crate::error::{Error, Result};
use crate::init::like::mersenne_twister::MersenneTwister;

/// Which of PyTorch's kernels ran: they differ in the last bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Build {
    /// With fused multiply-add: x86-64 with AVX2 or AVX-512, which nearly every machine has.
    #[default]
    Fused,
    /// Without: `ATEN_CPU_CAPABILITY=default`, and the shape of builds for other processors.
    Plain,
}

/// The state that `torch.manual_seed` sets.
///
/// ```
/// use fanin::init::like::torch::{Build, Generator};
///
/// let mut generator = Generator::new(42, Build::Fused);
/// let mut values = [0f32; 4];
/// generator.uniform(&mut values, 0.0, 1.0)?;
/// assert_eq!(values, [0.88226926, 0.91500396, 0.38286376, 0.95930564]);
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Generator {
    pub(super) bits: MersenneTwister,
    pub(super) build: Build,
    /// The second number of a pair of which a tensor of fewer than 16 numbers took the first.
    spare_normal: Option<f64>,
}

impl Generator {
    /// The generator after `torch.manual_seed(seed)`, which ignores the upper half of the seed.
    pub fn new(seed: u64, build: Build) -> Self {
        Self { bits: MersenneTwister::new(seed as u32), build, spare_normal: None }
    }

    /// Fills a tensor as `uniform_(low, high)`.
    ///
    /// # Errors
    /// If a bound or their distance is no finite number of the tensor's type, or `low` is above
    /// `high`.
    pub fn uniform<E: Element>(&mut self, out: &mut [E], low: f64, high: f64) -> Result<()> {
        let (low_element, high_element) = (E::rounded(low), E::rounded(high));
        let (from, to) = (E::Wide::from_f64(low), E::Wide::from_f64(high));
        let ends = [low_element, high_element].map(|end| end.to_wide().to_f64());
        let width = E::rounded(high - low).to_wide().to_f64();
        if !(ends[0].is_finite() && ends[1].is_finite() && width.is_finite() && low <= high) {
            return Err(Error::Setting {
                place: "uniform_ of torch".to_owned(),
                found: format!("bounds {low} and {high}"),
                expected: "two numbers of the tensor's type, the lower first".to_owned(),
            });
        }
        for value in out {
            let drawn = E::from_wide(E::Wide::uniform(&mut self.bits, self.build, from, to));
            *value = if drawn == high_element { low_element } else { drawn };
        }
        Ok(())
    }

    /// Fills a contiguous tensor as `normal_(mean, deviation)`.
    ///
    /// # Errors
    /// If the mean is not finite, or the deviation is negative or not finite.
    pub fn normal<E: Element>(&mut self, out: &mut [E], mean: f64, deviation: f64) -> Result<()> {
        if !(mean.is_finite() && deviation.is_finite() && deviation >= 0.0) {
            return Err(Error::Setting {
                place: "normal_ of torch".to_owned(),
                found: format!("mean {mean} and deviation {deviation}"),
                expected: "two numbers, the second not negative".to_owned(),
            });
        }
        if out.len() < 16 {
            out.fill_with(|| E::rounded(self.single_normal(mean, deviation)));
        } else {
            self.normal_blocks(out, E::Wide::from_f64(mean), E::Wide::from_f64(deviation));
        }
        Ok(())
    }

    /// Fills a tensor as `torch.nn.init.trunc_normal_` of PyTorch 2.12 and later does.
    ///
    /// `low` and `high` are values, not multiples of the deviation.
    ///
    /// # Errors
    /// If the deviation is not positive, a number is not finite, `low` is not below `high`, or
    /// next to no normal number lies between them, so that PyTorch would draw without end.
    pub fn truncated_normal<E: Element>(
        &mut self,
        out: &mut [E],
        mean: f64,
        deviation: f64,
        low: f64,
        high: f64,
    ) -> Result<()> {
        truncated::fill(self, out, mean, deviation, low, high)
    }

    /// The indices 0 … `count` − 1 in the order of `torch.randperm(count)`.
    ///
    /// # Errors
    /// From 214,748,364 on, where PyTorch changes to another algorithm.
    pub fn permutation(&mut self, count: u32) -> Result<Vec<u32>> {
        if count >= u32::MAX / 20 {
            return Err(Error::Setting {
                place: "randperm of torch".to_owned(),
                found: format!("{count} indices"),
                expected: format!("fewer than {}", u32::MAX / 20),
            });
        }
        let mut order: Vec<u32> = (0..count).collect();
        for index in 0..count.saturating_sub(1) {
            let step = self.bits.next_u32() % (count - index);
            order.swap(index as usize, (index + step) as usize);
        }
        Ok(order)
    }

    /// One number of a tensor of fewer than 16, always computed in `f64`.
    fn single_normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let normal = self.spare_normal.take().unwrap_or_else(|| {
            let u = f64::uniform(&mut self.bits, self.build, 0.0, 1.0);
            let v = f64::uniform(&mut self.bits, self.build, 0.0, 1.0);
            let radius = (-2.0 * (-v).ln_1p()).sqrt();
            let angle = 2.0 * std::f64::consts::PI * u;
            self.spare_normal = Some(radius * angle.sin());
            radius * angle.cos()
        });
        match self.build {
            Build::Fused => normal.mul_add(deviation, mean),
            Build::Plain => normal * deviation + mean,
        }
    }

    /// At least 16 numbers: whole blocks, then the last 16 numbers once more from new draws.
    fn normal_blocks<E: Element>(&mut self, out: &mut [E], mean: E::Wide, deviation: E::Wide) {
        let mut block = [E::Wide::ZERO; 16];
        if E::IS_NARROW {
            for chunk in out.as_chunks_mut::<16>().0 {
                block.fill_with(|| self.unit_uniform::<E>());
                E::Wide::normal_block(&mut block, self.build, mean, deviation);
                *chunk = block.map(E::from_wide);
            }
        } else {
            out.fill_with(|| E::from_wide(self.unit_uniform::<E>()));
            for chunk in out.as_chunks_mut::<16>().0 {
                block = chunk.map(E::to_wide);
                E::Wide::normal_block(&mut block, self.build, mean, deviation);
                *chunk = block.map(E::from_wide);
            }
        }
        if !out.len().is_multiple_of(16) {
            block.fill_with(|| self.unit_uniform::<E>());
            E::Wide::normal_block(&mut block, self.build, mean, deviation);
            let last = out.len() - 16;
            out[last..].copy_from_slice(&block.map(E::from_wide));
        }
    }

    fn unit_uniform<E: Element>(&mut self) -> E::Wide {
        E::Wide::uniform(&mut self.bits, self.build, E::Wide::ZERO, E::Wide::ONE)
    }
}
