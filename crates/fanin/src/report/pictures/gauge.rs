//! One number on a scale beside the number that it should be near.

use serde::{Deserialize, Serialize};

use super::axes::{Axis, Mark, WIDTH};
use super::scale::Scale;
use super::svg::{Anchor, Svg, shortened};
use super::{Table, cell};

const HEIGHT: f64 = 132.0;

/// One number on a scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gauge {
    /// The scale.
    pub x: Axis,
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// The range in which the number is as it should be.
    pub good: [f64; 2],
    /// The number that it should be near.
    pub expected: Mark,
    /// The number; none if it is no number.
    pub value: Option<f64>,
    /// What the number is.
    pub label: String,
}

impl Gauge {
    pub(super) fn svg(&self, label: &str) -> String {
        let mut svg = Svg::new(WIDTH, HEIGHT);
        let (left, right, middle) = (24.0, WIDTH - 24.0, 62.0);
        let x = Scale::of([self.from, self.to].into_iter(), self.x.log, left, right);
        svg.rectangle("track", [left, middle - 7.0], [right - left, 14.0]);
        let inside = |value: f64| x.place(value).map(|place| place.clamp(left, right));
        if let (Some(a), Some(b)) = (inside(self.good[0]), inside(self.good[1])) {
            svg.rectangle("good", [a, middle - 7.0], [b - a, 14.0]);
        }
        for tick in x.ticks(6) {
            if let Some(place) = x.place(tick.value) {
                svg.text("tick", [place, middle + 30.0], Anchor::Middle, &tick.label);
            }
        }
        let mark = |svg: &mut Svg, at: f64, class: &str, text: &str, y: f64| {
            let Some(place) = inside(at) else { return };
            let (from, to) = if y < middle { (y + 6.0, middle + 9.0) } else { (middle - 9.0, y) };
            svg.line(class, [place, from], [place, to]);
            let (anchor, shift) = match place {
                p if p > WIDTH / 2.0 => (Anchor::End, -6.0),
                _ => (Anchor::Start, 6.0),
            };
            svg.text("label", [place + shift, y + 10.0], anchor, &shortened(text, 26));
        };
        mark(&mut svg, self.expected.at, "mark", &self.expected.label, 108.0);
        match self.value {
            Some(value) => {
                mark(&mut svg, value, "line s1", &format!("{} {}", self.label, cell(value)), 18.0);
                if let Some(place) = inside(value) {
                    svg.disk("f1", [place, middle], 9.0);
                }
            }
            None => svg.text(
                "label",
                [left, 24.0],
                Anchor::Start,
                &format!("{}: not a number", self.label),
            ),
        }
        svg.finish(label)
    }

    pub(super) fn table(&self) -> Table {
        let value = self.value.map_or_else(|| "not a number".to_owned(), cell);
        Table {
            head: vec![self.label.clone(), self.expected.label.clone()],
            rows: vec![vec![value, cell(self.expected.at)]],
        }
    }
}
