//! The cost with weight decay, its gradient, and the scale of the data.

use fanin::data::{Targets, Task};
use fanin::engine::{Plan, Workspace};
use fanin::spec::{Loss, Mode, Network};
use fanin::train::Course;
use fanin::train::hyperparameters::Settings;

use super::{network, spec, train};

/// λ, large enough that leaving it out, or applying it to a bias, shows.
const DECAY: f64 = 0.3;

/// J = mean of ½‖h − y‖² + (λ/2)·ΣW², in f64.
struct Cost {
    network: Network,
    plan: Plan,
    workspace: Workspace<f64>,
}

impl Cost {
    fn at(&mut self, parameters: &[Vec<f64>]) -> f64 {
        self.plan.run(parameters, &mut self.workspace);
        let weights = self.network.names.iter().zip(parameters);
        let squares: f64 = weights
            .filter(|(name, _)| name.ends_with("weight"))
            .map(|(_, w)| w.iter().map(|w| w * w).sum::<f64>())
            .sum();
        self.workspace.read(self.network.trained.len())[0] + 0.5 * DECAY * squares
    }
}

#[test]
fn the_optimizer_follows_the_cost_with_decay_on_weights_and_not_on_biases() {
    for activation in ["sigmoid", "tanh"] {
        let text = format!("2 -> 4 {activation} -> 3 {activation} -> 1");
        let optimizer =
            format!("name = \"gradient-descent\", learning_rate = 0.5, weight_decay = {DECAY}");
        let mut spec = spec(&text, &optimizer, 1, "standard");
        "normal:0.7".clone_into(&mut spec.init.scheme);
        let (data, model) = network(&spec);
        let rows = data.train.rows();
        let mut network = Network::new(&model, &Loss::SquaredError, rows, Mode::Train).unwrap();
        let mut keep = network.add_gradients().unwrap();
        keep.push(network.loss);
        let plan = Plan::new(&network.graph, &keep).unwrap();
        let mut workspace = plan.workspace::<f64>();
        let Targets::Values { values, .. } = &data.train.targets else { panic!("numbers") };
        let features = workspace.feed(Network::FEATURES).iter_mut();
        features.zip(data.train.features.iter()).for_each(|(to, from)| *to = f64::from(*from));
        let targets = workspace.feed(Network::TARGETS).iter_mut();
        targets.zip(values).for_each(|(to, from)| *to = f64::from(*from));
        let mut cost = Cost { network, plan, workspace };

        let weights = fanin::initialize(&spec, &model, 3).unwrap();
        let start = cost.network.arrange(&weights).unwrap();
        let start: Vec<Vec<f64>> =
            start.iter().map(|p| p.iter().map(|&x| f64::from(x)).collect()).collect();
        cost.at(&start);
        let gradients: Vec<Vec<f64>> =
            (0..start.len()).map(|k| cost.workspace.read(k).to_vec()).collect();

        let course = Course::new(&spec, Task::Regression, 0).unwrap();
        let tensors = weights.tensors.iter();
        let layout: Vec<_> = tensors.map(|(n, t)| (n.clone(), t.shape().clone())).collect();
        let decays: Vec<f64> = layout.iter().map(|(_, shape)| course.decay_of(shape)).collect();
        let mut optimizer = course.method.build_f64(&Settings::new(), &layout).unwrap();
        let mut after = start.clone();
        let gradient = |k: usize| -> &[f64] { &gradients[k] };
        optimizer.step(course.learning_rate, &mut after, &gradient, &decays);

        // Central differences err by h²·J'''/6 + rounding/h: 1e-10 here.
        let h = 1e-5;
        for parameter in 0..start.len() {
            for element in 0..start[parameter].len() {
                let mut at = |step: f64| {
                    let mut moved = start.clone();
                    moved[parameter][element] += step;
                    cost.at(&moved)
                };
                let slope = (at(h) - at(-h)) / (2.0 * h);
                let step = start[parameter][element] - after[parameter][element];
                let followed = step / course.learning_rate;
                let name = &layout[parameter].0;
                assert!((slope - followed).abs() < 1e-8, "{name} {element}: {slope} {followed}");
            }
        }
    }
}

#[test]
fn features_a_hundred_times_too_large_spoil_a_start_that_learns_from_standardized_ones() {
    let run = |factor: f32, learning_rate: f64| {
        let optimizer = format!("name = \"gradient-descent\", learning_rate = {learning_rate}");
        let spec = spec("2 -> 16 relu -> 1", &optimizer, 1000, "standard");
        let (mut data, model) = network(&spec);
        data.train.features.iter_mut().for_each(|x| *x *= factor);
        data.test = None;
        let weights = fanin::initialize(&spec, &model, 1).unwrap();
        train(&spec, &model, &weights, &data).map(|(loss, _)| loss)
    };
    let learned = 0.02;
    assert!(run(1.0, 0.1).is_some_and(|loss| loss < learned));
    assert_eq!(run(100.0, 0.1), None, "the same step diverges");
    for learning_rate in [1e-3, 1e-4, 1e-5, 1e-6, 1e-7] {
        let loss = run(100.0, learning_rate);
        assert!(loss.is_none_or(|loss| loss > 2.0 * learned), "{learning_rate}: {loss:?}");
    }
}
