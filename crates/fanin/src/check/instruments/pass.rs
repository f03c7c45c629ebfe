//! One planned pass through a network, and networks whose rows do not touch each other.

use std::sync::Arc;

use fanin_engine::{Element, Plan, Tensor, Wire, Workspace};

use crate::check::probe::Batch;
use crate::error::{Error, Result};
use crate::spec::{Loss, Mode, Model, Network};
use crate::weights::Weights;

/// Parameters in the graph's order, held once for all passes that run with them.
pub(in crate::check) type Arranged<T> = Arc<Vec<Vec<T>>>;

/// What a pass takes its parameters from: weights, or what was arranged for another pass.
pub(in crate::check) trait Source {
    /// The parameters of `network`.
    ///
    /// # Errors
    /// If they do not fit it.
    fn arranged(&self, network: &Network) -> Result<Arranged<f32>>;
}

impl Source for Weights {
    fn arranged(&self, network: &Network) -> Result<Arranged<f32>> {
        network.arrange(self).map(Arc::new)
    }
}

impl Source for Arranged<f32> {
    fn arranged(&self, _: &Network) -> Result<Arranged<f32>> {
        Ok(self.clone())
    }
}

/// Numbers that passes compute in.
pub(in crate::check) trait Number: Element {
    /// The same parameters in these numbers.
    fn of(parameters: &Arranged<f32>) -> Arranged<Self>;
}

impl Number for f32 {
    fn of(parameters: &Arranged<f32>) -> Arranged<f32> {
        parameters.clone()
    }
}

impl Number for f64 {
    fn of(parameters: &Arranged<f32>) -> Arranged<f64> {
        let widened = |all: &Vec<f32>| all.iter().map(|&x| f64::from(x)).collect();
        Arc::new(parameters.iter().map(widened).collect())
    }
}

/// A plan with its memory and the parameters that it runs with.
pub(in crate::check) struct Pass<T> {
    plan: Plan,
    workspace: Workspace<T>,
    parameters: Arranged<T>,
    /// Inputs that the plan takes to change from run to run.
    changing: Vec<usize>,
    /// Whether something else changed since the last run.
    is_stale: bool,
}

impl<T: Number> Pass<T> {
    /// Plans the computation of `keep` with `weights`.
    pub fn new(network: &Network, keep: &[Wire], weights: &dyn Source) -> Result<Self> {
        Self::of(Plan::new(&network.graph, keep)?, network, weights, &[])
    }

    /// As [`new`](Self::new), for many runs between which only these inputs change: what depends
    /// on none of them is computed once.
    pub fn staged(
        network: &Network,
        keep: &[Wire],
        weights: &dyn Source,
        changing: &[usize],
    ) -> Result<Self> {
        Self::of(Plan::staged(&network.graph, keep, changing)?, network, weights, changing)
    }

    fn of(plan: Plan, network: &Network, weights: &dyn Source, changing: &[usize]) -> Result<Self> {
        let workspace = plan.try_workspace()?;
        let parameters = T::of(&weights.arranged(network)?);
        Ok(Self { plan, workspace, parameters, changing: changing.to_vec(), is_stale: true })
    }

    /// Plans the gradients of all trained parameters, in their order, for so many rows.
    pub fn of_gradients(
        model: &Model,
        loss: &Loss,
        weights: &dyn Source,
        rows: usize,
    ) -> Result<(Network, Self)> {
        let mut network = Network::new(model, loss, rows, Mode::Probe)?;
        let gradients = network.add_gradients()?;
        let pass = Self::new(&network, &gradients, weights)?;
        Ok((network, pass))
    }

    /// The n-th input, to fill.
    pub fn input(&mut self, index: usize) -> &mut [T] {
        self.is_stale |= !self.changing.contains(&index);
        self.workspace.feed(index)
    }

    /// Fills an input with values in f32.
    pub fn feed(&mut self, index: usize, values: &[f32]) {
        let input = self.input(index);
        input.iter_mut().zip(values).for_each(|(to, &x)| *to = T::from_f64(f64::from(x)));
    }

    /// Fills features and targets with the rows of a batch.
    pub fn feed_batch(&mut self, batch: Batch<'_>) {
        self.feed(Network::FEATURES, batch.features);
        self.feed(Network::TARGETS, batch.targets);
    }

    /// Runs on the rows of a batch.
    pub fn run_on(&mut self, batch: Batch<'_>) {
        self.feed_batch(batch);
        self.run();
    }

    /// Computes what depends on no changing input, if it is not known yet.
    pub fn prepare(&mut self) {
        if std::mem::take(&mut self.is_stale) {
            self.plan.prepare(&self.parameters, &mut self.workspace);
        }
    }

    pub fn run(&mut self) {
        if std::mem::take(&mut self.is_stale) {
            self.plan.run(&self.parameters, &mut self.workspace);
        } else {
            self.plan.rerun(&self.parameters, &mut self.workspace);
        }
    }

    /// Takes other parameters, in the graph's order.
    pub fn set_parameters(&mut self, parameters: &Arranged<f32>) {
        self.is_stale = true;
        self.parameters = T::of(parameters);
    }

    /// The parameters, in the graph's order, to change.
    pub fn parameters_mut(&mut self) -> &mut [Vec<T>] {
        self.is_stale = true;
        Arc::<Vec<Vec<T>>>::make_mut(&mut self.parameters)
    }

    /// The parameters, in the graph's order.
    pub fn parameters(&self) -> &[Vec<T>] {
        &self.parameters
    }

    /// Fills the input of seed and step.
    pub fn clock(&mut self, index: usize, clock: [i64; 2]) {
        self.is_stale = true;
        self.workspace.feed_integers(index).copy_from_slice(&clock);
    }

    /// The values of the n-th wire kept.
    pub fn read(&self, index: usize) -> &[T] {
        self.workspace.read(index)
    }
}

/// Refuses a batch without rows, or with rows that the model does not take.
pub(in crate::check) fn ensure_fits(model: &Model, batch: Batch<'_>) -> Result<()> {
    let expected = (batch.rows * model.inputs(), batch.rows * model.outputs());
    let found = (batch.features.len(), batch.targets.len());
    if batch.rows > 0 && found == expected {
        return Ok(());
    }
    Err(Error::Setting {
        place: "batch".to_owned(),
        found: format!("{} rows, {} features, {} targets", batch.rows, found.0, found.1),
        expected: format!("some rows, {} features, {} targets", expected.0, expected.1),
    })
}

/// `count` rows of a batch, evenly spaced.
pub(in crate::check) fn spaced(rows: usize, count: usize) -> impl Iterator<Item = usize> {
    let count = count.clamp(1, rows.max(1));
    (0..count).map(move |index| index * rows / count)
}

/// The first rows of a batch, at most so many.
pub(in crate::check) fn first(batch: Batch<'_>, most: usize) -> Batch<'_> {
    part(batch, 0, batch.rows.min(most))
}

/// Consecutive rows of a batch.
pub(in crate::check) fn part(batch: Batch<'_>, start: usize, rows: usize) -> Batch<'_> {
    let slice = |all: &'_ [f32]| -> (usize, usize) {
        let width = all.len() / batch.rows;
        (start * width, (start + rows) * width)
    };
    let (features, targets) = (slice(batch.features), slice(batch.targets));
    Batch {
        rows,
        features: &batch.features[features.0..features.1],
        targets: &batch.targets[targets.0..targets.1],
    }
}

/// Weights whose running statistics are those of the batch, and whether there are any.
///
/// With them the network in [`Mode::Evaluate`] computes on each row what it computes in the
/// batch, and no row's result depends on another row: what the derivative through the statistics
/// would add is left out.
pub(in crate::check) fn hold_statistics(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
) -> Result<(Weights, bool)> {
    let network = Network::new(model, loss, batch.rows, Mode::Probe)?;
    let mut held = weights.clone();
    if network.running.is_empty() {
        return Ok((held, false));
    }
    let keep: Vec<Wire> = network.running.iter().map(|r| r.batch).collect();
    let mut pass = Pass::<f32>::new(&network, &keep, weights)?;
    pass.run_on(batch);
    let wires = network.graph.parameters();
    for (index, running) in network.running.iter().enumerate() {
        let name = &network.names[running.parameter];
        let shape = network.graph.shape(wires[running.parameter]).clone();
        let tensor = Tensor::new(shape, pass.read(index).to_vec())?;
        match held.tensors.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = tensor,
            None => held.tensors.push((name.clone(), tensor)),
        }
    }
    Ok((held, true))
}
