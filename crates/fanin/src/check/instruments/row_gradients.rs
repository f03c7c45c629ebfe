//! Gradients of single rows, without ever holding a row's whole gradient.
//!
//! A linear layer's gradient for one row is the outer product δ·aᵀ of what comes back and what
//! went in. Kept as δ and a, the gradients of B rows take B·(N + d) numbers instead of B·N·d, and
//! their scalar products are products of two small Gram matrices (Goodfellow 2015). Gains, shifts
//! and slopes are few and are kept as they are, one run per row.
//!
//! Key: B parts (rows, or groups of rows), N units, d inputs of a layer, G the B × B Gram matrix.

use std::cell::OnceCell;
use std::rc::Rc;

use fanin_engine::{Type, Wire, pullback};
use fanin_kernels::matmul::{Matrix, matmul};

use super::pass::{Arranged, Pass, Source, part};
use crate::check::probe::Batch;
use crate::check::shared::is_product;
use crate::check::statistics::gram;
use crate::error::Result;
use crate::spec::{LayerWires, Loss, Mode, Model, Network};
use crate::weights::Weights;

/// Elements whose moments are computed at a time.
const BLOCK: usize = 1 << 20;

/// The gradients of one parameter tensor for B parts of a batch.
pub(in crate::check) struct TensorGradients {
    /// The parameter's name.
    pub name: String,
    /// Elements of the parameter.
    pub elements: usize,
    parts: usize,
    form: Form,
}

enum Form {
    /// δ (B, N) and a (B, d) of a weight (N, d).
    Outer { delta: Rc<Vectors>, input: Rc<Vectors> },
    /// The gradients themselves, (B, elements).
    Plain(Rc<Vectors>),
}

/// One vector for each of the B parts. A weight and a bias share δ, and all gradients of a network
/// share a.
struct Vectors {
    values: Vec<f64>,
    gram: OnceCell<Vec<f64>>,
}

impl Vectors {
    fn new(values: Vec<f64>) -> Rc<Self> {
        Rc::new(Self { values, gram: OnceCell::new() })
    }

    fn read(pass: &Pass<f32>, index: usize) -> Rc<Self> {
        Self::new(pass.read(index).iter().map(|&x| f64::from(x)).collect())
    }

    /// Their scalar products, B × B, computed once.
    fn gram(&self, parts: usize) -> &[f64] {
        self.gram.get_or_init(|| gram(&self.values, parts))
    }
}

/// Mean and mean square over the parts of one element's gradient.
pub(in crate::check) struct ElementMoments {
    pub mean: f64,
    pub mean_square: f64,
}

impl TensorGradients {
    /// Those of a tensor whose `values` are one whole gradient after another, one for each of the
    /// parts.
    pub(super) fn plain(name: &str, parts: usize, values: Vec<f64>) -> Self {
        let (name, elements) = (name.to_owned(), values.len() / parts.max(1));
        Self { name, elements, parts, form: Form::Plain(Vectors::new(values)) }
    }

    /// G: scalar products of the parts' gradients, B × B.
    pub fn gram(&self) -> Vec<f64> {
        match &self.form {
            Form::Plain(vectors) => vectors.gram(self.parts).to_vec(),
            Form::Outer { delta, input } => {
                let (delta, input) = (delta.gram(self.parts), input.gram(self.parts));
                delta.iter().zip(input).map(|(d, a)| d * a).collect()
            }
        }
    }

    /// Calls `each` with the moments of every element, in order.
    pub fn moments(&self, mut each: impl FnMut(ElementMoments)) {
        let parts = self.parts as f64;
        match &self.form {
            Form::Plain(vectors) => {
                for element in 0..self.elements {
                    let of_parts = vectors.values.iter().skip(element).step_by(self.elements);
                    let (sum, squares) =
                        of_parts.fold((0.0, 0.0), |(sum, squares), g| (sum + g, squares + g * g));
                    each(ElementMoments { mean: sum / parts, mean_square: squares / parts });
                }
            }
            Form::Outer { delta, input } => {
                let (delta, input) = (&delta.values, &input.values);
                let (units, inputs) = (delta.len() / self.parts, input.len() / self.parts);
                let square = |x: &[f64]| -> Vec<f64> { x.iter().map(|x| x * x).collect() };
                let input_squares = square(input);
                let block = (BLOCK / inputs.max(1)).clamp(1, units.max(1));
                for start in (0..units).step_by(block) {
                    let count = block.min(units - start);
                    let rows = delta.chunks_exact(units);
                    let some: Vec<f64> =
                        rows.flat_map(|row| &row[start..start + count]).copied().collect();
                    let mut sums = vec![0.0; count * inputs];
                    let mut squares = vec![0.0; count * inputs];
                    let product = |delta: &[f64], input: &[f64], out: &mut [f64]| {
                        let delta = Matrix::new(delta, self.parts, count).transposed(true);
                        matmul(delta, Matrix::new(input, self.parts, inputs), out, false);
                    };
                    product(&some, input, &mut sums);
                    product(&square(&some), &input_squares, &mut squares);
                    for (sum, squares) in sums.iter().zip(&squares) {
                        each(ElementMoments { mean: sum / parts, mean_square: squares / parts });
                    }
                }
            }
        }
    }
}

/// What the gradient is taken of.
#[derive(Clone, Copy)]
pub(in crate::check) enum Of<'a> {
    /// The row's own loss.
    Loss,
    /// The sum of the network's outputs, each times its number.
    Outputs(&'a [f32]),
}

/// Gradients of every row of a batch on its own, for networks whose rows do not touch each other.
pub(in crate::check) struct RowGradients<'a> {
    batch: Batch<'a>,
    factors: Option<Factors>,
    rest: Option<Rest>,
}

/// δ and a of all linear layers, from one run over all rows.
struct Factors {
    pass: Pass<f32>,
    layers: Vec<FactoredLayer>,
    outputs: usize,
    /// a of every layer, read after the first run: it does not depend on what gradients are of.
    inputs: Vec<Rc<Vectors>>,
}

struct FactoredLayer {
    weight: (usize, String),
    bias: Option<(usize, String)>,
    units: usize,
    inputs: usize,
}

/// Gradients of the parameters that belong to no linear layer, row by row.
struct Rest {
    pass: Pass<f32>,
    names: Vec<String>,
    outputs: usize,
}

/// The input that takes the weights of the outputs.
pub(super) const SEED: usize = 2;

impl<'a> RowGradients<'a> {
    /// Plans the gradients for the rows of `batch`.
    pub fn new(model: &Model, loss: &Loss, weights: &dyn Source, batch: Batch<'a>) -> Result<Self> {
        let mut network = Network::new(model, loss, batch.rows, Mode::Evaluate)?;
        let products: Vec<LayerWires> =
            network.layers.iter().filter(|l| is_product(&network, l)).cloned().collect();
        let layers: Vec<FactoredLayer> = products
            .iter()
            .map(|layer| {
                let width = |wire: Wire| network.graph.shape(wire).elements() / batch.rows;
                FactoredLayer {
                    weight: (layer.weight, network.names[layer.weight].clone()),
                    bias: layer.bias.map(|bias| (bias, network.names[bias].clone())),
                    units: width(layer.pre_activation),
                    inputs: width(layer.input),
                }
            })
            .collect();
        let z: Vec<Wire> = products.iter().map(|l| l.pre_activation).collect();
        let outputs = network.graph.shape(network.output).elements() / batch.rows;
        let mut keep = seeded(&mut network, outputs, &z)?;
        keep.extend(products.iter().map(|l| l.input));
        let mut pass = Pass::staged(&network, &keep, weights, &[SEED, SHARE])?;
        pass.feed_batch(batch);
        let rest = rest(&network, &layers);
        let rest =
            (!rest.is_empty()).then(|| Rest::new(model, loss, weights, &rest)).transpose()?;
        let factors =
            (!layers.is_empty()).then_some(Factors { pass, layers, outputs, inputs: Vec::new() });
        Ok(Self { batch, factors, rest })
    }

    /// Takes other parameters, in the graph's order.
    pub fn set_parameters(&mut self, parameters: &Arranged<f32>) {
        if let Some(factors) = &mut self.factors {
            factors.pass.set_parameters(parameters);
            factors.inputs.clear();
        }
        if let Some(rest) = &mut self.rest {
            rest.pass.set_parameters(parameters);
        }
    }

    /// B.
    pub fn rows(&self) -> usize {
        self.batch.rows
    }

    /// The gradients of every parameter tensor: first of linear layers, then of the rest.
    pub fn of(&mut self, of: Of<'_>) -> Vec<TensorGradients> {
        let rows = self.batch.rows;
        let mut tensors = Vec::new();
        if let Some(factors) = &mut self.factors {
            factors.list(of, rows, &mut tensors);
        }
        if let Some(rest) = &mut self.rest {
            rest.list(of, self.batch, &mut tensors);
        }
        tensors
    }
}

/// The gradients of Σ seed · output + share · loss with respect to wires; the share is the last
/// element of the seed.
pub(super) fn seeded(network: &mut Network, outputs: usize, wires: &[Wire]) -> Result<Vec<Wire>> {
    let graph = &mut network.graph;
    let seed = graph.input("seed", Type::float([network.rows, outputs]));
    let share = graph.input("share", Type::float([0; 0]));
    Ok(pullback(graph, &[(network.output, seed), (network.loss, share)], wires)?)
}

/// The input that takes the weight of the loss.
pub(super) const SHARE: usize = 3;

fn seed(pass: &mut Pass<f32>, of: Of<'_>, rows: usize, outputs: usize) {
    pass.input(SEED).fill(0.0);
    // The loss is a mean over rows, so a row's own loss counts `rows` times in its gradient.
    pass.input(SHARE)[0] = if matches!(of, Of::Loss) { rows as f32 } else { 0.0 };
    if let Of::Outputs(factors) = of {
        let rows = pass.input(SEED).chunks_exact_mut(outputs);
        rows.for_each(|row| row.copy_from_slice(factors));
    }
}

impl Factors {
    fn list(&mut self, of: Of<'_>, rows: usize, tensors: &mut Vec<TensorGradients>) {
        seed(&mut self.pass, of, rows, self.outputs);
        self.pass.run();
        let layers = self.layers.len();
        if self.inputs.is_empty() {
            let indices = layers..2 * layers;
            self.inputs = indices.map(|index| Vectors::read(&self.pass, index)).collect();
        }
        for (index, layer) in self.layers.iter().enumerate() {
            let tensor = |(_, name): &(usize, String), elements, form| TensorGradients {
                name: name.clone(),
                elements,
                parts: rows,
                form,
            };
            let (delta, input) = (Vectors::read(&self.pass, index), self.inputs[index].clone());
            let bias = layer.bias.as_ref().map(|bias| (bias, delta.clone()));
            let elements = layer.units * layer.inputs;
            tensors.push(tensor(&layer.weight, elements, Form::Outer { delta, input }));
            tensors.extend(bias.map(|(bias, delta)| tensor(bias, layer.units, Form::Plain(delta))));
        }
    }
}

/// Trained parameters that belong to no linear layer.
fn rest(network: &Network, layers: &[FactoredLayer]) -> Vec<usize> {
    let is_factored = |parameter: usize| {
        let is = |own: &(usize, String)| own.0 == parameter;
        layers.iter().any(|layer| is(&layer.weight) || layer.bias.as_ref().is_some_and(is))
    };
    network.trained.iter().copied().filter(|&parameter| !is_factored(parameter)).collect()
}

impl Rest {
    fn new(model: &Model, loss: &Loss, weights: &dyn Source, rest: &[usize]) -> Result<Self> {
        let mut network = Network::new(model, loss, 1, Mode::Evaluate)?;
        let wires: Vec<Wire> = rest.iter().map(|&p| network.graph.parameters()[p]).collect();
        let outputs = network.graph.shape(network.output).elements();
        let keep = seeded(&mut network, outputs, &wires)?;
        let names = rest.iter().map(|&p| network.names[p].clone()).collect();
        Ok(Self { pass: Pass::new(&network, &keep, weights)?, names, outputs })
    }

    fn list(&mut self, of: Of<'_>, batch: Batch<'_>, tensors: &mut Vec<TensorGradients>) {
        let mut values: Vec<Vec<f64>> = vec![Vec::new(); self.names.len()];
        seed(&mut self.pass, of, 1, self.outputs);
        for row in 0..batch.rows {
            self.pass.feed_batch(part(batch, row, 1));
            self.pass.run();
            for (index, values) in values.iter_mut().enumerate() {
                values.extend(self.pass.read(index).iter().map(|&x| f64::from(x)));
            }
        }
        let named = self.names.iter().zip(values);
        tensors
            .extend(named.map(|(name, values)| TensorGradients::plain(name, batch.rows, values)));
    }
}

/// Gradients of the loss for consecutive groups of rows, with batch statistics within a group.
pub(super) fn of_groups(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
    rows: usize,
) -> Result<Vec<TensorGradients>> {
    let (network, mut pass) = Pass::<f32>::of_gradients(model, loss, weights, rows)?;
    let names = network.trained.iter().map(|&p| &network.names[p]);
    let parts = batch.rows / rows;
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); network.trained.len()];
    for index in 0..parts {
        pass.run_on(part(batch, index * rows, rows));
        for (tensor, values) in values.iter_mut().enumerate() {
            values.extend(pass.read(tensor).iter().map(|&x| f64::from(x)));
        }
    }
    let tensors = names.zip(values);
    Ok(tensors.map(|(name, values)| TensorGradients::plain(name, parts, values)).collect())
}
