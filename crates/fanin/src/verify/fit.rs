//! Which of all schemes fits the values of a tensor best, and how sure that is.

use serde::Serialize;

use super::exact::{self, Seed};
use super::fixed;
use super::sparse::{self, Sparse};
use super::statistics::{self, Statistics};
use super::structure::Structure;
use crate::formats::StoredTensor;
use crate::init::{Distribution, Parameter, SCHEMES, Scheme, find};

/// The scheme that fits a tensor best.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// Its text, as [`find`] reads it; `None` if no scheme fits, as after training.
    pub scheme: Option<String>,
    /// What it draws: `N(0, 0.05²)`; for no scheme, the moments found.
    pub distribution: String,
    /// Schemes that draw the same for this tensor.
    pub same: Vec<String>,
    /// Probability that it is this distribution, of all that were compared, each as likely
    /// beforehand.
    pub confidence: f64,
    /// Probability that values of it are as far from its distribution as these (Kolmogorov &
    /// Smirnov); `None` where only the structure was looked at.
    pub agreement: Option<f64>,
    /// The seed under which fanin itself gives these bits.
    pub seed: Option<Seed>,
}

/// A distribution that may have made a tensor.
#[derive(Debug)]
pub struct Candidate {
    /// The scheme's text.
    pub label: String,
    /// What it draws.
    pub distribution: Distribution,
    /// Numbers in it that were chosen to fit.
    fitted: usize,
}

/// Agreement below which a scheme is said not to fit: one true scheme in 10⁵ is missed.
const LEAST_AGREEMENT: f64 = 1e-5;
/// Relative error up to which a fitted number is made round.
pub(super) const ROUGHEST: f64 = 0.02;
/// Values below which distributions cannot be told apart.
const FEWEST: usize = 8;

impl Fit {
    /// The best fit for a tensor's values.
    pub fn of(
        stored: &StoredTensor<'_>,
        parameter: &Parameter,
        statistics: &Statistics,
        structure: &Structure,
        seed: Option<u64>,
    ) -> Self {
        if statistics.is_constant() {
            return Self::constant(statistics.low as f32);
        }
        let fixed = fixed::schemes(stored, parameter, statistics);
        if !fixed.is_empty() {
            return Self::fixed(fixed, statistics);
        }
        let sparse = sparse::fit(stored.values, parameter, statistics.zeros);
        let mut fit = match (sparse, structure.orthogonal_gain) {
            (Some(sparse), _) if sparse.agreement >= LEAST_AGREEMENT => Self::sparse(sparse),
            (_, Some(gain)) => Self::orthogonal(gain, relative_rounding(stored)),
            (_, None) => Self::independent(stored, parameter, statistics),
        };
        let texts = fit.scheme.iter().chain(&fit.same);
        let drawn = texts.filter_map(|text| {
            let scheme = find(text).ok()?;
            exact::seed(stored, parameter, &*scheme, seed).map(|seed| (text.clone(), seed))
        });
        if let Some((text, seed)) = drawn.into_iter().next() {
            fit.become_exact(text, seed);
        }
        fit
    }

    fn constant(value: f32) -> Self {
        let label = match value {
            0.0 => "zeros".to_owned(),
            1.0 => "ones".to_owned(),
            _ => format!("constant:{value}"),
        };
        Self::certain(Some(label), value.to_string())
    }

    fn fixed(mut schemes: Vec<String>, statistics: &Statistics) -> Self {
        let scheme = schemes.remove(0);
        let (low, high) = (statistics.low, statistics.high);
        let certain = Self::certain(Some(scheme), format!("no draw, {low} to {high}"));
        Self { same: schemes, ..certain }
    }

    fn certain(scheme: Option<String>, distribution: String) -> Self {
        let same = Vec::new();
        Self { scheme, distribution, same, confidence: 1.0, agreement: None, seed: None }
    }

    fn sparse(sparse: Sparse) -> Self {
        let Sparse { label, distribution, agreement } = sparse;
        let fit = Self::certain(Some(label), format!("{distribution} where not 0"));
        Self { agreement: Some(agreement), ..fit }
    }

    fn orthogonal(measured: f64, rounding: f64) -> Self {
        let usual = [1.0, std::f64::consts::SQRT_2];
        let is_usual = |gain: &f64| (gain / measured - 1.0).abs() < rounding;
        let gain = usual.into_iter().find(is_usual).unwrap_or_else(|| round(measured, rounding));
        let label = find(&format!("orthogonal:{gain}")).map(|scheme| scheme.label());
        Self::certain(label.ok(), format!("orthogonal, gain {gain:.4}"))
    }

    fn independent(
        stored: &StoredTensor<'_>,
        parameter: &Parameter,
        statistics: &Statistics,
    ) -> Self {
        let mut sample = statistics::sample(stored.values);
        sample.retain(|x| x.is_finite());
        sample.sort_by(f32::total_cmp);
        let none = Self::none(statistics);
        if sample.len() < FEWEST {
            return none;
        }
        let slack = slack(stored, statistics);
        let mut scored: Vec<(f64, Candidate)> = candidates(parameter, statistics)
            .into_iter()
            .map(|candidate| (candidate.score(&sample, slack), candidate))
            .filter(|(score, _)| score.is_finite())
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        let Some((best_score, best)) = scored.first() else { return none };
        let agreement = agreement(&sample, &best.distribution);
        if agreement < LEAST_AGREEMENT {
            return none;
        }
        let is_same = |c: &Candidate| c.fitted == 0 && alike(&c.distribution, &best.distribution);
        let weight = |score: f64| (score - best_score).exp();
        // Schemes that draw the same count once.
        let mut seen: Vec<&Distribution> = Vec::new();
        let total: f64 = scored
            .iter()
            .filter(|(_, c)| {
                let is_new = !seen.iter().any(|other| alike(other, &c.distribution));
                seen.push(&c.distribution);
                is_new
            })
            .map(|(score, _)| weight(*score))
            .sum();
        let same = scored[1..].iter().filter(|(_, c)| is_same(c)).map(|(_, c)| c.label.clone());
        Self {
            scheme: Some(best.label.clone()),
            distribution: best.distribution.to_string(),
            same: same.collect(),
            confidence: 1.0 / total,
            agreement: Some(agreement),
            seed: None,
        }
    }

    fn none(statistics: &Statistics) -> Self {
        let (mean, deviation) = (statistics.mean, statistics.deviation);
        Self {
            scheme: None,
            distribution: format!("mean {mean:.2e}, deviation {deviation:.2e}"),
            same: Vec::new(),
            confidence: 0.0,
            agreement: None,
            seed: None,
        }
    }

    /// Puts first, of the schemes that draw the same, the one that `preference` ranks highest.
    pub(super) fn prefer(&mut self, preference: impl Fn(&str) -> usize) {
        let Some(first) = self.scheme.take() else { return };
        let mut all: Vec<String> = std::iter::once(first).chain(self.same.drain(..)).collect();
        all.sort_by_key(|label| std::cmp::Reverse(preference(label)));
        let mut all = all.into_iter();
        self.scheme = all.next();
        self.same = all.collect();
    }

    fn become_exact(&mut self, text: String, seed: Seed) {
        self.seed = Some(seed);
        self.confidence = 1.0;
        if self.scheme.as_ref() != Some(&text) {
            self.same.retain(|same| *same != text);
            self.same.extend(self.scheme.replace(text));
        }
    }
}

impl Candidate {
    /// Logarithm of the probability of the sample, less what the fitted numbers earn by chance
    /// (Schwarz 1978: half a logarithm of the sample's size each).
    fn score(&self, sorted: &[f32], slack: f64) -> f64 {
        let likelihood: f64 =
            sorted.iter().map(|&x| log_density(&self.distribution, f64::from(x), slack)).sum();
        likelihood - 0.5 * self.fitted as f64 * (sorted.len() as f64).ln()
    }
}

/// Every scheme that needs no number and serves the parameter, and the plain distributions with
/// the numbers that fit.
fn candidates(parameter: &Parameter, statistics: &Statistics) -> Vec<Candidate> {
    let needs_no_number = |scheme: &&&dyn Scheme| {
        let argument = scheme.facts().argument;
        argument.is_empty() || argument.starts_with('[')
    };
    let named = SCHEMES.iter().filter(needs_no_number).filter_map(|scheme| {
        let scheme = scheme.with_argument(None).ok()?;
        // A scheme that leaves this role alone has not made it.
        if !scheme.serves(parameter.role) {
            return None;
        }
        let distribution = scheme.distribution(parameter).ok()?;
        let is_random =
            !matches!(distribution, Distribution::Constant(_) | Distribution::Joint { .. });
        is_random.then(|| Candidate { label: scheme.label(), distribution, fitted: 0 })
    });
    let mut all: Vec<Candidate> = named.collect();
    // The relative standard error of a normal deviation is 1/√(2n).
    let elements = statistics.elements as f64;
    let error = (3.0 / (2.0 * elements).sqrt()).min(ROUGHEST);
    let deviation = round(statistics.deviation, error);
    let largest = statistics.low.abs().max(statistics.high);
    let bound = round_up(largest, 4.0 / elements);
    let normal = Distribution::normal(deviation);
    all.push(Candidate { label: format!("normal:{deviation}"), distribution: normal, fitted: 1 });
    let uniform = Distribution::uniform(bound);
    all.push(Candidate { label: format!("uniform:{bound}"), distribution: uniform, fitted: 1 });
    // The largest of n draws lies about 4.4/n below a cut at 2 deviations, 38/n below one at 3.
    let at_2 = round_up(largest / 2.0, 18.0 / elements);
    let at_3 = round_up(largest / 3.0, 150.0 / elements);
    let labels = [
        format!("keras-truncated-normal:{at_2}"),
        format!("truncated-normal:std={at_3},cut=3sigma"),
    ];
    for (label, (deviation, cut)) in labels.into_iter().zip([(at_2, 2.0), (at_3, 3.0)]) {
        let distribution = Distribution::truncated_normal(deviation, cut);
        all.push(Candidate { label, distribution, fitted: 1 });
    }
    all
}

/// The roundest number within a relative error of `x`: 0.02 for 0.01998.
pub(super) fn round(x: f64, error: f64) -> f64 {
    (1..=8)
        .map(|digits| format!("{x:.*e}", digits - 1).parse().unwrap_or(x))
        .find(|rounded: &f64| (rounded / x - 1.0).abs() <= error)
        .unwrap_or(x)
}

/// The roundest number within a relative error of at most [`ROUGHEST`] that is not below `x`.
fn round_up(x: f64, error: f64) -> f64 {
    let half = 0.5 * error.min(ROUGHEST);
    round(x * (1.0 + half), half).max(x)
}

/// How far beyond a bound the rounding of the file's elements may carry a value.
fn slack(stored: &StoredTensor<'_>, statistics: &Statistics) -> f64 {
    relative_rounding(stored) * statistics.low.abs().max(statistics.high.abs())
}

/// The largest relative error by which a number in the file may differ from what was drawn.
fn relative_rounding(stored: &StoredTensor<'_>) -> f64 {
    match stored.dtype.name() {
        "bf16" => 1.0 / 256.0,
        "f16" => 1.0 / 2048.0,
        _ => 1e-6,
    }
}

/// Whether two distributions are the same but for the last digits of their numbers.
fn alike(a: &Distribution, b: &Distribution) -> bool {
    let (a, b) = (&without_far_cut(*a), &without_far_cut(*b));
    let near = |x: f64, y: f64| (x - y).abs() <= 1e-6 * x.abs().max(y.abs());
    std::mem::discriminant(a) == std::mem::discriminant(b)
        && near(a.deviation(), b.deviation())
        && near(a.mean(), b.mean())
}

/// A normal distribution for one that is cut where hardly a value lies.
fn without_far_cut(distribution: Distribution) -> Distribution {
    /// Deviations beyond which lies one value in 10¹⁵.
    const FAR: f64 = 8.0;
    match distribution {
        Distribution::TruncatedNormal { mean, uncut_deviation, low, high }
            if low <= -FAR && high >= FAR =>
        {
            Distribution::Normal { mean, deviation: uncut_deviation }
        }
        other => other,
    }
}

/// Logarithm of the density at `x`; −∞ where the distribution has no values within `slack`.
fn log_density(distribution: &Distribution, x: f64, slack: f64) -> f64 {
    let normal = |mean: f64, deviation: f64| {
        let z = (x - mean) / deviation;
        -0.5 * z * z - deviation.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
    };
    match *distribution {
        Distribution::Uniform { low, high } if x >= low - slack && x <= high + slack => {
            -(high - low).ln()
        }
        Distribution::Normal { mean, deviation } => normal(mean, deviation),
        Distribution::TruncatedNormal { mean, uncut_deviation, low, high }
            if x >= mean + low * uncut_deviation - slack
                && x <= mean + high * uncut_deviation + slack =>
        {
            let uncut = Distribution::Normal { mean: 0.0, deviation: 1.0 };
            let below = |z| uncut.probability_below(z).unwrap_or(0.0);
            normal(mean, uncut_deviation) - (below(high) - below(low)).ln()
        }
        Distribution::LogUniform { low, high, sign } => {
            let u = (x / sign).exp();
            let inside = u >= low && u <= high;
            if inside { u.ln() - (high - low).ln() - sign.abs().ln() } else { f64::NEG_INFINITY }
        }
        _ => f64::NEG_INFINITY,
    }
}

/// Probability that so many draws lie as far from their distribution as these, which are sorted
/// (Kolmogorov's limit law, with the correction of Stephens 1970 for finite samples).
pub(super) fn agreement(sorted: &[f32], distribution: &Distribution) -> f64 {
    let n = sorted.len() as f64;
    let mut distance = 0.0_f64;
    let mut index = 0;
    while index < sorted.len() {
        let same = sorted[index..].iter().take_while(|x| **x == sorted[index]).count();
        let p = distribution.probability_below(f64::from(sorted[index])).unwrap_or(0.0);
        // Rounding lays several draws on one number: the step there is judged by its middle.
        let middle = (index as f64 + 0.5 * same as f64) / n;
        distance = distance.max((p - middle).abs() - 0.5 / n);
        index += same;
    }
    let t = distance * (n.sqrt() + 0.12 + 0.11 / n.sqrt());
    let series: f64 = (1..=100)
        .map(|k| {
            f64::from(if k % 2 == 1 { 2 } else { -2 }) * (-2.0 * f64::from(k * k) * t * t).exp()
        })
        .sum();
    if t < 0.2 { 1.0 } else { series.clamp(0.0, 1.0) }
}
