//! Weights that are copies of others, or almost: whole layers, parts of one layer, units.
//!
//! Random layers are never equal; where they are, one seed was used twice (two layers, or two
//! processes that drew their parts of one tensor).

use fanin_engine::Tensor;
use fanin_kernels::reduce;
use serde::Serialize;

use super::symmetry::near_duplicates::{
    FALSE_ALARMS, Likeness, distance_within, is_below, likeness, may_be_alike,
};
use crate::weights::Weights;

/// Weights that are a copy of others, or almost.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Duplicate {
    /// A matrix that equals an earlier one.
    Layer {
        /// The earlier tensor.
        first: String,
        /// Its copy.
        copy: String,
    },
    /// A matrix whose rows are so many copies of one part.
    Parts {
        /// The tensor.
        tensor: String,
        /// Number of equal parts.
        parts: usize,
    },
    /// A matrix with rows that differ in no bit, though not made of equal parts.
    EqualUnits {
        /// The tensor.
        tensor: String,
        /// Rows that equal another.
        units: usize,
        /// The first two of them.
        closest: [usize; 2],
    },
    /// A matrix that differs from an earlier one by less than a twentieth of its size.
    NearLayer {
        /// The earlier tensor.
        first: String,
        /// What is almost its copy.
        copy: String,
        /// ‖difference‖ over the size of the larger one.
        distance: f64,
    },
    /// A matrix with rows that differ by less than a twentieth of their size.
    NearUnits {
        /// The tensor.
        tensor: String,
        /// Rows that have such a neighbor.
        units: usize,
        /// The two that are most alike.
        closest: [usize; 2],
    },
    /// A matrix with many rows that are parallel or opposite to another, up to scale.
    AlikeUnits {
        /// The tensor.
        tensor: String,
        /// Rows that have such a neighbor.
        units: usize,
        /// Rows.
        width: usize,
        /// The two that are most alike.
        closest: [usize; 2],
        /// The cosine between them.
        cosine: f64,
    },
}

/// Units beyond this share of a layer that look along one direction are many.
const MANY: f64 = 0.1;

/// Layers at a distance up to this are almost equal.
const ALMOST: f64 = 0.05;

/// All copies among the matrices of `weights`, compared bit by bit, and then what is almost equal;
/// matrices whose elements are all the same are left out.
pub fn duplicates(weights: &Weights) -> Vec<Duplicate> {
    let matrices: Vec<(&str, &Tensor<f32>)> = weights
        .tensors
        .iter()
        .filter(|(_, t)| t.shape().rank() > 1 && is_random(t.data()))
        .map(|(name, tensor)| (name.as_str(), tensor))
        .collect();
    let mut found = Vec::new();
    for (index, (name, tensor)) in matrices.iter().enumerate() {
        let twin = matrices[..index].iter().find(|(_, earlier)| {
            earlier.shape() == tensor.shape() && same(earlier.data(), tensor.data())
        });
        if let Some((first, _)) = twin {
            found.push(Duplicate::Layer { first: (*first).to_owned(), copy: (*name).to_owned() });
        }
        if let Some(parts) = equal_parts(tensor) {
            found.push(Duplicate::Parts { tensor: (*name).to_owned(), parts });
        }
    }
    let squares: Vec<f64> =
        matrices.iter().map(|(_, tensor)| reduce::sum_of_squares(tensor.data())).collect();
    for (index, (name, tensor)) in matrices.iter().enumerate() {
        found.extend(near_layer(&matrices[..=index], &squares));
        let is_of_parts =
            |own: &Duplicate| matches!(own, Duplicate::Parts { tensor, .. } if tensor == name);
        let units = near_units(name, tensor, found.iter().any(is_of_parts));
        found.extend(units);
    }
    found
}

/// The first matrix that the last one almost equals, if it has enough elements to tell; each with
/// the sum of its squares.
fn near_layer(matrices: &[(&str, &Tensor<f32>)], squares: &[f64]) -> Option<Duplicate> {
    let ((name, own), earlier) = matrices.split_last()?;
    let square = squares[earlier.len()];
    if !is_below(1.0 - ALMOST * ALMOST, own.data().len(), matrices.len(), FALSE_ALARMS) {
        return None;
    }
    let alike = earlier.iter().zip(squares).filter(|((_, other), _)| other.shape() == own.shape());
    alike.into_iter().find_map(|((first, other), other_square)| {
        let longer = square.max(*other_square);
        let distance = distance_within(ALMOST, longer, other.data(), own.data())?;
        let (first, copy) = ((*first).to_owned(), (*name).to_owned());
        (distance > 0.0).then_some(Duplicate::NearLayer { first, copy, distance })
    })
}

/// Units of a matrix that equal others, or almost; kernels of convolutions may be equal on purpose, as
/// those that enlarge pictures are.
fn near_units(name: &str, tensor: &Tensor<f32>, is_of_parts: bool) -> Vec<Duplicate> {
    let width = tensor.shape().axes()[0];
    let inputs = tensor.data().len() / width.max(1);
    if !may_be_alike(tensor.data(), inputs) {
        return Vec::new();
    }
    let Likeness { equal, near, alike } = likeness(tensor.data(), inputs);
    let is_plain = tensor.shape().rank() == 2 && !is_of_parts;
    let equal = equal.closest.filter(|_| is_plain).map(|closest| Duplicate::EqualUnits {
        tensor: name.to_owned(),
        units: equal.rows,
        closest: closest.rows,
    });
    let near = near.closest.map(|closest| Duplicate::NearUnits {
        tensor: name.to_owned(),
        units: near.rows,
        closest: closest.rows,
    });
    let many = alike.rows as f64 >= MANY * width as f64;
    let alike = alike.closest.filter(|_| many).map(|closest| Duplicate::AlikeUnits {
        tensor: name.to_owned(),
        units: alike.rows,
        width,
        closest: closest.rows,
        cosine: closest.cosine,
    });
    equal.into_iter().chain(near).chain(alike).collect()
}

/// Whether more than two values occur: identities, zeros and constants may repeat on purpose.
fn is_random(values: &[f32]) -> bool {
    let Some(&first) = values.first() else { return false };
    let Some(second) = values.iter().copied().find(|&v| v != first) else { return false };
    values.iter().any(|&v| v != first && v != second)
}

fn same(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// The largest number of equal blocks of at least two rows that make up the matrix, if over one.
fn equal_parts(tensor: &Tensor<f32>) -> Option<usize> {
    let (data, rows) = (tensor.data(), tensor.shape().axes()[0]);
    let divides = |parts: &usize| rows.is_multiple_of(*parts) && rows / parts >= 2;
    (2..=rows / 2).rev().filter(divides).find(|parts| {
        let mut blocks = data.chunks_exact(data.len() / parts);
        let first = blocks.next().expect("a matrix has rows");
        is_random(first) && blocks.all(|block| same(first, block))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(tensors: &[(&str, [usize; 2], Vec<f32>)]) -> Weights {
        let tensors = tensors.iter().map(|(name, shape, data)| {
            ((*name).to_owned(), Tensor::new(*shape, data.clone()).unwrap())
        });
        Weights { tensors: tensors.collect() }
    }

    fn ramp(from: usize) -> Vec<f32> {
        (from..from + 8).map(|i| i as f32).collect()
    }

    #[test]
    fn copies_of_layers_and_of_parts_are_found() {
        let parts: Vec<f32> = ramp(0).into_iter().chain(ramp(0)).collect();
        let found = duplicates(&weights(&[
            ("a", [4, 2], ramp(0)),
            ("b", [4, 2], ramp(1)),
            ("c", [4, 2], ramp(0)),
            ("d", [8, 2], parts),
        ]));
        let expected = [
            Duplicate::Layer { first: "a".to_owned(), copy: "c".to_owned() },
            Duplicate::Parts { tensor: "d".to_owned(), parts: 2 },
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_almost_equal_is_found_and_what_is_not_is_left() {
        let near = |noise: f32| -> Vec<f32> {
            (0..60).map(|i| ((i * i) as f32).sin() + noise * (7.0 * i as f32).cos()).collect()
        };
        let found = duplicates(&weights(&[("a", [4, 15], near(0.0)), ("b", [4, 15], near(0.02))]));
        assert!(
            matches!(&found[..], [Duplicate::NearLayer { first, copy, distance }]
                if first == "a" && copy == "b" && (0.01..0.04).contains(distance)),
            "{found:?}"
        );
        assert_eq!(
            duplicates(&weights(&[("a", [4, 15], near(0.0)), ("b", [4, 15], near(0.2))])),
            []
        );
        let mut units = near(0.0);
        (0..15).for_each(|k| units[30 + k] = units[k] * if k % 2 == 0 { 1.01 } else { 0.99 });
        let expected = Duplicate::NearUnits { tensor: "a".to_owned(), units: 2, closest: [0, 2] };
        assert_eq!(duplicates(&weights(&[("a", [4, 15], units)])), [expected]);
    }

    #[test]
    fn rows_that_differ_in_no_bit_are_found_in_matrices() {
        let mut rows: Vec<f32> = (0..60).map(|i| ((i * i) as f32).sin()).collect();
        rows.copy_within(0..15, 30);
        let expected = Duplicate::EqualUnits { tensor: "a".to_owned(), units: 2, closest: [0, 2] };
        assert_eq!(duplicates(&weights(&[("a", [4, 15], rows.clone())])), [expected]);
        let kernels = Tensor::new([4, 3, 5], rows).unwrap();
        let kernels = Weights { tensors: vec![("a".to_owned(), kernels)] };
        assert_eq!(duplicates(&kernels), []);
    }

    #[test]
    fn constants_and_identities_are_no_copies() {
        let identity = vec![1.0, 0.0, 0.0, 1.0];
        let found = duplicates(&weights(&[
            ("a", [2, 2], identity.clone()),
            ("b", [2, 2], identity),
            ("c", [4, 2], vec![0.5; 8]),
            ("d", [4, 2], vec![0.5; 8]),
        ]));
        assert_eq!(found, []);
    }
}
