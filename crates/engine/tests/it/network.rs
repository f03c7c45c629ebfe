//! A small network to test on: deterministic weights, data and loss.

use fanin_engine::activations::find;
use fanin_engine::{Element, Graph, Plan, Type, Wire, Workspace, gradients};

/// A fully connected network with its loss and the gradients of all parameters.
pub struct Network {
    pub graph: Graph,
    pub loss: Wire,
    pub gradients: Vec<Wire>,
    pub activations: Vec<Wire>,
    rows: usize,
    widths: Vec<usize>,
}

/// Builds the network of these widths, with cross-entropy at the end.
pub fn network(rows: usize, widths: &[usize], activation: &str) -> Network {
    let activation = find(activation).unwrap();
    let mut graph = Graph::new();
    let mut a = graph.input("x", Type::float([rows, widths[0]]));
    let target = graph.input("t", Type::float([rows, *widths.last().unwrap()]));
    let mut activations = Vec::new();
    for (layer, pair) in widths.windows(2).enumerate() {
        let w = graph.parameter(&format!("{layer}.weight"), [pair[1], pair[0]]);
        let b = graph.parameter(&format!("{layer}.bias"), [pair[1]]);
        a = graph.linear(a, w, Some(b)).unwrap();
        if layer + 2 < widths.len() {
            a = graph.activate(a, &*activation).unwrap();
            activations.push(a);
        }
    }
    let loss = graph.softmax_cross_entropy(a, target).unwrap();
    let parameters = graph.parameters().to_vec();
    let gradients = gradients(&mut graph, loss, &parameters).unwrap();
    Network { graph, loss, gradients, activations, rows, widths: widths.to_vec() }
}

/// A number in (−1, 1) that depends on the index alone.
pub fn number(index: usize) -> f64 {
    let mixed = (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 11) as f64
        / (1_u64 << 52) as f64
        - 1.0
}

impl Network {
    pub fn parameters<T: Element>(&self) -> Vec<Vec<T>> {
        let sizes = self.graph.parameters().iter().map(|&w| self.graph.shape(w).elements());
        let fan_in = |p: usize| self.widths[p / 2 % (self.widths.len() - 1)] as f64;
        let value = |p: usize, i: usize| T::from_f64(number(p * 7919 + i) / fan_in(p).sqrt());
        sizes.enumerate().map(|(p, n)| (0..n).map(|i| value(p, i)).collect()).collect()
    }

    pub fn feed<T: Element>(&self, workspace: &mut Workspace<T>) {
        for (i, x) in workspace.feed(0).iter_mut().enumerate() {
            *x = T::from_f64(number(i + 104_729));
        }
        let classes = *self.widths.last().unwrap();
        let targets = workspace.feed(1);
        targets.fill(T::ZERO);
        (0..self.rows).for_each(|row| targets[row * classes + row % classes] = T::ONE);
    }

    pub fn compute<T: Element>(&self, keep: &[Wire]) -> Vec<Vec<T>> {
        let plan = Plan::new(&self.graph, keep).unwrap();
        let mut workspace = plan.workspace::<T>();
        self.feed(&mut workspace);
        plan.run(&self.parameters(), &mut workspace);
        (0..keep.len()).map(|k| workspace.read(k).to_vec()).collect()
    }
}
