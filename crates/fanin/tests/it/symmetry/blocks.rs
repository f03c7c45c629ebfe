//! Training keeps what the units of a class have in common: sums over blocks, or entries.

use fanin::check::symmetry::{Exactness, Options, Partition, Units, units};
use fanin::init::{Rules, for_model};
use fanin::spec::Model;
use fanin::weights::Weights;

use super::{course, data, tensor, train};

/// Inputs and outputs are told apart by the data.
const ENDS: &[usize] = &[0, 1];
const FIRST: &[usize] = &[0, 0, 0, 1, 1, 2];
const SECOND: &[usize] = &[0, 0, 0, 1, 2, 2];

/// A network with classes of units: its text, and every matrix with the classes of its rows and
/// of its columns.
struct Network {
    text: &'static str,
    matrices: &'static [(&'static str, &'static [usize], &'static [usize])],
}

const NETWORKS: [Network; 3] = [
    Network {
        text: "2 -> 6 PHI -> 6 PHI -> 2",
        matrices: &[
            ("0.weight", FIRST, ENDS),
            ("2.weight", SECOND, FIRST),
            ("4.weight", ENDS, SECOND),
        ],
    },
    Network {
        text: "2 -> 6 PHI -> (6 PHI -> 6) residual -> 2",
        matrices: &[
            ("0.weight", FIRST, ENDS),
            ("2.branch.0.weight", SECOND, FIRST),
            ("2.branch.2.weight", FIRST, SECOND),
            ("3.weight", ENDS, FIRST),
        ],
    },
    Network {
        text: "2 -> 6 layer_norm PHI -> 6 batch_norm PHI -> 2",
        matrices: &[
            ("0.weight", FIRST, ENDS),
            ("3.weight", SECOND, FIRST),
            ("6.weight", ENDS, SECOND),
        ],
    },
];

const ACTIVATIONS: [&str; 4] = ["sigmoid", "tanh", "relu", "gelu"];

/// Sums of f32 weights are off by 10⁻⁷ of them; what training makes of that stays below.
const LOOSE: f64 = 1e-3;

/// What the weights between two classes look like.
#[derive(Clone, Copy, PartialEq)]
enum Block {
    /// Different rows with equal sums, different columns with equal sums.
    EqualSums,
    /// Every row is the row before, turned round by one; constant where that cannot be.
    Circulant,
}

/// For every pair of classes, the units on both sides.
fn blocks(rows: &[usize], columns: &[usize]) -> Vec<(Vec<usize>, Vec<usize>)> {
    let of = |classes: &[usize], class: usize| -> Vec<usize> {
        (0..classes.len()).filter(|&unit| classes[unit] == class).collect()
    };
    let last = |classes: &[usize]| classes.iter().max().map_or(0, |c| c + 1);
    (0..last(rows))
        .flat_map(|c| (0..last(columns)).map(move |k| (c, k)))
        .map(|(c, k)| (of(rows, c), of(columns, k)))
        .collect()
}

fn network(network: &Network, activation: &str, block: Block, seed: u64) -> (Model, Weights) {
    let model: Model = network.text.replace("PHI", activation).parse().unwrap();
    let mut weights = for_model(&model, &Rules::new("he-normal"), seed).unwrap();
    for (name, rows, columns) in network.matrices {
        let (matrix, width) = tensor(&mut weights, name);
        for (units, others) in blocks(rows, columns) {
            let old: Vec<Vec<f32>> = units
                .iter()
                .map(|i| others.iter().map(|k| matrix[i * width + k]).collect())
                .collect();
            let (r, c) = (units.len() as f32, others.len() as f32);
            let row_mean = |i: usize| old[i].iter().sum::<f32>() / c;
            let column_mean = |k: usize| old.iter().map(|row| row[k]).sum::<f32>() / r;
            let mean = (0..units.len()).map(row_mean).sum::<f32>() / r;
            for (i, unit) in units.iter().enumerate() {
                for (k, other) in others.iter().enumerate() {
                    matrix[unit * width + other] = match block {
                        Block::EqualSums => old[i][k] - row_mean(i) - column_mean(k) + 2.0 * mean,
                        Block::Circulant if units.len() == others.len() => {
                            old[0][(k + others.len() - i) % others.len()]
                        }
                        Block::Circulant => mean,
                    };
                }
            }
        }
    }
    (model, weights)
}

/// The largest difference between two units of a class in their sums, or in their sorted entries,
/// over any class at the other end of a matrix.
fn gap(network: &Network, weights: &mut Weights, partition: Partition) -> f32 {
    let mut gap = 0.0_f32;
    for (name, rows, columns) in network.matrices {
        let (matrix, width) = tensor(weights, name);
        for (units, others) in blocks(rows, columns) {
            let across = |i: &usize| others.iter().map(|k| matrix[i * width + k]).collect();
            let along = |k: &usize| units.iter().map(|i| matrix[i * width + k]).collect();
            let sides: [Vec<Vec<f32>>; 2] =
                [units.iter().map(across).collect(), others.iter().map(along).collect()];
            for lines in sides {
                let shown: Vec<Vec<f32>> =
                    lines.into_iter().map(|l| summary(l, partition)).collect();
                for line in &shown {
                    let pairs = line.iter().zip(&shown[0]);
                    gap = pairs.fold(gap, |gap, (a, b)| gap.max((a - b).abs()));
                }
            }
        }
    }
    gap
}

fn summary(mut line: Vec<f32>, partition: Partition) -> Vec<f32> {
    match partition {
        Partition::BlockSums => vec![line.iter().sum()],
        Partition::Entries => {
            line.sort_by(f32::total_cmp);
            line
        }
    }
}

fn classes(model: &Model, weights: &Weights, partition: Partition) -> Vec<Vec<usize>> {
    let units = units(model, weights, Options { partition, tolerance: LOOSE });
    units.into_iter().map(|units| units.classes).collect()
}

/// Which equality of units training by this optimizer keeps, as a check learns it.
fn kept(optimizer: &str) -> Partition {
    course(optimizer, 50).horizon(80).unwrap().partition
}

const LINEAR: [&str; 6] = ["gradient-descent", "sgd", "sgd,0.01", "adam", "adamw,0.1", "rmsprop"];
const COUPLED: [&str; 3] = ["adam,0.05", "rmsprop,0.05", "adagrad,0.05"];

#[test]
fn classes_keep_their_sums_and_never_mix() {
    let data = data();
    let mut largest = 0.0_f32;
    for (i, of) in NETWORKS.iter().enumerate() {
        for (activation, optimizer) in ACTIVATIONS.iter().flat_map(|a| LINEAR.map(|o| (a, o))) {
            assert_eq!(kept(optimizer), Partition::BlockSums, "{optimizer}");
            let (model, weights) = network(of, activation, Block::EqualSums, i as u64);
            let before = classes(&model, &weights, Partition::BlockSums);
            assert!(before.contains(&SECOND.to_vec()) && before.contains(&FIRST.to_vec()));
            let mut after = train(&model, &weights, optimizer, &data);
            let place = format!("{} {activation} {optimizer}", of.text);
            let found = gap(of, &mut after, Partition::BlockSums);
            largest = largest.max(found);
            assert!(found < 1e-3, "{place}: {found}");
            assert_eq!(classes(&model, &after, Partition::BlockSums), before, "{place}");
        }
    }
    assert!(largest > 0.0, "sums are no entries: rounding shows");
}

#[test]
fn entries_that_are_equal_up_to_their_order_stay_so_under_any_optimizer() {
    let data = data();
    for (i, of) in NETWORKS.iter().enumerate() {
        for (activation, optimizer) in
            ACTIVATIONS.iter().flat_map(|a| COUPLED.into_iter().chain(LINEAR).map(move |o| (a, o)))
        {
            let (model, weights) = network(of, activation, Block::Circulant, i as u64);
            let before = classes(&model, &weights, Partition::Entries);
            assert!(before.contains(&SECOND.to_vec()) && before.contains(&FIRST.to_vec()));
            let mut after = train(&model, &weights, optimizer, &data);
            let place = format!("{} {activation} {optimizer}", of.text);
            let found = gap(of, &mut after, Partition::Entries);
            assert!(found < 1e-3, "{place}: {found}");
            assert_eq!(classes(&model, &after, Partition::Entries), before, "{place}");
        }
    }
}

#[test]
fn weight_decay_inside_a_scaled_step_parts_units_of_equal_sums() {
    let data = data();
    for optimizer in COUPLED {
        assert_eq!(kept(optimizer), Partition::Entries, "{optimizer}");
        let (model, weights) = network(&NETWORKS[0], "tanh", Block::EqualSums, 0);
        assert!(
            units(&model, &weights, Options { partition: Partition::Entries, tolerance: LOOSE })
                .iter()
                .any(|u| u.effective_width() > 3)
        );
        let mut after = train(&model, &weights, optimizer, &data);
        let found = gap(&NETWORKS[0], &mut after, Partition::BlockSums);
        assert!(found > 0.01, "{optimizer}: {found}");
    }
}

#[test]
fn one_changed_weight_parts_the_units_that_the_sums_predict() {
    let data = data();
    let mut kinds = std::collections::HashSet::new();
    for (of, activation) in NETWORKS.iter().flat_map(|n| ["tanh", "sigmoid"].map(|a| (n, a))) {
        for (name, rows, columns) in of.matrices {
            for element in [0, rows.len() * columns.len() / 2, rows.len() * columns.len() - 1] {
                let (model, mut weights) = network(of, activation, Block::EqualSums, 3);
                tensor(&mut weights, name).0[element] += 0.25;
                let predicted = classes(&model, &weights, Partition::BlockSums);
                let after = train(&model, &weights, "sgd", &data);
                let found = classes(&model, &after, Partition::BlockSums);
                assert_eq!(found, predicted, "{} {activation} {name} {element}", of.text);
                kinds.insert(predicted);
            }
        }
    }
    assert!(kinds.len() > 4, "{kinds:?}");
}

#[test]
fn sums_are_within_tolerance_and_twins_are_bits() {
    let (model, weights) = network(&NETWORKS[0], "tanh", Block::EqualSums, 0);
    let options = Options { tolerance: 1e-6, ..Options::default() };
    let found: Vec<Units> = units(&model, &weights, options);
    assert!(found.iter().all(|u| u.exactness == Exactness::WithinTolerance));
    let constant = for_model(&model, &Rules::new("constant:0.1"), 0).unwrap();
    let found = units(&model, &constant, Options::default());
    assert!(found.iter().all(|u| u.exactness == Exactness::Bits));
}
