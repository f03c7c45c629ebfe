//! How the sums are spread that a convolution and its two adjoints consist of.
//!
//! Each term is a product of an element of a and one of b. Two elements of the sum are as alike as
//! their terms, so pairs of terms are counted, by the axes along which their factors differ. Along a
//! spatial axis a term is a position of the input, a tap and a position of the output, of which two
//! determine the third; windows that reach into padding have fewer.

use fanin_kernels::conv;
use fanin_kernels::window::{AXES, Window};

use crate::spread::{Spread, Tap};
use crate::tensor::Shape;

/// Which of the three tensors of a convolution a sum is taken for.
#[derive(Clone, Copy)]
pub(super) enum Role {
    /// a is the output's gradient, b the weight.
    Input,
    /// a is the input, b the output's gradient.
    Weight,
    /// a is the input, b the weight.
    Output,
}

/// The spread of sums of products of independent a and b, exact where products of two elements
/// depend on the axes alone along which they differ.
pub(super) fn sum_spread(
    size: &conv::Convolution,
    role: Role,
    (shape, a, b): (&Shape, &Spread, &Spread),
) -> Spread {
    let (a, b) = (a.with_whole_axes(), b.with_whole_axes());
    let spatial = shape.rank() - 2;
    let along: Vec<Along> =
        (AXES - spatial..AXES).map(|axis| Along::new(&size.window, axis, role)).collect();
    let rank = shape.rank();
    let likeness = |pairs: &Pairs| {
        let of_b = b.at(&pairs.b[..rank]);
        if of_b == 0.0 { 0.0 } else { pairs.count * a.at(&pairs.a[..rank]) * of_b }
    };
    let product = |differs: &[bool]| {
        let pairs = first_axes(size, role, [differs[0], differs[1]]);
        pairs.iter().map(|pairs| told_further(pairs, 2, &along, differs, &likeness)).sum()
    };
    let terms: f64 = along.iter().map(|own| own.same[0].0).product();
    let mean = terms * terms_across(size, role) * a.mean() * b.mean();
    Spread::from_products(shape, mean, product)
}

/// The sum over pairs that are told apart along spatial axes too, from `axis` on.
fn told_further(
    pairs: &Pairs,
    axis: usize,
    along: &[Along],
    differs: &[bool],
    likeness: &impl Fn(&Pairs) -> f64,
) -> f64 {
    let Some(&is_apart) = differs.get(axis) else { return likeness(pairs) };
    let own = &along[axis - 2];
    let further = if is_apart { &own.apart[..] } else { &own.same[..] };
    let some = further.iter().filter(|(count, ..)| *count != 0.0);
    some.map(|&(count, a, b)| {
        let mut pairs = *pairs;
        pairs.count *= count;
        (pairs.a[axis], pairs.b[axis]) = (a, b);
        told_further(&pairs, axis + 1, along, differs, likeness)
    })
    .sum()
}

/// Pairs of terms whose factors differ along the same axes.
#[derive(Clone, Copy)]
struct Pairs {
    count: f64,
    a: [bool; 2 + AXES],
    b: [bool; 2 + AXES],
}

/// Terms of one element of the sum at one position: channels, units or rows.
fn terms_across(size: &conv::Convolution, role: Role) -> f64 {
    (match role {
        Role::Output => size.channels_in,
        Role::Input => size.channels_out,
        Role::Weight => size.batch,
    }) as f64
}

/// Pairs of terms of two elements that differ along the first two axes as said.
fn first_axes(size: &conv::Convolution, role: Role, [first, second]: [bool; 2]) -> Vec<Pairs> {
    let n = terms_across(size, role);
    let others = n * (n - 1.0);
    // Of two elements with different channels or units, how many are of one group.
    let (own, is_apart) = match role {
        Role::Output => (size.channels_out, second),
        Role::Input => (size.channels_in, second),
        Role::Weight => (size.channels_out, first),
    };
    let all = own * size.groups;
    let together = if is_apart && all > 1 { (own - 1) as f64 / (all - 1) as f64 } else { 1.0 };
    let axes = |[first, second]: [bool; 2]| [first, second, false, false, false];
    let pair = |count: f64, a, b| Pairs { count, a: axes(a), b: axes(b) };
    let mut pairs = match role {
        Role::Output => vec![
            pair(together * n, [first, false], [second, false]),
            pair((1.0 - together) * n, [first, true], [second, false]),
            pair(others, [first, true], [second, true]),
        ],
        Role::Input => {
            let same_index = if second { 1.0 / own as f64 } else { 1.0 };
            let elsewhere = (1.0 - together) * n * n;
            vec![
                pair(together * n, [first, false], [false, second]),
                pair(together * others, [first, true], [true, second]),
                pair(elsewhere * same_index, [first, true], [true, false]),
                pair(elsewhere * (1.0 - same_index), [first, true], [true, true]),
            ]
        }
        Role::Weight => [(n, false), (others, true)]
            .into_iter()
            .flat_map(|(count, row)| {
                [
                    pair(together * count, [row, second], [row, first]),
                    pair((1.0 - together) * count, [row, true], [row, first]),
                ]
            })
            .collect(),
    };
    pairs.retain(|pair| pair.count > 0.0);
    pairs
}

/// Pairs of terms along one spatial axis, on the mean over elements: how many there are, and whether
/// they differ in the position of a and in that of b.
struct Along {
    /// Of an element and itself, or one at the same position.
    same: [(f64, bool, bool); 2],
    /// Of two elements at different positions.
    apart: [(f64, bool, bool); 3],
}

impl Along {
    fn new(window: &Window, axis: usize, role: Role) -> Self {
        let lengths = [window.input[axis], window.kernel[axis], window.output[axis]];
        let mut counts = lengths.map(|length| vec![0.0; length]);
        for tap in 0..window.kernel[axis] {
            let (outputs, offset) = window.reach(axis, tap);
            for output in outputs {
                let input = (output * window.stride[axis]) as isize + offset;
                for (counts, at) in counts.iter_mut().zip([input as usize, tap, output]) {
                    counts[at] += 1.0;
                }
            }
        }
        let terms: f64 = counts[0].iter().sum();
        let squares = counts.map(|counts| counts.iter().map(|count| count * count).sum::<f64>());
        let [own, a, b] = match role {
            Role::Input => [0, 2, 1],
            Role::Weight => [1, 0, 2],
            Role::Output => [2, 0, 1],
        };
        let elements = lengths[own] as f64;
        let per_pair = |count: f64| count / (elements * (elements - 1.0)).max(1.0);
        let neither = terms * (terms + 2.0) - squares.iter().sum::<f64>();
        Self {
            same: [
                (terms / elements, false, false),
                ((squares[own] - terms) / elements, true, true),
            ],
            apart: [
                (per_pair(squares[a] - terms), false, true),
                (per_pair(squares[b] - terms), true, false),
                (per_pair(neither), true, true),
            ],
        }
    }
}

/// [`sum_spread`] where places are known: sums over taps and channels, each with what it sees.
pub(super) fn placed_sum(
    size: &conv::Convolution,
    role: Role,
    (shape, a, b): (&Shape, &Spread, &Spread),
) -> Option<Spread> {
    let mut taps = taps(&size.window);
    if matches!(role, Role::Weight) {
        let second = a.squared_over_places(b, &taps)?;
        return Some(Spread::independent(shape, 0.0, second));
    }
    // Weights of which nothing is known but their size.
    let apart = Spread::independent(&b.shape(), 0.0, b.second());
    if b.with_whole_axes() != apart {
        return None;
    }
    let channels = match role {
        Role::Input => {
            taps.iter_mut().flatten().for_each(|(p, q)| std::mem::swap(p, q));
            size.channels_out
        }
        Role::Output | Role::Weight => size.channels_in,
    };
    a.through_taps(&taps, shape.axes(), channels as f64 * b.second())
}

/// Of every tap, which output position sees which input position.
fn taps(window: &Window) -> Vec<Tap> {
    let of_tap = |tap: usize| {
        let reach: [_; AXES] =
            std::array::from_fn(|axis| window.reach(axis, window.tap(tap)[axis]));
        let [planes, lines, columns] = &reach;
        let input = |axis: usize, output: usize| {
            ((output * window.stride[axis]) as isize + reach[axis].1) as usize
        };
        let mut seen = Vec::new();
        for plane in planes.0.clone() {
            for line in lines.0.clone() {
                for column in columns.0.clone() {
                    let to = (plane * window.output[1] + line) * window.output[2] + column;
                    let from =
                        (input(0, plane) * window.input[1] + input(1, line)) * window.input[2];
                    seen.push((to, from + input(2, column)));
                }
            }
        }
        seen
    };
    (0..window.taps()).map(of_tap).collect()
}

#[cfg(test)]
mod tests {
    use super::super::convolution::{Variant, sizes, variants};
    use super::*;

    /// Terms of every element of a sum, as places of its factors.
    type Terms = Vec<Vec<[Vec<usize>; 2]>>;

    /// By the definition: y[b, o, p] = Σ w[o, c, t]·x[b, c, p·stride + t·dilation − pad].
    fn terms(variant: &Variant, size: &conv::Convolution, role: Role) -> Terms {
        let (x, w, y) = (&variant.x, &variant.w, variant.y());
        let shape: &[usize] = match role {
            Role::Input => x,
            Role::Weight => w,
            Role::Output => &y,
        };
        let mut terms: Terms = vec![Vec::new(); shape.iter().product()];
        for at_y in places(&y) {
            for at_w in places(w).filter(|at| at[0] == at_y[1]) {
                let channel = at_w[0] / size.channels_out * size.channels_in + at_w[1];
                let seen = (0..at_w.len() - 2).map(|axis| {
                    let window = &variant.window;
                    let along = at_y[axis + 2] * window.strides[axis]
                        + at_w[axis + 2] * window.dilations[axis];
                    along.checked_sub(window.pads[axis].0).filter(|&at| at < x[axis + 2])
                });
                let Some(seen) = seen.collect::<Option<Vec<usize>>>() else { continue };
                let at_x = [vec![at_y[0], channel], seen].concat();
                let (own, factors) = match role {
                    Role::Input => (&at_x, [at_y.clone(), at_w]),
                    Role::Weight => (&at_w.clone(), [at_x, at_y.clone()]),
                    Role::Output => (&at_y, [at_x, at_w]),
                };
                let place = own.iter().zip(shape).fold(0, |place, (at, size)| place * size + at);
                terms[place].push(factors);
            }
        }
        terms
    }

    fn places(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<'_> {
        (0..shape.iter().product()).map(move |mut rest: usize| {
            let mut at = vec![0; shape.len()];
            for (at, size) in at.iter_mut().zip(shape).rev() {
                (*at, rest) = (rest % size, rest / size);
            }
            at
        })
    }

    /// A number of its own for every set of axes.
    fn spread(shape: &[usize], factor: f64) -> Spread {
        Spread::from_products(&shape.into(), 0.3, |differs| weight(differs, shape, factor))
    }

    fn weight(differs: &[bool], shape: &[usize], factor: f64) -> f64 {
        let axes = differs.iter().zip(shape).enumerate();
        let long = axes.filter(|(_, (differs, size))| **differs && **size > 1);
        long.map(|(axis, _)| (factor + axis as f64).sqrt().fract() + 0.1).product()
    }

    #[test]
    fn pairs_of_terms_are_those_that_windows_have() {
        for variant in variants() {
            let (x, w, y) = (&variant.x[..], &variant.w[..], &variant.y()[..]);
            let size = sizes(&variant.window, variant.groups, [x, w, y]).unwrap();
            for (role, shape, a, b) in
                [(Role::Output, y, x, w), (Role::Input, x, y, w), (Role::Weight, w, x, y)]
            {
                let told =
                    sum_spread(&size, role, (&shape.into(), &spread(a, 2.0), &spread(b, 5.0)));
                let terms = terms(&variant, &size, role);
                let unlike = |p: &[usize], q: &[usize]| -> Vec<bool> {
                    p.iter().zip(q).map(|(p, q)| p != q).collect()
                };
                let elements: Vec<Vec<usize>> = places(shape).collect();
                for set in 0..1_usize << shape.len() {
                    let differs: Vec<bool> = (0..shape.len()).map(|i| set >> i & 1 == 1).collect();
                    if differs.iter().zip(shape).any(|(differs, size)| *differs && *size == 1) {
                        continue;
                    }
                    let (mut sum, mut count) = (0.0, 0.0);
                    for (p, own) in elements.iter().zip(&terms) {
                        for (q, other) in elements.iter().zip(&terms) {
                            if unlike(p, q) != differs {
                                continue;
                            }
                            count += 1.0;
                            for ([a_p, b_p], [a_q, b_q]) in
                                own.iter().flat_map(|p| other.iter().map(move |q| (p, q)))
                            {
                                sum += weight(&unlike(a_p, a_q), a, 2.0)
                                    * weight(&unlike(b_p, b_q), b, 5.0);
                            }
                        }
                    }
                    let (told, found) = (told.at(&differs), sum / count);
                    assert!((told - found).abs() < 1e-10 * (1.0 + found), "{told} {found}");
                }
            }
        }
    }
}
