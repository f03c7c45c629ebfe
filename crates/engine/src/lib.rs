//! A differentiable graph: operators, derivative, plan, run.
//!
//! ```text
//! Graph ── gradients ──► Graph ── Plan::new ──► Plan ── run ──► values in a Workspace
//! ```
//!
//! The operator set is closed under differentiation: [`gradients`] adds nodes to a graph, and the
//! result can be differentiated again. The engine does no I/O, has no clock and no hidden
//! randomness, and knows nothing of diagnosis: it lets any wire be read.
//!
//! One unit, its loss, and backpropagation:
//!
//! ```
//! use fanin_engine::{Graph, Plan, Type, activations, gradients};
//!
//! let mut graph = Graph::new();
//! let x = graph.input("x", Type::float([1, 2]));
//! let w = graph.parameter("0.weight", [1, 2]);
//! let z = graph.linear(x, w, None)?;
//! let tanh = activations::find("tanh").expect("it is registered");
//! let a = graph.activate(z, &*tanh)?;
//! let loss = graph.sum_to(a, [])?;
//! let d_w = gradients(&mut graph, loss, &[w])?[0];
//!
//! let plan = Plan::new(&graph, &[loss, d_w])?;
//! let mut workspace = plan.workspace::<f64>();
//! workspace.feed(0).copy_from_slice(&[3.0, -1.0]);
//! plan.run(&[vec![0.0, 0.0]], &mut workspace);
//! assert_eq!(workspace.read(0), [0.0]);
//! assert_eq!(workspace.read(1), [3.0, -1.0]); // φ′(0) = 1, so the gradient is the input.
//! # Ok::<(), fanin_engine::Error>(())
//! ```
//!
//! Where to read on: [`ops`] for the registry of operators, [`activations`] for that of
//! activations, [`gradient`] for the derivative, [`plan`] for where values lie.
#![forbid(unsafe_code)]

pub mod error;
pub mod tensor;
pub mod graph;
pub mod activations;
pub mod moments;
pub mod ops;
pub mod compose;
pub mod gradient;
pub mod plan;
mod buffer;
pub mod run;
pub mod changing;
pub mod evaluate;
pub mod spread;

pub use changing::Update;
pub use error::{Error, Result};
pub use evaluate::Array;
pub use gradient::{gradients, pullback};
pub use graph::{Graph, Kind, Type, Wire};
pub use plan::Plan;
pub use run::{Element, Number, Workspace};
pub use spread::Spread;
pub use tensor::{Shape, Tensor};
