//! What the axes of a weight mean, by its kind and layout.

use super::names::{Kind, Layout};
use super::roles::{Known, Tensors};
use crate::init::fans::Axes;
use crate::spec::Role;

/// The meaning of a parameter's axes, and what had to be guessed.
pub(super) fn axes(
    known: &Known<'_>,
    tensors: &Tensors<'_>,
    layout: Layout,
) -> (Axes, Option<String>) {
    let entry = known.entry;
    let shape = entry.shape.as_slice();
    let rank = shape.len();
    if !known.role.is_matrix() || rank < 2 {
        return (Axes::default(), None);
    }
    let groups = entry.groups.unwrap_or(1);
    let is_torch = layout == Layout::Torch;
    if known.role == Role::Embedding {
        return (Axes { batch: (0..rank - 2).collect(), ..Axes::new(rank - 2, rank - 1) }, None);
    }
    let axes = match known.meaning.kind {
        Some(Kind::LinearInOut) if rank == 2 => return in_out(known, tensors),
        Some(Kind::Experts) if rank == 3 => return experts(known, tensors, layout),
        Some(Kind::ToHeads) if rank == 3 => Axes { output: vec![1, 2], ..Axes::new(0, 1) },
        Some(Kind::FromHeads) if rank == 3 => Axes { input: vec![0, 1], ..Axes::new(0, 2) },
        Some(Kind::ConvTranspose) if is_torch => Axes::transposed_convolution(groups),
        Some(Kind::ConvTranspose) => Axes { input_groups: groups, ..Axes::new(rank - 1, rank - 2) },
        Some(Kind::DepthwiseConv) if is_torch => {
            let channels = if shape[1] == 1 { shape[0] } else { 1 };
            Axes::convolution(entry.groups.unwrap_or(channels))
        }
        // (kernel…, in, multiplier): every unit sees one input alone.
        Some(Kind::DepthwiseConv) if rank > 2 => Axes {
            input: Vec::new(),
            output: vec![rank - 2, rank - 1],
            output_groups: shape[rank - 2],
            ..Axes::new(0, 0)
        },
        _ if is_torch => Axes::convolution(groups),
        _ => Axes { output_groups: groups, ..Axes::keras(rank) },
    };
    let is_lone = is_torch && rank > 2 && shape[1] == 1 && shape[0] > 1 && axes.output_groups == 1;
    let says_nothing = matches!(known.meaning.kind, None | Some(Kind::Conv));
    let says_nothing = says_nothing && entry.groups.is_none();
    let guess = (is_lone && says_nothing).then(|| {
        "a convolution of one input channel; say `groups` if it is one of each channel".to_owned()
    });
    (axes, guess)
}

/// GPT-2's layers: (in, out) in transformers, (out, in) in others; the packed one tells which.
fn in_out(known: &Known<'_>, tensors: &Tensors<'_>) -> (Axes, Option<String>) {
    let name = &known.entry.name;
    let telling = |end: &str, ratio: usize| {
        let near = ["attn.c_attn.weight", "crossattention.c_attn.weight", "mlp.c_fc.weight"];
        let path = near.iter().find(|path| path.ends_with(end))?;
        let entry = tensors.neighbor(name, end).or_else(|| {
            let (outer, _) = super::roles::split(super::roles::split(name).0);
            let (block, _) = super::roles::split(outer);
            tensors.get(&format!("{block}.{path}"))
        })?;
        match *entry.shape.as_slice() {
            [first, second] if second == ratio * first => Some(true),
            [first, second] if first == ratio * second => Some(false),
            _ => None,
        }
    };
    match telling("c_attn.weight", 3).or_else(|| telling("c_fc.weight", 4)) {
        Some(true) => (Axes::new(0, 1), None),
        Some(false) => (Axes::linear(), None),
        None => {
            let guess =
                "(in, out), as transformers keeps GPT-2; say `kind = \"linear\"` for (out, in)";
            (Axes::new(0, 1), Some(guess.to_owned()))
        }
    }
}

/// Experts in one tensor: (expert, out, in) unless the router's width says otherwise.
fn experts(known: &Known<'_>, tensors: &Tensors<'_>, layout: Layout) -> (Axes, Option<String>) {
    let name = &known.entry.name;
    let of = |input, output| Axes { batch: vec![0], ..Axes::new(input, output) };
    let router =
        ["gate.weight", "router.weight"].iter().find_map(|end| tensors.neighbor(name, end));
    let width = router.and_then(|router| router.shape.get(1).copied());
    let shape = &known.entry.shape;
    if known.meaning.layout.is_some() {
        return (if layout == Layout::Keras { of(1, 2) } else { of(2, 1) }, None);
    }
    let is_last = known.meaning.is_residual_output;
    match width {
        Some(width) if shape[1] != shape[2] && shape.contains(&width) => {
            let width_axis = if shape[1] == width { 1 } else { 2 };
            let other = 3 - width_axis;
            (if is_last { of(other, width_axis) } else { of(width_axis, other) }, None)
        }
        _ => {
            let guess = "(expert, out, in); say `layout = \"keras\"` if it is (expert, in, out)";
            (of(2, 1), Some(guess.to_owned()))
        }
    }
}
