//! What the axes of a weight run over.

/// What the axes of a weight mean; axes in no list are the kernel's and count for both fans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Axes {
    /// Axes that run over inputs.
    pub input: Vec<usize>,
    /// Axes that run over units.
    pub output: Vec<usize>,
    /// Axes that number independent matrices, such as experts; they count for neither fan.
    pub batch: Vec<usize>,
    /// Groups among which the input axes are divided; 1 if they hold one group's share already.
    pub input_groups: usize,
    /// Groups among which the output axes are divided; 1 if they hold one group's share already.
    pub output_groups: usize,
}

impl Axes {
    /// One input axis and one output axis, without groups.
    pub fn new(input: usize, output: usize) -> Self {
        let (input, output) = (vec![input], vec![output]);
        Self { input, output, batch: Vec::new(), input_groups: 1, output_groups: 1 }
    }

    /// (out, in), as PyTorch keeps a linear layer.
    pub fn linear() -> Self {
        Self::new(1, 0)
    }

    /// (out, in / groups, kernel…), as PyTorch keeps a convolution.
    pub fn convolution(groups: usize) -> Self {
        Self { output_groups: groups, ..Self::new(1, 0) }
    }

    /// (in, out / groups, kernel…), as PyTorch keeps a transposed convolution.
    pub fn transposed_convolution(groups: usize) -> Self {
        Self { input_groups: groups, ..Self::new(0, 1) }
    }

    /// (kernel…, in, out), as Keras and Flax keep a layer of this many axes, 2 or more.
    pub fn keras(rank: usize) -> Self {
        Self::new(rank.saturating_sub(2), rank.saturating_sub(1))
    }

    /// The kernel's axes of a weight with so many axes, in order.
    pub fn kernel(&self, rank: usize) -> Vec<usize> {
        let others = [&self.input, &self.output, &self.batch];
        (0..rank).filter(|axis| !others.iter().any(|list| list.contains(axis))).collect()
    }
}
