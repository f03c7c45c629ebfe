//! Inputs that hardly differ end far apart.

use super::{Bounds, Finding, Look, Rule, Severity, advice, number, place};
use crate::check::case::Case;
use crate::check::estimate::Estimate;
use crate::check::evidence::Evidence;

/// 1 − cosine in the last hidden layer between inputs of cosine 0.99: 0.8 is the cosine 0.2 at which
/// neighbors are strangers.
const BOUNDS: Bounds = Bounds { warn: 0.5, fail: 0.8 };

/// Checks that inputs which hardly differ stay close (the chaotic phase of Poole et al. 2016).
///
/// Harm: neighbors become strangers, so what is learned from one row says nothing of the next one,
/// and gradients grow from layer to layer. Looks like: training rows learned by heart, test rows
/// guessed; a loss that jumps. Fix: weights of smaller variance, down to the critical line. When to
/// ignore it: in shallow networks made to fit fine detail, such as SIREN.
pub struct Chaos;

impl Rule for Chaos {
    fn code(&self) -> &'static str {
        "chaos"
    }

    fn title(&self) -> &'static str {
        "inputs that hardly differ end far apart"
    }

    fn ignore(&self) -> &'static str {
        "in shallow networks made to fit fine detail, such as SIREN"
    }

    fn effect(&self) -> &'static str {
        "1 − cosine of neighbors at 0.99"
    }

    fn page(&self) -> &'static str {
        "signal-propagation"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &["saturation", "exploding-gradient", "step-too-large", "ill-conditioned-jacobian"]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let effect = |start: &Evidence<'_>| start.last_hidden().map(|l| 1.0 - l.near_cosine);
        let pairs = |start: &Evidence<'_>| {
            start
                .last_hidden()
                .map_or(0.0, |l| (1.0 - l.near_cosine.powi(2)) / (l.units as f64).sqrt())
        };
        case.look_at(effect, pairs, BOUNDS, |severity, estimate| {
            self.explain(severity, case.shown(), estimate)
        })
    }
}

impl Chaos {
    fn explain(&self, severity: Severity, start: &Evidence<'_>, estimate: Estimate) -> Finding {
        let layer = start.last_hidden().expect("the effect was measured there");
        let why = format!(
            "inputs at a cosine of 0.99 to each other are at {} in {}. What is learned from one row \
             says little of the next",
            number(1.0 - estimate.value),
            place(start, layer)
        );
        let fix = if layer.normalized {
            "use fewer normalized layers, or residual branches: the weights' scale does not matter"
        } else if advice::fitting_scheme(start).is_some() {
            "lower the weights' variance towards the critical line, which `fanin theory` gives: --scheme \
             lecun-normal"
        } else {
            advice::by_fix(start)
        };
        Finding::new(self, severity, why, fix.to_owned()).at(&layer.module)
    }
}
