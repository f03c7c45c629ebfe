//! From layers to modules, and from modules back to the fewest layers that say them.

use super::{LayerSpec, Norm, SequentialSpec, Units};
use crate::spec::check;
use crate::spec::sequential::{Layer, Sequential};

/// Appends the modules of layers that have been checked.
pub fn expand(specs: &[LayerSpec], outputs: usize, into: &mut Vec<Layer>) {
    for spec in specs {
        for _ in 0..spec.repeat {
            match spec.residual {
                Some(scale) => {
                    let mut layers = Vec::new();
                    expand_once(spec, outputs, &mut layers);
                    into.push(Layer::Residual { scale, layers });
                }
                None => expand_once(spec, outputs, into),
            }
        }
    }
}

fn expand_once(spec: &LayerSpec, outputs: usize, into: &mut Vec<Layer>) {
    expand(&spec.layers, outputs, into);
    if let Some(units) = spec.units {
        let units = match units {
            Units::Count(units) => units,
            Units::Outputs => outputs,
        };
        into.push(Layer::Linear { units, bias: spec.bias });
    }
    match spec.norm {
        Some(Norm::Batch) => into.push(Layer::BatchNorm),
        Some(Norm::Layer) => into.push(Layer::LayerNorm),
        None => {}
    }
    match spec.activation.as_deref() {
        Some(check::PRELU) => into.push(Layer::PRelu),
        Some(name) => into.push(Layer::Activation(name.to_owned())),
        None => {}
    }
    if let Some(rate) = spec.dropout {
        into.push(Layer::Dropout { rate });
    }
}

impl From<&Sequential> for SequentialSpec {
    /// The shortest way to write the network: equal neighbors become one repeated layer.
    fn from(model: &Sequential) -> Self {
        Self { inputs: Some(model.inputs), layers: collect(&model.layers) }
    }
}

fn collect(modules: &[Layer]) -> Vec<LayerSpec> {
    let mut specs: Vec<LayerSpec> = Vec::new();
    let mut filled = END;
    for module in modules {
        let rank = rank(module);
        if rank <= filled || rank == END {
            specs.push(LayerSpec::default());
        }
        filled = rank;
        let last = specs.len() - 1;
        add(&mut specs[last], module);
    }
    merge(specs)
}

/// A full element: a residual begins one, and whatever module comes next begins another.
const END: u8 = 4;

/// The place of a module among those of one element.
fn rank(module: &Layer) -> u8 {
    match module {
        Layer::Linear { .. } => 0,
        Layer::BatchNorm | Layer::LayerNorm => 1,
        Layer::Activation(_) | Layer::PRelu => 2,
        Layer::Dropout { .. } => 3,
        Layer::Residual { .. } => END,
    }
}

fn add(spec: &mut LayerSpec, module: &Layer) {
    match module {
        Layer::Linear { units, bias } => {
            spec.units = Some(Units::Count(*units));
            spec.bias = *bias;
        }
        Layer::BatchNorm => spec.norm = Some(Norm::Batch),
        Layer::LayerNorm => spec.norm = Some(Norm::Layer),
        Layer::Activation(name) => spec.activation = Some(name.clone()),
        Layer::PRelu => spec.activation = Some(check::PRELU.to_owned()),
        Layer::Dropout { rate } => spec.dropout = Some(*rate),
        Layer::Residual { scale, layers } => {
            let mut branch = collect(layers);
            let is_one_layer =
                matches!(&branch[..], [only] if only.residual.is_none() && only.repeat == 1);
            *spec = match branch.pop() {
                Some(only) if is_one_layer => only,
                last => {
                    branch.extend(last);
                    LayerSpec { layers: branch, ..LayerSpec::default() }
                }
            };
            spec.residual = Some(*scale);
        }
    }
}

fn merge(specs: Vec<LayerSpec>) -> Vec<LayerSpec> {
    let mut merged: Vec<LayerSpec> = Vec::new();
    for spec in specs {
        match merged.last_mut() {
            Some(last) if last.can_repeat() && LayerSpec { repeat: 1, ..last.clone() } == spec => {
                last.repeat += 1;
            }
            _ => merged.push(spec),
        }
    }
    merged
}
