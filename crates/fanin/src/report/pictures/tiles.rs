//! Units of layers as tiles: those that can never differ have one color.

use serde::{Deserialize, Serialize};

use super::svg::{Anchor, COLORS, Svg, shortened};
use super::{Key, Table};

/// Tiles of a column that are drawn; a wider layer shows its first ones.
const MOST_UNITS: usize = 64;
/// Tiles beside each other in the block of one layer.
const ACROSS: usize = 8;
const TILE: f64 = 11.0;
const BLOCK: f64 = 128.0;
/// Layers beside each other.
const ACROSS_LAYERS: usize = 5;

/// Units of layers as tiles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tiles {
    /// Layers in the order of the data.
    pub columns: Vec<Column>,
}

/// The units of one layer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The layer.
    pub name: String,
    /// The class of each unit; equal numbers can never differ.
    pub classes: Vec<usize>,
}

impl Column {
    /// Units that can ever differ.
    pub fn effective_width(&self) -> usize {
        let mut classes = self.classes.clone();
        classes.sort_unstable();
        classes.dedup();
        classes.len()
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
        let across = self.columns.len().clamp(1, ACROSS_LAYERS);
        let down = self.columns.len().div_ceil(across).max(1);
        let deepest = self.columns.iter().map(|c| c.classes.len().min(MOST_UNITS)).max();
        let rows = deepest.unwrap_or(0).div_ceil(ACROSS).max(1) as f64;
        let height = 66.0 + TILE * rows;
        let mut svg = Svg::new(BLOCK * ACROSS_LAYERS as f64, height * down as f64);
        for (index, column) in self.columns.iter().enumerate() {
            let left = BLOCK * (index % across) as f64 + 8.0;
            let top = height * (index / across) as f64 + 46.0;
            let (width, effective) = (column.classes.len(), column.effective_width());
            svg.text("label", [left, top - 27.0], Anchor::Start, &shortened(&column.name, 12));
            svg.text("tick", [left, top - 8.0], Anchor::Start, &format!("{effective} of {width}"));
            svg.open(&format!(r#"class="units" data-units="{width}" data-differ="{effective}""#));
            for (unit, group) in column.groups().into_iter().take(MOST_UNITS).enumerate() {
                let at =
                    [left + TILE * (unit % ACROSS) as f64, top + TILE * (unit / ACROSS) as f64];
                let class = match group {
                    Some(group) => format!("tile twin f{}", group % COLORS),
                    None => format!("tile own t{}", unit * 7 % 5),
                };
                svg.square(&class, at, TILE - 1.5);
            }
            svg.close();
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
            vec![
                column.name.clone(),
                column.classes.len().to_string(),
                column.effective_width().to_string(),
                format!("up to {}", largest.max().unwrap_or(0)),
            ]
        };
        Table { head: head.to_vec(), rows: self.columns.iter().map(row).collect() }
    }
}
