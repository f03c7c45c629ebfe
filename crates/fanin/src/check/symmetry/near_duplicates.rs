//! Rows that are more alike than chance allows.
//!
//! Among random rows some pair is always the most alike, and the more rows and the fewer inputs,
//! the more so. For two independent isotropic rows of n entries cos² ~ Beta(½, (n−1)/2); a pair is
//! a near-duplicate if its |cos| exceeds what one network in a hundred shows anywhere
//! (Bonferroni over all pairs). `docs/theory/symmetry.md` has the derivation.

use fanin_kernels::matmul::{Matrix, matmul};
use fanin_kernels::{elementwise, reduce};
use serde::Serialize;

/// How often the rows of a network without duplicates are flagged at all, at most.
pub const FALSE_ALARMS: f64 = 0.01;

/// With fewer inputs directions are so few that a likeness says nothing.
const FEWEST_INPUTS: usize = 3;

/// Rows of one product of cosines: what bounds the memory.
const BLOCK: usize = 256;

/// Pairs of rows that are more alike, or more opposite, than chance allows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearDuplicates {
    /// The |cos| that chance exceeds in one network of a hundred.
    pub threshold: f64,
    /// Pairs above it.
    pub pairs: usize,
    /// Rows in such pairs.
    pub rows: usize,
    /// The pair with the largest |cos|, if some pair is above the threshold.
    pub closest: Option<Closest>,
}

/// Two rows and the cosine of their angle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Closest {
    /// Their positions, ascending.
    pub rows: [usize; 2],
    /// In [−1, 1].
    pub cosine: f64,
}

/// The |cos| that the most alike of `rows` random rows of `inputs` entries exceeds with
/// probability `alarms` at most; 1 where no pair or no angle exists.
///
/// ```
/// use fanin::check::symmetry::near_duplicates::{FALSE_ALARMS, threshold};
/// assert!((threshold(784, 256, FALSE_ALARMS) - 0.181_492).abs() < 1e-6);
/// ```
pub fn threshold(inputs: usize, rows: usize, alarms: f64) -> f64 {
    let Some(tail) = tail(inputs, rows, alarms) else { return 1.0 };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if exceeds(middle, inputs) > tail { low = middle } else { high = middle }
    }
    high
}

/// The probability that the |cos| of one pair may exceed; `None` where no pair or no angle exists.
fn tail(inputs: usize, rows: usize, alarms: f64) -> Option<f64> {
    let pairs = rows as f64 * rows.saturating_sub(1) as f64 / 2.0;
    (inputs >= 2 && pairs > 0.0).then_some(alarms / pairs)
}

/// Whether [`threshold`] is at most `cosine`, in a sixtieth of the time.
pub fn is_below(cosine: f64, inputs: usize, rows: usize, alarms: f64) -> bool {
    tail(inputs, rows, alarms).is_some_and(|tail| exceeds(cosine, inputs) <= tail)
}

/// Rows that differ by no more than this share of the longer one are almost equal.
const ALMOST: f64 = 0.05;

/// Rows whose |cos| is above this are parallel or opposite.
const PARALLEL: f64 = 0.95;

/// Rows that chance makes none so alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Likeness {
    /// Pairs that differ in no bit, of rows of four different numbers at least: fewer repeat by chance
    /// or on purpose.
    pub equal: NearDuplicates,
    /// Pairs that differ by at most a twentieth of the longer row, but not in no bit.
    pub near: NearDuplicates,
    /// Other pairs that are parallel or opposite up to scale, but no mirror images to the last bit.
    pub alike: NearDuplicates,
}

/// Pairs of rows that are almost equal, and pairs that are so up to scale and sign.
///
/// # Panics
/// If `weights` is no whole number of rows.
pub fn likeness(weights: &[f32], inputs: usize) -> Likeness {
    let rows = weights.len() / inputs.max(1);
    let least = |cosine: f64| {
        let says = is_below(cosine, inputs, rows, FALSE_ALARMS);
        if says { cosine } else { threshold(inputs, rows, FALSE_ALARMS) }
    };
    // Two rows so near have a cosine of 1 − ALMOST²/2 at least.
    let (near_from, alike_from) = (least(1.0 - ALMOST * ALMOST), least(PARALLEL));
    let row = |i: usize| &weights[i * inputs..(i + 1) * inputs];
    let mut equal = Found::new(near_from, rows);
    let (mut near, mut alike) = (Found::new(near_from, rows), Found::new(alike_from, rows));
    each_pair(weights, inputs, alike_from.min(near_from), |i, j, cosine| {
        let (one, other) = (row(i), row(j));
        let is_mirrored = || one.iter().zip(other).all(|(a, b)| *a == -b);
        if one == other {
            if has_many_values(one) {
                equal.add(i, j, 1.0);
            }
            return;
        }
        if is_mirrored() {
            return;
        }
        let longer = f64::max(reduce::sum_of_squares(one), reduce::sum_of_squares(other));
        let is_near = || distance_within(ALMOST, longer, one, other).is_some();
        if cosine > near_from && is_near() {
            near.add(i, j, cosine);
        } else if cosine.abs() > alike_from {
            alike.add(i, j, cosine);
        }
    });
    Likeness { equal: equal.finish(), near: near.finish(), alike: alike.finish() }
}

/// Whether [`likeness`] can find a pair: much faster, and mostly none.
///
/// # Panics
/// As [`likeness`].
pub fn may_be_alike(weights: &[f32], inputs: usize) -> bool {
    /// Far above the rounding of cosines in f32, far below what parts rows.
    const MARGIN: f64 = 1e-4;
    assert!(weights.len().is_multiple_of(inputs.max(1)), "whole rows");
    if inputs < FEWEST_INPUTS {
        return false;
    }
    let rows = weights.len() / inputs;
    let mut directions = weights.to_vec();
    for row in directions.chunks_exact_mut(inputs) {
        let length = reduce::sum_of_squares(row).sqrt();
        let scale = if length > 0.0 { length.recip() } else { 1.0 };
        elementwise::map_in_place(row, |x| (f64::from(x) * scale) as f32);
    }
    let least = (PARALLEL - MARGIN) as f32;
    let mut cosines = vec![0.0_f32; BLOCK.min(rows) * rows];
    let mut blocks = directions.chunks(BLOCK * inputs).enumerate();
    blocks.any(|(block, chunk)| {
        // Pairs with rows of blocks before were seen there.
        let (count, start) = (chunk.len() / inputs, block * BLOCK);
        let others = Matrix::new(&directions[start * inputs..], rows - start, inputs);
        let cosines = &mut cosines[..count * (rows - start)];
        matmul(Matrix::new(chunk, count, inputs), others.transposed(true), cosines, false);
        let mut of_rows = cosines.chunks_exact(rows - start).enumerate();
        of_rows.any(|(i, of_row)| {
            of_row[i + 1..].iter().fold(false, |any, cosine| any | (cosine.abs() > least))
        })
    })
}

/// Whether a row has four different numbers at least.
fn has_many_values(row: &[f32]) -> bool {
    let mut met: Vec<f32> = Vec::new();
    for &x in row {
        if !met.contains(&x) {
            met.push(x);
        }
        if met.len() > 3 {
            return true;
        }
    }
    false
}

/// ‖a − b‖ over the length of the longer one, 0 where both are 0; `None` if it is above `most`.
///
/// `longer` is the square of that length; of what was drawn at random a few elements tell.
pub fn distance_within(most: f64, longer: f64, a: &[f32], b: &[f32]) -> Option<f64> {
    const BLOCK: usize = 64;
    let bound = most * most * longer;
    let mut apart = 0.0;
    for (a, b) in a.chunks(BLOCK).zip(b.chunks(BLOCK)) {
        let gap = |(a, b): (&f32, &f32)| f64::from(*a) - f64::from(*b);
        apart += a.iter().zip(b).map(gap).map(|gap| gap * gap).sum::<f64>();
        if apart > bound {
            return None;
        }
    }
    Some(if longer > 0.0 { (apart / longer).sqrt() } else { 0.0 })
}

/// The pairs among `rows` that are more alike than [`FALSE_ALARMS`] allows.
///
/// `weights` holds the rows one after the other, each of `inputs` entries: the units of a layer,
/// or whole layers. Rows of zeros have no direction and are never in a pair.
///
/// # Panics
/// If `weights` is no whole number of rows.
pub fn near_duplicates(weights: &[f32], inputs: usize) -> NearDuplicates {
    let rows = weights.len() / inputs.max(1);
    let threshold = threshold(inputs, rows, FALSE_ALARMS);
    let mut found = Found::new(threshold, rows);
    each_pair(weights, inputs, threshold, |i, j, cosine| found.add(i, j, cosine));
    found.finish()
}

/// Pairs that were found so far.
struct Found {
    found: NearDuplicates,
    involved: Vec<bool>,
}

impl Found {
    fn new(threshold: f64, rows: usize) -> Self {
        let found = NearDuplicates { threshold, pairs: 0, rows: 0, closest: None };
        Self { found, involved: vec![false; rows] }
    }

    fn add(&mut self, i: usize, j: usize, cosine: f64) {
        let Self { found, involved } = self;
        found.pairs += 1;
        (involved[i], involved[j]) = (true, true);
        if found.closest.is_none_or(|closest| cosine.abs() > closest.cosine.abs()) {
            found.closest = Some(Closest { rows: [i, j], cosine });
        }
    }

    fn finish(self) -> NearDuplicates {
        let rows = self.involved.into_iter().filter(|&row| row).count();
        NearDuplicates { rows, ..self.found }
    }
}

/// Calls `each` with the pairs whose |cos| is above `threshold`.
fn each_pair(
    weights: &[f32],
    inputs: usize,
    threshold: f64,
    mut each: impl FnMut(usize, usize, f64),
) {
    assert!(weights.len().is_multiple_of(inputs.max(1)), "whole rows");
    if inputs < FEWEST_INPUTS {
        return;
    }
    let rows = weights.len() / inputs.max(1);
    let directions: Vec<f32> = weights.chunks_exact(inputs).flat_map(direction).collect();
    let mut cosines = vec![0.0; BLOCK.min(rows) * rows];
    for (block, chunk) in directions.chunks(BLOCK * inputs).enumerate() {
        let count = chunk.len() / inputs;
        let others = Matrix::new(&directions, rows, inputs).transposed(true);
        matmul(Matrix::new(chunk, count, inputs), others, &mut cosines[..count * rows], false);
        for (i, of_row) in cosines[..count * rows].chunks_exact(rows).enumerate() {
            let i = block * BLOCK + i;
            for (j, &cosine) in of_row.iter().enumerate().skip(i + 1) {
                let cosine = f64::from(cosine).clamp(-1.0, 1.0);
                if cosine.abs() > threshold {
                    each(i, j, cosine);
                }
            }
        }
    }
}

/// The row with length 1; zeros stay.
fn direction(row: &[f32]) -> Vec<f32> {
    let length: f64 = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    let length = if length > 0.0 { length } else { 1.0 };
    row.iter().map(|&x| (f64::from(x) / length) as f32).collect()
}

/// P(|cos| > c) of two random directions in n dimensions, n ≥ 2: the regularized incomplete beta
/// function I at 1 − c², with parameters (n−1)/2 and ½.
fn exceeds(c: f64, n: usize) -> f64 {
    let (a, b) = (0.5 * (n as f64 - 1.0), 0.5);
    let x = (1.0 - c) * (1.0 + c);
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let logarithm = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
    let front = (logarithm + a * x.ln() + b * (-x).ln_1p()).exp();
    // The fraction converges fast on its own side of the mean.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    }
}

/// The continued fraction of the incomplete beta function, by Lentz's method
/// (Abramowitz & Stegun 26.5.8).
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let bounded = |x: f64| if x.abs() < TINY { TINY } else { x };
    let mut c = 1.0;
    let mut d = bounded(1.0 - (a + b) * x / (a + 1.0)).recip();
    let mut value = d;
    for m in (1..2000).map(f64::from) {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = value;
        for term in [even, odd] {
            d = bounded(1.0 + term * d).recip();
            c = bounded(1.0 + term / c);
            value *= d * c;
        }
        if (value - before).abs() <= f64::EPSILON * value.abs() {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use fanin_kernels::random::Stream;

    use super::*;

    #[test]
    fn thresholds_have_the_reference_digits() {
        let digits = [
            (10, 64, 0.954_604),
            (100, 128, 0.460_940),
            (784, 256, 0.181_492),
            (784, 512, 0.190_399),
            (2, 8, 1.0),
        ];
        for (inputs, rows, expected) in digits {
            let got = threshold(inputs, rows, FALSE_ALARMS);
            assert!((got - expected).abs() < 6e-7, "{inputs} {rows}: {got}");
        }
    }

    #[test]
    fn a_cosine_is_above_the_threshold_or_below_it() {
        for (inputs, rows) in [(10, 64), (784, 256), (2, 8), (1, 9), (9, 1)] {
            let threshold = threshold(inputs, rows, FALSE_ALARMS);
            for cosine in [0.1, 0.5, 0.954, 0.955, 0.9975] {
                let told = is_below(cosine, inputs, rows, FALSE_ALARMS);
                assert_eq!(told, threshold <= cosine, "{inputs} {rows}: {cosine} {threshold}");
            }
        }
    }

    #[test]
    fn two_and_three_dimensions_have_closed_forms() {
        for c in [0.1, 0.5, 0.9, 0.999] {
            let plane = 2.0 * f64::acos(c) / std::f64::consts::PI;
            assert!(
                (exceeds(c, 2) - plane).abs() < 1e-13 && (exceeds(c, 3) - (1.0 - c)).abs() < 1e-13
            );
        }
        assert_eq!(
            (threshold(1, 9, 0.01), threshold(9, 1, 0.01), threshold(9, 0, 0.01)),
            (1.0, 1.0, 1.0)
        );
    }

    /// N(0, 1) rows by the Box–Muller transform of addressed bits.
    fn random(seed: u64, count: u64) -> Vec<f32> {
        let stream = Stream::new(seed, "rows");
        let uniform = |i: u64| (f64::from(stream.bits(i)) + 0.5) / 4_294_967_296.0;
        let angle = |i: u64| 2.0 * std::f64::consts::PI * uniform(2 * i + 1);
        (0..count).map(|i| ((-2.0 * uniform(2 * i).ln()).sqrt() * angle(i).cos()) as f32).collect()
    }

    #[test]
    fn random_rows_are_flagged_about_once_in_a_hundred() {
        let flagged = (0..1000).filter(|&seed| near_duplicates(&random(seed, 640), 20).pairs > 0);
        // Binomial with p = 0.01 and 1,000 trials: 10 ± 3.1; pairs of rows are nearly independent.
        let flagged = flagged.count();
        assert!((1..=22).contains(&flagged), "{flagged}");
    }

    #[test]
    fn planted_likeness_is_found_in_whatever_block_it_lies() {
        let (inputs, rows) = (50, 600);
        let mut weights = random(3, (inputs * rows) as u64);
        assert_eq!(near_duplicates(&weights, inputs).pairs, 0);
        let noise = random(4, inputs as u64);
        for k in 0..inputs {
            weights[599 * inputs + k] = 0.3 * noise[k] - 2.0 * weights[7 * inputs + k];
        }
        let found = near_duplicates(&weights, inputs);
        let closest = found.closest.unwrap();
        assert_eq!((found.pairs, found.rows, closest.rows), (1, 2, [7, 599]));
        assert!(closest.cosine < -0.95, "{closest:?}");
    }

    #[test]
    fn almost_equal_rows_are_no_copies_no_multiples_and_no_opposites() {
        let (inputs, rows) = (20, 30);
        let mut weights = random(5, (inputs * rows) as u64);
        let mut plant = |to: usize, scale: f32, noise: f32| {
            let other = random(6 + to as u64, inputs as u64);
            for k in 0..inputs {
                weights[to * inputs + k] = scale * weights[k] + noise * other[k];
            }
        };
        plant(1, 1.0, 0.0);
        plant(2, 1.2, 0.001);
        plant(3, -1.0, 0.001);
        let Likeness { equal, near, alike } = likeness(&weights, inputs);
        assert_eq!((near.pairs, alike.pairs), (0, 5), "0 to 3 are one direction, 0 and 1 one row");
        assert_eq!((equal.pairs, equal.closest.map(|pair| pair.rows)), (1, Some([0, 1])));
        let mut with_mirror = weights.clone();
        let (first, others) = with_mirror.split_at_mut(inputs);
        others[3 * inputs..].iter_mut().zip(first).for_each(|(to, x)| *to = -*x);
        let Likeness { near, alike, .. } = likeness(&with_mirror, inputs);
        let found = (near.pairs, alike.pairs);
        assert_eq!(found, (1, 6), "4 is the mirror image of 0 and 1, opposite to 2, near 3");
        let mut plant = |to: usize, noise: f32| {
            let other = random(6 + to as u64, inputs as u64);
            for k in 0..inputs {
                weights[to * inputs + k] = weights[5 * inputs + k] + noise * other[k];
            }
        };
        plant(9, 0.3);
        plant(20, 0.01);
        let found = likeness(&weights, inputs).near;
        assert_eq!((found.pairs, found.closest.map(|c| c.rows)), (1, Some([5, 20])));
    }

    /// The quick look misses nothing, in whatever block it lies, and sees nothing in random rows.
    #[test]
    fn rows_that_may_be_alike_are_all_that_are() {
        let (inputs, rows) = (50, 600);
        let weights = random(3, (inputs * rows) as u64);
        assert!(!may_be_alike(&weights, inputs));
        let noise = random(4, inputs as u64);
        for (from, to) in [(0, 1), (7, 599), (255, 256), (598, 599)] {
            // Cosines around the limit: (1 + s²)^(−½) for noise of size s.
            for size in [0.0, 0.1, 0.3, 0.32, 0.34, 0.4, 1.0] {
                let mut weights = weights.clone();
                for k in 0..inputs {
                    weights[to * inputs + k] =
                        -3e20 * (weights[from * inputs + k] + size * noise[k]);
                }
                let Likeness { equal, near, alike } = likeness(&weights, inputs);
                let found = equal.pairs + near.pairs + alike.pairs > 0;
                let may_be = may_be_alike(&weights, inputs);
                assert!(may_be || !found, "{from} {to} {size}");
                assert!(!may_be || size < 0.5, "{from} {to} {size}");
            }
        }
        for nothing in [f32::NAN, f32::INFINITY, 0.0] {
            let mut weights = weights.clone();
            weights[..inputs].fill(nothing);
            assert!(!may_be_alike(&weights, inputs), "{nothing}");
        }
        assert!(!may_be_alike(&[0.25; 16], 2) && !may_be_alike(&[], 10));
    }

    #[test]
    fn rows_of_few_numbers_may_be_equal() {
        let row = |i: usize| if i.is_multiple_of(3) { 0.0 } else { i as f32 % 2.0 + 1.0 };
        let weights: Vec<f32> = (0..60).map(|i| row(i % 20)).collect();
        assert_eq!(likeness(&weights, 20).equal.pairs, 0, "three numbers");
        let fourth = |i: usize| if i == 7 { 3.0 } else { row(i) };
        let weights: Vec<f32> = (0..60).map(|i| fourth(i % 20)).collect();
        assert_eq!(likeness(&weights, 20).equal.pairs, 3, "four numbers");
    }

    #[test]
    fn equal_rows_are_all_pairs_and_zeros_or_two_inputs_none() {
        let found = near_duplicates(&[0.25; 40 * 10], 10);
        assert_eq!((found.pairs, found.rows), (780, 40));
        assert_eq!(near_duplicates(&[0.0; 400], 10).pairs, 0);
        assert_eq!(near_duplicates(&[0.25; 16], 2).pairs, 0);
        assert_eq!(near_duplicates(&[], 10).rows, 0);
    }
}
