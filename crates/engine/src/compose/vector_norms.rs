//! Sizes of groups of elements: sums of absolute values and of squares, and its root.

use crate::error::Result;
use crate::graph::{Graph, Wire};
use crate::ops::{IntegerFunction, Relation};
use crate::tensor::Shape;

impl Graph {
    /// Σ x² over the axes along which `shape` would have to stretch to fit `x`.
    ///
    /// # Errors
    /// If `shape` does not stretch to the shape of `x`.
    pub fn sum_of_squares_to(&mut self, x: Wire, shape: impl Into<Shape>) -> Result<Wire> {
        let square = self.multiply(x, x)?;
        self.sum_to(square, shape)
    }

    /// Σ |x| over the axes along which `shape` would have to stretch to fit `x`.
    ///
    /// # Errors
    /// If `shape` does not stretch to the shape of `x`.
    pub fn l1_norm_to(&mut self, x: Wire, shape: impl Into<Shape>) -> Result<Wire> {
        let size = if self.is_integer(x) {
            self.integer_unary(IntegerFunction::Absolute, x)?
        } else {
            self.absolute(x)?
        };
        self.sum_to(size, shape)
    }

    /// √Σ x² over the axes along which `shape` would have to stretch to fit `x`; the derivative
    /// where all are 0 is taken as 0.
    ///
    /// # Errors
    /// If `shape` does not stretch to the shape of `x`, or `x` holds integers.
    pub fn l2_norm_to(&mut self, x: Wire, shape: impl Into<Shape>) -> Result<Wire> {
        let sum = self.sum_of_squares_to(x, shape)?;
        let (zero, one) = (self.constant([], 0.0)?, self.constant([], 1.0)?);
        let none = self.compare(Relation::Equal, sum, zero)?;
        let positive = self.choose(none, one, sum)?;
        let root = self.sqrt(positive)?;
        self.choose(none, zero, root)
    }
}

#[cfg(test)]
mod tests {
    use crate::evaluate::{Array, compute};
    use crate::gradients;

    #[test]
    fn sizes_and_their_slopes_are_those_of_torch() {
        let x = Array::float([2, 2], vec![3.0, -4.0, 0.0, 0.0]).unwrap();
        let got = compute(&[&x], 100, |g, w| {
            let sizes = [
                g.l2_norm_to(w[0], [2, 1])?,
                g.l1_norm_to(w[0], [2, 1])?,
                g.sum_of_squares_to(w[0], [2, 1])?,
            ];
            let mut all = sizes.to_vec();
            for size in sizes {
                all.extend(gradients(g, size, &[w[0]])?);
            }
            Ok(all)
        });
        let expected: [&[f64]; 6] = [
            &[5.0, 0.0],
            &[7.0, 0.0],
            &[25.0, 0.0],
            &[0.6, -0.8, 0.0, 0.0],
            &[1.0, -1.0, 0.0, 0.0],
            &[6.0, -8.0, 0.0, 0.0],
        ];
        for (got, expected) in got.unwrap().iter().zip(expected) {
            for (got, expected) in got.floats().unwrap().iter().zip(expected) {
                assert!((got - expected).abs() < 1e-15, "{got} {expected}");
            }
        }
    }

    #[test]
    fn integers_have_sizes_and_means_too() {
        let x = Array::integer([2, 2], vec![3, -4, -1, -2]).unwrap();
        let got = compute(&[&x], 100, |g, w| {
            Ok(vec![
                g.l1_norm_to(w[0], [2, 1])?,
                g.sum_of_squares_to(w[0], [2, 1])?,
                g.mean_to(w[0], [2, 1])?,
                g.product_to(w[0], [])?,
            ])
        });
        let got: Vec<_> = got.unwrap().iter().map(|a| a.integers().unwrap().to_vec()).collect();
        assert_eq!(got, [vec![7, 3], vec![25, 5], vec![0, -1], vec![-24]]);
    }
}
