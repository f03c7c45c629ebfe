//! Whole models: `keras.utils.set_random_seed(seed)`, then layers in order.

use fanin_engine::Tensor;

use super::Initializer;
use super::backend::Backend;
use super::layer::Layer;
use super::parts::{Part, Start, build, construct, parts};
use super::seed::{PythonRandom, Seed};
use crate::error::{Error, Result};
use crate::weights::Weights;

/// When layers are built: only attention, which takes more seeds then, makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// All layers are constructed, then built one by one, as by `keras.Sequential([…])`.
    ConstructFirst,
    /// Each layer is built before the next is constructed: `x = Dense(3)(x)`.
    BuildAtOnce,
}

/// The weights of layers that are made in this order right after
/// `keras.utils.set_random_seed(seed)`, with no other use of Python's `random` between.
///
/// Names are those of Keras' variables without the model's: `dense/kernel`.
///
/// # Errors
/// [`Error::Setting`] for layers with a size of 0 and for a name that comes twice.
///
/// ```
/// use fanin::init::like::keras::{Backend, Kind, Layer, Order, model};
/// let dense = |inputs, units| Kind::Dense { inputs, units, bias: true };
/// let layers = [Layer::new("dense", dense(784, 256)), Layer::new("dense_1", dense(256, 10))];
/// let weights = model(Backend::TensorFlow, 42, Order::ConstructFirst, &layers)?;
/// assert_eq!(weights.tensors[2].0, "dense_1/kernel");
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn model(backend: Backend, seed: u32, order: Order, layers: &[Layer]) -> Result<Weights> {
    let mut random = PythonRandom::new(seed);
    let mut seeded: Vec<Vec<(Initializer, Seed)>> = Vec::new();
    for layer in layers {
        let made = construct(layer, &mut random);
        seeded.push(match order {
            Order::ConstructFirst => made,
            Order::BuildAtOnce => build(layer, made, &mut random),
        });
    }
    let mut weights = Weights::default();
    for (layer, mut initializers) in layers.iter().zip(seeded) {
        if order == Order::ConstructFirst {
            initializers = build(layer, initializers, &mut random);
        }
        for part in parts(layer)? {
            let name = format!("{}/{}", layer.name, part.name);
            if weights.get(&name).is_some() {
                return Err(Error::Setting {
                    place: format!("parameter `{name}`"),
                    found: "a second one of this name".to_owned(),
                    expected: "a name of its own for every layer".to_owned(),
                });
            }
            let values = values(backend, &part, &initializers).map_err(|mistake| {
                let place = format!("parameter `{name}`");
                Error::Within { place, mistake: Box::new(mistake) }
            })?;
            weights.tensors.push((name, Tensor::new(part.shape, values)?));
        }
    }
    Ok(weights)
}

fn values(backend: Backend, part: &Part, initializers: &[(Initializer, Seed)]) -> Result<Vec<f32>> {
    match part.start {
        Start::Constant(initializer) => initializer.values(backend, Seed::new(0), &part.shape),
        Start::ForgetGate => {
            let mut bias = Initializer::Zeros.values(backend, Seed::new(0), &part.shape)?;
            let units = bias.len() / 4;
            bias[units..2 * units].fill(1.0);
            Ok(bias)
        }
        Start::Drawn(index, fans) => {
            let (initializer, seed) = initializers[index];
            match fans {
                Some(fans) => initializer.values_with_fans(backend, seed, &part.shape, fans),
                None => initializer.values(backend, seed, &part.shape),
            }
        }
    }
}
