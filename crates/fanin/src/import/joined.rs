//! One parameter of which an exporter made several initializers, given back to all of their users.
//!
//! PyTorch's exporter computes what it can. Where a module is called at every step of a loop it turns the
//! same matrix anew for each, and keeps all results, if they are large. Of the first step of a cell, whose
//! state is 0, nothing is left but the bias, once for every row of the export. As parameters of their own
//! such copies would be drawn and trained apart.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::formats::onnx::{Attribute, AttributeValue, Elements, Model, Node, OnnxFile, Tensor};

use super::needs;
use super::roles::{Signature, said_module};

/// The most elements that are compared with others.
const LARGEST: usize = 1 << 26;

/// An initializer that holds another, so many times one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copied<'a> {
    /// Its name.
    pub name: &'a str,
    /// The initializer that it holds.
    pub of: &'a str,
    /// How many times.
    pub times: usize,
}

/// `model` with every copy replaced by what it is one of; none where there are no copies.
pub(super) fn joined<'a>(file: &OnnxFile, model: &Model<'a>) -> Option<Model<'a>> {
    let of: HashMap<&str, &'a str> =
        copies(file, model).into_iter().map(|copy| (copy.name, copy.of)).collect();
    if of.is_empty() {
        return None;
    }
    let mut model = model.clone();
    model.graph.initializers.retain(|tensor| !of.contains_key(tensor.name));
    for node in &mut model.graph.nodes {
        if is_cut(node) && node.input(0).is_some_and(|name| of.contains_key(name)) {
            let axis = node.attributes.iter_mut().find(|attribute| attribute.name == "axis");
            axis.expect("it is cut along this axis").value = AttributeValue::Int(0);
        }
        let inputs = node.inputs.iter_mut();
        inputs.for_each(|name| *name = of.get(name).copied().unwrap_or(name));
    }
    Some(model)
}

/// Whether a node cuts the rows of a matrix, as a cell cuts gates apart.
fn is_cut(node: &Node<'_>) -> bool {
    let axis = node.attribute("axis").map(|attribute| &attribute.value);
    node.op_type == "Split" && matches!(axis, Some(AttributeValue::Int(-1 | 1)))
}

/// All copies in a model of which an exporter says what its parameters were.
pub(super) fn copies<'a>(file: &OnnxFile, model: &Model<'a>) -> Vec<Copied<'a>> {
    let signature = Signature::of(model);
    if signature.is_empty() {
        return Vec::new();
    }
    let users = Users::of(model);
    let computed = model.graph.initializers.iter().filter(|tensor| {
        let is_said = signature.is_parameter(tensor.name).is_some();
        !is_said && tensor.element_type.is_float() && tensor.dims.len() == 2
    });
    let computed: Vec<&Tensor<'a>> = computed.collect();
    let biases = model.graph.initializers.iter().filter(|tensor| {
        let is_parameter = signature.is_parameter(tensor.name) == Some(true);
        is_parameter && tensor.element_type.is_float() && tensor.dims.len() == 1
    });
    let biases: Vec<&Tensor<'a>> = biases.collect();
    let mut found = turned(file, &users, &computed, &lost(model, &signature));
    found.extend(computed.iter().filter_map(|tensor| repeated(file, &users, tensor, &biases)));
    found
}

/// How many parameters of each module are not in the file under their names.
fn lost<'s>(model: &Model<'_>, signature: &'s Signature) -> HashMap<&'s str, usize> {
    let kept: HashSet<&str> = model.graph.initializers.iter().map(|tensor| tensor.name).collect();
    let mut lost = HashMap::new();
    for (name, is_parameter) in &signature.0 {
        if let Some((module, _)) = name.rsplit_once('.')
            && *is_parameter
            && !kept.contains(name.as_str())
        {
            *lost.entry(module).or_default() += 1;
        }
    }
    lost
}

/// Copies of matrices that products of one module take, where each of its parameters that are not in the
/// file is left a matrix of its own: two that are equal by chance or by a mistake stay two.
fn turned<'a>(
    file: &OnnxFile,
    users: &Users<'_, 'a>,
    computed: &[&Tensor<'a>],
    lost: &HashMap<&str, usize>,
) -> Vec<Copied<'a>> {
    let is_product = |node: &Node<'_>, input: usize| node.op_type == "MatMul" && input == 1;
    let mut modules: BTreeMap<&str, Vec<&Tensor<'a>>> = BTreeMap::new();
    for tensor in computed.iter().filter(|tensor| tensor.name.starts_with("val_")) {
        if let Some(module) = users.module(tensor.name, is_product) {
            modules.entry(module).or_default().push(tensor);
        }
    }
    let mut found = Vec::new();
    for (module, tensors) in modules {
        let Some(&lost) = lost.get(module).filter(|lost| **lost < tensors.len()) else { continue };
        let mut own: Vec<(&Tensor<'a>, Option<Vec<u32>>)> = Vec::new();
        let mut copies = Vec::new();
        for tensor in tensors {
            let values = bits(file, tensor).filter(|values| !is_uniform(values));
            let is_same = |(other, others): &&(&Tensor<'a>, Option<Vec<u32>>)| {
                values.is_some() && other.dims == tensor.dims && *others == values
            };
            match own.iter().find(is_same) {
                Some((of, _)) => copies.push(Copied { name: tensor.name, of: of.name, times: 1 }),
                None => own.push((tensor, values)),
            }
        }
        if own.len() >= lost {
            found.extend(copies);
        }
    }
    found
}

/// The bias whose rows a matrix holds that is added in the same module, or cut first; none if it holds something
/// else. One number throughout, as zeros are, could be any bias, or a state.
fn repeated<'a>(
    file: &OnnxFile,
    users: &Users<'_, 'a>,
    tensor: &Tensor<'a>,
    biases: &[&Tensor<'a>],
) -> Option<Copied<'a>> {
    let &[times, width] = &tensor.dims[..] else { return None };
    let fits = |node: &Node<'_>, input| node.op_type == "Add" || input == 0 && is_cut(node);
    let module = users.module(tensor.name, fits)?;
    let own = bits(file, tensor).filter(|_| times > 0 && width > 1)?;
    let row = &own[..width];
    if is_uniform(row) || own.chunks_exact(width).any(|other| other != row) {
        return None;
    }
    let is_of = |bias: &&&Tensor<'a>| {
        let is_beside = bias.name.rsplit_once('.').is_some_and(|(path, _)| path == module);
        is_beside && bias.dims == [width] && bits(file, bias).is_some_and(|bits| bits == row)
    };
    // Of two equal ones it is that of the state, which a module has behind that of its input.
    let bias = biases.iter().rev().find(is_of)?;
    Some(Copied { name: tensor.name, of: bias.name, times })
}

/// Which nodes of a graph use a value, and by which input.
struct Users<'m, 'a> {
    of: HashMap<&'a str, Vec<(&'m Node<'a>, usize)>>,
    /// What is used inside of nodes, or is an output.
    others: HashSet<&'a str>,
}

impl<'m, 'a> Users<'m, 'a> {
    fn of(model: &'m Model<'a>) -> Self {
        let mut of: HashMap<&'a str, Vec<(&'m Node<'a>, usize)>> = HashMap::new();
        let mut others: Vec<&'a str> = model.graph.outputs.iter().map(|out| out.name).collect();
        for node in &model.graph.nodes {
            for (input, name) in node.inputs.iter().enumerate() {
                of.entry(name).or_default().push((node, input));
            }
            if node.attributes.iter().flat_map(Attribute::graphs).next().is_some() {
                needs::used(node, &mut others);
            }
        }
        Self { of, others: others.into_iter().collect() }
    }

    /// The one module whose nodes use a value, if each of them does so as `fits` says.
    fn module(&self, name: &str, fits: impl Fn(&Node<'_>, usize) -> bool) -> Option<&'a str> {
        let users = self.of.get(name).filter(|_| !self.others.contains(name))?;
        let mut modules = users.iter().map(|(node, input)| {
            let is_so = fits(node, *input);
            self.module_of(node).filter(|_| is_so)
        });
        let module = modules.next()??;
        modules.all(|other| other == Some(module)).then_some(module)
    }

    /// The module of a node; of a cut, of which the exporter says nothing, that of all that take its parts.
    fn module_of(&self, node: &Node<'a>) -> Option<&'a str> {
        if !is_cut(node) || said_module(node).is_some() {
            return said_module(node);
        }
        let takers = node.outputs.iter().filter_map(|name| self.of.get(name)).flatten();
        let mut modules = takers.map(|(taker, _)| said_module(taker));
        let module = modules.next()??;
        modules.all(|other| other == Some(module)).then_some(module)
    }
}

fn bits(file: &OnnxFile, tensor: &Tensor<'_>) -> Option<Vec<u32>> {
    let elements = (tensor.len() <= LARGEST).then(|| file.elements(tensor).ok())??;
    Some(Elements::to_f32(&elements)?.into_iter().map(f32::to_bits).collect())
}

fn is_uniform(bits: &[u32]) -> bool {
    bits.iter().all(|x| Some(x) == bits.first())
}

#[cfg(test)]
mod tests;
