//! Blocks of a network, as the numbers in its names tell them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Entry;
use super::names::parts;

/// What numbered blocks are called.
const CONTAINERS: &[&str] = &[
    "h",
    "layer",
    "layers",
    "block",
    "blocks",
    "resblocks",
    "encoderblock",
    "decoderblock",
    "encoder_layer",
    "decoder_layer",
    "transformer_block",
];

/// What numbered groups of blocks are called.
const STAGES: &[&str] = &["stages", "stage"];

/// A part of a name that only a transformer's block has.
const ATTENTION: &str = "self_attn";

/// The block that a tensor stands in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Address {
    /// The names around it, with `#` for numbers: `encoder.block.#`.
    pub stack: String,
    /// Its numbers, those of outer groups first.
    pub index: Vec<usize>,
}

/// All blocks of a network.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    stacks: BTreeMap<String, BTreeSet<Vec<usize>>>,
    lone: HashSet<String>,
}

impl Blocks {
    pub fn of(entries: &[Entry]) -> Self {
        let mut blocks = Self::default();
        for entry in entries {
            let parts = parts(&entry.name);
            let attention = parts.iter().position(|part| *part == ATTENTION);
            match (numbered(&parts), attention) {
                (Some(Address { stack, index }), _) => {
                    blocks.stacks.entry(stack).or_default().insert(index);
                }
                (None, Some(end)) => {
                    let stack = parts[..end].join(".");
                    blocks.stacks.entry(stack.clone()).or_default().insert(Vec::new());
                    blocks.lone.insert(stack);
                }
                _ => {}
            }
        }
        blocks
    }

    /// The block that a tensor of this name stands in: a numbered one, or a single transformer's.
    pub fn address(&self, name: &str) -> Option<Address> {
        let parts = parts(name);
        let lone = || {
            let ends = (0..parts.len()).map(|end| parts[..end].join("."));
            let stack = ends.into_iter().find(|stack| self.lone.contains(stack))?;
            Some(Address { stack, index: Vec::new() })
        };
        numbered(&parts).or_else(lone)
    }

    /// How many blocks of its stack come before a block, and how many there are.
    pub fn position(&self, address: &Address) -> (usize, usize) {
        let of_stack = &self.stacks[&address.stack];
        (of_stack.range(..address.index.clone()).count(), of_stack.len())
    }

    /// The stacks and their numbers of blocks.
    pub fn stacks(&self) -> impl Iterator<Item = (&str, usize)> {
        self.stacks.iter().map(|(stack, blocks)| (stack.as_str(), blocks.len()))
    }

    pub fn is_empty(&self) -> bool {
        self.stacks.is_empty()
    }
}

/// The numbered block around a tensor; a number right before the tensor's own name is that of a
/// layer, not of a block.
fn numbered(parts: &[&str]) -> Option<Address> {
    let mut stack: Vec<String> = Vec::new();
    let mut index = Vec::new();
    let mut next = 0;
    while next < parts.len() {
        let part = parts[next];
        let number = parts.get(next + 1).and_then(|part| part.parse::<usize>().ok());
        if let (true, Some(number)) = (STAGES.contains(&part), number) {
            stack.extend([part.to_owned(), "#".to_owned()]);
            index.push(number);
            next += 2;
            continue;
        }
        if let (Some(stage), Some(number)) = (stage_of_torchvision(part), number) {
            stack.extend(["layer#".to_owned(), "#".to_owned()]);
            index.extend([stage, number]);
            return is_inside(&parts[next + 2..])
                .then(|| Address { stack: stack.join("."), index });
        }
        if let (true, Some(number)) = (CONTAINERS.contains(&part), number) {
            stack.extend([part.to_owned(), "#".to_owned()]);
            index.push(number);
            let is_group = parts.get(next + 2) == Some(&"blocks");
            if is_group && parts.get(next + 3).is_some_and(|part| part.parse::<usize>().is_ok()) {
                next += 2;
                continue;
            }
            return is_inside(&parts[next + 2..])
                .then(|| Address { stack: stack.join("."), index });
        }
        if let Some((container, number)) = with_number(part) {
            stack.push(format!("{container}_#"));
            index.push(number);
            return is_inside(&parts[next + 1..])
                .then(|| Address { stack: stack.join("."), index });
        }
        stack.push(part.to_owned());
        next += 1;
    }
    None
}

fn is_inside(rest: &[&str]) -> bool {
    rest.len() > 1 || !matches!(rest, [] | ["weight" | "bias" | "kernel" | "scale"])
}

/// `layer3` of `layer3.0.conv1`, whose blocks are numbered behind it.
fn stage_of_torchvision(part: &str) -> Option<usize> {
    part.strip_prefix("layer")?.parse().ok()
}

/// `encoderblock_3`, as Flax numbers.
fn with_number(part: &str) -> Option<(&str, usize)> {
    let (container, number) = part.rsplit_once('_')?;
    let is_block = CONTAINERS.contains(&container.to_lowercase().as_str());
    Some((container, number.parse().ok()?)).filter(|_| is_block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_told_from_layers_and_experts() {
        let check = |name: &str, expected: Option<(&str, &[usize])>| {
            let found = numbered(&parts(name));
            let found = found.as_ref().map(|a| (a.stack.as_str(), a.index.as_slice()));
            assert_eq!(found, expected, "{name}");
        };
        check("transformer.h.2.attn.c_attn.weight", Some(("transformer.h.#", &[2])));
        check("model.layers.1.mlp.experts.7.w1.weight", Some(("model.layers.#", &[1])));
        check("encoder.block.0.layer.1.layer_norm.weight", Some(("encoder.block.#", &[0])));
        check("layer3.1.conv2.weight", Some(("layer#.#", &[3, 1])));
        let stages = "encoder.stages.#.layers.#";
        check("encoder.stages.1.layers.0.layer.2.convolution.weight", Some((stages, &[1, 0])));
        check("swin.layers.1.blocks.0.attn.qkv.weight", Some(("swin.layers.#.blocks.#", &[1, 0])));
        check(
            "Transformer/encoderblock_3/MlpBlock_3/Dense_0/kernel",
            Some(("Transformer.encoderblock_#", &[3])),
        );
        check("stages.0.blocks.1.gamma", Some(("stages.#.blocks.#", &[0, 1])));
        check("layers.0.weight", None);
        check("0.weight", None);
    }
}
