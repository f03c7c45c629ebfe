//! Half precision would flush gradients to 0.

use super::{Bounds, Finding, Look, Rule, Severity};
use crate::check::case::Case;
use crate::check::estimate::Estimate;
use crate::check::readings::Readings;

/// Share of gradients that are flushed: 1 % is what loss scaling is set to avoid; with more than
/// half lost, most of the network stands still.
const BOUNDS: Bounds = Bounds { warn: 0.5, fail: f64::INFINITY };

/// Checks that half precision would keep most gradients.
///
/// Harm: in fp16 numbers below 3·10⁻⁸ become 0, in bf16 only those below 5·10⁻⁴¹; what is flushed
/// does not move its weight. Looks like: training that works in f32 and stands still in fp16. Fix:
/// loss scaling, bf16, or weights whose gradients are larger. When to ignore it: where training
/// runs in f32, as fanin's own does. Relu's exact zeros do not count.
pub struct Underflow;

impl Rule for Underflow {
    fn code(&self) -> &'static str {
        "underflow"
    }

    fn title(&self) -> &'static str {
        "half precision would flush gradients to 0"
    }

    fn ignore(&self) -> &'static str {
        "where training runs in f32, as fanin's own does"
    }

    fn effect(&self) -> &'static str {
        "share of gradients flushed in fp16"
    }

    fn page(&self) -> &'static str {
        "instruments"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let Some(readings) = case.shown().readings else { return Look::Skipped };
        let effect = |readings: &Readings| Some(readings.fp16_flushed);
        case.look_at_readings(effect, BOUNDS, |severity, estimate| {
            self.explain(severity, readings, estimate)
        })
    }
}

impl Underflow {
    fn explain(&self, severity: Severity, readings: &Readings, estimate: Estimate) -> Finding {
        let (flushed, bf16) = (100.0 * estimate.value, 100.0 * readings.bf16_flushed);
        let why = format!(
            "fp16 would flush {flushed:.0} % of the gradients to 0, bf16 {bf16:.0} %. What is \
             flushed does not move its weight"
        );
        let fix = match readings.fp16_loss_scale {
            Some(scale) => {
                format!("multiply the loss by 2^{scale} before fp16, or train in bf16 or f32")
            }
            None => "train in f32: no loss scale saves fp16".to_owned(),
        };
        Finding::new(self, severity, why, fix)
    }
}
