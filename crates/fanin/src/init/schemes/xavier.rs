//! Xavier's rule: variance 2/(d + e), between what the two passes want.

use super::variance_scaling::{Fan, Form, GAIN, ONE, VarianceScaling, member};
use crate::init::scheme::Facts;

/// Xavier's rule, uniform.
pub const UNIFORM: VarianceScaling = member(
    &Facts {
        name: "xavier-uniform",
        aliases: &["glorot-uniform"],
        example: "xavier-uniform",
        argument: GAIN,
        needs: "",
        formula: "W ~ U(±g·√(6/(d+e))), variance 2g²/(d+e)",
        source: "Glorot & Bengio 2010, eq. 16",
        when: "tanh and linear networks whose layers have similar widths",
        avoid: "very deep relu networks: it does not allow for the half that relu cuts off",
    },
    Fan::Average,
    ONE,
    Form::Uniform,
);

/// Xavier's rule, normal.
pub const NORMAL: VarianceScaling = member(
    &Facts {
        name: "xavier-normal",
        aliases: &["glorot-normal"],
        example: "xavier-normal",
        argument: GAIN,
        needs: "",
        formula: "W ~ N(0, 2g²/(d+e)), not truncated",
        source: "Glorot & Bengio 2010, eq. 12",
        when: "tanh and linear networks whose layers have similar widths",
        avoid: "very deep relu networks: it does not allow for the half that relu cuts off",
    },
    Fan::Average,
    ONE,
    Form::Normal,
);

/// Xavier's rule, truncated: Keras' and JAX's `glorot_normal`.
pub const TRUNCATED: VarianceScaling = member(
    &Facts {
        name: "xavier-truncated-normal",
        aliases: &["glorot-truncated-normal", "keras-glorot-normal", "jax-glorot-normal"],
        example: "xavier-truncated-normal",
        argument: GAIN,
        needs: "",
        formula: "W ~ N(0, s²) given |W| ≤ 2s, s = g·√(2/(d+e))/0.8796, so that the variance is 2g²/(d+e)",
        source: "glorot_normal of Keras and JAX",
        when: "networks of Keras or JAX; tanh and linear networks of similar widths",
        avoid: "very deep relu networks: it does not allow for the half that relu cuts off",
    },
    Fan::Average,
    ONE,
    Form::Truncated,
);
