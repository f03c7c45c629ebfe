//! Losses, each the mean over the rows of a batch, as a scalar.
//!
//! Key: h output of the network, y target, z logits; all of shape (rows, outputs).

use crate::activations::find;
use crate::error::Result;
use crate::graph::{Graph, Wire};

impl Graph {
    /// Mean over rows of ½‖h − y‖², the cost of the backpropagation tutorial.
    ///
    /// # Errors
    /// If the shapes differ.
    pub fn half_squared_error(&mut self, h: Wire, y: Wire) -> Result<Wire> {
        let rows = self.shape(h).axes()[0];
        let error = self.subtract(h, y)?;
        let square = self.multiply(error, error)?;
        let sum = self.sum_to(square, [])?;
        self.affine(sum, 0.5 / rows as f64, 0.0)
    }

    /// Mean over all elements of (h − y)², as PyTorch's `MSELoss`.
    ///
    /// # Errors
    /// If the shapes differ.
    pub fn mean_squared_error(&mut self, h: Wire, y: Wire) -> Result<Wire> {
        let error = self.subtract(h, y)?;
        let square = self.multiply(error, error)?;
        self.mean_to(square, [])
    }

    /// Mean over rows of −Σ t · ln softmax(z).
    ///
    /// # Errors
    /// If the shapes differ.
    pub fn softmax_cross_entropy(&mut self, z: Wire, t: Wire) -> Result<Wire> {
        let rows = self.cross_entropy(z, t)?;
        self.mean_to(rows, [])
    }

    /// Mean of −Σ t · ln softmax(z) over the rows whose t has a sum of 1; rows of zeros ask for
    /// nothing, as those of PyTorch's `ignore_index`. 0 where no row asks.
    ///
    /// # Errors
    /// If the shapes differ.
    pub fn softmax_cross_entropy_where_asked(&mut self, z: Wire, t: Wire) -> Result<Wire> {
        let rows = self.cross_entropy(z, t)?;
        let all = self.sum_to(rows, [])?;
        let asked = self.sum_to(t, [])?;
        let one = self.constant([], 1.0)?;
        let asked = self.larger(asked, one)?;
        self.divide(all, asked)
    }

    /// Mean over all elements of −t·ln σ(z) − (1−t)·ln(1−σ(z)) = softplus(z) − t·z, as PyTorch's
    /// `BCEWithLogitsLoss`.
    ///
    /// # Errors
    /// If the shapes differ.
    pub fn binary_cross_entropy(&mut self, z: Wire, t: Wire) -> Result<Wire> {
        let softplus = find("softplus").expect("softplus is in the registry");
        let base = self.activate(z, &*softplus)?;
        let reward = self.multiply(t, z)?;
        let loss = self.subtract(base, reward)?;
        self.mean_to(loss, [])
    }

    /// Mean over all elements of ½r² where |r| ≤ δ and δ|r| − ½δ² beyond, r = h − y, as
    /// PyTorch's `HuberLoss` (Huber 1964).
    ///
    /// With c = r clipped to ±δ this is c · (r − c/2).
    ///
    /// # Errors
    /// If the shapes differ.
    pub fn huber(&mut self, h: Wire, y: Wire, delta: f64) -> Result<Wire> {
        let clip = find("hardtanh").expect("hardtanh is in the registry");
        let error = self.subtract(h, y)?;
        let unit = self.affine(error, 1.0 / delta, 0.0)?;
        let clipped_unit = self.activate(unit, &*clip)?;
        let clipped = self.affine(clipped_unit, delta, 0.0)?;
        let half = self.affine(clipped, 0.5, 0.0)?;
        let rest = self.subtract(error, half)?;
        let loss = self.multiply(clipped, rest)?;
        self.mean_to(loss, [])
    }
}
