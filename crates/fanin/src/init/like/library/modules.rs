//! Parameters grouped into the layers that hold them.

use crate::error::Result;
use crate::init::{Matrix, Parameter, Role};

/// A layer as far as libraries differ in how they make it.
#[derive(Debug)]
pub struct Module<'a> {
    /// Its parameters, in order.
    pub parameters: Vec<&'a Parameter>,
    /// What it is, with its sizes.
    pub kind: Kind,
}

/// A kind of layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A linear layer or, with a kernel, a convolution.
    Weighted {
        /// Lengths of the kernel's axes; none for a linear layer.
        kernel: Vec<usize>,
        /// Inputs of all groups together.
        inputs: usize,
        /// Outputs.
        outputs: usize,
        /// Groups; 1 for a transposed convolution.
        groups: usize,
        /// Whether it is a transposed convolution.
        is_transposed: bool,
        /// Whether it has a bias.
        bias: bool,
    },
    /// A table of so many rows, each with so many features.
    Embedding {
        /// Rows.
        rows: usize,
        /// Features of a row.
        features: usize,
    },
    /// A normalization of so many features.
    Norm {
        /// Features.
        features: usize,
        /// Whether it keeps a running mean and variance.
        is_batch: bool,
        /// Whether it has a shift.
        shift: bool,
    },
}

/// The layers of a model, in the order of their first parameters.
///
/// # Errors
/// For a layer that is none of [`Kind`]'s.
pub fn modules(parameters: &[Parameter]) -> Result<Vec<Module<'_>>> {
    let mut grouped: Vec<Vec<&Parameter>> = Vec::new();
    for parameter in parameters {
        let is_of = |group: &&mut Vec<&Parameter>| module(group[0]) == module(parameter);
        match grouped.iter_mut().find(is_of) {
            Some(group) => group.push(parameter),
            None => grouped.push(vec![parameter]),
        }
    }
    let layer = |parameters: Vec<_>| Ok(Module { kind: kind(&parameters)?, parameters });
    grouped.into_iter().map(layer).collect()
}

fn module(parameter: &Parameter) -> &str {
    parameter.name.rsplit_once(['.', '/']).map_or("", |(module, _)| module)
}

fn kind(parameters: &[&Parameter]) -> Result<Kind> {
    let with = |role: Role| parameters.iter().find(|p| p.role == role);
    let first = parameters[0];
    if let Some(table) = with(Role::Embedding) {
        let &[rows, features] = table.shape.axes() else {
            return Err(table.unfit(format!("shape {}", table.shape), "(rows, features)"));
        };
        return Ok(Kind::Embedding { rows, features });
    }
    if let Some(scale) = with(Role::NormScale) {
        let is_batch = with(Role::RunningMean).is_some();
        let (features, shift) = (scale.shape.elements(), with(Role::NormShift).is_some());
        return Ok(Kind::Norm { features, is_batch, shift });
    }
    match with(Role::Weight) {
        Some(weight) if weight.packing.is_none() && weight.axes.batch.is_empty() => {
            let matrix = Matrix::of(weight)?;
            let shape = weight.shape.axes();
            let kernel = weight.axes.kernel(shape.len());
            let groups = weight.axes.input_groups.max(weight.axes.output_groups).max(1);
            let last = shape.len() - 1;
            let is_transposed =
                !kernel.is_empty() && (weight.axes.input == [0] || weight.axes.input == [last]);
            if is_transposed && groups > 1 {
                let found = format!("a transposed convolution of {groups} groups");
                return Err(weight.unfit(found, "1 group, as this library's has"));
            }
            let inputs = matrix.columns / matrix.taps;
            Ok(Kind::Weighted {
                kernel: kernel.into_iter().map(|axis| shape[axis]).collect(),
                inputs: inputs * groups,
                outputs: matrix.rows,
                groups,
                is_transposed,
                bias: with(Role::Bias).is_some(),
            })
        }
        _ => Err(first.unfit(
            format!("one of the {} of a layer of another kind", first.role.plural()),
            "linear layers, convolutions, embeddings and norms, which this library's order is \
             known for",
        )),
    }
}
