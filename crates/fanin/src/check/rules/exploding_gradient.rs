//! The gradient grows on its way back.

use super::{Bounds, Finding, Look, Rule, Severity, advice, number};
use crate::check::case::Case;
use crate::check::estimate::Estimate;
use crate::check::evidence::Evidence;

/// ln ‖δ‖² of the first hidden layer over that of the last: e⁶ is a gradient 20 times as large, and
/// e⁸·⁵ one 70 times as large, from which on AUTOTRAINER (Zhang et al. 2021) speaks of explosion.
const BOUNDS: Bounds = Bounds { warn: 6.0, fail: 8.5 };

/// Checks that the gradient at pre-activations does not grow much from the last hidden layer to
/// the first.
///
/// Harm: no learning rate fits both ends, since the first layers jump where the last ones crawl.
/// Looks like: a loss that leaps in the first steps, then NaN, unless gradients are clipped. Fix: a
/// scheme whose variance fits the activation, or a smaller factor on residual branches. When to
/// ignore it: with Adam and its kin, whose steps do not grow with the gradient.
pub struct ExplodingGradient;

impl Rule for ExplodingGradient {
    fn code(&self) -> &'static str {
        "exploding-gradient"
    }

    fn title(&self) -> &'static str {
        "the gradient grows on its way back"
    }

    fn ignore(&self) -> &'static str {
        "with Adam and its kin, whose steps do not grow with the gradient"
    }

    fn effect(&self) -> &'static str {
        "ln(‖δ‖² of the first hidden layer / of the last)"
    }

    fn page(&self) -> &'static str {
        "signal-propagation"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let effect = |start: &Evidence<'_>| start.log_gradient_growth();
        case.look_at(effect, Evidence::gradient_growth_error, BOUNDS, |severity, estimate| {
            self.explain(severity, case.shown(), estimate)
        })
    }
}

impl ExplodingGradient {
    fn explain(&self, severity: Severity, start: &Evidence<'_>, estimate: Estimate) -> Finding {
        let why = format!(
            "the gradient at the first hidden layer is {} times that at the last one. A learning \
             rate that suits the last layers makes the first ones jump",
            number((0.5 * estimate.value).exp())
        );
        let fix = format!("{}; or clip gradients", advice::variance_that_fits(start));
        let severity = start.softened(severity);
        Finding::new(self, severity, why, fix).in_first_hidden_layer(start)
    }
}
