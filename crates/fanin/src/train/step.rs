//! One planned pass over a batch: forward and backward to train, forward alone to evaluate.

use fanin_engine::{Plan, Update, Wire, Workspace};
use fanin_kernels::reduce;

use super::clip::{Clip, global_norm};
use super::optimizers::lbfgs::{Lbfgs, Progress, Stop};

use crate::error::Result;
use crate::spec::{Loss, Mode, Model, Network};

/// How far a running statistic moves towards the batch's own, as in PyTorch.
const RUNNING_SHARE: f32 = 0.1;

/// Loss and gradients of a batch of a fixed number of rows.
#[derive(Debug)]
pub struct TrainingPass {
    network: Network,
    plan: Plan,
    workspace: Workspace<f32>,
    /// The number of gradients that are kept, before all else that is.
    gradients: usize,
}

impl TrainingPass {
    /// Plans a pass over `rows` rows whose gradients are kept, to be read.
    ///
    /// # Errors
    /// If the model does not fit together.
    pub fn new(model: &Model, loss: &Loss, rows: usize) -> Result<Self> {
        let mut network = Network::new(model, loss, rows, Mode::Train)?;
        let mut keep: Vec<Wire> = network.add_gradients()?;
        let gradients = keep.len();
        keep.extend(Self::results(&network));
        let plan = Plan::new(&network.graph, &keep)?;
        Ok(Self { workspace: plan.try_workspace()?, network, plan, gradients })
    }

    /// Plans a pass that [changes](Self::learn) parameters as their gradients are made, and keeps none.
    ///
    /// # Errors
    /// If the model does not fit together.
    pub fn changing(model: &Model, loss: &Loss, rows: usize) -> Result<Self> {
        let mut network = Network::new(model, loss, rows, Mode::Train)?;
        let graph = network.graph.clone();
        let gradients = network.add_gradients()?;
        let parameters = network.trained.iter().map(|&p| network.graph.parameters()[p]);
        let changes: Vec<(Wire, Wire)> = gradients.into_iter().zip(parameters).collect();
        let keep: Vec<Wire> = Self::results(&network).collect();
        let plan = Plan::changing(&network.graph, &keep, &changes)?;
        // The plan has all that it runs of the gradients' nodes.
        network.graph = graph;
        Ok(Self { workspace: plan.try_workspace()?, network, plan, gradients: 0 })
    }

    /// Where the loss is among what a pass without gradients keeps.
    pub(crate) const LOSS: usize = 0;

    fn results(network: &Network) -> impl Iterator<Item = Wire> {
        std::iter::once(network.loss).chain(network.running.iter().map(|r| r.batch))
    }

    /// Rows of a batch.
    pub fn rows(&self) -> usize {
        self.network.rows
    }

    /// Features and targets of the batch, to fill.
    pub fn feed(&mut self, fill: impl FnOnce(&mut [f32], &mut [f32])) {
        let (features, targets) = self.workspace.feed_pair(Network::FEATURES, Network::TARGETS);
        fill(features, targets);
    }

    /// Exchanges features and targets for those of a batch that lies in memory; nothing is copied, and
    /// what is exchanged back after a run is what it was.
    ///
    /// # Panics
    /// If a length differs.
    pub fn exchange(&mut self, features: &mut Vec<f32>, targets: &mut Vec<f32>) {
        self.workspace.exchange_feed(Network::FEATURES, features);
        self.workspace.exchange_feed(Network::TARGETS, targets);
    }

    /// Computes loss and gradients; seed and step drive dropout. Gives the loss.
    ///
    /// # Panics
    /// If the pass changes parameters.
    pub fn run(&mut self, parameters: &[Vec<f32>], seed: u64, step: u64) -> f64 {
        self.set_clock(seed, step);
        self.plan.run(parameters, &mut self.workspace);
        self.loss()
    }

    /// Computes the loss and changes the parameters by `update`, which numbers them as
    /// [`trained`](Network::trained) does; seed and step drive dropout. Gives the loss before.
    pub fn learn(
        &mut self,
        parameters: &mut [Vec<f32>],
        update: &mut dyn Update<f32>,
        seed: u64,
        step: u64,
    ) -> f64 {
        self.set_clock(seed, step);
        self.plan.run_changing(parameters, &mut self.workspace, update);
        self.loss()
    }

    fn set_clock(&mut self, seed: u64, step: u64) {
        if self.is_random() {
            let clock = self.workspace.feed_integers(Network::CLOCK);
            clock.copy_from_slice(&[seed as i64, step as i64]);
        }
    }

    fn loss(&self) -> f64 {
        f64::from(self.workspace.read(self.gradients + Self::LOSS)[0])
    }

    /// Whether the loss depends on seed and step, as it does with dropout.
    pub fn is_random(&self) -> bool {
        self.network.graph.inputs().len() > Network::CLOCK
    }

    /// The gradient of the n-th trained parameter.
    ///
    /// # Panics
    /// If the pass keeps no gradients.
    pub fn gradient(&self, trained: usize) -> &[f32] {
        assert!(trained < self.gradients, "the pass keeps this gradient");
        self.workspace.read(trained)
    }

    /// Clips the gradients of all trained parameters; gives their common norm before.
    ///
    /// # Panics
    /// If the pass keeps no gradients.
    pub fn clip(&mut self, clip: Clip) -> f64 {
        let count = self.network.trained.len();
        assert_eq!(count, self.gradients, "the pass keeps gradients");
        let norm = global_norm((0..count).map(|k| self.workspace.read(k)));
        if clip != Clip::None && norm.is_finite() {
            (0..count).for_each(|k| clip.apply_to_one(norm, self.workspace.read_mut(k)));
        }
        norm
    }

    /// One iteration of a line search on this batch, with weight decay as part of the loss.
    ///
    /// Running statistics follow the point that the search ends in.
    pub fn search(
        &mut self,
        search: &mut Lbfgs<f32>,
        parameters: &mut [Vec<f32>],
        decays: &[f64],
        seed: u64,
        step: u64,
    ) -> Progress {
        let trained = self.network.trained.clone();
        let mut all = parameters.to_vec();
        let mut moving: Vec<Vec<f32>> = trained.iter().map(|&p| parameters[p].clone()).collect();
        if self.is_random() {
            search.forget_evaluation();
        }
        let progress = search.iterate(&mut moving, &mut |at, gradients| {
            for (&p, values) in trained.iter().zip(at) {
                all[p].copy_from_slice(values);
            }
            let mut loss = self.run(&all, seed, step);
            for (index, gradient) in gradients.iter_mut().enumerate() {
                gradient.copy_from_slice(self.gradient(index));
                let decay = decays[index];
                loss += 0.5 * decay * reduce::sum_of_squares(&at[index]);
                for (g, &w) in gradient.iter_mut().zip(&at[index]) {
                    *g += decay as f32 * w;
                }
            }
            loss
        });
        for (&p, values) in trained.iter().zip(moving) {
            parameters[p] = values;
        }
        if !matches!(progress.stop, Some(Stop::NoDescent | Stop::NotFinite)) {
            self.track_statistics(parameters);
        }
        progress
    }

    /// Moves the running statistics towards those of the batch just run.
    pub fn track_statistics(&self, parameters: &mut [Vec<f32>]) {
        let first = self.gradients + Self::LOSS + 1;
        for (index, running) in self.network.running.iter().enumerate() {
            let batch = self.workspace.read(first + index);
            for (kept, &new) in parameters[running.parameter].iter_mut().zip(batch) {
                *kept += RUNNING_SHARE * (new * running.correction as f32 - *kept);
            }
        }
    }

    /// The network that is run.
    pub fn network(&self) -> &Network {
        &self.network
    }
}

/// Outputs and loss of a batch of a fixed number of rows, by running statistics.
#[derive(Debug)]
pub struct EvaluationPass {
    rows: usize,
    plan: Plan,
    workspace: Workspace<f32>,
}

impl EvaluationPass {
    /// Plans a pass over `rows` rows.
    ///
    /// # Errors
    /// If the model does not fit together.
    pub fn new(model: &Model, loss: &Loss, rows: usize) -> Result<Self> {
        let network = Network::new(model, loss, rows, Mode::Evaluate)?;
        let plan = Plan::new(&network.graph, &[network.output, network.loss])?;
        let workspace = plan.try_workspace()?;
        Ok(Self { rows, plan, workspace })
    }

    /// Rows of a batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Features and targets of the batch, to fill.
    pub fn feed(&mut self, fill: impl FnOnce(&mut [f32], &mut [f32])) {
        let (features, targets) = self.workspace.feed_pair(Network::FEATURES, Network::TARGETS);
        fill(features, targets);
    }

    /// Computes outputs, in row-major order, and the mean loss.
    pub fn run(&mut self, parameters: &[Vec<f32>]) -> (&[f32], f64) {
        self.plan.run(parameters, &mut self.workspace);
        (self.workspace.read(0), f64::from(self.workspace.read(1)[0]))
    }
}
