//! Training in double precision: what a theorem says shows there without the rounding of f32.

use fanin::data::Prepared;
use fanin::spec::{Loss, Mode, Model, Network};
use fanin::weights::Weights;
use fanin_engine::{Plan, Tensor};

use super::course;

/// Small enough for every optimizer to stay stable: an unstable run makes rounding grow without
/// bound, whatever is kept in exact arithmetic.
const LEARNING_RATE: f64 = 0.002;

/// Parameters by name, in the order of the model.
pub struct Trained {
    pub names: Vec<String>,
    pub values: Vec<Vec<f64>>,
}

impl Trained {
    pub fn get(&self, name: &str) -> &[f64] {
        let index = self.names.iter().position(|n| n == name);
        &self.values[index.unwrap_or_else(|| panic!("no {name}"))]
    }

    /// `like` with these values, rounded.
    pub fn weights(&self, like: &Weights) -> Weights {
        let rounded = |(name, tensor): &(String, Tensor<f32>)| {
            let data = self.get(name).iter().map(|&x| x as f32).collect();
            (name.clone(), Tensor::new(tensor.shape().axes(), data).unwrap())
        };
        Weights { tensors: like.tensors.iter().map(rounded).collect() }
    }
}

/// The parameters after so many steps on all rows.
pub fn train(
    model: &Model,
    weights: &Weights,
    optimizer: &str,
    steps: usize,
    data: &Prepared,
) -> Trained {
    let (course, rows) = (course(optimizer, 200), data.train.rows());
    let mut network = Network::new(model, &Loss::CrossEntropy, rows, Mode::Train).unwrap();
    let gradients = network.add_gradients().unwrap();
    let plan = Plan::new(&network.graph, &gradients).unwrap();
    let mut workspace = plan.workspace::<f64>();
    let mut features = vec![0.0; rows * data.train.columns()];
    let mut targets = vec![0.0; rows * data.train.target_columns()];
    let order: Vec<usize> = (0..rows).collect();
    data.train.gather(&order, &mut features, &mut targets, 0.0);
    // Layer normalization is so steep at 0 that no step there is stable.
    features.iter_mut().for_each(|x| *x += 3.0);
    let widen = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
    workspace.feed(Network::FEATURES).copy_from_slice(&widen(&features));
    workspace.feed(Network::TARGETS).copy_from_slice(&widen(&targets));

    let arranged = network.arrange(weights).unwrap();
    let mut values: Vec<Vec<f64>> = arranged.iter().map(|x| widen(x)).collect();
    let parameters = network.graph.parameters();
    let shape = |&p: &usize| network.graph.shape(parameters[p]).clone();
    let layout: Vec<_> =
        network.trained.iter().map(|p| (network.names[*p].clone(), shape(p))).collect();
    let mut optimizer = course.method.build_f64(&course.settings, &layout).unwrap();
    for _ in 0..steps {
        plan.run(&values, &mut workspace);
        optimizer.begin_step(LEARNING_RATE);
        for (index, (&parameter, (_, shape))) in network.trained.iter().zip(&layout).enumerate() {
            let decay = course.decay_of(shape);
            optimizer.update(index, &mut values[parameter], workspace.read(index), decay);
        }
    }
    Trained { names: network.names, values }
}
