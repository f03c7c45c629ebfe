//! The starting values of one module of `torch.nn`, in the order in which PyTorch draws them.

use super::named::{Mode, fans, kaiming_uniform, leaky_relu_gain, symmetric};
use super::{Element, Generator, xavier_normal, xavier_uniform};
use crate::error::{Error, Result};

/// A parameter of a model by the name and shape in its `state_dict`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared<'a> {
    /// The name: `encoder.0.weight`, or within a module `weight`.
    pub name: &'a str,
    /// The shape, in PyTorch's layout.
    pub shape: &'a [usize],
}

/// A kind of module of `torch.nn`; all else about it is in the shapes of its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Module {
    /// `Linear`: weight and bias.
    Linear,
    /// `Bilinear`: weight and bias.
    Bilinear,
    /// `Conv1d` to `Conv3d` and `ConvTranspose1d` to `ConvTranspose3d`: weight and bias.
    Convolution,
    /// `Embedding` and `EmbeddingBag`: a weight whose row `padding`, if any, is zero.
    Embedding {
        /// `padding_idx`.
        padding: Option<usize>,
    },
    /// `RNN`, `LSTM`, `GRU` and their cells, of any number of layers and directions.
    Recurrent,
    /// `MultiheadAttention`: the output's weight is drawn before those of the inputs.
    Attention,
    /// Any norm: scale and running variance 1, shift, running mean and count 0.
    Norm,
    /// `PReLU`: slopes of a quarter.
    LearnedSlope,
    /// A deep copy of the module with this prefix: nothing is drawn. `TransformerEncoder` and
    /// `TransformerDecoder` copy their one layer so.
    CopyOf(String),
}

/// Parameters of one module, and their values as they come.
struct Draft<'a, E> {
    parameters: &'a [Declared<'a>],
    values: Vec<Vec<E>>,
}

/// Draws the starting values of one module; the result is parallel to `parameters`.
///
/// Names are those within the module, in any order: `weight`, `out_proj.bias`, `weight_ih_l0`.
///
/// # Errors
/// If a parameter is missing, is not of such a module, or has a shape that it cannot have; and
/// for [`Module::CopyOf`], which has no values of its own.
pub fn default_values<E: Element>(
    generator: &mut Generator,
    module: &Module,
    parameters: &[Declared<'_>],
) -> Result<Vec<Vec<E>>> {
    let values = parameters.iter().map(zeros).collect::<Result<Vec<Vec<E>>>>()?;
    let mut draft = Draft { parameters, values };
    match module {
        Module::Linear | Module::Convolution => draft.affine(generator, "")?,
        Module::Bilinear => draft.bilinear(generator)?,
        Module::Embedding { padding } => draft.embedding(generator, *padding)?,
        Module::Recurrent => draft.recurrent(generator)?,
        Module::Attention => draft.attention(generator)?,
        Module::Norm => draft.norm()?,
        Module::LearnedSlope => {
            draft.check_names(&["weight"])?;
            draft.values.iter_mut().for_each(|values| values.fill(E::rounded(0.25)));
        }
        Module::CopyOf(prefix) => {
            return Err(Error::Setting {
                place: "module of torch".to_owned(),
                found: format!("a copy of `{prefix}`"),
                expected: "a module with values of its own; take those of the original".to_owned(),
            });
        }
    }
    Ok(draft.values)
}

fn zeros<E: Element>(parameter: &Declared<'_>) -> Result<Vec<E>> {
    let too_large = || Error::Setting {
        place: format!("parameter `{}`", parameter.name),
        found: format!("shape {:?}", parameter.shape),
        expected: "a tensor that this machine can hold".to_owned(),
    };
    let count = parameter.shape.iter().try_fold(1usize, |count, axis| count.checked_mul(*axis));
    let count = count.ok_or_else(too_large)?;
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| too_large())?;
    values.resize(count, E::rounded(0.0));
    Ok(values)
}

impl<E: Element> Draft<'_, E> {
    fn find(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|parameter| parameter.name == name)
    }

    fn needed(&self, name: &str) -> Result<usize> {
        self.find(name).ok_or_else(|| Error::Setting {
            place: "module of torch".to_owned(),
            found: self.names(),
            expected: format!("a parameter `{name}` among them"),
        })
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name).collect();
        if names.is_empty() { "no parameter".to_owned() } else { names.join(", ") }
    }

    fn check_names(&self, known: &[&str]) -> Result<()> {
        let stranger = self.parameters.iter().find(|parameter| !known.contains(&parameter.name));
        match stranger {
            Some(stranger) => Err(Error::unknown("parameter of this module", stranger.name, known)),
            None => Ok(()),
        }
    }

    /// Weight and bias of `Linear` and of convolutions, whose names begin with `prefix`.
    ///
    /// Both are uniform up to 1/√fan-in, but the weight's bound takes the way over the gain of a
    /// leaky relu of slope √5.
    fn affine(&mut self, generator: &mut Generator, prefix: &str) -> Result<()> {
        let (weight_name, bias_name) = (format!("{prefix}weight"), format!("{prefix}bias"));
        if prefix.is_empty() {
            self.check_names(&["weight", "bias"])?;
        }
        let weight = self.needed(&weight_name)?;
        let shape = self.parameters[weight].shape;
        let gain = leaky_relu_gain(5f64.sqrt());
        kaiming_uniform(generator, shape, &mut self.values[weight], gain, Mode::FanIn)?;
        if let Some(bias) = self.find(&bias_name) {
            let (fan_in, _) = fans(shape, self.values[weight].len())?;
            symmetric(generator, &mut self.values[bias], inverse_root(fan_in))?;
        }
        Ok(())
    }

    fn bilinear(&mut self, generator: &mut Generator) -> Result<()> {
        self.check_names(&["weight", "bias"])?;
        let weight = self.needed("weight")?;
        let bound = inverse_root(self.axis(weight, 1)?);
        symmetric(generator, &mut self.values[weight], bound)?;
        match self.find("bias") {
            Some(bias) => symmetric(generator, &mut self.values[bias], bound),
            None => Ok(()),
        }
    }

    fn embedding(&mut self, generator: &mut Generator, padding: Option<usize>) -> Result<()> {
        self.check_names(&["weight"])?;
        let weight = self.needed("weight")?;
        let (rows, width) = (self.axis(weight, 0)?, self.axis(weight, 1)?);
        generator.normal(&mut self.values[weight], 0.0, 1.0)?;
        let Some(row) = padding else { return Ok(()) };
        if row >= rows {
            return Err(Error::Setting {
                place: "padding of an embedding".to_owned(),
                found: format!("row {row}"),
                expected: format!("a row below {rows}"),
            });
        }
        self.values[weight][row * width..][..width].fill(E::rounded(0.0));
        Ok(())
    }

    /// All parameters, layer by layer, uniform up to 1/√hidden.
    fn recurrent(&mut self, generator: &mut Generator) -> Result<()> {
        let mut order = Vec::new();
        for (index, parameter) in self.parameters.iter().enumerate() {
            let place = recurrent_place(parameter.name).ok_or_else(|| {
                let known = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"];
                Error::unknown("parameter of a recurrent module", parameter.name, &known)
            })?;
            order.push((place, index));
        }
        order.sort_unstable();
        let projection = order.iter().find(|((_, _, kind), _)| *kind == PROJECTION);
        let hidden = order.iter().find(|((_, _, kind), _)| *kind == RECURRENT_WEIGHT);
        let Some((_, source)) = projection.or(hidden).copied() else {
            return self.needed("weight_hh_l0").map(|_| ());
        };
        let bound = inverse_root(self.axis(source, 1)?);
        order
            .iter()
            .try_for_each(|(_, index)| symmetric(generator, &mut self.values[*index], bound))
    }

    fn attention(&mut self, generator: &mut Generator) -> Result<()> {
        self.check_names(&[
            "in_proj_weight",
            "q_proj_weight",
            "k_proj_weight",
            "v_proj_weight",
            "in_proj_bias",
            "bias_k",
            "bias_v",
            "out_proj.weight",
            "out_proj.bias",
        ])?;
        self.affine(generator, "out_proj.")?;
        if let Some(bias) = self.find("out_proj.bias") {
            self.values[bias].fill(E::rounded(0.0));
        }
        let separate = ["q_proj_weight", "k_proj_weight", "v_proj_weight"];
        let packed = ["in_proj_weight"];
        let is_packed = self.find("in_proj_weight").is_some();
        for name in if is_packed { &packed[..] } else { &separate[..] } {
            let index = self.needed(name)?;
            let shape = self.parameters[index].shape;
            xavier_uniform(generator, shape, &mut self.values[index], 1.0)?;
        }
        for name in ["bias_k", "bias_v"] {
            if let Some(index) = self.find(name) {
                let shape = self.parameters[index].shape;
                xavier_normal(generator, shape, &mut self.values[index], 1.0)?;
            }
        }
        Ok(())
    }

    fn norm(&mut self) -> Result<()> {
        self.check_names(&[
            "weight",
            "bias",
            "running_mean",
            "running_var",
            "num_batches_tracked",
        ])?;
        for name in ["weight", "running_var"] {
            if let Some(index) = self.find(name) {
                self.values[index].fill(E::rounded(1.0));
            }
        }
        Ok(())
    }

    fn axis(&self, parameter: usize, axis: usize) -> Result<usize> {
        let Declared { name, shape } = self.parameters[parameter];
        shape.get(axis).copied().ok_or_else(|| Error::Setting {
            place: format!("parameter `{name}`"),
            found: format!("shape {shape:?}"),
            expected: format!("at least {} axes", axis + 1),
        })
    }
}

fn inverse_root(count: usize) -> f64 {
    if count == 0 { 0.0 } else { 1.0 / (count as f64).sqrt() }
}

const RECURRENT_WEIGHT: usize = 1;
const PROJECTION: usize = 4;

/// Layer, direction and kind of `weight_hh_l2_reverse`, which sort in the order of drawing; cells
/// have no layer.
fn recurrent_place(name: &str) -> Option<(usize, bool, usize)> {
    let (forward, is_reverse) = match name.strip_suffix("_reverse") {
        Some(forward) => (forward, true),
        None => (name, false),
    };
    let (kind, layer) = match forward.rsplit_once("_l") {
        Some((kind, layer)) => (kind, layer.parse().ok()?),
        None => (forward, 0),
    };
    let kinds = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"];
    Some((layer, is_reverse, kinds.iter().position(|known| *known == kind)?))
}
