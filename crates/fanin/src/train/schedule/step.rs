//! A learning rate that falls in stairs.

use crate::train::hyperparameters::{Hyperparameter, Range, Values};

use super::Form;

/// γ^⌊t / (s·T)⌋.
pub static FORM: Form = Form {
    name: "step",
    formula: "γ^⌊t / (s·T)⌋",
    when: "long runs whose loss levels off between falls; easy to read in a curve",
    hyperparameters: &[
        Hyperparameter {
            name: "every",
            default: 1.0 / 3.0,
            range: Range::PositiveShare,
            about: "s: share of all steps between two falls",
        },
        Hyperparameter {
            name: "factor",
            default: 0.1,
            range: Range::PositiveShare,
            about: "γ: what each fall multiplies the rate by",
        },
    ],
    factor,
};

/// The stair is rounded to whole steps, at least one, so that no fall hangs on a rounding error.
fn factor(values: &Values, step: u64, total: u64) -> f64 {
    let stair = (values.get("every") * total as f64).round().max(1.0);
    values.get("factor").powf((step as f64 / stair).floor())
}
