//! Layers that are summed up: beside a stream, into a stream that fades, and to shift what is multiplied.

use super::by_hand::ByHand;
use super::hand::{At, Hand, Line};
use super::*;

const INPUTS: usize = 32;
const UNITS: usize = 64;
const OUTPUTS: usize = 10;
const BLOCKS: usize = 6;

/// What auto makes of weights that are all too small, and E z² of every layer then.
fn started(hand: Hand) -> (Recommendation, Vec<f64>) {
    let model = Model::graph(hand);
    let weights = for_model(&model, &Rules::new("normal:0.01"), 0).unwrap();
    let found = recommended(&model, &weights, None);
    let measured = measured(&model, &found.weights, &normal_rows(&model));
    (found, measured.into_iter().map(|own| own.0).collect())
}

fn reason<'f>(found: &'f Recommendation, name: &str) -> &'f str {
    &found.changes.iter().find(|own| own.parameter == name).unwrap().reason
}

/// Each block gives to the stream, but for the last, and to the skips.
fn skips(layers: &mut ByHand, x: Wire) -> Result<Wire> {
    let mut x = layers.at(0, x)?;
    let mut sum = None;
    for block in 0..BLOCKS {
        let first = 3 * block + 1;
        layers.at(first, x)?;
        let inside = layers.activate(first, "tanh")?;
        let skip = layers.at(first + 1, inside)?;
        sum = Some(match sum {
            Some(sum) => layers.graph.add(sum, skip)?,
            None => skip,
        });
        if block + 1 < BLOCKS {
            let more = layers.at(first + 2, inside)?;
            x = layers.graph.add(x, more)?;
        }
    }
    layers.at(3 * BLOCKS, sum.unwrap())?;
    let last = layers.activate(3 * BLOCKS, "relu")?;
    layers.at(3 * BLOCKS + 1, last)
}

#[test]
fn skips_that_are_summed_up_beside_a_stream_share_their_sum() {
    let mut lines = vec![Line::new("in", UNITS, INPUTS)];
    for block in 0..BLOCKS {
        lines.push(Line::new(format!("inside.{block}"), UNITS, UNITS));
        // A sum that began before a skip looks like a shortcut beside it.
        lines.push(Line {
            ends_branch: block > 0,
            ..Line::new(format!("skip.{block}"), UNITS, UNITS)
        });
        if block + 1 < BLOCKS {
            lines.push(Line::end(format!("more.{block}"), UNITS, UNITS));
        }
    }
    lines.push(Line::new("after", UNITS, UNITS));
    lines.push(Line::new("head", OUTPUTS, UNITS));
    let (found, measured) = started(Hand { inputs: INPUTS, lines, build: skips });
    let share = 1.0 / BLOCKS as f64;
    for block in 0..BLOCKS {
        let skip = measured[3 * block + 2];
        assert!((0.6..1.6).contains(&(skip / share)), "{block}: {measured:?}");
    }
    for block in 0..BLOCKS - 1 {
        assert!(measured[3 * block + 3] < 0.15, "branches of a stream stay small: {measured:?}");
    }
    let of_skip = reason(&found, "skip.3.weight");
    assert!(of_skip.contains("6 are summed up"), "{of_skip}");
    let of_branch = reason(&found, "more.3.weight");
    assert!(of_branch.contains("5 share the depth"), "{of_branch}");
}

/// Half of what a stream and its branch bring goes on.
fn fading(layers: &mut ByHand, x: Wire) -> Result<Wire> {
    let mut x = layers.at(0, x)?;
    for block in 0..BLOCKS {
        layers.at(2 * block + 1, x)?;
        let inside = layers.activate(2 * block + 1, "tanh")?;
        let more = layers.at(2 * block + 2, inside)?;
        let sum = layers.graph.add(x, more)?;
        x = layers.graph.affine(sum, 0.5_f64.sqrt(), 0.0)?;
    }
    layers.at(2 * BLOCKS + 1, x)
}

#[test]
fn branches_make_up_for_a_factor_behind_their_sum() {
    let mut lines = vec![Line::new("in", UNITS, INPUTS)];
    for block in 0..BLOCKS {
        lines.push(Line::new(format!("inside.{block}"), UNITS, UNITS));
        lines.push(Line::end(format!("more.{block}"), UNITS, UNITS));
    }
    lines.push(Line::new("head", OUTPUTS, UNITS));
    let (found, measured) = started(Hand { inputs: INPUTS, lines, build: fading });
    for block in 0..BLOCKS {
        assert!((0.5..2.0).contains(&measured[2 * block + 2]), "{measured:?}");
    }
    let reason = reason(&found, "more.4.weight");
    assert!(reason.contains("×0.71 behind the sum"), "{reason}");
}

/// relu((1 + g(c))·h(x) + b(c)) of c = condition(x), as by FiLM.
fn modulated(layers: &mut ByHand, x: Wire) -> Result<Wire> {
    layers.at(0, x)?;
    let condition = layers.activate(0, "relu")?;
    let mut x = x;
    for block in 0..3 {
        let first = 3 * block + 1;
        let z = layers.at(first, x)?;
        let by = layers.at(first + 1, condition)?;
        let by = layers.graph.affine(by, 1.0, 1.0)?;
        let shift = layers.at(first + 2, condition)?;
        let product = layers.graph.multiply(by, z)?;
        let sum = layers.graph.add(product, shift)?;
        let relu = fanin_engine::activations::find("relu").unwrap();
        x = layers.graph.activate(sum, &*relu)?;
    }
    layers.at(10, x)
}

#[test]
fn what_is_multiplied_and_shifted_is_no_branch() {
    let mut lines = vec![Line::new("condition", UNITS, INPUTS)];
    for block in 0..3 {
        let inputs = if block == 0 { INPUTS } else { UNITS };
        lines.push(Line::end(format!("h.{block}"), UNITS, inputs));
        lines.push(Line::new(format!("g.{block}"), UNITS, UNITS));
        lines.push(Line::new(format!("b.{block}"), UNITS, UNITS));
    }
    lines.push(Line::new("head", OUTPUTS, UNITS));
    let (_, measured) = started(Hand { inputs: INPUTS, lines, build: modulated });
    for block in 0..3 {
        assert!((0.5..2.0).contains(&measured[3 * block + 1]), "{measured:?}");
    }
}
