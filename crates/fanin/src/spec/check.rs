//! Whether a network as written can be built: values in range, sizes that fit, within the limits.

use fanin_engine::activations;

use super::layers::{LayerSpec, SequentialSpec, Units};
use super::limits::{MAX_MODULES, MAX_NESTING, check_matrix, check_width};
use super::mistake::{Misfit, Mistake, suggestion};

/// The activation with a trained slope, which is a module with a parameter of its own.
pub(super) const PRELU: &str = "prelu";

/// Sizes that the data decides, as far as the data is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sizes {
    pub features: Option<usize>,
    pub outputs: Option<usize>,
}

/// The first mistake in the network, if there is one.
pub(super) fn check(spec: &SequentialSpec, sizes: Sizes) -> Result<(), Misfit> {
    let inputs = spec.inputs.or(sizes.features);
    if let Some(inputs) = inputs {
        check_width("inputs", inputs).map_err(|mistake| Misfit::new(&[], "inputs", mistake))?;
    }
    if let (Some(asked), Some(given)) = (spec.inputs, sizes.features)
        && asked != given
    {
        let found = format!("{asked} inputs for data with {given} features");
        let mistake = Mistake::new(found, format!("{given}, or the word `features`"));
        return Err(Misfit::new(&[], "inputs", mistake));
    }
    check_modules(&spec.layers)?;
    let mut path = Vec::new();
    let width = check_sequence(&spec.layers, &mut path, inputs, sizes)?;
    if let (Some(width), Some(outputs)) = (width, sizes.outputs)
        && width != outputs
        && let Some(last) = spec.layers.len().checked_sub(1)
    {
        let found = format!("{width} outputs for data that ask for {outputs}");
        let mistake = Mistake::new(found, format!("{outputs}, or the word `outputs`"));
        return Err(Misfit::new(&[last], "units", mistake));
    }
    if !has_units(&spec.layers) {
        let mistake = Mistake::new("no layer with units", "at least one, such as `-> 10`");
        return Err(Misfit::new(&[], "", mistake));
    }
    Ok(())
}

/// The names of all activations, those of the engine and the one with a trained slope.
pub(super) fn activation_names() -> Vec<&'static str> {
    let mut names = activations::names();
    names.push(PRELU);
    names
}

fn has_units(layers: &[LayerSpec]) -> bool {
    layers.iter().any(|layer| layer.units.is_some() || has_units(&layer.layers))
}

fn check_modules(layers: &[LayerSpec]) -> Result<(), Misfit> {
    let mut total = 0_usize;
    for (position, layer) in layers.iter().enumerate() {
        total = total.saturating_add(modules(layer, 0));
        if total > MAX_MODULES {
            let found = format!("{} layers", layer.repeat);
            let expected = format!("a network of at most {MAX_MODULES} modules");
            return Err(Misfit::new(&[position], "repeat", Mistake::new(found, expected)));
        }
    }
    Ok(())
}

fn modules(layer: &LayerSpec, depth: usize) -> usize {
    let inner = match depth {
        0..MAX_NESTING => layer.layers.iter().map(|inner| modules(inner, depth + 1)),
        _ => return 0,
    };
    let own = usize::from(layer.units.is_some())
        + usize::from(layer.norm.is_some())
        + usize::from(layer.activation.is_some())
        + usize::from(layer.dropout.is_some())
        + usize::from(layer.residual.is_some());
    let once = inner.fold(own, usize::saturating_add);
    once.saturating_mul(layer.repeat)
}

/// Checks layers in order and gives the width of their result, where it is known.
fn check_sequence(
    layers: &[LayerSpec],
    path: &mut Vec<usize>,
    mut width: Option<usize>,
    sizes: Sizes,
) -> Result<Option<usize>, Misfit> {
    if path.len() > MAX_NESTING {
        let expected = format!("at most {MAX_NESTING} groups within groups");
        return Err(Misfit::new(path, "layers", Mistake::new("a deeper group", expected)));
    }
    for (position, layer) in layers.iter().enumerate() {
        path.push(position);
        check_values(layer).map_err(|(key, mistake)| Misfit::new(path, key, mistake))?;
        let is_last = path.len() == 1 && position + 1 == layers.len();
        if layer.units == Some(Units::Outputs) && !(is_last && layer.repeat == 1) {
            let expected = "a number: only the last layer has the width of the targets";
            let mistake = Mistake::new("`outputs`", expected);
            return Err(Misfit::new(path, "units", mistake));
        }
        // From the second repetition on, the width before is the layer's own.
        for _ in 0..layer.repeat.min(2) {
            width = check_once(layer, path, width, sizes)?;
        }
        path.pop();
    }
    Ok(width)
}

fn check_once(
    layer: &LayerSpec,
    path: &mut Vec<usize>,
    before: Option<usize>,
    sizes: Sizes,
) -> Result<Option<usize>, Misfit> {
    let after = match layer.units {
        None if layer.layers.is_empty() => before,
        None => check_sequence(&layer.layers, path, before, sizes)?,
        Some(Units::Count(units)) => Some(units),
        Some(Units::Outputs) => sizes.outputs,
    };
    if let (Some(_), Some(inputs), Some(units)) = (layer.units, before, after) {
        check_width("outputs", units)
            .and_then(|()| check_matrix(units, inputs))
            .map_err(|mistake| Misfit::new(path, "units", mistake))?;
    }
    if let (Some(_), Some(before), Some(after)) = (layer.residual, before, after)
        && before != after
    {
        let key = if layer.units.is_some() { "units" } else { "residual" };
        let found = format!("{after} units from {before} in a residual");
        let expected = format!("{before}: the result is added to the input, unit by unit");
        return Err(Misfit::new(path, key, Mistake::new(found, expected)));
    }
    Ok(after)
}

type ValueResult = Result<(), (&'static str, Mistake)>;

fn check_values(layer: &LayerSpec) -> ValueResult {
    check_kind(layer)?;
    if layer.repeat == 0 {
        return Err(("repeat", Mistake::new("0 layers", "at least 1")));
    }
    if let Some(Units::Count(units)) = layer.units {
        check_width("units", units).map_err(|mistake| ("units", mistake))?;
    }
    if let Some(name) = &layer.activation {
        check_activation(name).map_err(|mistake| ("activation", mistake))?;
    }
    if let Some(rate) = layer.dropout
        && !(0.0..1.0).contains(&rate)
    {
        let expected = "a rate from 0 up to but not including 1";
        return Err(("dropout", Mistake::new(format!("dropout rate {rate}"), expected)));
    }
    if let Some(scale) = layer.residual
        && !scale.is_finite()
    {
        let mistake = Mistake::new(format!("residual factor {scale}"), "a finite number");
        return Err(("residual", mistake));
    }
    Ok(())
}

/// Whether the layer is one of: units, a group, or only words.
fn check_kind(layer: &LayerSpec) -> ValueResult {
    let says_more = layer.norm.is_some() || layer.activation.is_some() || layer.dropout.is_some();
    if !layer.layers.is_empty() {
        if layer.units.is_some() {
            return Err(("units", Mistake::new("units beside a group of layers", "one of them")));
        }
        if says_more || layer.init.is_some() || !layer.bias {
            let found = "a group of layers with settings of its own";
            return Err(("layers", Mistake::new(found, "them in the group's last layer")));
        }
        return Ok(());
    }
    if layer.units.is_some() {
        return Ok(());
    }
    let needs_units = |key, found| Err((key, Mistake::new(found, "units in the same layer")));
    if !layer.bias {
        return needs_units("bias", "`no_bias` without units");
    }
    if layer.init.is_some() {
        return needs_units("init", "a scheme without units");
    }
    if layer.repeat != 1 {
        return needs_units("repeat", "a repetition without units");
    }
    if says_more {
        return Ok(());
    }
    let expected = "units, a norm, an activation, dropout or layers";
    Err(("", Mistake::new("an empty layer", expected)))
}

fn check_activation(text: &str) -> Result<(), Mistake> {
    if text == PRELU || activations::find(text).is_some() {
        return Ok(());
    }
    let name = text.split_once(':').map_or(text, |(name, _)| name);
    let names = activation_names();
    if !names.contains(&name) {
        let expected = format!("one of {}{}", names.join(", "), suggestion(name, &names));
        return Err(Mistake::new(format!("unknown activation `{name}`"), expected));
    }
    let takes_one = activations::find(&format!("{name}:0.5")).is_some();
    let expected = if takes_one {
        format!("a number that `{name}` can take after the colon, such as `{name}:0.5`")
    } else {
        format!("`{name}` alone, since it takes no parameter")
    };
    Err(Mistake::new(format!("`{text}`"), expected))
}
