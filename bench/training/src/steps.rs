//! Training steps as a session makes them, without its bookkeeping between epochs.

use fanin::formats::read_weights;
use fanin::spec::{Loss, Model};
use fanin::train::hyperparameters::Settings;
use fanin::train::optimizers::{self, Optimizer};
use fanin::train::step::TrainingPass;
use fanin::weights::Weights;

use crate::Failure;
use crate::job::Job;

/// A network in training, and the rows that it learns from in order, again and again.
pub struct Steps {
    pass: TrainingPass,
    optimizer: Box<dyn Optimizer<f32>>,
    parameters: Vec<Vec<f32>>,
    decays: Vec<f64>,
    learning_rate: f64,
    features: Vec<f32>,
    targets: Vec<f32>,
    batches: usize,
    next: usize,
}

impl Steps {
    /// The job's network with its starting weights.
    ///
    /// # Errors
    /// If files are missing, or do not fit each other.
    pub fn new(job: &Job) -> Result<Self, Failure> {
        let spec: fanin::spec::Spec =
            fanin::spec::Spec { model: job.model.parse()?, ..fanin::spec::Spec::default() };
        let model: Model = fanin::resolve_alone(&spec)?;
        let pass = TrainingPass::new(&model, &Loss::CrossEntropy, job.batch)?;
        let network = pass.network();
        let parameters = network.arrange(&read_weights(&job.weights)?)?;
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
        let data = read_weights(&job.data)?;
        let (features, targets) = (tensor(&data, "features")?, tensor(&data, "targets")?);
        Ok(Self {
            decays: vec![0.0; layout.len()],
            optimizer,
            parameters,
            learning_rate: job.learning_rate,
            batches: targets.len() / (job.batch * model.outputs()),
            features,
            targets,
            next: 0,
            pass,
        })
    }

    /// One step on the next batch; gives its loss.
    pub fn advance(&mut self) -> f64 {
        let batch = self.next;
        self.next = (batch + 1) % self.batches;
        let (all_features, all_targets) = (&self.features, &self.targets);
        self.pass.feed(|features, targets| {
            let (f, t) = (features.len(), targets.len());
            features.copy_from_slice(&all_features[batch * f..][..f]);
            targets.copy_from_slice(&all_targets[batch * t..][..t]);
        });
        let loss = self.pass.run(&self.parameters, 0, 0);
        self.optimizer.begin_step(self.learning_rate);
        for (index, &decay) in self.decays.iter().enumerate() {
            let parameter = &mut self.parameters[self.pass.network().trained[index]];
            self.optimizer.update(index, parameter, self.pass.gradient(index), decay);
        }
        loss
    }
}

fn tensor(data: &Weights, name: &str) -> Result<Vec<f32>, Failure> {
    let tensor = data.get(name).ok_or_else(|| format!("no tensor `{name}` in the data"))?;
    Ok(tensor.data().to_vec())
}
