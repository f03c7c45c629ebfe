//! A map of a line onto itself, and the path that iterating it takes.

use serde::{Deserialize, Serialize};

use super::axes::{Area, Axis, WIDTH};
use super::scale::Scale;
use super::svg::{Anchor, Svg, shortened};
use super::{Table, cell};

const HEIGHT: f64 = 400.0;

/// A map with the path that iterating it takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cobweb {
    /// The axis of both numbers.
    pub x: Axis,
    /// The axis of what the map makes of them.
    pub y: Axis,
    /// Places of the curve with their values, ascending.
    pub curve: Vec<[f64; 2]>,
    /// The number before the first layer and after each.
    pub path: Vec<f64>,
    /// Where the path ends; may be empty.
    pub note: String,
}

impl Cobweb {
    pub(super) fn svg(&self, label: &str) -> String {
        let mut svg = Svg::new(WIDTH, HEIGHT);
        let area = Area::within(HEIGHT);
        let numbers = || {
            let curve = self.curve.iter().flatten().copied();
            curve.chain(self.path.iter().copied())
        };
        let x = Scale::of(numbers(), false, area.left, area.right);
        let y = Scale::of(numbers(), false, area.bottom, area.top);
        area.frame(&mut svg, (&self.x, &x), (&self.y, &y));
        let at = |[a, b]: [f64; 2]| Some([x.place(a)?, y.place(b)?]);
        let ends = self.curve.first().zip(self.curve.last());
        svg.path(
            "line thin diagonal",
            ends.iter().flat_map(|(a, b)| [a[0], b[0]]).map(|c| at([c, c])),
        );
        svg.path("line s0", self.curve.iter().map(|point| at(*point)));
        let web = self
            .path
            .windows(2)
            .flat_map(|step| [[step[0], step[0]], [step[0], step[1]], [step[1], step[1]]]);
        svg.path("line thin s1", web.map(at));
        if let Some(start) = self.path.first().and_then(|c| at([*c, *c])) {
            svg.disk("f1", start, 4.5);
        }
        svg.text(
            "note",
            [area.left + 10.0, area.top + 18.0],
            Anchor::Start,
            &shortened(&self.note, 42),
        );
        svg.finish(label)
    }

    pub(super) fn table(&self) -> Table {
        let row = |(layer, c): (usize, &f64)| vec![layer.to_string(), cell(*c)];
        Table {
            head: vec!["layer".to_owned(), self.x.label.clone()],
            rows: self.path.iter().enumerate().map(row).collect(),
        }
    }
}
