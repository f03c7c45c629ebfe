//! Weights are copies of others, or almost.

use super::{Finding, Look, Rule, Severity, advice, count, module_of, number};
use crate::check::case::Case;
use crate::check::duplicates::Duplicate;
use crate::check::evidence::Evidence;

/// Checks that no matrix is a bitwise copy of another one, or consists of equal parts or has equal
/// units, and that neither matrices nor units of one differ by less than a twentieth of their size.
///
/// Harm: random draws are never equal, so one seed was used twice. Equal parts are units that start
/// as twins and compute the same until training parts them, and almost equal units are slow to part;
/// equal layers start correlated. Looks
/// like: two processes that drew their shards with one seed, or one initializer object with a
/// fixed seed used for many layers. Fix: draw by name, as `fanin init` does, or give every layer
/// and rank its own seed. When to ignore it: where layers share their weights on purpose.
pub struct DuplicatedWeights;

impl Rule for DuplicatedWeights {
    fn code(&self) -> &'static str {
        "duplicated-weights"
    }

    fn title(&self) -> &'static str {
        "weights are copies of others"
    }

    fn ignore(&self) -> &'static str {
        "where layers share their weights on purpose"
    }

    fn page(&self) -> &'static str {
        "symmetry"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &["near-duplicate-units"]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let is_own = |duplicate: &&Duplicate| !matches!(duplicate, Duplicate::AlikeUnits { .. });
        let start = case.shown();
        let all = &start.measurement.duplicates;
        let duplicates: Vec<&Duplicate> = all.iter().filter(is_own).collect();
        duplicates.first().map(|first| self.explain(start, first, duplicates.len())).into()
    }
}

impl DuplicatedWeights {
    fn explain(&self, start: &Evidence<'_>, first: &Duplicate, found: usize) -> Finding {
        let (tensor, what) = match first {
            Duplicate::Layer { first, copy } => {
                (copy, format!("`{copy}` is a copy of `{first}` to the last bit"))
            }
            Duplicate::Parts { tensor, parts } => {
                (tensor, format!("`{tensor}` consists of {parts} equal parts"))
            }
            Duplicate::EqualUnits { tensor, units, closest: [one, other] } => (
                tensor,
                format!(
                    "`{tensor}` has {units} units with the weights of another to the last bit, such as \
                     {one} and {other}"
                ),
            ),
            Duplicate::NearLayer { first, copy, distance } => {
                let percent = number(100.0 * distance);
                (copy, format!("`{copy}` differs from `{first}` by {percent} % of its size"))
            }
            Duplicate::AlikeUnits { tensor, .. } => (tensor, String::new()),
            Duplicate::NearUnits { tensor, units, closest: [one, other] } => (
                tensor,
                format!(
                    "`{tensor}` has {units} units that differ from another by less than 5 % of their \
                     size, such as {one} and {other}"
                ),
            ),
        };
        let more = match found - 1 {
            0 => String::new(),
            more => format!(", and {} more", count(more, "copy is", "copies are")),
        };
        let is_exact = matches!(
            first,
            Duplicate::Layer { .. } | Duplicate::Parts { .. } | Duplicate::EqualUnits { .. }
        );
        let why = if is_exact {
            format!(
                "{what}{more}: one seed was used twice. Equal units compute the same until training \
                 parts them"
            )
        } else {
            format!(
                "{what}{more}: chance makes none so alike. They compute almost the same until \
                 training parts them"
            )
        };
        let module = module_of(tensor);
        Finding::new(self, Severity::Warn, why, advice::draw_anew(start)).at(module)
    }
}
