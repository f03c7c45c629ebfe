//! Whole models with the bits of another library: `fanin init --like NAME`.
//!
//! To add a library: a new file with a [`Library`], `mod x;` and `&x::X,` in [`LIBRARIES`].

mod rule;
mod modules;
mod flax_names;
mod keras_names;

mod torch;
mod numpy;
mod jax;
mod flax;
mod tensorflow;
mod keras;

#[cfg(test)]
mod tests;

use std::fmt::Debug;

use fanin_engine::Tensor;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::init::{self as scheme, Matrix, Parameter, Role, Scheme};
use crate::weights::Weights;

/// Every library, or build or backend of one.
pub static LIBRARIES: &[&dyn Library] = &[
    &torch::FUSED,
    &torch::PLAIN,
    &numpy::Numpy,
    &jax::Jax,
    &flax::Flax,
    &tensorflow::TensorFlow,
    &keras::TENSORFLOW,
    &keras::JAX,
    &keras::TORCH,
    &keras::NUMPY,
];

/// A library whose starting values fanin can give to the bit.
pub trait Library: Debug + Sync {
    /// Its name, and that of its build or backend: `keras:jax`.
    fn name(&self) -> &'static str;

    /// The program of that library that gives the same, in a line.
    fn program(&self) -> &'static str;

    /// What is equal to the last bit, and what is not.
    fn exact(&self) -> &'static str;

    /// Whether values depend on the order of the parameters.
    fn draws_in_order(&self) -> bool {
        true
    }

    /// Whether weights lie as (kernel…, in, out), under the names of the parameters.
    fn is_in_out(&self) -> bool {
        false
    }

    /// The starting values of a model with these parameters, in their order, under `seed`.
    ///
    /// With a `scheme`, every weight gets what the library's own function of that name draws;
    /// without one, every layer starts as the library starts it. Names, and the order of axes, are
    /// those of the library.
    ///
    /// # Errors
    /// [`Error::Setting`] for a layer or a scheme that the library does not have, and for seeds
    /// that it refuses.
    fn initialize(
        &self,
        parameters: &[Parameter],
        scheme: Option<&str>,
        seed: u64,
    ) -> Result<Weights>;
}

/// What people are told of a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Its name.
    pub library: &'static str,
    /// The program that gives the same.
    pub program: &'static str,
    /// What is equal to the last bit.
    pub exact: &'static str,
}

impl dyn Library + '_ {
    /// `weights` that it drew for `parameters`, as these lie: what a file of the model takes.
    ///
    /// ```
    /// use fanin::init::{Parameter, like};
    /// let (jax, weight) = (like::find("jax")?, Parameter::linear("fc.weight", 2, 3));
    /// let drawn = jax.initialize(&[weight.clone()], Some("normal:1"), 0)?;
    /// assert_eq!(drawn.tensors[0].1.shape().axes(), [3, 2]);
    /// let laid = jax.laid_as(&[weight], drawn.clone())?;
    /// assert_eq!(laid.tensors[0].1.shape().axes(), [2, 3]);
    /// assert_eq!(laid.tensors[0].1.data()[1], drawn.tensors[0].1.data()[2]);
    /// # Ok::<(), fanin::Error>(())
    /// ```
    ///
    /// # Errors
    /// For a weight that is no matrix.
    pub fn laid_as(&self, parameters: &[Parameter], weights: Weights) -> Result<Weights> {
        if !self.is_in_out() {
            return Ok(weights);
        }
        let own = |name: &str| parameters.iter().find(|own| own.name == *name);
        let laid = |(name, tensor): (String, Tensor<f32>)| match own(&name) {
            Some(own) if matches!(own.role, Role::Weight | Role::Recurrent) => {
                Ok((name, from_in_out(own, &tensor)?))
            }
            _ => Ok((name, tensor)),
        };
        Ok(Weights { tensors: weights.tensors.into_iter().map(laid).collect::<Result<_>>()? })
    }

    /// What people are told of it.
    pub fn facts(&self) -> Facts {
        Facts { library: self.name(), program: self.program(), exact: self.exact() }
    }
}

/// The library called `name`.
///
/// # Errors
/// [`Error::Unknown`] with the nearest name.
///
/// ```
/// use fanin::init::{Parameter, like};
/// // torch.manual_seed(42); torch.nn.Linear(3, 2, bias=False)
/// let weight = Parameter::linear("weight", 2, 3);
/// let weights = like::find("torch")?.initialize(&[weight], None, 42)?;
/// assert_eq!(weights.tensors[0].1.data()[0].to_bits(), 0x3ee20009);
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn find(name: &str) -> Result<&'static dyn Library> {
    let wanted = name.trim().to_lowercase();
    let found = LIBRARIES.iter().find(|library| library.name() == wanted);
    found.copied().ok_or_else(|| Error::unknown("library", name, &names()))
}

/// The values of a weight that lies as (kernel…, in, out), as `own` lies.
fn from_in_out(own: &Parameter, tensor: &Tensor<f32>) -> Result<Tensor<f32>> {
    let matrix = Matrix::of(own)?;
    let inputs = matrix.columns / matrix.taps;
    let mut elements = vec![0.0; own.elements()?];
    if tensor.data().len() != elements.len() {
        let found = format!("{} numbers of {}", tensor.data().len(), elements.len());
        return Err(own.unfit(found, "a single matrix, as this library draws it"));
    }
    for (at, row) in tensor.data().chunks_exact(matrix.rows).enumerate() {
        let (tap, input) = (at / inputs, at % inputs);
        for (unit, &value) in row.iter().enumerate() {
            elements[matrix.index(unit, input * matrix.taps + tap)] = value;
        }
    }
    Ok(Tensor::new(own.shape.clone(), elements)?)
}

/// The scheme that a library without layers of its own cannot do without.
fn needed(library: &dyn Library, scheme: Option<&str>) -> Result<Box<dyn Scheme>> {
    let scheme = scheme.ok_or_else(|| Error::Setting {
        place: format!("--like {}", library.name()),
        found: "no scheme".to_owned(),
        expected: "one, as --scheme he-normal: it has no layers with starts of their own"
            .to_owned(),
    })?;
    scheme::find(scheme)
}

/// The names of all libraries.
pub fn names() -> Vec<&'static str> {
    LIBRARIES.iter().map(|library| library.name()).collect()
}
