//! Models of Flax by the names of their own trees: `params/encoder/Dense_0/kernel`.
//!
//! Linen draws by path, so such names say all: no order, and no layer that has no parameters.

use fanin_engine::Tensor;

use crate::error::Result;
use crate::init::like::flax::linen_key;
use crate::init::like::jax::{Distribution, Initializer, Key, Mode, VarianceScaling};
use crate::init::{Parameter, Role};
use crate::weights::Weights;

/// Slope of linen's `PReLU`.
const SLOPE: f64 = 0.01;

/// Whether the names are those of a tree of Flax.
pub fn are_those_of_flax(parameters: &[Parameter]) -> bool {
    let mut leaves = parameters.iter().filter_map(|parameter| path(parameter).pop());
    leaves.any(|leaf| ["kernel", "embedding", "scale"].contains(&leaf))
}

/// What `model.init(key, …)` gives, whatever the order of the parameters.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) for a parameter of no layer of Flax.
pub fn initialize(key: Key, parameters: &[Parameter]) -> Result<Weights> {
    let mut weights = Weights::default();
    for parameter in parameters {
        let path = path(parameter);
        let module = &path[..path.len() - 1];
        let shape = drawn_shape(parameter);
        let values = initializer(parameter)?.values(linen_key(key, module, 1), &shape)?;
        let tensor = Tensor::new(parameter.shape.clone(), values)?;
        weights.tensors.push((parameter.name.clone(), tensor));
    }
    Ok(weights)
}

/// The parts of a parameter's name below the collection.
fn path(parameter: &Parameter) -> Vec<&str> {
    let mut parts: Vec<&str> = parameter.name.split(['/', '.']).collect();
    if ["params", "batch_stats"].contains(&parts[0]) && parts.len() > 1 {
        parts.remove(0);
    }
    parts
}

/// Every random parameter of a layer of Flax is the first that its module makes.
fn initializer(parameter: &Parameter) -> Result<Initializer> {
    let leaf = path(parameter).pop().unwrap_or_default();
    Ok(match (parameter.role, leaf) {
        (Role::Embedding, "embedding") => {
            let mut scaling = VarianceScaling::new(1.0, Mode::FanIn, Distribution::Normal);
            scaling.out_axes = vec![0];
            Initializer::VarianceScaling(scaling)
        }
        (Role::Recurrent, "kernel") => Initializer::Orthogonal { scale: 1.0, column_axis: -1 },
        (Role::Weight, "kernel") => Initializer::lecun_normal(),
        (Role::Slope, _) => Initializer::Constant(SLOPE),
        (role, _) => Initializer::Constant(role.start().ok_or_else(|| {
            let found = format!("one of the {} that no layer of Flax makes", role.plural());
            let expected = "kernel, bias, scale, embedding, mean or var of flax.linen's layers";
            parameter.unfit(found, expected)
        })?),
    })
}

/// Attention's kernels are drawn as matrices (all inputs, all outputs) and then cut into heads.
fn drawn_shape(parameter: &Parameter) -> Vec<usize> {
    let (shape, axes) = (parameter.shape.axes(), &parameter.axes);
    let has_heads = axes.input.len() > 1 || axes.output.len() > 1;
    if !has_heads || parameter.role != Role::Weight {
        return shape.to_vec();
    }
    let along = |list: &[usize]| list.iter().map(|&axis| shape[axis]).product();
    vec![along(&axes.input), along(&axes.output)]
}
