//! The gradient shrinks on its way back.

use super::{Bounds, Finding, Look, Rule, Severity, advice, number};
use crate::check::case::Case;
use crate::check::estimate::Estimate;
use crate::check::evidence::Evidence;

/// ln ‖δ‖² of the last hidden layer over that of the first: e⁶ is six depth scales of the gradient,
/// about as deep as networks were seen to train (Schoenholz et al. 2017), and e¹³·⁸ a gradient
/// 1,000 times as small, which AUTOTRAINER (Zhang et al. 2021) calls vanished.
const BOUNDS: Bounds = Bounds { warn: 6.0, fail: 13.815_510_557_964_274 };

/// Checks that the gradient at pre-activations does not shrink much from the last hidden layer to
/// the first.
///
/// Harm: the first layers hardly move, so the network learns from features that are still random.
/// Looks like: a loss that falls slowly and stops early, while the first layers' weights stay
/// where they were. Fix: a scheme whose variance fits the activation; residual branches; an
/// activation whose slope is not below 1. When to ignore it: with Adam and its kin, whose steps do
/// not shrink with the gradient. It is not reported where the planned steps mend it.
pub struct VanishingGradient;

impl Rule for VanishingGradient {
    fn code(&self) -> &'static str {
        "vanishing-gradient"
    }

    fn title(&self) -> &'static str {
        "the gradient shrinks on its way back"
    }

    fn ignore(&self) -> &'static str {
        "with Adam and its kin, whose steps do not shrink with the gradient"
    }

    fn effect(&self) -> &'static str {
        "ln(‖δ‖² of the last hidden layer / of the first)"
    }

    fn page(&self) -> &'static str {
        "signal-propagation"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        if case.mends() {
            return Look::Skipped;
        }
        let effect = |start: &Evidence<'_>| start.log_gradient_growth().map(|growth| -growth);
        case.look_at(effect, Evidence::gradient_growth_error, BOUNDS, |severity, estimate| {
            self.explain(severity, case.shown(), estimate)
        })
    }
}

impl VanishingGradient {
    fn explain(&self, severity: Severity, start: &Evidence<'_>, estimate: Estimate) -> Finding {
        let why = format!(
            "the gradient at the first hidden layer is {} times that at the last one. The first \
             layers hardly move while the last ones learn",
            number((-0.5 * estimate.value).exp())
        );
        let fix = format!("{}; or residual branches", advice::variance_that_fits(start));
        let severity = start.softened(severity);
        Finding::new(self, severity, why, fix).in_first_hidden_layer(start)
    }
}
