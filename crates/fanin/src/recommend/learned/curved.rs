//! A network's loss, gradient and products with its Hessian, at parameters that change.

use fanin_engine::{Element, Plan, Type, Wire, Workspace, pullback};

use crate::check::probe::Batch;
use crate::error::Result;
use crate::recommend::Problem;
use crate::spec::{Mode, Network};

/// One planned computation.
struct Planned<T> {
    plan: Plan,
    workspace: Workspace<T>,
}

impl<T: Element> Planned<T> {
    fn new(network: &Network, keep: &[Wire]) -> Result<Self> {
        let plan = Plan::new(&network.graph, keep)?;
        let workspace = plan.try_workspace()?;
        Ok(Self { plan, workspace })
    }

    fn feed(&mut self, index: usize, values: &[f32]) {
        let input = self.workspace.feed(index);
        input.iter_mut().zip(values).for_each(|(to, &x)| *to = T::from_f64(f64::from(x)));
    }
}

/// A network whose loss is differentiated twice.
pub(super) struct Curved<T> {
    /// Positions of the trained parameters.
    pub trained: Vec<usize>,
    /// All parameters, in the graph's order.
    pub parameters: Vec<Vec<T>>,
    gradient: Planned<T>,
    product: Planned<T>,
    vector: usize,
}

/// One vector for each trained parameter.
pub(super) type Vectors = Vec<Vec<f64>>;

impl<T: Element> Curved<T> {
    pub fn new(problem: &Problem<'_>, rows: usize) -> Result<Self> {
        let mut network = Network::new(problem.model, problem.loss, rows, Mode::Probe)?;
        let gradients = network.add_gradients()?;
        let vector = network.graph.inputs().len();
        let wires: Vec<Wire> =
            network.trained.iter().map(|&p| network.graph.parameters()[p]).collect();
        let graph = &mut network.graph;
        let seeds: Vec<(Wire, Wire)> = gradients
            .iter()
            .map(|&g| (g, graph.input("v", Type::float(graph.shape(g).clone()))))
            .collect();
        let products = pullback(graph, &seeds, &wires)?;
        let keep = [&[network.loss][..], &gradients[..]].concat();
        let widen = |x: Vec<f32>| x.into_iter().map(|x| T::from_f64(f64::from(x))).collect();
        let parameters = network.arrange(problem.weights)?;
        Ok(Self {
            gradient: Planned::new(&network, &keep)?,
            product: Planned::new(&network, &products)?,
            parameters: parameters.into_iter().map(widen).collect(),
            trained: network.trained,
            vector,
        })
    }

    /// Fills features and targets, for both computations.
    pub fn feed(&mut self, batch: Batch<'_>) {
        for planned in [&mut self.gradient, &mut self.product] {
            planned.feed(Network::FEATURES, batch.features);
            planned.feed(Network::TARGETS, batch.targets);
        }
    }

    /// The loss and its gradient.
    pub fn gradient(&mut self) -> (f64, Vectors) {
        let Planned { plan, workspace } = &mut self.gradient;
        plan.run(&self.parameters, workspace);
        let read = |index: usize| workspace.read(index).iter().map(|x| x.to_f64()).collect();
        (workspace.read(0)[0].to_f64(), (1..=self.trained.len()).map(read).collect())
    }

    /// H·v (Pearlmutter 1994).
    pub fn product(&mut self, v: &Vectors) -> Vectors {
        let Planned { plan, workspace } = &mut self.product;
        for (index, v) in v.iter().enumerate() {
            let input = workspace.feed(self.vector + index);
            input.iter_mut().zip(v).for_each(|(to, &x)| *to = T::from_f64(x));
        }
        plan.run(&self.parameters, workspace);
        let read = |index: usize| workspace.read(index).iter().map(|x| x.to_f64()).collect();
        (0..v.len()).map(read).collect()
    }

    /// The trained parameters.
    pub fn values(&self) -> Vectors {
        let one = |&p: &usize| self.parameters[p].iter().map(|x| x.to_f64()).collect();
        self.trained.iter().map(one).collect()
    }

    /// Replaces the trained parameters.
    pub fn set(&mut self, values: &Vectors) {
        for (&position, values) in self.trained.iter().zip(values) {
            let own = self.parameters[position].iter_mut().zip(values);
            own.for_each(|(to, &x)| *to = T::from_f64(x));
        }
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(super) fn dot_all(a: &Vectors, b: &Vectors) -> f64 {
    a.iter().zip(b).map(|(a, b)| dot(a, b)).sum()
}

/// `f` of every pair of numbers.
pub(super) fn zip(a: &Vectors, b: &Vectors, f: impl Fn(f64, f64) -> f64) -> Vectors {
    let one = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect();
    a.iter().zip(b).map(one).collect()
}
