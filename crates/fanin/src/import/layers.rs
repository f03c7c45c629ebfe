//! Layers of a model that multiply a signal by weights, and what follows each of them.
//!
//! ```text
//! signal ─► [MatMul | Gemm | Conv …] ─► + bias ─► norm ─► activation
//!  input                              z                    a
//! ```
//!
//! They are found once, by names of values; every graph that is built then looks up its wires. What
//! stands in the body of a loop has wires in every round, and so a layer has.

use std::collections::{BTreeSet, HashMap};

use fanin_engine::graph::Source;
use fanin_engine::{Graph, Wire};

use crate::formats::onnx::{Attribute, Model, Node, OnnxFile, Separated};
use crate::init::Parameter;
use crate::spec::{Axes, Bend, LayerWires, Layout, framework_names};

use super::batch::batch_axis;
use super::bodies;
use super::imported::Imported;
use super::ops::{self, Part};
use super::residual;
use super::roles::after;
use super::roles::links::Links;

/// A layer by the names of its values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layer {
    module: String,
    /// The weight's position among the parameters.
    pub weight: usize,
    pub bias: Option<usize>,
    input: String,
    pre_activation: String,
    activation: String,
    /// An activation's name, and the value that enters it.
    bend: Option<(String, String)>,
    layout: Layout,
    branches: Vec<String>,
}

/// The most rounds of a loop that are layers of their own: the first, the last, and some between.
const ROUNDS: usize = 8;

/// Wires of a model by the names of its values, in a loop those of every round.
pub(super) struct Wires<'i>(HashMap<&'i str, Vec<Wire>>);

impl<'i> Wires<'i> {
    pub(super) fn of(imported: &'i Imported) -> Self {
        let values = imported.values.iter().map(|value| (&*value.name, value.wire));
        let ports = imported.inputs.iter().map(|port| (&*port.name, port.wire));
        let own = imported.parameters.iter().map(|own| (&*own.name, own.wire));
        let mut wires: HashMap<&str, Vec<Wire>> = HashMap::new();
        for (name, wire) in own.chain(ports).chain(values) {
            wires.entry(name).or_default().push(wire);
        }
        Self(wires)
    }

    fn get(&self, name: &str) -> Option<Wire> {
        self.0.get(name)?.first().copied()
    }

    fn rounds(&self, name: &str) -> usize {
        self.0.get(name).map_or(0, Vec::len)
    }

    /// The wire of one of `rounds`, or that of all if the value is computed once.
    fn at(&self, name: &str, round: usize, rounds: usize) -> Option<Wire> {
        match &self.0.get(name)?[..] {
            [only] => Some(*only),
            all => all.get(round).copied().filter(|_| all.len() == rounds),
        }
    }
}

impl Layer {
    /// The layer in one graph, once for each round of a loop; none if the graph does not compute it.
    pub(super) fn wires(&self, wires: &Wires<'_>, axes: &Axes) -> Vec<LayerWires> {
        let rounds = wires.rounds(&self.pre_activation);
        let shown = rounds.min(ROUNDS);
        let round = |i: usize| if shown < 2 { i } else { i * (rounds - 1) / (shown - 1) };
        (0..shown).filter_map(|i| self.round(wires, axes, (round(i), rounds))).collect()
    }

    fn round(
        &self,
        wires: &Wires<'_>,
        axes: &Axes,
        (round, rounds): (usize, usize),
    ) -> Option<LayerWires> {
        let wire = |name: &str| wires.at(name, round, rounds);
        let bend = match &self.bend {
            Some((name, input)) => Some(Bend { name: name.clone(), input: wire(input)? }),
            None => None,
        };
        let module = match rounds {
            1 => self.module.clone(),
            _ => format!("{} (round {} of {rounds})", self.module, round + 1),
        };
        Some(LayerWires {
            module,
            weight: self.weight,
            bias: self.bias,
            weight_axes: axes.clone(),
            input: wire(&self.input)?,
            pre_activation: wire(&self.pre_activation)?,
            activation: wire(&self.activation)?,
            bend,
            layout: self.layout,
            branches: self.branches.clone(),
        })
    }
}

/// A model lowered for two numbers of rows, which shows where rows lie; or for the file's own
/// alone, where a row is all that it takes and gets an axis of its own in front.
pub(super) struct Pair<'i> {
    pub file: &'i OnnxFile,
    pub one: (&'i Imported, usize),
    pub other: Option<(&'i Imported, usize)>,
    pub separated: &'i [Separated],
    /// What the parameters of the graph are, in its order.
    pub parameters: &'i [Parameter],
}

/// The layers of a model, in the order of the data; those whose weights lie in batches, are
/// computed of others, or meet no signal of the rows are left out.
pub(super) fn find(model: &Model<'_>, pair: &Pair<'_>) -> Vec<Layer> {
    let written = bodies::written_in(model);
    let graph = &written.as_ref().unwrap_or(model).graph;
    let finder = Finder {
        links: Links::of(pair.file, graph),
        one: Wires::of(pair.one.0),
        other: pair.other.map(|(other, _)| Wires::of(other)),
        nodes: &model.graph.nodes,
        names: framework_names(pair.parameters),
        pair,
    };
    let nodes = graph.nodes.iter().enumerate();
    let mut layers: Vec<(usize, Layer)> =
        nodes.filter_map(|(index, node)| Some((index, finder.layer(node)?))).collect();
    let at: Vec<usize> = layers.iter().map(|(index, _)| *index).collect();
    let branches = residual::branches(&finder.links, &at, |a, b| finder.is_alike(a, b));
    layers.iter_mut().zip(branches).for_each(|((_, layer), branches)| layer.branches = branches);
    let layers = layers.into_iter().map(|(_, layer)| layer).collect();
    told_apart(layers, pair.parameters, &finder.names)
}

/// The same layers, each under a name of its own: a renamed one whose module another weight has too is called by
/// its weight's name.
fn told_apart(mut layers: Vec<Layer>, parameters: &[Parameter], names: &[String]) -> Vec<Layer> {
    let mut weights: HashMap<String, BTreeSet<usize>> = HashMap::new();
    for layer in &layers {
        weights.entry(layer.module.clone()).or_default().insert(layer.weight);
    }
    for layer in &mut layers {
        let own = &parameters[layer.weight].name;
        let name = own.rsplit_once('.').map_or(&**own, |(module, _)| module);
        if name != layer.module && weights[&layer.module].len() > 1 {
            layer.module.clone_from(&names[layer.weight]);
        }
    }
    layers
}

/// Where the rows of a value lie.
enum Rows {
    /// Along this axis.
    Along(usize),
    /// Along an axis that it gets when rows are written out.
    InFront,
}

struct Finder<'i, 'g, 'a> {
    links: Links<'g, 'a>,
    one: Wires<'i>,
    other: Option<Wires<'i>>,
    /// The nodes of the file's own graph.
    nodes: &'g [Node<'a>],
    /// The parameters' names in the framework.
    names: Vec<String>,
    pair: &'i Pair<'i>,
}

impl Finder<'_, '_, '_> {
    fn layer(&self, node: &Node<'_>) -> Option<Layer> {
        let import = ops::find(node)?;
        let is_weight = |part: Part| {
            use Part::{Gemm, Kernel, Left, Right, TransposedKernel};
            matches!(part, Right | Left | Gemm | Kernel | TransposedKernel)
        };
        let mut parts = import.parameters.iter().filter(|(_, part)| is_weight(*part));
        let signal =
            |input: usize| node.input(input).is_some_and(|name| self.links.is_signal(name));
        let (place, part) =
            *parts.find(|(input, _)| node.input(*input).is_some() && !signal(*input))?;
        let weight = self.parameter(node.input(place)?)?;
        let beside = (0..2).find(|&input| input != place && signal(input))?;
        let input = node.input(beside)?;
        let mut z = node.output(0)?;
        let given = import.parameters.iter().find(|(_, part)| *part == Part::Bias);
        let mut bias = given.and_then(|(i, _)| self.at_node(node, *i));
        if bias.is_none()
            && let Some((next, own)) = self.added_bias(z)
        {
            (z, bias) = (next, Some(own));
        }
        let layout = self.layout(node, part, input, z)?;
        let (activation, bend) = self.follow(z);
        Some(Layer {
            module: self.module(weight),
            weight,
            bias,
            input: input.to_owned(),
            pre_activation: z.to_owned(),
            activation: activation.to_owned(),
            bend,
            layout,
            branches: Vec::new(),
        })
    }

    /// The module of a weight, by the weight's name in the framework; where only an exporter's own is
    /// known, that of the node that takes it.
    fn module(&self, weight: usize) -> String {
        let (name, own) = (&self.names[weight], &self.pair.parameters[weight]);
        let is_exporters = name.starts_with("val_") || name.starts_with("onnx::");
        if is_exporters && !own.place.module.is_empty() {
            return own.place.module.clone();
        }
        name.rsplit_once('.').map_or(&**name, |(module, _)| module).to_owned()
    }

    /// The parameter whose elements, and no others, a value is made of.
    fn parameter(&self, name: &str) -> Option<usize> {
        behind(&self.pair.one.0.graph, self.one.get(name)?)
    }

    /// As [`parameter`](Self::parameter), for an input of a node that may have one of its own.
    fn at_node(&self, node: &Node<'_>, input: usize) -> Option<usize> {
        let is_own = |s: &&Separated| self.nodes[s.node].at == node.at && s.input == input;
        let own = self.pair.separated.iter().find(is_own);
        self.parameter(own.map_or(node.input(input)?, |own| &own.name))
    }

    /// The sum of a value with a vector of parameters, if nothing else takes the value.
    fn added_bias(&self, value: &str) -> Option<(&str, usize)> {
        let &[(index, input)] = self.links.takers(value) else { return None };
        let node = &self.links.graph.nodes[index];
        let import = ops::find(node)?;
        let is_term = import.parameters.iter().any(|(i, part)| *i == input && *part == Part::Term);
        let beside = 1_usize.checked_sub(input)?;
        let name = node.input(beside).filter(|name| is_term && !self.links.is_signal(name))?;
        let bias = self.at_node(node, beside).or_else(|| self.parameter(name))?;
        let out = node.output(0)?;
        (self.rank_one(bias) && self.is_alike(value, out)).then_some((out, bias))
    }

    fn rank_one(&self, parameter: usize) -> bool {
        let imported = self.pair.one.0;
        let axes = imported.graph.shape(imported.parameters[parameter].wire).axes();
        axes.iter().filter(|length| **length > 1).count() <= 1
    }

    fn axes(&self, name: &str) -> Option<&[usize]> {
        Some(self.pair.one.0.graph.shape(self.one.get(name)?).axes())
    }

    fn is_alike(&self, one: &str, other: &str) -> bool {
        self.axes(one).is_some() && self.axes(one) == self.axes(other)
    }

    fn layout(&self, node: &Node<'_>, part: Part, input: &str, z: &str) -> Option<Layout> {
        let (z_axes, x_axes) = (self.axes(z)?, self.axes(input)?);
        let (rank, x_rank) = (z_axes.len(), x_axes.len());
        let turned = |name: &str| node.attribute(name).and_then(Attribute::int) == Some(1);
        let units = match part {
            Part::Kernel | Part::TransposedKernel => Layout::CHANNELS_FIRST.units,
            Part::Gemm if turned("transA") || node.input(0) != Some(input) => return None,
            Part::Gemm => Layout::FLAT.units,
            Part::Right => rank.checked_sub(1)?,
            _ => rank.checked_sub(2)?,
        };
        if rank != x_rank || units >= rank {
            return None;
        }
        match self.rows(z)? {
            Rows::InFront => Some(Layout { rows: 0, units: units + 1, channels: units + 1 }),
            Rows::Along(rows) => (units != rows).then_some(Layout { rows, units, channels: units }),
        }
    }

    fn rows(&self, value: &str) -> Option<Rows> {
        let (Some(wires), Some((other, others))) = (&self.other, self.pair.other) else {
            return Some(Rows::InFront);
        };
        let axes = other.graph.shape(wires.get(value)?).axes();
        batch_axis((self.axes(value)?, self.pair.one.1), (axes, others)).map(Rows::Along)
    }

    /// What leaves behind `z` after norms and the first activation, and that activation.
    fn follow<'s>(&'s self, z: &'s str) -> (&'s str, Option<(String, String)>) {
        let mut value = z;
        loop {
            if let Some((name, out)) = self.bend(value) {
                return (out, Some((name, value.to_owned())));
            }
            let &[(only, _)] = self.links.takers(value) else { return (value, None) };
            let taker = self.links.node(only);
            let normalizes = ops::find(taker).is_some_and(|import| {
                import.parameters.iter().any(|(_, part)| *part == Part::Gain)
            });
            match taker.output(0).filter(|out| normalizes && self.is_alike(value, out)) {
                Some(next) => value = next,
                None => return (value, None),
            }
        }
    }

    /// The activation that takes a value, and what leaves it.
    fn bend(&self, value: &str) -> Option<(String, &str)> {
        let takers = after::nodes(&self.links, value);
        let own = takers.iter().find_map(|node| after::named(&self.links, node, value));
        let written = || after::written_out(&self.links, value, &takers).map(ToOwned::to_owned);
        let name = own.or_else(written)?;
        let out = self.rejoined(value)?;
        (self.is_alike(value, out) && fanin_engine::activations::find(&name).is_some())
            .then_some((name, out))
    }

    /// The value in which everything that is computed of one value comes together again.
    fn rejoined(&self, value: &str) -> Option<&str> {
        const STEPS: usize = 24;
        let mut live: BTreeSet<usize> =
            self.links.takers(value).iter().map(|(index, _)| *index).collect();
        for _ in 0..STEPS {
            let first = live.pop_first()?;
            let out = self.links.node(first).output(0)?;
            if live.is_empty() {
                return Some(out);
            }
            live.extend(self.links.takers(out).iter().map(|(index, _)| *index));
        }
        None
    }
}

/// The parameter behind a wire, through operators of a single input.
fn behind(graph: &Graph, mut wire: Wire) -> Option<usize> {
    loop {
        match graph.source(wire) {
            Source::Parameter(index) => return Some(index),
            Source::Node(node, _) => match graph.nodes()[node].inputs[..] {
                [only] => wire = only,
                _ => return None,
            },
            Source::Input(_) => return None,
        }
    }
}
