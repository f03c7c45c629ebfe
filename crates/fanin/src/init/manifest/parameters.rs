//! The parameters of a manifest: what each entry is, with its fans and its place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::axes::axes;
use super::blocks::Address;
use super::names::{Layout, Readings, parts};
use super::packing::packing;
use super::roles::{Known, Tensors, split};
use super::{Guess, Listed, Manifest};
use crate::error::{Error, Result};
use crate::init::fans;
use crate::init::{Component, Parameter, Place, Position, Stack};
use crate::spec::Role;

/// All parameters of a manifest, in order.
pub(super) fn list(manifest: &Manifest) -> Result<Listed> {
    let tensors = Tensors::of(&manifest.entries, manifest.settings.layout);
    let mut readings = Readings::default();
    let known = manifest.entries.iter().map(|e| tensors.know(e, readings.read(&e.name)));
    let mut known: Vec<Known> = known.collect();
    let branches = end_plain_branches(&mut known);
    keep_last_of_a_head(&mut known);
    let mut listed = Listed::default();
    for (index, known) in known.iter().enumerate() {
        let (parameter, guesses) = describe(manifest, &tensors, index, known)?;
        listed.parameters.push(parameter);
        let told = known.guess.iter().cloned().chain(guesses);
        let name = &known.entry.name;
        listed.guesses.extend(told.map(|taken_as| Guess { name: name.clone(), taken_as }));
    }
    let by_weight: HashMap<String, (usize, usize)> = listed
        .parameters
        .iter()
        .filter(|p| p.role.is_matrix())
        .map(|p| (p.name.clone(), (p.fan_in, p.fan_out)))
        .collect();
    let fans_of = |p: &Parameter| by_weight.get(&tensors.weight_of(&p.name)?.name).copied();
    let of_bias = |p: &Parameter| if p.role == Role::Bias { fans_of(p) } else { None };
    let of_biases: Vec<Option<(usize, usize)>> = listed.parameters.iter().map(of_bias).collect();
    for ((parameter, fans), entry) in
        listed.parameters.iter_mut().zip(of_biases).zip(&manifest.entries)
    {
        let (fan_in, fan_out) = fans.unwrap_or((parameter.fan_in, parameter.fan_out));
        parameter.fan_in = entry.fan_in.unwrap_or(fan_in);
        parameter.fan_out = entry.fan_out.unwrap_or(fan_out);
    }
    let places = Places::of(manifest, &tensors, &known, &listed.parameters, branches);
    let has = |role: Role| Some(listed.parameters.iter().any(|p| p.role == role));
    let (has_residual_scale, has_shortcut_scale) =
        (has(Role::ResidualScale), has(Role::ShortcutScale));
    for (known, parameter) in known.iter().zip(&mut listed.parameters) {
        parameter.place =
            Place { has_residual_scale, has_shortcut_scale, ..places.of_entry(known) };
    }
    if let Some(guess) = places.guess_head(manifest, &mut listed.parameters) {
        listed.guesses.push(guess);
    }
    give_activations(manifest, &mut listed.parameters);
    Ok(listed)
}

/// Role, axes, packing and fans of one entry.
fn describe(
    manifest: &Manifest,
    tensors: &Tensors<'_>,
    index: usize,
    known: &Known<'_>,
) -> Result<(Parameter, Vec<String>)> {
    let (entry, settings) = (known.entry, &manifest.settings);
    let layout = known.meaning.layout.unwrap_or_else(|| {
        let is_kernel = parts(&entry.name).last() == Some(&"kernel");
        if is_kernel { Layout::Keras } else { Layout::Torch }
    });
    let unfit = |key: &str, found: String, expected: String| {
        Err(manifest.unfit(index, key, format!("{found} for `{}`", entry.name), expected))
    };
    for (key, fan) in
        [("fan_in", entry.fan_in), ("fan_out", entry.fan_out), ("groups", entry.groups)]
    {
        if fan == Some(0) {
            return unfit(key, "0".to_owned(), "1 or more".to_owned());
        }
    }
    let needs_axes = known.role.is_matrix() && entry.shape.len() < 2;
    if needs_axes {
        let expected = format!("two axes or more, which {} have", known.role.plural());
        return unfit("shape", format!("{:?}", entry.shape), expected);
    }
    let (axes, guess) = axes(known, tensors, layout);
    let axis = axes.output.first().copied().unwrap_or(entry.shape.len().saturating_sub(1));
    let (packing, unparted) = match packing(known, tensors, settings, layout, axis) {
        Ok(packing) => packing,
        Err(misfit) => return unfit(misfit.key, misfit.found, misfit.expected),
    };
    let mut parameter = Parameter {
        axes,
        packing,
        activation: entry.activation.clone(),
        ..Parameter::new(&entry.name, entry.shape.clone(), known.role)
    };
    if known.role.is_matrix() {
        let fans = fans::by("exact", &parameter).map_err(|mistake| match mistake {
            Error::Setting { found, expected, .. } => {
                let key = if entry.groups.is_some() { "groups" } else { "shape" };
                manifest.unfit(index, key, format!("{found} for `{}`", entry.name), expected)
            }
            other => other,
        })?;
        (parameter.fan_in, parameter.fan_out) = (fans.fan_in, fans.fan_out);
    }
    Ok((parameter, guess.into_iter().chain(unparted).collect()))
}

/// Convolutions of a block without attention: the last one ends the block's branch. Gives, for
/// each module of such a branch, its position in it.
fn end_plain_branches(known: &mut [Known<'_>]) -> HashMap<String, Position> {
    let mut blocks: BTreeMap<Address, BTreeSet<String>> = BTreeMap::new();
    let is_part = |k: &Known| {
        let beside = ["shortcut", "downsample", "fc"];
        let is_beside = |part: &&str| beside.contains(part);
        k.role == Role::Weight
            && k.entry.shape.len() > 2
            && !parts(&k.entry.name).iter().any(is_beside)
    };
    for k in known.iter().filter(|k| is_part(k)) {
        if let Some(address) = &k.address {
            blocks.entry(address.clone()).or_default().insert(split(&k.entry.name).0.to_owned());
        }
    }
    let has_attention = |k: &Known| k.meaning.component.is_some() || k.meaning.packed.is_some();
    for k in known.iter().filter(|k| has_attention(k)) {
        if let Some(address) = &k.address {
            blocks.remove(address);
        }
    }
    let mut branches = HashMap::new();
    for modules in blocks.into_values().filter(|modules| modules.len() > 1) {
        let count = modules.len();
        for (index, module) in modules.into_iter().enumerate() {
            branches.insert(module, Position { index, count });
        }
    }
    for k in known {
        let position = branches.get(split(&k.entry.name).0);
        k.meaning.is_residual_output |= position.is_some_and(|p| p.is_last());
    }
    branches
}

/// Of several numbered layers that are called a head, the last one is.
fn keep_last_of_a_head(known: &mut [Known<'_>]) {
    let number = |name: &str| {
        let (outer, number) = split(split(name).0);
        Some((outer.to_owned(), number.parse::<usize>().ok()?))
    };
    let mut last: HashMap<String, usize> = HashMap::new();
    for (outer, index) in
        known.iter().filter(|k| k.meaning.is_head).filter_map(|k| number(&k.entry.name))
    {
        let largest = last.entry(outer).or_default();
        *largest = index.max(*largest);
    }
    for k in known.iter_mut().filter(|k| k.meaning.is_head) {
        if let Some((outer, index)) = number(&k.entry.name) {
            k.meaning.is_head = last[&outer] == index;
        }
    }
}

/// What the entries together say of where each stands.
struct Places<'a> {
    manifest: &'a Manifest,
    tensors: &'a Tensors<'a>,
    branches: HashMap<String, Position>,
    /// Modules with weights, in the order of the signal as far as it is known.
    layers: HashMap<String, usize>,
    /// Residual sums in one block of each stack.
    sums: HashMap<String, usize>,
    /// Outputs of the layers that end a branch, by block.
    widths: HashMap<Address, usize>,
    /// Features of the first embedding.
    features: Option<usize>,
}

impl<'a> Places<'a> {
    fn of(
        manifest: &'a Manifest,
        tensors: &'a Tensors<'a>,
        known: &[Known<'_>],
        parameters: &[Parameter],
        branches: HashMap<String, Position>,
    ) -> Self {
        let mut layers = HashMap::new();
        let mut ends: HashMap<String, BTreeSet<String>> = HashMap::new();
        let mut widths = HashMap::new();
        let mut features = None;
        for (k, parameter) in known.iter().zip(parameters) {
            let module = split(&k.entry.name).0;
            if matches!(k.role, Role::Weight | Role::Recurrent) && manifest.is_in_order() {
                let next = layers.len();
                layers.entry(module.to_owned()).or_insert(next);
            }
            if k.role == Role::Embedding && features.is_none() {
                features = k.entry.shape.last().copied();
            }
            let Some(address) = k.address.as_ref().filter(|_| k.meaning.is_residual_output) else {
                continue;
            };
            if k.role == Role::Weight {
                let branch = if k.meaning.kind == Some(super::Kind::Experts) {
                    &k.entry.name
                } else {
                    module
                };
                let numbers =
                    |part: &str| part.parse::<usize>().map_or(part.to_owned(), |_| "#".to_owned());
                let branch: Vec<String> = parts(branch).into_iter().map(numbers).collect();
                ends.entry(address.stack.clone()).or_default().insert(branch.join("."));
                let rows = parameter.axes.output.iter().map(|&axis| k.entry.shape[axis]).product();
                widths.entry(address.clone()).or_insert(rows);
            }
        }
        let sums = ends.into_iter().map(|(stack, branches)| (stack, branches.len())).collect();
        Self { manifest, tensors, branches, layers, sums, widths, features }
    }

    /// The number of blocks of a stack.
    fn blocks(&self, stack: &str) -> usize {
        let counted = self.tensors.blocks.stacks().find(|(name, _)| *name == stack);
        self.manifest.settings.layers.unwrap_or(0).max(counted.map_or(0, |(_, count)| count))
    }

    /// What a stack of blocks is, by its name and the others.
    fn stack(&self, stack: &str) -> Stack {
        let says = |name: &str, word: &str| name.split('.').any(|part| part.contains(word));
        let is_there = |word: &str| self.tensors.blocks.stacks().any(|(name, _)| says(name, word));
        // A convolutional network in an `encoder` is a network of one stack.
        let is_transformer = !stack.contains("stage");
        if says(stack, "decoder") && is_there("encoder") {
            Stack::Decoder
        } else if says(stack, "encoder") && is_transformer {
            Stack::Encoder
        } else {
            self.manifest.settings.stack.unwrap_or_default()
        }
    }

    fn of_entry(&self, known: &Known<'_>) -> Place {
        let (settings, meaning) = (&self.manifest.settings, known.meaning);
        let module = split(&known.entry.name).0;
        let count = |wanted: &[Stack]| {
            let stacks = self.tensors.blocks.stacks();
            let fitting = stacks.filter(|(stack, _)| wanted.contains(&self.stack(stack)));
            fitting.map(|(stack, _)| self.blocks(stack)).sum::<usize>()
        };
        let stack = known.address.as_ref().map(|address| address.stack.as_str());
        let block = known.address.as_ref().map(|address| {
            let (index, count) = self.tensors.blocks.position(address);
            let count = count.max(settings.layers.unwrap_or(0));
            // A part of a model may show some of its blocks: then their own numbers count.
            let number = match (settings.layers, address.index.as_slice()) {
                (Some(layers), &[number]) if number < layers => number,
                _ => index,
            };
            Position { index: number, count }
        });
        let component = meaning.component.filter(|&c| block.is_some() || !is_feed_forward(c));
        let branch = self.branches.get(module).copied().or_else(|| {
            let index = usize::from(meaning.is_residual_output);
            let of_branch = component.is_some_and(is_of_branch) || meaning.packed.is_some();
            (block.is_some() && of_branch).then_some(Position { index, count: 2 })
        });
        let width = || self.widths.get(known.address.as_ref()?).copied();
        Place {
            layer: self
                .layers
                .get(module)
                .map(|&index| Position { index, count: self.layers.len() }),
            block,
            branch,
            stack: stack
                .map_or_else(|| settings.stack.unwrap_or_default(), |stack| self.stack(stack)),
            encoder_blocks: count(&[Stack::Encoder]),
            decoder_blocks: count(&[Stack::Decoder, Stack::Only]),
            residual_sums: stack
                .map_or(0, |stack| self.sums.get(stack).copied().unwrap_or(0) * self.blocks(stack)),
            width: settings.width.or_else(width).or(self.features),
            is_head: meaning.is_head,
            is_residual_output: meaning.is_residual_output,
            has_residual_scale: None,
            has_shortcut_scale: None,
            component,
            module: module.to_owned(),
        }
    }

    /// In a plain list of layers that names no head, the last layer is one.
    fn guess_head(&self, manifest: &Manifest, parameters: &mut [Parameter]) -> Option<Guess> {
        let is_plain = self.tensors.blocks.is_empty() && manifest.is_in_order();
        let is_feed = |p: &Parameter| p.role != Role::Recurrent && p.packing.is_none();
        if !is_plain || parameters.iter().any(|p| p.place.is_head || !is_feed(p)) {
            return None;
        }
        let last =
            parameters.iter().rfind(|p| p.role == Role::Weight && p.place.component.is_none())?;
        let (name, module) = (last.name.clone(), last.place.module.clone());
        if self.layers.len() < 2 || module.is_empty() {
            return None;
        }
        for parameter in parameters.iter_mut().filter(|p| p.place.module == module) {
            parameter.place.is_head = true;
        }
        Some(Guess { name, taken_as: "head: the last layer of the list".to_owned() })
    }
}

fn is_feed_forward(component: Component) -> bool {
    matches!(component, Component::Up | Component::Gate | Component::Down)
}

fn is_of_branch(component: Component) -> bool {
    let of_attention =
        [Component::Query, Component::Key, Component::Value, Component::AttentionOutput];
    is_feed_forward(component) || of_attention.contains(&component)
}

/// The model's activation follows every layer but the last, those that end a branch, and those of
/// attention; where a gate is, it alone has it.
fn give_activations(manifest: &Manifest, parameters: &mut [Parameter]) {
    let Some(activation) = &manifest.settings.activation else { return };
    let has_gate = parameters.iter().any(|p| p.place.component == Some(Component::Gate));
    for parameter in parameters.iter_mut().filter(|p| matches!(p.role, Role::Weight | Role::Bias)) {
        let place = &parameter.place;
        let follows = match place.component {
            None => parameter.packing.is_none(),
            Some(Component::Gate) => true,
            Some(Component::Up) => !has_gate,
            Some(_) => false,
        };
        if follows && !place.is_head && !place.is_residual_output && parameter.activation.is_none()
        {
            parameter.activation = Some(activation.clone());
        }
    }
}
