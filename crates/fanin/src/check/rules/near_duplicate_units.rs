//! Many units of a layer look along nearly the same direction.

use super::{Finding, Look, Rule, Severity, advice, module_of, number};
use crate::check::case::Case;
use crate::check::duplicates::Duplicate;
use crate::check::evidence::Evidence;

/// Checks that no tenth of a layer's units have incoming weights that are parallel or opposite to
/// those of another, up to scale: a cosine beyond ±0.95 that chance does not make.
///
/// Harm: the layer reads its inputs along fewer directions than it has units, and units of one
/// direction and one sign compute nearly the same and part slowly. For two random rows of n entries
/// cos² ~ Beta(½, (n−1)/2), so beyond a dozen inputs chance never makes them so alike. Looks like:
/// the accuracy of a narrower network. Fix: draw every unit anew. When to ignore it: where units are
/// scaled copies on purpose. Exact mirror images are not reported: relu sees two features in them.
pub struct NearDuplicateUnits;

impl Rule for NearDuplicateUnits {
    fn code(&self) -> &'static str {
        "near-duplicate-units"
    }

    fn title(&self) -> &'static str {
        "many units look along one direction"
    }

    fn ignore(&self) -> &'static str {
        "where units are scaled copies on purpose"
    }

    fn page(&self) -> &'static str {
        "symmetry"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let start = case.shown();
        let duplicates = &start.measurement.duplicates;
        duplicates.iter().find_map(|duplicate| self.find(start, duplicate)).into()
    }
}

impl NearDuplicateUnits {
    fn find(&self, start: &Evidence<'_>, duplicate: &Duplicate) -> Option<Finding> {
        let Duplicate::AlikeUnits { tensor, units, width, closest: [one, other], cosine } =
            duplicate
        else {
            return None;
        };
        let why = format!(
            "{units} of {width} units in `{tensor}` are parallel or opposite to another up to scale, \
             such as {one} and {other} with a cosine of {}: the layer reads along fewer directions",
            number(*cosine)
        );
        let module = module_of(tensor);
        Some(Finding::new(self, Severity::Warn, why, advice::draw_anew(start)).at(module))
    }
}
