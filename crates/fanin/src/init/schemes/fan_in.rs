//! The two readings of "scale by 1/√d": as a bound and as a deviation.

use super::variance_scaling::{Fan, Form, GAIN, ONE, VarianceScaling, member};
use crate::init::scheme::Facts;

/// U(±1/√d): "scale by 1/√d" read as a bound.
pub const UNIFORM: VarianceScaling = VarianceScaling {
    scale: 1.0 / 3.0,
    ..member(
        &Facts {
            name: "fan-in-uniform",
            aliases: &[],
            example: "fan-in-uniform",
            argument: GAIN,
            needs: "",
            formula: "W ~ U(±g/√d), variance g²/(3d)",
            source: "one reading of “scale by 1/√d”; Glorot & Bengio 2010, eq. 1",
            when: "shallow networks",
            avoid: "deep networks: the variance is a third of 1/d, so each linear layer keeps a third",
        },
        Fan::In,
        ONE,
        Form::Uniform,
    )
};

/// N(0, 1/d): "scale by 1/√d" read as a deviation.
pub const NORMAL: VarianceScaling = member(
    &Facts {
        name: "fan-in-normal",
        aliases: &[],
        example: "fan-in-normal",
        argument: GAIN,
        needs: "",
        formula: "W ~ N(0, g²/d)",
        source: "the other reading of “scale by 1/√d”",
        when: "linear and tanh networks, and relu networks of moderate depth",
        avoid: "deep relu networks: each layer halves the signal's variance; he-normal allows for it",
    },
    Fan::In,
    ONE,
    Form::Normal,
);
