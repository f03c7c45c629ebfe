//! A graph of two layers whose classes are known.

use fanin_engine::{Shape, Tensor, activations};
use fanin_kernels::random::{Stream, fill_normal};

use super::*;
use crate::init::{Parameter, Rules, for_model};
use crate::spec::{Architecture, Axes, Body, Ground, Layout};

const INPUTS: usize = 4;
const OUTPUTS: usize = 3;

/// φ(x·W₁ᵀ)·W₂ᵀ, where φ is an activation or, without a name, a softmax.
#[derive(Clone, Copy, Debug)]
struct Two {
    units: usize,
    activation: Option<&'static str>,
    is_part: bool,
}

impl Architecture for Two {
    fn label(&self) -> String {
        "two layers".to_owned()
    }

    fn inputs(&self) -> usize {
        INPUTS
    }

    fn output(&self) -> Shape {
        [OUTPUTS].into()
    }

    fn parameters(&self) -> Result<Vec<Parameter>> {
        let weight = |name, shape: [usize; 2]| Parameter::weight(name, shape, Axes::linear());
        Ok(vec![
            weight("a.weight", [self.units, INPUTS])?,
            weight("b.weight", [OUTPUTS, self.units])?,
        ])
    }

    fn is_part(&self) -> bool {
        self.is_part
    }

    fn build(&self, ground: Ground) -> Result<Body> {
        let Ground { mut graph, features, .. } = ground;
        let first = graph.parameter("a.weight", [self.units, INPUTS]);
        let second = graph.parameter("b.weight", [OUTPUTS, self.units]);
        let z = graph.matmul_transposed(features, first)?;
        let a = match self.activation {
            Some(name) => graph.activate(z, &*activations::find(name).unwrap())?,
            None => graph.softmax(z)?,
        };
        let output = graph.matmul_transposed(a, second)?;
        let layer = |weight: usize, input, pre_activation, activation| LayerWires {
            module: ["a", "b"][weight].to_owned(),
            weight,
            bias: None,
            weight_axes: Axes::linear(),
            input,
            pre_activation,
            activation,
            bend: None,
            layout: Layout::FLAT,
            branches: Vec::new(),
        };
        let layers = vec![layer(0, features, z, a), layer(1, a, output, output)];
        let names = ["a.weight", "b.weight"].map(str::to_owned).to_vec();
        let (cells, running) = (Vec::new(), Vec::new());
        Ok(Body { graph, output, names, trained: vec![0, 1], layers, cells, running })
    }
}

/// The classes of `two` with weights of he-normal that were changed.
fn found(two: Two, change: impl Fn(&str, &mut [f32])) -> Vec<Units> {
    const ROWS: usize = 20;
    let model = Model::graph(two);
    let mut weights = for_model(&model, &Rules::new("he-normal"), 0).unwrap();
    for (name, tensor) in &mut weights.tensors {
        let mut data = tensor.data().to_vec();
        change(name, &mut data);
        *tensor = Tensor::new(tensor.shape().clone(), data).unwrap();
    }
    let mut features = vec![0.0; ROWS * INPUTS];
    fill_normal(Stream::new(0, "features"), 0, 0.0, 1.0, &mut features);
    let mut targets = vec![0.0; ROWS * OUTPUTS];
    let classes = targets.chunks_exact_mut(OUTPUTS).enumerate().filter(|_| !two.is_part);
    classes.for_each(|(row, target)| target[row % OUTPUTS] = 1.0);
    let batch = Batch { rows: ROWS, features: &features, targets: &targets };
    // What stands in for the loss of a part treats its units alike.
    let loss = if two.is_part { Loss::MeanSquaredError } else { Loss::CrossEntropy };
    observed(&model, &loss, &weights, batch).unwrap()
}

const TANH: Two = Two { units: 6, activation: Some("tanh"), is_part: false };

/// Makes unit 1 of the first layer `sign` times unit 0, with outgoing weights times `outgoing`.
fn tie(sign: f32, outgoing: f32) -> impl Fn(&str, &mut [f32]) {
    move |name, values| {
        if name == "a.weight" {
            (0..INPUTS).for_each(|i| values[INPUTS + i] = sign * values[i]);
        } else {
            values.chunks_exact_mut(TANH.units).for_each(|row| row[1] = outgoing * row[0]);
        }
    }
}

#[test]
fn opposite_units_of_an_odd_activation_are_found() {
    let units = found(TANH, tie(-1.0, -1.0));
    assert_eq!(units.len(), 1, "the output layer is no hidden one");
    assert_eq!((units[0].effective_width(), units[0].mirrors()), (5, vec![vec![0, 1]]));
    assert!(units[0].twins().is_empty());
    let relu = Two { activation: Some("relu"), ..TANH };
    assert_eq!(found(relu, tie(-1.0, -1.0))[0].effective_width(), 6, "relu is not odd");
    assert_eq!(found(TANH, tie(-1.0, 1.0))[0].effective_width(), 6, "errors part them");
    assert_eq!(found(TANH, tie(1.0, 1.0))[0].twins(), [[0, 1]]);
    assert_eq!(found(TANH, tie(1.0, -1.0))[0].effective_width(), 6, "errors part these too");
}

/// One number decides a softmax of two, so that two units which are always opposite are no loss.
#[test]
fn a_softmax_of_two_units_is_not_narrowed() {
    let gate = Two { units: 2, activation: None, is_part: false };
    let zeros = |name: &str, values: &mut [f32]| {
        if name == "a.weight" {
            values.fill(0.0);
        }
    };
    let units = found(gate, zeros);
    assert_eq!(units[0].effective_width(), 2);
    assert!(!units[0].is_stuck() && !units[0].is_narrowed());
}

#[test]
fn the_last_layer_of_a_part_is_told_and_decides_nothing() {
    let part = Two { is_part: true, ..TANH };
    let equal = |name: &str, values: &mut [f32]| {
        if name == "b.weight" {
            values.fill(0.3);
        }
    };
    let units = found(part, equal);
    let names: Vec<&str> = units.iter().map(|units| units.module.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!((units[1].effective_width(), units[1].width()), (1, OUTPUTS));
    assert!(units[1].last_read && !units[0].last_read);
    assert!(!units[1].is_stuck(), "layers behind may part them");
    assert!(units[1].is_narrowed());
    let fresh = found(part, |_, _| {});
    assert!(fresh.iter().all(|units| !units.is_narrowed()), "{fresh:?}");
}
