//! A weight as libraries lay it out.

use crate::error::Result;
use crate::init::Parameter;
use crate::init::fans::{self, Fans};
use crate::spec::Role;

/// A weight, taken apart into what its axes mean, to be laid out as a library keeps it.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Sizes of the axes that number independent matrices.
    pub batch: Vec<usize>,
    /// Sizes of the axes of inputs.
    pub inputs: Vec<usize>,
    /// Sizes of the axes of outputs.
    pub outputs: Vec<usize>,
    /// Sizes of the kernel's axes.
    pub kernel: Vec<usize>,
    /// Groups of a convolution.
    pub groups: usize,
    /// Whether it is the weight of a transposed convolution.
    pub is_transposed: bool,
    /// Whether it is a table of vectors: (rows, features) in every library.
    pub is_table: bool,
    /// The fans by the meaning of the axes.
    pub exact: Fans,
}

impl Layer {
    /// What the axes of a weight mean.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for anything but a matrix with known axes.
    pub fn of(parameter: &Parameter) -> Result<Self> {
        let (axes, shape) = (&parameter.axes, parameter.shape.axes());
        let named = [&axes.input, &axes.output, &axes.batch];
        let fits = named.iter().all(|list| list.iter().all(|&axis| axis < shape.len()));
        if !parameter.role.is_matrix() || shape.len() < 2 || axes.output.is_empty() || !fits {
            let found = format!("shape {}", parameter.shape);
            return Err(parameter.unfit(found, "a weight of two axes or more, which has fans"));
        }
        let sizes = |list: &[usize]| list.iter().map(|&axis| shape[axis]).collect::<Vec<usize>>();
        let kernel = axes.kernel(shape.len());
        let first = |list: &[usize]| list.first().copied().unwrap_or(0);
        let inputs_first = first(&axes.input) < first(&axes.output);
        let kernel_first = kernel.first().is_some_and(|&tap| tap < first(&axes.output));
        let is_convolution = !kernel.is_empty() && !axes.input.is_empty();
        Ok(Self {
            batch: sizes(&axes.batch),
            inputs: sizes(&axes.input),
            outputs: sizes(&axes.output),
            kernel: sizes(&kernel),
            groups: axes.input_groups.max(axes.output_groups),
            is_transposed: is_convolution && inputs_first != kernel_first,
            is_table: parameter.role == Role::Embedding,
            exact: exact(parameter)?,
        })
    }

    /// Taps of the kernel.
    pub fn taps(&self) -> usize {
        self.kernel.iter().product()
    }

    /// Inputs along their axes: one group's share of them in a convolution that is not transposed.
    pub fn input(&self) -> usize {
        self.inputs.iter().product()
    }

    /// Outputs along their axes: one group's share of them in a transposed convolution.
    pub fn output(&self) -> usize {
        self.outputs.iter().product()
    }

    /// (out, in / g, k…), transposed (in, out / g, k…), as PyTorch keeps it.
    pub fn torch(&self) -> Vec<usize> {
        let (first, second) = if self.is_transposed || self.is_table {
            (self.input(), self.output())
        } else {
            (self.output(), self.input())
        };
        [self.batch.as_slice(), &[first, second], &self.kernel].concat()
    }

    /// (k…, in / g, out), transposed (k…, out, in), as Keras keeps it.
    pub fn keras(&self) -> Vec<usize> {
        let (first, second) = if self.is_transposed {
            (&self.outputs, &self.inputs)
        } else {
            (&self.inputs, &self.outputs)
        };
        [self.batch.as_slice(), &self.kernel, first, second].concat()
    }
}

/// The fans by the meaning of the axes, for one part of a packed weight; an embedding is a matrix
/// of which one row is read at a time.
fn exact(parameter: &Parameter) -> Result<Fans> {
    let mut shape = parameter.shape.axes().to_vec();
    if let Some(packing) = &parameter.packing {
        let first = packing.parts.first().map(|part| part.0);
        let of_first = packing.parts.iter().filter(|part| Some(part.0) == first);
        if let Some(size) = shape.get_mut(packing.axis) {
            *size = of_first.map(|part| part.1).sum();
        }
    }
    let fans = fans::fans(&parameter.described(), &shape, &parameter.axes)?;
    let is_table = parameter.role == Role::Embedding;
    Ok(if is_table { Fans { fan_in: 1, ..fans } } else { fans })
}
