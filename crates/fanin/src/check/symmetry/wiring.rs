//! The network as refinement sees it: sets of units, and the weights between them.
//!
//! Where all that acts on a set is odd, its units may be mirrored: the set then has two *nodes*
//! per unit, the unit as it is and its negative; node n and node n + width are one unit.

use fanin_engine::activations;

use crate::spec::{Layer, Model};
use crate::weights::Weights;

/// Units that stand side by side.
#[derive(Clone, Debug)]
pub(super) struct Set {
    /// The module that computes them, as in a parameter's name.
    pub module: String,
    pub width: usize,
    /// Told apart by the data: inputs and outputs.
    pub known: bool,
    /// All that acts on the units is odd.
    pub odd: bool,
    /// All that acts on the units commutes with positive factors, up to a power of them.
    pub homogeneous: bool,
    /// A unit at 0 stays at 0.
    pub keeps_zero: bool,
    /// Each unit is dropped on its own while training.
    pub dropout: bool,
    /// The stream that these units are added to, one to one, at the end of a residual branch.
    pub merged_into: Option<usize>,
}

/// Numbers that belong to each unit of a set.
pub(super) struct Own<'w> {
    pub set: usize,
    pub values: &'w [f32],
    /// Biases and shifts change their sign with the unit, gains do not.
    pub flips: bool,
}

/// A weight between two sets of units, in shape (to, from).
struct Coupling<'w> {
    from: usize,
    to: usize,
    weight: &'w [f32],
    scale: f64,
}

/// A weight as the units at one of its ends see it.
#[derive(Clone, Copy)]
pub(super) struct View<'w> {
    /// The set at the other end.
    pub other: usize,
    /// Whether it brings the units their input.
    pub incoming: bool,
    /// Root mean square of the weight.
    pub scale: f64,
    weight: &'w [f32],
    unit_stride: usize,
    other_stride: usize,
}

impl View<'_> {
    /// The weight between a unit and one at the other end.
    pub fn at(&self, unit: usize, other: usize) -> f64 {
        f64::from(self.weight[unit * self.unit_stride + other * self.other_stride])
    }
}

pub(super) struct Wiring<'w> {
    /// The inputs first.
    pub sets: Vec<Set>,
    pub own: Vec<Own<'w>>,
    /// The set that the network ends in.
    pub output: usize,
    couplings: Vec<Coupling<'w>>,
}

impl<'w> Wiring<'w> {
    pub fn new(model: &Model, weights: &'w Weights) -> Self {
        let mut wiring =
            Self { sets: Vec::new(), own: Vec::new(), output: 0, couplings: Vec::new() };
        let inputs = wiring.add_set("input", model.inputs);
        wiring.output = wiring.walk(&model.layers, "", inputs, weights);
        for end in [inputs, wiring.output] {
            (wiring.sets[end].known, wiring.sets[end].odd) = (true, false);
        }
        wiring
    }

    /// Positions of all sets that are neither input nor output, ends of branches included.
    pub fn hidden(&self) -> impl Iterator<Item = usize> {
        (0..self.sets.len()).filter(|&set| !self.sets[self.stream(set)].known)
    }

    /// The set whose classes hold for `set`: the outermost stream that it is added to.
    pub fn stream(&self, set: usize) -> usize {
        self.sets[set].merged_into.map_or(set, |stream| self.stream(stream))
    }

    /// Nodes of a set: two per unit where units may be mirrored.
    pub fn nodes(&self, set: usize) -> usize {
        self.sets[set].width * (1 + usize::from(self.sets[set].odd))
    }

    /// The weights of a set, incoming and outgoing.
    pub fn views(&self, set: usize) -> Vec<View<'w>> {
        let mut views = Vec::new();
        for &Coupling { from, to, weight, scale } in &self.couplings {
            let columns = self.sets[from].width;
            let view = View {
                other: from,
                incoming: true,
                scale,
                weight,
                unit_stride: columns,
                other_stride: 1,
            };
            views.extend((to == set).then_some(view));
            let view =
                View { other: to, incoming: false, unit_stride: 1, other_stride: columns, ..view };
            views.extend((from == set).then_some(view));
        }
        views
    }

    /// Whether some hidden set has fewer classes than units, `classes` being those of its nodes.
    pub fn ties(&self, classes: &[Vec<usize>]) -> bool {
        let several = |set: usize| {
            super::refine::count(&classes[self.stream(set)]) < self.nodes(self.stream(set))
        };
        self.hidden().any(several)
    }

    fn add_set(&mut self, module: &str, width: usize) -> usize {
        self.sets.push(Set {
            module: module.to_owned(),
            width,
            known: false,
            odd: true,
            homogeneous: true,
            keeps_zero: true,
            dropout: false,
            merged_into: None,
        });
        self.sets.len() - 1
    }

    /// Adds layers that start from the units of `set`; gives the set that they end in.
    fn walk(
        &mut self,
        layers: &[Layer],
        prefix: &str,
        mut set: usize,
        weights: &'w Weights,
    ) -> usize {
        for (index, layer) in layers.iter().enumerate() {
            let module = format!("{prefix}{index}");
            let tensor = |name: &str| weights.get(&format!("{module}.{name}"));
            match layer {
                Layer::Linear { units, .. } => {
                    let weight =
                        tensor("weight").expect("weights have every tensor of the model").data();
                    let to = self.add_set(&module, *units);
                    let scale = root_mean_square(weight);
                    self.couplings.push(Coupling { from: set, to, weight, scale });
                    self.own.extend(tensor("bias").map(|b| Own {
                        set: to,
                        values: b.data(),
                        flips: true,
                    }));
                    set = to;
                }
                Layer::BatchNorm | Layer::LayerNorm => {
                    for (name, flips) in [("weight", false), ("bias", true)] {
                        self.own.extend(tensor(name).map(|t| Own { set, values: t.data(), flips }));
                    }
                    // The mean over units is no odd function of one of them.
                    self.sets[set].odd &= *layer == Layer::BatchNorm;
                    self.sets[set].homogeneous = false;
                    self.sets[set].keeps_zero &= *layer == Layer::BatchNorm;
                }
                Layer::Activation(name) => {
                    let activation = activations::find(name);
                    let set = &mut self.sets[set];
                    set.odd &= activation.as_ref().is_some_and(|a| a.is_odd());
                    set.homogeneous &=
                        activation.as_ref().is_some_and(|a| a.homogeneity().is_some());
                    set.keeps_zero &= activation.is_some_and(|a| a.at(0, 0.0) == 0.0);
                }
                Layer::PRelu => self.sets[set].odd = false,
                Layer::Dropout { rate } => self.sets[set].dropout |= *rate > 0.0,
                Layer::Residual { layers, .. } => {
                    let end = self.walk(layers, &format!("{module}.branch."), set, weights);
                    self.merge(end, set);
                }
            }
        }
        set
    }

    /// Makes the units of `end` the units of `into`: a residual sum adds them one to one.
    fn merge(&mut self, end: usize, into: usize) {
        if end == into {
            return;
        }
        for own in &mut self.own {
            own.set = if own.set == end { into } else { own.set };
        }
        for coupling in &mut self.couplings {
            coupling.from = if coupling.from == end { into } else { coupling.from };
            coupling.to = if coupling.to == end { into } else { coupling.to };
        }
        let branch = self.sets[end].clone();
        let stream = &mut self.sets[into];
        stream.odd &= branch.odd;
        stream.homogeneous &= branch.homogeneous;
        stream.keeps_zero &= branch.keeps_zero;
        stream.dropout |= branch.dropout;
        self.sets[end].merged_into = Some(into);
    }
}

pub(super) fn root_mean_square(x: &[f32]) -> f64 {
    let squares: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    (squares / x.len().max(1) as f64).sqrt()
}
