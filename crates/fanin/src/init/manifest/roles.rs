//! What a tensor is for: by its entry, its name, its kind, and at last its rank.

use std::collections::HashMap;

use super::Entry;
use super::blocks::{Address, Blocks};
use super::names::{Kind, Meaning, read};
use crate::spec::Role;

/// The entries of a manifest, to be looked up by name.
#[derive(Debug)]
pub(super) struct Tensors<'a> {
    by_name: HashMap<&'a str, &'a Entry>,
    pub blocks: Blocks,
}

/// What is known of an entry before its axes are.
#[derive(Clone, Debug)]
pub(super) struct Known<'a> {
    pub entry: &'a Entry,
    pub meaning: Meaning,
    pub role: Role,
    pub address: Option<Address>,
    /// What the role was guessed from, if nothing tells it.
    pub guess: Option<String>,
}

impl<'a> Tensors<'a> {
    pub fn of(entries: &'a [Entry]) -> Self {
        let by_name = entries.iter().map(|entry| (entry.name.as_str(), entry)).collect();
        Self { by_name, blocks: Blocks::of(entries) }
    }

    pub fn get(&self, name: &str) -> Option<&'a Entry> {
        self.by_name.get(name).copied()
    }

    /// What entry and name say.
    pub fn know(&self, entry: &'a Entry) -> Known<'a> {
        let reading = read(&entry.name);
        let address = self.blocks.address(&entry.name);
        let own = Meaning {
            role: entry.role,
            kind: entry.kind,
            layout: entry.layout,
            ..Meaning::default()
        };
        let mut meaning = own.or(reading.meaning);
        if entry.parts.is_some() || entry.part_sizes.is_some() {
            meaning.packed = None;
        }
        let (role, guess) = self.role(entry, meaning, address.as_ref(), reading.naming);
        meaning.is_residual_output &= address.is_some();
        meaning.is_head &= address.is_none();
        Known { entry, meaning, role, address, guess }
    }

    fn role(
        &self,
        entry: &Entry,
        meaning: Meaning,
        address: Option<&Address>,
        naming: Option<&str>,
    ) -> (Role, Option<String>) {
        let (module, leaf) = split(&entry.name);
        let rank = entry.shape.len();
        if let Some(role) = entry.role {
            return (role, None);
        }
        // ConvNeXt's factor stands directly in its block, where no normalization is.
        if leaf == "gamma"
            && address.is_some()
            && self.get(&beside(&entry.name, module, "beta")).is_none()
        {
            return (Role::ResidualScale, None);
        }
        if let Some(role) = meaning.role {
            return (role, None);
        }
        let is_bias = leaf == "bias" || leaf.ends_with("_bias");
        let is_weight = ["weight", "kernel"].iter().any(|end| leaf.ends_with(end));
        let by_kind = match meaning.kind {
            Some(Kind::Embedding) if is_weight && rank >= 2 => Some(Role::Embedding),
            Some(Kind::Norm) if is_weight || leaf == "scale" => Some(Role::NormScale),
            Some(Kind::Norm) if is_bias => Some(Role::NormShift),
            _ => None,
        };
        if let Some(role) = by_kind {
            return (role, None);
        }
        let by_rank = |role: Role, why: &str| {
            let guess = naming
                .is_none()
                .then(|| format!("{}: {why}; say `role` if it is another", role.label()));
            (role, guess)
        };
        let of_norm = || self.weight_of(&entry.name).is_some_and(|weight| weight.shape.len() == 1);
        match rank {
            0 => (
                Role::Buffer,
                Some("buffer: it is one number; say `role` if it is another".to_owned()),
            ),
            _ if is_bias && of_norm() => {
                by_rank(Role::NormShift, "the weight beside it has one axis")
            }
            _ if is_bias => by_rank(Role::Bias, "its name ends so"),
            1 if is_weight || ["scale", "gamma"].contains(&leaf) => {
                by_rank(Role::NormScale, "a weight with one axis")
            }
            2.. if is_weight || meaning.component.is_some() => {
                by_rank(Role::Weight, "a weight with two axes or more")
            }
            _ => {
                let text =
                    "buffer: neither name nor rank says what it is; say `role` if it is another";
                (Role::Buffer, Some(text.to_owned()))
            }
        }
    }

    /// The weight of the layer that a bias belongs to.
    pub fn weight_of(&self, bias: &str) -> Option<&'a Entry> {
        let (module, leaf) = split(bias);
        let of = |weight: &str| self.get(&beside(bias, module, &leaf.replace("bias", weight)));
        // Attention with keys or values of other widths has one bias and three weights.
        let query = || self.sibling(bias, "q_proj_weight").filter(|_| leaf == "in_proj_bias");
        of("weight").or_else(|| of("kernel")).or_else(query)
    }

    /// The entry of another name in the same module.
    pub fn sibling(&self, name: &str, leaf: &str) -> Option<&'a Entry> {
        self.get(&beside(name, split(name).0, leaf))
    }

    /// The entry of a tensor in a neighboring module: `o_proj.weight` beside `qkv_proj.weight`.
    pub fn neighbor(&self, name: &str, path: &str) -> Option<&'a Entry> {
        let (outer, _) = split(split(name).0);
        self.get(&beside(name, outer, path))
    }
}

/// The name of the module and that of the tensor in it.
pub(super) fn split(name: &str) -> (&str, &str) {
    name.rfind(['.', '/']).map_or(("", name), |end| (&name[..end], &name[end + 1..]))
}

fn beside(name: &str, module: &str, leaf: &str) -> String {
    let between = if name.contains('/') { '/' } else { '.' };
    if module.is_empty() { leaf.to_owned() } else { format!("{module}{between}{leaf}") }
}
