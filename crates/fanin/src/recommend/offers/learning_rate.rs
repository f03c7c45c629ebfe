//! A learning rate that fits the sharpness.

use super::{Remedy, evidence};
use crate::check::evidence::StepRule;
use crate::check::fitting_rate::{self, USUAL_NORMALIZED};
use crate::check::instruments::curvature;
use crate::check::{Diagnosis, Verdict};
use crate::recommend::rows::Rows;
use crate::recommend::{Offer, Problem};

/// Planned rates below this part of the largest stable one are too short where learning is not
/// forecast.
const TIMID: f64 = 0.01;

/// Parts of the usual rate below which training would not arrive: there the start is what has to
/// change.
const SLOWEST: f64 = 1e-3;

/// A rate less than so many times the planned one is not worth a word.
const LEAST_GAIN: f64 = 3.0;

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
        let planned = diagnosis.horizon.learning_rate();
        let stable = stable_rate(problem, diagnosis)?;
        let fitting = rounded(fitting(diagnosis, stable)?);
        let (planned, stable) = (rounded(planned), rounded(stable));
        Some(Offer {
            change: format!("a learning rate of {fitting:?} instead of {planned:?}"),
            reason: reason(diagnosis.horizon.step_rule, planned, stable),
            how: format!(
                "`--learning-rate {fitting:?}`, in a spec `[optimizer] learning_rate = {fitting:?}`"
            ),
        })
    }
}

/// The rate to train with where `stable` is the largest stable one; none where the planned rate
/// fits, or no rate would mend this start.
fn fitting(diagnosis: &Diagnosis, stable: f64) -> Option<f64> {
    let horizon = &diagnosis.horizon;
    let (planned, usual) = (horizon.learning_rate(), fitting_rate::usual(horizon)?);
    let fitting = fitting_rate::below_curvature(stable, horizon)?;
    let learns = diagnosis.forecast == Verdict::Learns;
    let is_too_long = planned > stable;
    match horizon.step_rule {
        StepRule::Proportional => {
            if is_too_long {
                return Some(fitting).filter(|rate| *rate >= SLOWEST * usual);
            }
            let longer = fitting;
            let is_timid = !learns && planned < TIMID * stable;
            (is_timid && longer >= LEAST_GAIN * planned).then_some(longer)
        }
        // The sharpness in Adam's own measure lies far above its bound at the start of most sound
        // networks and falls in the first steps (Cohen et al. 2022): it gives no rate of its own.
        StepRule::Normalized => {
            let is_bold = !learns && planned >= LEAST_GAIN * usual;
            let below_jump = fitting_rate::below_jump(&evidence(diagnosis)).unwrap_or(usual);
            (is_too_long && is_bold).then_some(below_jump)
        }
        StepRule::Searched => None,
    }
}

fn reason(step_rule: StepRule, planned: f64, stable: f64) -> String {
    let allowed = format!("the curvature at the start allows steps up to {stable:?}");
    match step_rule {
        StepRule::Normalized => {
            format!("{allowed}, the planned rate is {planned:?}; {USUAL_NORMALIZED:?} is usual")
        }
        _ if planned > stable => format!("{allowed}, the planned rate is {planned:?}"),
        _ => format!("{allowed}; the planned rate is below a hundredth of that"),
    }
}

/// Three digits.
fn rounded(rate: f64) -> f64 {
    format!("{rate:.2e}").parse().unwrap_or(rate)
}

/// The largest stable rate for the planned optimizer, measured where no instrument has.
fn stable_rate(problem: &Problem<'_>, diagnosis: &Diagnosis) -> Option<f64> {
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
