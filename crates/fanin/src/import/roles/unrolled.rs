//! Recurrent cells that an exporter wrote out step by step, or as the body of a loop.
//!
//! A matrix is one of a state where it multiplies a signal that came out of it before, and the product is
//! added to one that did not: what enters at this step. Layers that share their weights over depth have
//! nothing that enters anew. Of gates that are cut apart, the operators behind tell which is which.

use std::collections::{HashMap, HashSet};

use super::Found;
use super::after;
use super::before::{is_matrix, weights_of};
use super::links::Links;
use super::trace::uses;
use super::traps;
use crate::formats::onnx::Node;
use crate::import::{find, integers};
use crate::init::Component::{
    self, Candidate, ForgetGate, InputGate, OutputGate, ResetGate, UpdateGate,
};
use crate::init::{Packing, Role};

/// The most nodes that are looked at ahead of a product.
const AHEAD: usize = 64;

/// A cell: places of its weights among what was found, and what follows their sum.
struct Cell {
    states: Vec<usize>,
    input: usize,
    /// Products with the weights of the state and of what enters, and the sums of both.
    moved: HashSet<usize>,
    given: HashSet<usize>,
    sums: HashSet<usize>,
    /// The activation of a plain cell.
    activation: Option<String>,
    /// The gates in the order in which they lie.
    gates: Vec<Component>,
}

/// Gives the weights of cells that are written out their roles, the gates that lie in them, and one module.
/// `product` tells the node of the product that a node adds a bias to.
pub(super) fn place(
    links: &Links<'_, '_>,
    found: &mut [Found],
    product: &dyn Fn(usize) -> Option<usize>,
) {
    let makers = makers(links, found);
    for states in candidates(links, found, &makers) {
        let Some(cell) = cell(links, found, &makers, states) else { continue };
        let biases = biases(links, found, &cell, product);
        name(found, &cell, &biases);
    }
}

/// The weights by the nodes of their products.
fn makers(links: &Links<'_, '_>, found: &[Found]) -> HashMap<usize, usize> {
    let mut makers = HashMap::new();
    for (at, one) in found.iter().enumerate().filter(|(_, one)| is_plain(one)) {
        let Some(tensor) = links.initializer(&one.initializer) else { continue };
        let uses = uses(links, tensor);
        let products = uses.iter().filter(|used| used.part.is_some_and(is_matrix));
        makers.extend(products.map(|used| (used.node, at)));
    }
    makers
}

/// Whether it is a matrix of which nothing else is known.
fn is_plain(one: &Found) -> bool {
    let own = &one.parameter;
    let is_one = own.packing.is_none() && own.place.component.is_none() && one.tied.is_none();
    own.role == Role::Weight && own.shape.rank() == 2 && own.axes.output.len() == 1 && is_one
}

/// Weights that may serve several products: each by itself, and copies of one that the exporter turned for
/// every step anew.
fn candidates(
    links: &Links<'_, '_>,
    found: &[Found],
    makers: &HashMap<usize, usize>,
) -> Vec<Vec<usize>> {
    let mut counts = vec![0; found.len()];
    makers.values().for_each(|&at| counts[at] += 1);
    // In the body of a loop one product stands for those of all rounds.
    let least = if links.has_rounds() { 1 } else { 2 };
    let several = (0..found.len()).filter(|&at| counts[at] >= least).map(|at| vec![at]);
    let mut all: Vec<Vec<usize>> = several.collect();
    let is_square = |one: &Found| one.parameter.fan_in > 1 && one.parameter.fan_out > 1;
    let mut shapes: HashMap<&[usize], Vec<usize>> = HashMap::new();
    for (at, one) in found.iter().enumerate() {
        if counts[at] == 1 && one.initializer.starts_with("val_") && is_square(one) {
            shapes.entry(one.parameter.shape.axes()).or_default().push(at);
        }
    }
    for alike in shapes.into_values().filter(|alike| alike.len() > 1) {
        let mut copies: Vec<(Vec<f32>, Vec<usize>)> = Vec::new();
        for at in alike {
            let Some(own) = traps::values(links, &found[at].initializer) else { continue };
            match copies.iter_mut().find(|(values, _)| *values == own) {
                Some((_, places)) => places.push(at),
                None => copies.push((own, vec![at])),
            }
        }
        all.extend(copies.into_iter().map(|(_, places)| places).filter(|p| p.len() > 1));
    }
    all.sort_unstable();
    all
}

fn cell(
    links: &Links<'_, '_>,
    found: &[Found],
    makers: &HashMap<usize, usize>,
    states: Vec<usize>,
) -> Option<Cell> {
    let own = makers.iter().filter(|(_, at)| states.contains(at));
    let products: HashSet<usize> = own.map(|(node, _)| *node).collect();
    let last = *products.iter().max()?;
    let is_again =
        links.signals(links.node(last)).iter().any(|state| depends(links, state, &products));
    if !is_again {
        return None;
    }
    let (sum, moved, entering) = sum(links, links.node(last).output(0)?)?;
    if depends(links, entering, &products) {
        return None;
    }
    let entered = entered(links, entering);
    let mut inputs = entered.iter().map(|node| makers.get(node));
    let input = *inputs.next()??;
    let is_one = inputs.all(|other| other == Some(&input)) && !states.contains(&input);
    if !is_one || found[input].parameter.role != Role::Weight {
        return None;
    }
    let output = links.node(sum).output(0)?;
    let activation = after::activation(links, output);
    let gates = gates(links, output).or_else(|| gates_before(links, moved)).unwrap_or_default();
    let count = gates.len().max(1);
    let [state, entry] = [states[0], input].map(|at| &found[at].parameter);
    let is_square = state.fan_out == count * state.fan_in && entry.fan_out == state.fan_out;
    if !is_square || (gates.is_empty() && activation.is_none()) {
        return None;
    }
    let beside = makers.iter().filter(|(_, at)| **at == input);
    let given = beside.map(|(node, _)| *node).collect();
    let sums = products.iter().filter_map(|&node| {
        let (sum, ..) = self::sum(links, links.node(node).output(0)?)?;
        Some(sum)
    });
    let sums = sums.collect();
    let activation = activation.filter(|_| gates.is_empty());
    Some(Cell { states, input, moved: products, given, sums, activation, gates })
}

/// Whether a value is computed from what one of these nodes makes.
fn depends(links: &Links<'_, '_>, value: &str, nodes: &HashSet<usize>) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        let Some(index) = links.maker(value).filter(|index| seen.insert(*index)) else { continue };
        if nodes.contains(&index) {
            return true;
        }
        open.extend(links.signals(links.node(index)));
    }
    false
}

/// The nodes of the products that a value is made of, without what lies before them.
fn entered(links: &Links<'_, '_>, value: &str) -> Vec<usize> {
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        let Some(index) = links.maker(value).filter(|index| seen.insert(*index)) else { continue };
        let node = links.node(index);
        if weights_of(links, node).is_some() {
            found.push(index);
        } else {
            open.extend(links.signals(node));
        }
    }
    found
}

/// The biases that are added to the products of a cell, or to their sum. Of a gated cell, one and such as are
/// known by name to be beside another: each by itself would say what is remembered.
fn biases(
    links: &Links<'_, '_>,
    found: &[Found],
    cell: &Cell,
    product: &dyn Fn(usize) -> Option<usize>,
) -> Vec<usize> {
    // The two biases of a GRU of Keras are one tensor, of which no scheme knows the rows.
    let is_row = |one: &Found| {
        let others = one.parameter.shape.axes().split_last();
        others.is_none_or(|(_, others)| others.iter().all(|size| *size == 1))
    };
    let nodes = |one: &Found| -> Vec<usize> {
        let is_bias = one.parameter.role == Role::Bias && is_row(one);
        let tensor = links.initializer(&one.initializer).filter(|_| is_bias);
        let uses = tensor.map_or_else(Vec::new, |tensor| uses(links, tensor));
        uses.iter().map(|used| used.node).collect()
    };
    let is_of = |node: usize, products: &HashSet<usize>| {
        product(node).is_some_and(|product| products.contains(&product))
    };
    let is_given = |node: &usize| is_of(*node, &cell.given) || cell.sums.contains(node);
    let (mut given, mut moved) = (Vec::new(), Vec::new());
    for (at, one) in found.iter().enumerate() {
        let nodes = nodes(one);
        if nodes.iter().any(|&node| is_of(node, &cell.moved)) {
            moved.push(at);
        } else if nodes.iter().any(is_given) {
            given.push(at);
        }
    }
    let mut own = [given, moved].concat();
    if !cell.gates.is_empty() {
        let fits = |at: &usize| {
            let units = found[*at].parameter.shape.axes().last();
            units.is_some_and(|units| units.is_multiple_of(cell.gates.len()))
        };
        own.retain(fits);
        let first = own.first().copied();
        let is_second = |at: usize| {
            let name = &found[at].parameter.name;
            name.rsplit(['.', '/']).next().is_some_and(|leaf| leaf.starts_with("bias_hh"))
        };
        own.retain(|&at| Some(at) == first || is_second(at));
    }
    own
}

/// The first sum of two signals behind a product, moved or with a bias: its node, the side that comes from
/// there and the other.
fn sum<'a>(links: &Links<'_, 'a>, value: &'a str) -> Option<(usize, &'a str, &'a str)> {
    let mut open = std::collections::VecDeque::from([value]);
    let mut left = AHEAD;
    while let Some(value) = open.pop_front() {
        for &(index, _) in links.takers(value) {
            left = left.checked_sub(1)?;
            let node = links.node(index);
            match links.signals(node)[..] {
                [a, b] if node.op_type == "Add" && a != b => {
                    return Some((index, value, if a == value { b } else { a }));
                }
                [_] if weights_of(links, node).is_none() && !bends(node) => {
                    open.extend(&node.outputs);
                }
                _ => {}
            }
        }
    }
    None
}

fn bends(node: &Node<'_>) -> bool {
    find(node).is_none_or(|import| import.activation.is_some())
}

/// The gates of an LSTM that a sum of both products is cut into.
fn gates(links: &Links<'_, '_>, sum: &str) -> Option<Vec<Component>> {
    let parts = parts(links, sum)?;
    if parts.len() != 4 {
        return None;
    }
    let shaped: Vec<(&str, &str)> =
        parts.iter().map(|part| squashed(links, part)).collect::<Option<_>>()?;
    let (_, candidate) = *shaped.iter().find(|(name, _)| *name == "Tanh")?;
    let gate = |&(name, value): &(&'static str, &str)| {
        if name == "Tanh" {
            return Some(Candidate);
        }
        let other = factor(links, value)?;
        let is_tanh = links.maker(other).is_some_and(|own| links.node(own).op_type == "Tanh");
        Some(if other == candidate {
            InputGate
        } else if is_tanh {
            OutputGate
        } else {
            ForgetGate
        })
    };
    let gates: Vec<Component> = shaped.iter().map(gate).collect::<Option<_>>()?;
    let has = |gate| gates.contains(&gate);
    [InputGate, ForgetGate, Candidate, OutputGate].into_iter().all(has).then_some(gates)
}

/// The gates of a GRU, whose products are cut into parts before they are added; `part` is one that is.
fn gates_before(links: &Links<'_, '_>, part: &str) -> Option<Vec<Component>> {
    let parts = siblings(links, part)?;
    if parts.len() != 3 {
        return None;
    }
    let gate = |value: &&str| -> Option<Component> {
        if let Some(reset) = factor(links, value) {
            let is_gate =
                links.maker(reset).is_some_and(|own| links.node(own).op_type == "Sigmoid");
            return is_gate.then_some(Candidate);
        }
        let [(index, _)] = *links.takers(value) else { return None };
        let (name, squashed) = squashed(links, links.node(index).output(0)?)?;
        let is_reset = factor(links, squashed).is_some_and(|own| parts.contains(&own));
        (name == "Sigmoid").then_some(if is_reset { ResetGate } else { UpdateGate })
    };
    let gates: Vec<Component> = parts.iter().map(gate).collect::<Option<_>>()?;
    let has = |gate| gates.contains(&gate);
    [ResetGate, UpdateGate, Candidate].into_iter().all(has).then_some(gates)
}

/// The parts that a value is cut into, in order.
fn parts<'a>(links: &Links<'_, 'a>, value: &str) -> Option<Vec<&'a str>> {
    links.takers(value).iter().find_map(|&(index, _)| cut(links, index))
}

/// The parts that a node cuts a value into; a sequence of them is taken apart by position.
fn cut<'a>(links: &Links<'_, 'a>, index: usize) -> Option<Vec<&'a str>> {
    let node = links.node(index);
    match node.op_type {
        "Split" => Some(node.outputs.clone()),
        "SplitToSequence" => {
            let takers = links.takers(node.output(0)?).iter();
            let part = |&(taker, _): &(usize, usize)| {
                let taker = links.node(taker);
                let place = *integers::of(links, taker.input(1)?)?.first()?;
                (taker.op_type == "SequenceAt").then_some((place, taker.output(0)?))
            };
            let mut parts: Vec<(i64, &str)> = takers.map(part).collect::<Option<_>>()?;
            parts.sort_unstable();
            parts.dedup_by_key(|(place, _)| *place);
            Some(parts.into_iter().map(|(_, value)| value).collect())
        }
        "Slice" => {
            let takers = links.takers(node.input(0)?).iter();
            let slices = takers.map(|(taker, _)| links.node(*taker));
            let part = |slice: &Node<'a>| {
                Some((*integers::of(links, slice.input(1)?)?.last()?, slice.output(0)?))
            };
            let slices = slices.filter(|slice| slice.op_type == "Slice");
            let mut parts: Vec<(i64, &str)> = slices.map(part).collect::<Option<_>>()?;
            parts.sort_unstable();
            Some(parts.into_iter().map(|(_, value)| value).collect())
        }
        _ => None,
    }
}

/// All parts of the value of which this is one.
fn siblings<'a>(links: &Links<'_, 'a>, part: &str) -> Option<Vec<&'a str>> {
    let maker = links.maker(part)?;
    let node = links.node(maker);
    let cutter = if node.op_type == "SequenceAt" { links.maker(node.input(0)?)? } else { maker };
    cut(links, cutter)
}

/// The sigmoid or tanh that a value alone goes to, and what it makes.
fn squashed<'a>(links: &Links<'_, 'a>, value: &str) -> Option<(&'static str, &'a str)> {
    let [(index, _)] = *links.takers(value) else { return None };
    let node = links.node(index);
    let name = ["Sigmoid", "Tanh"].into_iter().find(|name| node.op_type == *name)?;
    Some((name, node.output(0)?))
}

/// What a value is first multiplied by.
fn factor<'a>(links: &Links<'_, 'a>, value: &str) -> Option<&'a str> {
    links.takers(value).iter().find_map(|&(index, input)| {
        let node = links.node(index);
        let other = node.input(1_usize.checked_sub(input)?)?;
        (node.op_type == "Mul").then_some(other)
    })
}

/// Tells the parameters of a cell what they are.
fn name(found: &mut [Found], cell: &Cell, biases: &[usize]) {
    let own: Vec<usize> = [&[cell.input][..], &cell.states, biases].concat();
    let first = &found[cell.states[0]];
    let mut module = first.parameter.place.module.clone();
    let mut others = (0..found.len()).filter(|at| !own.contains(at));
    if module.is_empty() || others.any(|at| found[at].parameter.place.module == module) {
        module.clone_from(&first.initializer);
    }
    let beside = found[cell.input].parameter.name.clone();
    let fans = (first.parameter.fan_in, first.parameter.fan_out);
    for at in own {
        let one = &mut found[at];
        if cell.states.contains(&at) {
            one.parameter.role = Role::Recurrent;
            one.notes.push(format!("recurrent, written out step by step, beside `{beside}`"));
        }
        if biases.contains(&at) && one.parameter.fan_in == 0 {
            (one.parameter.fan_in, one.parameter.fan_out) = fans;
        }
        one.parameter.place.module.clone_from(&module);
        if one.parameter.role != Role::Bias {
            one.parameter.activation.clone_from(&cell.activation);
        }
        pack(one, &cell.gates);
    }
}

/// Says which gates lie in a parameter along its units.
fn pack(one: &mut Found, gates: &[Component]) {
    let own = &mut one.parameter;
    let axis = match own.role {
        Role::Bias => own.shape.rank().checked_sub(1),
        _ => own.axes.output.first().copied(),
    };
    let Some(axis) = axis.filter(|_| !gates.is_empty()) else { return };
    let size = own.shape.axes()[axis];
    if size.is_multiple_of(gates.len()) {
        let size = size / gates.len();
        own.packing = Some(Packing { axis, parts: gates.iter().map(|g| (*g, size)).collect() });
        own.fan_out /= gates.len();
    }
}

#[cfg(test)]
mod tests;
