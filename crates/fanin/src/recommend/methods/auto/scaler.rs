//! Layers whose z says by how much noise or another signal is scaled, as exp(z/2) in a variational auto-encoder and
//! exp(z) in a coupling of a flow.
//!
//! Key: f the function of z that multiplies, s the slope of ln f at z = 0. Such a layer is no activation, whose z is
//! to be as large as others: at E (s·z)² = 1 some elements are scaled by e² and others by e⁻², and a chain of
//! couplings leaves all bounds. As people start them, with z near 0, all are scaled alike.

use std::collections::{BTreeSet, HashMap, HashSet};

use fanin_engine::Wire;
use fanin_engine::graph::Source;
use fanin_engine::ops::Structure;

use super::follow::tabulated;
use super::place::Surroundings;
use super::table::Table;
use super::walk::Walk;

/// Operators between z and the product, at most.
const MOST: usize = 16;
/// E (s·z)²: scales differ by a tenth.
const SPREAD: f64 = 0.01;
/// The same at most in a start that is left as it is.
const MOST_SPREAD: f64 = 1.0;

/// A layer whose z scales something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scaler {
    /// s.
    slope: f64,
}

impl Scaler {
    /// That of this z; none if it scales nothing.
    ///
    /// What multiplies noise or features is a scale if it is above 0 without end, as softplus(z); what multiplies
    /// a signal is one if ln f is odd but for a number, as of exp(z) or exp(tanh z), which tells it from a gate.
    pub fn of(
        walk: &Walk,
        (around, still): (&Surroundings<'_>, &HashSet<Wire>),
        numbers: &HashMap<Wire, f64>,
        z: Wire,
    ) -> Option<Self> {
        let graph = &walk.network.graph;
        let mut of_z = HashSet::from([z]);
        let mut open: BTreeSet<usize> = around.takers(z).iter().copied().collect();
        let (mut nodes, mut found) = (Vec::new(), None);
        while let Some(index) = open.pop_first() {
            let node = &graph.nodes()[index];
            if !(node.operator.is_pointwise() && node.outputs.len() == 1) {
                continue;
            }
            let own: Vec<Wire> =
                node.inputs.iter().copied().filter(|own| of_z.contains(own)).collect();
            let mut others = node.inputs.iter().copied().filter(|own| !of_z.contains(own));
            let is_product = node.operator.structure() == Structure::Product;
            // Noise that is off is its mean, 0.
            let is_noise = |other: &Wire| {
                walk.enters(*other) && numbers.get(other).is_none_or(|number| *number == 0.0)
            };
            match (&own[..], others.next()) {
                (&[scale], Some(other)) if is_product && is_noise(&other) => {
                    found = Some((scale, true));
                }
                (_, None) => {}
                (_, Some(other))
                    if still.contains(&other) && others.all(|own| still.contains(&own)) => {}
                (&[scale], Some(_)) if is_product => found = Some((scale, false)),
                _ => continue,
            }
            if found.is_some() {
                break;
            }
            if nodes.len() == MOST {
                return None;
            }
            nodes.push(index);
            of_z.insert(node.outputs[0]);
            open.extend(around.takers(node.outputs[0]));
        }
        let (scale, is_of_noise) = found.filter(|(scale, _)| *scale != z)?;
        let way = way(walk, &nodes, scale);
        let table = tabulated(graph, (z, &way, scale), numbers)?;
        let slope = slope(&table, is_of_noise)?;
        Some(Self { slope })
    }

    /// What E z² is to be.
    pub fn second(self) -> f64 {
        (SPREAD / self.slope.powi(2)).min(1.0)
    }

    /// Whether z of this second moment scales all nearly alike.
    pub fn is_even(self, signal: f64) -> bool {
        self.slope.powi(2) * signal <= MOST_SPREAD
    }
}

/// The nodes among `nodes` that a wire is made by.
fn way(walk: &Walk, nodes: &[usize], wire: Wire) -> Vec<usize> {
    let graph = &walk.network.graph;
    let (mut way, mut open) = (BTreeSet::new(), vec![wire]);
    while let Some(wire) = open.pop() {
        if let Source::Node(node, _) = graph.source(wire)
            && nodes.contains(&node)
            && way.insert(node)
        {
            open.extend(&graph.nodes()[node].inputs);
        }
    }
    way.into_iter().collect()
}

/// The slope of ln f at 0, if f is a scale.
fn slope(table: &Table, is_of_noise: bool) -> Option<f64> {
    /// Places on each side of 0 that are looked at.
    const PLACES: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
    /// How far ln f may be from odd.
    const ODD: f64 = 1e-3;
    let (middle, rise) = table.at(0.0);
    let is_positive =
        middle > 0.0 && PLACES.iter().all(|z| table.at(*z).0.min(table.at(-z).0) > 0.0);
    let odd = |z: &f64| (table.at(*z).0 / middle * (table.at(-z).0 / middle)).ln().abs() < ODD;
    let rises = |sign: f64| table.at(8.0 * sign).0 > 1.5 * table.at(4.0 * sign).0;
    let is_open = is_of_noise && (rises(1.0) || rises(-1.0));
    let is_scale = is_positive && (is_open || PLACES.iter().all(odd));
    let slope = rise / middle;
    (is_scale && slope != 0.0 && slope.is_finite()).then_some(slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(f: impl Fn(f64) -> f64, is_of_noise: bool) -> Option<f64> {
        slope(&Table::new(Table::places().into_iter().map(f).collect()).unwrap(), is_of_noise)
    }

    #[test]
    fn an_exponential_is_a_scale_wherever_it_multiplies() {
        for of_noise in [false, true] {
            assert!((found(|z| (0.5 * z).exp(), of_noise).unwrap() - 0.5).abs() < 1e-3);
            assert!((found(|z| 3.0 * z.tanh().exp(), of_noise).unwrap() - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn softplus_is_a_scale_of_noise_and_a_gate_of_signals() {
        let softplus = |z: f64| z.exp().ln_1p();
        let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
        assert!((found(softplus, true).unwrap() - 0.5 / 2.0_f64.ln()).abs() < 1e-3);
        assert_eq!(found(softplus, false), None);
        assert_eq!(found(sigmoid, false), None);
        assert_eq!(found(sigmoid, true), None, "it lets features through");
    }

    #[test]
    fn what_may_be_below_0_or_rests_at_0_is_none() {
        for of_noise in [false, true] {
            assert_eq!(found(f64::tanh, of_noise), None);
            assert_eq!(found(|z| z, of_noise), None);
            assert_eq!(found(|z| (-z * z).exp(), of_noise), None);
        }
    }
}
