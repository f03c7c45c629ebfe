//! What low precision would lose of activations and gradients, and the loss scale that saves it.
//!
//! Key: δ gradient with respect to a pre-activation. All is computed in f64 and then looked at as
//! if it were stored in another type.

use fanin_engine::Wire;
use serde::Serialize;

use super::pass::{Pass, Source, ensure_fits};
use crate::check::probe::Batch;
use crate::error::Result;
use crate::spec::{Loss, Mode, Model, Network};
use crate::weights::Weights;

/// Share of gradients that a loss scale may leave to be flushed: symptoms count from 1 % on.
pub const FLUSHED_SHARE: f64 = 0.01;

/// The range of a binary floating-point type.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Format {
    /// Its usual name.
    pub name: &'static str,
    /// The smallest number above 0 is two to the power of this.
    pub smallest: i32,
    /// The smallest number of full precision is two to the power of this.
    pub normal: i32,
    /// The first number that rounds to infinity.
    pub overflow: f64,
}

/// IEEE half precision: from 5.96·10⁻⁸, in full precision from 6.1·10⁻⁵, to 65504.
pub const FP16: Format = Format { name: "fp16", smallest: -24, normal: -14, overflow: 65_520.0 };

/// Brain floating point: the range of f32 with 8 bits of precision.
pub const BF16: Format =
    Format { name: "bf16", smallest: -133, normal: -126, overflow: 3.396_177_529_230_46e38 };

/// IEEE single precision.
pub const F32: Format =
    Format { name: "f32", smallest: -149, normal: -126, overflow: 3.402_823_567_797_337e38 };

/// What storing numbers in a format would do to them, as shares of those that are not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Losses {
    /// Rounded to 0: at most half of the smallest number above 0.
    pub flushed: f64,
    /// Kept with less than full precision, and by hardware without subnormal numbers not at all.
    pub subnormal: f64,
    /// Turned into infinity.
    pub overflowing: f64,
}

/// The magnitudes of a set of numbers, counted by powers of two.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Magnitudes {
    /// counts[i]: numbers x with 2^(i−1) < |x| · 2^OFFSET ≤ 2^i.
    counts: Vec<usize>,
    nonzero: usize,
    elements: usize,
    largest: f64,
    overflowing: [usize; 3],
}

/// Added to an exponent so that those of all f64 are indices.
const OFFSET: i32 = 1100;

/// The formats whose exact overflow is counted.
const FORMATS: [Format; 3] = [FP16, BF16, F32];

impl Magnitudes {
    /// Counts numbers; NaN counts as an overflow.
    pub fn of(numbers: &[f64]) -> Self {
        let mut all = Self { counts: vec![0; 2200], ..Self::default() };
        numbers.iter().for_each(|x| all.add(x.abs()));
        all
    }

    fn add(&mut self, size: f64) {
        self.elements += 1;
        if size == 0.0 {
            return;
        }
        self.nonzero += 1;
        self.counts[(ceiling_exponent(size) + OFFSET) as usize] += 1;
        if size > self.largest || size.is_nan() {
            self.largest = size;
        }
        for (count, format) in self.overflowing.iter_mut().zip(FORMATS) {
            *count += usize::from(size >= format.overflow || size.is_nan());
        }
    }

    /// Counts numbers of f32, whose exponents a shift gives.
    fn add_f32(&mut self, numbers: &[f32]) {
        const SIGN: u32 = 1 << 31;
        const FRACTION: u32 = (1 << 23) - 1;
        let largest = numbers.iter().fold(0, |most: u32, x| most.max(x.to_bits() & !SIGN));
        if f64::from(f32::from_bits(largest)) < FP16.overflow {
            // Numbers side by side are mostly of one size, and no count waits for that before it.
            let mut beside = [[0_usize; 256]; 4];
            let place = |x: &f32| (((x.to_bits() & !SIGN) + FRACTION) >> 23) as usize;
            let (fours, rest) = numbers.as_chunks::<4>();
            for four in fours {
                beside.iter_mut().zip(four).for_each(|(counts, x)| counts[place(x)] += 1);
            }
            rest.iter().for_each(|x| beside[0][place(x)] += 1);
            let counts: [usize; 256] =
                std::array::from_fn(|i| beside.iter().map(|counts| counts[i]).sum());
            self.elements += numbers.len();
            self.nonzero += numbers.len() - counts[0];
            self.largest = self.largest.max(f64::from(f32::from_bits(largest)));
            // What is subnormal counts as the largest of these.
            for (exponent, count) in (-126..).zip(&counts[1..]) {
                self.counts[(exponent + OFFSET) as usize] += count;
            }
        } else {
            numbers.iter().for_each(|&x| self.add(f64::from(x.abs())));
        }
    }

    fn join(&mut self, other: &Self) {
        self.counts.resize(2200, 0);
        self.counts.iter_mut().zip(&other.counts).for_each(|(sum, c)| *sum += c);
        self.nonzero += other.nonzero;
        self.elements += other.elements;
        if other.largest > self.largest || other.largest.is_nan() {
            self.largest = other.largest;
        }
        self.overflowing.iter_mut().zip(other.overflowing).for_each(|(sum, c)| *sum += c);
    }

    /// What `format` would lose.
    pub fn losses(&self, format: Format) -> Losses {
        let share = |count: usize| count as f64 / self.nonzero.max(1) as f64;
        let flushed = self.up_to(format.smallest - 1);
        let full = FORMATS.iter().position(|f| *f == format);
        Losses {
            flushed: share(flushed),
            subnormal: share(self.up_to(format.normal) - flushed),
            overflowing: full.map_or(f64::NAN, |index| share(self.overflowing[index])),
        }
    }

    /// Numbers above half of two to this power and at most that.
    fn at(&self, exponent: i32) -> usize {
        let place = usize::try_from(exponent + OFFSET).ok();
        place.and_then(|place| self.counts.get(place)).copied().unwrap_or(0)
    }

    /// Numbers that are not 0 and at most two to this power.
    fn up_to(&self, exponent: i32) -> usize {
        let end = (exponent + OFFSET + 1).clamp(0, self.counts.len() as i32) as usize;
        self.counts[..end].iter().sum()
    }
}

/// The smallest e with size ≤ 2^e.
fn ceiling_exponent(size: f64) -> i32 {
    let bits = size.to_bits();
    let (exponent, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
    match exponent {
        // A subnormal f64 is fraction · 2^−1074.
        0 => (fraction as f64).log2().ceil() as i32 - 1074,
        2047 => 1024,
        _ => exponent - 1023 + i32::from(fraction != 0),
    }
}

/// One tensor of a kind, and what formats would lose of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TensorRange {
    /// The parameter's or the module's name.
    pub name: String,
    /// Elements.
    pub elements: usize,
    /// Elements that are not 0.
    pub nonzero: usize,
    /// The largest absolute value.
    pub largest: f64,
    /// In fp16.
    pub fp16: Losses,
    /// In bf16.
    pub bf16: Losses,
    /// In f32.
    pub f32: Losses,
}

impl TensorRange {
    fn new(name: String, magnitudes: &Magnitudes) -> Self {
        let [fp16, bf16, f32] = FORMATS.map(|format| magnitudes.losses(format));
        let Magnitudes { elements, nonzero, largest, .. } = *magnitudes;
        Self { name, elements, nonzero, largest, fp16, bf16, f32 }
    }
}

/// Powers of two by which the loss can be multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LossScale {
    /// The smallest exponent, at least 0, with at most 1 % of the gradients flushed.
    pub least: i32,
    /// The largest exponent with no gradient infinite.
    pub most: i32,
}

/// What low precision would lose at the starting weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Underflow {
    /// Rows of the batch; a gradient of the mean loss shrinks with it where rows disagree.
    pub rows: usize,
    /// Gradients of the parameters.
    pub gradients: Vec<TensorRange>,
    /// δ of every linear layer; a share of 1/rows in each.
    pub deltas: Vec<TensorRange>,
    /// Activations of every linear layer. A loss scale does not change them.
    pub activations: Vec<TensorRange>,
    /// All gradients and δ together.
    pub backward: TensorRange,
    /// The loss scales that make fp16 hold gradients and δ; `None` where no power of two does.
    pub fp16_loss_scale: Option<LossScale>,
}

/// What low precision would lose of all gradients and δ together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::check) struct Backward {
    pub fp16: Losses,
    pub bf16: Losses,
    pub fp16_loss_scale: Option<LossScale>,
}

impl Backward {
    fn of(all: &Magnitudes) -> Self {
        Self {
            fp16: all.losses(FP16),
            bf16: all.losses(BF16),
            fp16_loss_scale: loss_scale(all, FP16),
        }
    }

    /// Of gradients and δ that a pass in f32 left, each tensor with whether zeros in it are exact,
    /// as behind relu; none where f32 may have made zeros of more than a trifle.
    pub fn of_f32<'v>(tensors: impl Iterator<Item = (&'v [f32], bool)>) -> Option<Self> {
        /// f32 loses no number that is not the product of one below this and a factor far below 1.
        const SAFE: i32 = -100;
        const TRIFLE: f64 = 0.01;
        let mut all = Magnitudes::of(&[]);
        for (tensor, is_exact) in tensors {
            let (elements, nonzero) = (all.elements, all.nonzero);
            all.add_f32(tensor);
            let (elements, nonzero) = (all.elements - elements, all.nonzero - nonzero);
            let zeros = (elements - nonzero) as f64;
            if !is_exact && nonzero > 0 && zeros > TRIFLE * elements as f64 {
                return None;
            }
        }
        (all.up_to(SAFE) == 0).then(|| Self::of(&all))
    }
}

/// Measures the ranges of activations and gradients in one pass over `batch`, in f64.
///
/// # Errors
/// If the weights or the batch do not fit the model.
pub fn measure(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
) -> Result<Underflow> {
    ensure_fits(model, batch)?;
    Ok(Planned::new(model, loss, weights, batch)?.measure())
}

/// One pass in f64 over a batch, planned once for weights of any number.
pub(in crate::check) struct Planned {
    network: Network,
    pass: Pass<f64>,
}

impl Planned {
    /// Plans gradients, δ and activations.
    pub fn new(model: &Model, loss: &Loss, weights: &dyn Source, batch: Batch<'_>) -> Result<Self> {
        let mut network = Network::new(model, loss, batch.rows, Mode::Probe)?;
        let parameters = network.graph.parameters();
        let trained = network.trained.iter().map(|&p| parameters[p]);
        let z = network.layers.iter().map(|layer| layer.pre_activation);
        let wanted: Vec<Wire> = trained.chain(z).collect();
        let mut keep = fanin_engine::gradients(&mut network.graph, network.loss, &wanted)?;
        keep.extend(network.layers.iter().map(|layer| layer.activation));
        let mut pass = Pass::<f64>::new(&network, &keep, weights)?;
        pass.feed_batch(batch);
        Ok(Self { network, pass })
    }

    pub fn run(&mut self) {
        self.pass.run();
    }

    /// Runs the pass and counts what it holds.
    pub fn measure(&mut self) -> Underflow {
        self.run();
        let network = &self.network;
        let modules = || network.layers.iter().map(|layer| layer.module.clone());
        let trained = network.trained.iter().map(|&p| network.names[p].clone());
        let backward_count = network.trained.len() + network.layers.len();
        let mut backward = Magnitudes::of(&[]);
        let mut ranges = Vec::with_capacity(backward_count + network.layers.len());
        for (index, name) in trained.chain(modules()).chain(modules()).enumerate() {
            let magnitudes = Magnitudes::of(self.pass.read(index));
            if index < backward_count {
                backward.join(&magnitudes);
            }
            ranges.push(TensorRange::new(name, &magnitudes));
        }
        let activations = ranges.split_off(backward_count);
        let deltas = ranges.split_off(network.trained.len());
        Underflow {
            rows: network.rows,
            gradients: ranges,
            deltas,
            activations,
            fp16_loss_scale: loss_scale(&backward, FP16),
            backward: TensorRange::new(String::new(), &backward),
        }
    }

    /// Runs the pass and counts gradients and δ alone, all together.
    pub fn measure_backward(&mut self) -> Backward {
        self.run();
        let mut all = Magnitudes::of(&[]);
        for index in 0..self.network.trained.len() + self.network.layers.len() {
            self.pass.read(index).iter().for_each(|x| all.add(x.abs()));
        }
        Backward::of(&all)
    }

    /// The name, the values and the last run's gradient of every trained parameter.
    pub fn gradients(&self) -> impl Iterator<Item = (&str, &[f64], &[f64])> {
        let tensors = self.network.trained.iter().enumerate();
        tensors.map(|(index, &parameter)| {
            let name = self.network.names[parameter].as_str();
            (name, &self.pass.parameters()[parameter][..], self.pass.read(index))
        })
    }
}

/// Scaling by 2^k moves every number up by k powers of two, so all is known from the counts.
fn loss_scale(magnitudes: &Magnitudes, format: Format) -> Option<LossScale> {
    if magnitudes.nonzero == 0 || !magnitudes.largest.is_finite() {
        return None;
    }
    let allowed = FLUSHED_SHARE * magnitudes.nonzero as f64;
    // 2^beyond times the largest is infinite already.
    let beyond = ceiling_exponent(format.overflow) - ceiling_exponent(magnitudes.largest) + 1;
    let most =
        (-OFFSET..=beyond).rev().find(|&k| scaled(magnitudes.largest, k) < format.overflow)?;
    let mut flushed = magnitudes.up_to(format.smallest - 1);
    let least = (0..=most.max(0)).find(|k| {
        let is_held = flushed as f64 <= allowed;
        flushed -= magnitudes.at(format.smallest - 1 - k);
        is_held
    })?;
    (least <= most).then_some(LossScale { least, most })
}

/// size · 2^k, in two factors that f64 can hold.
fn scaled(size: f64, k: i32) -> f64 {
    let half = k / 2;
    size * f64::powi(2.0, half) * f64::powi(2.0, k - half)
}

#[cfg(test)]
mod tests;
