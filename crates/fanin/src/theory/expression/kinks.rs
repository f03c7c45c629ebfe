//! Where the pieces of an expression meet: quadrature is split there.

use super::node::{Function, Node, Operator};

/// Kinks at most; a function with more bends too often for any rule here.
const MOST: usize = 1000;

/// Where an argument of a function of pieces changes its sign, ascending.
///
/// Signs are taken on a grid of 1/32 up to 32 and growing by 1 % beyond, to 10⁵; two changes
/// between neighbors are not seen.
pub fn kinks(node: &Node) -> Vec<f64> {
    let mut switches = Vec::new();
    collect(node, &mut switches);
    let mut kinks: Vec<f64> = switches.iter().flat_map(changes).collect();
    kinks.sort_by(f64::total_cmp);
    kinks.dedup_by(|a, b| (*a - *b).abs() <= 1e-12 * b.abs().max(1e-3));
    kinks.truncate(MOST);
    kinks
}

/// What changes its sign where the node passes from one piece to another.
fn collect(node: &Node, switches: &mut Vec<Node>) {
    match node {
        Node::X | Node::Constant(_) => {}
        Node::Apply(function, u) => {
            use Function::{Abs, Relu, Sign, Sqrt, Step};
            if matches!(function, Abs | Relu | Sign | Step | Sqrt) {
                switches.push((**u).clone());
            }
            collect(u, switches);
        }
        Node::Power(u, _) => collect(u, switches),
        Node::Combine(operator, u, v) => {
            match operator {
                Operator::Max | Operator::Min => {
                    switches.push(Node::Combine(Operator::Subtract, u.clone(), v.clone()));
                }
                Operator::Power => switches.push((**u).clone()),
                _ => {}
            }
            collect(u, switches);
            collect(v, switches);
        }
    }
}

fn changes(switch: &Node) -> Vec<f64> {
    let sign = |x: f64| switch.value(x).partial_cmp(&0.0);
    let near = (0..=1024).map(|k| f64::from(k) / 32.0);
    let far = (1..810).map(|k| 32.0 * f64::powi(1.01, k));
    let right: Vec<f64> = near.chain(far).collect();
    let grid: Vec<f64> = right.iter().rev().map(|x| -x).chain(right.iter().copied()).collect();
    let mut found = Vec::new();
    for pair in grid.windows(2) {
        if sign(pair[0]) == sign(pair[1]) {
            continue;
        }
        let (mut low, mut high) = (pair[0], pair[1]);
        for _ in 0..80 {
            let middle = f64::midpoint(low, high);
            if sign(middle) == sign(low) { low = middle } else { high = middle }
        }
        // A zero itself has a sign of its own; it is where the pieces meet.
        let at = if switch.value(low) == 0.0 { low } else { high };
        found.push(if at.abs() < 1e-15 { 0.0 } else { at });
    }
    found
}
