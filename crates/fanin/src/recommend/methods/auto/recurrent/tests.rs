//! What is solved for, held against cells that run.

use fanin_engine::ops::Span;
use fanin_engine::{Shape, Wire, activations};

use crate::check::evidence::Horizon;
use crate::check::{CellMeasurement, Diagnosis};
use crate::data::{Dataset, Targets};
use crate::init::{Component, Packing, Parameter, Role, Rules, for_model};
use crate::recommend::methods::auto::Auto;
use crate::recommend::{Method, Problem, Recommendation};
use crate::spec::{
    Architecture, Axes, Body, CellWires, Ground, LayerWires, Layout, Loss, Model, Position,
};
use crate::weights::Weights;
use fanin_kernels::random::{Stream, fill_normal};

const ROWS: usize = 32;
const INPUTS: usize = 3;
const UNITS: usize = 48;
const CLASSES: usize = 4;

/// A recurrent cell over all steps of a row, its last state to the logits.
#[derive(Clone, Copy, Debug)]
struct Unrolled {
    kind: Kind,
    steps: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Plain(&'static str),
    Lstm,
    Gru,
}

impl Kind {
    fn gates(self) -> &'static [Component] {
        use Component::{Candidate, ForgetGate, InputGate, OutputGate, ResetGate, UpdateGate};
        match self {
            Self::Plain(_) => &[Candidate],
            Self::Lstm => &[InputGate, ForgetGate, Candidate, OutputGate],
            Self::Gru => &[ResetGate, UpdateGate, Candidate],
        }
    }
}

impl Architecture for Unrolled {
    fn label(&self) -> String {
        format!("{self:?}")
    }

    fn inputs(&self) -> usize {
        INPUTS * self.steps
    }

    fn output(&self) -> Shape {
        [CLASSES].into()
    }

    fn parameters(&self) -> crate::Result<Vec<Parameter>> {
        let gates = self.kind.gates();
        let of_cell = |name: &str, inputs: Option<usize>, role| {
            let size = gates.len() * UNITS;
            let mut own = match inputs {
                Some(inputs) => Parameter::linear(name, size, inputs),
                None => Parameter::new(name, [size], role),
            };
            (own.role, own.fan_out) = (role, UNITS);
            own.fan_in = inputs.unwrap_or(UNITS);
            "cell".clone_into(&mut own.place.module);
            if let Kind::Plain(name) = self.kind {
                own = own.followed_by(name);
            } else {
                let parts = gates.iter().map(|gate| (*gate, UNITS)).collect();
                own.packing = Some(Packing { axis: 0, parts });
            }
            own
        };
        let mut head = Parameter::linear("head.weight", CLASSES, UNITS);
        head.place.layer = Some(Position { index: 0, count: 1 });
        head.place.is_head = true;
        "head".clone_into(&mut head.place.module);
        Ok(vec![
            of_cell("cell.weight_ih", Some(INPUTS), Role::Weight),
            of_cell("cell.weight_hh", Some(UNITS), Role::Recurrent),
            of_cell("cell.bias", None, Role::Bias),
            head,
        ])
    }

    fn build(&self, ground: Ground) -> crate::Result<Body> {
        let Ground { mut graph, features, rows, .. } = ground;
        let parameters = self.parameters()?;
        let own: Vec<Wire> =
            parameters.iter().map(|p| graph.parameter(&p.name, p.shape.clone())).collect();
        let g = &mut graph;
        let x = g.reshape(features, [rows, self.steps, INPUTS])?;
        let x = g.transpose(x, &[1, 0, 2])?;
        let added = g.matmul_transposed(x, own[0])?;
        let added = g.add(added, own[2])?;
        let [sigmoid, tanh] = ["sigmoid", "tanh"].map(|name| activations::find(name).unwrap());
        let mut h = g.constant([rows, UNITS], 0.0)?;
        let mut c = h;
        let (mut all_z, mut states) = (Vec::new(), Vec::new());
        let wide = self.kind.gates().len() * UNITS;
        for step in 0..self.steps {
            let now = g.slice_axis(added, 0, Span::neighbors(step, 1))?;
            let now = g.reshape(now, [rows, wide])?;
            let moved = g.matmul_transposed(h, own[1])?;
            let part = |g: &mut fanin_engine::Graph, z: Wire, gate: usize| {
                g.slice_axis(z, 1, Span::neighbors(gate * UNITS, UNITS))
            };
            let z = match self.kind {
                Kind::Plain(name) => {
                    let z = g.add(now, moved)?;
                    h = g.activate(z, &*activations::find(name).unwrap())?;
                    z
                }
                Kind::Lstm => {
                    let z = g.add(now, moved)?;
                    let mut gates = Vec::new();
                    for gate in 0..4 {
                        let own = part(g, z, gate)?;
                        gates.push(g.activate(own, if gate == 2 { &*tanh } else { &*sigmoid })?);
                    }
                    let old = g.multiply(gates[1], c)?;
                    let new = g.multiply(gates[0], gates[2])?;
                    c = g.add(old, new)?;
                    let shown = g.activate(c, &*tanh)?;
                    h = g.multiply(gates[3], shown)?;
                    z
                }
                Kind::Gru => {
                    let parts = |g: &mut fanin_engine::Graph, gate| {
                        Ok::<_, crate::Error>((part(g, now, gate)?, part(g, moved, gate)?))
                    };
                    let (a, b) = parts(g, 0)?;
                    let of_reset = g.add(a, b)?;
                    let reset = g.activate(of_reset, &*sigmoid)?;
                    let (a, b) = parts(g, 1)?;
                    let of_update = g.add(a, b)?;
                    let update = g.activate(of_update, &*sigmoid)?;
                    let (a, b) = parts(g, 2)?;
                    let b = g.multiply(reset, b)?;
                    let of_fresh = g.add(a, b)?;
                    let fresh = g.activate(of_fresh, &*tanh)?;
                    let change = g.subtract(h, fresh)?;
                    let change = g.multiply(update, change)?;
                    h = g.add(fresh, change)?;
                    g.concat(&[of_reset, of_update, of_fresh], 1)?
                }
            };
            all_z.push(g.reshape(z, [1, rows, wide])?);
            states.push(g.reshape(h, [1, rows, UNITS])?);
        }
        let pre_activation = g.concat(&all_z, 0)?;
        let states = g.concat(&states, 0)?;
        let output = g.matmul_transposed(h, own[3])?;
        let cells = vec![CellWires {
            module: "cell".to_owned(),
            gates: self.kind.gates(),
            squashes: vec![None; self.kind.gates().len()],
            input_weights: vec![0],
            state_weights: vec![1],
            input: x,
            pre_activation,
            added,
            states,
            is_reversed: false,
        }];
        let layers = vec![head(h, output)];
        let names = parameters.into_iter().map(|p| p.name).collect();
        Ok(Body {
            graph,
            output,
            names,
            trained: vec![0, 1, 2, 3],
            layers,
            cells,
            running: Vec::new(),
        })
    }
}

/// The layer of logits.
fn head(input: Wire, output: Wire) -> LayerWires {
    LayerWires {
        module: "head".to_owned(),
        weight: 3,
        bias: None,
        weight_axes: Axes::linear(),
        input,
        pre_activation: output,
        activation: output,
        bend: None,
        layout: Layout::FLAT,
        branches: Vec::new(),
    }
}

fn rows(model: &Model) -> Dataset {
    let columns = model.inputs();
    let mut features = vec![0.0; ROWS * columns];
    fill_normal(Stream::new(1, "rows"), 0, 0.0, 1.0, &mut features);
    let names = (0..CLASSES).map(|class| class.to_string()).collect();
    let labels = (0..ROWS).map(|row| (row % CLASSES) as u32).collect();
    Dataset {
        name: "normal".to_owned(),
        feature_names: (0..columns).map(|column| column.to_string()).collect(),
        features: features.into(),
        targets: Targets::Classes { labels, names },
    }
}

fn started(kind: Kind, steps: usize) -> (Model, Weights, Dataset, Recommendation) {
    let model = Model::graph(Unrolled { kind, steps });
    let weights = for_model(&model, &Rules::new("torch-default"), 0).unwrap();
    let data = rows(&model);
    let problem = Problem {
        model: &model,
        loss: &Loss::CrossEntropy,
        weights: &weights,
        data: Some(&data),
        horizon: Horizon::SAMPLE,
        seed: 0,
    };
    let found = Auto.recommend(&problem).unwrap();
    (model, weights, data, found)
}

fn measured(model: &Model, weights: &Weights, data: &Dataset) -> CellMeasurement {
    let loss = &Loss::CrossEntropy;
    let found = Diagnosis::new(model, loss, weights, data, Horizon::SAMPLE).unwrap();
    found.measurement.cells[0].clone()
}

/// Holds the solved start over `steps` against bounds: `E[h²]` behind the last step, and ‖δ‖ at the
/// first step over that at the last.
#[track_caller]
fn check(kind: Kind, steps: usize, state: std::ops::Range<f64>, gradient: std::ops::Range<f64>) {
    let (model, before, data, found) = started(kind, steps);
    let cell = measured(&model, &found.weights, &data);
    let last = cell.states[steps - 1];
    assert!(state.contains(&last), "{kind:?} over {steps}: state {last}");
    let of = |cell: &CellMeasurement| cell.deltas[0] / cell.deltas[steps - 1];
    assert!(gradient.contains(&of(&cell)), "{kind:?} over {steps}: gradient {}", of(&cell));
    let before = measured(&model, &before, &data);
    assert!(!gradient.contains(&of(&before)), "{kind:?} was in bounds before: {}", of(&before));
}

#[test]
fn states_and_gradients_of_plain_cells_last() {
    for steps in [30, 100] {
        // What enters adds up: z² to 1 at last, of which relu shows a half.
        check(Kind::Plain("identity"), steps, 0.7..1.4, 0.8..1.25);
        check(Kind::Plain("relu"), steps, 0.35..0.7, 0.7..1.5);
        // Within e over all steps; a product of so few units strays a little more.
        check(Kind::Plain("tanh"), steps, 0.005..0.2, 0.3..1.1);
    }
}

#[test]
fn gated_cells_keep_a_share_for_every_lag() {
    for steps in [30, 100] {
        // What is one of `steps` in a mean has that share of its gradient.
        let share = 1.0 / steps as f64;
        check(Kind::Lstm, steps, 0.003..0.1, 0.2 * share..1.0);
        check(Kind::Gru, steps, 0.01..0.5, 0.2 * share..1.0);
    }
}

#[test]
fn cells_are_drawn_as_solved() {
    let (_, _, _, found) = started(Kind::Lstm, 100);
    let scheme = |name: &str| {
        let change = found.changes.iter().find(|change| change.parameter == name).unwrap();
        (change.scheme.clone(), change.reason.clone())
    };
    assert_eq!(scheme("cell.bias").0, "spaced-memory:100");
    assert_eq!(scheme("cell.weight_hh").0, "orthogonal:1");
    assert!(scheme("cell.bias").1.contains("as many for every octave"));
    assert!(found.unmet.is_empty(), "{:?}", found.unmet);
    let (_, _, _, found) = started(Kind::Plain("relu"), 100);
    assert!(found.changes.iter().any(|change| change.scheme.starts_with("looks-linear")));
    let deviation = (1.0_f64 / 300.0).sqrt();
    let input = found.changes.iter().find(|change| change.parameter == "cell.weight_ih").unwrap();
    assert!((input.after.deviation / deviation - 1.0).abs() < 0.15, "{input:?}");
}

#[test]
fn a_solved_cell_is_kept() {
    for kind in [Kind::Lstm, Kind::Gru, Kind::Plain("tanh"), Kind::Plain("relu")] {
        let (model, _, data, found) = started(kind, 40);
        let problem = Problem {
            model: &model,
            loss: &Loss::CrossEntropy,
            weights: &found.weights,
            data: Some(&data),
            horizon: Horizon::SAMPLE,
            seed: 0,
        };
        let again = Auto.recommend(&problem).unwrap();
        assert_eq!(again.changes, [], "{kind:?}");
    }
}

#[test]
fn the_second_of_two_biases_is_silent() {
    let bias = |name: &str| {
        let mut bias = Parameter::new(name, [8], Role::Bias);
        let parts = Kind::Lstm.gates().iter().map(|gate| (*gate, 2)).collect();
        bias.packing = Some(Packing { axis: 0, parts });
        bias
    };
    let is_silent = |name: &str| super::is_silent("spaced-memory:12", &bias(name));
    assert!(is_silent("rnn.bias_hh_l0") && !is_silent("rnn.bias_ih_l0"));
}
