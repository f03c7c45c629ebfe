//! Problems for the tests of methods: small networks on rows of digits.

use super::{Problem, Recommendation};
use crate::check::Diagnosis;
use crate::check::evidence::Horizon;
use crate::data::{Dataset, LoadOptions, Preparation, PrepareOptions, load, prepare};
use crate::init::{Rules, for_model};
use crate::spec::{Loss, Mode, Model, Network};
use crate::weights::Weights;

pub(super) const HORIZON: Horizon = Horizon::SAMPLE;

/// A network on digits, with a start.
pub(super) struct Case {
    pub model: Model,
    pub weights: Weights,
    pub data: Dataset,
    pub horizon: Horizon,
}

impl Case {
    pub fn new(model: &str, scheme: &str) -> Self {
        let model: Model = model.parse().unwrap();
        let weights = for_model(&model, &Rules::new(scheme), 0).unwrap();
        Self::of(model, weights)
    }

    pub fn of(model: Model, weights: Weights) -> Self {
        let options =
            PrepareOptions { features: Preparation::Standard, ..PrepareOptions::default() };
        let digits = load("digits", &LoadOptions::default()).unwrap();
        let data = prepare(digits, &options).unwrap().train;
        let data = data.select(&(0..256).collect::<Vec<usize>>());
        Self { model, weights, data, horizon: HORIZON }
    }

    pub fn problem(&self) -> Problem<'_> {
        Problem {
            model: &self.model,
            loss: &Loss::CrossEntropy,
            weights: &self.weights,
            data: Some(&self.data),
            horizon: self.horizon,
            seed: 0,
        }
    }

    pub fn set(&mut self, name: &str, value: f32) {
        let tensor = self.weights.tensors.iter_mut().find(|(own, _)| own == name);
        tensor.unwrap().1.data_mut().fill(value);
    }

    pub fn diagnose(&self, weights: &Weights) -> Diagnosis {
        let loss = Loss::CrossEntropy;
        Diagnosis::new(&self.model, &loss, weights, &self.data, self.horizon).unwrap()
    }

    /// z of every layer with these weights, over all rows.
    pub fn pre_activations(&self, weights: &Weights, mode: Mode) -> Vec<Vec<f32>> {
        let (rows, loss) = (self.data.rows(), Loss::MeanSquaredError);
        let network = Network::new(&self.model, &loss, rows, mode).unwrap();
        let wires: Vec<_> = network.layers.iter().map(|l| l.pre_activation).collect();
        let plan = fanin_engine::Plan::new(&network.graph, &wires).unwrap();
        let mut workspace = plan.workspace::<f32>();
        workspace.feed(Network::FEATURES).copy_from_slice(&self.data.features);
        plan.run(&network.arrange(weights).unwrap(), &mut workspace);
        (0..wires.len()).map(|index| workspace.read(index).to_vec()).collect()
    }

    pub fn variances(&self, found: &Recommendation, mode: Mode) -> Vec<f64> {
        let z = self.pre_activations(&found.weights, mode);
        z.iter().map(|z| fanin_kernels::reduce::variance(z)).collect()
    }
}
