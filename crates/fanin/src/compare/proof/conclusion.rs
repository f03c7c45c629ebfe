//! What pairs of runs say: how many times the steps, how sure that is, and one word.

use std::fmt;

use serde::Serialize;

use crate::check::Estimate;

/// Pairs of which all runs of one start arrive and none of the other: so many are no accident, with
/// 2/C(8, 4) = 0.029 by Fisher's exact test.
const PAIRS: usize = 4;

/// Steps from one start over steps from another, geometric mean over seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// The mean.
    pub mean: f64,
    /// Where it lies at least, with 95 %.
    pub low: f64,
    /// Where it lies at most, with 95 %.
    pub high: f64,
    /// Pairs of runs.
    pub pairs: usize,
    /// Runs of the first start that never arrived: the truth lies below the mean for them.
    pub never_before: usize,
    /// Runs of the second start that never arrived: the truth lies above the mean for them.
    pub never_after: usize,
}

impl Ratio {
    /// That of steps in pairs, seed by seed; a run that never arrived counts with its last step.
    pub(super) fn new(before: &[Option<u64>], after: &[Option<u64>], last: u64) -> Self {
        // A start that has arrived before the first step counts as one step.
        let steps = |steps: &Option<u64>| (steps.unwrap_or(last).max(1) as f64).ln();
        let logarithms: Vec<f64> =
            before.iter().zip(after).map(|(b, a)| steps(a) - steps(b)).collect();
        let estimate = Estimate::of(&logarithms);
        let (low, high) = estimate.interval();
        let never = |all: &[Option<u64>]| all.iter().filter(|steps| steps.is_none()).count();
        Self {
            mean: estimate.value.exp(),
            low: low.exp(),
            high: high.exp(),
            pairs: before.len(),
            never_before: never(before),
            never_after: never(after),
        }
    }

    fn only_after_arrives(&self) -> bool {
        self.pairs >= PAIRS && self.never_before == self.pairs && self.never_after == 0
    }

    fn only_before_arrives(&self) -> bool {
        self.pairs >= PAIRS && self.never_after == self.pairs && self.never_before == 0
    }
}

/// One word on two starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// The second takes fewer steps.
    Better,
    /// These seeds show no difference.
    NoDifference,
    /// The second takes more steps.
    Worse,
    /// Neither learns in the steps given.
    NeitherLearns,
}

impl Conclusion {
    pub(super) fn new(ratio: Option<&Ratio>) -> Self {
        match ratio {
            None => Self::NeitherLearns,
            Some(ratio) if ratio.high < 1.0 || ratio.only_after_arrives() => Self::Better,
            Some(ratio) if ratio.low > 1.0 || ratio.only_before_arrives() => Self::Worse,
            Some(_) => Self::NoDifference,
        }
    }
}

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Better => "better",
            Self::NoDifference => "no difference",
            Self::Worse => "worse",
            Self::NeitherLearns => "neither learns",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &[Option<u64>], after: &[Option<u64>], expected: Conclusion) -> Ratio {
        let ratio = Ratio::new(before, after, 300);
        assert_eq!(Conclusion::new(Some(&ratio)), expected, "{ratio:?}");
        ratio
    }

    #[test]
    fn pairs_that_agree_are_a_difference() {
        let before = [Some(100), Some(120), Some(80), Some(104), Some(92)];
        let half = before.map(|steps| steps.map(|steps| steps / 2));
        let ratio = check(&before, &half, Conclusion::Better);
        assert!((ratio.mean - 0.5).abs() < 1e-9 && ratio.high < 0.51, "{ratio:?}");
        check(&half, &before, Conclusion::Worse);
        check(&before, &before, Conclusion::NoDifference);
    }

    #[test]
    fn pairs_that_contradict_each_other_are_none() {
        let before = [Some(100), Some(100), Some(100)];
        let ratio = check(&before, &[Some(50), Some(200), Some(80)], Conclusion::NoDifference);
        assert!(ratio.low < 0.4 && ratio.high > 2.0, "three seeds know little: {ratio:?}");
    }

    #[test]
    fn runs_that_never_arrive_count_with_their_last_step() {
        let ratio = check(&[None; 3], &[Some(30), Some(31), Some(29)], Conclusion::Better);
        assert_eq!((ratio.never_before, ratio.never_after), (3, 0));
        assert!((ratio.mean - 0.1).abs() < 1e-3, "{ratio:?}");
        check(&[Some(30), Some(31), Some(29)], &[None; 3], Conclusion::Worse);
        let scattered = [Some(10), Some(290), Some(250), Some(299)];
        check(&[None; 4], &scattered, Conclusion::Better);
        check(&scattered, &[None; 4], Conclusion::Worse);
        check(&[None; 3], &scattered[..3], Conclusion::NoDifference);
        assert_eq!(Conclusion::new(None), Conclusion::NeitherLearns);
    }
}
