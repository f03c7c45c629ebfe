//! A network as all rooms pass it: a list of layers, or any other graph.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::sync::Arc;

use super::architecture::Architecture;
use super::parameter::Parameter;
use super::sequential::Sequential;
use crate::error::{Error, Result};
use crate::weights::Weights;

/// A network, before any number of rows or any weight is chosen.
#[derive(Clone, Debug)]
pub enum Model {
    /// Layers one after another, of which all is known.
    Layers(Sequential),
    /// Any other graph, known by what it tells of itself.
    Graph(Arc<dyn Architecture>),
}

impl Model {
    /// The network that an architecture describes.
    pub fn graph(architecture: impl Architecture + 'static) -> Self {
        Self::Graph(Arc::new(architecture))
    }

    /// What the network tells of itself.
    pub fn architecture(&self) -> &dyn Architecture {
        match self {
            Self::Layers(layers) => layers,
            Self::Graph(architecture) => &**architecture,
        }
    }

    /// Its layers, where it is a list of layers.
    pub fn layers(&self) -> Option<&Sequential> {
        match self {
            Self::Layers(layers) => Some(layers),
            Self::Graph(_) => None,
        }
    }

    /// Features of one sample.
    pub fn inputs(&self) -> usize {
        self.architecture().inputs()
    }

    /// Numbers of one sample's result.
    pub fn outputs(&self) -> usize {
        self.architecture().output().elements()
    }

    /// The network's parameters and buffers, in the order of its graph.
    ///
    /// # Errors
    /// If the network does not fit together.
    pub fn parameters(&self) -> Result<Vec<Parameter>> {
        self.architecture().parameters()
    }

    /// The weights that it comes with; none where it is only a plan.
    pub fn weights(&self) -> Option<&Weights> {
        self.architecture().weights()
    }

    /// The number of trained numbers in the network; buffers do not count.
    ///
    /// # Errors
    /// As [`Model::parameters`].
    pub fn trained_elements(&self) -> Result<usize> {
        let parameters = self.parameters()?;
        Ok(parameters.iter().filter(|p| p.role.is_trained()).map(|p| p.shape.elements()).sum())
    }
}

impl From<Sequential> for Model {
    fn from(layers: Sequential) -> Self {
        Self::Layers(layers)
    }
}

impl FromStr for Model {
    type Err = Error;

    /// The network that a short text says in full, without `features` or `outputs`.
    fn from_str(text: &str) -> Result<Self> {
        text.parse().map(Self::Layers)
    }
}

impl Display for Model {
    /// The short text, or the name of the file.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.architecture().label())
    }
}

impl PartialEq for Model {
    /// Equal lists of layers, or the very same graph.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Layers(own), Self::Layers(other)) => own == other,
            (Self::Graph(own), Self::Graph(other)) => Arc::ptr_eq(own, other),
            _ => false,
        }
    }
}
