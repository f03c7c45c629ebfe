//! Walks whose units are drawn, against closed forms and against networks that are drawn themselves.

use fanin_kernels::random::{Stream, fill_normal};

use super::*;
use crate::gradient::pullback;
use crate::ops::Span;
use crate::plan::Plan;

const INPUTS: usize = 4;
/// Two rows of other sizes, half alike.
const ROWS: [f64; 8] = [1.0, 2.0, -1.0, 0.5, 0.3, 1.0, -2.0, -1.0];

/// A graph of layers without biases: its features, its weights with the fan-in of each, all z of layers.
#[derive(Default)]
struct Net {
    graph: Graph,
    features: Option<Wire>,
    weights: Vec<(Wire, usize)>,
    layers: Vec<Wire>,
}

impl Net {
    fn new() -> Self {
        let mut net = Self::default();
        net.features = Some(net.graph.input("x", Type::float([2, INPUTS])));
        net
    }

    fn layer(&mut self, x: Wire, units: usize) -> Wire {
        let inputs = self.graph.shape(x).axes()[1];
        let name = format!("weight {}", self.weights.len());
        let weight = self.graph.input(&name, Type::float([units, inputs]));
        self.weights.push((weight, inputs));
        let z = self.graph.matmul_transposed(x, weight).unwrap();
        self.layers.push(z);
        z
    }

    fn relu(&mut self, z: Wire) -> Wire {
        let relu = crate::activations::find("relu").unwrap();
        self.graph.activate(z, &*relu).unwrap()
    }

    /// A walk that has what enters it, of He weights.
    fn begin(&self) -> Flow<'_> {
        let mut flow = Flow::new(&self.graph);
        let rows = Array::float([2, INPUTS], ROWS.to_vec()).unwrap();
        flow.set(self.features.unwrap(), Spread::of_rows(&rows));
        for (weight, inputs) in &self.weights {
            let shape = self.graph.shape(*weight);
            flow.set(*weight, Spread::independent(shape, 0.0, 2.0 / *inputs as f64));
        }
        flow
    }

    /// The walk to `turn`, with units of all layers but the last drawn if `draw` says so.
    fn forward(&self, turn: usize, draw: Option<u64>) -> Flow<'_> {
        let mut flow = self.begin();
        for node in 0..turn {
            flow.step(node);
            let output = self.graph.nodes()[node].outputs[0];
            let layer = self.layers.iter().position(|z| *z == output);
            if let (Some(layer), Some(draw)) = (layer, draw)
                && layer + 1 < self.layers.len()
            {
                flow.draw_units(output, Stream::new(draw, &format!("layer {layer}")));
            }
        }
        flow
    }
}

/// After He, L layers of N relu units have E q² = (E q)²·(1 + 5/N)ᴸ (Hanin & Rolnick 2018).
#[test]
fn sizes_of_rows_stray_as_depth_over_width() {
    const UNITS: usize = 32;
    const WALKS: u64 = 600;
    let mut net = Net::new();
    let mut x = net.features.unwrap();
    for _ in 0..6 {
        let z = net.layer(x, UNITS);
        x = net.relu(z);
    }
    net.layer(x, UNITS);
    let turn = net.graph.nodes().len();
    let (mut mean, mut square) = (0.0, 0.0);
    for walk in 0..WALKS {
        let flow = net.forward(turn, Some(walk));
        let q = flow.spread(*net.layers.last().unwrap()).unwrap().of_two_rows().unwrap().0[0];
        mean += q / WALKS as f64;
        square += q * q / WALKS as f64;
    }
    let told = net.forward(turn, None);
    let exact = told.spread(*net.layers.last().unwrap()).unwrap().of_two_rows().unwrap().0[0];
    // The deviation of q over one walk is its mean: the mean of 600 is known to 4 %, that of squares to 15 %.
    assert!((mean / exact - 1.0).abs() < 0.1, "{mean} {exact}");
    let strayed = (1.0 + 5.0 / UNITS as f64).powi(6);
    assert!((square / (mean * mean) / strayed - 1.0).abs() < 0.2, "{square} {strayed}");
}

/// Of N units x = u·v of two halves, E x⁴ = 9·(E x²)²: their mean square q has E q² = (E q)²·(1 + 8/N).
#[test]
fn products_of_units_stray_as_those_that_they_are_of() {
    const UNITS: usize = 8;
    const WALKS: u64 = 10_000;
    let mut net = Net::new();
    let z = net.layer(net.features.unwrap(), 2 * UNITS);
    let half = |graph: &mut Graph, from| graph.slice_axis(z, 1, Span::neighbors(from, UNITS));
    let [u, v] = [0, UNITS].map(|from| half(&mut net.graph, from).unwrap());
    let x = net.graph.multiply(u, v).unwrap();
    net.layer(x, UNITS);
    let turn = net.graph.nodes().len();
    let (mut mean, mut square) = (0.0, 0.0);
    for walk in 0..WALKS {
        let flow = net.forward(turn, Some(walk));
        let q = flow.spread(x).unwrap().of_two_rows().unwrap().0[0];
        mean += q / WALKS as f64;
        square += q * q / WALKS as f64;
    }
    let told = net.forward(turn, None);
    let exact = told.spread(x).unwrap().of_two_rows().unwrap().0[0];
    // Of so many draws the mean is known to 1 %, that of squares to 2.7 %; if halves strayed apart from each
    // other, 1 + 8/N would be (1 + 2/N)².
    assert!((mean / exact - 1.0).abs() < 0.04, "{mean} {exact}");
    let strayed = 1.0 + 8.0 / UNITS as f64;
    assert!((square / (exact * exact) / strayed - 1.0).abs() < 0.11, "{square} {strayed}");
}

/// A stream with a branch whose outputs are their own gradient: drawn networks tell what meets again.
#[test]
fn a_stream_and_its_branch_meet_the_weights_that_made_the_outputs() {
    const UNITS: usize = 96;
    const OUTPUTS: usize = 48;
    const DRAWS: u64 = 300;
    const WALKS: u64 = 100;
    let build = |net: &mut Net| {
        let z = net.layer(net.features.unwrap(), UNITS);
        let s = net.relu(z);
        let u = net.layer(s, UNITS);
        let a = net.relu(u);
        let v = net.layer(a, UNITS);
        let sum = net.graph.add(s, v).unwrap();
        let y = net.layer(sum, OUTPUTS);
        [z, s, u, a, v, sum, y]
    };
    let mut drawn = Net::new();
    let [z, s, u, _, _, _, y] = build(&mut drawn);
    let found = pullback(&mut drawn.graph, &[(y, y)], &[z, s, u]).unwrap();
    let plan = Plan::new(&drawn.graph, &found).unwrap();
    let mut workspace = plan.workspace::<f32>();
    let mut measured = [0.0; 3];
    for draw in 0..DRAWS {
        let features = ROWS.map(|x| x as f32);
        workspace.feed(0).copy_from_slice(&features);
        for (place, (_, inputs)) in drawn.weights.iter().enumerate() {
            let deviation = (2.0 / *inputs as f64).sqrt();
            let stream = Stream::new(draw, &format!("weight {place}"));
            fill_normal(stream, 0, 0.0, deviation, workspace.feed(1 + place));
        }
        plan.run::<f32>(&[], &mut workspace);
        for (which, measured) in measured.iter_mut().enumerate() {
            let row = &workspace.read(which)[..UNITS];
            let square = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
            *measured += square / (UNITS as f64 * DRAWS as f64);
        }
    }

    let mut net = Net::new();
    let [z, s, u, a, v, sum, y] = build(&mut net);
    let turn = net.graph.nodes().len();
    let seed = net.graph.input("seed", Type::float([2, OUTPUTS]));
    let found = pullback(&mut net.graph, &[(y, seed)], &[z, s, u, v, sum]).unwrap();
    let [at_z, at_s, at_u, at_v, at_sum] = found[..] else { unreachable!() };
    let of = |flow: &Flow<'_>, wire: Wire| flow.spread(wire).unwrap().of_two_rows().unwrap().0[0];
    let walk = |draw: Option<u64>, is_met: bool| {
        let mut flow = net.forward(turn, draw);
        let outputs = flow.spread(y).unwrap().clone();
        let own = outputs.of_two_rows().unwrap().0;
        let count = OUTPUTS as f64;
        let total: Vec<f64> = (0..4)
            .map(|at| {
                count * count * own[at / 2 * 3] * own[at % 2 * 3] + 2.0 * count * own[at].powi(2)
            })
            .collect();
        flow.set_gradient(seed, outputs);
        let inner = Again { z: u, x: a, gradient: at_u, next_z: v, next_gradient: at_v };
        let branch =
            Branch { inner, result: v, stream: s, gradient: at_s, sum, sum_gradient: at_sum };
        let reader = Reader { stream: sum, gradient: at_sum, z: y, z_gradient: seed };
        let mut met = None;
        let mut before = None;
        for node in turn..net.graph.nodes().len() {
            flow.step(node);
            let output = net.graph.nodes()[node].outputs[0];
            if !is_met {
                continue;
            }
            if output == at_sum {
                assert!(flow.meet_reader(reader, &total));
            }
            if output == at_u {
                met = flow.meet_branch(&branch, &total);
            }
            if output == at_s {
                before = flow.meet_stream(&branch, &total, met.as_ref().unwrap());
            }
            if output == at_z {
                let start = Start { stream: s, gradient: at_s, z_gradient: at_z };
                flow.leave_stream(start, before.as_ref().unwrap()).unwrap();
            }
        }
        // Relu keeps what outputs and gradient have in common.
        if let Some(before) = before.filter(|_| draw.is_none()) {
            assert!((before[0] / total[0] - 1.0).abs() < 0.01, "{before:?} {total:?}");
        }
        [at_z, at_s, at_u].map(|wire| of(&flow, wire))
    };
    let mut told = [0.0; 3];
    for draw in 0..WALKS {
        let own = walk(Some(draw), true);
        told.iter_mut().zip(own).for_each(|(sum, own)| *sum += own / WALKS as f64);
    }
    let apart = walk(None, false);
    let near = walk(None, true);
    for which in 0..3 {
        // Both means are known to 4 %.
        let ratio = told[which] / measured[which];
        assert!((ratio - 1.0).abs() < 0.1, "{which}: {told:?} {measured:?} {near:?} {apart:?}");
        assert!(apart[which] / measured[which] < 0.75, "{apart:?} {measured:?}");
    }
}
