//! Normal numbers in rows that go together as rows of a layer do.

use fanin_kernels::matmul::{Matrix, matmul};
use fanin_kernels::random::{Stream, fill_normal};

use super::batch::square_root;

/// Rows of normal numbers: columns are independent, and of one the rows have means and mean products.
#[derive(Clone, Debug)]
pub struct NormalRows {
    means: Vec<f64>,
    /// The lower triangle whose square is the covariance.
    root: Vec<f64>,
}

impl NormalRows {
    /// Rows with these mean products of every two, one row after another, and these means.
    pub fn new(products: &[f64], means: &[f64]) -> Self {
        let rows = means.len();
        let common = |at: usize| means[at / rows] * means[at % rows];
        let covariance: Vec<f64> =
            products.iter().enumerate().map(|(at, product)| product - common(at)).collect();
        Self { means: means.to_vec(), root: square_root(&covariance, rows) }
    }

    /// Draws so many columns; numbers stand row by row.
    ///
    /// ```
    /// use fanin_engine::spread::NormalRows;
    /// use fanin_kernels::random::Stream;
    /// let alike = NormalRows::new(&[2.0; 4], &[1.0; 2]);
    /// let drawn = alike.draw(3, Stream::new(0, "rows"));
    /// assert_eq!(drawn[..3], drawn[3..]);
    /// ```
    pub fn draw(&self, columns: usize, stream: Stream) -> Vec<f64> {
        let rows = self.means.len();
        let mut numbers = vec![0.0_f32; rows * columns];
        fill_normal(stream, 0, 0.0, 1.0, &mut numbers);
        let numbers: Vec<f64> = numbers.into_iter().map(f64::from).collect();
        let mut drawn: Vec<f64> =
            self.means.iter().flat_map(|mean| std::iter::repeat_n(*mean, columns)).collect();
        let root = Matrix::new(&self.root, rows, rows);
        matmul(root, Matrix::new(&numbers, rows, columns), &mut drawn, true);
        drawn
    }
}
