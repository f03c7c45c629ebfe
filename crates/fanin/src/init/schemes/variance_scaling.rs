//! The family in which a weight's variance is a constant over the fan: LeCun, Xavier, He and kin.
//!
//! Deviation = gain · √(numerator / fan). The members differ in which fan, which numerator, which
//! gain, and whether the distribution is normal or uniform; biases are 0. Why the fan-in, and the
//! two readings of 1/√d: `docs/theory/fan-in.md`.

use std::f64::consts::SQRT_2;

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme};
use crate::init::{Distribution, Gain, Parameter};

/// A member of the family.
#[derive(Clone, Debug)]
pub struct VarianceScaling {
    facts: &'static Facts,
    fan: Fan,
    numerator: f64,
    default_gain: Gain,
    gain: Gain,
    form: Form,
}

#[derive(Clone, Copy, Debug)]
enum Fan {
    In,
    Out,
    Average,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Normal,
    Uniform,
}

const ONE: Gain = Gain::Fixed(1.0);
const ROOT_TWO: Gain = Gain::Fixed(SQRT_2);
/// The argument that all members take.
const GAIN: &str = "[GAIN], a number, `exact` or `torch`";

const fn member(facts: &'static Facts, fan: Fan, gain: Gain, form: Form) -> VarianceScaling {
    VarianceScaling { facts, fan, numerator: 1.0, default_gain: gain, gain, form }
}

/// U(±1/√d): "scale by 1/√d" read as a bound.
pub const FAN_IN_UNIFORM: VarianceScaling = VarianceScaling {
    numerator: 1.0 / 3.0,
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
pub const FAN_IN_NORMAL: VarianceScaling = member(
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

/// LeCun's rule, uniform.
pub const LECUN_UNIFORM: VarianceScaling = member(
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
pub const LECUN_NORMAL: VarianceScaling = member(
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

/// Xavier's rule, uniform.
pub const XAVIER_UNIFORM: VarianceScaling = member(
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
pub const XAVIER_NORMAL: VarianceScaling = member(
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

/// He's rule, uniform.
pub const HE_UNIFORM: VarianceScaling = member(
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
pub const HE_NORMAL: VarianceScaling = member(
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

/// He's rule for the backward pass.
pub const HE_FAN_OUT_NORMAL: VarianceScaling = member(
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

/// The fan-in rule with the exact gain, uniform.
pub const EXACT_GAIN_UNIFORM: VarianceScaling = member(
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
pub const EXACT_GAIN_NORMAL: VarianceScaling = member(
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

impl Scheme for VarianceScaling {
    fn facts(&self) -> &'static Facts {
        self.facts
    }

    fn label(&self) -> String {
        if self.gain == self.default_gain {
            return self.facts.name.to_owned();
        }
        format!("{}:{}", self.facts.name, self.gain)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let gain = argument.map_or(Ok(self.default_gain), Gain::parse)?;
        Ok(Box::new(Self { gain, ..self.clone() }))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let fan = match self.fan {
            Fan::In => parameter.positive_fan_in()?,
            Fan::Out => parameter.positive_fan_out()?,
            Fan::Average => {
                f64::midpoint(parameter.positive_fan_in()?, parameter.positive_fan_out()?)
            }
        };
        let gain = self.gain.value(parameter)?;
        Ok(match self.form {
            Form::Normal => Distribution::normal(gain * (self.numerator / fan).sqrt()),
            Form::Uniform => Distribution::uniform(gain * (3.0 * self.numerator / fan).sqrt()),
        })
    }

    fn gain(&self, parameter: &Parameter) -> Result<Option<f64>> {
        self.gain.value(parameter).map(Some)
    }
}
