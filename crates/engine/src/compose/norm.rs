//! Normalization over the features of a row or over the rows of a batch.

use crate::error::Result;
use crate::graph::{Graph, Wire};
use crate::tensor::Shape;

/// Mean and population variance as wires.
#[derive(Clone, Copy, Debug)]
pub struct Statistics {
    /// The mean.
    pub mean: Wire,
    /// The mean square of the deviation from the mean.
    pub variance: Wire,
}

impl Graph {
    /// Mean and variance of `x` over the axes along which `shape` would have to stretch.
    ///
    /// # Errors
    /// If `shape` does not stretch to the shape of `x`.
    pub fn statistics(&mut self, x: Wire, shape: impl Into<Shape>) -> Result<Statistics> {
        let shape = shape.into();
        let mean = self.mean_to(x, shape.clone())?;
        let deviation = self.subtract(x, mean)?;
        let square = self.multiply(deviation, deviation)?;
        let variance = self.mean_to(square, shape)?;
        Ok(Statistics { mean, variance })
    }

    /// (x − mean) / √(variance + epsilon) · gain + shift.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn normalize(
        &mut self,
        x: Wire,
        statistics: Statistics,
        epsilon: f64,
        gain: Wire,
        shift: Wire,
    ) -> Result<Wire> {
        let deviation = self.subtract(x, statistics.mean)?;
        let safe = self.affine(statistics.variance, 1.0, epsilon)?;
        let scale = self.reciprocal_sqrt(safe)?;
        let unit = self.multiply(deviation, scale)?;
        let scaled = self.multiply(unit, gain)?;
        self.add(scaled, shift)
    }

    /// Layer normalization of x (rows, width) with gain and shift of shape (width)
    /// (Ba, Kiros & Hinton 2016).
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn layer_norm(&mut self, x: Wire, gain: Wire, shift: Wire, epsilon: f64) -> Result<Wire> {
        let column = [self.shape(x).axes()[0], 1];
        let statistics = self.statistics(x, column)?;
        self.normalize(x, statistics, epsilon, gain, shift)
    }

    /// Batch normalization of x (rows, width) by the batch's own statistics, which are given
    /// back too (Ioffe & Szegedy 2015).
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn batch_norm(
        &mut self,
        x: Wire,
        gain: Wire,
        shift: Wire,
        epsilon: f64,
    ) -> Result<(Wire, Statistics)> {
        let row = [self.shape(x).axes()[1]];
        let statistics = self.statistics(x, row)?;
        Ok((self.normalize(x, statistics, epsilon, gain, shift)?, statistics))
    }
}
