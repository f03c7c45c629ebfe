//! The weights' variance does not fit the activation.

use fanin_engine::activations;
use fanin_engine::moments::gaussian_moments;

use super::{Bounds, Finding, Look, Rule, Severity, advice, number, place};
use crate::check::case::Case;
use crate::check::evidence::Evidence;
use crate::theory::Gaussian;

/// |ln| of what the weights make of the mean square on their way through the hidden layers.
const BOUNDS: Bounds = Bounds { warn: 4.605_170_185_988_092, fail: f64::INFINITY };

/// Checks that weights and activations together keep the mean square through the depth.
///
/// Harm: a layer maps the mean square q to d·Var(W)·E φ(√q·z)² with z standard normal; a factor
/// other than 1 is taken to the power of the depth. Looks like: activations and gradients that
/// vanish or explode, see there. Fix: the variance 1/E φ², which `exact-gain-normal` computes for
/// any activation. When to ignore it: where normalization follows every layer (then it is not
/// looked at), and where training copes with the size.
pub struct GainMismatch;

impl Rule for GainMismatch {
    fn code(&self) -> &'static str {
        "gain-mismatch"
    }

    fn title(&self) -> &'static str {
        "the weights' variance does not fit the activation"
    }

    fn ignore(&self) -> &'static str {
        "where normalization follows every layer (then it is not looked at), and where training copes with the size"
    }

    fn effect(&self) -> &'static str {
        "|ln| of what theory makes of the mean square"
    }

    fn page(&self) -> &'static str {
        "signal-propagation"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        if case.mends() && log_change(case.shown()).is_some_and(|change| change < 0.0) {
            return Look::Skipped;
        }
        let effect = |start: &Evidence<'_>| log_change(start).map(f64::abs);
        case.look_at(effect, |_| 0.0, BOUNDS, |severity, _| self.explain(severity, case.shown()))
    }
}

/// ln of the mean square that theory expects at the last hidden layer over the measured one at the
/// first; `None` with residual branches, normalization or fewer than two hidden layers.
fn log_change(start: &Evidence<'_>) -> Option<f64> {
    let hidden = start.hidden();
    let plain = hidden.iter().all(|l| !l.in_branch() && !l.normalized);
    let first = hidden.first().filter(|_| plain && hidden.len() > 1)?.pre_activation_second_moment;
    if first.is_nan() || first <= 0.0 {
        return None;
    }
    let (mut second, mut next) = (first, hidden.iter().skip(1));
    for layers in hidden.chunk_by(|a, b| a.activation == b.activation) {
        let activation = activations::find(layers[0].activation.as_deref().unwrap_or("identity"))?;
        let averages = Gaussian::coarse(&*activation);
        for behind in next.by_ref().take(layers.len()) {
            second = behind.scaled_weight_variance * averages.second(second);
        }
    }
    (second > 0.0).then(|| (second / first).ln()).filter(|change| change.is_finite())
}

impl GainMismatch {
    fn explain(&self, severity: Severity, start: &Evidence<'_>) -> Finding {
        let hidden = start.hidden();
        let (before, layer) = (&hidden[hidden.len() - 2], &hidden[hidden.len() - 1]);
        let name = before.activation.as_deref().unwrap_or("identity");
        let needed = activations::find(name)
            .map_or(1.0, |activation| gaussian_moments(&*activation, 0.0, 1.0).second.recip());
        let change = log_change(start).unwrap_or(0.0);
        let why = format!(
            "behind {name} the variance {}/d keeps a mean square of 1, and {} has {}/d. Over the \
             hidden layers that makes ×{} of the mean square",
            number(needed),
            place(start, layer),
            number(layer.scaled_weight_variance),
            number(change.exp())
        );
        let fix = advice::variance_that_fits(start);
        Finding::new(self, severity, why, fix).at(&layer.module)
    }
}
