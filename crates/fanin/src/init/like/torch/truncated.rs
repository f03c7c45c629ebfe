//! `torch.nn.init.trunc_normal_` of PyTorch 2.12 and later, which draws until all fit.
//!
//! Before 2.12 it used an inverse error function whose bits belong to a closed library; that is
//! not offered here.

use super::element::sealed::Arithmetic;
use super::{Element, Generator};
use crate::error::{Error, Result};

/// Above this probability of a normal number to fit, PyTorch draws normal numbers, else uniform
/// ones that it accepts by their density.
const SHARE_FOR_NORMAL: f64 = 0.3;

/// A tensor is drawn at most so often: uniform numbers over a range of 1000 deviations need a
/// tenth of it.
const MOST_ROUNDS: usize = 100_000;

pub(super) fn fill<E: Element>(
    generator: &mut Generator,
    out: &mut [E],
    mean: f64,
    deviation: f64,
    low: f64,
    high: f64,
) -> Result<()> {
    let is_usable = [mean, deviation, low, high].into_iter().all(f64::is_finite);
    if !(is_usable && deviation > 0.0 && low < high) {
        return Err(mistake(
            format!("mean {mean}, deviation {deviation}, range {low} to {high}"),
            "finite numbers, a positive deviation, and the lower bound first",
        ));
    }
    let below = |x: f64| f64::midpoint(1.0, libm::erf(x / 2f64.sqrt()));
    let share = below((high - mean) / deviation) - below((low - mean) / deviation);
    if share > SHARE_FOR_NORMAL {
        let range = [low, high].map(|bound| E::rounded(bound).to_wide());
        return by_normal_numbers(generator, out, mean, deviation, range);
    }
    by_density(generator, out, mean, deviation, [low, high])
}

/// Draws whole tensors; each gives numbers only where none has fitted so far.
fn by_normal_numbers<E: Element>(
    generator: &mut Generator,
    out: &mut [E],
    mean: f64,
    deviation: f64,
    [low, high]: [E::Wide; 2],
) -> Result<()> {
    let is_outside = |value: &E| value.to_wide() < low || value.to_wide() > high;
    generator.normal(out, mean, deviation)?;
    let mut fresh = Vec::new();
    for _ in 0..MOST_ROUNDS {
        if !out.iter().any(is_outside) {
            return Ok(());
        }
        fresh.resize(out.len(), E::rounded(0.0));
        generator.normal(&mut fresh, mean, deviation)?;
        for (value, fresh) in out.iter_mut().zip(&fresh) {
            *value = if is_outside(value) { *fresh } else { *value };
        }
    }
    Err(without_end())
}

/// Draws uniform numbers, and as many again whose logarithm accepts them by their density.
fn by_density<E: Element>(
    generator: &mut Generator,
    out: &mut [E],
    mean: f64,
    deviation: f64,
    [low, high]: [f64; 2],
) -> Result<()> {
    let mode = low.max(mean.min(high));
    let peak = -0.5 * ((mode - mean) / deviation).powi(2);
    let round = |wide: E::Wide| E::from_wide(wide).to_wide();
    let mut is_pending = vec![true; out.len()];
    let mut candidates = vec![E::rounded(0.0); out.len()];
    let mut thresholds = candidates.clone();
    for _ in 0..MOST_ROUNDS {
        generator.uniform(&mut candidates, low, high)?;
        generator.uniform(&mut thresholds, 0.0, 1.0)?;
        for (((value, is_pending), candidate), threshold) in
            out.iter_mut().zip(&mut is_pending).zip(&candidates).zip(&thresholds)
        {
            if *is_pending {
                *value = *candidate;
                let log_density =
                    candidate.to_wide().log_of_density_above(mean, deviation, peak, round);
                *is_pending = round(threshold.to_wide().ln()) > log_density;
            }
        }
        if !is_pending.contains(&true) {
            return Ok(());
        }
    }
    Err(without_end())
}

fn without_end() -> Error {
    mistake(
        format!("values that still do not fit after {MOST_ROUNDS} draws"),
        "a range that a normal number meets now and then",
    )
}

fn mistake(found: String, expected: &str) -> Error {
    Error::Setting {
        place: "trunc_normal_ of torch".to_owned(),
        found,
        expected: expected.to_owned(),
    }
}
