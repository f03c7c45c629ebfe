//! Gradients of the outputs of a batch whose rows are tied by batch normalization.
//!
//! The output of a row depends on every row, through the batch's mean and variance. Its gradient is
//! that of the whole function of the batch, with what comes through these statistics; no factoring
//! into single rows is left, so each takes a run backwards of its own.

use fanin_engine::Wire;

use super::pass::{Arranged, Number, Pass, Source};
use super::row_gradients::{SEED, SHARE, TensorGradients, seeded};
use crate::check::probe::Batch;
use crate::error::Result;
use crate::spec::{Loss, Mode, Model, Network};

/// Gradients of every row's output, planned once for weights of any number.
pub(in crate::check) struct JointGradients<T> {
    pass: Pass<T>,
    names: Vec<String>,
    rows: usize,
    outputs: usize,
}

impl<T: Number> JointGradients<T> {
    /// Plans the gradients for the rows of `batch`, with their own statistics.
    pub fn new(model: &Model, loss: &Loss, weights: &dyn Source, batch: Batch<'_>) -> Result<Self> {
        let mut network = Network::new(model, loss, batch.rows, Mode::Probe)?;
        let parameters = network.graph.parameters();
        let wires: Vec<Wire> = network.trained.iter().map(|&p| parameters[p]).collect();
        let outputs = network.graph.shape(network.output).elements() / batch.rows;
        let keep = seeded(&mut network, outputs, &wires)?;
        let names = network.trained.iter().map(|&p| network.names[p].clone()).collect();
        let mut pass = Pass::staged(&network, &keep, weights, &[SEED, SHARE])?;
        pass.feed_batch(batch);
        pass.input(SHARE)[0] = T::ZERO;
        Ok(Self { pass, names, rows: batch.rows, outputs })
    }

    /// Takes other parameters, in the graph's order.
    pub fn set_parameters(&mut self, parameters: &Arranged<f32>) {
        self.pass.set_parameters(parameters);
    }

    /// n.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The gradients of the sum of outputs, each times its number, at every row, of every parameter
    /// tensor.
    pub fn of(&mut self, factors: &[f32]) -> Vec<TensorGradients> {
        let mut values: Vec<Vec<f64>> = vec![Vec::new(); self.names.len()];
        for row in 0..self.rows {
            let seed = self.pass.input(SEED);
            seed.fill(T::ZERO);
            let own = &mut seed[row * self.outputs..(row + 1) * self.outputs];
            own.iter_mut().zip(factors).for_each(|(to, &x)| *to = T::from_f64(f64::from(x)));
            self.pass.run();
            for (index, values) in values.iter_mut().enumerate() {
                values.extend(self.pass.read(index).iter().map(|x| x.to_f64()));
            }
        }
        let tensors = self.names.iter().zip(values);
        tensors.map(|(name, values)| TensorGradients::plain(name, self.rows, values)).collect()
    }
}
