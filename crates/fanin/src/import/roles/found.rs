//! The search: every floating initializer with its uses, its role and its fans.

use std::collections::{HashMap, HashSet};

use super::after;
use super::axes;
use super::before::{self, Before, is_matrix, weights_of};
use super::constants;
use super::decide::{Decision, decide};
use super::layers::Depths;
use super::links::Links;
use super::signature::{Signature, module};
use super::trace::{Use, uses};
use super::{Constant, Found, Overrides, Roles, attention, packing, residual, traps, unrolled};
use crate::formats::onnx::{Model, Node, OnnxFile, Tensor};
use crate::import::{Part, sharing};
use crate::init::fans::{self, Fans};
use crate::init::{Component, Packing, Parameter, Place, Role};

/// A model under examination.
#[derive(Debug)]
pub(super) struct Search<'m, 'a> {
    links: Links<'m, 'a>,
    model: &'m Model<'a>,
    /// What products are to attention, by node.
    components: HashMap<usize, Vec<Component>>,
    signature: Signature,
    overrides: &'m Overrides,
    shared: HashSet<&'a str>,
}

impl<'m, 'a> Search<'m, 'a> {
    pub fn new(file: &'m OnnxFile, model: &'m Model<'a>, overrides: &'m Overrides) -> Self {
        let signature = Signature::of(model);
        let nodes: Vec<&Node<'a>> = model.graph.nodes.iter().collect();
        let shared = sharing::shared(&model.graph, &nodes, &signature.0, true);
        let links = Links::of(file, &model.graph);
        let components = attention::components(&links);
        Self { links, model, components, signature, overrides, shared }
    }

    pub fn all<'t>(&self, tensors: impl Iterator<Item = &'t Tensor<'a>>) -> Roles
    where
        'a: 't,
    {
        let mut roles = Roles::default();
        for tensor in tensors {
            let uses = uses(&self.links, tensor);
            let said = self.overrides.is_parameter(tensor.name);
            let own = || constants::reason(&self.links, &self.signature, tensor, &uses);
            let reason = match said {
                Some(true) => None,
                Some(false) => Some("as asked for"),
                None => own(),
            };
            if let Some(reason) = reason {
                let (name, shape) = (tensor.name.to_owned(), tensor.dims.clone());
                roles.constants.push(Constant { name, shape, reason: reason.to_owned() });
                continue;
            }
            let is_merged = self.shared.contains(tensor.name)
                && before::uniform(&self.links, tensor.name).is_some();
            if is_merged {
                let each = uses.iter().map(std::slice::from_ref);
                roles.parameters.extend(each.map(|one| self.found(tensor, one, true)));
            } else {
                roles.parameters.push(self.found(tensor, &uses, false));
            }
        }
        let found = &mut roles.parameters;
        self.pair(found);
        unrolled::place(&self.links, found, &|node| self.product(node));
        let weights = found.iter().filter(|one| one.parameter.role == Role::Weight);
        let weights: HashSet<usize> = weights.filter_map(|one| one.node).collect();
        let depths = Depths::of(&self.links, &weights);
        depths.place(found);
        residual::place(&self.links, &depths, &self.components, found);
        traps::tie(&self.links, found);
        roles.notes = traps::notes(&self.links, self.model, &self.signature, &roles);
        roles
    }

    fn found(&self, tensor: &Tensor<'a>, uses: &[Use], is_merged: bool) -> Found {
        let links = &self.links;
        let rank = tensor.dims.len();
        let decision = decide(links, uses, rank);
        let told = decision.as_ref().map_or(Role::Buffer, |decision| decision.role);
        let role = self.overrides.role(tensor.name).unwrap_or(told);
        let first = uses.first().map(|used| used.first);
        let name = match first.filter(|_| is_merged) {
            Some((node, input)) => sharing::own_name(links.node(node), input, tensor.name),
            None => tensor.name.to_owned(),
        };
        let mut parameter = Parameter::new(&name, tensor.dims.clone(), role);
        let mut notes = Vec::new();
        let Some(Decision { used, note, .. }) = decision else {
            notes.push("reaches no signal".to_owned());
            let consumer = String::new();
            let initializer = tensor.name.to_owned();
            let (framework, node, tied) = (None, None, None);
            return Found { parameter, initializer, framework, consumer, node, tied, notes };
        };
        notes.extend(note.map(ToOwned::to_owned));
        if is_merged {
            let text = format!("merged with equal ones into `{}` on export", tensor.name);
            notes.push(text);
        }
        let node = links.node(used.node);
        self.measure(&mut parameter, used, &mut notes);
        parameter.place = Place { module: module(node), ..Place::default() };
        self.pack(&mut parameter, tensor.name, used, &mut notes);
        notes.extend(self.ties(role, uses));
        let framework = self.framework(&parameter, node, (used, tensor.name));
        parameter.framework = framework.clone().filter(|own| *own != name);
        Found {
            framework,
            initializer: tensor.name.to_owned(),
            consumer: format!("{} \"{}\"", node.op_type, node.name),
            node: Some(used.node),
            tied: None,
            parameter,
            notes,
        }
    }

    /// Axes, fans and the activation that follows.
    fn measure(&self, parameter: &mut Parameter, used: &Use, notes: &mut Vec<String>) {
        let links = &self.links;
        let node = links.node(used.node);
        let rank = parameter.shape.axes().len();
        let weights = match parameter.role {
            Role::Embedding => {
                parameter.axes = axes::table(rank);
                Some(fans(parameter))
            }
            Role::Weight | Role::Recurrent => {
                let axes = axes::of(used, node);
                if axes.is_none() {
                    notes.push("its axes could not be followed: say its fans".to_owned());
                }
                axes.map(|axes| {
                    parameter.axes = axes;
                    fans(parameter)
                })
            }
            _ => None,
        };
        let fans = weights.unwrap_or(Fans { fan_in: 0, fan_out: 0 });
        (parameter.fan_in, parameter.fan_out) = (fans.fan_in, fans.fan_out);
        if matches!(parameter.role, Role::Weight | Role::Bias) {
            let output = node.output(0);
            parameter.activation = output.and_then(|output| after::activation(links, output));
        }
    }

    /// Which matrix of attention it is, or which it holds side by side.
    fn pack(&self, parameter: &mut Parameter, name: &str, used: &Use, notes: &mut Vec<String>) {
        let links = &self.links;
        let shape = parameter.shape.axes().to_vec();
        if let Some(packing) = packing::recurrent(links, used, name, &shape) {
            let parts = packing.parts.len().max(1);
            let is_bias = parameter.role == Role::Bias;
            parameter.fan_out = if is_bias { parameter.fan_out } else { parameter.fan_out / parts };
            parameter.packing = Some(packing);
            return;
        }
        let product = match parameter.role {
            Role::Weight => Some(used.node),
            Role::Bias => self.product(used.node),
            _ => None,
        };
        let Some((product, components)) = product.and_then(|p| Some((p, self.components.get(&p)?)))
        else {
            return;
        };
        if let [one] = components[..] {
            parameter.place.component = Some(one);
            return;
        }
        let axis = if parameter.role == Role::Bias {
            shape.len().checked_sub(1)
        } else {
            match parameter.axes.output[..] {
                [axis] => Some(axis),
                _ => None,
            }
        };
        let Some((axis, units)) = axis.and_then(|axis| Some((axis, *shape.get(axis)?))) else {
            return;
        };
        match packing::attention(links, links.node(product), components, units) {
            Ok(Some(parts)) => {
                if parameter.role == Role::Weight {
                    parameter.fan_out = parameter.fan_out / units.max(1) * parts[0].1;
                }
                parameter.packing = Some(Packing { axis, parts });
            }
            Ok(None) => {}
            Err(note) => notes.push(note.to_owned()),
        }
    }

    /// The product that a node adds a bias to.
    fn product(&self, index: usize) -> Option<usize> {
        let node = self.links.node(index);
        if weights_of(&self.links, node).is_some() {
            return Some(index);
        }
        match self.links.signals(node)[..] {
            [one] => match before::of(&self.links, one) {
                Before::Product(index) => Some(index),
                _ => None,
            },
            _ => None,
        }
    }

    /// Gives every bias the fans of the weights in the product that it is added to.
    fn pair(&self, found: &mut [Found]) {
        let is_weight = |one: &&Found| one.parameter.role == Role::Weight;
        let fans = |one: &Found| Some((one.node?, (one.parameter.fan_in, one.parameter.fan_out)));
        let fans: HashMap<usize, (usize, usize)> =
            found.iter().filter(is_weight).filter_map(fans).collect();
        for one in found.iter_mut().filter(|one| one.parameter.role == Role::Bias) {
            let product = one.node.and_then(|node| self.product(node));
            if let Some(&(fan_in, fan_out)) = product.and_then(|product| fans.get(&product)) {
                (one.parameter.fan_in, one.parameter.fan_out) = (fan_in, fan_out);
            }
        }
    }

    fn ties(&self, role: Role, uses: &[Use]) -> Option<String> {
        let is_head = |used: &Use| used.part.is_some_and(is_matrix);
        let modules = |used: &Use| module(self.links.node(used.node));
        if role == Role::Embedding {
            let head = uses.iter().find(|used| is_head(used))?;
            return Some(format!("tied: also the weights of `{}`", modules(head)));
        }
        let first = modules(uses.first()?);
        let other = uses.iter().map(modules).find(|module| *module != first)?;
        Some(format!("used by `{first}` and `{other}`"))
    }

    /// The name in the framework: the initializer's, or its module's where the exporter renamed it or
    /// made several one.
    fn framework(
        &self,
        parameter: &Parameter,
        node: &Node<'_>,
        (used, initializer): (&Use, &str),
    ) -> Option<String> {
        let name = parameter.name.as_str();
        let path = module(node);
        let is_of_attention = self.is_of_multihead_attention(parameter, &path);
        if let (true, Some((_, leaf))) =
            (name != initializer && is_of_attention, initializer.rsplit_once('.'))
        {
            return (!path.is_empty()).then(|| format!("{path}.{leaf}"));
        }
        let is_renamed = name.starts_with("val_") || name.starts_with("onnx::");
        if !is_renamed {
            let is_known = self.signature.is_parameter(name) == Some(true);
            let is_torch = self.signature.is_empty() && !name.contains([':', '/']);
            return (is_known || is_torch).then(|| name.to_owned());
        }
        let leaf = match used.part? {
            part if is_matrix(part) && is_of_attention => "in_proj_weight",
            part if is_matrix(part) => "weight",
            Part::Gain => "weight",
            Part::Bias | Part::Shift | Part::Term => "bias",
            _ => return None,
        };
        let guessed = (!path.is_empty()).then(|| format!("{path}.{leaf}"));
        // A module that names its parameters in its own way, as cells do, has none of this name.
        guessed.filter(|name| {
            self.signature.is_empty() || self.signature.is_parameter(name) == Some(true)
        })
    }

    /// Whether it packs query, key and value as PyTorch's `MultiheadAttention` does: a bias that is named
    /// so is there, of this module or of another of its name with which the exporter made it one.
    fn is_of_multihead_attention(&self, parameter: &Parameter, path: &str) -> bool {
        let own = path.rsplit('.').next().unwrap_or_default();
        let end = format!("{own}.in_proj_bias");
        let named = |name: &str| name == end || name.ends_with(&format!(".{end}"));
        let mut tensors = self.model.graph.initializers.iter();
        parameter.packing.is_some() && tensors.any(|tensor| named(tensor.name))
    }
}

fn fans(parameter: &Parameter) -> Fans {
    let found = fans::fans(&parameter.described(), parameter.shape.axes(), &parameter.axes);
    found.unwrap_or(Fans { fan_in: 0, fan_out: 0 })
}
