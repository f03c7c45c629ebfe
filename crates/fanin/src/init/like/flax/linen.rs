//! `flax.linen`: a parameter's key comes from its module's path and its place in the module.

use fanin_engine::Tensor;
use sha1_smol::Sha1;

use super::layer::{Layer, Parameter};
use crate::error::{Error, Result};
use crate::init::like::jax::Key;
use crate::weights::Weights;

/// The key of the `count`-th parameter, from 1, of the module at `path`: the words of the path
/// without separators, then the count, hashed by SHA-1 and folded into the model's key.
///
/// ```
/// use fanin::init::like::{flax::linen_key, jax::Key};
/// let kernel = linen_key(Key::new(0), &["Dense_0"], 1);
/// assert_ne!(kernel, linen_key(Key::new(0), &["Dense_1"], 1));
/// ```
pub fn linen_key(model: Key, path: &[&str], count: u32) -> Key {
    let mut hash = Sha1::new();
    path.iter().for_each(|part| hash.update(part.as_bytes()));
    let count = count.to_be_bytes();
    let leading_zeros = count.iter().take_while(|byte| **byte == 0).count();
    hash.update(&count[leading_zeros..]);
    let [a, b, c, d, ..] = hash.digest().bytes();
    model.fold_in(u32::from_be_bytes([a, b, c, d]))
}

/// `model.init(key, …)` of a model with the given (path, layer) pairs, as in `block_0/Dense_1`.
///
/// Names are those of Flax's tree with slashes: `params/Dense_0/kernel`, and
/// `batch_stats/BatchNorm_0/mean` for running statistics.
///
/// # Errors
/// [`Error::Setting`] for layers with a size of 0 and for a path that comes twice.
pub fn linen(key: Key, layers: &[(&str, Layer)]) -> Result<Weights> {
    let mut weights = Weights::default();
    for (path, layer) in layers {
        let mut counts: Vec<(Option<&str>, u32)> = Vec::new();
        for parameter in layer.parameters()? {
            let key = if parameter.is_statistic {
                key
            } else {
                let count = counted(&mut counts, parameter.module);
                let mut parts: Vec<&str> = path.split('/').collect();
                parts.extend(parameter.module);
                linen_key(key, &parts, count)
            };
            let collection = if parameter.is_statistic { "batch_stats" } else { "params" };
            let place = format!("{collection}/{}", name(path, &parameter));
            add(&mut weights, place, &parameter, key)?;
        }
    }
    Ok(weights)
}

/// How many parameters of the module there are by now.
fn counted<'a>(counts: &mut Vec<(Option<&'a str>, u32)>, module: Option<&'a str>) -> u32 {
    if let Some((_, count)) = counts.iter_mut().find(|(known, _)| *known == module) {
        *count += 1;
        return *count;
    }
    counts.push((module, 1));
    1
}

/// The parameter's path below the collection.
pub(super) fn name(path: &str, parameter: &Parameter) -> String {
    let parts = [Some(path), parameter.module, Some(parameter.name)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("/")
}

/// Draws the parameter and puts it at the end of the weights.
pub(super) fn add(
    weights: &mut Weights,
    name: String,
    parameter: &Parameter,
    key: Key,
) -> Result<()> {
    if weights.get(&name).is_some() {
        return Err(Error::Setting {
            place: format!("parameter `{name}`"),
            found: "a second one of this name".to_owned(),
            expected: "a path of its own for every layer".to_owned(),
        });
    }
    let shape = parameter.drawn.as_ref().map_or(&parameter.shape[..], |drawn| drawn);
    let values = parameter.initializer.values(key, shape).map_err(|mistake| Error::Within {
        place: format!("parameter `{name}`"),
        mistake: Box::new(mistake),
    })?;
    weights.tensors.push((name, Tensor::new(parameter.shape.clone(), values)?));
    Ok(())
}
