//! The learning rates that advice names: a check's and a repair's are the same.

use super::evidence::{Evidence, Horizon, StepRule};

/// What a lasting gradient moves in one step at the rate that fanin plans for SGD: 0.02/(1 − 0.9).
///
/// Where signals fade the loss is flat at the start, and its curvature allows steps of any length
/// that the first larger weights turn into divergence: no longer step than this is advised.
pub const USUAL: f64 = 0.2;

/// The rate of normalized steps (Kingma & Ba 2015).
pub const USUAL_NORMALIZED: f64 = 1e-3;

/// Half of the largest rate that fits: the sharpness rises while a network learns, until the rate
/// itself bounds it (Cohen et al. 2021).
const SHARE: f64 = 0.5;

/// The rate that is usual for the planned optimizer; none where the step's length is searched for.
///
/// ```
/// use fanin::check::evidence::{Horizon, StepRule};
/// use fanin::check::fitting_rate::usual;
/// use fanin::check::symmetry::Partition;
///
/// let mut horizon = Horizon {
///     steps: 345,
///     effective_learning_rate: 5.0,
///     step_rule: StepRule::Proportional,
///     momentum: 0.9,
///     epsilon: 0.0,
///     partition: Partition::BlockSums,
/// };
/// assert!((usual(&horizon).unwrap() - 0.02).abs() < 1e-9);
/// horizon.step_rule = StepRule::Normalized;
/// assert_eq!(usual(&horizon), Some(1e-3));
/// ```
pub fn usual(horizon: &Horizon) -> Option<f64> {
    match horizon.step_rule {
        StepRule::Proportional => Some(USUAL * (1.0 - horizon.momentum)),
        StepRule::Normalized => Some(USUAL_NORMALIZED),
        StepRule::Searched => None,
    }
}

/// The rate at which one step changes the hidden layers by half of what was seen to come right, or half
/// the planned rate if that is less, for the start that is shown may be milder than the mean of all;
/// never more than [`usual`]. None where no step's length is known.
pub fn below_jump(start: &Evidence<'_>) -> Option<f64> {
    let (jump, _) = start.jump()?;
    let share = (SHARE * start.largest_jump() / jump).min(SHARE);
    let rate = start.horizon.learning_rate() * share;
    Some(rate.min(usual(&start.horizon)?))
}

/// Half of the largest rate that the curvature allows, `stable`; never more than [`usual`]. None where a step's
/// length is searched for.
pub fn below_curvature(stable: f64, horizon: &Horizon) -> Option<f64> {
    Some((SHARE * stable).min(usual(horizon)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_start_is_sent_to_the_usual_rate() {
        let usual = usual(&Horizon::SAMPLE).unwrap();
        assert_eq!(below_curvature(100.0, &Horizon::SAMPLE), Some(usual));
        assert_eq!(below_curvature(0.01, &Horizon::SAMPLE), Some(0.005));
    }
}
