//! Named tensors in order: what an initializer makes, training changes and files carry.

use fanin_engine::Tensor;

/// Named f32 tensors in the order of the model's parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// (name, tensor) pairs; names are unique.
    pub tensors: Vec<(String, Tensor<f32>)>,
}

impl Weights {
    /// The tensor called `name`.
    pub fn get(&self, name: &str) -> Option<&Tensor<f32>> {
        self.tensors.iter().find(|(n, _)| n == name).map(|(_, t)| t)
    }

    /// The number of elements in all tensors.
    pub fn elements(&self) -> usize {
        self.tensors.iter().map(|(_, t)| t.data().len()).sum()
    }
}
