//! The network as refinement sees it: sets of units, and the weights between them.
//!
//! Where all that acts on a set is odd, its units may be mirrored: the set then has two *nodes*
//! per unit, the unit as it is and its negative; node n and node n + width are one unit.

use fanin_engine::activations::{self, Activation};
use fanin_kernels::reduce;

use crate::spec::{Layer, Sequential};
use crate::weights::Weights;

/// Units that stand side by side.
#[derive(Clone, Debug)]
pub(super) struct Set {
    /// The module that computes them, as in a parameter's name.
    pub module: String,
    pub width: usize,
    /// Whether a residual block stands around the module.
    pub in_branch: bool,
    /// Told apart by the data: inputs and outputs.
    pub known: bool,
    /// What all that acts on the units has in common.
    pub nature: Nature,
    /// Each unit is dropped on its own while training.
    pub dropout: bool,
    /// The stream that these units are added to, one to one, at the end of a residual branch.
    pub merged_into: Option<usize>,
}

/// What holds for all that acts on units one by one: activations and normalizations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nature {
    /// f(−z) = −f(z).
    pub odd: bool,
    /// f(k·z) = kᵖ·f(z) for every k > 0.
    pub homogeneous: bool,
    /// f(0) = 0.
    pub keeps_zero: bool,
}

impl Nature {
    fn add(&mut self, other: Self) {
        self.odd &= other.odd;
        self.homogeneous &= other.homogeneous;
        self.keeps_zero &= other.keeps_zero;
    }
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

impl<'w> View<'w> {
    /// What an incoming weight brings a unit.
    pub fn incoming_row(&self, unit: usize) -> &'w [f32] {
        debug_assert!(self.incoming, "the weights of a unit at the other end lie apart");
        &self.weight[unit * self.unit_stride..(unit + 1) * self.unit_stride]
    }

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
    /// Of the activations that were met.
    natures: Vec<(String, Nature)>,
}

impl<'w> Wiring<'w> {
    pub fn new(model: &Sequential, weights: &'w Weights) -> Self {
        let mut wiring = Self {
            sets: Vec::new(),
            own: Vec::new(),
            output: 0,
            couplings: Vec::new(),
            natures: Vec::new(),
        };
        let inputs = wiring.add_set("input", model.inputs, false);
        wiring.output = wiring.walk(&model.layers, "", inputs, weights);
        for end in [inputs, wiring.output] {
            (wiring.sets[end].known, wiring.sets[end].nature.odd) = (true, false);
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
        self.sets[set].width * (1 + usize::from(self.sets[set].nature.odd))
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

    fn add_set(&mut self, module: &str, width: usize, in_branch: bool) -> usize {
        self.sets.push(Set {
            module: module.to_owned(),
            width,
            in_branch,
            known: false,
            nature: Nature { odd: true, homogeneous: true, keeps_zero: true },
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
                    let to = self.add_set(&module, *units, !prefix.is_empty());
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
                    let odd = *layer == Layer::BatchNorm;
                    let nature = Nature { odd, homogeneous: false, keeps_zero: odd };
                    self.sets[set].nature.add(nature);
                }
                Layer::Activation(name) => {
                    let nature = self.nature(name);
                    self.sets[set].nature.add(nature);
                }
                Layer::PRelu => self.sets[set].nature.odd = false,
                Layer::Dropout { rate } => self.sets[set].dropout |= *rate > 0.0,
                Layer::Residual { layers, .. } => {
                    let end = self.walk(layers, &format!("{module}.branch."), set, weights);
                    self.merge(end, set);
                }
            }
        }
        set
    }

    /// What an activation does to units; each is looked at once.
    fn nature(&mut self, name: &str) -> Nature {
        if let Some((_, nature)) = self.natures.iter().find(|(known, _)| known == name) {
            return *nature;
        }
        let activation = activations::find(name);
        let is = |holds: &dyn Fn(&dyn Activation) -> bool| {
            activation.as_ref().is_some_and(|activation| holds(&**activation))
        };
        let nature = Nature {
            odd: is(&|a| a.is_odd()),
            homogeneous: is(&|a| a.homogeneity().is_some()),
            keeps_zero: is(&|a| a.at(0, 0.0) == 0.0),
        };
        self.natures.push((name.to_owned(), nature));
        nature
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
        stream.nature.add(branch.nature);
        stream.dropout |= branch.dropout;
        self.sets[end].merged_into = Some(into);
    }
}

pub(super) fn root_mean_square(x: &[f32]) -> f64 {
    (reduce::sum_of_squares(x) / x.len().max(1) as f64).sqrt()
}
