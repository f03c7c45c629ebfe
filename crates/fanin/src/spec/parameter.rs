//! One parameter of a network, as far as its starting values depend on it.

use fanin_engine::Shape;

use super::axes::Axes;
use super::place::{Component, Place};
use super::role::Role;

/// One parameter of a network, as far as its starting values depend on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, unique in the network: `0.weight`.
    pub name: String,
    /// Its name in the framework that its file was written by, where that is known and another.
    pub framework: Option<String>,
    /// Its shape, in the layout that `axes` describes.
    pub shape: Shape,
    /// What its module does with it.
    pub role: Role,
    /// What the axes of its shape mean; without meaning for anything but a matrix.
    pub axes: Axes,
    /// Inputs that reach one unit of its layer; a bias has those of its layer. For a packed
    /// parameter, inputs of one part.
    pub fan_in: usize,
    /// Units of its layer, or of the first part of it, that one input reaches.
    pub fan_out: usize,
    /// The activation that follows its layer, as [`fanin_engine::activations::find`] knows it;
    /// `None` if none does.
    pub activation: Option<String>,
    /// The matrices that lie side by side in it, if it is several in one.
    pub packing: Option<Packing>,
    /// The packing of the parameter that it is a part of, if it has been taken out of one.
    pub part_of: Option<Packing>,
    /// Where in the network it stands.
    pub place: Place,
}

/// Several parameters of one layer in one tensor: query, key and value, or the gates of an LSTM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packing {
    /// The axis along which they lie side by side.
    pub axis: usize,
    /// What they are and how long along that axis.
    pub parts: Vec<(Component, usize)>,
}

impl Parameter {
    /// A parameter of which only name, shape and role are known; fans 0, no activation.
    pub fn new(name: &str, shape: impl Into<Shape>, role: Role) -> Self {
        Self {
            name: name.to_owned(),
            framework: None,
            shape: shape.into(),
            role,
            axes: Axes::default(),
            fan_in: 0,
            fan_out: 0,
            activation: None,
            packing: None,
            part_of: None,
            place: Place::default(),
        }
    }
}
