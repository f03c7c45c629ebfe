//! More units are silent than chance alone explains.

use std::cell::Cell;

use super::{Bounds, Finding, Look, Rule, advice, place};
use crate::check::case::Case;
use crate::check::measurement::LayerMeasurement;
use crate::theory::dead_probability;

/// Share of dead units beyond what chance explains. Sound layers of 32 and 64 units were seen up to
/// 0.16, since rows of real data are not all equally alike.
const BOUNDS: Bounds = Bounds { warn: 0.25, fail: f64::INFINITY };

/// Checks that no more units of a relu layer are silent on every row than chance explains at the
/// rows' correlation.
///
/// Harm: a unit whose slope is 0 for every row gets no gradient, so it stays as it is. Some are
/// silent by chance: of n inputs of correlation ½ every (n + 1)th unit is, and more where inputs
/// resemble each other, as they do in depth; an alarm at a fixed share would ring in every deep
/// relu network. Looks like: a layer with few active units, a loss that stops early. Fix: biases of 0
/// or slightly above, weights of a scheme that fits, standardized data. When to ignore it: in
/// wide layers that have units to spare.
pub struct DeadUnits;

impl Rule for DeadUnits {
    fn code(&self) -> &'static str {
        "dead-units"
    }

    fn title(&self) -> &'static str {
        "more units are silent than chance explains"
    }

    fn ignore(&self) -> &'static str {
        "in wide layers that have units to spare"
    }

    fn effect(&self) -> &'static str {
        "share of dead units beyond chance"
    }

    fn page(&self) -> &'static str {
        "signal-propagation"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &[
            "correlation-collapse",
            "vanishing-gradient",
            "few-directions",
            "ill-conditioned-jacobian",
        ]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let rows = case.shown().measurement.rows;
        // Each layer is asked for twice in a row.
        let known = Cell::new((f64::NAN, 0.0));
        let expected = |layer: &LayerMeasurement| {
            let cosine = layer.input_cosine.clamp(0.0, 1.0);
            if known.get().0 != cosine {
                known.set((cosine, dead_probability(cosine, rows)));
            }
            known.get().1
        };
        let excess = |layer: &LayerMeasurement| {
            layer.always_on_share?;
            layer.dead_share.map(|dead| dead - expected(layer))
        };
        let is_alone = case.starts.len() == 1;
        let error = |layer: &LayerMeasurement| {
            // Of many starts their own spread is taken.
            let chance = if is_alone { expected(layer) } else { 0.0 };
            (chance * (1.0 - chance) / layer.units as f64).sqrt()
        };
        let layers = case.layers(excess, error);
        case.look_at_layers(&layers, BOUNDS, |severity, layer, _| {
            let why = format!(
                "{:.0} % of the units of {} are silent on all {rows} rows, where chance explains \
                 {:.0} % at their cosine of {:.2}. No gradient reaches them",
                100.0 * layer.dead_share.unwrap_or(0.0),
                place(case.shown(), layer),
                100.0 * expected(layer),
                // Without the sign of a 0.
                (100.0 * layer.input_cosine).round() / 100.0 + 0.0
            );
            let fix = if layer.bias_mean_square > 0.0 {
                format!("start its biases at 0: --rule \"{}.bias=zeros\"", layer.module)
            } else {
                advice::variance_that_fits(case.shown())
            };
            Finding::new(self, severity, why, fix)
        })
    }
}
