//! A table and the last matrix that are one tensor in the module begin as one.
//!
//! An exporter that turns a tied table for the last product keeps both, and methods then see two
//! parameters. The last matrix leads ([`spec::tie`] says why): the table gets its values before
//! anything is judged, so that table, check, proof, files and code tell of one start.

use super::draft::spread;
use super::{Change, Recommendation, Scale};
use crate::error::Result;
use crate::spec::{self, Parameter};
use crate::weights::Weights;

/// Ties what `found` gives to the network of these parameters, whose start was `before`: a change of a
/// copy is that of what leads, and one that differs from its start only by the tie is a change too.
///
/// # Errors
/// As [`spec::tie`].
pub(super) fn tie(
    parameters: &[Parameter],
    before: &Weights,
    found: &mut Recommendation,
) -> Result<()> {
    let pairs = spec::tied(parameters);
    if pairs.is_empty() {
        return Ok(());
    }
    spec::tie(parameters, &mut found.weights)?;
    let mut leads: Vec<(usize, usize)> = Vec::new();
    for (head, table) in pairs {
        match leads.iter().find(|(_, copy)| *copy == table) {
            Some(&(lead, _)) => leads.push((lead, head)),
            None => leads.push((head, table)),
        }
    }
    for (lead, copy) in leads {
        let [lead, copy] = [lead, copy].map(|at| &parameters[at]);
        found.changes.retain(|change| change.parameter != copy.name);
        let change = change_of(copy, lead, before, found);
        found.changes.extend(change);
    }
    let place = |change: &Change| parameters.iter().position(|own| own.name == change.parameter);
    found.changes.sort_by_cached_key(place);
    Ok(())
}

/// How a copy changes by what leads; none where it is as before.
fn change_of(
    copy: &Parameter,
    lead: &Parameter,
    before: &Weights,
    found: &Recommendation,
) -> Option<Change> {
    let (before, after) = (before.get(&copy.name)?, found.weights.get(&copy.name)?);
    if before == after {
        return None;
    }
    let leading = found.changes.iter().find(|change| change.parameter == lead.name);
    let scheme = leading.map_or_else(|| spread(after.data(), true), |change| change.scheme.clone());
    Some(Change {
        parameter: copy.name.clone(),
        module: None,
        role: copy.role,
        before: Scale::of(before.data()),
        after: Scale::of(after.data()),
        scheme,
        reason: format!("tied to {}: one tensor in the module", lead.name),
    })
}
