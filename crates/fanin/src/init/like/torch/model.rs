//! Whole models: parameters grouped into modules, and drawn one module after the other.

use std::collections::{HashMap, HashSet};

use super::{Declared, Element, Generator, Module, default_values};
use crate::error::{Error, Result};

/// A module of a model, and which of the model's parameters are its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What the names of its parameters have in common, without the last dot: `layers.0.norm1`.
    pub prefix: String,
    /// Positions of its parameters in the model's list.
    pub parameters: Vec<usize>,
    /// Its kind.
    pub module: Module,
}

/// Groups a model's parameters into modules, in the order of their first parameters.
///
/// A name is cut at its last dot, but `out_proj` is part of the attention around it. `kind` says
/// what the module is; it sees prefix, positions, and the kind that names and shapes suggest:
/// - `weight_hh…` makes it recurrent, `in_proj_weight` or `q_proj_weight` an attention;
/// - a weight of three and more axes is a convolution, one of two axes linear;
/// - anything else is a norm.
///
/// So `kind` has to tell embeddings, learned slopes and deep copies, and may leave the rest.
pub fn modules(parameters: &[Declared<'_>], kind: impl Fn(&Planned) -> Module) -> Vec<Planned> {
    let attentions: HashSet<&str> = parameters
        .iter()
        .map(|parameter| split(parameter.name))
        .filter(|(_, own)| ["in_proj_weight", "q_proj_weight"].contains(own))
        .map(|(prefix, _)| prefix)
        .collect();
    let mut planned: Vec<Planned> = Vec::new();
    let mut positions = HashMap::new();
    for (index, parameter) in parameters.iter().enumerate() {
        let (prefix, _) = split(parameter.name);
        let (parent, own) = split(prefix);
        let is_part = own == "out_proj" && attentions.contains(parent);
        let prefix = if is_part { parent } else { prefix };
        let position = *positions.entry(prefix).or_insert(planned.len());
        if position == planned.len() {
            let prefix = prefix.to_owned();
            planned.push(Planned { prefix, parameters: Vec::new(), module: Module::Norm });
        }
        planned[position].parameters.push(index);
    }
    for module in &mut planned {
        module.module = suggested(parameters, module);
        module.module = kind(module);
    }
    planned
}

/// Draws a model's starting values module by module and gives each parameter's to `receive`, with
/// its position in `parameters`.
///
/// `planned` is in the order in which the model's constructor makes its modules, which for most
/// models is that of the `state_dict`. No more is kept in memory than one module, and those that
/// are copied.
///
/// # Errors
/// As [`default_values`], with the module's prefix; if a copy comes before its original or does
/// not have its shapes; and what `receive` returns.
pub fn initialize<E: Element>(
    generator: &mut Generator,
    parameters: &[Declared<'_>],
    planned: &[Planned],
    mut receive: impl FnMut(usize, Vec<E>) -> Result<()>,
) -> Result<()> {
    let originals: HashSet<&str> = planned.iter().filter_map(original).collect();
    let mut kept: HashMap<&str, Vec<Vec<E>>> = HashMap::new();
    for module in planned {
        let own = own_parameters(parameters, module);
        let within = |mistake| Error::Within {
            place: format!("module `{}`", module.prefix),
            mistake: Box::new(mistake),
        };
        let values = match original(module) {
            Some(prefix) => copied(&kept, prefix, &own).map_err(within)?,
            None => default_values(generator, &module.module, &own).map_err(within)?,
        };
        if originals.contains(module.prefix.as_str()) {
            kept.insert(&module.prefix, values.clone());
        }
        for (index, values) in module.parameters.iter().zip(values) {
            receive(*index, values)?;
        }
    }
    Ok(())
}

fn original(module: &Planned) -> Option<&str> {
    match &module.module {
        Module::CopyOf(prefix) => Some(prefix),
        _ => None,
    }
}

fn copied<E: Element>(
    kept: &HashMap<&str, Vec<Vec<E>>>,
    prefix: &str,
    own: &[Declared<'_>],
) -> Result<Vec<Vec<E>>> {
    let values = kept.get(prefix);
    let is_alike = |values: &&Vec<Vec<E>>| {
        let sizes = own.iter().map(|parameter| parameter.shape.iter().product::<usize>());
        values.iter().map(Vec::len).eq(sizes)
    };
    values.filter(is_alike).cloned().ok_or_else(|| Error::Setting {
        place: "copy".to_owned(),
        found: match values {
            Some(_) => format!("other shapes than those of `{prefix}`"),
            None => format!("`{prefix}`, which does not come before it"),
        },
        expected: "an earlier module of the same shapes".to_owned(),
    })
}

/// The parameters of a module, named as within it.
fn own_parameters<'a>(parameters: &[Declared<'a>], module: &Planned) -> Vec<Declared<'a>> {
    let start = if module.prefix.is_empty() { 0 } else { module.prefix.len() + 1 };
    let own = module.parameters.iter().map(|index| parameters[*index]);
    own.map(|Declared { name, shape }| Declared { name: &name[start..], shape }).collect()
}

fn suggested(parameters: &[Declared<'_>], module: &Planned) -> Module {
    let own = own_parameters(parameters, module);
    let has = |start: &str| own.iter().any(|parameter| parameter.name.starts_with(start));
    if has("weight_hh") {
        return Module::Recurrent;
    }
    if has("in_proj_weight") || has("q_proj_weight") {
        return Module::Attention;
    }
    let weight = own.iter().find(|parameter| parameter.name == "weight");
    match weight.map_or(0, |weight| weight.shape.len()) {
        0 | 1 => Module::Norm,
        2 => Module::Linear,
        _ => Module::Convolution,
    }
}

/// A name without its last part, and that part.
fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}
