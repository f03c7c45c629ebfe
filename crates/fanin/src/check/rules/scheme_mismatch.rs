//! The weights are not what their scheme's name says.

use super::{Bounds, Finding, Look, Measured, Rule, number};
use crate::check::case::Case;
use crate::check::claims::Claim;
use crate::check::estimate::{Estimate, worst};

/// |ln| of the variance found over the one said: a quarter off, and half or double.
const BOUNDS: Bounds = Bounds { warn: 0.223_143_551_314_209_8, fail: std::f64::consts::LN_2 };

/// Checks that every matrix has the variance of the scheme that is said to have made it.
///
/// Harm: what was planned for one variance meets another: He weights are twice `LeCun`'s, and ten
/// layers make a factor of 1,000 of that. Looks like: weights that a call to an initializer missed,
/// fans taken from the wrong axes, a gain applied twice. Fix: initialize again, and look at the
/// fans (`fanin init --explain`). When to ignore it: after training. Looked at only where weights
/// come with the name of a scheme (`--weights FILE --scheme NAME`).
pub struct SchemeMismatch;

impl Rule for SchemeMismatch {
    fn code(&self) -> &'static str {
        "scheme-mismatch"
    }

    fn title(&self) -> &'static str {
        "the weights are not what their scheme's name says"
    }

    fn ignore(&self) -> &'static str {
        "after training"
    }

    fn effect(&self) -> &'static str {
        "|ln(variance / variance of the scheme)|"
    }

    fn page(&self) -> &'static str {
        "fan-in"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &[
            "vanishing-signal",
            "exploding-signal",
            "gain-mismatch",
            "vanishing-gradient",
            "exploding-gradient",
            "saturation",
            "wrong-output-scale",
        ]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let claims = &case.shown().measurement.claims;
        let distance =
            |claim: &Claim| Estimate { value: claim.log_ratio.value.abs(), ..claim.log_ratio };
        let distances: Vec<Estimate> = claims.iter().map(distance).collect();
        let Some((index, severity)) = worst(&distances, BOUNDS) else { return Look::Skipped };
        let (claim, estimate) = (&claims[index], distances[index]);
        let measured = Measured { estimate, bounds: BOUNDS };
        let Some(severity) = severity else { return Look::Passed(Some(measured)) };
        let why = format!(
            "`{}` is said to come from {} with a standard deviation of {}, and has {}. Its \
             variance is {} times the one that was planned for",
            claim.tensor,
            claim.scheme,
            number(claim.expected_deviation),
            number(claim.deviation),
            number(claim.log_ratio.value.exp())
        );
        let fix = format!(
            "fanin init --scheme {} draws it right, --explain shows the fans",
            claim.scheme
        );
        let module = claim.tensor.trim_end_matches(".weight");
        Look::Found(Finding::new(self, severity, why, fix).at(module).measured(measured))
    }
}
