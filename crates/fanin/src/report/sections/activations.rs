//! Where pre-activations lie on their activation: which share of them passes hardly any gradient.

use fanin_engine::activations::find;
use libm::erfc;

use super::{Group, Material, Start, selected, start_control};
use crate::check::trace::{LayerTrace, REACH, Trace};
use crate::report::document::{Block, Figure, Frame, Section};
use crate::report::pictures::{Axis, Picture, Strip, Strips, digits};

/// Places at which the activation is drawn.
const PLACES: usize = 200;
/// Layers that are drawn.
const MOST_LAYERS: usize = 12;
/// A slope below this part of the steepest passes hardly any gradient, as in the check.
const FLAT: f64 = 0.05;

/// The strips of every network.
pub fn section(material: &Material<'_>) -> Option<Section> {
    let groups = material.groups();
    let figures: Vec<Figure> =
        groups.iter().filter_map(|group| figure(group, groups.len())).collect();
    let lead = "Where the numbers that enter each activation lie. In shaded zones the slope is \
                nearly 0, so what lies there learns hardly anything from this input.";
    let section = Section::new("activations", "Pre-activations on their activation", lead);
    let is_empty = figures.is_empty();
    let section = figures.into_iter().fold(section, |s, figure| s.with(Block::Figure(figure)));
    (!is_empty).then_some(section)
}

fn figure(group: &Group<'_>, groups: usize) -> Option<Figure> {
    let starts: Vec<(&Start<'_>, Frame)> = group
        .starts
        .iter()
        .filter_map(|start| Some((start, frame(start, start.trace?)?)))
        .collect();
    if starts.is_empty() {
        return None;
    }
    let moves = |(start, _): &(&Start<'_>, Frame)| {
        start.trace.is_some_and(|t| t.layers.iter().any(|layer| layer.deviation > 0.0))
    };
    let names = starts.iter().map(|(start, _)| start.name.clone());
    let controls = start_control(names, starts.iter().position(moves));
    Some(Figure {
        title: group.title(groups, "Density by layer"),
        caption: "Measured on real rows at the first seed. Above each strip: the share in the \
                  shaded zones, measured and as theory expects of normal pre-activations."
            .to_owned(),
        controls,
        frames: starts.into_iter().map(|(_, frame)| frame).collect(),
    })
}

fn frame(start: &Start<'_>, trace: &Trace) -> Option<Frame> {
    let layers = &start.first().measurement.layers;
    let name = layers.iter().find_map(|layer| layer.activation.as_deref())?;
    let activation = find(name)?;
    let is_bent =
        |index: &usize| layers.get(*index).is_some_and(|l| l.activation.as_deref() == Some(name));
    let bent: Vec<usize> = (0..trace.layers.len()).filter(is_bent).collect();
    let chosen = selected(bent.len(), MOST_LAYERS);
    let place = |i: usize| -REACH + 2.0 * REACH * i as f64 / PLACES as f64;
    let slopes: Vec<f64> = (0..=PLACES).map(|i| activation.at(1, place(i))).collect();
    let steepest = slopes.iter().map(|slope| slope.abs()).fold(0.0, f64::max);
    let flat = flat(&slopes, &place, &|x| activation.at(1, x).abs() < FLAT * steepest);
    let strips = chosen.into_iter().map(|position| {
        let index = bent[position];
        strip(&trace.layers[index], index, &flat)
    });
    let known = |x: f64| digits(x).unwrap_or(0.0);
    let strips = Strips {
        x: Axis::linear("what enters the activation"),
        from: -REACH,
        to: REACH,
        activation: activation.label(),
        curve: (0..=PLACES).map(|i| known(activation.at(0, place(i)))).collect(),
        slope: slopes.into_iter().map(known).collect(),
        strips: strips.collect(),
        flat,
    };
    (!strips.strips.is_empty())
        .then_some(Frame { picture: Picture::Strips(strips), facts: Vec::new() })
}

/// Ranges in which the slope is nearly 0, with ends as sharp as a number can be.
fn flat(
    slopes: &[f64],
    place: &impl Fn(usize) -> f64,
    is_flat: &impl Fn(f64) -> bool,
) -> Vec<[f64; 2]> {
    let end = |index: usize| {
        let (mut low, mut high) = (place(index - 1), place(index));
        let before = is_flat(low);
        for _ in 0..40 {
            let middle = f64::midpoint(low, high);
            if is_flat(middle) == before { low = middle } else { high = middle }
        }
        f64::midpoint(low, high)
    };
    let mut ranges: Vec<[f64; 2]> = Vec::new();
    let mut open: Option<f64> = None;
    for index in 0..slopes.len() {
        match (is_flat(place(index)), open) {
            (true, None) => open = Some(if index == 0 { place(0) } else { end(index) }),
            (false, Some(first)) => {
                ranges.push([first, end(index)]);
                open = None;
            }
            _ => {}
        }
    }
    ranges.extend(open.map(|first| [first, place(slopes.len() - 1)]));
    ranges.retain(|[from, to]| to - from > 0.1);
    ranges
}

fn strip(layer: &LayerTrace, index: usize, flat: &[[f64; 2]]) -> Strip {
    let part = 2.0 * REACH / layer.shares.len().max(1) as f64;
    let middle = |i: usize| -REACH + part * (i as f64 + 0.5);
    let is_flat = |x: f64| flat.iter().any(|[from, to]| (*from..=*to).contains(&x));
    let inside = layer.shares.iter().enumerate().filter(|(i, _)| is_flat(middle(*i)));
    let beyond = [(-REACH, layer.below), (REACH, layer.above)];
    let beyond =
        beyond.iter().filter(|(end, _)| is_flat(*end)).map(|(_, share)| share).sum::<f64>();
    let measured = inside.map(|(_, share)| share).sum::<f64>() + beyond;
    let note = if flat.is_empty() || !layer.deviation.is_finite() {
        String::new()
    } else if layer.deviation == 0.0 {
        format!("{:.0} %", 100.0 * measured)
    } else {
        format!("{:.0} %, expected {:.0} %", 100.0 * measured, 100.0 * expected(layer, flat))
    };
    Strip {
        name: format!("layer {}", index + 1),
        shares: layer.shares.iter().filter_map(|share| digits(*share)).collect(),
        below: layer.below,
        above: layer.above,
        note,
    }
}

/// The share of a normal number with the layer's mean and deviation in flat ranges, which go on
/// for ever where they reach an end of the line.
fn expected(layer: &LayerTrace, flat: &[[f64; 2]]) -> f64 {
    let below = |x: f64| {
        0.5 * erfc(-(x - layer.mean) / (layer.deviation.max(1e-12) * std::f64::consts::SQRT_2))
    };
    let share = |[from, to]: &[f64; 2]| {
        let start = if *from <= -REACH { 0.0 } else { below(*from) };
        let end = if *to >= REACH { 1.0 } else { below(*to) };
        end - start
    };
    flat.iter().map(share).sum()
}
