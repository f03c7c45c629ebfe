//! Leaky rectifier with a trained slope (He et al. 2015).

use crate::activations::find;
use crate::error::Result;
use crate::graph::{Graph, Wire};

impl Graph {
    /// max(0, x) + slope · min(0, x) = relu(x) − slope · relu(−x), slope of shape (1).
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn prelu(&mut self, x: Wire, slope: Wire) -> Result<Wire> {
        let relu = find("relu").expect("relu is in the registry");
        let positive = self.activate(x, &*relu)?;
        let mirrored = self.affine(x, -1.0, 0.0)?;
        let negative = self.activate(mirrored, &*relu)?;
        let leak = self.multiply(negative, slope)?;
        self.subtract(positive, leak)
    }
}
