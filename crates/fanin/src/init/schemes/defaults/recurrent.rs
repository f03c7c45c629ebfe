//! Parameters of recurrent layers: which they are, and what their gates have in common.

use crate::init::{Component, Packing, Parameter, Request};
use crate::spec::Role;

/// Beginnings of the names that `PyTorch` and candle give the parameters of recurrent layers.
const NAMES: &[&str] = &["weight_ih", "weight_hh", "bias_ih", "bias_hh"];

/// Whether the parameter belongs to a recurrent layer.
pub fn is_recurrent(parameter: &Parameter) -> bool {
    let name = last_name(parameter);
    parameter.role == Role::Recurrent
        || gates(parameter).any(is_gate)
        || NAMES.iter().any(|beginning| name.starts_with(beginning))
}

/// Whether its layer is an LSTM.
pub fn is_lstm(parameter: &Parameter) -> bool {
    let of_lstm =
        |gate| matches!(gate, Component::InputGate | Component::ForgetGate | Component::OutputGate);
    gates(parameter).any(of_lstm)
}

/// The part of its name in its framework after the last point: `weight_hh_l0`.
pub fn last_name(parameter: &Parameter) -> &str {
    let name = parameter.framework.as_deref().unwrap_or(&parameter.name);
    name.rsplit('.').next().unwrap_or(name)
}

/// Units of the layer, of one gate; 0 for a shape without axes.
pub fn hidden_size(parameter: &Parameter) -> usize {
    if let Some(packing) = packing(parameter) {
        return packing.parts.first().map_or(0, |(_, size)| *size);
    }
    match parameter.role {
        Role::Recurrent => parameter.fan_in,
        Role::Bias => parameter.shape.axes().first().copied().unwrap_or(0),
        _ => parameter.fan_out,
    }
}

/// The packed parameter that a part was taken from, or the parameter itself.
pub fn whole(parameter: &Parameter) -> Parameter {
    let Some(packing) = &parameter.part_of else { return parameter.clone() };
    let mut shape = parameter.shape.axes().to_vec();
    shape[packing.axis] = packing.parts.iter().map(|(_, size)| size).sum();
    Parameter { shape: shape.into(), part_of: None, ..parameter.clone() }
}

/// Copies the elements of one part out of those of the whole.
pub fn copy_part(request: &Request<'_>, whole: &Parameter, values: &[f32], out: &mut [f32]) {
    let Some(packing) = &request.parameter.part_of else { return out.copy_from_slice(values) };
    let index = request.part.unwrap_or_else(|| {
        let own = |(component, _): &(Component, usize)| {
            Some(*component) == request.parameter.place.component
        };
        packing.parts.iter().position(own).unwrap_or(0)
    });
    let inner: usize = whole.shape.axes()[packing.axis + 1..].iter().product();
    let before: usize = packing.parts[..index].iter().map(|(_, size)| size * inner).sum();
    let period = whole.shape.axes()[packing.axis] * inner;
    let run = packing.parts[index].1 * inner;
    for (rows, of_whole) in out.chunks_exact_mut(run).zip(values.chunks_exact(period)) {
        rows.copy_from_slice(&of_whole[before..before + run]);
    }
}

fn packing(parameter: &Parameter) -> Option<&Packing> {
    parameter.packing.as_ref().or(parameter.part_of.as_ref())
}

fn gates(parameter: &Parameter) -> impl Iterator<Item = Component> {
    let parts = packing(parameter).map_or(&[][..], |packing| &packing.parts);
    parts.iter().map(|(component, _)| *component).chain(parameter.place.component)
}

fn is_gate(component: Component) -> bool {
    matches!(
        component,
        Component::InputGate
            | Component::ForgetGate
            | Component::Candidate
            | Component::OutputGate
            | Component::ResetGate
            | Component::UpdateGate
    )
}
