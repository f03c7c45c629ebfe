//! A number with its standard error, and the rule that makes a judgment of it.
//!
//! The sample is the seeds: rows of data share the weights, so more of them soon tell nothing new
//! (`docs/theory/verdict.md`). With a single start the error is that over rows, for these weights.

use fanin_kernels::random::normal_quantile;
use serde::Serialize;

use super::severity::Severity;

/// A measured number with its standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean over seeds.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Seeds measured.
    pub seeds: usize,
}

/// Where a symptom begins to harm, and from where on it is sure to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bounds {
    /// Below this nothing is wrong.
    pub warn: f64,
    /// Above this something is; infinite for what never fails by itself.
    pub fail: f64,
}

/// Φ(−2): how rarely the truth lies beyond one end of an interval.
const ALPHA: f64 = 0.022_750_131_948_179_2;

impl Estimate {
    /// The mean of one value per seed with its standard error.
    pub fn of(values: &[f64]) -> Self {
        let seeds = values.len();
        let count = seeds as f64;
        let value = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|v| (v - value).powi(2)).sum();
        let standard_error = (squares / (count * (count - 1.0).max(1.0))).sqrt();
        Self { value, standard_error, seeds }
    }

    /// A number of a single start with its error over rows.
    pub fn single(value: f64, standard_error: f64) -> Self {
        Self { value, standard_error, seeds: 1 }
    }

    /// How bad an effect is that harms when it is large; `None` if it is surely below `warn`.
    ///
    /// Below `warn` with two standard errors to spare nothing is wrong, above `fail` with as many
    /// it fails, and an interval that holds both says nothing. Of few seeds the error itself is
    /// known badly, so more errors are asked for, by Student's distribution: 2.9 of five seeds.
    pub fn judge(&self, bounds: Bounds) -> Option<Severity> {
        self.judge_at(bounds, self.reach(1))
    }

    /// Where the truth lies with a probability of 95 %: two standard errors to both sides, and more
    /// of few seeds, by Student's distribution.
    pub fn interval(&self) -> (f64, f64) {
        let own = self.reach(1) * self.standard_error;
        (self.value - own, self.value + own)
    }

    /// Standard errors beyond which the truth lies with probability Φ(−2), shared by so many tests.
    fn reach(&self, tests: usize) -> f64 {
        let tail = ALPHA / tests.max(1) as f64;
        match self.seeds {
            0 | 1 => -normal_quantile(tail),
            seeds => student_quantile(tail, seeds - 1),
        }
    }

    /// As [`judge`](Self::judge), where failing takes `reach` standard errors.
    fn judge_at(&self, bounds: Bounds, reach: f64) -> Option<Severity> {
        // The spread of values some of which are infinite is no number; their mean is infinite.
        let error = if self.standard_error.is_nan() { 0.0 } else { self.standard_error };
        let own = self.reach(1) * error;
        let (low, high) = (self.value - own, self.value + own);
        if self.value.is_nan() || self.value - reach * error > bounds.fail {
            Some(Severity::Fail)
        } else if high < bounds.warn {
            None
        } else if low < bounds.warn && high > bounds.fail {
            Some(Severity::Inconclusive)
        } else if high > bounds.warn {
            Some(Severity::Warn)
        } else {
            None
        }
    }

    /// Seeds after which the interval will be short enough to tell `warn` from `fail`.
    pub fn seeds_needed(&self, bounds: Bounds) -> usize {
        let one = self.standard_error * (self.seeds as f64).sqrt();
        let nearest = [bounds.warn, bounds.fail].map(|bound| (self.value - bound).abs());
        let between = (bounds.fail - bounds.warn) / 2.0;
        let own = nearest[0].min(nearest[1]);
        let margin = if between.is_finite() { between.max(own) } else { own };
        ((2.0 * one / margin).powi(2).ceil().max(2.0)) as usize
    }
}

/// The worst of many layers and where it is, so that many layers raise no more false alarms than
/// one.
///
/// Layers fail in Holm's order: the clearest must hold against all, the next against all but one,
/// and so on (Holm 1979). Passing needs no correction, since all have to pass.
pub fn worst(layers: &[Estimate], bounds: Bounds) -> Option<(usize, Option<Severity>)> {
    let mut order: Vec<usize> = (0..layers.len()).collect();
    let excess = |i: &usize| {
        let layer = &layers[*i];
        let excess = (layer.value - bounds.fail) / layer.standard_error.max(f64::MIN_POSITIVE);
        if excess.is_nan() { f64::INFINITY } else { excess }
    };
    order.sort_by(|a, b| excess(b).total_cmp(&excess(a)));
    let mut holds = true;
    let mut severities = Vec::with_capacity(layers.len());
    for (rank, &layer) in order.iter().enumerate() {
        let reach = layers[layer].reach(layers.len() - rank);
        let severity = layers[layer].judge_at(bounds, if holds { reach } else { f64::INFINITY });
        holds &= severity == Some(Severity::Fail);
        severities.push((layer, severity));
    }
    let rank = |severity: Option<Severity>| severity.map_or(0, |s| 1 + s as usize);
    severities.into_iter().max_by(|a, b| {
        let by_value = layers[a.0].value.total_cmp(&layers[b.0].value);
        rank(a.1).cmp(&rank(b.1)).then(by_value).then(b.0.cmp(&a.0))
    })
}

/// The point that Student's t with so many degrees of freedom exceeds with probability `tail`:
/// exact for one and two, else by Cornish and Fisher's expansion (Abramowitz & Stegun 26.7.5),
/// within 1 % of tails from 10⁻³ on.
fn student_quantile(tail: f64, freedom: usize) -> f64 {
    let n = freedom as f64;
    if freedom == 1 {
        return 1.0 / (std::f64::consts::PI * tail).tan();
    }
    if freedom == 2 {
        return (1.0 - 2.0 * tail) / (2.0 * tail * (1.0 - tail)).sqrt();
    }
    let z = -normal_quantile(tail);
    let terms = [
        (z.powi(3) + z) / 4.0,
        (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0,
        (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0,
        (79.0 * z.powi(9) + 776.0 * z.powi(7) + 1482.0 * z.powi(5)
            - 1920.0 * z.powi(3)
            - 945.0 * z)
            / 92160.0,
    ];
    terms.iter().enumerate().fold(z, |t, (power, term)| t + term / n.powi(power as i32 + 1))
}

#[cfg(test)]
mod tests {
    use fanin_kernels::random::{Stream, fill_normal_f64};

    use super::*;

    const BOUNDS: Bounds = Bounds { warn: 1.0, fail: 3.0 };

    #[track_caller]
    fn check(value: f64, error: f64, expected: Option<Severity>) {
        assert_eq!(Estimate::single(value, error).judge(BOUNDS), expected, "{value} ± {error}");
    }

    #[test]
    fn the_interval_decides() {
        check(0.5, 0.2, None);
        check(0.9, 0.2, Some(Severity::Warn));
        check(2.0, 0.2, Some(Severity::Warn));
        check(3.2, 0.05, Some(Severity::Fail));
        check(3.2, 0.2, Some(Severity::Warn));
        check(2.0, 2.0, Some(Severity::Inconclusive));
        check(0.0, 5.0, Some(Severity::Inconclusive));
        check(f64::NAN, 0.0, Some(Severity::Fail));
        check(f64::INFINITY, 0.0, Some(Severity::Fail));
    }

    #[test]
    fn seeds_give_mean_and_error() {
        let estimate = Estimate::of(&[1.0, 2.0, 3.0]);
        assert_eq!((estimate.value, estimate.seeds), (2.0, 3));
        assert!((estimate.standard_error - 1.0 / 3.0_f64.sqrt()).abs() < 1e-12);
        let one = Estimate::of(&[4.0]);
        assert_eq!((one.value, one.standard_error), (4.0, 0.0));
    }

    #[test]
    fn seeds_some_of_which_are_infinite_fail() {
        let estimate = Estimate::of(&[1.0, f64::INFINITY, f64::INFINITY]);
        assert_eq!(estimate.judge(BOUNDS), Some(Severity::Fail));
    }

    #[test]
    fn so_many_seeds_as_asked_for_tell_apart() {
        let few = Estimate { value: 2.0, standard_error: 2.0, seeds: 4 };
        let needed = few.seeds_needed(BOUNDS);
        assert_eq!(needed, 64);
        let error = 2.0 * (4.0 / needed as f64).sqrt();
        assert!(2.0 * error <= 1.0, "half the distance between the bounds");
    }

    #[test]
    fn the_reach_of_one_test_is_two_errors_and_grows_with_their_number() {
        let one = Estimate::single(0.0, 1.0);
        assert!((one.reach(1) - 2.0).abs() < 1e-9);
        assert!((one.reach(100) - 3.506).abs() < 2e-3);
    }

    /// Quantiles by integrating the density; those of one and two degrees are closed forms.
    #[test]
    fn few_seeds_reach_as_far_as_student_says() {
        let table = [(1, 13.967_7), (2, 4.526_6), (3, 3.306_8), (4, 2.869_3), (14, 2.195_3)];
        for (freedom, expected) in table {
            let got = student_quantile(ALPHA, freedom);
            assert!((got / expected - 1.0).abs() < 0.01, "{freedom}: {got} {expected}");
        }
        let seeds = Estimate { value: 0.0, standard_error: 1.0, seeds: 5 };
        assert!((seeds.reach(1) - 2.87).abs() < 0.02);
    }

    #[test]
    fn fifty_harmless_layers_alarm_as_rarely_as_one() {
        let mut alarms = 0;
        let runs = 2000;
        for run in 0..runs {
            let mut z = [0.0; 50];
            fill_normal_f64(Stream::new(run, "layers"), 0, BOUNDS.fail, 1.0, &mut z);
            let layers = z.map(|value| Estimate::single(value, 1.0));
            let found = worst(&layers, BOUNDS).unwrap().1;
            alarms += usize::from(found == Some(Severity::Fail));
        }
        // 2,000 runs at a rate of 0.02275 give 45.5 ± 6.7; 72 is four deviations above.
        assert!(alarms < 72, "{alarms} of {runs}");
        assert!(alarms > 19, "{alarms} of {runs}: the test has no power left");
    }

    #[test]
    fn the_clearest_layer_is_named() {
        let layers = [0.1, 5.0, 9.0, 0.2].map(|value| Estimate::single(value, 0.1));
        assert_eq!(worst(&layers, BOUNDS), Some((2, Some(Severity::Fail))));
        let fine = [0.1, 0.3].map(|value| Estimate::single(value, 0.01));
        assert_eq!(worst(&fine, BOUNDS), Some((1, None)));
        assert_eq!(worst(&[], BOUNDS), None);
    }
}
