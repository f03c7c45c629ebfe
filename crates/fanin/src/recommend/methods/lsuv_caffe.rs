//! Layer-sequential unit variance, as in the script for Caffe.

use crate::error::Result;
use crate::recommend::layerwise::{Stop, Variant, layer_by_layer};
use crate::recommend::{Facts, Method, Problem, Recommendation, Redrawn};
use crate::spec::Mode;

/// As `lsuv`, until |variance − 1| ≤ 0.02, twenty times at most.
///
/// The script takes its orthonormal matrices from a singular value decomposition of normal
/// numbers; they have the same distribution as those drawn here.
#[derive(Clone, Copy, Debug)]
pub struct LsuvCaffe;

static FACTS: Facts = Facts {
    name: "lsuv-caffe",
    about: "as lsuv, with the tolerance of its Caffe script: variance within 0.02 of 1",
    source: "Mishkin & Matas 2016, script for Caffe",
    needs_data: true,
    redrawn: Redrawn::MeasuredScales,
};

const VARIANT: Variant = Variant {
    name: FACTS.name,
    stop: Stop::VarianceAtMost(0.02),
    most_divisions: 20,
    mode: Mode::Probe,
    scales_attention_at_output: false,
    skips_normalized: true,
};

impl Method for LsuvCaffe {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn find(&self, problem: &Problem<'_>) -> Result<Recommendation> {
        layer_by_layer(problem, &VARIANT)
    }
}
