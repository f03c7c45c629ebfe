//! The classes of one set of units, and what follows from them.

use serde::Serialize;

use super::exact;
use super::refine::{count, renumber};
use super::wiring::Wiring;

/// Lost units are worth a warning from this share of a layer on.
const NOTICEABLE: f64 = 0.05;

/// How equal the members of a class are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exactness {
    /// Entry by entry, bit by bit: their gap stays exactly 0.
    Bits,
    /// In sums, in another order of entries, or up to the tolerance: their gap is rounding, which
    /// an unstable start can make grow.
    WithinTolerance,
}

/// The classes of one set of units.
#[derive(Clone, Debug, PartialEq)]
pub struct Units {
    /// The module that computes the units, as in a parameter's name (`0` for `0.weight`).
    pub module: String,
    /// The class of each unit; members are equal for ever. Classes are numbered from 0.
    pub classes: Vec<usize>,
    /// The class of each unit up to its sign: members are equal or each other's negative for ever.
    pub classes_up_to_sign: Vec<usize>,
    /// How equal the members of the classes are; of several classes, the least.
    pub exactness: Exactness,
    /// Whether the noise of dropout will part units of one class.
    pub parted_by_dropout: bool,
    /// Classes that the layer needs: two, and outside residual branches enough for the outputs.
    pub needed: usize,
    /// Whether the layer is the last that was read of a network: what comes behind it decides
    /// whether its classes last.
    pub last_read: bool,
}

impl Units {
    /// Number of units.
    pub fn width(&self) -> usize {
        self.classes.len()
    }

    /// Number of units that can ever differ by more than their sign.
    pub fn effective_width(&self) -> usize {
        count(&self.classes_up_to_sign)
    }

    /// Whether too few units can ever differ for the layer to do its work.
    pub fn is_stuck(&self) -> bool {
        self.effective_width() < self.needed && !self.parted_by_dropout && !self.last_read
    }

    /// Whether a share of the units is lost that one would notice.
    pub fn is_narrowed(&self) -> bool {
        let lost = self.width() - self.effective_width();
        lost > 0 && lost as f64 >= NOTICEABLE * self.width() as f64
    }

    /// The classes of several units, each as its units in order.
    pub fn twins(&self) -> Vec<Vec<usize>> {
        groups(&self.classes)
    }

    /// For each unit, the first of its class up to sign, and the sign between them.
    pub fn first_members(&self) -> Vec<(usize, f64)> {
        let mut firsts = vec![None; self.effective_width()];
        let member = |(unit, &class): (usize, &usize)| {
            let first = *firsts[class].get_or_insert(unit);
            (first, if self.classes[unit] == self.classes[first] { 1.0 } else { -1.0 })
        };
        self.classes_up_to_sign.iter().enumerate().map(member).collect()
    }

    /// Units that are equal up to their sign, where some are each other's negative.
    pub fn mirrors(&self) -> Vec<Vec<usize>> {
        let mixed = |group: &Vec<usize>| {
            group.iter().any(|&unit| self.classes[unit] != self.classes[group[0]])
        };
        groups(&self.classes_up_to_sign).into_iter().filter(mixed).collect()
    }
}

/// The groups of several members among numbered ones.
pub(super) fn groups(classes: &[usize]) -> Vec<Vec<usize>> {
    let mut sizes = vec![0; count(classes)];
    classes.iter().for_each(|&class| sizes[class] += 1);
    if sizes.iter().all(|&size| size < 2) {
        return Vec::new();
    }
    let mut groups = vec![Vec::new(); sizes.len()];
    classes.iter().enumerate().for_each(|(unit, &class)| groups[class].push(unit));
    groups.retain(|group| group.len() > 1);
    groups
}

/// The units of a set by the classes of its nodes, without and with dropout.
pub(super) fn of(
    wiring: &Wiring<'_>,
    index: usize,
    quiet: &[Vec<usize>],
    noisy: Option<&[Vec<usize>]>,
) -> Units {
    let (set, nodes) = (&wiring.sets[index], &quiet[index]);
    let in_branch = set.in_branch;
    let outputs = wiring.sets[wiring.output].width;
    // Logits of K classes matter up to a common shift, so they have K − 1 dimensions. A layer that
    // is meant to be narrower than that must still be more than one unit.
    let ample = !in_branch && set.width + 1 >= outputs;
    let needed = if ample { outputs.saturating_sub(1).max(2) } else { 2 };
    Units {
        module: set.module.clone(),
        classes: nodes[..set.width].to_vec(),
        classes_up_to_sign: up_to_sign(nodes, set.width),
        exactness: exact::exactness(wiring, index, nodes),
        parted_by_dropout: noisy.is_some_and(|noisy| count(&noisy[index]) > count(nodes)),
        needed: needed.min(set.width),
        last_read: false,
    }
}

/// The classes of units whose nodes, or the negatives of these, have one class.
pub(super) fn up_to_sign(nodes: &[usize], width: usize) -> Vec<usize> {
    renumber((0..width).map(|unit| {
        let mirrored = nodes.get(unit + width).copied().unwrap_or(usize::MAX);
        nodes[unit].min(mirrored)
    }))
}
