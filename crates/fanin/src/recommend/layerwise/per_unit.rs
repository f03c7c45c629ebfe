//! Every unit of every layer to mean 0 and variance 1 on the rows, in the order of the data.
//!
//! Key: t = w·x what a unit computes without its bias, μ and σ its mean and deviation on the rows.
//! Then w ← w/σ and b ← −μ/σ: the data initialization of weight normalization (Salimans & Kingma
//! 2016, eq. 5, with g = 1/σ folded into w), and the first half of Krähenbühl et al. 2016.

use super::units::{Moments, of_units, of_weight};
use super::{is_normalized, repeats, unseen};
use crate::error::Result;
use crate::recommend::draft::{Draft, rounded, spread};
use crate::recommend::observer::Observer;
use crate::spec::LayerWires;

/// What weights are drawn from before their units are scaled.
#[derive(Clone, Copy, Debug)]
pub(in crate::recommend) enum Start {
    /// N(0, σ²) whatever the layer.
    Normal(f64),
    /// N(0, 1/fan-in).
    FanIn,
}

/// Gives every unit of every layer mean 0 and variance 1 on the observer's rows.
///
/// # Errors
/// If the network cannot be planned, or a weight cannot be drawn.
pub(in crate::recommend) fn standardize_units(
    observer: &mut Observer,
    draft: &mut Draft,
    start: Start,
) -> Result<()> {
    let layers = observer.network.layers.clone();
    let again = repeats(&layers);
    for layer in layers.iter().zip(&again).filter(|(_, again)| !**again).map(|(layer, _)| layer) {
        let scheme = match start {
            Start::Normal(deviation) => format!("normal:{deviation}"),
            Start::FanIn => {
                let fan_in = draft.parameters[layer.weight].fan_in.max(1) as f64;
                format!("normal:{}", rounded(1.0 / fan_in.sqrt()))
            }
        };
        observer.parameters[layer.weight] = draft.drawn(layer.weight, &scheme)?;
        if let Some(bias) = layer.bias {
            observer.parameters[bias].fill(0.0);
        }
        note(observer, draft, layer, "drawn anew");
    }
    for (layer, &again) in layers.iter().zip(&again) {
        if again {
            draft.unmet.push(format!(
                "`{}` shares its weight with an earlier layer, which decided its scale",
                layer.module
            ));
        } else {
            standardize(observer, draft, layer)?;
        }
    }
    let unseen = unseen(&draft.parameters, &layers);
    draft.unmet.extend(unseen);
    draft.unmet.push(
        "units differ in scale as the rows ask for: schemes give only their spread, so for another \
         seed find the weights anew"
            .to_owned(),
    );
    Ok(())
}

fn standardize(observer: &mut Observer, draft: &mut Draft, layer: &LayerWires) -> Result<()> {
    let module = &layer.module;
    if is_normalized(layer) {
        note(observer, draft, layer, "a normalization undoes its scale");
        return Ok(());
    }
    let mut watch = observer.watch(&[layer.pre_activation])?;
    observer.run(&mut watch);
    let moments = of_units(&observer.network, layer, watch.read(0));
    let shape = draft.parameters[layer.weight].shape.axes().to_vec();
    let of_each = of_weight(layer, &shape, moments.len());
    let (moments, of_each) = of_each.map_or_else(
        || {
            draft.unmet.push(format!(
                "`{module}`: units of its weight are not told apart, so they \
                                      share one scale and keep their means"
            ));
            let mut whole = Moments::of(watch.read(0));
            whole.mean = 0.0;
            (vec![whole], vec![0; shape.iter().product()])
        },
        |of_each| (moments, of_each),
    );
    let silent = moments.iter().filter(|unit| !unit.varies()).count();
    if silent > 0 {
        draft.unmet.push(format!(
            "`{module}`: {silent} of {} units give the same for all rows and keep their scale",
            moments.len()
        ));
    }
    let factor = |unit: &Moments| if unit.varies() { 1.0 / unit.variance.sqrt() } else { 1.0 };
    let factors: Vec<f64> = moments.iter().map(factor).collect();
    for (w, unit) in observer.parameters[layer.weight].iter_mut().zip(of_each) {
        *w = (f64::from(*w) * factors[unit]) as f32;
    }
    match layer.bias {
        Some(bias) if observer.parameters[bias].len() == moments.len() => {
            for (b, (unit, factor)) in
                observer.parameters[bias].iter_mut().zip(moments.iter().zip(&factors))
            {
                *b = if unit.varies() { (-unit.mean * factor) as f32 } else { 0.0 };
            }
        }
        Some(_) | None => {
            if moments.iter().any(|unit| unit.mean.abs() * factor(unit) > 0.1) {
                draft.unmet.push(format!("`{module}` has no bias that could take its mean away"));
            }
        }
    }
    note(observer, draft, layer, "each unit to mean 0 and variance 1 on the rows");
    Ok(())
}

/// Notes a layer's weights and bias as they are now.
pub(super) fn note(observer: &Observer, draft: &mut Draft, layer: &LayerWires, reason: &str) {
    for position in [Some(layer.weight), layer.bias].into_iter().flatten() {
        let values = observer.parameters[position].clone();
        let scheme = spread(&values, position == layer.weight);
        draft.set(position, values, scheme, reason.to_owned());
    }
}
