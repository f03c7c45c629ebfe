//! Models as their libraries list them, and lists as people write them.

mod lists;
mod names_of_models;

use serde_json::Value;

use super::*;
use crate::spec::Role;

const MODELS: &str = include_str!("../../../tests/reference/model_names.json");

fn entries(model: &str) -> Vec<Entry> {
    let models: Value = serde_json::from_str(MODELS).unwrap();
    let of = |pair: &Value| {
        let shape: Vec<usize> = serde_json::from_value(pair[1].clone()).unwrap();
        Entry::new(pair[0].as_str().unwrap(), shape)
    };
    models[model].as_array().unwrap().iter().map(of).collect()
}

fn model(model: &str) -> Listed {
    Manifest::new(Settings::default(), entries(model)).unwrap().parameters().unwrap()
}

fn list(entries: &[(&str, &[usize])]) -> Listed {
    let entries = entries.iter().map(|(name, shape)| Entry::new(name, *shape)).collect();
    Manifest::new(Settings::default(), entries).unwrap().parameters().unwrap()
}

/// Role, component or parts, fans, block, branch, marks.
fn told(parameter: &Parameter) -> String {
    let place = &parameter.place;
    let mut words = vec![parameter.role.label().to_owned()];
    words.extend(place.component.map(|component| component.label().to_owned()));
    if let Some(packing) = &parameter.packing {
        let parts: Vec<String> =
            packing.parts.iter().map(|(c, size)| format!("{} {size}", c.label())).collect();
        words.push(format!("[{}: {}]", packing.axis, parts.join(", ")));
    }
    if parameter.fan_in > 0 {
        words.push(format!("{}->{}", parameter.fan_in, parameter.fan_out));
    }
    words.extend(place.block.map(|p| format!("block {}/{}", p.index, p.count)));
    words.extend(place.branch.map(|p| format!("branch {}/{}", p.index, p.count)));
    words.extend(place.is_residual_output.then(|| "residual-output".to_owned()));
    words.extend(place.is_head.then(|| "head".to_owned()));
    words.join(" ")
}

/// What is told of some parameters of a list.
#[track_caller]
fn check(listed: &Listed, expected: &[(&str, &str)]) {
    for (name, words) in expected {
        let parameter = listed.parameters.iter().find(|p| p.name == *name);
        let parameter = parameter.unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(told(parameter), *words, "{name}");
    }
}
