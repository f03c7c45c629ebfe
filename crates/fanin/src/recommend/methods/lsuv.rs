//! Layer-sequential unit variance, as in the paper.

use crate::error::Result;
use crate::recommend::layerwise::{Stop, Variant, layer_by_layer};
use crate::recommend::{Facts, Method, Problem, Recommendation, Redrawn};
use crate::spec::Mode;

/// Orthonormal weights, each layer divided until |variance − 1| < 0.1, ten times at most.
///
/// A layer whose scale a normalization undoes stays orthonormal.
#[derive(Clone, Copy, Debug)]
pub struct Lsuv;

static FACTS: Facts = Facts {
    name: "lsuv",
    about: "orthonormal weights, each layer's output to variance 1 on the data",
    source: "Mishkin & Matas 2016, algorithm 1",
    needs_data: true,
    redrawn: Redrawn::MeasuredScales,
};

const VARIANT: Variant = Variant {
    name: FACTS.name,
    stop: Stop::VarianceBelow(0.1),
    most_divisions: 10,
    mode: Mode::Probe,
    scales_attention_at_output: false,
    skips_normalized: true,
};

impl Method for Lsuv {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn find(&self, problem: &Problem<'_>) -> Result<Recommendation> {
        layer_by_layer(problem, &VARIANT)
    }
}
