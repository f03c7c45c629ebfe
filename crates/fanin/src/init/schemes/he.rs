//! He's rule: LeCun's or its mirror for the backward pass, times the 2 that relu costs.

use super::variance_scaling::{Fan, Form, GAIN, ROOT_TWO, VarianceScaling, member};
use crate::init::scheme::Facts;

/// He's rule, uniform.
pub const UNIFORM: VarianceScaling = member(
    &Facts {
        name: "he-uniform",
        aliases: &["kaiming-uniform"],
        example: "he-uniform",
        argument: GAIN,
        needs: "",
        formula: "W ~ U(±g·√(3/d)) with g = √2, variance 2/d",
        source: "He et al. 2015, eq. 10",
        when: "relu networks of any depth",
        avoid: "tanh and selu networks, where gain √2 is too large",
    },
    Fan::In,
    ROOT_TWO,
    Form::Uniform,
);

/// He's rule, normal.
pub const NORMAL: VarianceScaling = member(
    &Facts {
        name: "he-normal",
        aliases: &["kaiming-normal", "msra"],
        example: "he-normal",
        argument: GAIN,
        needs: "",
        formula: "W ~ N(0, g²/d) with g = √2, not truncated",
        source: "He et al. 2015, eq. 10",
        when: "relu networks of any depth",
        avoid: "tanh and selu networks, where gain √2 is too large",
    },
    Fan::In,
    ROOT_TWO,
    Form::Normal,
);

/// He's rule, truncated: Keras' and JAX's `he_normal`.
pub const TRUNCATED: VarianceScaling = member(
    &Facts {
        name: "he-truncated-normal",
        aliases: &["keras-he-normal", "jax-he-normal"],
        example: "he-truncated-normal",
        argument: GAIN,
        needs: "",
        formula: "W ~ N(0, s²) given |W| ≤ 2s, s = g/(0.8796·√d), g = √2, so that the variance is 2/d",
        source: "he_normal of Keras and JAX",
        when: "networks of Keras or JAX; relu networks of any depth",
        avoid: "tanh and selu networks, where gain √2 is too large",
    },
    Fan::In,
    ROOT_TWO,
    Form::Truncated,
);

/// He's rule for the backward pass.
pub const FAN_OUT_NORMAL: VarianceScaling = member(
    &Facts {
        name: "he-fan-out-normal",
        aliases: &["kaiming-fan-out-normal"],
        example: "he-fan-out-normal",
        argument: GAIN,
        needs: "",
        formula: "W ~ N(0, g²/e) with g = √2",
        source: "He et al. 2015, eq. 14; torchvision's ResNet",
        when: "convolutional relu networks with batch normalization",
        avoid: "layers much narrower or wider than the one before, without normalization",
    },
    Fan::Out,
    ROOT_TWO,
    Form::Normal,
);

/// He's rule for the backward pass, uniform.
pub const FAN_OUT_UNIFORM: VarianceScaling = member(
    &Facts {
        name: "he-fan-out-uniform",
        aliases: &["kaiming-fan-out-uniform"],
        example: "he-fan-out-uniform",
        argument: GAIN,
        needs: "",
        formula: "W ~ U(±g·√(3/e)) with g = √2, variance 2/e",
        source: "He et al. 2015, eq. 14; PyTorch's kaiming_uniform_ with mode fan_out",
        when: "convolutional relu networks with batch normalization",
        avoid: "layers much narrower or wider than the one before, without normalization",
    },
    Fan::Out,
    ROOT_TWO,
    Form::Uniform,
);
