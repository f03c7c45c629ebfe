//! Matrices of one value: whose units stay equal for ever, and where that is no harm.
//!
//! Units of the output layer get different errors, from the targets, and so do those at the end of a
//! residual branch, from the stream (`docs/theory/symmetry.md`). Where no model tells which layers
//! these are, the numbers that fanin and PyTorch's `Sequential` name layers by may.

use super::Tensor;
use super::findings::finding;
use crate::check::{Finding, Severity};
use crate::init::{Component, Parameter, Role};

/// What becomes of units with equal weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// They get the same error and stay equal.
    Equal,
    /// They get different errors and part.
    Apart,
    /// Nothing says where the layer stands.
    Unknown,
}

/// What is wrong with a tensor of one value among all `tensors` of its file.
pub(super) fn judge(
    tensor: &Tensor,
    tensors: &[Tensor],
    known: Option<&Parameter>,
) -> Option<Finding> {
    if !tensor.role.is_matrix()
        || !tensor.statistics.is_constant()
        || tensor.statistics.elements < 2
    {
        return None;
    }
    let value = tensor.statistics.low as f32;
    let (severity, condition, fix) = match outcome(tensor, value, tensors, known) {
        Outcome::Apart => return None,
        Outcome::Equal => {
            (Severity::Fail, "", "draw it at random: he-normal for relu, xavier-uniform for tanh")
        }
        Outcome::Unknown => (
            Severity::Warn,
            "unless it is the last layer or the end of a residual branch, where that is no harm, ",
            "name the model, which tells where it stands: fanin init MODEL --verify FILE; or draw it \
             at random",
        ),
    };
    let why = format!(
        "every weight of `{}` is {value}: {condition}its units get the same error, so \
         backpropagation keeps them equal for ever",
        tensor.name
    );
    Some(finding("constant-weights", severity, tensor, why, fix))
}

fn outcome(tensor: &Tensor, value: f32, tensors: &[Tensor], known: Option<&Parameter>) -> Outcome {
    let parts = |p: &Parameter| {
        let is_lora = value == 0.0 && p.place.component == Some(Component::LoraUp);
        p.place.is_head || p.place.is_residual_output || is_lora
    };
    if known.is_some_and(parts) {
        Outcome::Apart
    } else if tensor.role != Role::Weight || known.is_some_and(is_inside) {
        Outcome::Equal
    } else {
        by_numbers(&tensor.name, tensors)
    }
}

/// Whether it is known to be no output layer and no end of a branch, which were asked for before.
fn is_inside(parameter: &Parameter) -> bool {
    let place = &parameter.place;
    // Outside of known blocks these may end a branch.
    let may_end = |c: Component| matches!(c, Component::AttentionOutput | Component::Down);
    place.layer.is_some()
        || place.branch.is_some()
        || parameter.packing.is_some()
        || place.component.is_some_and(|component| !may_end(component))
}

/// What the numbers in the names say, if those of all matrices begin with one: `4.weight` is the
/// last layer if no number is above 4, and `2.branch.1.weight` ends its branch if none there is above 1.
fn by_numbers(name: &str, tensors: &[Tensor]) -> Outcome {
    const BRANCH: &str = ".branch.";
    let first = |name: &str| name.split('.').next()?.parse::<usize>().ok();
    let names = || tensors.iter().filter(|t| t.role.is_matrix()).map(|t| t.name.as_str());
    let start = name.find(BRANCH).map_or(0, |at| at + BRANCH.len());
    let (outer, own) = name.split_at(start);
    let number = |name: &str| first(name.strip_prefix(outer)?);
    match number(name) {
        Some(index)
            if own == format!("{index}.weight") && names().all(|name| first(name).is_some()) =>
        {
            let is_last = names().filter_map(number).all(|other| other <= index);
            if is_last { Outcome::Apart } else { Outcome::Equal }
        }
        _ => Outcome::Unknown,
    }
}
