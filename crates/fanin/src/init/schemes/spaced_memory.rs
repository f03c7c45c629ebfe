//! Biases with which the units of a gated cell remember over every scale of time.
//!
//! A gate that stays at σ(b) forgets with the time constant 1 + eᵇ. Equal steps in b give every octave
//! of time as many units, where the lag that matters is not known. As with `chrono`, the input gate
//! begins at what the forget gate lets go, 1 − σ(b) = σ(−b): the cell is a mean of what came in over
//! its memory, and never larger than that, however alike inputs are.

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme};
use crate::init::{Component, Distribution, Parameter, Request, lstm};
use crate::spec::Role;

/// Time constants spaced evenly in their logarithm, up to the longest.
#[derive(Clone, Debug)]
pub struct SpacedMemory {
    /// The longest time constant, in steps.
    pub longest: f64,
}

/// The registry's entry; its number is replaced by the argument's.
pub const SPACED_MEMORY: SpacedMemory = SpacedMemory { longest: 100.0 };

const FACTS: Facts = Facts {
    name: "spaced-memory",
    aliases: &[],
    example: "spaced-memory:200",
    argument: "STEPS, the longest memory, more than 2",
    needs: "to be the scheme of biases; an LSTM or GRU whose gates are known",
    formula: "b_f in equal steps from 0 to ln(T−1), b_i = −b_f, 0 for the other gates and for \
              bias_hh; the update gate of a GRU as b_f",
    source: "as chrono (Tallec & Ollivier 2018), with time constants even in their logarithm",
    when: "sequences whose lags are not known: every scale of time gets as many units",
    avoid: "lags of one known order, for which chrono is made",
};

impl SpacedMemory {
    /// The bias of the last unit; the first has 0.
    fn last(&self, parameter: &Parameter) -> Result<f64> {
        let longest = (self.longest - 1.0).ln();
        Ok(match lstm::any_gate(parameter)? {
            Some(Component::ForgetGate | Component::UpdateGate) => longest,
            Some(Component::InputGate) => -longest,
            _ => 0.0,
        })
    }
}

impl Scheme for SpacedMemory {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        format!("{}:{}", FACTS.name, self.longest)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        Ok(Box::new(Self { longest: lstm::longest(argument)? }))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let last = self.last(parameter)?;
        if last == 0.0 {
            return Ok(Distribution::Constant(0.0));
        }
        let units = parameter.shape.elements() as f64;
        // The variance of 0, 1, …, n − 1 is (n² − 1)/12.
        let deviation = last.abs() * ((units + 1.0) / (12.0 * (units - 1.0).max(1.0))).sqrt();
        let deviation = if units > 1.0 { deviation } else { 0.0 };
        Ok(Distribution::Joint { mean: if units > 1.0 { 0.5 * last } else { 0.0 }, deviation })
    }

    fn serves(&self, role: Role) -> bool {
        role == Role::Bias
    }

    fn is_random(&self, _parameter: &Parameter) -> bool {
        false
    }

    fn fill(&self, request: &Request<'_>, start: u64, out: &mut [f32]) -> Result<()> {
        let last = self.last(request.parameter)?;
        let steps = request.parameter.shape.elements().saturating_sub(1).max(1) as f64;
        for (unit, bias) in (start..).zip(out) {
            *bias = (last * unit as f64 / steps) as f32;
        }
        Ok(())
    }

    fn samples(&self) -> Vec<Parameter> {
        lstm::biases()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Packing, Source, Values};

    #[test]
    fn forget_gates_rise_in_equal_steps_and_input_gates_mirror_them() {
        let [first, second] = lstm::biases().try_into().unwrap();
        let values = |parameter: &Parameter| {
            Values::new(parameter, Source::Scheme(&SPACED_MEMORY), 1).into_all().unwrap()
        };
        let bias = values(&first);
        let gates: Vec<&[f32]> = bias.chunks_exact(512).collect();
        let last = 99_f32.ln();
        assert_eq!((gates[1][0], gates[1][511]), (0.0, last));
        assert!((gates[1][100] - last * 100.0 / 511.0).abs() < 1e-6);
        let negated: Vec<f32> = gates[1].iter().map(|forget| -forget).collect();
        assert_eq!(gates[0], negated);
        assert!(bias[1024..].iter().chain(&values(&second)).all(|bias| *bias == 0.0));
    }

    #[test]
    fn a_gru_keeps_by_its_update_gate() {
        let parts = [Component::ResetGate, Component::UpdateGate, Component::Candidate];
        let mut bias = Parameter::new("gru.bias_ih_l0", [12], Role::Bias);
        bias.packing = Some(Packing { axis: 0, parts: parts.map(|gate| (gate, 4)).to_vec() });
        let scheme = SpacedMemory { longest: 1.0 + std::f64::consts::E.powi(3) };
        let values = Values::new(&bias, Source::Scheme(&scheme), 1).into_all().unwrap();
        let told = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0];
        assert!(
            values.iter().zip(told).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-6),
            "{values:?}"
        );
    }
}
