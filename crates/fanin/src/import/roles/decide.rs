//! The role of a parameter, by the place where it meets the signal.

use super::after;
use super::before::{Before, before, is_matrix};
use super::links::Links;
use super::trace::Use;
use super::view;
use crate::import::{Import, Part, find};
use crate::init::Role;

/// A role with the use that tells it, and what is to be said of it.
#[derive(Clone, Debug)]
pub(super) struct Decision<'u> {
    pub role: Role,
    pub used: &'u Use,
    pub note: Option<&'static str>,
}

/// The role that the uses of a parameter of so many axes tell; none without uses.
pub(super) fn decide<'u>(
    links: &Links<'_, '_>,
    uses: &'u [Use],
    rank: usize,
) -> Option<Decision<'u>> {
    let all: Vec<Decision<'u>> = uses.iter().map(|used| by(links, used, rank)).collect();
    let weight = |d: &&Decision<'_>| d.used.part.is_some_and(is_matrix);
    let table = |d: &&Decision<'_>| d.used.part == Some(Part::Table);
    let bias = |d: &&Decision<'_>| d.used.part == Some(Part::Bias);
    let told = all.iter().find(table).or_else(|| all.iter().find(weight));
    let first = told.or_else(|| all.iter().find(bias)).or(all.first())?;
    Some(first.clone())
}

fn by<'u>(links: &Links<'_, '_>, used: &'u Use, rank: usize) -> Decision<'u> {
    let long = used.view.as_ref().map_or(rank, |view| view::long(view));
    let (role, note) = match used.part {
        Some(part) if is_matrix(part) && !used.arithmetic.is_empty() => composite(part, long),
        Some(Part::Table) => (Role::Embedding, None),
        Some(Part::RecurrentState) => (Role::Recurrent, None),
        Some(part) if is_matrix(part) => (Role::Weight, None),
        Some(Part::Gain) => offset(links, used, Role::NormScale, None),
        Some(Part::Shift) => (Role::NormShift, None),
        Some(Part::Slope) => (Role::Slope, None),
        Some(Part::Term) => term(links, used, long),
        Some(Part::Factor) => factor(links, used),
        Some(_) => (Role::Bias, None),
        None => joined(links, used),
    };
    Decision { role, used, note }
}

/// A matrix that is computed with before it multiplies the signal.
fn composite(part: Part, long: usize) -> (Role, Option<&'static str>) {
    match part {
        Part::RecurrentState => (Role::Recurrent, Some("computed with before it is used")),
        _ if long <= 1 => (Role::NormScale, Some("the length in a weight norm")),
        _ => (Role::Weight, Some("computed with before it multiplies the signal")),
    }
}

fn term(links: &Links<'_, '_>, used: &Use, long: usize) -> (Role, Option<&'static str>) {
    match before(links, links.node(used.node), used.input) {
        Before::Norm => (Role::NormShift, None),
        _ if used.is_picked => (Role::Embedding, Some("positional: rows picked by position")),
        _ if long > 1 => (Role::Embedding, Some("positional: added to the signal")),
        Before::Factor => (Role::NormShift, Some("behind a factor: a norm that was folded")),
        _ => (Role::Bias, None),
    }
}

fn factor(links: &Links<'_, '_>, used: &Use) -> (Role, Option<&'static str>) {
    let node = links.node(used.node);
    if before(links, node, used.input) == Before::Norm {
        return offset(links, used, Role::NormScale, None);
    }
    match node.output(0).and_then(|output| after::residual_sum(links, output)) {
        Some((_, other)) if is_shortcut(links, used, other) => {
            (Role::ShortcutScale, Some("on the shortcut"))
        }
        Some(_) => (Role::ResidualScale, Some("layer scale, before the residual sum")),
        None => (Role::NormScale, Some("a factor on the signal")),
    }
}

/// Gain 1 + w: w itself starts at 0.
fn offset(
    links: &Links<'_, '_>,
    used: &Use,
    role: Role,
    note: Option<&'static str>,
) -> (Role, Option<&'static str>) {
    let is_sum = |index: &usize| links.node(*index).op_type == "Add";
    if !used.arithmetic.is_empty() && used.arithmetic.iter().all(is_sum) {
        return (Role::NormShift, Some("the gain is 1 + w, so w starts at 0"));
    }
    (role, note)
}

/// Whether the other side of the sum was computed from the very signal that is scaled.
fn is_shortcut(links: &Links<'_, '_>, used: &Use, other: &str) -> bool {
    const STEPS: usize = 4096;
    let scaled = links.signals(links.node(used.node));
    let mut open = vec![other];
    let mut seen = std::collections::HashSet::new();
    while let Some(value) = open.pop() {
        if value != other && scaled.contains(&value) {
            return true;
        }
        if seen.len() > STEPS {
            return false;
        }
        if let Some(index) = links.maker(value).filter(|index| *index > 0 && seen.insert(*index)) {
            open.extend(links.signals(links.node(index)));
        }
    }
    false
}

fn joined(links: &Links<'_, '_>, used: &Use) -> (Role, Option<&'static str>) {
    let import = find(links.node(used.node));
    let is_recurrent =
        |import: &Import| import.parameters.iter().any(|(_, part)| *part == Part::RecurrentState);
    match import {
        Some(import) if import.places => (Role::Embedding, Some("token: put beside the signal")),
        Some(import) if is_recurrent(import) => (Role::Bias, Some("initial state")),
        _ => (Role::Bias, Some("its use is not known; say its role by a pattern")),
    }
}
