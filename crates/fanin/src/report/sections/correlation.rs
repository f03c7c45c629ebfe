//! Whether inputs stay distinguishable: angles through depth, the map that moves them, and a cloud
//! of rows layer by layer.

use super::chain::Chain;
use super::{Group, Material, Start, selected, start_control};
use crate::check::LayerMeasurement;
use crate::check::trace::{STARTS, Trace};
use crate::report::document::{Block, Control, Fact, Figure, Frame, Section};
use crate::report::pictures::{Axis, Cobweb, LineChart, Picture, Scatter, Series, Style, digits};
use crate::report::terminal::number::compact;
use crate::theory::{Layer, Point};

/// Layers, over all starts, up to which theory follows each layer's own variances.
const MOST_EXACT: usize = 80;
/// Places of the map.
const PLACES: usize = 40;
/// Layers that the path on the map shows.
const LONGEST_PATH: usize = 60;
/// The correlation at which the path begins.
const PATH_START: f64 = 0.2;
/// Layers of a cloud's slider, for one start and for each of several.
const MOST_CLOUDS: usize = 16;
const FEW_CLOUDS: usize = 6;
/// Half the axes of a cloud, in units of the root mean square of ‖a‖.
const CLOUD_REACH: f64 = 1.5;
/// Names of classes that a legend has room for.
const MOST_CLASSES: usize = 16;

/// Angles, map and cloud of every network.
pub fn section(material: &Material<'_>) -> Option<Section> {
    let groups = material.groups();
    let lead = "A network can tell inputs apart only while the angles between them survive. They \
                drift layer by layer: towards 1 all inputs look alike, towards less similar ones \
                look unrelated.";
    let mut section = Section::new("correlation", "Do inputs stay apart?", lead);
    for group in &groups {
        if groups.len() > 1 && group.starts.iter().any(|start| start.trace.is_some()) {
            section.blocks.push(Block::heading(group.model.clone()));
        }
        section.blocks.extend(angles(group).map(Block::Figure));
        section.blocks.extend(clouds(group, material).map(Block::Figure));
    }
    section.blocks.extend(map(material).map(Block::Figure));
    (!section.blocks.is_empty()).then_some(section)
}

fn traced<'s, 'a>(group: &'s Group<'a>) -> Vec<(&'s Start<'a>, &'a Trace)> {
    group.starts.iter().filter_map(|start| Some((start, start.trace?))).collect()
}

fn angles(group: &Group<'_>) -> Option<Figure> {
    let mut starts = traced(group);
    starts.retain(|(_, trace)| trace.angles.first().is_some_and(|curve| curve.len() > 1));
    if starts.is_empty() {
        return None;
    }
    let frame = |(start, trace): &(&Start<'_>, &Trace)| {
        let chain = Chain::measured(&start.first().measurement);
        let layers = trace.angles[0].len();
        let is_short = layers * starts.len() <= MOST_EXACT;
        let map = chain.as_ref().filter(|_| !is_short).map(curve);
        let measured_layers = &start.first().measurement.layers;
        let measured =
            STARTS.iter().zip(&trace.angles).enumerate().map(|(color, (from, curve))| {
                Series::new(
                    &format!("from {from}"),
                    color,
                    std::iter::once(*from).chain(curve.iter().copied()),
                )
            });
        let expected = chain.iter().flat_map(|chain| {
            let map = &map;
            trace.angles.iter().enumerate().filter_map(move |(color, curve)| {
                let first = *curve.first().filter(|c| c.is_finite())?;
                let path = match map {
                    Some(map) => path(map, first, layers - 1),
                    None => exact_path(chain, measured_layers, first),
                };
                let values = std::iter::once(f64::NAN).chain(path);
                Some(
                    Series::new(&format!("theory from {}", STARTS[color]), color, values)
                        .styled(Style::Dashed),
                )
            })
        });
        let chart = LineChart {
            x: Axis::whole("layer, 0 is the input"),
            y: Axis::linear("cosine between two inputs' pre-activations"),
            at: (0..=layers).map(|layer| layer as f64).collect(),
            series: measured.chain(expected).collect(),
            ..LineChart::default()
        };
        Frame { picture: Picture::LineChart(chart), facts: Vec::new() }
    };
    let is_shown =
        |(_, trace): &(&Start<'_>, &Trace)| trace.angles[0].iter().any(|c| c.is_finite());
    let names = starts.iter().map(|(start, _)| start.name.clone());
    let controls = start_control(names, starts.iter().position(is_shown));
    Some(Figure {
        title: "Cosines through depth".to_owned(),
        caption:
            "Mean over pairs of real rows that were turned to the cosine named. Broken lines: \
                  theory, at each layer's variances, or at their mean in large comparisons."
                .to_owned(),
        controls,
        frames: starts.iter().map(frame).collect(),
    })
}

/// The map of correlations of a chain at its typical second moment.
fn curve(chain: &Chain) -> Vec<[f64; 2]> {
    let layer = chain.layer();
    let place = |i: usize| i as f64 / PLACES as f64;
    (0..=PLACES)
        .map(|i| [place(i), layer.correlation(chain.typical, place(i))])
        .filter_map(|[c, next]| Some([c, digits(next)?]))
        .collect()
}

/// Where a correlation goes by the map of each layer at the variances that were measured there.
fn exact_path(chain: &Chain, layers: &[LayerMeasurement], start: f64) -> Vec<f64> {
    let mut path = vec![start];
    for pair in layers.windows(2) {
        let point = Point::new(pair[1].scaled_weight_variance, pair[1].bias_mean_square);
        let layer = Layer::new(&*chain.activation, point);
        let c = path[path.len() - 1].clamp(-1.0, 1.0);
        path.push(layer.correlation(pair[0].pre_activation_second_moment, c));
    }
    path
}

/// Where a correlation goes in so many steps of a map that is linear between its places.
fn path(map: &[[f64; 2]], start: f64, steps: usize) -> Vec<f64> {
    let mut path = vec![start];
    for _ in 0..steps {
        let c = path[path.len() - 1].clamp(0.0, 1.0);
        let after =
            map.partition_point(|[at, _]| *at < c).clamp(1, map.len().saturating_sub(1).max(1));
        let next = match (map.get(after - 1), map.get(after)) {
            (Some([a, fa]), Some([b, fb])) => fa + (fb - fa) * (c - a) / (b - a),
            _ => f64::NAN,
        };
        path.push(next);
    }
    path
}

fn map(material: &Material<'_>) -> Option<Figure> {
    let (model, chain) = Chain::all(material).into_iter().next()?;
    let curve = curve(&chain);
    if curve.len() < 3 {
        return None;
    }
    let layers = chain.depth.min(LONGEST_PATH);
    let path = path(&curve, PATH_START, layers);
    let end = path.last().copied().unwrap_or(f64::NAN);
    let note = format!("{PATH_START} becomes {end:.3} after {layers} layers");
    let path = path.into_iter().filter_map(digits).collect();
    let cobweb = Cobweb {
        x: Axis::linear("correlation before a layer"),
        y: Axis::linear("after it"),
        curve,
        path,
        note,
    };
    let caption = format!(
        "{model}: σ_w² = {}, σ_b² = {}. Where the curve meets the diagonal, correlations come to \
         rest; the flatter it is there, the sooner.",
        compact(chain.point.weight_variance),
        compact(chain.point.bias_variance)
    );
    Some(Figure::of("The map of correlations", &caption, Picture::Cobweb(cobweb)))
}

fn clouds(group: &Group<'_>, material: &Material<'_>) -> Option<Figure> {
    let starts = traced(group);
    let hidden = |trace: &Trace| trace.layers.len().saturating_sub(1);
    let layers = starts.iter().map(|(_, trace)| hidden(trace)).min()?;
    let has_cloud =
        |layer: &usize| starts.iter().all(|(_, trace)| !trace.layers[*layer].cloud.is_empty());
    let seen: Vec<usize> = (0..layers).filter(has_cloud).collect();
    if seen.is_empty() {
        return None;
    }
    let most = if starts.len() > 2 { FEW_CLOUDS } else { MOST_CLOUDS };
    let chosen: Vec<usize> = selected(seen.len(), most).into_iter().map(|i| seen[i]).collect();
    let names = class_names(material);
    let frame = |trace: &Trace, layer: usize| {
        let round = |point: &[f64; 2]| [thousandth(point[0]), thousandth(point[1])];
        let cloud = &trace.layers[layer].cloud;
        let spread =
            cloud.iter().map(|[x, y]| x * x + y * y).sum::<f64>() / cloud.len().max(1) as f64;
        let has_names = !names.is_empty();
        let scatter = Scatter {
            x: Axis::linear("first principal component"),
            y: Axis::linear("second"),
            reach: CLOUD_REACH,
            points: cloud.iter().map(round).collect(),
            classes: if has_names {
                trace.classes.iter().map(|class| *class as usize).collect()
            } else {
                Vec::new()
            },
            names: names.clone(),
        };
        let facts = vec![
            Fact::new("layer", (layer + 1).to_string()),
            Fact::new("spread of the cloud, of its distance from 0", compact(spread.sqrt())),
        ];
        Frame { picture: Picture::Scatter(scatter), facts }
    };
    let frames =
        starts.iter().flat_map(|(_, trace)| chosen.iter().map(|&layer| frame(trace, layer)));
    let frames = frames.collect();
    let labels = chosen.iter().map(|layer| (layer + 1).to_string()).collect();
    let is_spread = |(_, trace): &(&Start<'_>, &Trace)| {
        chosen.iter().any(|&layer| trace.layers[layer].cloud.iter().any(|point| *point != [0.0; 2]))
    };
    let names = starts.iter().map(|(start, _)| start.name.clone());
    let mut controls = start_control(names, starts.iter().position(is_spread));
    if chosen.len() > 1 {
        controls.push(Control::slider("layer", labels, 0));
    }
    Some(Figure {
        title: "A cloud of inputs on its way".to_owned(),
        caption: "Activations of the same rows, in two principal components and in units of their \
                  own length: a cloud that shrinks to a point cannot be told apart any more."
            .to_owned(),
        controls,
        frames,
    })
}

fn thousandth(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}

fn class_names(material: &Material<'_>) -> Vec<String> {
    match material.data.map(|data| &data.train.targets) {
        Some(crate::data::Targets::Classes { names, .. }) if names.len() <= MOST_CLASSES => {
            names.clone()
        }
        _ => Vec::new(),
    }
}
