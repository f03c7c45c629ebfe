//! The registry of operators: one file each, with all that the project knows of it.
//!
//! To add one: a new file with an [`Operator`] and its [`Entry`], `mod x;` and `x::ENTRY,` in
//! [`OPERATORS`]. The laws in `tests.rs` then hold its shape rule, its derivative (first and
//! second order) and its moments against computation, over the samples that the entry gives.

mod operator;
mod broadcast;
mod window;
mod span;
mod fold;
mod addressing;

mod constant;
mod activate;
mod activate_scale;
mod function;
mod affine;
mod add;
mod subtract;
mod multiply;
mod divide;
mod power;
mod remainder;
mod narrow;
mod sum_to;
mod extreme_to;
mod product_to;
mod log_sum_exp_to;
mod cumulative_sum;
mod arg_extreme;
mod top_k;
mod broadcast_to;
mod reshape;
mod transpose;
mod matmul;
mod softmax;
mod log_softmax;
mod cross_entropy;
mod label_cross_entropy;
mod one_less_at;
mod gather;
mod scatter_add;
mod scatter;
mod dropout_mask;
mod noise;
mod convolution;
mod convolution_input_gradient;
mod convolution_terms;
mod convolution_weight_gradient;
mod max_pool;
mod put_positions;
mod take_positions;
mod average_pool;
mod average_pool_gradient;
mod resample;
mod standardize;
mod standardize_gradient;
mod literal;
mod choose;
mod compare;
mod integer_binary;
mod integer_unary;
mod to_float;
mod to_integer;
mod concat;
mod slice;
mod embed;

#[cfg(test)]
mod tests;

pub use addressing::Addressing;
pub use arg_extreme::Tie;
pub use compare::Relation;
pub use cumulative_sum::Running;
pub use integer_binary::IntegerOperation;
pub use integer_unary::IntegerFunction;
pub(crate) use literal::check_count;
pub use narrow::Precision;
pub use noise::{Law, Seed};
pub use operator::{Ahead, Entry, FanAxes, InPieces, Operator, Sample, Structure};
pub use scatter::Reduction;
pub use standardize::Standardized;
pub use window::{Rounding, Window};

pub use fanin_kernels::pool::Divisor;
pub use span::Span;

/// Every operator.
pub static OPERATORS: &[Entry] = &[
    constant::ENTRY,
    activate::ENTRY,
    activate_scale::ENTRY,
    function::ENTRY,
    affine::ENTRY,
    add::ENTRY,
    subtract::ENTRY,
    multiply::ENTRY,
    divide::ENTRY,
    power::ENTRY,
    remainder::ENTRY,
    narrow::ENTRY,
    sum_to::ENTRY,
    extreme_to::ENTRY,
    product_to::ENTRY,
    log_sum_exp_to::ENTRY,
    cumulative_sum::ENTRY,
    arg_extreme::ENTRY,
    top_k::ENTRY,
    broadcast_to::ENTRY,
    reshape::ENTRY,
    transpose::ENTRY,
    matmul::ENTRY,
    softmax::ENTRY,
    log_softmax::ENTRY,
    cross_entropy::ENTRY,
    label_cross_entropy::ENTRY,
    one_less_at::ENTRY,
    gather::ENTRY,
    scatter_add::ENTRY,
    scatter::ENTRY,
    dropout_mask::ENTRY,
    noise::ENTRY,
    convolution::ENTRY,
    convolution_input_gradient::ENTRY,
    convolution_weight_gradient::ENTRY,
    max_pool::ENTRY,
    put_positions::ENTRY,
    take_positions::ENTRY,
    average_pool::ENTRY,
    average_pool_gradient::ENTRY,
    resample::ENTRY,
    standardize::ENTRY,
    standardize_gradient::ENTRY,
    literal::ENTRY,
    choose::ENTRY,
    compare::ENTRY,
    integer_binary::ENTRY,
    integer_unary::ENTRY,
    to_float::ENTRY,
    to_integer::ENTRY,
    concat::ENTRY,
    slice::ENTRY,
    embed::ENTRY,
];
