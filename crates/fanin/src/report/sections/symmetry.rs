//! Which units can ever differ, and how equal units stay equal while training goes on.

use super::{Group, Material, Start, selected, start_control};
use crate::check::symmetry::summary::{LayerSymmetry, Positions};
use crate::compare::Replay;
use crate::report::document::{Block, Control, Fact, Figure, Frame, Section};
use crate::report::pictures::{Column, Picture, Tiles};
use crate::report::terminal::number::fixed;

/// Layers that are drawn.
const MOST_LAYERS: usize = 16;
/// Layers that are drawn over all starts, so that a page of many starts stays small.
const MOST_BLOCKS: usize = 90;
/// Layers of each start that a replay draws: as many as fit beside each other.
const MOST_REPLAYED: usize = 4;

/// The map of every network, and the replay.
pub fn section(material: &Material<'_>) -> Option<Section> {
    let groups = material.groups();
    let lead = "Every tile is a unit. Units of one color start equal and get equal gradients, so \
                backpropagation keeps them equal for ever: together they are worth one unit.";
    let mut section = Section::new("symmetry", "Which units can ever differ", lead);
    for group in &groups {
        section.blocks.extend(figure(group, groups.len()).map(Block::Figure));
    }
    section.blocks.extend(replay(material.replays).map(Block::Figure));
    (!section.blocks.is_empty()).then_some(section)
}

fn figure(group: &Group<'_>, groups: usize) -> Option<Figure> {
    let shown = |start: &&Start<'_>| !start.first().symmetry.layers.is_empty();
    let starts: Vec<&Start<'_>> = group.starts.iter().filter(shown).collect();
    let most = (MOST_BLOCKS / (groups * starts.len()).max(1)).clamp(3, MOST_LAYERS);
    let frames: Vec<Frame> = starts.iter().map(|start| frame(start, most)).collect();
    let layers = starts.first()?.first().symmetry.layers.len();
    let controls = start_control(starts.iter().map(|start| start.name.clone()), None);
    let title = group.title(groups, "Units by layer");
    let mut caption = "Up to 64 units of each hidden layer, at the first seed.".to_owned();
    if layers > most {
        caption = format!("{caption} {most} of {layers} layers, evenly chosen.");
    }
    Some(Figure { title, caption, controls, frames })
}

fn frame(start: &Start<'_>, most: usize) -> Frame {
    let diagnosis = start.first();
    let layers = &diagnosis.symmetry.layers;
    let chosen = selected(layers.len(), most);
    let columns = chosen.into_iter().map(|index| Column {
        name: format!("layer {}", index + 1),
        classes: classes(&layers[index]),
        ..Column::default()
    });
    let units = diagnosis.units;
    let facts = vec![
        Fact::new(
            "units that can ever differ",
            format!("{} of {units}", diagnosis.effective_units),
        ),
        Fact::new("forecast", diagnosis.forecast.to_string()),
    ];
    Frame { picture: Picture::Tiles(Tiles { columns: columns.collect() }), facts }
}

/// The class of each unit: that of its group of twins or mirrors, else its own.
fn classes(layer: &LayerSymmetry) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..layer.width).collect();
    for Positions(ranges) in layer.twins.iter().chain(&layer.mirrors) {
        let units = || ranges.iter().flat_map(|[first, last]| *first..=*last);
        let Some(least) = units().filter_map(|u| classes.get(u)).min().copied() else { continue };
        for unit in units().filter(|unit| *unit < layer.width) {
            classes[unit] = least;
        }
    }
    classes
}

/// First training steps, the starts beside each other.
fn replay(replays: &[Replay]) -> Option<Figure> {
    let first = replays.first()?;
    let shared = replays.iter().map(|replay| replay.moments.len()).min()?;
    let steps = first.moments.iter().take(shared).map(|moment| moment.step.to_string()).collect();
    let layers = first.moments.first().map_or(0, |moment| moment.layers.len());
    let mut caption = format!(
        "{}: {} real steps of training from each start. Equal units never part; units that start \
         apart stay apart.",
        first.model,
        first.moments.get(shared.checked_sub(1)?).map_or(0, |moment| moment.step)
    );
    if layers > MOST_REPLAYED {
        caption = format!("{caption} {MOST_REPLAYED} of {layers} layers, evenly chosen.");
    }
    Some(Figure {
        title: "The first training steps".to_owned(),
        caption,
        controls: vec![Control::slider("step", steps, 0)],
        frames: (0..shared).map(|at| moments(replays, at)).collect(),
    })
}

/// All starts after the same number of steps.
fn moments(replays: &[Replay], at: usize) -> Frame {
    let mut facts = Vec::new();
    let mut columns = Vec::new();
    for replay in replays {
        let (start, moment) = (&replay.scheme, &replay.moments[at]);
        let layers = moment.layers.iter().enumerate();
        let all: Vec<Column> = layers
            .map(|(index, (_, classes))| Column {
                name: format!("layer {}", index + 1),
                classes: classes.clone(),
                group: start.clone(),
            })
            .collect();
        let differ: usize = all.iter().map(Column::effective_width).sum();
        let units: usize = all.iter().map(|column| column.classes.len()).sum();
        facts
            .push(Fact::new(format!("units that differ, {start}"), format!("{differ} of {units}")));
        // It is the loss of a step.
        let loss = if moment.step == 0 { "none yet".to_owned() } else { fixed(moment.loss, 3) };
        facts.push(Fact::new(format!("loss, {start}"), loss));
        let chosen = selected(moment.layers.len(), MOST_REPLAYED).into_iter();
        columns.extend(chosen.map(|index| all[index].clone()));
    }
    Frame { picture: Picture::Tiles(Tiles { columns }), facts }
}
