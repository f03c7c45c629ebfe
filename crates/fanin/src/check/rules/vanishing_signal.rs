//! The signal forward and the gradient back shrink from layer to layer.

use super::{
    Bounds, Finding, Look, Measured, Rule, Severity, advice, because, number, planned, steps,
};
use crate::check::case::Case;
use crate::check::estimate::Estimate;
use crate::check::evidence::Evidence;
use crate::check::forecast::{ESCAPE, LARGEST_GROWTH, escape_steps};
use crate::check::measurement::LayerMeasurement;

/// The effect in part of a network, whose loss is not known: ln of the shrinking of the mean square.
const EFFECT_OF_PART: &str = "ln(signal² in the first hidden layer / in the last)";

/// What is worth a warning there: as much as a signal may grow. Without a loss it is not known whether
/// the planned steps mend it, so that nothing fails.
const BOUNDS_OF_PART: Bounds = Bounds { warn: LARGEST_GROWTH, fail: f64::INFINITY };

/// Checks that a signal which shrinks leaves the weights time to grow out of their start.
///
/// Harm: gradients are products of weights, so small weights move slowly and in a deep network
/// never (`docs/theory/escape-time.md`). Looks like: a loss that stays at that of guessing for
/// long or for ever. Fix: a scheme whose variance fits the activation. When to ignore it: never
/// for the planned training; a shrinking signal that the planned steps mend is not reported. Of
/// part of a network, whose loss is not known, it warns of a signal that loses 99 of 100.
pub struct VanishingSignal;

impl Rule for VanishingSignal {
    fn code(&self) -> &'static str {
        "vanishing-signal"
    }

    fn title(&self) -> &'static str {
        "signal and gradient shrink from layer to layer"
    }

    fn ignore(&self) -> &'static str {
        "never for the planned training; a shrinking signal that the planned steps mend is not reported"
    }

    fn effect(&self) -> &'static str {
        "ln(steps until something is learned / steps planned)"
    }

    fn page(&self) -> &'static str {
        "escape-time"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &[
            "gain-mismatch",
            "dead-units",
            "vanishing-gradient",
            "correlation-collapse",
            "underflow",
            "step-too-small",
            "ill-conditioned-jacobian",
        ]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        if case.shown().measurement.is_part {
            return case.look_at(log_shrinking, row_error, BOUNDS_OF_PART, |severity, estimate| {
                self.explain_part(severity, case.shown(), estimate)
            });
        }
        let Some(estimate) = case.log_escape_share() else { return Look::Skipped };
        let measured = Measured { estimate, bounds: ESCAPE };
        let shrinking = case.starts.iter().filter(|start| start.shrinks()).count();
        match estimate.judge(ESCAPE) {
            Some(severity) if 2 * shrinking > case.starts.len() => {
                Look::from(self.explain(severity, case.shown()).map(|f| f.measured(measured)))
            }
            _ => Look::Passed(Some(measured)),
        }
    }
}

impl VanishingSignal {
    fn explain(&self, severity: Severity, evidence: &Evidence<'_>) -> Option<Finding> {
        let escape = escape_steps(evidence)?;
        let (signal, hidden) = (evidence.signal_factor()?, evidence.hidden());
        let back = match evidence.gradient_factor() {
            Some(factor) => format!(" and the gradient ×{} on its way back", number(factor)),
            None => String::new(),
        };
        let why = format!(
            "the signal shrinks ×{} per layer{back}{}: to grow out of that takes about {}, and {}",
            number(signal),
            because(hidden.last()?),
            steps(escape),
            planned(evidence.horizon.steps)
        );
        let fix = advice::variance_that_fits(evidence);
        Some(Finding::new(self, severity, why, fix).at(&hidden.first()?.module))
    }

    fn explain_part(
        &self,
        severity: Severity,
        start: &Evidence<'_>,
        estimate: Estimate,
    ) -> Finding {
        let (first, last) = ends(start).expect("the signal shrinks between two layers");
        let why = format!(
            "the signal shrinks ×{} from module {} to {}{}. Gradients shrink by about as much on \
             their way back; whether the planned steps mend that depends on the loss and on what \
             comes behind, which were not read",
            number((-0.5 * estimate.value).exp()),
            first.module,
            last.module,
            because(last)
        );
        let fix = advice::variance_that_fits(start);
        let finding = Finding::new(self, severity, why, fix).at(&first.module);
        Finding { effect: EFFECT_OF_PART, ignore: "where a normalization stands behind", ..finding }
    }
}

/// The first and the last hidden layer outside branches.
fn ends<'a>(start: &Evidence<'a>) -> Option<(&'a LayerMeasurement, &'a LayerMeasurement)> {
    let mut chain = start.hidden().iter().filter(|layer| !layer.in_branch());
    let first = chain.next()?;
    Some((first, chain.next_back()?))
}

/// ln of the mean square of the signal in the first hidden layer over that in the last; `None` where one
/// has no signal: other rules say so.
fn log_shrinking(start: &Evidence<'_>) -> Option<f64> {
    let (first, last) = ends(start)?;
    let shrinking = 2.0 * (first.signal / last.signal).ln();
    (first.signal > 0.0 && last.signal > 0.0 && shrinking.is_finite()).then_some(shrinking)
}

fn row_error(start: &Evidence<'_>) -> f64 {
    ends(start).map_or(0.0, |(_, last)| last.growth_error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::evidence::Horizon;
    use crate::check::probe::{Batch, measure};
    use crate::init::{Rules, for_model};
    use crate::spec::{Loss, Model};

    /// What is said of a part with the signals of its layers.
    fn look(signals: &[f64]) -> Look {
        let model: Model = format!("2 -> {}x3 relu -> 2", signals.len()).parse().unwrap();
        let weights = for_model(&model, &Rules::new("he-normal"), 0).unwrap();
        let batch = Batch { rows: 1, features: &[1.0, 2.0], targets: &[1.0, 0.0] };
        let mut measurement = measure(&model, &Loss::CrossEntropy, &weights, batch).unwrap();
        measurement.layers.pop();
        measurement.is_part = true;
        for (layer, &signal) in measurement.layers.iter_mut().zip(signals) {
            (layer.signal, layer.growth_error) = (signal, 0.0);
        }
        let measurement = &measurement;
        let horizon = Horizon::SAMPLE;
        let start = Evidence { measurement, units: &[], horizon, readings: None };
        VanishingSignal.look(&Case { starts: vec![start] })
    }

    #[test]
    fn of_a_part_the_signal_alone_decides() {
        let Look::Found(found) = look(&[1.0, 0.1, 0.001]) else { panic!("it shrinks") };
        assert_eq!((found.severity, found.module.as_deref()), (Severity::Warn, Some("0")));
        let expected = "the signal shrinks ×1.0e-3 from module 0 to 4";
        assert!(found.why.starts_with(expected), "{}", found.why);
        assert!((found.measured.unwrap().estimate.value - 1e6_f64.ln()).abs() < 1e-9);
        assert!(matches!(look(&[1.0, 0.1, 0.05]), Look::Passed(Some(_))), "it may be mended");
        assert!(matches!(look(&[1.0]), Look::Skipped), "one layer shrinks nothing");
        assert!(matches!(look(&[1.0, 0.0]), Look::Skipped), "no signal is another symptom");
    }
}
