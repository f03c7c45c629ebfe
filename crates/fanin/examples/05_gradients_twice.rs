//! Backpropagation applied to its own result: a Hessian–vector product of a whole network.
//!
//! Gradients are graph nodes like any other. With g the gradient of the loss and v a direction,
//! the gradient of g·v is Hv: how the gradient changes on a step along v.

use fanin::engine::{Plan, gradients};
use fanin::spec::{Loss, Mode, Model, Network};

/// Compares Hv with the difference of two gradients, in f64.
pub fn main() -> fanin::Result<()> {
    let model: Model = "2 -> 4 tanh -> 1".parse()?;
    let mut network = Network::new(&model, &Loss::SquaredError, 3, Mode::Train)?;
    let g = network.add_gradients()?;
    let graph = &mut network.graph;
    let w = graph.parameters()[0];
    let v = graph.parameter("v", [4, 2]);
    let products = graph.multiply(g[0], v)?;
    let slope = graph.sum_to(products, [])?;
    let hv = gradients(graph, slope, &[w])?[0];

    let plan = Plan::new(&network.graph, &[g[0], hv])?;
    let mut workspace = plan.workspace::<f64>();
    workspace.feed(Network::FEATURES).copy_from_slice(&[1.0, 0.5, -0.5, 1.0, 0.2, -1.0]);
    workspace.feed(Network::TARGETS).copy_from_slice(&[1.0, -1.0, 0.5]);
    let mut at = |step: f64| {
        let mut parameters = [vec![0.3; 8], vec![0.1; 4], vec![0.7, -0.2, 0.4, 0.1], vec![0.0]];
        parameters[0][3] += step;
        let direction: Vec<f64> = (0..8).map(|i| f64::from(u8::from(i == 3))).collect();
        plan.run(&[&parameters[..], &[direction]].concat(), &mut workspace);
        (workspace.read(0).to_vec(), workspace.read(1).to_vec())
    };
    let (step, exact) = (1e-5, at(0.0).1);
    let (ahead, behind) = (at(step).0, at(-step).0);
    for (k, hv) in exact.iter().enumerate() {
        let difference = (ahead[k] - behind[k]) / (2.0 * step);
        println!("{hv:>12.8} against {difference:>12.8}");
        assert!((hv - difference).abs() < 1e-8);
    }
    Ok(())
}
