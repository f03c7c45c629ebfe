//! Early stopping: an end to training once a measure has stopped getting better.

use serde::{Deserialize, Serialize};

/// Watches one measure and says when it has not become better for long enough (Prechelt 1998).
///
/// ```
/// use fanin::train::{Decision, EarlyStopping};
///
/// let mut watch = EarlyStopping::new(2, 0.01);
/// assert_eq!(watch.observe(1, 0.50), Decision::Improved);
/// assert_eq!(watch.observe(2, 0.495), Decision::Wait);
/// assert_eq!(watch.observe(3, 0.60), Decision::Stop);
/// assert_eq!(watch.best_step(), Some(1));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlyStopping {
    /// Observations in a row without improvement after which to stop; 0 acts as 1.
    pub patience: u64,
    /// The least change that counts as improvement, at least 0.
    pub min_delta: f64,
    /// Which way is better.
    pub goal: Goal,
    best: Option<(u64, f64)>,
    waited: u64,
}

/// Which way a measure gets better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// A loss.
    #[default]
    Lower,
    /// An accuracy.
    Higher,
}

/// What follows from one observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The best so far: worth keeping the weights.
    Improved,
    /// No improvement, but patience is left.
    Wait,
    /// No improvement for as long as patience lasts.
    Stop,
}

impl EarlyStopping {
    /// Stops after `patience` observations in a row that are not lower by more than `min_delta`.
    pub fn new(patience: u64, min_delta: f64) -> Self {
        Self { patience, min_delta, goal: Goal::Lower, best: None, waited: 0 }
    }

    /// Takes the measure after `step`; NaN is never an improvement.
    pub fn observe(&mut self, step: u64, value: f64) -> Decision {
        if self.improves(value) {
            (self.best, self.waited) = (Some((step, value)), 0);
            return Decision::Improved;
        }
        self.waited += 1;
        if self.waited >= self.patience { Decision::Stop } else { Decision::Wait }
    }

    /// Whether patience has run out.
    pub fn has_stopped(&self) -> bool {
        self.waited >= self.patience
    }

    /// The step of the best observation.
    pub fn best_step(&self) -> Option<u64> {
        self.best.map(|(step, _)| step)
    }

    /// The best observation.
    pub fn best_value(&self) -> Option<f64> {
        self.best.map(|(_, value)| value)
    }

    /// Infinity counts as no value, so that a state always survives JSON.
    fn improves(&self, value: f64) -> bool {
        let Some((_, best)) = self.best else { return value.is_finite() };
        match self.goal {
            Goal::Lower => value.is_finite() && value < best - self.min_delta,
            Goal::Higher => value.is_finite() && value > best + self.min_delta,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Decision::{Improved, Stop, Wait};

    #[track_caller]
    fn check(mut watch: EarlyStopping, values: &[f64], expected: &[Decision], best: Option<u64>) {
        let steps = (1..).zip(values);
        let found: Vec<_> = steps.map(|(step, value)| watch.observe(step, *value)).collect();
        assert_eq!(found, expected);
        assert_eq!(watch.best_step(), best);
    }

    #[test]
    fn improvement_renews_patience() {
        let values = [1.0, 1.5, 0.9, 1.0, 0.95, 0.8];
        let expected = [Improved, Wait, Improved, Wait, Stop, Improved];
        check(EarlyStopping::new(2, 0.0), &values, &expected, Some(6));
    }

    #[test]
    fn changes_within_min_delta_do_not_count_even_if_many() {
        let values = [1.0, 0.95, 0.91, 0.85];
        check(EarlyStopping::new(3, 0.1), &values, &[Improved, Wait, Wait, Improved], Some(4));
    }

    #[test]
    fn equal_values_and_nan_are_no_improvement() {
        let values = [f64::NAN, 1.0, 1.0, f64::INFINITY, f64::NAN];
        check(EarlyStopping::new(3, 0.0), &values, &[Wait, Improved, Wait, Wait, Stop], Some(2));
        check(EarlyStopping::new(0, 0.0), &[f64::NAN], &[Stop], None);
    }

    #[test]
    fn accuracy_is_watched_upwards() {
        let watch = EarlyStopping { goal: Goal::Higher, ..EarlyStopping::new(1, 0.0) };
        check(watch, &[0.5, 0.6, 0.6], &[Improved, Improved, Stop], Some(2));
    }

    #[test]
    fn a_state_read_back_decides_as_the_one_written() {
        let mut watch = EarlyStopping::new(3, 1e-4);
        watch.observe(1, 0.1 + 0.2);
        watch.observe(2, 0.5);
        let text = serde_json::to_string(&watch).unwrap();
        let mut read: EarlyStopping = serde_json::from_str(&text).unwrap();
        assert_eq!(read, watch);
        assert_eq!(read.observe(3, 1.0), watch.observe(3, 1.0));
    }
}
