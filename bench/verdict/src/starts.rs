//! How the networks of the benchmark start: soundly, as frameworks do, doubtfully, sickly.

use fanin::weights::Weights;
use fanin_kernels::random::{Stream, fill_permutation};
use serde::Serialize;

use crate::cases::Group;

/// A way to start: a scheme, exceptions, and a change of the weights that it gives.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Start {
    /// Name for people.
    pub name: String,
    /// Scheme of all weights.
    pub scheme: String,
    /// Scheme of all biases, if not the scheme's own.
    pub bias: Option<String>,
    /// Schemes by pattern.
    pub rules: Vec<(String, String)>,
    /// What is done to the weights afterwards.
    pub change: Change,
}

/// What is done to weights after their scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Nothing.
    #[default]
    Nothing,
    /// Hidden units become equal in runs of two.
    Twins,
    /// All units of a hidden layer become equal.
    Clones,
    /// The matrix in the middle becomes 0.
    ZeroMiddle,
}

impl Start {
    fn scheme(scheme: &str) -> Self {
        Self { name: scheme.to_owned(), scheme: scheme.to_owned(), ..Self::default() }
    }

    fn bias(scheme: &str, bias: &str) -> Self {
        let name = format!("{scheme}, biases {bias}");
        Self { name, bias: Some(bias.to_owned()), ..Self::scheme(scheme) }
    }

    fn rule(scheme: &str, pattern: &str, own: &str) -> Self {
        let name = format!("{scheme}, {} {own}", pattern.trim_start_matches("role:"));
        Self { name, rules: vec![(pattern.to_owned(), own.to_owned())], ..Self::scheme(scheme) }
    }

    fn changed(scheme: &str, what: &str, change: Change) -> Self {
        Self { name: format!("{scheme}, {what}"), change, ..Self::scheme(scheme) }
    }
}

/// How many starts a group has.
pub const STARTS: usize = 6;

/// The starts of a group: sound, a framework's, zero-ended branches where there are any, a sick
/// one, and doubtful ones.
pub fn of(group: &Group, seed: u64) -> Vec<Start> {
    let stream = |name| Stream::new(seed, name).numbered(group.number as u64);
    let shuffled = |name, starts: Vec<Start>| {
        let mut order = vec![0; starts.len()];
        fill_permutation(stream(name), &mut order);
        order.into_iter().map(move |place| starts[place].clone())
    };
    let sound = sound(group.activation);
    let any = |name, schemes: &[&str]| {
        Start::scheme(schemes[stream(name).below(schemes.len() as u64, 0) as usize])
    };
    let mut starts = vec![any("sound", sound), any("framework", FRAMEWORKS)];
    if group.form.is_residual() {
        starts.push(Start::rule(sound[0], "role:residual-output", "zeros"));
    }
    let sick = shuffled("sick", sick(sound[0])).take(1);
    for start in sick.chain(shuffled("doubtful", doubtful(sound[0]))) {
        let is_new = starts.iter().all(|s| s.name != start.name);
        if starts.len() < STARTS && is_new && start.fits(group) {
            starts.push(start);
        }
    }
    starts
}

/// The start that textbooks give the group.
pub fn textbook(group: &Group) -> Start {
    Start::scheme(sound(group.activation)[0])
}

const FRAMEWORKS: &[&str] = &[
    "torch-default",
    "torch-default",
    "keras-default",
    "keras-default",
    "flax-default",
    "burn-default",
    "candle-default",
    "fan-in-uniform",
    "fan-in-normal",
];

/// Schemes that fit an activation, the first of them that of its textbook.
fn sound(activation: &str) -> &'static [&'static str] {
    match activation {
        "relu" | "leaky_relu" => {
            &["he-normal", "he-normal", "he-uniform", "exact-gain-normal", "he-truncated-normal"]
        }
        "selu" => &["lecun-normal", "lecun-normal", "exact-gain-normal", "lecun-uniform"],
        "elu" | "gelu" | "silu" | "mish" | "softplus" => {
            &["he-normal", "exact-gain-normal", "exact-gain-uniform", "he-uniform"]
        }
        _ => {
            &["xavier-normal", "xavier-uniform", "exact-gain-normal", "orthogonal", "lecun-normal"]
        }
    }
}

/// Starts of which most fail in most networks; one that stands here twice is met twice as often.
/// `sound` is the scheme that some of them spoil.
fn sick(sound: &str) -> Vec<Start> {
    let schemes = ["zeros", "zeros", "constant:0.01", "constant:0.5", "ones", "normal:0.001"];
    let mut starts = schemes.map(Start::scheme).to_vec();
    starts.extend([
        Start::changed(sound, "all units of a layer equal", Change::Clones),
        Start::changed(sound, "all units of a layer equal", Change::Clones),
        Start::scheme("normal:1"),
        Start::bias(sound, "constant:-3"),
    ]);
    starts
}

/// Starts of which some fail in some networks, listed as by [`sick`].
fn doubtful(sound: &str) -> Vec<Start> {
    let schemes = [
        "zeros",
        "normal:0.001",
        "normal:0.01",
        "normal:0.01",
        "normal:0.01",
        "normal:0.1",
        "normal:0.1",
        "normal:0.1",
        "normal:0.3",
        "normal:1",
        "normal:1",
        "uniform:-0.05,0.05",
        "lecun-normal",
        "lecun-normal",
        "xavier-uniform",
        "he-normal",
        "orthogonal",
        "orthogonal",
        "spectral",
    ];
    let mut starts = schemes.map(Start::scheme).to_vec();
    starts.extend([
        Start::changed(sound, "all units of a layer equal", Change::Clones),
        Start::changed(sound, "units equal by twos", Change::Twins),
        Start::changed(sound, "a middle matrix of zeros", Change::ZeroMiddle),
        Start::bias(sound, "normal:1"),
        Start::rule(sound, "role:head", "zeros"),
        Start::rule(sound, "role:head", "normal:1"),
        Start::rule("normal:0.01", "role:head", "zeros"),
    ]);
    starts
}

impl Start {
    /// Whether the change leaves something of the network.
    fn fits(&self, group: &Group) -> bool {
        match self.change {
            Change::ZeroMiddle => group.depth >= 3,
            _ => true,
        }
    }
}

impl Change {
    /// The changed weights.
    pub fn apply(self, mut weights: Weights) -> Weights {
        let is_matrix = |shape: &[usize]| shape.len() == 2;
        let matrices: Vec<usize> = (0..weights.tensors.len())
            .filter(|&t| is_matrix(weights.tensors[t].1.shape().axes()))
            .collect();
        let (first, last) = (matrices[0], matrices[matrices.len() - 1]);
        let equal = match self {
            Self::Nothing => return weights,
            Self::ZeroMiddle => {
                let middle = matrices[matrices.len() / 2];
                weights.tensors[middle].1.data_mut().fill(0.0);
                return weights;
            }
            Self::Twins => 2,
            Self::Clones => usize::MAX,
        };
        for (place, (_, tensor)) in weights.tensors.iter_mut().enumerate() {
            let axes = tensor.shape().axes().to_vec();
            let columns = if is_matrix(&axes) { axes[1] } else { 1 };
            let old = tensor.data().to_vec();
            for (element, value) in tensor.data_mut().iter_mut().enumerate() {
                let (row, column) = (element / columns, element % columns);
                let row = if place >= last { row } else { row - row % equal };
                let column = if place == first { column } else { column - column % equal };
                *value = old[row * columns + column];
            }
        }
        weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The weights of two hidden layers of four units, changed.
    fn changed(change: Change) -> Weights {
        let model = "3 -> 2x4 tanh -> 2".parse().unwrap();
        let rules = fanin::init::Rules::new("normal:1");
        change.apply(fanin::init::for_model(&model, &rules, 0).unwrap())
    }

    #[test]
    fn twins_are_equal_by_their_inputs_and_their_outputs() {
        let weights = changed(Change::Twins);
        let w = |name, element: usize| weights.get(name).unwrap().data()[element];
        for input in 0..3 {
            assert_eq!(w("0.weight", input), w("0.weight", 3 + input));
            assert_ne!(w("0.weight", input), w("0.weight", 6 + input));
        }
        for output in 0..2 {
            assert_eq!(w("4.weight", 4 * output), w("4.weight", 4 * output + 1));
            assert_ne!(w("4.weight", 4 * output), w("4.weight", 4 * output + 2));
        }
        assert_ne!(w("4.weight", 0), w("4.weight", 4), "outputs differ");
    }

    #[test]
    fn clones_leave_one_unit_of_each_hidden_layer() {
        let weights = changed(Change::Clones);
        let middle = weights.get("2.weight").unwrap().data();
        assert!(middle.iter().all(|value| *value == middle[0] && *value != 0.0));
    }

    #[test]
    fn zeros_in_the_middle_leave_the_ends() {
        let weights = changed(Change::ZeroMiddle);
        let is_zero = |name| weights.get(name).unwrap().data().iter().all(|value| *value == 0.0);
        assert_eq!(["0.weight", "2.weight", "4.weight"].map(is_zero), [false, true, false]);
    }
}
