//! The parameters of a network: their names, shapes and all that a scheme may ask of them.
//!
//! Names and shapes are those of PyTorch's `nn.Sequential`: every module takes an index, so
//! `784 -> 256 relu -> 10` has `0.weight`, `0.bias`, `2.weight`, `2.bias`. The modules of a
//! residual block at index i are found under `i.branch`. PyTorch's `num_batches_tracked` is a
//! counter and not listed here.

use fanin_engine::tensor::Shape;

use super::axes::Axes;
use super::limits::{MAX_MODULES, MAX_NESTING, MAX_PARAMETERS, check_matrix, check_width};
use super::mistake::Mistake;
use super::parameter::Parameter;
use super::place::{Place, Position};
use super::role::Role;
use super::sequential::{Layer, Sequential};
use crate::error::{Error, Result};

/// One named tensor of a [`Sequential`], with its place in it.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleParameter {
    /// The name in files: `0.weight`, `3.branch.1.bias`.
    pub name: String,
    /// (units, inputs) for weights, (units) for all others but a slope, which is (1).
    pub shape: Shape,
    /// What the module does with it.
    pub role: Role,
    /// Index of its module, then those within branches.
    pub path: Vec<usize>,
    /// Inputs that reach a unit of its linear layer, for weights and biases; for a bias this is
    /// what the bounds of PyTorch's default need.
    pub fan_in: Option<usize>,
    /// Units that an input of its linear layer reaches, for weights and biases.
    pub fan_out: Option<usize>,
    /// The activation that follows its module before the next linear layer or the end of the
    /// sequence: `identity` if there is none, `prelu` for the one with a trained slope.
    pub activation: String,
    /// Position of its linear layer among all, from 0; for a norm or slope, of the one before it.
    pub linear_index: Option<usize>,
    /// Number of linear layers in the network.
    pub linear_count: usize,
    /// Whether it belongs to the last linear layer of the network, outside any branch.
    pub is_output: bool,
    /// Its place in the innermost residual branch around it.
    pub branch: Option<Branch>,
    /// Number of residual blocks in the network.
    pub blocks: usize,
}

/// A place in a residual branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Position of the residual block among all, from 0.
    pub block: usize,
    /// Number of residual blocks in the network.
    pub blocks: usize,
    /// Position of its linear layer among those directly in the branch; for a norm or slope, of
    /// the one before it, and 0 before the first.
    pub linear_index: usize,
    /// Number of linear layers directly in the branch.
    pub linear_count: usize,
    /// Whether it belongs to the branch's last linear layer.
    pub is_last_linear: bool,
}

impl Sequential {
    /// The network's parameters and buffers, in PyTorch's order.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the module if a width is 0, a residual changes the width, a
    /// dropout rate is not in [0, 1) or a limit is exceeded ([`super::MAX_TENSOR_PARAMETERS`],
    /// [`super::MAX_PARAMETERS`]).
    ///
    /// ```
    /// use fanin::spec::Sequential;
    ///
    /// let network: Sequential = "784 -> 256 batch_norm relu -> 10".parse()?;
    /// let parameters = network.module_parameters()?;
    /// let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
    /// let expected = "0.weight 0.bias 1.weight 1.bias 1.running_mean 1.running_var 3.weight 3.bias";
    /// assert_eq!(names.join(" "), expected);
    /// assert_eq!(parameters[0].shape.axes(), [256, 784]);
    /// assert_eq!(parameters[0].activation, "relu");
    /// # Ok::<(), fanin::Error>(())
    /// ```
    pub fn module_parameters(&self) -> Result<Vec<ModuleParameter>> {
        check_width("inputs", self.inputs).map_err(|mistake| wrong("model", mistake))?;
        let mut walk = Walk::default();
        walk.sequence(&self.layers, "", &mut Vec::new(), self.inputs)?;
        if walk.elements > MAX_PARAMETERS as u128 {
            let expected = format!("at most {MAX_PARAMETERS}");
            return Err(wrong("model", Mistake::new(plural(walk.elements), expected)));
        }
        Ok(walk.finish())
    }

    /// The width of the network's result.
    pub fn outputs(&self) -> usize {
        let units = self.layers.iter().rev().find_map(|layer| match layer {
            Layer::Linear { units, .. } => Some(*units),
            _ => None,
        });
        units.unwrap_or(self.inputs)
    }
}

impl From<&ModuleParameter> for Parameter {
    fn from(parameter: &ModuleParameter) -> Self {
        let activation = match parameter.activation.as_str() {
            "identity" => None,
            // A trained slope starts at 0.25, as a leaky rectifier of that slope.
            "prelu" => Some("leaky_relu:0.25".to_owned()),
            name => Some(name.to_owned()),
        };
        let axes = if parameter.role.is_matrix() { Axes::linear() } else { Axes::default() };
        let position = |index, count| Position { index, count };
        let module = parameter.name.rsplit_once('.').map_or("", |(module, _)| module);
        let blocks = parameter.blocks;
        let place = Place {
            layer: parameter.linear_index.map(|index| position(index, parameter.linear_count)),
            block: parameter.branch.map(|branch| position(branch.block, branch.blocks)),
            branch: parameter.branch.map(|b| position(b.linear_index, b.linear_count)),
            decoder_blocks: blocks,
            residual_sums: blocks,
            is_head: parameter.is_output,
            is_residual_output: parameter.branch.is_some_and(|branch| branch.is_last_linear),
            has_residual_scale: Some(false),
            has_shortcut_scale: Some(false),
            module: module.to_owned(),
            ..Place::default()
        };
        Self {
            axes,
            fan_in: parameter.fan_in.unwrap_or(0),
            fan_out: parameter.fan_out.unwrap_or(0),
            activation,
            place,
            ..Self::new(&parameter.name, parameter.shape.clone(), parameter.role)
        }
    }
}

fn plural(elements: u128) -> String {
    format!("{elements} parameters")
}

fn wrong(place: &str, mistake: Mistake) -> Error {
    let Mistake { found, expected } = mistake;
    Error::Setting { place: place.to_owned(), found, expected }
}

#[derive(Default)]
struct Walk {
    parameters: Vec<ModuleParameter>,
    modules: usize,
    linear_layers: usize,
    blocks: usize,
    elements: u128,
}

/// What the modules of one sequence share.
struct Surroundings<'a> {
    prefix: &'a str,
    branch: Option<Branch>,
    /// Indices of the linear layers among its modules.
    linear_layers: Vec<usize>,
}

impl Surroundings<'_> {
    /// The number of linear layers up to and including the module `index`.
    fn linear_layers_to(&self, index: usize) -> usize {
        self.linear_layers.iter().filter(|&&linear| linear <= index).count()
    }
}

impl Walk {
    fn sequence(
        &mut self,
        layers: &[Layer],
        prefix: &str,
        path: &mut Vec<usize>,
        inputs: usize,
    ) -> Result<usize> {
        let is_linear = |layer: &Layer| matches!(layer, Layer::Linear { .. });
        let branch = (!path.is_empty()).then(|| Branch {
            block: self.blocks - 1,
            blocks: 0,
            linear_index: 0,
            linear_count: layers.iter().filter(|layer| is_linear(layer)).count(),
            is_last_linear: false,
        });
        let linear_layers = (0..layers.len()).filter(|&i| is_linear(&layers[i])).collect();
        let place = Surroundings { prefix, branch, linear_layers };
        let mut width = inputs;
        for (index, layer) in layers.iter().enumerate() {
            path.push(index);
            self.modules += 1;
            width =
                self.module(layer, &layers[index + 1..], &place, path, width).map_err(|error| {
                    match error {
                        Stop::Here(mistake) => {
                            wrong(&format!("model, module {prefix}{index}"), mistake)
                        }
                        Stop::Inside(error) => error,
                    }
                })?;
            path.pop();
        }
        Ok(width)
    }

    fn module(
        &mut self,
        layer: &Layer,
        after: &[Layer],
        place: &Surroundings,
        path: &mut Vec<usize>,
        width: usize,
    ) -> std::result::Result<usize, Stop> {
        if self.modules > MAX_MODULES {
            let expected = format!("at most {MAX_MODULES} modules in a network");
            return Err(Stop::Here(Mistake::new("one module more", expected)));
        }
        let vector = |role| (role, Shape::from([width]));
        match layer {
            Layer::Linear { units, bias } => {
                check_width("units", *units)?;
                check_matrix(*units, width)?;
                self.linear_layers += 1;
                let bias = bias.then(|| (Role::Bias, Shape::from([*units])));
                let weight = (Role::Weight, Shape::from([*units, width]));
                let fans = Some((width, *units));
                self.push([Some(weight), bias].into_iter().flatten(), fans, after, place, path);
                return Ok(*units);
            }
            Layer::BatchNorm => {
                let roles =
                    [Role::NormScale, Role::NormShift, Role::RunningMean, Role::RunningVariance];
                self.push(roles.map(vector), None, after, place, path);
            }
            Layer::LayerNorm => {
                self.push([Role::NormScale, Role::NormShift].map(vector), None, after, place, path);
            }
            Layer::PRelu => {
                self.push([(Role::Slope, Shape::from([1]))], None, after, place, path);
            }
            Layer::Dropout { rate } if !(0.0..1.0).contains(rate) => {
                let expected = "a rate from 0 up to but not including 1";
                return Err(Mistake::new(format!("dropout rate {rate}"), expected).into());
            }
            Layer::Activation(_) | Layer::Dropout { .. } => {}
            Layer::Residual { layers, .. } => {
                if path.len() > MAX_NESTING {
                    let expected = format!("at most {MAX_NESTING} branches within branches");
                    return Err(Mistake::new("a deeper branch", expected).into());
                }
                self.blocks += 1;
                let index = path.last().expect("the module's own index was pushed");
                let prefix = format!("{}{index}.branch.", place.prefix);
                let result = self.sequence(layers, &prefix, path, width).map_err(Stop::Inside)?;
                if result != width {
                    let found = format!("{result} units from {width} in a residual");
                    let expected =
                        format!("{width}: the result is added to the input, unit by unit");
                    return Err(Mistake::new(found, expected).into());
                }
            }
        }
        Ok(width)
    }

    fn push(
        &mut self,
        shapes: impl IntoIterator<Item = (Role, Shape)>,
        fans: Option<(usize, usize)>,
        after: &[Layer],
        place: &Surroundings,
        path: &[usize],
    ) {
        let index = *path.last().expect("the module's own index was pushed");
        let is_last_linear = fans.is_some() && place.linear_layers.last() == Some(&index);
        for (role, shape) in shapes {
            self.elements += shape.axes().iter().map(|&axis| axis as u128).product::<u128>();
            self.parameters.push(ModuleParameter {
                name: format!("{}{index}.{}", place.prefix, role.suffix()),
                shape,
                role,
                path: path.to_vec(),
                fan_in: fans.map(|(fan_in, _)| fan_in),
                fan_out: fans.map(|(_, fan_out)| fan_out),
                activation: following_activation(after).to_owned(),
                linear_index: self.linear_layers.checked_sub(1),
                linear_count: 0,
                is_output: is_last_linear && place.branch.is_none(),
                branch: place.branch.map(|branch| Branch {
                    is_last_linear,
                    linear_index: place.linear_layers_to(index).saturating_sub(1),
                    ..branch
                }),
                blocks: 0,
            });
        }
    }

    /// Fills in what is known only at the end.
    fn finish(mut self) -> Vec<ModuleParameter> {
        for parameter in &mut self.parameters {
            parameter.linear_count = self.linear_layers;
            let is_very_last = parameter.linear_index == self.linear_layers.checked_sub(1);
            parameter.is_output &= is_very_last;
            parameter.blocks = self.blocks;
            if let Some(branch) = &mut parameter.branch {
                branch.blocks = self.blocks;
            }
        }
        self.parameters
    }
}

/// Why a walk ends: a mistake of the module itself, or one inside its branch.
enum Stop {
    Here(Mistake),
    Inside(Error),
}

impl From<Mistake> for Stop {
    fn from(mistake: Mistake) -> Self {
        Self::Here(mistake)
    }
}

fn following_activation(after: &[Layer]) -> &str {
    for layer in after {
        match layer {
            Layer::Activation(name) => return name,
            Layer::PRelu => return super::check::PRELU,
            Layer::BatchNorm | Layer::LayerNorm | Layer::Dropout { .. } => {}
            Layer::Linear { .. } | Layer::Residual { .. } => break,
        }
    }
    "identity"
}

#[cfg(test)]
mod tests;
