//! Weights of recurrent cells: states that last over any number of steps.

use super::solve::{Choice, Extent, RIGHT};
use super::walk::{Scales, Walk};
use crate::init::{Component, Packing, Parameter, Role};
use crate::recommend::draft::rounded;

/// What the parameters of recurrent cells are to be: position, scale and choice.
///
/// States go through an orthogonal matrix, by which they keep their size for any number of steps;
/// the gate that forgets begins open.
pub(super) fn choices(
    walk: &Walk,
    present: &[Scales],
    extent: Extent,
) -> Vec<(usize, Scales, Choice)> {
    let of = |(index, parameter): (usize, &Parameter)| {
        let (scales, scheme, reason) = choice(parameter, present[index], extent)?;
        let reason = reason.to_owned();
        Some((index, scales, Choice { parameter: index, scheme, reason }))
    };
    walk.parameters.iter().enumerate().filter_map(of).collect()
}

fn choice(
    parameter: &Parameter,
    own: Scales,
    extent: Extent,
) -> Option<(Scales, String, &'static str)> {
    let packing = parameter.packing.as_ref().or(parameter.part_of.as_ref());
    let has = |gate| {
        let among = |packing: &Packing| packing.parts.iter().any(|(part, _)| *part == gate);
        packing.is_some_and(among)
    };
    let fan_in = parameter.fan_in.max(1) as f64;
    let is_off = !(1.0 / RIGHT..=RIGHT).contains(&(own.second * fan_in));
    let is_wanted = is_off || extent == Extent::Whole;
    let scales = Scales { mean: 0.0, second: 1.0 / fan_in };
    match parameter.role {
        Role::Recurrent if is_wanted => {
            let reason = "orthogonal: states keep their size over any number of steps";
            Some((scales, "orthogonal:1".to_owned(), reason))
        }
        Role::Weight if is_wanted && (has(Component::ForgetGate) || has(Component::ResetGate)) => {
            let scheme = format!("normal:{}", rounded(fan_in.sqrt().recip()));
            Some((scales, scheme, "gates see an input of second moment 1"))
        }
        Role::Bias if has(Component::ForgetGate) && own.mean.abs() < 0.1 => {
            let scales = Scales { mean: 0.125, second: 0.125 };
            let reason = "the forget gate begins open, so that the cell remembers";
            Some((scales, "forget-gate-bias".to_owned(), reason))
        }
        _ => None,
    }
}
