//! A learning rate that falls along half a cosine (Loshchilov & Hutter 2017, without restarts).

use std::f64::consts::PI;

use crate::train::hyperparameters::{Hyperparameter, Range, Values};

use super::Form;

/// e + (1−e)·(1 + cos(π·t/T))/2.
pub static FORM: Form = Form {
    name: "cosine",
    formula: "e + (1−e)·(1 + cos(π·t/T))/2",
    when: "most runs of known length: long at high rates, then a soft landing",
    hyperparameters: &[Hyperparameter {
        name: "end",
        default: 0.0,
        range: Range::Share,
        about: "e: factor on the rate that the fall leads to",
    }],
    factor,
};

fn factor(values: &Values, step: u64, total: u64) -> f64 {
    let end = values.get("end");
    end + (1.0 - end) * 0.5 * (1.0 + (PI * step as f64 / total.max(1) as f64).cos())
}
