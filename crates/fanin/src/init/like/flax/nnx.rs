//! `flax.nnx`: the n-th parameter made takes the n-th key of the stream.

use super::layer::Layer;
use super::linen::{add, name};
use crate::error::Result;
use crate::init::like::jax::Key;
use crate::weights::Weights;

/// The parameters of layers that are made in this order with one `nnx.Rngs(seed)`.
///
/// The key is `Key::new(seed)`; names are paths of attributes, `encoder/linear/kernel`. Every
/// parameter takes a key, even a bias of zeros, and so does a dropout layer, of which nnx keeps
/// a stream.
///
/// # Errors
/// As [`linen`](super::linen()).
///
/// ```
/// use fanin::init::like::flax::{Layer, nnx};
/// use fanin::init::like::jax::Key;
/// let layers = [("head", Layer::Dense { inputs: 3, outputs: 2, bias: true })];
/// let weights = nnx(Key::new(0), &layers)?;
/// assert_eq!(weights.tensors[1].0, "head/bias");
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn nnx(key: Key, layers: &[(&str, Layer)]) -> Result<Weights> {
    let mut weights = Weights::default();
    let mut count = 0;
    for (path, layer) in layers {
        count += u32::from(*layer == Layer::Dropout);
        for parameter in layer.parameters()? {
            let parameter_key = key.fold_in(count);
            count += u32::from(!parameter.is_statistic);
            add(&mut weights, name(path, &parameter), &parameter, parameter_key)?;
        }
    }
    Ok(weights)
}
