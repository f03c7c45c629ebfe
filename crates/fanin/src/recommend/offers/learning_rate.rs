//! A learning rate that fits the sharpness.

use super::{Remedy, evidence};
use crate::check::evidence::StepRule;
use crate::check::instruments::curvature;
use crate::check::{Diagnosis, Verdict};
use crate::recommend::rows::Rows;
use crate::recommend::{Offer, Problem};

/// Half of the largest stable rate: the sharpness rises while a network learns, until the rate
/// itself bounds it (Cohen et al. 2021).
const SHARE: f64 = 0.5;

/// Planned rates below this part of the largest stable one are too short where learning is not
/// forecast.
const TIMID: f64 = 0.01;

/// Rows that the curvature is measured on.
const ROWS: usize = 128;

/// A learning rate that fits the sharpness.
#[derive(Clone, Copy, Debug)]
pub struct LearningRate;

impl Remedy for LearningRate {
    fn name(&self) -> &'static str {
        "learning-rate"
    }

    fn offer(&self, problem: &Problem<'_>, diagnosis: &Diagnosis) -> Option<Offer> {
        let horizon = diagnosis.horizon;
        let planned = horizon.learning_rate();
        let stable = stable_rate(problem, diagnosis)?;
        let ratio = planned / stable;
        let is_timid = horizon.step_rule == StepRule::Proportional
            && diagnosis.forecast != Verdict::Learns
            && ratio < TIMID;
        if ratio <= 1.0 && !is_timid {
            return None;
        }
        let fitting = SHARE * stable;
        Some(Offer {
            change: format!("a learning rate of {fitting:.2e} instead of {planned:.2e}"),
            reason: format!(
                "the curvature at the start allows steps up to {stable:.2e}; the planned rate is \
                 {ratio:.2e} of that"
            ),
            how: format!("[optimizer] learning_rate = {fitting:.2e}"),
        })
    }
}

/// The largest stable rate for the planned optimizer, measured where no instrument has.
pub fn stable_rate(problem: &Problem<'_>, diagnosis: &Diagnosis) -> Option<f64> {
    if let Some(readings) = diagnosis.readings.as_ref().filter(|r| r.sharpness.is_some()) {
        return readings.stable_learning_rate;
    }
    let horizon = evidence(diagnosis).horizon;
    let is_finite = diagnosis.measurement.first_non_finite().is_none();
    if !is_finite || horizon.step_rule == StepRule::Searched {
        return None;
    }
    let rows = Rows::of(problem, "learning-rate", ROWS).ok()?;
    let adam = (horizon.step_rule == StepRule::Normalized)
        .then(|| curvature::Adam { epsilon: horizon.epsilon, ..curvature::Adam::default() });
    let options = curvature::Options { most_steps: 16, adam, ..curvature::Options::default() };
    let found =
        curvature::measure(problem.model, problem.loss, problem.weights, rows.batch(), &options);
    let found = found.ok()?;
    match horizon.step_rule {
        StepRule::Proportional => found.stable_rate(horizon.momentum),
        StepRule::Normalized => found.stable_adam_rate(0.9),
        StepRule::Searched => None,
    }
}
