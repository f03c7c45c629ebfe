//! Measurements that cost more than one pass: each a plain function from a network and a batch.
//!
//! | module | gives |
//! |---|---|
//! | [`jacobian`] | singular values of what the network, and its depth, does to small changes |
//! | [`tangent_kernel`] | how alike the network learns different rows |
//! | [`curvature`] | largest and most negative curvature of the loss, and the steps it allows |
//! | [`gradient_noise`] | how much of the gradient is signal, and the batch that would show it |
//! | [`underflow`] | what low precision would lose |
//! | [`updates`] | how far one step moves each parameter |
//! | [`effort`] | how much of it all, by the rows of an epoch |
//! | `budget` | which of them an epoch of the same network pays for |
//! | `kit` | all of them, planned once for weights of any number |
//!
//! Definitions, estimators, standard errors and sources: `docs/theory/instruments.md`.

pub(super) mod pass;
mod row_gradients;
mod joint_gradients;
pub mod jacobian;
pub mod tangent_kernel;
pub mod curvature;
pub mod gradient_noise;
pub mod underflow;
pub mod updates;
pub mod effort;
pub(super) mod budget;
pub(super) mod kit;

#[cfg(test)]
mod tests;
