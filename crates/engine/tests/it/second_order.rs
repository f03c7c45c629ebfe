//! Differentiating twice: Hessian–vector products of a whole network.

use fanin_engine::gradients;

use crate::network::{network, number};

#[test]
fn hessian_vector_product_equals_difference_of_gradients() {
    let mut network = network(6, &[4, 5, 5, 3], "tanh");
    let sizes: Vec<_> = network.parameters::<f64>().iter().map(Vec::len).collect();
    let direction: Vec<Vec<f64>> =
        sizes.iter().map(|&n| (0..n).map(|i| number(i * 31 + n)).collect()).collect();

    let graph = &mut network.graph;
    let parameters = graph.parameters().to_vec();
    let mut slope = None;
    for (&gradient, &parameter) in network.gradients.iter().zip(&parameters) {
        let shape = graph.shape(parameter).clone();
        let along = graph.parameter("direction", shape);
        let product = graph.multiply(gradient, along).unwrap();
        let sum = graph.sum_to(product, []).unwrap();
        slope = Some(match slope {
            Some(total) => graph.add(total, sum).unwrap(),
            None => sum,
        });
    }
    let hessian_vector = gradients(graph, slope.unwrap(), &parameters).unwrap();

    let plan = fanin_engine::Plan::new(&network.graph, &hessian_vector).unwrap();
    let gradient_plan = fanin_engine::Plan::new(&network.graph, &network.gradients).unwrap();
    let base = network.parameters::<f64>();
    let base = base[..parameters.len()].to_vec();
    let at = |step: f64| {
        let mut moved = base.clone();
        for (p, d) in moved.iter_mut().zip(&direction) {
            p.iter_mut().zip(d).for_each(|(p, d)| *p += step * d);
        }
        moved.extend(direction.iter().cloned());
        let mut workspace = gradient_plan.workspace::<f64>();
        network.feed(&mut workspace);
        gradient_plan.run(&moved, &mut workspace);
        (0..parameters.len()).map(|k| workspace.read(k).to_vec()).collect::<Vec<_>>()
    };

    let mut workspace = plan.workspace::<f64>();
    network.feed(&mut workspace);
    let mut all = base.clone();
    all.extend(direction.iter().cloned());
    plan.run(&all, &mut workspace);

    let step = 1e-5;
    let (ahead, behind) = (at(step), at(-step));
    for k in 0..parameters.len() {
        for (i, exact) in workspace.read(k).iter().enumerate() {
            let estimate = (ahead[k][i] - behind[k][i]) / (2.0 * step);
            assert!((estimate - exact).abs() < 1e-8, "parameter {k}: {estimate} {exact}");
        }
    }
}
