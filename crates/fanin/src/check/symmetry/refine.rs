//! Color refinement: one class per set, split until the members of a class agree in all that
//! backpropagation sees of them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use super::wiring::{View, Wiring, root_mean_square};
use super::{Options, Partition};

/// Whether units are dropped: noise of their own then parts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dropout {
    Off,
    On,
}

/// The class of every node of every set; classes are numbered in the order of their first node.
///
/// Ends of residual branches have the classes of their streams.
pub(super) fn refine(wiring: &Wiring<'_>, options: Options, dropout: Dropout) -> Vec<Vec<usize>> {
    let mut classes: Vec<Vec<usize>> =
        (0..wiring.sets.len()).map(|set| start(wiring, set, dropout)).collect();
    let free = |set: &usize| !wiring.sets[*set].known && wiring.sets[*set].merged_into.is_none();
    let sets: Vec<usize> = (0..wiring.sets.len()).filter(free).collect();
    loop {
        let mut changed = false;
        // What parts units comes from both ends, so one sweep forward and one back carry it all.
        for &set in sets.iter().chain(sets.iter().rev().skip(1)) {
            let before = count(&classes[set]);
            if before < wiring.nodes(set) {
                classes[set] = split(wiring, &classes, set, options);
                changed |= count(&classes[set]) != before;
            }
        }
        if !changed {
            break;
        }
    }
    (0..classes.len()).map(|set| classes[wiring.stream(set)].clone()).collect()
}

/// Number of classes.
pub(super) fn count(classes: &[usize]) -> usize {
    classes.iter().max().map_or(0, |&largest| largest + 1)
}

/// Classes before any look at the weights.
fn start(wiring: &Wiring<'_>, index: usize, dropout: Dropout) -> Vec<usize> {
    let set = &wiring.sets[index];
    let nodes = wiring.nodes(index);
    if set.known {
        return (0..nodes).collect();
    }
    if dropout == Dropout::Off || !set.dropout {
        return vec![0; nodes];
    }
    let frozen = |unit: usize| set.nature.keeps_zero && touches_nothing(wiring, index, unit);
    let units = (0..nodes).map(|node| node % set.width);
    renumber(units.map(|unit| if frozen(unit) { set.width } else { unit }))
}

/// Whether all weights and numbers of a unit are 0: no noise can move it.
fn touches_nothing(wiring: &Wiring<'_>, set: usize, unit: usize) -> bool {
    let own = wiring.own.iter().filter(|own| own.set == set && own.flips);
    let zero = |view: &View<'_>| {
        (0..wiring.sets[view.other].width).all(|other| view.at(unit, other) == 0.0)
    };
    own.into_iter().all(|own| own.values[unit] == 0.0) && wiring.views(set).iter().all(zero)
}

/// The classes of a set after one look at what ties its nodes.
fn split(wiring: &Wiring<'_>, classes: &[Vec<usize>], set: usize, options: Options) -> Vec<usize> {
    let width = wiring.sets[set].width;
    let mirrors = wiring.sets[set].nature.odd;
    let mut cells = Cells { classes: classes[set].clone(), tolerance: options.tolerance };
    let views = wiring.views(set);
    let incoming = views.iter().filter(|view| view.incoming).map(|view| view.scale);
    // A bias counts beside the weights: without a gradient it may hold nothing but rounding.
    let least = incoming.fold(0.0, f64::max);
    for own in wiring.own.iter().filter(|own| own.set == set) {
        let scale = root_mean_square(own.values).max(least);
        let values: Vec<f64> = own.values.iter().map(|&x| f64::from(x)).collect();
        let sign = if own.flips { -1.0 } else { 1.0 };
        let mirrored: Vec<f64> = values.iter().map(|x| sign * x).collect();
        cells.split_by(&values, mirrors.then_some(&mirrored), scale);
    }
    for view in views {
        let members = members(&classes[view.other], wiring.sets[view.other].width);
        for class in members.telling() {
            if count(&cells.classes) == cells.classes.len() {
                return cells.classes;
            }
            match options.partition {
                Partition::BlockSums => cells.split_by_sums(&view, class, width, mirrors),
                Partition::Entries => cells.split_by_entries(&view, class, width, mirrors),
            }
        }
    }
    cells.classes
}

/// A unit of a class and the sign with which it belongs to it.
struct Member {
    unit: usize,
    sign: f64,
}

/// Classes with their members, one class after the other.
struct Members {
    all: Vec<Member>,
    /// Where each class ends, and whether it says something.
    ends: Vec<(usize, bool)>,
}

impl Members {
    /// Those classes that say something.
    fn telling(&self) -> impl Iterator<Item = &[Member]> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(end, _)| *end));
        let classes = starts.zip(&self.ends).filter(|(_, (_, tells))| *tells);
        classes.map(|(start, (end, _))| &self.all[start..*end])
    }
}

/// The classes of a set's nodes. Those of units that are their own mirror image say nothing, as they
/// are 0 for ever, and of a class and its mirror image only one says something.
fn members(classes: &[usize], width: usize) -> Members {
    let count = count(classes);
    let (mut ends, mut tells) = (vec![0; count], vec![false; count]);
    for (node, &class) in classes.iter().enumerate() {
        // The first member is no mirror image.
        tells[class] |= ends[class] == 0 && node < width;
        ends[class] += 1;
    }
    for node in width..classes.len() {
        tells[classes[node]] &= classes[node] != classes[node - width];
    }
    let mut start = 0;
    for end in &mut ends {
        start += std::mem::replace(end, start);
    }
    let mut order = vec![0; classes.len()];
    for (node, &class) in classes.iter().enumerate() {
        order[ends[class]] = node;
        ends[class] += 1;
    }
    let member = |node: usize| {
        let sign = if node < width { 1.0 } else { -1.0 };
        Member { unit: node % width, sign }
    };
    let all = order.into_iter().map(member).collect();
    Members { all, ends: ends.into_iter().zip(tells).collect() }
}

/// Classes in the making.
struct Cells {
    classes: Vec<usize>,
    tolerance: f64,
}

impl Cells {
    /// Splits by the sum of each unit's weights over a class.
    fn split_by_sums(&mut self, view: &View<'_>, class: &[Member], width: usize, mirrors: bool) {
        let mut sums = vec![0.0; width];
        for member in class {
            for (unit, sum) in sums.iter_mut().enumerate() {
                *sum += member.sign * view.at(unit, member.unit);
            }
        }
        let mirrored: Vec<f64> = sums.iter().map(|sum| -sum).collect();
        self.split_by(&sums, mirrors.then_some(&mirrored), view.scale);
    }

    /// Splits by each unit's weights to a class, in the order of their size.
    fn split_by_entries(&mut self, view: &View<'_>, class: &[Member], width: usize, mirrors: bool) {
        let sorted = |unit: usize| {
            let entry = |m: &Member| m.sign * view.at(unit, m.unit);
            let mut entries: Vec<f64> = class.iter().map(entry).collect();
            entries.sort_by(f64::total_cmp);
            entries
        };
        let entries: Vec<Vec<f64>> = (0..width).map(sorted).collect();
        for rank in 0..class.len() {
            let values: Vec<f64> = entries.iter().map(|e| e[rank]).collect();
            let mirrored: Vec<f64> = entries.iter().map(|e| -e[class.len() - 1 - rank]).collect();
            self.split_by(&values, mirrors.then_some(&mirrored), view.scale);
        }
    }

    /// Splits classes by a value per node: values whose gap is below the tolerance stay together,
    /// NaN apart.
    fn split_by(&mut self, values: &[f64], mirrored: Option<&Vec<f64>>, scale: f64) {
        let values: Vec<f64> =
            values.iter().chain(mirrored.into_iter().flatten()).copied().collect();
        if !self.vary(&values, scale) {
            return;
        }
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let mut level = vec![0; values.len()];
        for pair in order.windows(2) {
            let (low, high) = (values[pair[0]], values[pair[1]]);
            level[pair[1]] = level[pair[0]] + usize::from(!self.together(low, high, scale));
        }
        self.classes =
            renumber(self.classes.iter().zip(level).map(|(&class, level)| (class, level)));
    }

    /// Whether some class has members whose values differ: what a sort is worth it for.
    fn vary(&self, values: &[f64], scale: f64) -> bool {
        let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); count(&self.classes)];
        for (&class, &value) in self.classes.iter().zip(values) {
            let (low, high) = ranges[class];
            ranges[class] = (low.min(value), high.max(value));
        }
        let differ = |&(low, high): &(f64, f64)| !self.together(low, high, scale);
        values.iter().any(|value| !value.is_finite()) || ranges.iter().any(differ)
    }

    /// Whether two ascending values count as equal; nothing is equal to NaN or by a NaN of a scale.
    fn together(&self, low: f64, high: f64, scale: f64) -> bool {
        high - low <= self.tolerance * scale || low == high
    }
}

/// Equal keys get equal numbers, counted from 0 in the order of their first appearance.
pub(super) fn renumber<K: Hash + Eq>(keys: impl Iterator<Item = K>) -> Vec<usize> {
    let few = keys.size_hint().0;
    let mut numbers = HashMap::with_capacity_and_hasher(few, BuildHasherDefault::<Mixing>::new());
    keys.map(|key| {
        let next = numbers.len();
        *numbers.entry(key).or_insert(next)
    })
    .collect()
}

/// Hashes of a few small numbers, in a fraction of the time of hashes that no attacker foresees.
#[derive(Default)]
struct Mixing(u64);

impl Hasher for Mixing {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_usize(usize::from(byte)));
    }

    fn write_usize(&mut self, number: usize) {
        /// 2⁶⁴ over the golden ratio.
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        self.0 = (self.0.rotate_left(29) ^ number as u64).wrapping_mul(SPREAD);
    }
}
