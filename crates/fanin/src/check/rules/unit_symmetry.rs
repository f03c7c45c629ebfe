//! All units of a layer are the same unit.

use super::{Finding, Look, Rule, Severity};
use crate::check::case::Case;
use crate::check::evidence::Evidence;

/// Checks that no hidden layer consists of units that backpropagation cannot tell apart.
///
/// Harm: equal units get equal errors, so they stay equal for ever and the layer can express no
/// more than one unit (`docs/theory/symmetry.md`). Looks like: accuracy that stops at what one
/// unit can do. Fix: start from random weights. When to ignore it: never; zeros at the end of a
/// residual branch are right and not reported, since the units of its inside differ.
pub struct UnitSymmetry;

impl Rule for UnitSymmetry {
    fn code(&self) -> &'static str {
        "unit-symmetry"
    }

    fn title(&self) -> &'static str {
        "all units of a layer are the same unit"
    }

    fn page(&self) -> &'static str {
        "symmetry"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &[
            "zero-weights",
            "no-gradient",
            "vanishing-signal",
            "gain-mismatch",
            "correlation-collapse",
            "vanishing-gradient",
            "dead-units",
            "step-too-small",
        ]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        self.find(case.shown()).into()
    }
}

impl UnitSymmetry {
    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let units = evidence.symmetric()?;
        let (all, effective) = evidence.unit_counts();
        let why = format!(
            "every unit of a layer gets the same error, so backpropagation keeps them equal \
                 for ever: {all} hidden units act as {effective}"
        );
        let fix = "start from random weights, such as he-normal".to_owned();
        Some(Finding::new(self, Severity::Fail, why, fix).at(&units.module))
    }
}
