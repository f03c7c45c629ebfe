//! Two by two numbers, for what two rows have to do with each other.

/// A matrix over two rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Two(pub [[f64; 2]; 2]);

impl Two {
    /// What is told of every two rows, of these two.
    pub fn of_rows(products: &[f64], a: usize, b: usize) -> Self {
        let rows = products.len().isqrt();
        let at = |a: usize, b: usize| products[a * rows + b];
        Self([[at(a, a), at(a, b)], [at(b, a), at(b, b)]])
    }

    /// The inverse of mean products; of two rows nearly along one line, that along the line (Moore and Penrose).
    ///
    /// What two like rows differ in tells next to nothing of slopes that are nearly the same, but units that are
    /// drawn have chance in it however small it is, and gradients that cancel over rows are as small.
    pub fn inverse(self) -> Self {
        /// The square of the sine between such rows.
        const NEAR: f64 = 0.1;
        let Self([[a, c], [_, b]]) = self;
        // Squares of sizes may be beyond what f64 holds.
        let (root_a, root_b) = (a.sqrt(), b.sqrt());
        let cosine = (c / root_a / root_b).clamp(-1.0, 1.0);
        let left = 1.0 - cosine * cosine;
        if left > NEAR {
            let off = -cosine / left / root_a / root_b;
            Self([[1.0 / left / a, off], [off, 1.0 / left / b]])
        } else {
            // Of the matrix v·vᵀ it is v·vᵀ/|v|⁴.
            let size = a + b;
            let off = cosine.signum() * (root_a / size) * (root_b / size);
            Self([[a / size / size, off], [off, b / size / size]])
        }
    }

    pub fn times(self, other: Self) -> Self {
        let at = |i: usize, j: usize| self.0[i][0] * other.0[0][j] + self.0[i][1] * other.0[1][j];
        Self([[at(0, 0), at(0, 1)], [at(1, 0), at(1, 1)]])
    }

    pub fn plus(self, other: Self) -> Self {
        self.zipped(other, |x, y| x + y)
    }

    pub fn less(self, other: Self) -> Self {
        self.zipped(other, |x, y| x - y)
    }

    pub fn scaled(self, by: f64) -> Self {
        self.zipped(self, |x, _| by * x)
    }

    /// The sum of all products of the same place.
    pub fn dot(self, other: Self) -> f64 {
        self.zipped(other, |x, y| x * y).0.as_flattened().iter().sum()
    }

    pub fn transposed(self) -> Self {
        let [[a, b], [c, d]] = self.0;
        Self([[a, c], [b, d]])
    }

    /// With the two rows in other order, on both sides.
    pub fn swapped(self) -> Self {
        let [[a, b], [c, d]] = self.0;
        Self([[d, c], [b, a]])
    }

    fn zipped(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let at = |i: usize, j: usize| f(self.0[i][j], other.0[i][j]);
        Self([[at(0, 0), at(0, 1)], [at(1, 0), at(1, 1)]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_undoes_what_rows_span() {
        for (a, b, c) in [(2.0, 3.0, 1.0), (2.0, 2.0, 2.0), (1.0, 4.0, -2.0)] {
            for size in [1.0, 1e200, 1e-200] {
                let one = Two([[a, c], [c, b]]);
                let inverse = one.scaled(size).inverse().scaled(size);
                let again = one.times(inverse).times(one);
                assert!(again.less(one).dot(again.less(one)) < 1e-20, "{one:?} {again:?}");
            }
        }
    }

    #[test]
    fn of_rows_nearly_along_one_line_the_line_alone_is_inverted() {
        let near = Two([[1.0, 0.97], [0.97, 1.0]]).inverse();
        assert!(near.less(Two([[0.25; 2]; 2])).dot(near) < 1e-15, "{near:?}");
    }
}
