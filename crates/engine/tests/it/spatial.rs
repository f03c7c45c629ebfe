//! Spatial operators in a plan: nothing is allocated, threads change no bit.

use fanin_engine::activations::find;
use fanin_engine::ops::Window;
use fanin_engine::{Graph, Plan, Type, Wire, gradients};
use fanin_kernels::threads;

struct Network {
    graph: Graph,
    keep: Vec<Wire>,
}

/// Convolutions of all kinds in a row, with loss and gradients.
fn network() -> Network {
    let mut graph = Graph::new();
    let window = Window { pads: vec![(1, 1); 2], ..Window::new(2) };
    let strided = Window { strides: vec![2, 2], ..window.clone() };
    let x = graph.input("x", Type::float([5, 3, 24, 20]));
    let stem = graph.parameter("stem", [40, 3, 3, 3]);
    let dense = graph.parameter("dense", [36, 40, 3, 3]);
    let depthwise = graph.parameter("depthwise", [36, 1, 3, 3]);
    let point = graph.parameter("point", [4, 36, 1, 1]);
    let upward = graph.parameter("upward", [4, 2, 2, 2]);
    let relu = find("relu").unwrap();
    let mut h = graph.convolution(x, stem, &window, 1).unwrap();
    h = graph.activate(h, &*relu).unwrap();
    h = graph.convolution(h, dense, &strided, 1).unwrap();
    h = graph.activate(h, &*relu).unwrap();
    h = graph.convolution(h, depthwise, &window, 36).unwrap();
    h = graph.convolution(h, point, &Window::new(2), 1).unwrap();
    let twice = Window { strides: vec![2, 2], ..Window::new(2) };
    h = graph.transposed_convolution(h, upward, &twice, &[0, 0], 1).unwrap();
    let square = graph.multiply(h, h).unwrap();
    let loss = graph.mean_to(square, []).unwrap();
    let parameters = graph.parameters().to_vec();
    let mut keep = gradients(&mut graph, loss, &parameters).unwrap();
    keep.push(loss);
    Network { graph, keep }
}

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919 + 13) % 1000) as f32 / 500.0 - 1.0).collect()
}

impl Network {
    fn parameters(&self) -> Vec<Vec<f32>> {
        let shapes = self.graph.parameters().iter().map(|&w| self.graph.shape(w));
        shapes.map(|shape| numbers(shape.elements())).collect()
    }
}

#[test]
fn a_planned_step_of_convolutions_allocates_nothing() {
    let network = network();
    let plan = Plan::new(&network.graph, &network.keep).unwrap();
    let mut workspace = plan.workspace::<f32>();
    let feed = workspace.feed(0);
    feed.copy_from_slice(&numbers(feed.len()));
    let parameters = network.parameters();
    threads::pool(1).unwrap().install(|| {
        plan.run(&parameters, &mut workspace);
        let counted = allocation_counter::measure(|| plan.run(&parameters, &mut workspace));
        assert_eq!(counted.count_total, 0);
    });
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let network = network();
    let plan = Plan::new(&network.graph, &network.keep).unwrap();
    let run = |count: usize| {
        let mut workspace = plan.workspace::<f32>();
        let feed = workspace.feed(0);
        feed.copy_from_slice(&numbers(feed.len()));
        let parameters = network.parameters();
        threads::pool(count).unwrap().install(|| plan.run(&parameters, &mut workspace));
        (0..network.keep.len()).map(|k| workspace.read(k).to_vec()).collect::<Vec<_>>()
    };
    let one = run(1);
    assert!(one.iter().all(|values| values.iter().any(|&x| x != 0.0)));
    assert_eq!(one, run(2));
    assert_eq!(one, run(5));
}
