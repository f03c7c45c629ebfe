//! Measurements that cost more than one pass: each a plain function from a network and a batch.
//!
//! | module | gives |
//! |---|---|
//! | [`curvature`] | largest and most negative curvature of the loss, and the steps it allows |
//! | [`underflow`] | what low precision would lose |
//! | [`updates`] | how far one step moves each parameter |
//!
//! Definitions, estimators, standard errors and sources: `docs/theory/instruments.md`.

mod pass;
pub mod curvature;
pub mod underflow;
pub mod updates;

#[cfg(test)]
mod tests;
