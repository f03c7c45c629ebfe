//! What `PyTorch` gives a linear or convolution layer if nobody says otherwise.

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Parameter};
use crate::spec::Role;

/// U(±1/√d) for weights and biases.
#[derive(Clone, Debug)]
pub struct TorchDefault;

const FACTS: Facts = Facts {
    name: "torch-default",
    aliases: &["pytorch-default", "torch"],
    example: "torch-default",
    argument: "",
    needs: "",
    formula: "W, b ~ U(±1/√d), variance 1/(3d)",
    source: "torch.nn.Linear and Conv: kaiming_uniform_(a = √5)",
    when: "networks of up to about 3 hidden layers; to reproduce a run of PyTorch's defaults",
    avoid: "deep networks without normalization: each relu layer divides the signal's variance by 6",
};

impl Scheme for TorchDefault {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let bound = 1.0 / parameter.positive_fan_in()?.sqrt();
        Ok(Distribution::uniform(bound))
    }

    fn serves(&self, role: Role) -> bool {
        role.is_matrix() || role == Role::Bias
    }
}
