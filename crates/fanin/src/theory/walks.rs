//! Walks that stand for all units of a stream, laid out evenly instead of drawn.
//!
//! What a unit is at the last block is chosen first, then half way to there, and so on, so that the
//! first coordinates of a lattice decide most (a Brownian bridge; Moskowitz & Caflisch 1996).

use std::collections::VecDeque;

use fanin_kernels::random::normal_quantile;

/// Walks, a prime number of them.
pub const UNITS: usize = 257;
/// Powers of it are a lattice (Korobov), of all numbers the one in which no two of the first 16
/// coordinates have a normal deviation, or its square, as correlated as elsewhere: by 0.09 and 0.11.
const GENERATOR: usize = 238;

/// The places of [`UNITS`] walks with independent normal steps at the `variances` that they have
/// grown to, ascending; block by block.
pub fn walks(variances: &[f64]) -> Vec<f64> {
    let last = variances.len();
    let variance = |place: usize| if place == 0 { 0.0 } else { variances[place - 1] };
    let mut walks = vec![0.0; (last + 1) * UNITS];
    let (mut factor, mut between) = (1, VecDeque::from([(0, last)]));
    set(&mut walks, &mut factor, last, |_| 0.0, variance(last).sqrt());
    while let Some((low, high)) = between.pop_front() {
        if high - low < 2 {
            continue;
        }
        let middle = (low + high).div_ceil(2);
        let all = variance(high) - variance(low);
        let share = if all > 0.0 { (variance(middle) - variance(low)) / all } else { 0.0 };
        let own = (share * (variance(high) - variance(middle))).max(0.0).sqrt();
        let known: Vec<f64> = (0..UNITS)
            .map(|unit| {
                let [from, to] = [low, high].map(|place| walks[place * UNITS + unit]);
                from + share * (to - from)
            })
            .collect();
        set(&mut walks, &mut factor, middle, |unit| known[unit], own);
        between.extend([(low, middle), (middle, high)]);
    }
    walks.split_off(UNITS)
}

/// Gives every walk its place, a normal deviation off what is known, by the next coordinate.
fn set(
    walks: &mut [f64],
    factor: &mut usize,
    place: usize,
    known: impl Fn(usize) -> f64,
    deviation: f64,
) {
    for unit in 0..UNITS {
        let share = ((unit * *factor % UNITS) as f64 + 0.5) / UNITS as f64;
        walks[place * UNITS + unit] = known(unit) + deviation * normal_quantile(share);
    }
    *factor = *factor * GENERATOR % UNITS;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_have_the_variances_and_covariances_of_brownian_motion() {
        let variances = [1.0, 1.3, 1.9, 2.0, 3.5, 7.0, 7.5, 11.0];
        let walks = walks(&variances);
        let at = |block: usize| &walks[block * UNITS..(block + 1) * UNITS];
        for early in 0..variances.len() {
            for late in early..variances.len() {
                let sum: f64 = at(early).iter().zip(at(late)).map(|(a, b)| a * b).sum();
                let deviations = (variances[early] * variances[late]).sqrt();
                let missed = (sum / UNITS as f64 - variances[early]) / deviations;
                assert!(missed.abs() < 0.1, "{early} {late}: {missed}");
            }
        }
    }
}
