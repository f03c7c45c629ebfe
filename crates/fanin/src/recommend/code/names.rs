//! How frameworks name the parameters that a network has here.

use super::cells;
use crate::init::{Parameter, Role};
use crate::spec::Model;

/// The path of a parameter in the tree of a Flax model.
///
/// Layers of a short text are numbered by their kind, as `nn.compact` names them (`Dense_0`); other
/// names keep their modules. Cells are those of `flax.nnx`. What multiplies is a `kernel`, what normalizes a `scale`.
pub(super) fn flax(model: &Model, parameters: &[Parameter], name: &str) -> String {
    let Some(parameter) = parameters.iter().find(|p| p.name == name) else {
        return name.to_owned();
    };
    if let Some(path) = cells::flax(parameters, parameter) {
        return path;
    }
    let (module, last) = name.rsplit_once('.').unwrap_or(("", name));
    let leaf = match (parameter.role, last) {
        (Role::Weight, "weight") => "kernel",
        (Role::NormScale, "weight") => "scale",
        (Role::Embedding, "weight") => "embedding",
        (_, last) => last,
    };
    let module = match model.layers() {
        Some(_) => numbered(parameters, module),
        None => module.replace('.', "/"),
    };
    if module.is_empty() { leaf.to_owned() } else { format!("{module}/{leaf}") }
}

/// `Dense_3` for the fourth linear layer.
fn numbered(parameters: &[Parameter], module: &str) -> String {
    let kind = |module: &str| {
        let own = parameters.iter().filter(|p| module_of(p) == module);
        let mut roles = own.map(|p| p.role);
        if roles.clone().any(|role| role == Role::RunningMean) {
            return "BatchNorm";
        }
        if roles.any(|role| role == Role::NormScale) { "LayerNorm" } else { "Dense" }
    };
    let mut modules: Vec<&str> = parameters.iter().map(module_of).collect();
    modules.dedup();
    let own = kind(module);
    let before = modules.iter().take_while(|other| **other != module);
    format!("{own}_{}", before.filter(|other| kind(other) == own).count())
}

fn module_of(parameter: &Parameter) -> &str {
    parameter.name.rsplit_once('.').map_or("", |(module, _)| module)
}
