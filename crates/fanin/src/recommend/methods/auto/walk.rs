//! A network with its gradients as one graph, and how signal and gradient are spread in it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use fanin_engine::graph::Source;
use fanin_engine::spread::{Flow, WrittenNorm, written_norms};
use fanin_engine::{Graph, Spread, Type, Wire, pullback};
use fanin_kernels::random::Stream;
use fanin_kernels::reduce;

use super::loss_gradient::loss_gradient;
use super::prelude;
use super::route::{self, Meeting};
use super::rows::Rows;
use crate::error::Result;
use crate::recommend::Problem;
use crate::spec::{LayerWires, Layout, Mode, Network, Parameter};
use crate::weights::Weights;

/// Draws of outputs at most where rows are known one by one.
const DRAWS_APART: usize = 1 << 10;
/// The same in each of many walks.
const DRAWS_OF_WALK: usize = 1 << 6;

/// Elements of a tensor that say its scale: to 1 %, which is enough to solve for another.
pub(super) const FEW: usize = 1 << 15;
/// Elements of a tensor that say its scale to 0.1 %: what is foreseen of a hundred layers is off by as much of
/// each.
pub(super) const MANY: usize = 1 << 21;
/// Walks whose layers are as wide as they are: at least so many, for their scatter to be known.
const WALKS: usize = 8;
/// Of means over such walks, the relative standard error that is enough.
const WALKED: f64 = 0.02;

/// Neighbors that are read together, so that all taps of a kernel count alike.
const BLOCK: usize = 256;

/// A network with its gradients as one graph.
#[derive(Debug)]
pub(super) struct Walk {
    pub network: Network,
    rows: Rows,
    pub parameters: Vec<Parameter>,
    /// Nodes that matter, in their order; those behind `turn` are of the gradient.
    nodes: Vec<usize>,
    pub turn: usize,
    seed: Wire,
    /// ∂loss/∂z and ∂loss/∂W of every layer.
    pub deltas: Vec<(Wire, Wire)>,
    /// What several read of layers, with its gradient.
    pub streams: Vec<(Wire, Wire)>,
    /// Norms over rows that are written out, with the gradients at their results and before them.
    norms: Vec<(WrittenNorm, Wire, Wire)>,
    entering: Vec<(Wire, Spread)>,
    /// The wires that no node behind this one needs.
    done: Vec<Vec<Wire>>,
    /// Where gradients meet the weights that made the outputs, from the head back.
    route: Vec<Meeting>,
}

/// Mean and second moment of a parameter's elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scales {
    pub mean: f64,
    pub second: f64,
}

/// What theory expects of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// E z².
    pub signal: f64,
    /// The cosine between the z of two rows.
    pub cosine: f64,
    /// E‖∂loss/∂z‖² over a batch.
    pub delta: f64,
    /// E‖∂loss/∂W‖².
    pub gradient: f64,
    /// Relative standard errors of signal and of gradient, where they are means over walks; else 0.
    pub errors: [f64; 2],
}

impl Walk {
    /// A network on these rows.
    pub fn new(problem: &Problem<'_>, rows: Rows) -> Result<Self> {
        let architecture = problem.model.architecture();
        let count = rows.places.len();
        let mut network = Network::new(problem.model, problem.loss, count, Mode::Probe)?;
        let turn = network.graph.nodes().len();
        let shape = network.graph.shape(network.output).clone();
        let seed = network.graph.input("output gradient", Type::float(shape));
        let weights = network.graph.parameters();
        let norms = written_norms(&network.graph);
        let of_layers =
            network.layers.iter().flat_map(|layer| [layer.pre_activation, weights[layer.weight]]);
        let of_norms = norms.iter().flat_map(|norm| [norm.unit, norm.x]);
        let mut wanted: Vec<Wire> = of_layers.chain(of_norms).collect();
        let count = wanted.len();
        let streams = route::streams(&network);
        wanted.extend(&streams);
        let found = pullback(&mut network.graph, &[(network.output, seed)], &wanted)?;
        let streams = streams.into_iter().zip(found[count..].iter().copied()).collect();
        let pairs = found[..count].chunks_exact(2).map(|pair| (pair[0], pair[1]));
        let deltas: Vec<(Wire, Wire)> = pairs.clone().take(network.layers.len()).collect();
        let behind = pairs.skip(network.layers.len());
        let norms =
            norms.into_iter().zip(behind).map(|(norm, (unit, x))| (norm, unit, x)).collect();
        let mut kept: Vec<Wire> = found;
        kept.push(network.output);
        kept.extend(
            network.layers.iter().flat_map(|layer| [layer.pre_activation, layer.activation]),
        );
        let nodes = ancestors(&network.graph, &kept);
        let entering =
            prelude::spreads(&network, &architecture.feeds(), (problem.data, &rows), &nodes)?;
        let parameters = problem.model.parameters()?;
        let done = done(&network.graph, &nodes);
        let mut walk = Self {
            network,
            rows,
            parameters,
            nodes,
            turn,
            seed,
            deltas,
            streams,
            norms,
            entering,
            done,
            route: Vec::new(),
        };
        walk.route = route::route(&walk);
        Ok(walk)
    }

    /// A walk that has the parameters and what enters, and no node yet.
    pub fn begin(&self, scales: &[Scales]) -> Flow<'_> {
        let mut flow = Flow::new(&self.network.graph);
        for (&wire, scales) in self.network.graph.parameters().iter().zip(scales) {
            let shape = self.network.graph.shape(wire);
            flow.set(wire, Spread::independent(shape, scales.mean, scales.second));
        }
        for (wire, spread) in &self.entering {
            flow.set(*wire, spread.clone());
        }
        flow
    }

    /// The spreads of numbers that enter the weights.
    pub fn entering(&self) -> impl Iterator<Item = &Spread> {
        let graph = &self.network.graph;
        let floats = self.entering.iter().filter(|(wire, _)| graph.type_of(*wire).is_float());
        floats.map(|(_, spread)| spread).filter(|spread| spread.shape().rank() > 0)
    }

    /// Whether a wire is computed of features and constants alone.
    pub fn enters(&self, wire: Wire) -> bool {
        let graph = &self.network.graph;
        let (mut seen, mut open) = (HashSet::new(), vec![wire]);
        while let Some(wire) = open.pop() {
            match graph.source(wire) {
                Source::Parameter(_) => return false,
                Source::Node(node, _) if seen.insert(node) => {
                    open.extend(&graph.nodes()[node].inputs);
                }
                _ => {}
            }
        }
        true
    }

    /// The operators whose rules are not known, by name.
    pub fn guessed(&self, flow: &Flow<'_>) -> Vec<&'static str> {
        let nodes = flow.sampled().iter().map(|&node| &self.network.graph.nodes()[node]);
        let mut names: Vec<&str> = nodes.map(|node| node.operator.name()).collect();
        names.sort_unstable();
        names.dedup();
        let known = fanin_engine::ops::OPERATORS.iter().map(|entry| entry.name);
        known.filter(|name| names.contains(name)).collect()
    }

    /// The nodes of the forward pass, in order.
    pub fn forward(&self) -> impl Iterator<Item = usize> {
        self.nodes.iter().copied().filter(|&node| node < self.turn)
    }

    /// Parameters, and what is made of them and of constants alone.
    pub fn still(&self) -> HashSet<Wire> {
        let graph = &self.network.graph;
        let mut still: HashSet<Wire> = graph.parameters().iter().copied().collect();
        for node in self.forward().map(|index| &graph.nodes()[index]) {
            if node.inputs.iter().all(|wire| still.contains(wire)) {
                still.extend(&node.outputs);
            }
        }
        still
    }

    /// Whether a node is to be worked out, rather than known from the features.
    pub fn is_open(&self, node: usize) -> bool {
        let outputs = &self.network.graph.nodes()[node].outputs;
        !outputs.iter().any(|output| self.entering.iter().any(|(wire, _)| wire == output))
    }

    /// What is expected of every layer with parameters of these scales.
    pub fn expect(&self, problem: &Problem<'_>, scales: &[Scales]) -> Result<Vec<Expected>> {
        let mut flow = self.begin(scales);
        let nodes = self.forward().filter(|&node| self.is_open(node));
        nodes.for_each(|node| self.step(&mut flow, node));
        self.go_back(problem, &mut flow, &(0..DRAWS_APART))?;
        Ok(self.read(&flow))
    }

    /// The means of what is expected over walks, so many at most, whose layers are as wide as they are; of
    /// networks without layers that can be drawn, what [`expect`](Self::expect) says.
    pub fn expect_over(
        &self,
        problem: &Problem<'_>,
        scales: &[Scales],
        most: usize,
    ) -> Result<Vec<Expected>> {
        let layers = self.drawable();
        if layers.is_empty() || most == 0 {
            return self.expect(problem, scales);
        }
        let mut walks: Vec<Vec<Expected>> = Vec::new();
        while walks.len() < most {
            let walk = walks.len();
            let mut flow = self.begin(scales);
            for node in self.forward().filter(|&node| self.is_open(node)) {
                self.step(&mut flow, node);
                for output in &self.network.graph.nodes()[node].outputs {
                    if let Some(layer) = layers.iter().position(|z| z == output) {
                        let stream = Stream::new(walk as u64, &format!("units {layer}"));
                        flow.draw_units(*output, stream);
                    }
                }
            }
            if !flow.has_drawn() {
                return self.expect(problem, scales);
            }
            let first = walk * DRAWS_OF_WALK;
            self.go_back(problem, &mut flow, &(first..first + DRAWS_OF_WALK))?;
            walks.push(self.read(&flow));
            if walks.len() >= WALKS && Expected::scatter(&walks) < WALKED {
                break;
            }
        }
        Ok(Expected::means(&walks))
    }

    /// Works out a node, and forgets of what is not needed any more all but what is read in the end.
    fn step(&self, flow: &mut Flow<'_>, node: usize) {
        flow.step(node);
        self.done[node].iter().for_each(|wire| flow.forget_places(*wire));
    }

    /// The z of layers of units, but for that of outputs.
    fn drawable(&self) -> Vec<Wire> {
        let is_flat = |own: &&LayerWires| {
            own.layout == Layout::FLAT
                && own.pre_activation != self.network.output
                && self.network.graph.shape(own.pre_activation).rank() == 2
        };
        let layers = self.network.layers.iter().filter(is_flat);
        layers.map(|own| own.pre_activation).collect()
    }

    /// The way back of a walk that has been forward, with the gradients of the loss at these draws of
    /// outputs.
    fn go_back(
        &self,
        problem: &Problem<'_>,
        flow: &mut Flow<'_>,
        draws: &Range<usize>,
    ) -> Result<()> {
        let mut along = None;
        if let Some(output) = flow.spread(self.network.output) {
            let axes = problem.model.architecture().output();
            let (seed, aligned) = loss_gradient(problem, output, axes.axes(), (&self.rows, draws))?;
            flow.set_gradient(self.seed, seed);
            along = aligned;
        }
        let known: &[Meeting] = if along.is_some() { &self.route } else { &[] };
        let mut route = known.iter().peekable();
        let mut met = route::Carried { total: along.unwrap_or_default(), inside: None };
        let nodes = self.nodes.iter().copied().filter(|&node| node >= self.turn);
        for node in nodes {
            self.step(flow, node);
            let outputs = &self.network.graph.nodes()[node].outputs;
            for (norm, at_unit, at_x) in self.norms.iter().filter(|own| outputs.contains(&own.2)) {
                flow.set_back(norm, *at_unit, *at_x);
            }
            while let Some(next) = route.next_if(|next| outputs.contains(&next.gradient())) {
                if met.meet(flow, next).is_none() {
                    route = [].iter().peekable();
                }
            }
        }
        Ok(())
    }

    fn read(&self, flow: &Flow<'_>) -> Vec<Expected> {
        let norm = |wire: Wire| {
            let elements = self.network.graph.shape(wire).elements() as f64;
            flow.spread(wire).map_or(f64::NAN, |spread| spread.second() * elements)
        };
        let layers = self.network.layers.iter().zip(&self.deltas);
        layers
            .map(|(layer, &(delta, gradient))| {
                let z = flow.spread(layer.pre_activation);
                Expected {
                    signal: z.map_or(f64::NAN, Spread::second),
                    cosine: z.map_or(f64::NAN, |z| z.cosine(layer.layout.rows)),
                    delta: norm(delta),
                    gradient: norm(gradient),
                    errors: [0.0; 2],
                }
            })
            .collect()
    }
}

impl Expected {
    /// The means over walks of every layer.
    fn means(walks: &[Vec<Self>]) -> Vec<Self> {
        let by = 1.0 / walks.len() as f64;
        let layer = |layer: usize| {
            let mean =
                |of: fn(&Self) -> f64| walks.iter().map(|own| of(&own[layer])).sum::<f64>() * by;
            Self {
                signal: mean(|own| own.signal),
                cosine: mean(|own| own.cosine),
                delta: mean(|own| own.delta),
                gradient: mean(|own| own.gradient),
                errors: Self::errors(walks, layer),
            }
        };
        (0..walks[0].len()).map(layer).collect()
    }

    /// The relative standard errors of the means over walks of a layer's signal and gradient; endless where
    /// one walk is all, or a mean is no number.
    fn errors(walks: &[Vec<Self>], layer: usize) -> [f64; 2] {
        let count = walks.len() as f64;
        let error = |of: fn(&Self) -> f64| {
            let own = || walks.iter().map(|own| of(&own[layer]));
            let mean = own().sum::<f64>() / count;
            let square = own().map(|x| (x / mean - 1.0).powi(2)).sum::<f64>() / (count - 1.0);
            match mean {
                0.0 => 0.0,
                _ if square.is_finite() => (square / count).sqrt(),
                _ => f64::INFINITY,
            }
        };
        [error(|own| own.signal), error(|own| own.gradient)]
    }

    /// The largest of these over all layers.
    fn scatter(walks: &[Vec<Self>]) -> f64 {
        let of_layer = |layer: usize| Self::errors(walks, layer).into_iter().fold(0.0, f64::max);
        (0..walks[0].len()).map(of_layer).fold(0.0, f64::max)
    }
}

impl Scales {
    /// Zeros.
    pub const ZERO: Self = Self { mean: 0.0, second: 0.0 };

    /// Those of the elements that are there; of a tensor of more than `most`, of blocks all over it.
    pub fn of(network: &Network, weights: &Weights, most: usize) -> Vec<Self> {
        let wires = network.graph.parameters();
        let own = network.names.iter().zip(wires);
        own.map(|(name, &wire)| match weights.get(name) {
            Some(tensor) if tensor.shape() == network.graph.shape(wire) => {
                Self::of_elements(tensor.data(), most)
            }
            _ => Self::ZERO,
        })
        .collect()
    }

    /// The same of one tensor's elements.
    pub fn of_elements(elements: &[f32], most: usize) -> Self {
        let every = (elements.len() / most).max(1);
        let blocks = elements.chunks(BLOCK).step_by(every);
        let sums = blocks.fold([0.0; 3], |[count, sum, squares], block| {
            let more = [block.len() as f64, reduce::sum(block), reduce::sum_of_squares(block)];
            [count + more[0], sum + more[1], squares + more[2]]
        });
        let count = sums[0].max(1.0);
        let (mean, second) = (sums[1] / count, sums[2] / count);
        Self { mean: if is_chance(count, mean, second) { 0.0 } else { mean }, second }
    }
}

/// Whether a mean of so many elements may be 0 but for chance, which yet would add up over a fan-in: within as
/// many standard errors as are 4 of many normal elements. Student's t for few of them by Gaver & Kafadar (The
/// American Statistician 38, 1984). Of one slope, or of gains that are all the same, the error is 0.
fn is_chance(count: f64, mean: f64, second: f64) -> bool {
    let freedom = count - 1.0;
    let variance = (second - mean * mean) * count / freedom.max(1.0);
    if variance <= 1e-12 * second {
        return false;
    }
    let errors = freedom * ((freedom - 1.5) / (freedom - 1.0).powi(2) * 16.0).exp_m1();
    freedom < 2.0 || mean * mean * count < errors * variance
}

/// The nodes that some wires need, in order.
fn ancestors(graph: &Graph, wires: &[Wire]) -> Vec<usize> {
    let mut needed = vec![false; graph.nodes().len()];
    let mut open = wires.to_vec();
    while let Some(wire) = open.pop() {
        if let Source::Node(index, _) = graph.source(wire)
            && !std::mem::replace(&mut needed[index], true)
        {
            open.extend(&graph.nodes()[index].inputs);
        }
    }
    (0..needed.len()).filter(|&node| needed[node]).collect()
}

/// Of every node, the wires that it is the last to need: as an input, or as what an input is a function of.
fn done(graph: &Graph, nodes: &[usize]) -> Vec<Vec<Wire>> {
    let mut last: HashMap<Wire, usize> = HashMap::new();
    for &index in nodes.iter().rev() {
        let node = &graph.nodes()[index];
        let types: Vec<&Type> = node.inputs.iter().map(|wire| graph.type_of(*wire)).collect();
        let is_product = types.len() > 1 && node.operator.fan_axes(&types, 1).is_some();
        let outputs = node.outputs.iter().filter_map(|wire| last.get(wire).copied());
        let needed = outputs.filter(|_| !is_product).max().unwrap_or(index);
        for wire in &node.inputs {
            let own = last.entry(*wire).or_insert(needed);
            *own = needed.max(*own);
        }
    }
    let mut done = vec![Vec::new(); graph.nodes().len()];
    for &index in nodes {
        for wire in &graph.nodes()[index].outputs {
            done[last.get(wire).map_or(index, |last| *last)].push(*wire);
        }
    }
    done
}
