//! The same learning rate throughout.

use super::Form;

/// 1.
pub static FORM: Form = Form {
    name: "constant",
    formula: "1",
    when: "short runs, comparisons, and optimizers that find their own step",
    hyperparameters: &[],
    factor: |_, _, _| 1.0,
};
