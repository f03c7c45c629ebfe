//! Biases with which an LSTM remembers from the first step.

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, number};
use crate::init::{Component, Distribution, Parameter, lstm};
use crate::spec::Role;

/// A constant for the forget gate, 0 for the other gates.
#[derive(Clone, Debug)]
pub struct ForgetGate {
    /// Bias of the forget gate.
    pub bias: f64,
}

const FACTS: Facts = Facts {
    name: "forget-gate-bias",
    aliases: &["unit-forget-bias"],
    example: "forget-gate-bias:1.5",
    argument: "[BIAS], a number; 1 if none",
    needs: "to be the scheme of biases; an LSTM whose gates are known",
    formula: "b = 1 for the forget gate, 0 for the others, for bias_hh and for other layers",
    source: "Gers et al. 2000; Jozefowicz et al. 2015; Keras' unit_forget_bias",
    when: "LSTMs: without it the gate starts half open and forgets half at every step",
    avoid: "memories longer than some tens of steps, for which chrono is made",
};

impl Scheme for ForgetGate {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        if self.bias == 1.0 {
            return FACTS.name.to_owned();
        }
        format!("{}:{}", FACTS.name, self.bias)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let bias = argument.map_or(Some(1.0), number).ok_or("a finite number")?;
        Ok(Box::new(Self { bias }))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let is_forget_gate = lstm::gate(parameter)? == Some(Component::ForgetGate);
        Ok(Distribution::Constant(if is_forget_gate { self.bias } else { 0.0 }))
    }

    fn serves(&self, role: Role) -> bool {
        role == Role::Bias
    }

    fn samples(&self) -> Vec<Parameter> {
        lstm::biases()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Source, Values, find};

    fn values(text: &str, parameter: &Parameter) -> Vec<f32> {
        let scheme = find(text).unwrap();
        Values::new(parameter, Source::Scheme(&*scheme), 1).into_all().unwrap()
    }

    /// PyTorch packs input, forget, candidate and output gate in this order.
    #[test]
    fn second_quarter_of_the_first_bias_is_set() {
        let [first, second] = lstm::biases().try_into().unwrap();
        let bias = values("forget-gate-bias:2", &first);
        for (i, bias) in bias.iter().enumerate() {
            assert_eq!(*bias, if (512..1024).contains(&i) { 2.0 } else { 0.0 }, "{i}");
        }
        assert!(values("forget-gate-bias", &second).iter().all(|bias| *bias == 0.0));
    }

    /// ONNX keeps both biases of an LSTM, whose sum counts, in one tensor.
    #[test]
    fn of_two_biases_in_one_the_first_alone_is_set() {
        let [first, _] = lstm::biases().try_into().unwrap();
        let mut packing = first.packing.clone().unwrap();
        packing.parts = packing.parts.repeat(2);
        let both = Parameter { shape: [4096].into(), packing: Some(packing), ..first };
        let bias = values("forget-gate-bias:2", &both);
        for (i, bias) in bias.iter().enumerate() {
            assert_eq!(*bias, if (512..1024).contains(&i) { 2.0 } else { 0.0 }, "{i}");
        }
    }

    #[test]
    fn other_biases_start_at_0_and_unknown_gates_are_refused() {
        let bias = |name| Parameter::new(name, [8], Role::Bias);
        assert_eq!(values("forget-gate-bias", &bias("head.bias")), [0.0; 8]);
        let scheme = ForgetGate { bias: 1.0 };
        let message = scheme.distribution(&bias("lstm.bias_ih_l0")).unwrap_err().to_string();
        assert!(message.contains("gates that nothing tells apart"), "{message}");
        assert!(scheme.distribution(&Parameter::linear("w", 2, 2)).is_err());
    }
}
