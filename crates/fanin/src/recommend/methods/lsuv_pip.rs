//! Layer-sequential unit variance, as in the package `lsuv` 0.3.

use crate::error::Result;
use crate::recommend::layerwise::{Stop, Variant, layer_by_layer};
use crate::recommend::{Facts, Method, Problem, Recommendation, Redrawn};
use crate::spec::Mode;

/// As `lsuv`, until |deviation − 1| ≤ 0.1, eleven times at most.
///
/// Batch normalization uses running statistics, layers before a normalization
/// are scaled too, and attention is scaled at its output alone.
#[derive(Clone, Copy, Debug)]
pub struct LsuvPip;

static FACTS: Facts = Facts {
    name: "lsuv-pip",
    about: "as lsuv, by the Python package: deviation within 0.1 of 1",
    source: "package lsuv 0.3 for PyTorch",
    needs_data: true,
    redrawn: Redrawn::MeasuredScales,
};

pub(in crate::recommend) const VARIANT: Variant = Variant {
    name: FACTS.name,
    stop: Stop::DeviationAtMost(0.1),
    most_divisions: 11,
    mode: Mode::Evaluate,
    scales_attention_at_output: true,
    skips_normalized: false,
};

impl Method for LsuvPip {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn find(&self, problem: &Problem<'_>) -> Result<Recommendation> {
        layer_by_layer(problem, &VARIANT)
    }
}
