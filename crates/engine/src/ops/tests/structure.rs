//! What operators say of how outputs hang together with inputs, held against what they compute.

use super::super::Structure;
use super::{Numbers, case, samples};
use crate::graph::{Kind, Wire};

/// Whether two lists of numbers are the same up to rounding.
fn near(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9 * (1.0 + b.abs()))
}

/// Inputs stretched to the output's shape, as the engine does it.
fn stretched(case: &mut super::Case) -> Vec<Vec<f64>> {
    let shape = case.graph.shape(case.output).clone();
    let inputs = case.inputs.clone();
    let stretch = |wire: Wire| {
        let wire = case.graph.broadcast_to(wire, shape.clone()).unwrap();
        // Parameters themselves cannot be read.
        case.graph.affine(wire, 1.0, 0.0).unwrap()
    };
    let wires: Vec<Wire> = inputs.into_iter().map(stretch).collect();
    case.compute(&wires, &case.parameters)
}

#[test]
fn declared_structures_are_those_that_are_computed() {
    let mut numbers = Numbers(11);
    let mut seen = 0;
    for (entry, sample) in samples() {
        let structure = sample.operator.structure();
        let case = case(&sample, &mut numbers);
        let kind = case.graph.type_of(case.output).kind;
        let is_empty = case.parameters.first().is_some_and(Vec::is_empty);
        if structure == Structure::Other || kind == Kind::Integer || is_empty {
            continue;
        }
        let (x, y) = (&case.parameters[0], &case.compute(&[case.output], &case.parameters)[0]);
        let changed = |f: &dyn Fn(f64) -> f64| {
            let mut parameters = case.parameters.clone();
            parameters[0].iter_mut().for_each(|x| *x = f(*x));
            case.compute(&[case.output], &parameters).swap_remove(0)
        };
        let holds = match structure {
            Structure::Other => true,
            Structure::Sum { factors, shift } => {
                let inputs = stretched(&mut case.clone());
                let sum = |at: usize| {
                    let terms = inputs.iter().zip(&factors).map(|(input, by)| by * input[at]);
                    shift + terms.sum::<f64>()
                };
                near(y, &(0..y.len()).map(sum).collect::<Vec<f64>>())
            }
            Structure::Product => {
                let inputs = stretched(&mut case.clone());
                let product = |at: usize| inputs.iter().map(|input| input[at]).product();
                near(y, &(0..y.len()).map(product).collect::<Vec<f64>>())
            }
            Structure::Stretched | Structure::Moved | Structure::Picked => {
                y.iter().all(|y| x.iter().any(|x| x == y))
            }
            Structure::Placed => {
                let filled: Vec<f64> = y.iter().copied().filter(|y| *y != 0.0).collect();
                filled.len() == x.len() && x.iter().all(|x| filled.contains(x))
            }
            Structure::Summed => near(&[y.iter().sum()], &[x.iter().sum()]),
            Structure::Shares => {
                let axes = case.graph.shape(case.output).axes().to_vec();
                let width = axes[axes.len() - 1];
                let sums = y.chunks_exact(width.max(1)).map(|row| row.iter().sum());
                let sums: Vec<f64> = sums.collect();
                y.iter().all(|y| *y >= 0.0) && near(&sums, &vec![1.0; sums.len()])
            }
            Structure::Largest => {
                // Places in the padding alone hold no element.
                let places = y.iter().zip(changed(&f64::exp)).filter(|(y, _)| y.is_finite());
                let (risen, found): (Vec<f64>, Vec<f64>) =
                    places.map(|(y, found)| (y.exp(), found)).unzip();
                near(&found, &risen) && !risen.is_empty()
            }
            Structure::StandardizedGradient => {
                // It goes with the gradient, and with the factor of a group, which comes third.
                let mut parameters = case.parameters.clone();
                parameters[2].iter_mut().for_each(|factor| *factor *= 3.0);
                let found = case.compute(&[case.output], &parameters).swap_remove(0);
                let times = |by: f64| y.iter().map(|y| by * y).collect::<Vec<f64>>();
                near(&changed(&|x| 2.0 * x), &times(2.0)) && near(&found, &times(3.0))
            }
            Structure::Standardized => {
                // So large that no ε counts.
                near(&changed(&|x| 1e9 * x), &changed(&|x| 1e8 * x))
            }
        };
        assert!(holds, "{}: {:?}", entry.name, sample.operator);
        seen += 1;
    }
    assert!(seen > 12, "{seen} structures were seen");
}
