//! The bits of PyTorch on a CPU: a generator, the functions of `torch.nn.init`, and the starting
//! values of whole modules, in the order in which PyTorch draws them.
//!
//! Checked against PyTorch 2.15. Tensors of 16-bit types are drawn as since 2.13.
//!
//! ```
//! use fanin::init::like::torch::{Build, Declared, Generator, Module, initialize, modules};
//!
//! // torch.manual_seed(42); torch.nn.Linear(3, 2)
//! let parameters = [
//!     Declared { name: "weight", shape: &[2, 3] },
//!     Declared { name: "bias", shape: &[2] },
//! ];
//! let mut generator = Generator::new(42, Build::Fused);
//! let plan = modules(&parameters, |_| Module::Linear);
//! let mut values = vec![Vec::<f32>::new(); 2];
//! initialize(&mut generator, &parameters, &plan, |index, drawn| {
//!     values[index] = drawn;
//!     Ok(())
//! })?;
//! assert_eq!(values[1], [-0.28108588, 0.3390678]);
//! # Ok::<(), fanin::Error>(())
//! ```

mod element;
mod box_muller;
mod generator;
mod truncated;
mod named;
mod orthogonal;
mod module;
mod model;

#[cfg(test)]
mod tests;

pub use element::{Element, Wide};
pub use generator::{Build, Generator};
pub use model::{Planned, initialize, modules};
pub use module::{Declared, Module, default_values};
pub use named::{
    Mode, kaiming_normal, kaiming_uniform, leaky_relu_gain, sparse, xavier_normal, xavier_uniform,
};
pub use orthogonal::orthogonal;
