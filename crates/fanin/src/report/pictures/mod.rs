//! Static pictures from plain data: one file for each kind, data in, SVG out.
//!
//! Colors are classes that a style sheet fills, so that the same drawing serves light, dark and
//! print; a picture alone ([`standalone`]) carries that sheet along.

mod svg;
mod scale;
mod axes;
mod names;
pub mod line_chart;
pub mod tiles;
pub mod strips;
pub mod scatter;
pub mod histogram;
pub mod gauge;
pub mod cobweb;
pub mod phase_plane;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use axes::{Axis, Mark};
pub use cobweb::Cobweb;
pub use gauge::Gauge;
pub use histogram::Histogram;
pub use line_chart::{LineChart, Series, Style};
pub use phase_plane::PhasePlane;
pub use scatter::Scatter;
pub use strips::{Strip, Strips};
pub use svg::{COLORS, escape, is_turn, shortened};
pub use tiles::{Column, Tiles};

use super::document::Table;
use svg::{Anchor, Svg};

/// What the classes of pictures look like; colors by the names in [`LIGHT`] and [`DARK`].
pub const SHEET: &str = include_str!("pictures.css");

/// Colors on light ground: of text, and of series those of Okabe and Ito, which color-blind people
/// tell apart, darker where they would be too pale.
pub const LIGHT: &str = "--paper:#ffffff;--ink:#1b1f24;--soft:#56606b;--quiet:#98a2ac;\
    --grid:#dde2e8;--track:#e3e7ec;--zone:#d55e0026;--good:#009e7355;--ordered:#0072b214;--c0:#0072b2;\
    --c1:#d55e00;--c2:#007a5a;--c3:#b0558c;--c4:#a87400;--c5:#3c96cc;--c6:#5b6670;--c7:#6a51a3";

/// The same on dark ground.
pub const DARK: &str = "--paper:#161b21;--ink:#e8ecf0;--soft:#a6b0bb;--quiet:#5f6b77;\
    --grid:#323b45;--track:#2c353e;--zone:#ff8a3d2e;--good:#2cc79a55;--ordered:#58a9ea1c;--c0:#58a9ea;\
    --c1:#ff8a3d;--c2:#2cc79a;--c3:#e79bc6;--c4:#f0b73d;--c5:#9ad3f7;--c6:#b6c0ca;--c7:#b59df0";

/// A picture as plain data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "picture", rename_all = "kebab-case")]
pub enum Picture {
    /// Lines with bands over one axis.
    LineChart(LineChart),
    /// Units of layers as tiles, colored by class.
    Tiles(Tiles),
    /// Densities, one strip a layer, over an activation.
    Strips(Strips),
    /// Points in the plane.
    Scatter(Scatter),
    /// Shares of numbers by size.
    Histogram(Histogram),
    /// One number on a scale.
    Gauge(Gauge),
    /// A map of a line onto itself with the path that iterating it takes.
    Cobweb(Cobweb),
    /// Variances of weights and biases with the critical line.
    PhasePlane(PhasePlane),
}

/// What a color or a form of a picture stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Classes of the sample that is shown.
    pub class: String,
    /// What it stands for.
    pub name: String,
}

impl Key {
    /// The classes of the ring that is its sample; none where a line is.
    pub fn ring(&self) -> Option<String> {
        self.class.split_once(" ring ").map(|(_, color)| format!("ring {color}"))
    }
}

impl Picture {
    /// The drawing, named `label` for readers of the screen; colors need [`SHEET`].
    pub fn svg(&self, label: &str) -> String {
        match self {
            Self::LineChart(chart) => chart.svg(label),
            Self::Tiles(tiles) => tiles.svg(label),
            Self::Strips(strips) => strips.svg(label),
            Self::Scatter(scatter) => scatter.svg(label),
            Self::Histogram(histogram) => histogram.svg(label),
            Self::Gauge(gauge) => gauge.svg(label),
            Self::Cobweb(cobweb) => cobweb.svg(label),
            Self::PhasePlane(plane) => plane.svg(label),
        }
    }

    /// What colors and forms stand for, where the drawing does not say it.
    pub fn keys(&self) -> Vec<Key> {
        match self {
            Self::LineChart(chart) => chart.keys(),
            Self::Tiles(tiles) => tiles.keys(),
            Self::Strips(strips) => strips.keys(),
            Self::Scatter(scatter) => scatter.keys(),
            Self::Histogram(histogram) => histogram.keys(),
            Self::Gauge(_) | Self::Cobweb(_) => Vec::new(),
            Self::PhasePlane(plane) => plane.keys(),
        }
    }

    /// The numbers of the picture, for those who cannot or do not want to see it.
    pub fn table(&self) -> Table {
        match self {
            Self::LineChart(chart) => chart.table(),
            Self::Tiles(tiles) => tiles.table(),
            Self::Strips(strips) => strips.table(),
            Self::Scatter(scatter) => scatter.table(),
            Self::Histogram(histogram) => histogram.table(),
            Self::Gauge(gauge) => gauge.table(),
            Self::Cobweb(cobweb) => cobweb.table(),
            Self::PhasePlane(plane) => plane.table(),
        }
    }
}

/// A picture as a file of its own, with its title, its keys and light colors, as for a paper.
pub fn standalone(picture: &Picture, title: &str) -> String {
    const LINE: f64 = 24.0;
    const SIGN: f64 = 7.6;
    const MOST_SIGNS: usize = 54;
    let drawing = picture.svg(title);
    let (width, height) = size(&drawing);
    let (mut keys, mut x, mut row) = (Svg::new(width, height), 12.0, 0.0);
    for key in picture.keys() {
        let name = shortened(&key.name, MOST_SIGNS);
        let needed = 44.0 + SIGN * name.chars().count() as f64;
        if x > 12.0 && x + needed > width {
            (x, row) = (12.0, row + 1.0);
        }
        let y = height + 48.0 + LINE * row;
        match key.ring() {
            Some(ring) => keys.disk(&ring, [x + 11.0, y - 4.0], 4.5),
            None => keys.line(&key.class, [x, y - 4.0], [x + 22.0, y - 4.0]),
        }
        keys.text("label", [x + 28.0, y], Anchor::Start, &name);
        x += needed;
    }
    let all = height + 62.0 + LINE * row;
    let inner = drawing.replacen(
        "<svg ",
        &format!("<svg y=\"28\" width=\"{width}\" height=\"{height}\" "),
        1,
    );
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {all}\" width=\"{width}\" \
         height=\"{all}\"><style>{}</style><rect class=\"paper\" width=\"100%\" height=\"100%\"/>\
         <text class=\"title\" x=\"12\" y=\"22\">{}</text>{inner}{}</svg>\n",
        colored(SHEET),
        escape(&shortened(title, MOST_SIGNS)),
        keys.body(),
    )
}

/// A style sheet with light colors in place of the names of colors, which few programs but
/// browsers know.
fn colored(sheet: &str) -> String {
    let named = LIGHT.split(';').filter_map(|line| line.split_once(':'));
    named.fold(sheet.to_owned(), |sheet, (name, color)| {
        sheet.replace(&format!("var({name})"), color)
    })
}

/// Width and height that a drawing says of itself.
fn size(drawing: &str) -> (f64, f64) {
    let numbers = drawing.split("viewBox=\"0 0 ").nth(1).and_then(|rest| rest.split('"').next());
    let mut numbers = numbers.unwrap_or("").split(' ').filter_map(|n| n.parse().ok());
    (numbers.next().unwrap_or(axes::WIDTH), numbers.next().unwrap_or(320.0))
}

/// A number with six significant digits, which no picture shows more of; none if it is none.
///
/// ```
/// assert_eq!(fanin::report::pictures::digits(0.123_456_789), Some(0.123457));
/// assert_eq!(fanin::report::pictures::digits(f64::NAN), None);
/// ```
pub fn digits(x: f64) -> Option<f64> {
    if !x.is_finite() {
        return None;
    }
    format!("{x:.5e}").parse().ok()
}

/// A number as a table shows it.
fn cell(x: f64) -> String {
    match x.abs() {
        _ if !x.is_finite() => "–".to_owned(),
        0.0 => "0".to_owned(),
        size if (1e-3..1e5).contains(&size) => {
            format!("{x:.4}").trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{x:.2e}"),
    }
}
