//! Units work where their activation is flat.

use super::{Bounds, Finding, Look, Rule, advice, place};
use crate::check::case::Case;
use crate::check::measurement::LayerMeasurement;

/// Share of units and rows where the slope is below a twentieth of the steepest; tanh of inputs of
/// mean square 4 has 0.28 of them, of 16 0.59.
pub(in crate::check) const BOUNDS: Bounds = Bounds { warn: 0.3, fail: 0.6 };

/// Checks that activations that are flat on both sides, such as tanh, get inputs where they bend.
///
/// Harm: where the slope is near 0, so is the gradient that comes back, and a saturated unit is
/// slow to leave. Looks like: activations near ±1 (or 0 and 1) for nearly every row, and a loss
/// that hardly moves. Fix: smaller weights, such as xavier-uniform for tanh, or standardized data. When to
/// ignore it: at an output that should be a hard decision; activations that are flat on one side
/// only, such as relu, are not looked at.
pub struct Saturation;

impl Rule for Saturation {
    fn code(&self) -> &'static str {
        "saturation"
    }

    fn title(&self) -> &'static str {
        "units work where their activation is flat"
    }

    fn ignore(&self) -> &'static str {
        "at an output that should be a hard decision; activations that are flat on one side only, such as relu, are not looked at"
    }

    fn effect(&self) -> &'static str {
        "share of saturated units and rows"
    }

    fn page(&self) -> &'static str {
        "signal-propagation"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &["vanishing-gradient"]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let rows = case.shown().measurement.rows as f64;
        let error = |layer: &LayerMeasurement| share_error(layer, rows);
        let layers = case.layers(|layer| layer.saturated_share, error);
        case.look_at_layers(&layers, BOUNDS, |severity, layer, estimate| {
            let why = format!(
                "{:.0} % of what enters {} of {} lies where its slope is below a twentieth of the \
                 steepest. Little gradient comes back through it",
                100.0 * estimate.value,
                layer.activation.as_deref().unwrap_or("the activation"),
                place(case.shown(), layer)
            );
            let smaller = match advice::fitting_scheme(case.shown()) {
                Some(scheme) => format!("such as --scheme {scheme}"),
                None => format!("or {}", advice::by_fix(case.shown())),
            };
            let fix = format!("use standardized data and smaller weights, {smaller}");
            Finding::new(self, severity, why, fix)
        })
    }
}

/// The standard error of a share p over N units and B rows whose cosine is c: √(p(1 − p)/n) with
/// n = N·B/(1 + (B − 1)c²), since rows that resemble each other count less.
fn share_error(layer: &LayerMeasurement, rows: f64) -> f64 {
    let share = layer.saturated_share.unwrap_or(0.0);
    let alike = 1.0 + (rows - 1.0) * layer.cosine.powi(2);
    (share * (1.0 - share) * alike / (layer.units as f64 * rows)).sqrt()
}
