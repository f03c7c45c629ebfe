//! A network as a list of layers, before any size of batch or any weight is chosen.

mod build;

/// A network of layers one after another: the width of its input and its layers in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequential {
    /// Features of one sample.
    pub inputs: usize,
    /// Layers in order; each stands for one module of a PyTorch `nn.Sequential`.
    pub layers: Vec<Layer>,
}

/// One module of a network.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// z = W·a + b with W of shape (units, inputs).
    Linear {
        /// Outputs of the layer.
        units: usize,
        /// Whether there is a b.
        bias: bool,
    },
    /// A coordinate-wise activation, named as in [`fanin_engine::activations::find`].
    Activation(String),
    /// Leaky rectifier with one trained slope for negative inputs, 0.25 at the start.
    PRelu,
    /// Batch normalization with trained gain and shift per unit.
    BatchNorm,
    /// Layer normalization with trained gain and shift per unit.
    LayerNorm,
    /// Each activation is zeroed with this probability while training.
    Dropout {
        /// Probability of zero, in [0, 1).
        rate: f64,
    },
    /// a + scale · (layers applied to a).
    Residual {
        /// Factor on the branch.
        scale: f64,
        /// The branch; it must give back as many units as it takes.
        layers: Vec<Layer>,
    },
}
