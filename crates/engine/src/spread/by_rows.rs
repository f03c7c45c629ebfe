//! What the rule of an operator, which knows rows at large, makes of rows that are known one by one.
//!
//! Most rules are linear in mean products: they are asked for their coefficients, which then hold of
//! every two rows. Any other is asked of every two rows, each as if there were only such as it. Key: as in
//! `pairs`.

use super::Spread;
use super::pairs::{Pairs, with_digit};
use crate::graph::Type;
use crate::ops::{Operator, Structure};

/// A rule is asked so often at most for how its outputs go with P of its inputs.
const MOST_ASKED: usize = 256;
/// What is left of a rule that is taken for linear, as a share.
const NOTHING: f64 = 1e-9;

/// The outputs of an operator by its own rule; `None` if it has none.
pub(super) fn declared(
    operator: &dyn Operator,
    types: &[&Type],
    inputs: &[&Spread],
) -> Option<Vec<Spread>> {
    let rule = |inputs: &[&Spread]| operator.spread(types, inputs);
    if inputs.iter().any(|x| x.knows_places())
        && let Some(found) = operator.spread_of_places(types, inputs)
    {
        return Some(found);
    }
    let is_known = inputs.iter().any(|x| x.pairs.is_some());
    if !is_known || operator.knows_rows() {
        return rule(inputs);
    }
    // Shares go by what differs within a row, which is of one size in all.
    let of_rows = (operator.structure() != Structure::Shares).then(|| by_pairs(inputs, rule));
    of_rows.flatten().or_else(|| {
        let at_large: Vec<Spread> = inputs.iter().map(|x| (*x).clone().at_large()).collect();
        rule(&at_large.iter().collect::<Vec<&Spread>>())
    })
}

/// By a rule that knows rows at large, for an operator that takes one row as the other.
pub(super) fn by_pairs(
    inputs: &[&Spread],
    rule: impl Fn(&[&Spread]) -> Option<Vec<Spread>>,
) -> Option<Vec<Spread>> {
    let mut known = inputs.iter().filter_map(|x| x.pairs.as_ref());
    let rows = known.next()?.rows;
    if known.any(|own| own.rows != rows) {
        return None;
    }
    linear(inputs, rows, &rule).or_else(|| one_by_one(inputs, rows, &rule))
}

/// The inputs of a rule with lanes in place of those whose rows are known.
fn asked(
    inputs: &[&Spread],
    rule: &impl Fn(&[&Spread]) -> Option<Vec<Spread>>,
    lane: impl Fn(usize, &Spread, &Pairs) -> Spread,
) -> Option<Vec<Spread>> {
    let mut known = 0;
    let mut of = |x: &&Spread| match &x.pairs {
        Some(pairs) => {
            known += 1;
            lane(known - 1, x, pairs)
        }
        None => (*x).clone(),
    };
    let lanes: Vec<Spread> = inputs.iter().map(&mut of).collect();
    rule(&lanes.iter().collect::<Vec<&Spread>>())
}

/// Where rows stand in an output.
enum Found {
    /// At this factor.
    At(usize),
    /// Nowhere: it is a sum over them.
    Summed,
}

/// Where rows stand in the outputs of a rule, by what becomes of rows that are all the same, and
/// of such as have nothing in common; none where they are mixed with others.
fn places(
    inputs: &[&Spread],
    rows: usize,
    rule: &impl Fn(&[&Spread]) -> Option<Vec<Spread>>,
) -> Option<Vec<Found>> {
    let ask = |apart: f64| {
        asked(inputs, rule, |known, x, own| {
            let apart = if known == 0 { apart } else { 1.0 };
            // Less the farther apart, so that something is left of it where a mean is taken out.
            let product = |set: usize| 0.5_f64.powi(set.count_ones() as i32);
            x.lane(own.digit, 0.0, |set, differs| if differs { apart } else { 1.0 } * product(set))
        })
    };
    let (same, apart) = (ask(1.0)?, ask(0.0)?);
    let place = |(same, apart): (&Spread, &Spread)| {
        let scale = same.second().abs().max(f64::MIN_POSITIVE);
        let factors = same.factors();
        let goes = |digit: &usize| {
            let (one, none) = (same.products[1 << digit], apart.products[1 << digit]);
            factors[*digit] == rows && one.abs() > 1e-6 * scale && none.abs() < 1e-9 * one.abs()
        };
        match (0..factors.len()).find(goes) {
            Some(digit) => Some(Found::At(digit)),
            None if (same.second() - apart.second()).abs() > 1e-6 * scale => Some(Found::Summed),
            None => None,
        }
    };
    same.iter().zip(&apart).map(place).collect()
}

/// For a rule whose outputs' M are sums of M of inputs, or of products of M of two.
fn linear(
    inputs: &[&Spread],
    rows: usize,
    rule: &impl Fn(&[&Spread]) -> Option<Vec<Spread>>,
) -> Option<Vec<Spread>> {
    let known: Vec<&Pairs> = inputs.iter().filter_map(|x| x.pairs.as_ref()).collect();
    let sets: Vec<usize> = known.iter().map(|own| own.sets()).collect();
    let count: usize = sets.iter().product();
    if known.len() > 2 || count > MOST_ASKED {
        return None;
    }
    let places = places(inputs, rows, rule)?;
    let part = |index: usize, which: usize| match which {
        0 => index % sets[0],
        _ => index / sets[0],
    };
    let asks = (0..count).map(|index| {
        asked(inputs, rule, |which, x, own| {
            let chosen = part(index, which);
            x.lane(own.digit, 0.0, |set, _| f64::from(u8::from(set == chosen)))
        })
    });
    let told = asks.collect::<Option<Vec<Vec<Spread>>>>()?;
    let means = asked(inputs, rule, |_, x, own| x.lane(own.digit, 1.0, |_, _| 1.0))?;
    let trial =
        asked(inputs, rule, |_, x, own| x.lane(own.digit, x.mean, |set, _| own.summary(set).0))?;
    let typical = |index: usize| -> f64 {
        known.iter().enumerate().map(|(which, own)| own.summary(part(index, which)).0).product()
    };
    let of_means: f64 = inputs.iter().filter(|x| x.pairs.is_some()).map(|x| x.mean).product();
    let output = |(number, place): (usize, &Found)| -> Option<Spread> {
        let trial = &trial[number];
        let scale = trial.products.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let is_sum = (0..trial.products.len()).all(|set| {
            let terms = (0..count).map(|index| told[index][number].products[set] * typical(index));
            (terms.sum::<f64>() - trial.products[set]).abs() <= NOTHING * scale
        });
        let by_mean = means[number].mean;
        let off = (by_mean * of_means - trial.mean).abs();
        if !is_sum || off > NOTHING * scale.sqrt().max(trial.mean.abs()) {
            return None;
        }
        let mean_of =
            |row: usize| by_mean * known.iter().map(|own| own.means[row]).product::<f64>();
        let pair = |index: usize, at: usize| -> f64 {
            let both = known.iter().enumerate();
            both.map(|(which, own)| own.of(part(index, which))[at]).product()
        };
        let square = rows * rows;
        match place {
            Found::Summed => {
                let sums: Vec<f64> = (0..count)
                    .map(|index| (0..square).map(|at| pair(index, at)).sum::<f64>() / square as f64)
                    .collect();
                let product = |set: usize| -> f64 {
                    sums.iter().zip(&told).map(|(sum, told)| sum * told[number].products[set]).sum()
                };
                let products = (0..trial.products.len()).map(product).collect();
                let mean = known[0].mean_over_rows(mean_of);
                Some(Spread { axes: trial.axes.clone(), mean, products, pairs: None })
            }
            &Found::At(digit) => {
                let mut products = vec![0.0; trial.products.len() / 2 * square];
                for (set, products) in products.chunks_exact_mut(square).enumerate() {
                    for (index, told) in told.iter().enumerate() {
                        let [same, apart] = [false, true]
                            .map(|apart| told[number].products[with_digit(set, digit, apart)]);
                        if same == 0.0 && apart == 0.0 {
                            continue;
                        }
                        for (at, product) in products.iter_mut().enumerate() {
                            let by = if at / rows == at % rows { same } else { apart };
                            *product += by * pair(index, at);
                        }
                    }
                }
                let means = (0..rows).map(mean_of).collect();
                let pairs = Pairs { digit, rows, means, products, places: None };
                Some(Spread::from_pairs(trial.axes.clone(), pairs))
            }
        }
    };
    places.iter().enumerate().map(output).collect()
}

/// For any other rule: two rows are taken for one of their geometric mean's size each.
fn one_by_one(
    inputs: &[&Spread],
    rows: usize,
    rule: &impl Fn(&[&Spread]) -> Option<Vec<Spread>>,
) -> Option<Vec<Spread>> {
    let places = places(inputs, rows, rule)?;
    let digits: Option<Vec<usize>> = places
        .iter()
        .map(|place| match place {
            Found::At(digit) => Some(*digit),
            Found::Summed => None,
        })
        .collect();
    let digits = digits?;
    let mut found: Vec<Option<(Vec<Vec<usize>>, Pairs)>> = vec![None; digits.len()];
    for a in 0..rows {
        for b in 0..=a {
            let between = |x: f64, y: f64| {
                if x * y > 0.0 { (x * y).sqrt() * x.signum() } else { f64::midpoint(x, y) }
            };
            let told = asked(inputs, rule, |_, x, own| {
                x.lane(own.digit, between(own.means[a], own.means[b]), |set, differs| {
                    let own = own.of(set);
                    let same = between(own[a * (rows + 1)], own[b * (rows + 1)]);
                    if differs { own[a * rows + b] } else { same }
                })
            })?;
            for ((told, digit), found) in told.iter().zip(&digits).zip(&mut found) {
                let sets = told.products.len() / 2;
                let (_, pairs) = found.get_or_insert_with(|| {
                    let products = vec![0.0; sets * rows * rows];
                    let means = vec![0.0; rows];
                    let pairs = Pairs { digit: *digit, rows, means, products, places: None };
                    (told.axes.clone(), pairs)
                });
                for set in 0..sets {
                    let product = told.products[with_digit(set, *digit, a != b)];
                    pairs.products[(set * rows + a) * rows + b] = product;
                    pairs.products[(set * rows + b) * rows + a] = product;
                }
                if a == b {
                    pairs.means[a] = told.mean;
                }
            }
        }
    }
    found.into_iter().map(|own| own.map(|(axes, pairs)| Spread::from_pairs(axes, pairs))).collect()
}
