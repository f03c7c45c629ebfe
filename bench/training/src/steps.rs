//! Training steps as a session makes them, without its bookkeeping between epochs.

use fanin::formats::read_weights;
use fanin::spec::{Loss, Model, Spec};
use fanin::train::hyperparameters::Settings;
use fanin::train::learning::Learning;
use fanin::train::optimizers::{self, Optimizer};
use fanin::train::step::TrainingPass;
use fanin::weights::Weights;

use crate::Failure;
use crate::job::Job;
use crate::network::Chain;

/// Batches to learn from, each its features and its targets, as they lie in memory.
#[derive(Debug)]
pub struct Rows(Vec<[Vec<f32>; 2]>);

impl Rows {
    /// The job's rows.
    ///
    /// # Errors
    /// If the file is missing or lacks a tensor.
    pub fn read(job: &Job) -> Result<Self, Failure> {
        let data = read_weights(&job.data)?;
        let (features, targets) = (tensor(&data, "features")?, tensor(&data, "targets")?);
        let rows = data.get("features").map_or(1, |x| x.shape().axes()[0].max(1));
        let batch = |all: &[f32], number: usize| {
            let length = all.len() / rows * job.batch;
            all[number * length..][..length].to_vec()
        };
        let numbers = 0..rows / job.batch;
        Ok(Self(numbers.map(|n| [batch(&features, n), batch(&targets, n)]).collect()))
    }
}

/// A network in training, and the rows that it learns from in order, again and again.
pub struct Steps {
    pass: TrainingPass,
    optimizer: Box<dyn Optimizer<f32>>,
    parameters: Vec<Vec<f32>>,
    decays: Vec<f64>,
    learning_rate: f64,
    rows: Rows,
    next: usize,
}

impl Steps {
    /// The job's network with its starting weights.
    ///
    /// # Errors
    /// If weights or rows do not fit the network.
    pub fn new(job: &Job, weights: &Weights, rows: Rows) -> Result<Self, Failure> {
        let model = model(job, weights)?;
        let pass = TrainingPass::changing(&model, &Loss::CrossEntropy, job.batch)?;
        let network = pass.network();
        let parameters = network.arrange(weights)?;
        let wires = network.graph.parameters();
        let layout: Vec<_> = network
            .trained
            .iter()
            .map(|&p| (network.names[p].clone(), network.graph.shape(wires[p]).clone()))
            .collect();
        let mut settings = Settings::new();
        if job.optimizer == "sgd" {
            settings.insert("momentum".to_owned(), job.momentum);
        }
        let optimizer = optimizers::find(&job.optimizer)?.build_f32(&settings, &layout)?;
        Ok(Self {
            decays: vec![0.0; layout.len()],
            optimizer,
            parameters,
            learning_rate: job.learning_rate,
            rows,
            next: 0,
            pass,
        })
    }

    /// The rows, without the network.
    pub fn into_rows(self) -> Rows {
        self.rows
    }

    /// One step on the next batch; gives its loss.
    pub fn advance(&mut self) -> f64 {
        let Rows(batches) = &mut self.rows;
        let count = batches.len();
        let [features, targets] = &mut batches[self.next];
        self.next = (self.next + 1) % count;
        self.pass.exchange(features, targets);
        let mut learning = Learning {
            optimizer: &mut *self.optimizer,
            learning_rate: self.learning_rate,
            decays: &self.decays,
            watch: None,
        };
        let loss = self.pass.learn(&mut self.parameters, &mut learning, 0, 0);
        self.pass.exchange(features, targets);
        loss
    }
}

fn model(job: &Job, weights: &Weights) -> Result<Model, Failure> {
    if let Some(text) = &job.model {
        let spec = Spec { model: text.parse()?, ..Spec::default() };
        return Ok(fanin::resolve_alone(&spec)?);
    }
    let size = |name: &str| -> Result<usize, Failure> {
        let layer = job.layers.iter().find(|layer| layer.kind == name);
        Ok(layer.ok_or_else(|| format!("no layer `{name}`"))?.sizes.iter().product())
    };
    let last = job.layers.last().and_then(|layer| layer.sizes.last());
    Ok(Model::graph(Chain {
        layers: job.layers.clone(),
        shapes: weights.tensors.iter().map(|(name, t)| (name.clone(), t.shape().clone())).collect(),
        inputs: size("image")?,
        outputs: *last.ok_or("the last layer is not linear")?,
    }))
}

/// The numbers of a tensor.
///
/// # Errors
/// If there is none of this name.
pub fn tensor(data: &Weights, name: &str) -> Result<Vec<f32>, Failure> {
    let tensor = data.get(name).ok_or_else(|| format!("no tensor `{name}` in the data"))?;
    Ok(tensor.data().to_vec())
}
