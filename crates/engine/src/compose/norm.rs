//! Normalization over the axes of a row, over channels, or over the rows of a batch.
//!
//! Key: B batch, C channels; gain and shift have the shape of what they scale.

use crate::error::Result;
use crate::graph::{Graph, Wire, misfit};
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

    /// Layer normalization of x over as many trailing axes as `gain` and `shift` have (Ba, Kiros
    /// & Hinton 2016).
    ///
    /// # Errors
    /// If the trailing axes of x are not those of gain and shift.
    pub fn layer_norm(&mut self, x: Wire, gain: Wire, shift: Wire, epsilon: f64) -> Result<Wire> {
        let unit = self.standardize_trailing(x, self.shape(gain).rank(), epsilon)?;
        let scaled = self.multiply(unit, gain)?;
        self.add(scaled, shift)
    }

    /// x brought to mean 0 and variance 1 over its last `axes` axes.
    ///
    /// # Errors
    /// If x has fewer axes, or none of its elements.
    pub fn standardize_trailing(&mut self, x: Wire, axes: usize, epsilon: f64) -> Result<Wire> {
        let rows = self.trailing_rows(x, axes)?;
        let unit = self.standardize(rows, epsilon)?.elements;
        self.reshape(unit, self.shape(x).clone())
    }

    /// Root-mean-square normalization of x over as many trailing axes as `gain` has (Zhang &
    /// Sennrich 2019).
    ///
    /// # Errors
    /// If the trailing axes of x are not those of gain.
    pub fn rms_norm(&mut self, x: Wire, gain: Wire, epsilon: f64) -> Result<Wire> {
        let rows = self.trailing_rows(x, self.shape(gain).rank())?;
        let unit = self.standardize_square(rows, epsilon)?;
        let unit = self.reshape(unit, self.shape(x).clone())?;
        self.multiply(unit, gain)
    }

    /// Batch normalization of x (B, C, …) by the batch's own statistics, which are given back too,
    /// of shape (C) (Ioffe & Szegedy 2015).
    ///
    /// # Errors
    /// If gain and shift are not of shape (C).
    pub fn batch_norm(
        &mut self,
        x: Wire,
        gain: Wire,
        shift: Wire,
        epsilon: f64,
    ) -> Result<(Wire, Statistics)> {
        let [batch, channels, inner] = self.channels(x)?;
        if inner == 1 && self.shape(x).rank() == 2 {
            let statistics = self.statistics(x, [channels])?;
            return Ok((self.normalize(x, statistics, epsilon, gain, shift)?, statistics));
        }
        let blocks = self.reshape(x, [batch, channels, inner])?;
        let unit = self.standardize(blocks, epsilon)?;
        let scaled = self.scale_channels(unit.elements, gain, shift)?;
        let y = self.reshape(scaled, self.shape(x).clone())?;
        Ok((y, Statistics { mean: unit.mean, variance: unit.variance }))
    }

    /// Batch normalization of x (B, C, …) by given statistics of shape (C), as a trained network
    /// does: one scale and one shift for every channel.
    ///
    /// # Errors
    /// If statistics, gain and shift are not of shape (C).
    pub fn batch_norm_by(
        &mut self,
        x: Wire,
        statistics: Statistics,
        epsilon: f64,
        gain: Wire,
        shift: Wire,
    ) -> Result<Wire> {
        let sizes = self.channels(x)?;
        let safe = self.affine(statistics.variance, 1.0, epsilon)?;
        let factor = self.reciprocal_sqrt(safe)?;
        let scale = self.multiply(gain, factor)?;
        let moved = self.multiply(statistics.mean, scale)?;
        let shift = self.subtract(shift, moved)?;
        let blocks = self.reshape(x, sizes)?;
        let scaled = self.scale_channels(blocks, scale, shift)?;
        self.reshape(scaled, self.shape(x).clone())
    }

    /// Group normalization of x (B, C, …): `groups` groups of channels, each image for itself,
    /// then gain and shift of shape (C) (Wu & He 2018). With as many groups as channels this is
    /// instance normalization (Ulyanov et al. 2016).
    ///
    /// # Errors
    /// If the groups do not divide the channels, or gain and shift are not of shape (C).
    pub fn group_norm(
        &mut self,
        x: Wire,
        groups: usize,
        gain: Wire,
        shift: Wire,
        epsilon: f64,
    ) -> Result<Wire> {
        let [batch, channels, inner] = self.channels(x)?;
        if groups == 0 || channels % groups != 0 {
            let expected = format!("channels that {groups} groups divide");
            return Err(misfit("group_norm", &[self.type_of(x)], expected));
        }
        let rows = self.reshape(x, [1, batch * groups, channels / groups * inner])?;
        let unit = self.standardize(rows, epsilon)?.elements;
        let blocks = self.reshape(unit, [batch, channels, inner])?;
        let scaled = self.scale_channels(blocks, gain, shift)?;
        self.reshape(scaled, self.shape(x).clone())
    }

    /// x (B, C, N) times gain plus shift, both of shape (C).
    fn scale_channels(&mut self, x: Wire, gain: Wire, shift: Wire) -> Result<Wire> {
        let column = [self.shape(x).axes()[1], 1];
        let (gain, shift) = (self.reshape(gain, column)?, self.reshape(shift, column)?);
        let scaled = self.multiply(x, gain)?;
        self.add(scaled, shift)
    }

    /// (B, C, all other axes) of a tensor with elements.
    fn channels(&self, x: Wire) -> Result<[usize; 3]> {
        match *self.shape(x).axes() {
            [batch, channels, ref inner @ ..] if self.shape(x).elements() > 0 => {
                Ok([batch, channels, inner.iter().product()])
            }
            _ => Err(misfit("normalization", &[self.type_of(x)], "(batch, channels, …)")),
        }
    }

    /// x as (1, rows, the product of its last `axes` axes).
    fn trailing_rows(&mut self, x: Wire, axes: usize) -> Result<Wire> {
        let shape = self.shape(x);
        let Some(first) = shape.rank().checked_sub(axes).filter(|_| shape.elements() > 0) else {
            let expected = format!("{axes} axes to normalize over");
            return Err(misfit("normalization", &[self.type_of(x)], expected));
        };
        let rows = shape.axes()[..first].iter().product();
        let width = shape.axes()[first..].iter().product();
        self.reshape(x, [1, rows, width])
    }
}

#[cfg(test)]
mod tests;
