//! Where the layers and the named schemes lie beside the critical line.

use super::chain::Chain;
use super::{Group, Material, Start};
use crate::init::{self, SCHEMES};
use crate::report::document::{Block, Figure, Section};
use crate::report::pictures::phase_plane::Place;
use crate::report::pictures::{PhasePlane, Picture, digits};
use crate::theory::{Critical, scheme_point};

/// ln q of the table's ends and its step: far enough that a course leaves it only when it is lost.
const TABLE: (f64, f64, f64) = (-20.0, 20.0, 0.25);
/// Layers that the course of a point is followed through.
const DEEPEST: usize = 200;
/// Places of the critical line.
const PLACES: usize = 60;
/// Schemes that are named.
const MOST_SCHEMES: usize = 12;
/// Names of one point.
const MOST_NAMES: usize = 3;
/// The deviation below which schemes lie on top of each other.
const LEAST_WIDE: f64 = 0.1;

/// The plane of every activation.
pub fn section(material: &Material<'_>) -> Option<Section> {
    let groups = material.groups();
    let mut seen: Vec<String> = Vec::new();
    let lead = "Left of the line signals lose what tells inputs apart and gradients vanish; right \
                of it gradients explode. Move the orange point, with the pointer or the arrow \
                keys: theory draws its course again.";
    let mut section = Section::new("phase-plane", "The edge of chaos", lead);
    for (model, chain) in Chain::all(material) {
        let label = chain.activation.label();
        if seen.contains(&label) {
            continue;
        }
        let group = groups.iter().find(|group| group.model == model);
        let whose = match group.and_then(|group| Some((group.starts.len(), shown(group)?))) {
            Some((2.., start)) => format!("layers of “{}”", start.name),
            _ => "your layers".to_owned(),
        };
        let caption = format!(
            "{label}, {} layers. Disks: {whose}. Rings: schemes, named below from left to right.",
            chain.depth
        );
        let plane = Picture::PhasePlane(plane(&chain, group));
        section.blocks.push(Block::Figure(Figure::of(
            "Variances of weights and biases",
            &caption,
            plane,
        )));
        seen.push(label);
    }
    (!seen.is_empty()).then_some(section)
}

fn plane(chain: &Chain, group: Option<&Group<'_>>) -> PhasePlane {
    let layer = chain.layer();
    let mut points: Vec<Place> = match group {
        Some(group) => layers(group),
        None => Vec::new(),
    };
    if points.is_empty() {
        let at = [chain.point.weight_variance.sqrt(), chain.point.bias_variance.sqrt()];
        points.push(Place { name: "asked for".to_owned(), at, measured: true });
    }
    let farthest = |axis: usize| points.iter().map(|p| p.at[axis]).fold(0.0, f64::max);
    let widest = (1.2 * farthest(0)).clamp(2.5, 6.0);
    let highest = (1.3 * farthest(1)).clamp(1.0, 4.0);
    points.extend(schemes(chain).into_iter().filter(|p| p.at[0] <= widest && p.at[1] <= highest));
    let entries = ((TABLE.1 - TABLE.0) / TABLE.2) as usize;
    let log_moments: Vec<f64> = (0..=entries).map(|i| TABLE.0 + TABLE.2 * i as f64).collect();
    let moments: Vec<_> = log_moments.iter().map(|ln| layer.gaussian.moments(ln.exp())).collect();
    let known = |x: f64| digits(x).unwrap_or(0.0);
    PhasePlane {
        activation: chain.activation.label(),
        depth: chain.depth.clamp(2, DEEPEST),
        start: known(chain.start),
        critical: critical(chain, widest, highest),
        widest,
        highest,
        points,
        second: moments.iter().map(|m| known(m.second)).collect(),
        slope_second: moments.iter().map(|m| known(m.slope_second)).collect(),
        log_moments,
    }
}

fn critical(chain: &Chain, widest: f64, highest: f64) -> Vec<[f64; 2]> {
    let gaussian = chain.layer().gaussian;
    if let Critical::Everywhere { point } = gaussian.critical(0.0) {
        let w = point.weight_variance.sqrt();
        return vec![[w, 0.0], [w, highest]];
    }
    let mut line: Vec<[f64; 2]> = Vec::new();
    for place in 0..PLACES {
        let q = 1e-3 * 1e5_f64.powf(place as f64 / (PLACES - 1) as f64);
        let point = gaussian.critical_point(q);
        let at = [point.weight_variance.sqrt(), point.bias_variance.max(0.0).sqrt()];
        let rises = line.last().is_none_or(|last| at[1] > last[1]);
        if point.bias_variance < -1e-9 || !rises || !at[0].is_finite() {
            continue;
        }
        let share = line.last().map_or(1.0, |last| share_inside(*last, at, [widest, highest]));
        let from = line.last().copied().unwrap_or(at);
        let end = [0, 1].map(|axis| from[axis] + share * (at[axis] - from[axis]));
        line.push(end.map(|x| digits(x).unwrap_or(0.0)));
        if share < 1.0 {
            break;
        }
    }
    line
}

/// The share of the way from one point to another that lies below the ends of both axes.
fn share_inside(from: [f64; 2], to: [f64; 2], ends: [f64; 2]) -> f64 {
    let share = |axis: usize| (ends[axis] - from[axis]) / (to[axis] - from[axis]);
    let crossed = (0..2).filter(|&axis| to[axis] > ends[axis]);
    crossed.map(share).fold(1.0, f64::min)
}

/// The start whose layers are shown: the first one whose layers carry a signal.
fn shown<'g, 'a>(group: &'g Group<'a>) -> Option<&'g Start<'a>> {
    let has_signal = |start: &&Start<'_>| Chain::measured(&start.first().measurement).is_some();
    group.starts.iter().find(has_signal).or(group.starts.first())
}

fn layers(group: &Group<'_>) -> Vec<Place> {
    let Some(start) = shown(group) else { return Vec::new() };
    let layers = &start.first().measurement.layers;
    let hidden = layers.iter().take(layers.len().saturating_sub(1)).enumerate();
    let places = hidden.map(|(index, layer)| Place {
        name: format!("layer {}", index + 1),
        at: [layer.scaled_weight_variance.sqrt(), layer.bias_mean_square.sqrt()],
        measured: true,
    });
    places.filter(|place| place.at.iter().all(|x| x.is_finite())).collect()
}

/// The shortest of names that stand for one point.
fn shortest(names: &str) -> String {
    let mut names: Vec<&str> = names.split(", ").filter(|name| !name.contains('=')).collect();
    names.sort_by_key(|name| name.len());
    names.truncate(MOST_NAMES);
    names.join(", ")
}

/// The points of the registry's schemes, those of one point under one name.
fn schemes(chain: &Chain) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for registered in SCHEMES {
        if registered.facts().example.contains('=') {
            continue;
        }
        let Ok(scheme) = init::find(registered.facts().example) else { continue };
        let Some(point) = scheme_point(&*scheme, &*chain.activation, chain.width) else { continue };
        let at = [point.weight_variance.sqrt(), point.bias_variance.sqrt()];
        let near =
            |p: &&mut Place| (p.at[0] - at[0]).abs() < 0.02 && (p.at[1] - at[1]).abs() < 0.02;
        match places.iter_mut().find(near) {
            Some(place) => place.name = format!("{}, {}", place.name, scheme.label()),
            None => places.push(Place { name: scheme.label(), at, measured: false }),
        }
    }
    places.retain(|place| place.at[0] >= LEAST_WIDE);
    places.iter_mut().for_each(|place| place.name = shortest(&place.name));
    places.sort_by(|a, b| a.at[0].total_cmp(&b.at[0]));
    places.truncate(MOST_SCHEMES);
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_critical_line_ends_where_the_picture_does() {
        let share = |to| share_inside([1.0, 0.5], to, [2.5, 1.0]);
        assert_eq!([share([1.5, 0.9]), share([1.5, 1.5]), share([4.0, 0.6])], [1.0, 0.5, 0.5]);
    }
}
