//! The fan-in rule with the gain that keeps q = 1 for any activation.

use super::variance_scaling::{Fan, Form, GAIN, VarianceScaling, member};
use crate::init::Gain;
use crate::init::scheme::Facts;

/// The fan-in rule with the exact gain, uniform.
pub const UNIFORM: VarianceScaling = member(
    &Facts {
        name: "exact-gain-uniform",
        aliases: &[],
        example: "exact-gain-uniform",
        argument: GAIN,
        needs: "",
        formula: "W ~ U(±g·√(3/d)) with g = 1/√E[φ(x)²], x ~ N(0, 1)",
        source: "He et al. 2015 for any activation: Poole et al. 2016 with q = 1",
        when: "any activation: gelu, silu, tanh, …; it is he-uniform for relu",
        avoid: "activations whose fixed point q = 1 is unstable (gelu, silu) at depths above 30",
    },
    Fan::In,
    Gain::Exact,
    Form::Uniform,
);

/// The fan-in rule with the exact gain, normal.
pub const NORMAL: VarianceScaling = member(
    &Facts {
        name: "exact-gain-normal",
        aliases: &["gain-normal"],
        example: "exact-gain-normal",
        argument: GAIN,
        needs: "",
        formula: "W ~ N(0, g²/d) with g = 1/√E[φ(x)²], x ~ N(0, 1)",
        source: "He et al. 2015 for any activation: Poole et al. 2016 with q = 1",
        when: "any activation: gelu, silu, tanh, …; it is he-normal for relu",
        avoid: "activations whose fixed point q = 1 is unstable (gelu, silu) at depths above 30",
    },
    Fan::In,
    Gain::Exact,
    Form::Normal,
);
