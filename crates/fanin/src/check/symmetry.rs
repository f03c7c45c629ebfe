//! Which units backpropagation can ever tell apart.
//!
//! Units of one layer stay equal for ever under gradient descent if they belong to one class of
//! an equitable partition: equal biases, equal sums of incoming weights from every class of the
//! layer before, equal sums of outgoing weights to every class of the layer after. The coarsest
//! such partition is found by refining from one class per layer until nothing splits; inputs and
//! outputs are told apart by the data. The number of classes is the *effective width*.
//! Proof, and which optimizers it holds for: `docs/theory/symmetry.md`.

use std::collections::HashMap;

use crate::spec::{Layer, Model};
use crate::weights::Weights;

/// Sums closer than this fraction of the weights' root mean square count as equal: rounding of
/// f32 sums stays below it and no random draw of a usual width comes near it by chance.
const TOLERANCE: f64 = 1e-9;

/// The classes of one set of units.
#[derive(Clone, Debug, PartialEq)]
pub struct Units {
    /// The module that computes the units, as in a parameter's name (`0` for `0.weight`).
    pub module: String,
    /// The class of each unit; classes are numbered from 0.
    pub classes: Vec<usize>,
}

impl Units {
    /// Number of units.
    pub fn width(&self) -> usize {
        self.classes.len()
    }

    /// Number of units that can ever differ.
    pub fn effective_width(&self) -> usize {
        self.classes.iter().max().map_or(0, |&largest| largest + 1)
    }
}

/// The classes of every hidden set of units of a network, in order.
///
/// The units at the end of a residual branch are tied to those of the stream they are added to.
///
/// # Panics
/// If `weights` lack a tensor of the model.
pub fn effective_units(model: &Model, weights: &Weights) -> Vec<Units> {
    let mut wiring = Wiring::new(model, weights);
    wiring.refine();
    wiring.show_mirrors();
    let output = wiring.output;
    let sets = wiring.sets.into_iter().enumerate();
    sets.filter(|(i, set)| *i != 0 && *i != output && !set.classes.is_empty())
        .map(|(_, set)| set)
        .collect()
}

/// A weight between two sets of units, in shape (to, from).
struct Coupling<'w> {
    from: usize,
    to: usize,
    weight: &'w [f32],
}

/// Units and what ties them: the network as refinement sees it.
struct Wiring<'w> {
    /// The inputs first.
    sets: Vec<Units>,
    /// Ends of residual branches and the sets that they are added to: what ties one ties both.
    mirrors: Vec<(usize, usize)>,
    /// The set that the network ends in.
    output: usize,
    /// Numbers that belong to each unit of a set: biases, gains, shifts.
    own: Vec<(usize, &'w [f32])>,
    couplings: Vec<Coupling<'w>>,
}

impl<'w> Wiring<'w> {
    fn new(model: &Model, weights: &'w Weights) -> Self {
        let inputs = Units { module: "input".to_owned(), classes: (0..model.inputs).collect() };
        let (own, couplings) = (Vec::new(), Vec::new());
        let mut wiring =
            Self { sets: vec![inputs], output: 0, mirrors: Vec::new(), own, couplings };
        let output = wiring.walk(&model.layers, "", 0, weights);
        let units = &mut wiring.sets[output];
        units.classes = (0..units.width()).collect();
        wiring.output = output;
        wiring
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
                    let weight = tensor("weight").expect("weights have every tensor of the model");
                    self.sets.push(Units { module: module.clone(), classes: vec![0; *units] });
                    let to = self.sets.len() - 1;
                    self.couplings.push(Coupling { from: set, to, weight: weight.data() });
                    self.own.extend(tensor("bias").map(|b| (to, b.data())));
                    set = to;
                }
                Layer::BatchNorm | Layer::LayerNorm => {
                    let own = ["weight", "bias"].into_iter().filter_map(tensor);
                    self.own.extend(own.map(|t| (set, t.data())));
                }
                Layer::Activation(_) | Layer::PRelu | Layer::Dropout { .. } => {}
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
        self.mirrors.push((end, into));
        for (set, _) in &mut self.own {
            *set = if *set == end { into } else { *set };
        }
        for coupling in &mut self.couplings {
            coupling.from = if coupling.from == end { into } else { coupling.from };
            coupling.to = if coupling.to == end { into } else { coupling.to };
        }
    }

    /// Gives the ends of branches the classes of their streams, outer branches first.
    fn show_mirrors(&mut self) {
        for &(end, into) in self.mirrors.iter().rev() {
            let classes = self.sets[into].classes.clone();
            self.sets[end].classes = classes;
        }
    }

    fn refine(&mut self) {
        let mirrored = |set: usize| self.mirrors.iter().any(|(end, _)| *end == set);
        let hidden = |set: &usize| *set != 0 && *set != self.output && !mirrored(*set);
        let sets: Vec<usize> = (0..self.sets.len()).filter(hidden).collect();
        loop {
            let mut changed = false;
            for &set in &sets {
                let before = self.sets[set].effective_width();
                let classes = self.split(set);
                self.sets[set].classes = classes;
                changed |= self.sets[set].effective_width() != before;
            }
            if !changed {
                return;
            }
        }
    }

    /// The classes of a set after one look at what ties its units.
    fn split(&self, set: usize) -> Vec<usize> {
        let mut classes = self.sets[set].classes.clone();
        for (_, own) in self.own.iter().filter(|(s, _)| *s == set) {
            let values: Vec<f64> = own.iter().map(|&x| f64::from(x)).collect();
            classes = intersect(&classes, &values, root_mean_square(own));
        }
        for coupling in &self.couplings {
            let scale = root_mean_square(coupling.weight);
            let (rows, columns) =
                (self.sets[coupling.to].width(), self.sets[coupling.from].width());
            if coupling.to == set {
                let sums = class_sums(&self.sets[coupling.from], rows, |unit, other| {
                    coupling.weight[unit * columns + other]
                });
                classes = sums.iter().fold(classes, |c, s| intersect(&c, s, scale));
            }
            if coupling.from == set {
                let sums = class_sums(&self.sets[coupling.to], columns, |unit, other| {
                    coupling.weight[other * columns + unit]
                });
                classes = sums.iter().fold(classes, |c, s| intersect(&c, s, scale));
            }
        }
        classes
    }
}

/// For every class of `others`, the sum of each unit's weights over that class.
fn class_sums(others: &Units, units: usize, weight: impl Fn(usize, usize) -> f32) -> Vec<Vec<f64>> {
    let mut sums = vec![vec![0.0; units]; others.effective_width()];
    for (other, &class) in others.classes.iter().enumerate() {
        for (unit, sum) in sums[class].iter_mut().enumerate() {
            *sum += f64::from(weight(unit, other));
        }
    }
    sums
}

fn root_mean_square(x: &[f32]) -> f64 {
    let squares: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    (squares / x.len().max(1) as f64).sqrt()
}

/// Splits classes by value: values whose gap is below the tolerance stay together, NaN apart.
fn intersect(classes: &[usize], values: &[f64], scale: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut level = vec![0; values.len()];
    for pair in order.windows(2) {
        let gap = values[pair[1]] - values[pair[0]];
        let together = gap <= TOLERANCE * scale || values[pair[1]] == values[pair[0]];
        level[pair[1]] = level[pair[0]] + usize::from(!together);
    }
    let mut numbers = HashMap::new();
    classes
        .iter()
        .zip(level)
        .map(|(&class, level)| {
            let next = numbers.len();
            *numbers.entry((class, level)).or_insert(next)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use fanin_engine::Tensor;

    use super::*;

    fn linear(units: usize) -> Layer {
        Layer::Linear { units, bias: true }
    }

    fn model() -> Model {
        let relu = || Layer::Activation("relu".to_owned());
        Model { inputs: 3, layers: vec![linear(4), relu(), linear(4), relu(), linear(2)] }
    }

    /// Weights whose element i of tensor t is `value(t, i)`; biases are 0.
    fn weights(value: impl Fn(usize, usize) -> f32) -> Weights {
        let shapes = [("0", 4, 3), ("2", 4, 4), ("4", 2, 4)];
        let mut tensors = Vec::new();
        for (t, (module, out, inputs)) in shapes.into_iter().enumerate() {
            let data = (0..out * inputs).map(|i| value(t, i)).collect();
            tensors.push((format!("{module}.weight"), Tensor::new([out, inputs], data).unwrap()));
            tensors.push((format!("{module}.bias"), Tensor::filled([out], 0.0)));
        }
        Weights { tensors }
    }

    fn distinct(t: usize, i: usize) -> f32 {
        ((t * 131 + i * 37) % 101) as f32 - 50.0
    }

    #[track_caller]
    fn check(weights: &Weights, expected: &[usize]) {
        let units = effective_units(&model(), weights);
        let got: Vec<usize> = units.iter().map(Units::effective_width).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn zeros_and_constants_leave_one_unit_per_layer() {
        check(&weights(|_, _| 0.0), &[1, 1]);
        check(&weights(|_, _| 0.01), &[1, 1]);
    }

    #[test]
    fn distinct_weights_leave_every_unit() {
        check(&weights(distinct), &[4, 4]);
    }

    #[test]
    fn twins_need_equal_incoming_and_outgoing_weights() {
        let twin_rows = |t, i| if t == 0 && i < 3 { distinct(0, i + 3) } else { distinct(t, i) };
        check(&weights(twin_rows), &[4, 4]);
        let twins = |t, i| match (t, i) {
            (0, 0..3) => distinct(0, i + 3),
            (1, i) if i % 4 == 0 => distinct(1, i + 1),
            _ => distinct(t, i),
        };
        check(&weights(twins), &[3, 4]);
    }

    #[test]
    fn equal_block_sums_make_a_class_though_rows_differ() {
        let rows = [[1.0, 2.0, 0.0, 0.0], [2.0, 1.0, 0.0, 0.0]];
        let value = |t: usize, i: usize| match t {
            0 => [1.0, 5.0, 7.0][i % 3] * if i < 6 { 1.0 } else { 1.0 + i as f32 },
            1 if i < 8 => rows[i / 4][i % 4],
            1 => [3.0, 3.0, 0.5, 0.25][i % 4] * (i / 4) as f32,
            _ => [[2.0, 2.0, 1.0, 3.0], [4.0, 4.0, 5.0, 6.0]][i / 4][i % 4],
        };
        check(&weights(value), &[3, 3]);
    }

    #[test]
    fn one_changed_bias_frees_one_unit() {
        let mut changed = weights(|_, _| 0.01);
        changed.tensors[1].1.data_mut()[2] = 0.5;
        check(&changed, &[2, 1]);
    }

    #[test]
    fn a_residual_stream_is_one_set_of_units() {
        let branch = vec![linear(4), Layer::Activation("tanh".to_owned()), linear(4)];
        let layers = vec![linear(4), Layer::Residual { scale: 1.0, layers: branch }, linear(2)];
        let model = Model { inputs: 3, layers };
        let names = [("0", 4, 3), ("1.branch.0", 4, 4), ("1.branch.2", 4, 4), ("2", 2, 4)];
        let zero = |(module, out, inputs): (&str, usize, usize)| {
            let data = (0..out * inputs).map(|i| if module == "0" { i as f32 } else { 0.0 });
            (format!("{module}.weight"), Tensor::new([out, inputs], data.collect()).unwrap())
        };
        let weights = Weights { tensors: names.into_iter().map(zero).collect() };
        let units = effective_units(&model, &weights);
        let widths: Vec<_> =
            units.iter().map(|u| (u.module.as_str(), u.effective_width())).collect();
        assert_eq!(widths, [("0", 4), ("1.branch.0", 1), ("1.branch.2", 4)]);
    }
}
