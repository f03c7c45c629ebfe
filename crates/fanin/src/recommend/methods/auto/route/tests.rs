//! What comes back through layers whose units pass in halves, held against networks that are drawn.

use fanin_engine::ops::Span;
use fanin_engine::{Plan, Shape, Wire, activations, gradients};
use fanin_kernels::random::{Stream, fill_normal};
use fanin_kernels::reduce;

use crate::check::evidence::Horizon;
use crate::data::{Dataset, Targets};
use crate::error::Result;
use crate::init::{Parameter, Rules, for_model};
use crate::recommend::Problem;
use crate::recommend::methods::auto::{expected_of_width, expected_on};
use crate::spec::{
    Architecture, Axes, Body, Ground, LayerWires, Layout, Loss, Mode, Model, Network,
};

const ROWS: usize = 64;
const INPUTS: usize = 8;
const UNITS: usize = 8;
const OUTPUTS: usize = 4;

/// Two layers, of each a half times the sigmoid of the other, and a head.
#[derive(Clone, Copy, Debug)]
struct Gated;

impl Architecture for Gated {
    fn label(&self) -> String {
        "gated".to_owned()
    }

    fn inputs(&self) -> usize {
        INPUTS
    }

    fn output(&self) -> Shape {
        [OUTPUTS].into()
    }

    fn parameters(&self) -> Result<Vec<Parameter>> {
        Ok(vec![
            Parameter::linear("first.weight", 2 * UNITS, INPUTS),
            Parameter::linear("second.weight", 2 * UNITS, UNITS),
            Parameter::linear("head.weight", OUTPUTS, UNITS),
        ])
    }

    fn build(&self, ground: Ground) -> Result<Body> {
        let Ground { mut graph, features, .. } = ground;
        let sigmoid = activations::find("sigmoid").unwrap();
        let (mut x, mut layers, mut names) = (features, Vec::new(), Vec::new());
        for (weight, own) in self.parameters()?.into_iter().enumerate() {
            let wire = graph.parameter(&own.name, own.shape.clone());
            let z = graph.matmul_transposed(x, wire)?;
            layers.push(LayerWires {
                module: own.name.replace(".weight", ""),
                weight,
                bias: None,
                weight_axes: Axes::linear(),
                input: x,
                pre_activation: z,
                activation: z,
                bend: None,
                layout: Layout::FLAT,
                branches: Vec::new(),
            });
            names.push(own.name);
            x = z;
            if weight < 2 {
                let mut half = |from| graph.slice_axis(z, 1, Span::neighbors(from, UNITS));
                let (passed, gate) = (half(0)?, half(UNITS)?);
                let gate = graph.activate(gate, &*sigmoid)?;
                x = graph.multiply(passed, gate)?;
            }
        }
        let (cells, running, trained) = (Vec::new(), Vec::new(), vec![0, 1, 2]);
        Ok(Body { graph, output: x, names, trained, layers, cells, running })
    }
}

fn rows() -> Dataset {
    let mut features = vec![0.0; ROWS * INPUTS];
    fill_normal(Stream::new(1, "rows"), 0, 0.0, 1.0, &mut features);
    Dataset {
        name: "normal".to_owned(),
        feature_names: (0..INPUTS).map(|feature| feature.to_string()).collect(),
        features: features.into(),
        targets: Targets::Classes {
            labels: (0..ROWS).map(|row| (row % OUTPUTS) as u32).collect(),
            names: (0..OUTPUTS).map(|class| class.to_string()).collect(),
        },
    }
}

/// Outputs are larger than what they are asked for, and so go with their gradient: what comes back through the
/// gates is three times what it would be if it did not meet the weights that made the outputs.
#[test]
fn halves_of_a_layer_that_are_gates_of_others_are_foreseen() {
    const DRAWS: u64 = 4000;
    const DEVIATION: f64 = 0.6;
    let (model, data, loss) = (Model::graph(Gated), rows(), Loss::SquaredError);
    let rules = Rules::new(&format!("normal:{DEVIATION}"));
    let mut weights = for_model(&model, &rules, 0).unwrap();
    for (_, tensor) in &mut weights.tensors {
        let square = reduce::sum_of_squares(tensor.data()) / tensor.data().len() as f64;
        let by = (DEVIATION / square.sqrt()) as f32;
        tensor.data_mut().iter_mut().for_each(|w| *w *= by);
    }
    let problem = Problem {
        model: &model,
        loss: &loss,
        weights: &weights,
        data: Some(&data),
        horizon: Horizon::SAMPLE,
        seed: 0,
    };
    let told = expected_of_width(&problem, 400).unwrap();
    let mut network = Network::new(&model, &loss, ROWS, Mode::Probe).unwrap();
    let wanted: Vec<Wire> = network.graph.parameters().to_vec();
    let mut keep = gradients(&mut network.graph, network.loss, &wanted).unwrap();
    keep.extend(network.layers.iter().map(|layer| layer.pre_activation));
    let plan = Plan::new(&network.graph, &keep).unwrap();
    let mut workspace = plan.workspace::<f32>();
    let (features, targets) = workspace.feed_pair(Network::FEATURES, Network::TARGETS);
    data.gather(&expected_on(&problem), features, targets, 0.0);
    let mut sums = vec![[0.0; 2]; keep.len()];
    for seed in 0..DRAWS {
        let weights = for_model(&model, &rules, seed).unwrap();
        plan.run(&network.arrange(&weights).unwrap(), &mut workspace);
        for (wire, [sum, squares]) in sums.iter_mut().enumerate() {
            let found = reduce::sum_of_squares(workspace.read(wire));
            *sum += found;
            *squares += found * found;
        }
    }
    for (layer, own) in told.iter().enumerate() {
        let z = network.graph.shape(network.layers[layer].pre_activation);
        let signal = own.signal * z.elements() as f64;
        for (which, foreseen) in [own.gradient, signal].into_iter().enumerate() {
            let [sum, squares] = sums[which * told.len() + layer];
            let (draws, of_walks) = (DRAWS as f64, own.errors[1 - which]);
            let error = (squares / sum / sum - 1.0 / draws).sqrt().hypot(of_walks);
            let ratio = foreseen / (sum / draws);
            assert!(
                error < 0.06 && (ratio - 1.0).abs() < 3.0 * error,
                "{layer}, {which}: {ratio} ± {error}"
            );
        }
    }
}
