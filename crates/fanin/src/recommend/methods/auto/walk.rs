//! A network with its gradients as one graph, and how signal and gradient are spread in it.

use fanin_engine::graph::Source;
use fanin_engine::spread::{Again, Flow, WrittenNorm, square_root, written_norms};
use fanin_engine::{Array, Graph, Plan, Spread, Type, Wire, gradients, pullback};
use fanin_kernels::random::{Stream, fill_normal};
use fanin_kernels::reduce;

use super::prelude;
use super::rows::Rows;
use crate::error::Result;
use crate::recommend::Problem;
use crate::spec::{Axes, LayerWires, Layout, Loss, Mode, Network, Parameter};
use crate::weights::Weights;

/// Logits that the gradient of the loss is measured on.
const LOGITS: usize = 1 << 16;
/// The same over all draws of outputs, but for the first.
const DRAWN: usize = 1 << 14;
/// The same where rows are known one by one, and what they have in common says how large the gradient
/// of a weight is: to 2 %.
const APART: usize = 1 << 20;
const DRAWS_APART: usize = 1 << 10;
/// Draws of outputs whose gradients are averaged, at most: what all rows have in common is one draw
/// for each output.
const DRAWS: usize = 32;

/// Elements of a tensor that say its scale: to 1 %, which is enough to solve for another.
pub(super) const FEW: usize = 1 << 15;
/// Elements of a tensor that say its scale to 0.1 %: what is foreseen of a hundred layers is off by as much of
/// each.
pub(super) const MANY: usize = 1 << 21;
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
    turn: usize,
    seed: Wire,
    /// ∂loss/∂z and ∂loss/∂W of every layer.
    deltas: Vec<(Wire, Wire)>,
    /// Norms over rows that are written out, with the gradients at their results and before them.
    norms: Vec<(WrittenNorm, Wire, Wire)>,
    entering: Vec<(Wire, Spread)>,
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
        let wanted: Vec<Wire> =
            of_layers.chain(norms.iter().flat_map(|norm| [norm.unit, norm.x])).collect();
        let found = pullback(&mut network.graph, &[(network.output, seed)], &wanted)?;
        let pairs = found.chunks_exact(2).map(|pair| (pair[0], pair[1]));
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
        Ok(Self { network, rows, parameters, nodes, turn, seed, deltas, norms, entering })
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

    /// Whether a node is to be worked out, rather than known from the features.
    pub fn is_open(&self, node: usize) -> bool {
        let outputs = &self.network.graph.nodes()[node].outputs;
        !outputs.iter().any(|output| self.entering.iter().any(|(wire, _)| wire == output))
    }

    /// What is expected of every layer with parameters of these scales.
    pub fn expect(&self, problem: &Problem<'_>, scales: &[Scales]) -> Result<Vec<Expected>> {
        let mut flow = self.begin(scales);
        self.forward().filter(|&node| self.is_open(node)).for_each(|node| flow.step(node));
        self.go_back(problem, &mut flow)?;
        Ok(self.read(&flow))
    }

    /// The way back of a walk that has been forward.
    pub fn go_back(&self, problem: &Problem<'_>, flow: &mut Flow<'_>) -> Result<()> {
        let mut along = None;
        if let Some(output) = flow.spread(self.network.output) {
            let axes = problem.model.architecture().output();
            let (seed, aligned) = loss_gradient(problem, output, axes.axes(), &self.rows)?;
            flow.set_gradient(self.seed, seed);
            along = aligned;
        }
        let chain = if along.is_some() { self.chain() } else { Vec::new() };
        let mut chain = chain.iter().peekable();
        let nodes = self.nodes.iter().copied().filter(|&node| node >= self.turn);
        for node in nodes {
            flow.step(node);
            let outputs = &self.network.graph.nodes()[node].outputs;
            for (norm, at_unit, at_x) in self.norms.iter().filter(|own| outputs.contains(&own.2)) {
                flow.set_back(norm, *at_unit, *at_x);
            }
            if let Some(next) =
                along.take_if(|_| chain.peek().is_some_and(|own| outputs.contains(&own.gradient)))
            {
                along = chain.next().and_then(|own| flow.meet_again(*own, &next));
            }
        }
        Ok(())
    }

    /// From the head back, layers of units whose activation the next one alone reads.
    fn chain(&self) -> Vec<Again> {
        let layers = &self.network.layers;
        let is_head = layers.last().is_some_and(|own| own.pre_activation == self.network.output);
        let is_flat = |own: &LayerWires| {
            own.layout == Layout::FLAT
                && own.weight_axes == Axes::linear()
                && self.network.graph.shape(own.pre_activation).rank() == 2
        };
        let nodes = &self.network.graph.nodes()[..self.turn];
        let readers = |wire: Wire| {
            nodes.iter().flat_map(|own| &own.inputs).filter(|own| **own == wire).count()
        };
        let pairs = layers.windows(2).zip(self.deltas.windows(2)).rev();
        let one = |(pair, deltas): (&[LayerWires], &[(Wire, Wire)])| {
            let [own, next] = pair else { return None };
            let follows =
                is_flat(next) && next.input == own.activation && readers(own.activation) == 1;
            (is_flat(own) && follows).then_some(Again {
                z: own.pre_activation,
                x: own.activation,
                gradient: deltas[0].0,
                next_z: next.pre_activation,
                next_gradient: deltas[1].0,
            })
        };
        if is_head { pairs.map_while(one).collect() } else { Vec::new() }
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
                }
            })
            .collect()
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
                let every = (tensor.data().len() / most).max(1);
                let blocks = tensor.data().chunks(BLOCK).step_by(every);
                let sums = blocks.fold([0.0; 3], |[count, sum, squares], block| {
                    let more =
                        [block.len() as f64, reduce::sum(block), reduce::sum_of_squares(block)];
                    [count + more[0], sum + more[1], squares + more[2]]
                });
                let count = sums[0].max(1.0);
                let (mean, second) = (sums[1] / count, sums[2] / count);
                // A mean within 4 standard errors of 0 is chance, yet adds up over a fan-in.
                let is_chance = mean * mean * count < 16.0 * second;
                Self { mean: if is_chance { 0.0 } else { mean }, second }
            }
            _ => Self { mean: 0.0, second: 0.0 },
        })
        .collect()
    }
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

/// How the loss's gradient is spread over outputs (rows, outputs) of a network with such a result,
/// measured on normal outputs, and on the targets of the data or such as are drawn at random; and, where rows
/// are told apart, the mean product over every two rows of what gradient and outputs have in common.
fn loss_gradient(
    problem: &Problem<'_>,
    output: &Spread,
    axes: &[usize],
    rows: &Rows,
) -> Result<(Spread, Option<Vec<f64>>)> {
    let (columns, count) = (axes.iter().product::<usize>(), rows.places.len());
    let few = (LOGITS / columns.max(1)).clamp(2, count.max(2));
    let mut graph = Graph::new();
    let y = graph.input("outputs", Type::float([few, columns]));
    let targets = graph.input("targets", Type::float([few, columns]));
    let shaped = graph.reshape(y, [&[few], axes].concat())?;
    let loss = problem.loss.build(&mut graph, shaped, targets)?;
    let gradient = gradients(&mut graph, loss, &[y])?[0];
    let plan = Plan::new(&graph, &[gradient])?;
    let mut workspace = plan.workspace::<f32>();
    let data = problem.data.filter(|data| data.rows() > 0 && data.target_columns() == columns);
    match data {
        Some(data) => {
            let mut features = vec![0.0; few * data.columns()];
            data.gather(&rows.places[..few], &mut features, workspace.feed(1), 0.0);
        }
        None => draw_targets(problem.loss, axes, workspace.feed(1)),
    }
    let mut of = |fill: &mut dyn FnMut(&mut [f32])| -> Result<Array> {
        fill(workspace.feed(0));
        plan.run::<f32>(&[], &mut workspace);
        let found = workspace.read(0).iter().map(|&x| f64::from(x)).collect();
        Ok(Array::float([few, columns], found)?)
    };
    let is_told_apart = rows.is_told_apart && few == count && data.is_some();
    let is_squared = matches!(problem.loss, Loss::SquaredError | Loss::MeanSquaredError);
    let together = output.of_two_rows().filter(|_| is_told_apart);
    let mut drawn = Vec::new();
    let along = match together {
        Some((covariance, means)) => {
            let root = square_root(&less_means(covariance, means), count);
            let draws = (APART / (few * columns).max(1)).clamp(1, DRAWS_APART);
            let mut along = vec![0.0; count * count];
            for draw in 0..draws {
                let mut outputs = Vec::new();
                let found = of(&mut |y| {
                    draw_rows((&root, means), y, (columns, draw));
                    outputs.extend_from_slice(y);
                })?;
                add_along(&mut along, (&found, &outputs), columns);
                drawn.push(Spread::of_rows(&found));
            }
            along.iter_mut().for_each(|sum| *sum /= draws as f64);
            Some(along)
        }
        None => None,
    };
    if is_told_apart && is_squared {
        // The gradient is c·(y − t), and rows of like targets may have like outputs.
        let [none, ones] = [0.0, 1.0].map(|value| of(&mut |y| y.fill(value)));
        let (none, ones) = (none?, ones?);
        let first = |array: &Array| array.floats().and_then(|x| x.first().copied());
        let by = first(&ones).unwrap_or(0.0) - first(&none).unwrap_or(0.0);
        let of_targets = Spread::of_rows(&none);
        let of_outputs = output.reshaped(&[count, columns].into()).scaled(by, by * by);
        return Ok((of_targets.plus(&of_outputs), along));
    }
    if let Some(spread) = Spread::mean_of(&drawn) {
        return Ok((spread, along));
    }
    let draws = (DRAWN / (few * columns).max(1)).clamp(1, DRAWS);
    let draw = |draw: usize| -> Result<Spread> {
        let found = of(&mut |y| draw_outputs(output, y, (columns, draw)))?;
        Ok(if is_told_apart { Spread::of_rows(&found) } else { Spread::of(&found) })
    };
    let drawn: Vec<Spread> = (0..draws).map(draw).collect::<Result<_>>()?;
    let found = Spread::mean_of(&drawn).expect("there is a draw");
    if is_told_apart {
        return Ok((found, None));
    }
    let share = few as f64 / count as f64;
    let single = |axis: usize| found.between(axis);
    let spread = Spread::from_products(&[count, columns].into(), share * found.mean(), |differs| {
        let product = match (differs[0], differs[1]) {
            (false, false) => found.second(),
            (true, false) => single(0),
            (false, true) => single(1),
            (true, true) => found.mean().powi(2),
        };
        share * share * product
    });
    Ok((spread, None))
}

/// Adds the products over every two rows of what gradient and outputs have in common: g·y.
fn add_along(sums: &mut [f64], (gradient, outputs): (&Array, &[f32]), columns: usize) {
    let gradient = gradient.floats().unwrap_or_default().chunks_exact(columns);
    let rows = gradient.zip(outputs.chunks_exact(columns));
    let dot = |(g, y): (&[f64], &[f32])| g.iter().zip(y).map(|(g, y)| g * f64::from(*y)).sum();
    let along: Vec<f64> = rows.map(dot).collect();
    for (sums, a) in sums.chunks_exact_mut(along.len()).zip(&along) {
        sums.iter_mut().zip(&along).for_each(|(sum, b)| *sum += a * b);
    }
}

/// Mean products of rows less those of their means.
fn less_means(products: &[f64], means: &[f64]) -> Vec<f64> {
    let place = |at: usize| means[at / means.len()] * means[at % means.len()];
    products.iter().enumerate().map(|(at, product)| product - place(at)).collect()
}

/// Normal outputs of rows, with a root of their covariance and their means; columns are independent.
fn draw_rows((root, means): (&[f64], &[f64]), y: &mut [f32], (columns, draw): (usize, usize)) {
    let mut numbers = vec![0.0_f32; y.len()];
    fill_normal(Stream::new(draw as u64, "outputs"), 0, 0.0, 1.0, &mut numbers);
    let rows = root.chunks_exact(means.len()).zip(means);
    for ((own, mean), y) in rows.zip(y.chunks_exact_mut(columns)) {
        y.fill(*mean as f32);
        for (factor, numbers) in own.iter().zip(numbers.chunks_exact(columns)) {
            y.iter_mut().zip(numbers).for_each(|(y, number)| *y += *factor as f32 * number);
        }
    }
}

/// Normal outputs of some rows, with what all rows, and those that are alike, have in common.
fn draw_outputs(output: &Spread, y: &mut [f32], (columns, draw): (usize, usize)) {
    let stream = |name: &str| Stream::new(draw as u64, name);
    let mut group = y.len() / columns.max(1);
    let mut known = output.mean().powi(2);
    y.fill(output.mean() as f32);
    let levels = output.among(0).into_iter().chain([(1, output.second())]);
    for (level, (size, product)) in levels.enumerate() {
        // Rows of a group have what `product` is more than `known` in common.
        let more = (product - known).clamp(0.0, (output.second() - known).max(0.0));
        known += more;
        let mut common = vec![0.0; y.len().div_ceil(group.max(1) * columns) * columns];
        fill_normal(stream(&format!("outputs {level}")), 0, 0.0, more.sqrt(), &mut common);
        let groups = y.chunks_mut(group.max(1) * columns).zip(common.chunks_exact(columns));
        for (rows, common) in groups {
            rows.chunks_exact_mut(columns).for_each(|row| {
                row.iter_mut().zip(common).for_each(|(y, common)| *y += common);
            });
        }
        group /= size.max(1);
    }
}

/// One class of each group at random, or standard normal numbers.
fn draw_targets(loss: &Loss, axes: &[usize], targets: &mut [f32]) {
    let stream = Stream::new(0, "targets");
    fill_normal(stream, 0, 0.0, 1.0, targets);
    match loss {
        Loss::CrossEntropy => {
            let (classes, step) = match *axes {
                [_, classes] | [classes] => (classes, 1),
                [classes, ..] => (classes, axes[1..].iter().product()),
                [] => (1, 1),
            };
            for group in targets.chunks_exact_mut(classes * step) {
                for place in 0..step {
                    let own = (0..classes).map(|class| class * step + place);
                    let chosen = own.clone().max_by(|a, b| group[*a].total_cmp(&group[*b]));
                    own.for_each(|at| group[at] = f32::from(u8::from(Some(at) == chosen)));
                }
            }
        }
        Loss::BinaryCrossEntropy => {
            targets.iter_mut().for_each(|t| *t = f32::from(u8::from(*t > 0.0)));
        }
        Loss::SquaredError | Loss::MeanSquaredError | Loss::Huber { .. } => {}
    }
}
