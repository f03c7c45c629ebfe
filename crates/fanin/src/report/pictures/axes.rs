//! A frame with two axes, their ticks and labels, and marks that reach across.

use serde::{Deserialize, Serialize};

use super::scale::{Scale, Tick};
use super::svg::{Anchor, Svg, shortened};

/// What one axis shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// What its numbers are.
    pub label: String,
    /// Whether equal distances are equal factors.
    pub log: bool,
    /// Whether its numbers count something, so that none lies between two whole ones.
    pub whole: bool,
    /// Where it begins, whatever lies below: that is drawn at the edge.
    #[serde(default)]
    pub least: Option<f64>,
}

/// A line across a picture at one number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The number.
    pub at: f64,
    /// What it is.
    pub label: String,
}

impl Axis {
    /// An axis of numbers.
    pub fn linear(label: &str) -> Self {
        Self { label: label.to_owned(), ..Self::default() }
    }

    /// An axis of factors.
    pub fn log(label: &str) -> Self {
        Self { log: true, ..Self::linear(label) }
    }

    /// An axis of counts.
    pub fn whole(label: &str) -> Self {
        Self { whole: true, ..Self::linear(label) }
    }

    /// The same from `least` on, where any value lies below, which the label then says.
    #[must_use]
    pub fn at_least(self, least: f64, values: impl IntoIterator<Item = f64>) -> Self {
        if !values.into_iter().any(|value| value < least) {
            return self;
        }
        let bound = least.to_string().replace('-', "−");
        let label = format!("{}, below {bound} at the edge", self.label);
        Self { label, least: Some(least), ..self }
    }

    pub(super) fn ticks(&self, scale: &Scale, most: usize) -> Vec<Tick> {
        if self.whole && !self.log { scale.whole_ticks(most) } else { scale.ticks(most) }
    }
}

impl Mark {
    /// A mark at a number.
    pub fn new(at: f64, label: &str) -> Self {
        Self { at, label: label.to_owned() }
    }
}

/// The area that data are drawn in.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

/// Width of every drawing: on a telephone letters of 18 units are 12 pixels high.
pub const WIDTH: f64 = 480.0;

/// Room beside the area: wide enough for the largest letters that a narrow page uses, above it for a
/// label and half a tick's number below that. The page's program knows these numbers too.
pub const LEFT: f64 = 62.0;
pub const RIGHT: f64 = 18.0;
pub const TOP: f64 = 44.0;
pub const BOTTOM: f64 = 54.0;

/// Signs of a line of the largest letters across a drawing.
pub const MOST_SIGNS: usize = 46;

impl Area {
    /// The area of a picture of this height.
    pub fn within(height: f64) -> Self {
        Self { left: LEFT, right: WIDTH - RIGHT, top: TOP, bottom: height - BOTTOM }
    }

    /// Draws the frame: grid, ticks and the labels of both axes.
    pub fn frame(&self, svg: &mut Svg, x: (&Axis, &Scale), y: (&Axis, &Scale)) {
        let Self { left, right, top, bottom } = *self;
        for tick in y.0.ticks(y.1, 5) {
            if let Some(place) = y.1.place(tick.value) {
                svg.line("grid", [left, place], [right, place]);
                svg.text("tick", [left - 8.0, place + 4.0], Anchor::End, &tick.label);
            }
        }
        for tick in x.0.ticks(x.1, 6) {
            if let Some(place) = x.1.place(tick.value) {
                svg.line("grid faint", [place, top], [place, bottom]);
                svg.text("tick", [place, bottom + 20.0], Anchor::Middle, &tick.label);
            }
        }
        svg.line("axis", [left, bottom], [right, bottom]);
        svg.text("label", [6.0, top - 26.0], Anchor::Start, &shortened(&y.0.label, MOST_SIGNS));
        svg.text("label", [right, bottom + 42.0], Anchor::End, &shortened(&x.0.label, MOST_SIGNS));
    }
}
