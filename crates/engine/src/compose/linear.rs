//! A fully connected layer.

use crate::error::Result;
use crate::graph::{Graph, Wire};

impl Graph {
    /// z = x · Wᵀ + b, for x (rows, in), W (out, in) and b (out).
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn linear(&mut self, x: Wire, weight: Wire, bias: Option<Wire>) -> Result<Wire> {
        let product = self.matmul_transposed(x, weight)?;
        match bias {
            Some(bias) => self.add(product, bias),
            None => Ok(product),
        }
    }
}
