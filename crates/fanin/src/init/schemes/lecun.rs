//! LeCun's rule: variance 1/d keeps the variance of a signal through linear layers.

use super::variance_scaling::{Fan, Form, GAIN, ONE, VarianceScaling, member};
use crate::init::scheme::Facts;

/// LeCun's rule, uniform.
pub const UNIFORM: VarianceScaling = member(
    &Facts {
        name: "lecun-uniform",
        aliases: &["caffe-xavier"],
        example: "lecun-uniform",
        argument: GAIN,
        needs: "",
        formula: "W ~ U(±g·√(3/d)), variance g²/d",
        source: "LeCun et al. 1998, Efficient BackProp, §4.6",
        when: "tanh and selu networks",
        avoid: "deep relu networks: each layer halves the signal's variance",
    },
    Fan::In,
    ONE,
    Form::Uniform,
);

/// LeCun's rule, normal.
pub const NORMAL: VarianceScaling = member(
    &Facts {
        name: "lecun-normal",
        aliases: &[],
        example: "lecun-normal",
        argument: GAIN,
        needs: "",
        formula: "W ~ N(0, g²/d), not truncated",
        source: "LeCun et al. 1998, Efficient BackProp, §4.6; Klambauer et al. 2017 for selu",
        when: "selu networks; tanh networks",
        avoid: "deep relu networks: each layer halves the signal's variance",
    },
    Fan::In,
    ONE,
    Form::Normal,
);

/// LeCun's rule, truncated: Keras' and JAX's `lecun_normal`.
pub const TRUNCATED: VarianceScaling = member(
    &Facts {
        name: "lecun-truncated-normal",
        aliases: &["keras-lecun-normal", "jax-lecun-normal", "flax-default-kernel"],
        example: "lecun-truncated-normal",
        argument: GAIN,
        needs: "",
        formula: "W ~ N(0, s²) given |W| ≤ 2s, s = g/(0.8796·√d), so that the variance is g²/d",
        source: "lecun_normal of Keras and JAX; the kernels of Flax",
        when: "networks of Keras, JAX or Flax; selu and tanh networks",
        avoid: "deep relu networks: each layer halves the signal's variance",
    },
    Fan::In,
    ONE,
    Form::Truncated,
);
