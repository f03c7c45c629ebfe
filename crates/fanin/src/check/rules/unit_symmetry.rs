//! Units of a layer are the same unit.

use super::{Finding, Look, Rule, Severity, advice};
use crate::check::case::Case;
use crate::check::evidence::Evidence;
use crate::check::symmetry::Units;
use crate::check::symmetry::summary::Positions;

/// Checks that backpropagation can tell the units of every hidden layer apart.
///
/// Harm: equal units get equal errors, so they stay equal for ever and the layer can express no
/// more than its different units; the same holds for units that are each other's negative under
/// an odd activation (`docs/theory/symmetry.md`). Looks like: accuracy that stops at what a
/// narrower network can do. Fix: start from random weights. When to ignore it: where a warning
/// names few units of a wide layer, or the last layer that was read of a network whose layers behind
/// it weigh them differently. Zeros at the end of a residual branch, in the second matrix of
/// a product of two, in biases and in an output layer are right and not reported, since the units
/// behind them differ.
pub struct UnitSymmetry;

impl Rule for UnitSymmetry {
    fn code(&self) -> &'static str {
        "unit-symmetry"
    }

    fn title(&self) -> &'static str {
        "units of a layer are the same unit"
    }

    fn ignore(&self) -> &'static str {
        "where a warning names few units of a wide layer"
    }

    fn page(&self) -> &'static str {
        "symmetry"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &[
            "duplicated-weights",
            "near-duplicate-units",
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
        case.starts.iter().find_map(|start| self.find(start)).into()
    }
}

impl UnitSymmetry {
    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let (severity, units, why) = if let Some(units) = evidence.symmetric() {
            (Severity::Fail, units, stuck(evidence, units))
        } else {
            let units = evidence.units.iter().find(|units| units.is_narrowed())?;
            (Severity::Warn, units, narrowed(units))
        };
        let fix = advice::random_weights(evidence);
        Some(Finding::new(self, severity, why, fix).at(&units.module))
    }
}

fn stuck(evidence: &Evidence<'_>, units: &Units) -> String {
    let (all, effective) = evidence.unit_counts();
    if units.effective_width() == 1 {
        return format!(
            "every unit of a layer gets the same error, so backpropagation keeps them equal for \
             ever: {all} hidden units act as {effective}"
        );
    }
    let (width, classes) = (units.width(), units.effective_width());
    format!(
        "the {width} units of module {} act as {classes}, too few for the outputs, and \
         backpropagation keeps them so for ever: {all} hidden units act as {effective}",
        units.module,
    )
}

fn narrowed(units: &Units) -> String {
    let (width, classes) = (units.width(), units.effective_width());
    let (what, groups) = match units.mirrors() {
        mirrors if mirrors.is_empty() => ("are equal", units.twins()),
        mirrors => ("are equal or opposite", mirrors),
    };
    let names: Vec<String> = groups.iter().map(|g| Positions::of(g).to_string()).collect();
    let names = shortened(&names.join("; "));
    if units.parted_by_dropout {
        return format!(
            "units {names} of module {} {what}, and only the noise of dropout will part them: \
             {width} units start as {classes}",
            units.module,
        );
    }
    if units.last_read {
        return format!(
            "units {names} of module {} {what} at the start: {width} units start as {classes}, and \
             stay so unless the layers behind it, which were not read, weigh them differently",
            units.module,
        );
    }
    format!(
        "units {names} of module {} {what} for ever, in their weights and in what becomes of them: \
         {width} units act as {classes}",
        units.module,
    )
}

/// A list that fits into a sentence.
fn shortened(list: &str) -> String {
    const LONGEST: usize = 60;
    let cut =
        list.char_indices().take_while(|(i, _)| *i < LONGEST).filter(|(_, c)| *c == ';').last();
    match cut {
        Some((end, _)) if list.len() > LONGEST => format!("{}; …", &list[..end]),
        None if list.len() > LONGEST => "of several groups".to_owned(),
        _ => list.to_owned(),
    }
}
