//! What starting weights do before the first step: one pass forward and one backward.

use fanin_engine::{Plan, Wire, Workspace};
use fanin_kernels::reduce;

use crate::data::Dataset;
use crate::error::Result;
use crate::spec::{Loss, Mode, Model, Network};
use crate::weights::Weights;

/// Rows that a start is measured on.
const ROWS: usize = 64;

/// What a pass through starting weights shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Start {
    /// Mean loss on the rows measured.
    pub loss: f64,
    /// The same for outputs of 0: ln K for K classes.
    pub loss_of_zero_output: f64,
    /// Mean square of the features.
    pub input_second_moment: f64,
    /// Mean square of the outputs.
    pub output_second_moment: f64,
    /// Norm of the gradient at the weights of each layer, in the order of the data.
    pub gradient_norms: Vec<f64>,
    /// Norm of the error δ = ∂loss/∂z of each layer, z what its weights make, in the same order.
    pub error_norms: Vec<f64>,
}

/// The pass, planned once for starts of any number.
#[derive(Debug)]
pub struct StartPass {
    network: Network,
    plan: Plan,
    workspace: Workspace<f32>,
}

impl StartPass {
    /// Plans the pass over the first rows of such data.
    ///
    /// # Errors
    /// If network and data do not fit each other.
    pub fn new(model: &Model, data: &Dataset) -> Result<Self> {
        let rows = data.rows().min(ROWS);
        let mut network = Network::new(model, &Loss::CrossEntropy, rows, Mode::Probe)?;
        let parameters = network.graph.parameters();
        let weights = network.layers.iter().map(|layer| parameters[layer.weight]);
        let sums = network.layers.iter().map(|layer| layer.pre_activation);
        let wanted: Vec<Wire> = weights.chain(sums).collect();
        let gradients = fanin_engine::gradients(&mut network.graph, network.loss, &wanted)?;
        let keep = [&[network.output, network.loss], &gradients[..]].concat();
        let plan = Plan::new(&network.graph, &keep)?;
        let workspace = plan.workspace();
        Ok(Self { network, plan, workspace })
    }

    /// Runs it with `weights` on the first rows of `data`.
    ///
    /// # Errors
    /// If the weights do not fit the network.
    pub fn measure(&mut self, weights: &Weights, data: &Dataset) -> Result<Start> {
        let rows: Vec<usize> = (0..self.network.rows).collect();
        let (features, targets) = self.workspace.feed_pair(Network::FEATURES, Network::TARGETS);
        data.gather(&rows, features, targets, 0.0);
        let input_second_moment = mean_square(features);
        let parameters = self.network.arrange(weights)?;
        self.plan.run(&parameters, &mut self.workspace);
        let depth = self.network.layers.len();
        let norm = |kept: usize| reduce::sum_of_squares(self.workspace.read(2 + kept)).sqrt();
        Ok(Start {
            loss: f64::from(self.workspace.read(1)[0]),
            loss_of_zero_output: (data.target_columns() as f64).ln(),
            input_second_moment,
            output_second_moment: mean_square(self.workspace.read(0)),
            gradient_norms: (0..depth).map(norm).collect(),
            error_norms: (depth..2 * depth).map(norm).collect(),
        })
    }
}

fn mean_square(x: &[f32]) -> f64 {
    reduce::sum_of_squares(x) / x.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::probe::{self, Batch};
    use crate::explain::laboratory::{digits, network};
    use crate::init::{Rules, for_model};
    use crate::spec::Standardize;

    /// Both passes work in f32, in another order.
    #[test]
    fn a_lesson_measures_what_a_check_does() {
        let data = digits(Standardize::Standard).unwrap().train;
        let prepared = digits(Standardize::Standard).unwrap();
        let model = network(&prepared, 3, 16).unwrap();
        let weights = for_model(&model, &Rules::new("he-normal"), 1).unwrap();
        let found = StartPass::new(&model, &data).unwrap().measure(&weights, &data).unwrap();
        let rows: Vec<usize> = (0..ROWS).collect();
        let (mut features, mut targets) = (vec![0.0; ROWS * 64], vec![0.0; ROWS * 10]);
        data.gather(&rows, &mut features, &mut targets, 0.0);
        let batch = Batch { rows: ROWS, features: &features, targets: &targets };
        let checked = probe::measure(&model, &Loss::CrossEntropy, &weights, batch).unwrap();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-5 * b.abs(), "{a} and {b}");
        near(found.loss, checked.loss);
        near(found.loss_of_zero_output, checked.loss_of_zero_output);
        near(found.input_second_moment, checked.input_second_moment);
        near(found.output_second_moment, checked.layers[3].pre_activation_second_moment);
        assert_eq!(found.gradient_norms.len(), checked.layers.len());
        let norms = found.gradient_norms.iter().zip(&found.error_norms);
        for ((gradient, error), layer) in norms.zip(&checked.layers) {
            near(*gradient, layer.gradient_norm);
            near(*error, layer.delta_norm);
        }
    }
}
