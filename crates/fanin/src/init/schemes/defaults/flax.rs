//! What Flax gives its modules.

use super::{FrameworkDefault, Start, constant, normal, usual};
use crate::error::Result;
use crate::init::scheme::Facts;
use crate::init::schemes::known_place::embedding_width;
use crate::init::schemes::truncated_normal::DEVIATION_AFTER_CUT;
use crate::init::{Distribution, Parameter};
use crate::spec::Role;

/// `LeCun`'s rule, cut at two deviations; zeros for biases.
pub const FLAX: FrameworkDefault = FrameworkDefault {
    facts: &Facts {
        name: "flax-default",
        aliases: &["flax", "jax-default"],
        example: "flax-default",
        argument: "",
        needs: "",
        formula: "W ~ N(0, s²) given |W| ≤ 2s, s = 1/(0.8796·√d), so that the variance is 1/d; \
                  recurrent weights orthogonal for each gate; embeddings N(0, 1/features); biases \
                  0; slopes 0.01",
        source: "flax 0.12, linen: linear.py (lecun_normal, default_embed_init), recurrent.py, \
                 activation.py",
        when: "tanh and selu networks, transformers with normalization; to reproduce a run of Flax",
        avoid: "deep relu networks without normalization: each layer halves the signal's variance",
    },
    start,
};

/// Where the normal variable is cut, in units of its own deviation.
const CUT: f64 = 2.0;
/// Start of a `PReLU`'s slope.
const SLOPE: f64 = 0.01;

fn start(parameter: &Parameter) -> Result<Start> {
    match parameter.role {
        Role::Embedding => Ok(normal(1.0 / embedding_width(parameter)?.sqrt())),
        Role::Recurrent => Ok(Start::Orthogonal),
        Role::Weight => {
            let uncut = 1.0 / parameter.positive_fan_in()?.sqrt() / DEVIATION_AFTER_CUT;
            Ok(Start::Drawn(Distribution::truncated_normal(uncut, CUT)))
        }
        Role::Slope => Ok(constant(SLOPE)),
        _ => usual(parameter),
    }
}
