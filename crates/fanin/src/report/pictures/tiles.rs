//! Units of layers as tiles: those that can never differ have one color.

use serde::{Deserialize, Serialize};

use super::axes::MOST_SIGNS;
use super::svg::{Anchor, COLORS, Svg, shortened};
use super::{Key, Table};

/// Tiles of a column that are drawn; a wider layer shows its first ones.
const MOST_UNITS: usize = 64;
/// Tiles beside each other in the block of one layer.
const ACROSS: usize = 8;
const TILE: f64 = 12.0;
const BLOCK: f64 = 120.0;
/// Layers beside each other.
const ACROSS_LAYERS: usize = 4;
/// Height of what stands over a group of layers, and of what stands over one layer and below it.
const HEADING: f64 = 26.0;
const AROUND: f64 = 66.0;

/// Units of layers as tiles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tiles {
    /// Layers in the order of the data, group by group.
    pub columns: Vec<Column>,
}

/// The units of one layer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The layer.
    pub name: String,
    /// The class of each unit; equal numbers can never differ.
    pub classes: Vec<usize>,
    /// What stands over it and its neighbors of the same group; may be empty.
    #[serde(default)]
    pub group: String,
}

impl Column {
    /// Units that can ever differ.
    pub fn effective_width(&self) -> usize {
        let mut classes = self.classes.clone();
        classes.sort_unstable();
        classes.dedup();
        classes.len()
    }

    /// Draws name, width and tiles, the first of which is at `[left, top]`.
    fn draw(&self, svg: &mut Svg, [left, top]: [f64; 2]) {
        let (width, effective) = (self.classes.len(), self.effective_width());
        svg.text("label", [left, top - 27.0], Anchor::Start, &shortened(&self.name, 12));
        svg.text("tick", [left, top - 8.0], Anchor::Start, &format!("{effective} of {width}"));
        svg.open(&format!(r#"class="units" data-units="{width}" data-differ="{effective}""#));
        for (unit, group) in self.groups().into_iter().take(MOST_UNITS).enumerate() {
            let at = [left + TILE * (unit % ACROSS) as f64, top + TILE * (unit / ACROSS) as f64];
            let class = match group {
                Some(group) => format!("tile twin f{}", group % COLORS),
                None => format!("tile own t{}", unit * 7 % 5),
            };
            svg.square(&class, at, TILE - 1.5);
        }
        svg.close();
    }

    /// The number of each unit's class among those with several members; none for a unit alone.
    fn groups(&self) -> Vec<Option<usize>> {
        let mut several: Vec<usize> = Vec::new();
        let members = |class: usize| self.classes.iter().filter(|c| **c == class).count();
        let mut counted = std::collections::HashMap::new();
        let numbered = |&class: &usize| {
            let is_alone = *counted.entry(class).or_insert_with(|| members(class)) < 2;
            (!is_alone).then(|| {
                several.iter().position(|c| *c == class).unwrap_or_else(|| {
                    several.push(class);
                    several.len() - 1
                })
            })
        };
        self.classes.iter().map(numbered).collect()
    }
}

impl Tiles {
    pub(super) fn svg(&self, label: &str) -> String {
        let deepest = self.columns.iter().map(|c| c.classes.len().min(MOST_UNITS)).max();
        let rows = deepest.unwrap_or(0).div_ceil(ACROSS).max(1) as f64;
        let block = AROUND + TILE * rows;
        let groups = || self.columns.chunk_by(|a, b| a.group == b.group);
        let heading = |group: &[Column]| if group[0].group.is_empty() { 0.0 } else { HEADING };
        let height =
            |group: &[Column]| heading(group) + block * group.len().div_ceil(ACROSS_LAYERS) as f64;
        let all = groups().map(height).sum::<f64>().max(block);
        let mut svg = Svg::new(BLOCK * ACROSS_LAYERS as f64, all);
        let mut top = 0.0;
        for group in groups() {
            if !group[0].group.is_empty() {
                let title = shortened(&group[0].group, MOST_SIGNS);
                svg.text("label", [8.0, top + 19.0], Anchor::Start, &title);
            }
            for (index, column) in group.iter().enumerate() {
                let left = BLOCK * (index % ACROSS_LAYERS) as f64 + 8.0;
                let above = top + heading(group) + block * (index / ACROSS_LAYERS) as f64;
                column.draw(&mut svg, [left, above + 46.0]);
            }
            top += height(group);
        }
        svg.finish(label)
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        let twins = self.columns.iter().any(|c| c.effective_width() < c.classes.len());
        let key = |class: &str, name: &str| Key { class: class.to_owned(), name: name.to_owned() };
        let mut keys = vec![key("line swatch t2", "gray: a unit of its own")];
        if twins {
            keys.push(key("line swatch s0", "one color: equal for ever, so they count as one"));
        }
        keys
    }

    pub(super) fn table(&self) -> Table {
        let head = ["layer", "units", "can ever differ", "units of a class"].map(str::to_owned);
        let row = |column: &Column| {
            let largest = column
                .classes
                .iter()
                .map(|class| column.classes.iter().filter(|other| *other == class).count());
            let name = match column.group.as_str() {
                "" => column.name.clone(),
                group => format!("{group}, {}", column.name),
            };
            vec![
                name,
                column.classes.len().to_string(),
                column.effective_width().to_string(),
                format!("up to {}", largest.max().unwrap_or(0)),
            ]
        };
        Table { head: head.to_vec(), rows: self.columns.iter().map(row).collect() }
    }
}
