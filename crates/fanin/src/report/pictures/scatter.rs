//! Points in the plane, colored by class.

use serde::{Deserialize, Serialize};

use super::axes::{Area, Axis, WIDTH};
use super::scale::Scale;
use super::svg::{COLORS, Svg};
use super::{Key, Table, cell};

const HEIGHT: f64 = 400.0;

/// Points in the plane.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scatter {
    /// The axis to the right.
    pub x: Axis,
    /// The axis upwards.
    pub y: Axis,
    /// Half the length of both axes around 0; 0 fits them to the points.
    pub reach: f64,
    /// Points as pairs.
    pub points: Vec<[f64; 2]>,
    /// The class of each point; empty if they have none.
    pub classes: Vec<usize>,
    /// Names of the classes.
    pub names: Vec<String>,
}

impl Scatter {
    pub(super) fn svg(&self, label: &str) -> String {
        let mut svg = Svg::new(WIDTH, HEIGHT);
        let area = Area::within(HEIGHT);
        let ends = [-self.reach, self.reach].into_iter().filter(|_| self.reach > 0.0);
        let of = |axis: usize| {
            let points = self.points.iter().map(move |point| point[axis]);
            points.filter(|_| self.reach <= 0.0).chain(ends.clone())
        };
        let x = Scale::of(of(0), self.x.log, area.left, area.right).padded(0.04);
        let y = Scale::of(of(1), self.y.log, area.bottom, area.top).padded(0.04);
        area.frame(&mut svg, (&self.x, &x), (&self.y, &y));
        for (index, point) in self.points.iter().enumerate() {
            let class = self.classes.get(index).copied().unwrap_or(0);
            if let (Some(x), Some(y)) = (x.place(point[0]), y.place(point[1])) {
                let at = [x.clamp(area.left, area.right), y.clamp(area.top, area.bottom)];
                let color = class % COLORS;
                let is_ring = class / COLORS % 2 == 1;
                let form =
                    if is_ring { format!("ring s{color}") } else { format!("point f{color}") };
                svg.disk(&form, at, 4.0);
            }
        }
        svg.finish(label)
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        let key = |(class, name): (usize, &String)| {
            let form = if class / COLORS % 2 == 1 { "line dot ring" } else { "line dot" };
            Key { class: format!("{form} s{}", class % COLORS), name: name.clone() }
        };
        self.names.iter().enumerate().map(key).collect()
    }

    pub(super) fn table(&self) -> Table {
        let head = vec!["class".to_owned(), self.x.label.clone(), self.y.label.clone()];
        let row = |(index, point): (usize, &[f64; 2])| {
            let name = self.classes.get(index).and_then(|class| self.names.get(*class));
            vec![name.cloned().unwrap_or_default(), cell(point[0]), cell(point[1])]
        };
        Table { head, rows: self.points.iter().enumerate().map(row).collect() }
    }
}
