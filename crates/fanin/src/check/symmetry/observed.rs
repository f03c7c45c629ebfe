//! Classes of units of any graph, as passes over a few rows see them.
//!
//! Of a graph it is not known how its layers are wired, so nothing is proved. Units are put into
//! one class if their incoming weights and biases are equal and so are their z and ∂loss/∂z at
//! every sample, and if all this stays so over some steps of gradient descent: layers of zeros
//! keep errors from each other only until then. Units are each other's mirror image if all of this is
//! so with the opposite sign. Equality up to the order of entries is not looked for.

use fanin_engine::Wire;
use fanin_kernels::reduce;

use super::TOLERANCE;
use super::refine::{count, renumber};
use super::units::{Exactness, Units};
use crate::check::instruments::pass::{Pass, first};
use crate::check::probe::Batch;
use crate::check::samples::Lay;
use crate::error::Result;
use crate::spec::{LayerWires, Loss, Mode, Model, Network};
use crate::weights::Weights;

/// Rows that units are compared on: units that differ do so on nearly every row.
const ROWS: usize = 32;

/// Steps after which what was equal must still be: each opens one layer of zeros.
const STEPS: usize = 4;

/// Length of a step, relative to each tensor, or to 1 where it is 0.
const STEP: f64 = 0.05;

/// Gaps up to this share of a wire's root mean square are rounding, as in a confirmation.
const ROUNDING: f64 = 1e-4;

/// The classes of the units of every layer but the last; of a part of a network, whose last layer
/// is hidden, of every layer.
///
/// # Errors
/// If the weights or the batch do not fit the model.
pub fn observed(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
) -> Result<Vec<Units>> {
    let batch = first(batch, ROWS);
    let quiet = classes(model, loss, weights, batch, Mode::Probe)?;
    let ties = quiet.iter().any(Classes::is_any);
    let is_random =
        Network::new(model, loss, 1, Mode::Train)?.graph.inputs().len() > Network::CLOCK;
    let noisy = (ties && is_random)
        .then(|| classes(model, loss, weights, batch, Mode::Train))
        .transpose()?;
    let network = Network::new(model, loss, 1, Mode::Probe)?;
    let is_part = model.architecture().is_part();
    let units =
        |layer: &LayerWires| network.graph.shape(layer.pre_activation).axes()[layer.layout.units];
    // How many outputs the layers behind a part have is not known.
    let outputs = if is_part { 0 } else { network.layers.last().map_or(0, units) };
    let last = network.layers.len().saturating_sub(1);
    let layers = network.layers.iter().zip(quiet).enumerate();
    let told = |(index, (layer, classes)): (usize, (&LayerWires, Classes))| {
        let width = classes.equal.len();
        let ample = layer.branches.is_empty() && width + 1 >= outputs;
        let needed = if ample { outputs.saturating_sub(1).max(2) } else { 2 };
        let parted = |noisy: &Vec<Classes>| noisy[index].count() > classes.count();
        Units {
            module: layer.module.clone(),
            parted_by_dropout: noisy.as_ref().is_some_and(parted),
            needed: needed.min(width),
            classes: classes.equal,
            classes_up_to_sign: classes.up_to_sign,
            exactness: Exactness::WithinTolerance,
            last_read: is_part && index == last,
        }
    };
    let hidden = last + usize::from(is_part);
    Ok(layers.take(hidden).map(told).collect())
}

/// The classes of one layer's units.
struct Classes {
    /// Of equal ones.
    equal: Vec<usize>,
    /// Of those that are equal or each other's negative.
    up_to_sign: Vec<usize>,
}

impl Classes {
    /// Units that differ by more than their sign.
    fn count(&self) -> usize {
        count(&self.up_to_sign)
    }

    /// Whether some share a class.
    fn is_any(&self) -> bool {
        self.count() < self.equal.len()
    }
}

/// The classes of every layer that are left after [`STEPS`] steps.
fn classes(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
    mode: Mode,
) -> Result<Vec<Classes>> {
    let mut network = Network::new(model, loss, batch.rows, mode)?;
    let mut keep = network.add_gradients()?;
    let trained = keep.len();
    let z: Vec<Wire> = network.layers.iter().map(|l| l.pre_activation).collect();
    let deltas = fanin_engine::gradients(&mut network.graph, network.loss, &z)?;
    keep.extend([z, deltas].concat());
    let mut pass = Pass::<f32>::new(&network, &keep, weights)?;
    pass.feed_batch(batch);
    let mut found: Vec<Classes> = Vec::new();
    for step in 0..=STEPS {
        if network.graph.inputs().len() > Network::CLOCK {
            pass.clock(Network::CLOCK, [0, step as i64]);
        }
        pass.run();
        let now: Vec<Classes> = network
            .layers
            .iter()
            .enumerate()
            .map(|(index, layer)| {
                let lay = Lay::of_units(&network, layer);
                let wires = [trained + index, trained + network.layers.len() + index];
                let samples = wires.map(|wire| lay.samples(pass.read(wire)).into_owned());
                let own = own_numbers(&network, layer, pass.parameters(), lay.units());
                compare(&samples, &own, lay.units(), found.get(index))
            })
            .collect();
        found = now;
        if !found.iter().any(Classes::is_any) {
            break;
        }
        descend(&network, &mut pass);
    }
    Ok(found)
}

/// Incoming weights and bias of each unit; nothing where the weight's axis of units is not known.
fn own_numbers(
    network: &Network,
    layer: &LayerWires,
    parameters: &[Vec<f32>],
    units: usize,
) -> Vec<Vec<f32>> {
    let shape = network.graph.shape(network.graph.parameters()[layer.weight]).axes();
    let mut own = vec![Vec::new(); units];
    if let &[axis] = &layer.weight_axes.output[..]
        && shape.get(axis) == Some(&units)
    {
        let stride: usize = shape[axis + 1..].iter().product();
        for (element, &value) in parameters[layer.weight].iter().enumerate() {
            own[element / stride % units].push(value);
        }
    }
    if let Some(bias) = layer.bias.map(|bias| &parameters[bias]).filter(|b| b.len() == units) {
        own.iter_mut().zip(bias).for_each(|(own, &bias)| own.push(bias));
    }
    own
}

/// Numbers the units so that equal ones get one number, and so that equal or opposite ones do,
/// within the classes of `before`.
fn compare(
    samples: &[Vec<f32>; 2],
    own: &[Vec<f32>],
    units: usize,
    before: Option<&Classes>,
) -> Classes {
    let size = |x: &[f32]| (reduce::sum_of_squares(x) / x.len().max(1) as f64).sqrt();
    let allowed = samples.each_ref().map(|x| ROUNDING * size(x));
    let of_own = own.iter().map(|x| reduce::sum_of_squares(x)).sum::<f64>();
    let own_elements = own.iter().map(Vec::len).sum::<usize>().max(1) as f64;
    // Steps are taken in f32, so from the second pass on equal weights may differ by rounding.
    let tolerance = if before.is_some() { ROUNDING } else { TOLERANCE };
    let allowed_own = tolerance * (of_own / own_elements).sqrt();
    let near = |x: f32, y: f32, gap: f64| x == y || (f64::from(x) - f64::from(y)).abs() <= gap;
    let alike = |a: usize, b: usize, sign: f32| {
        own[a].iter().zip(&own[b]).all(|(&x, &y)| near(x, sign * y, allowed_own))
            && samples.iter().zip(allowed).all(|(x, gap)| {
                let mut rows = x.chunks_exact(units);
                rows.all(|sample| near(sample[a], sign * sample[b], gap))
            })
    };
    let equal = numbered(0..units, |a, b| {
        before.is_none_or(|before| before.equal[a] == before.equal[b]) && alike(a, b, 1.0)
    });
    // What two units of a softmax get is always opposite, and one number is all that they need.
    if units <= 2 {
        return Classes { up_to_sign: equal.clone(), equal };
    }
    let mut representatives: Vec<usize> = Vec::new();
    for (unit, &class) in equal.iter().enumerate() {
        if class == representatives.len() {
            representatives.push(unit);
        }
    }
    // Two different units that are both the negative of a third are equal, so a class up to sign has
    // two representatives at most.
    let signed = numbered(representatives.iter().copied(), |a, b| {
        before.is_none_or(|before| before.up_to_sign[a] == before.up_to_sign[b])
            && alike(a, b, -1.0)
    });
    let up_to_sign = renumber(equal.iter().map(|&class| signed[class]));
    Classes { equal, up_to_sign }
}

/// The number of each of `units` in the order in which classes of `same` ones appear; each is
/// compared with the first of every class.
fn numbered(units: impl Iterator<Item = usize>, same: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut firsts: Vec<usize> = Vec::new();
    let class = |unit: usize| {
        let known = firsts.iter().position(|&first| same(first, unit));
        known.unwrap_or_else(|| {
            firsts.push(unit);
            firsts.len() - 1
        })
    };
    units.map(class).collect()
}

/// A step of gradient descent whose length is the same share of every tensor.
fn descend(network: &Network, pass: &mut Pass<f32>) {
    for (index, &parameter) in network.trained.iter().enumerate() {
        let gradient = pass.read(index).to_vec();
        let length = reduce::sum_of_squares(&gradient).sqrt();
        let values = &mut pass.parameters_mut()[parameter];
        let size = reduce::sum_of_squares(values).sqrt();
        let size = if size > 0.0 { size } else { 1.0 };
        if length > 0.0 && length.is_finite() {
            let factor = STEP * size / length;
            for (value, g) in values.iter_mut().zip(gradient) {
                *value = (f64::from(*value) - factor * f64::from(g)) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests;
