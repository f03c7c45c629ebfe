//! Whether the units of a class are equal to the last bit, or only in what the theorem asks for.

use super::units::{Exactness, groups, up_to_sign};
use super::wiring::Wiring;

/// How equal the members of a set's classes are, given the classes of its nodes.
pub(super) fn exactness(wiring: &Wiring<'_>, set: usize, nodes: &[usize]) -> Exactness {
    let stream = wiring.stream(set);
    let width = wiring.sets[stream].width;
    let classes = groups(&up_to_sign(nodes, width));
    let exact = classes.iter().all(|units| {
        let first = units[0];
        let mut others = units[1..].iter();
        others.all(|&unit| {
            let sign = if nodes[unit] == nodes[first] { 1.0 } else { -1.0 };
            are_twins(wiring, stream, [first, unit], sign)
        })
    });
    if exact { Exactness::Bits } else { Exactness::WithinTolerance }
}

/// Whether one unit's weights are those of the other times `sign`, entry by entry.
fn are_twins(wiring: &Wiring<'_>, set: usize, [a, b]: [usize; 2], sign: f64) -> bool {
    let own = wiring.own.iter().filter(|own| own.set == set).all(|own| {
        let sign = if own.flips { sign } else { 1.0 };
        f64::from(own.values[b]) == sign * f64::from(own.values[a])
    });
    own && wiring.views(set).iter().all(|view| {
        let mut others = 0..wiring.sets[view.other].width;
        others.all(|other| view.at(b, other) == sign * view.at(a, other))
    })
}
