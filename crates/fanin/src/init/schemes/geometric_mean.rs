//! Defazio & Bottou's rule: variance over √(d·e), the geometric mean of both fans.

use super::variance_scaling::{Fan, Form, GAIN, ROOT_TWO, VarianceScaling, member};
use crate::init::scheme::Facts;

/// Variance g²/√(d·e), uniform.
pub const UNIFORM: VarianceScaling = member(
    &Facts {
        name: "geometric-mean-uniform",
        aliases: &["fan-geo-uniform"],
        example: "geometric-mean-uniform",
        argument: GAIN,
        needs: "",
        formula: "W ~ U(±g·√3/(d·e)^¼) with g = √2, variance 2/√(d·e)",
        source: "Defazio & Bottou 2019, arXiv 1906.04267; fan_geo_avg of JAX",
        when: "relu networks whose widths change: it keeps all layers equally conditioned",
        avoid: "tanh and selu networks, where gain √2 is too large",
    },
    Fan::Geometric,
    ROOT_TWO,
    Form::Uniform,
);

/// Variance g²/√(d·e), normal.
pub const NORMAL: VarianceScaling = member(
    &Facts {
        name: "geometric-mean-normal",
        aliases: &["fan-geo-normal"],
        example: "geometric-mean-normal",
        argument: GAIN,
        needs: "",
        formula: "W ~ N(0, g²/√(d·e)) with g = √2",
        source: "Defazio & Bottou 2019, arXiv 1906.04267; fan_geo_avg of JAX",
        when: "relu networks whose widths change: it keeps all layers equally conditioned",
        avoid: "tanh and selu networks, where gain √2 is too large",
    },
    Fan::Geometric,
    ROOT_TWO,
    Form::Normal,
);
