//! The biases of an LSTM, as far as schemes for gates need to know them.

use super::scheme::number;
use super::{Component, Parameter};
use crate::error::Result;
use crate::spec::Role;

/// Which gate a bias, or one part of a packed one, serves.
///
/// `None` for a bias that is to start at 0: of another layer, or the second bias that PyTorch keeps
/// (`bias_hh`), which is added to the first.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) if it is no bias, one of an LSTM whose gates are not
/// known, or one of a GRU.
pub(super) fn gate(parameter: &Parameter) -> Result<Option<Component>> {
    match (any_gate(parameter)?, parameter.place.component) {
        (_, Some(Component::ResetGate | Component::UpdateGate)) => {
            Err(parameter.unfit("the bias of a GRU", "that of an LSTM"))
        }
        (found, _) => Ok(found),
    }
}

/// The same of an LSTM or a GRU.
///
/// # Errors
/// As for [`gate`], but that of a GRU is welcome.
pub(super) fn any_gate(parameter: &Parameter) -> Result<Option<Component>> {
    if parameter.role != Role::Bias {
        let found = format!("one of the {}", parameter.role.plural());
        return Err(parameter.unfit(found, "a bias"));
    }
    let name = parameter.name.rsplit(['.', '/']).next().unwrap_or_default();
    let is_packed = parameter.packing.is_some() || parameter.part_of.is_some();
    match parameter.place.component {
        None if name.starts_with("bias_ih") && !is_packed => {
            Err(parameter.unfit("gates that nothing tells apart", "a packing of named gates"))
        }
        _ if name.starts_with("bias_hh") => Ok(None),
        component => Ok(component),
    }
}

/// The longest memory, in steps, that the argument of a scheme says.
pub(super) fn longest(argument: Option<&str>) -> std::result::Result<f64, &'static str> {
    argument.and_then(number).filter(|&longest| longest > 2.0).ok_or("more than 2 steps")
}

/// Biases that show what schemes for gates do, as PyTorch packs them.
pub(super) fn biases() -> Vec<Parameter> {
    use Component::{Candidate, ForgetGate, InputGate, OutputGate};
    const UNITS: usize = 512;
    let gates = [InputGate, ForgetGate, Candidate, OutputGate];
    let packed = |name: &str| {
        let parameter = Parameter::new(name, [gates.len() * UNITS], Role::Bias);
        let parts = gates.map(|gate| (gate, UNITS)).to_vec();
        let packing = Some(super::Packing { axis: 0, parts });
        let mut parameter = Parameter { packing, fan_in: UNITS, fan_out: UNITS, ..parameter };
        "lstm".clone_into(&mut parameter.place.module);
        parameter
    };
    vec![packed("lstm.bias_ih_l0"), packed("lstm.bias_hh_l0")]
}
