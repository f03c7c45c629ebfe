//! Mirrored weights, with which a relu network starts as a linear one.
//!
//! relu(z) − relu(−z) = z. If every unit has a twin of opposite sign, and the next layer takes
//! their difference, nothing is lost: the network is the product of its orthogonal matrices A.

use super::orthogonal::fill_orthogonal;
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Matrix, Parameter, Position, Request};

/// [A; −A] first, [A, −A; −A, A] between, [A, −A] last, A orthogonal.
#[derive(Clone, Debug)]
pub struct LooksLinear;

const FACTS: Facts = Facts {
    name: "looks-linear",
    aliases: &["mirrored"],
    example: "looks-linear",
    argument: "",
    needs: "a known order of layers, and even widths between them",
    formula: "W = [A −A; −A A], first layer [A; −A], last [A −A]; A orthogonal, biases 0",
    source: "Balduzzi et al. 2017, arXiv 1702.08591; Burkholz & Dubatovka 2019",
    when: "relu networks of hundreds of layers without shortcuts or normalization",
    avoid: "activations without relu(z) − relu(−z) ∝ z, such as gelu or tanh: twins do not cancel",
};

/// How a matrix is made of a smaller one.
struct Mirror {
    matrix: Matrix,
    rows: usize,
    columns: usize,
}

impl Mirror {
    fn of(parameter: &Parameter) -> Result<Self> {
        let matrix = Matrix::of(parameter)?;
        let Some(layer) = parameter.place.layer else {
            return Err(parameter.unfit("no known place among the layers", "its place in a model"));
        };
        let Position { index, .. } = layer;
        let is_last = parameter.place.is_head || layer.is_last();
        let half = |what: &str, size: usize, is_whole: bool| match (is_whole, size % 2) {
            (true, _) => Ok(size),
            (false, 0) => Ok(size / 2),
            _ => {
                Err(parameter.unfit(format!("{size} {what}"), format!("an even number of {what}")))
            }
        };
        let rows = half("outputs", matrix.rows, is_last)?;
        let inputs = half("inputs", matrix.columns / matrix.taps, index == 0)?;
        let columns = inputs * matrix.taps;
        Ok(Self { matrix, rows, columns })
    }
}

impl Scheme for LooksLinear {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let mirror = Mirror::of(parameter)?;
        Ok(Distribution::joint(1.0 / (mirror.rows.max(mirror.columns) as f64).sqrt()))
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn fill(&self, request: &Request<'_>, _start: u64, out: &mut [f32]) -> Result<()> {
        let mirror = Mirror::of(request.parameter)?;
        let (rows, columns) = (mirror.rows, mirror.columns);
        let mut a = vec![0.0; rows * columns];
        fill_orthogonal(request.stream(), rows, columns, 1.0, &mut a);
        mirror.matrix.fill(out, |i, j| {
            let a = a[i % rows * columns + j % columns];
            let is_twin = (i >= rows) != (j >= columns);
            if is_twin { -a } else { a }
        });
        Ok(())
    }

    fn samples(&self) -> Vec<Parameter> {
        let sizes = [(300, 200), (200, 300), (150, 200)];
        let linear = |(index, (outputs, inputs))| {
            let mut weight = Parameter::linear(&format!("{index}.weight"), outputs, inputs);
            weight.place.layer = Some(Position { index, count: 3 });
            weight.followed_by("relu")
        };
        sizes.into_iter().enumerate().map(linear).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::init::{Rules, for_model};

    fn product(w: &fanin_engine::Tensor<f32>, x: &[f64]) -> Vec<f64> {
        let rows = w.data().chunks_exact(x.len());
        rows.map(|row| row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum()).collect()
    }

    /// A network of relu layers is additive: f(x + y) = f(x) + f(y); a square one keeps norms.
    #[test]
    fn network_is_linear_and_keeps_norms() {
        let model = "6 -> 12 relu -> 12 relu -> 16 relu -> 8".parse().unwrap();
        let weights = for_model(&model, &Rules::new("looks-linear"), 5).unwrap();
        let layers: Vec<_> =
            weights.tensors.iter().filter(|(n, _)| n.ends_with("weight")).collect();
        let network = |x: &[f64]| {
            layers.iter().enumerate().fold(x.to_vec(), |x, (index, (_, w))| {
                let z = product(w, &x);
                let relu = |z: f64| if index + 1 < layers.len() { z.max(0.0) } else { z };
                z.into_iter().map(relu).collect()
            })
        };
        let x: Vec<f64> = (0..6).map(|i| f64::sin(f64::from(i) + 1.0)).collect();
        let y: Vec<f64> = (0..6).map(|i| f64::cos(3.0 * f64::from(i))).collect();
        let sum: Vec<f64> = x.iter().zip(&y).map(|(x, y)| x + y).collect();
        let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
        let (at_x, at_y) = (network(&x), network(&y));
        for (k, at_sum) in network(&sum).iter().enumerate() {
            assert!((at_sum - at_x[k] - at_y[k]).abs() < 1e-6, "{at_sum} {at_x:?} {at_y:?}");
        }
        assert!((norm(&at_x) / norm(&x) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn odd_widths_are_refused() {
        let model = "6 -> 11 relu -> 3".parse().unwrap();
        let message = for_model(&model, &Rules::new("looks-linear"), 5).unwrap_err().to_string();
        assert!(message.contains("`0.weight`: found 11 outputs"), "{message}");
    }
}
