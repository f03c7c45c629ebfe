//! The registry of methods, cheapest first: one file each.
//!
//! To add one: a new file, `mod x;` and `&x::X,` in [`METHODS`].

mod auto;
mod lsuv;
mod lsuv_caffe;
mod lsuv_pip;
mod weight_norm;
mod balanced;
mod gradinit;
mod metainit;

pub use auto::{Expected, expected, expected_of_width, expected_on};

use super::Method;

#[cfg(test)]
pub(super) use lsuv_pip::VARIANT as PIP;

/// Every method, cheapest first: the order in which they are tried.
pub static METHODS: &[&dyn Method] = &[
    &auto::Auto,
    &lsuv::Lsuv,
    &lsuv_caffe::LsuvCaffe,
    &lsuv_pip::LsuvPip,
    &weight_norm::WeightNorm,
    &balanced::Balanced,
    &gradinit::GradInit,
    &metainit::MetaInit,
];
