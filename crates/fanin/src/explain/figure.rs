//! A picture for every setting of a few sliders, as plain data.

use serde::Serialize;

use super::words::percent;

/// A picture that sliders change; every setting was computed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What is shown.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// What can be changed.
    pub sliders: Vec<Slider>,
    /// One frame for each setting of the sliders, the last slider's positions fastest.
    pub frames: Vec<Frame>,
}

/// Something that can be changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slider {
    /// The symbol or word.
    pub name: &'static str,
    /// What its positions are.
    pub kind: SliderKind,
    /// Its positions as they are shown.
    pub positions: Vec<String>,
    /// The position shown first.
    pub shown: usize,
}

/// What the positions of a slider are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SliderKind {
    /// Numbers in their order.
    Numbers,
    /// Words without an order.
    Words,
}

/// What is seen at one setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Frame {
    /// The picture.
    pub picture: Picture,
    /// Numbers beside it.
    pub readings: Vec<Reading>,
    /// How the training went.
    pub zone: Zone,
    /// The same in a sentence, with the reason.
    pub sentence: String,
}

/// A number with its name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// What it is.
    pub name: String,
    /// The number; none where there is none, as of a threshold that is never reached.
    pub value: Option<f64>,
    /// As it is shown.
    pub text: String,
}

/// How a training went, from worst to best and beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Zone {
    /// Nothing tells units apart.
    Stuck,
    /// It moves, but not far enough in the steps given.
    Slow,
    /// It learns.
    Learns,
    /// Signals saturate, or are larger than training can mend.
    TooLarge,
    /// Numbers left the range of floating point.
    Diverges,
}

impl Zone {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stuck => "stuck",
            Self::Slow => "too slow",
            Self::Learns => "learns",
            Self::TooLarge => "too large",
            Self::Diverges => "explodes",
        }
    }
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "picture", rename_all = "kebab-case")]
pub enum Picture {
    /// Lines over two axes.
    Chart(Chart),
    /// Units as tiles.
    Tiles(Tiles),
}

/// Lines over two axes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chart {
    /// To the right.
    pub x: Axis,
    /// Upward.
    pub y: Axis,
    /// The lines.
    pub lines: Vec<Line>,
    /// A line upright at one place of the axis to the right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}

/// A place of an axis with what is there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mark {
    /// The place.
    pub at: f64,
    /// What is there.
    pub label: String,
}

impl Mark {
    /// A mark at a place.
    pub fn new(at: f64, label: &str) -> Self {
        Self { at, label: label.to_owned() }
    }
}

/// One axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Axis {
    /// What it counts.
    pub label: String,
    /// How numbers lie on it.
    pub spacing: Spacing,
}

/// How numbers lie on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spacing {
    /// By their differences.
    Even,
    /// By their ratios.
    Powers,
}

/// Points that belong together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Places (x, y) in the order of x.
    pub points: Vec<[f64; 2]>,
    /// The least and the largest y over seeds at each point; empty where there is one seed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub band: Vec<[f64; 2]>,
    /// Whether it was computed from a formula and not measured.
    pub is_theory: bool,
    /// The point that the sliders chose, if it lies on this line.
    pub chosen: Option<[f64; 2]>,
}

/// The units of all layers, each with the class of those that are equal to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tiles {
    /// Names of the layers, in the order of the data.
    pub layers: Vec<String>,
    /// The units of each layer.
    pub units: Vec<Vec<Tile>>,
}

/// One unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tile {
    /// The class of units of its layer that are equal, from 0.
    pub class: usize,
    /// The root mean square of its weights.
    pub size: f64,
}

impl Axis {
    /// An axis on which equal differences are equally far.
    pub fn even(label: &str) -> Self {
        Self { label: label.to_owned(), spacing: Spacing::Even }
    }

    /// An axis on which equal ratios are equally far.
    pub fn powers(label: &str) -> Self {
        Self { label: label.to_owned(), spacing: Spacing::Powers }
    }
}

impl Line {
    /// Measured points.
    pub fn measured(name: impl Into<String>, points: Vec<[f64; 2]>) -> Self {
        Self { name: name.into(), points, band: Vec::new(), is_theory: false, chosen: None }
    }

    /// Points of a formula.
    pub fn theory(name: impl Into<String>, points: Vec<[f64; 2]>) -> Self {
        Self { is_theory: true, ..Self::measured(name, points) }
    }

    /// The same with the least and the largest y over seeds at each point.
    #[must_use]
    pub fn within(self, band: Vec<[f64; 2]>) -> Self {
        Self { band, ..self }
    }

    /// The same with one of its points chosen.
    #[must_use]
    pub fn choosing(self, chosen: Option<[f64; 2]>) -> Self {
        Self { chosen, ..self }
    }
}

impl Reading {
    /// A number as it is shown.
    pub fn new(name: &str, value: Option<f64>, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value, text: text.into() }
    }

    /// A share of rows answered rightly; none for NaN.
    pub fn accuracy(name: &str, share: f64) -> Self {
        Self::new(name, Some(share).filter(|share| !share.is_nan()), percent(share))
    }
}

impl Slider {
    /// A slider over numbers, shown at one of them.
    pub fn new(name: &'static str, positions: Vec<String>, shown: usize) -> Self {
        Self { name, kind: SliderKind::Numbers, positions, shown }
    }

    /// A choice of words, shown at one of them.
    pub fn words(name: &'static str, positions: Vec<String>, shown: usize) -> Self {
        Self { kind: SliderKind::Words, ..Self::new(name, positions, shown) }
    }
}

impl Figure {
    /// The position of the frame shown first.
    pub fn first(&self) -> usize {
        self.sliders.iter().fold(0, |at, slider| at * slider.positions.len() + slider.shown)
    }
}
