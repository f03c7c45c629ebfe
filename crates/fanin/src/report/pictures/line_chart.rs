//! Lines over one axis, each with a band that says how sure it is.

use serde::{Deserialize, Serialize};

use super::axes::{Area, Axis, Mark, WIDTH};
use super::scale::Scale;
use super::svg::{Anchor, COLORS, Svg, shortened};
use super::{Key, Table, cell, digits, names};

const HEIGHT: f64 = 340.0;

/// Bands that can be told apart where they overlap.
const MOST_BANDS: usize = 12;

/// Places that are marked with a point each; more make a line of their own.
const MOST_POINTS: usize = 40;

/// Lines over one axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LineChart {
    /// The common axis.
    pub x: Axis,
    /// The axis of the values.
    pub y: Axis,
    /// Places on the common axis, ascending.
    pub at: Vec<f64>,
    /// Lines, each with a value or none at every place.
    pub series: Vec<Series>,
    /// Lines across at values of y.
    pub marks: Vec<Mark>,
    /// Lines upright at places of the common axis.
    #[serde(default)]
    pub upright: Vec<Mark>,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// With a point at each place: what was measured.
    #[default]
    Points,
    /// Without points.
    Line,
    /// Broken: what theory expects.
    Dashed,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// Number of its color.
    pub color: usize,
    /// How it is drawn.
    pub style: Style,
    /// Its values, at the places of the chart.
    pub values: Vec<Option<f64>>,
    /// The lower end of its band; empty without one.
    pub low: Vec<Option<f64>>,
    /// The upper end of its band.
    pub high: Vec<Option<f64>>,
    /// Whether it stands back: gray, behind the others and without a band.
    #[serde(default)]
    pub quiet: bool,
}

impl Series {
    /// A line through values; numbers that are no numbers leave gaps.
    pub fn new(name: &str, color: usize, values: impl IntoIterator<Item = f64>) -> Self {
        let values = values.into_iter().map(digits).collect();
        Self { name: name.to_owned(), color, values, ..Self::default() }
    }

    /// The same, drawn in another way.
    #[must_use]
    pub fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }

    /// The same with a band.
    #[must_use]
    pub fn within(self, ends: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let (low, high) = ends.into_iter().map(|(low, high)| (digits(low), digits(high))).unzip();
        Self { low, high, ..self }
    }

    /// The same, standing back.
    #[must_use]
    pub fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// The classes that it is drawn with.
    pub(super) fn class(&self) -> String {
        if self.quiet {
            return "line quiet".to_owned();
        }
        let dash = match (self.style, self.color / COLORS) {
            (Style::Dashed, _) => " dashed",
            (_, 0) => "",
            (_, 1) => " dots",
            (_, 2) => " long",
            _ => " mixed",
        };
        format!("line s{}{dash}", self.color % COLORS)
    }
}

impl LineChart {
    pub(super) fn svg(&self, label: &str) -> String {
        let mut svg = Svg::new(WIDTH, HEIGHT);
        let area = Area::within(HEIGHT);
        let x = Scale::of(self.at.iter().copied(), self.x.log, area.left, area.right);
        let x = if self.at.len() < 3 { x.padded(0.08) } else { x.padded(0.015) };
        let y = Scale::of(self.shown(), self.y.log, area.bottom, area.top).padded(0.05);
        area.frame(&mut svg, (&self.x, &x), (&self.y, &y));
        if !self.has_values() {
            let middle =
                [f64::midpoint(area.left, area.right), f64::midpoint(area.top, area.bottom)];
            let text = if self.y.log { "no value above 0" } else { "no value" };
            svg.text("label", middle, Anchor::Middle, text);
        }
        for mark in &self.marks {
            if let Some(place) = y.place(mark.at).filter(|p| (area.top..=area.bottom).contains(p)) {
                svg.line("mark", [area.left, place], [area.right, place]);
                // Names of lines stand at their ends.
                let (at, anchor) = if self.series.iter().any(|series| series.quiet) {
                    (area.left + 6.0, Anchor::Start)
                } else {
                    (area.right - 4.0, Anchor::End)
                };
                let label = shortened(&mark.label, 40);
                svg.text("note halo", [at, place + 18.0], anchor, &label);
            }
        }
        for mark in &self.upright {
            if let Some(place) = x.place(mark.at).filter(|p| (area.left..=area.right).contains(p)) {
                svg.line("mark", [place, area.top], [place, area.bottom]);
                let late = place > area.left + 0.7 * (area.right - area.left);
                let (shift, anchor) = if late { (-6.0, Anchor::End) } else { (6.0, Anchor::Start) };
                let beside = [place + shift, area.top + 14.0];
                svg.text("note halo", beside, anchor, &shortened(&mark.label, 40));
            }
        }
        let inside = |value: f64| y.place(value).map(|p| p.clamp(area.top - 4.0, area.bottom));
        let (quiet, loud): (Vec<&Series>, Vec<&Series>) =
            self.series.iter().partition(|series| series.quiet);
        if loud.len() <= MOST_BANDS {
            loud.iter().for_each(|series| band(&mut svg, &self.at, series, &x, &inside));
        }
        for series in quiet.iter().chain(&loud) {
            let points = self.at.iter().zip(&series.values);
            let place =
                |(&at, value): (&f64, &Option<f64>)| Some([x.place(at)?, inside((*value)?)?]);
            svg.path(&series.class(), points.clone().map(place));
            let is_marked = series.style == Style::Points && !series.quiet;
            if is_marked && self.at.len() <= MOST_POINTS {
                let class = format!("f{}", series.color % COLORS);
                let alone = series.values.iter().flatten().count() == 1;
                let radius = if alone { 7.0 } else { 3.2 };
                points.filter_map(place).for_each(|at| svg.disk(&class, at, radius));
            }
        }
        if !quiet.is_empty() {
            names::draw(&mut svg, &loud, &area, inside);
        }
        svg.finish(label)
    }

    /// Whether any value can be drawn.
    pub fn has_values(&self) -> bool {
        let shown = |value: &f64| !self.y.log || *value > 0.0;
        self.series.iter().flat_map(|s| &s.values).flatten().any(shown)
    }

    /// Values that the picture must have room for.
    fn shown(&self) -> impl Iterator<Item = f64> {
        let bands = self.series.iter().filter(|series| !series.quiet).count() <= MOST_BANDS;
        let least = self.y.least.unwrap_or(f64::NEG_INFINITY);
        let of = move |s: &Series| {
            let ends = s.low.iter().chain(&s.high).filter(|_| bands && !s.quiet);
            let values = s.values.iter().chain(ends).flatten();
            values.map(|value| value.max(least)).collect::<Vec<f64>>()
        };
        self.series.iter().flat_map(of).chain(self.marks.iter().map(|mark| mark.at))
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        let key = |series: &Series| Key { class: series.class(), name: series.name.clone() };
        let has_values = |series: &&Series| series.values.iter().any(Option::is_some);
        let (quiet, loud): (Vec<&Series>, Vec<&Series>) =
            self.series.iter().filter(has_values).partition(|series| series.quiet);
        let others = quiet.first().map(|series| Key {
            class: series.class(),
            name: format!("{} others, by name in the table", quiet.len()),
        });
        loud.into_iter().map(key).chain(others).collect()
    }

    pub(super) fn table(&self) -> Table {
        let names = self.series.iter().map(|series| series.name.clone());
        let head = std::iter::once(self.x.label.clone()).chain(names).collect();
        let value = |s: &Series, i: usize| s.values.get(i).copied().flatten();
        let row = |(index, &at): (usize, &f64)| {
            let values = self.series.iter();
            let values =
                values.map(|s| value(s, index).map_or_else(|| "–".to_owned(), super::cell));
            std::iter::once(cell(at)).chain(values).collect()
        };
        Table { head, rows: self.at.iter().enumerate().map(row).collect() }
    }
}

fn band(
    svg: &mut Svg,
    at: &[f64],
    series: &Series,
    x: &Scale,
    inside: &impl Fn(f64) -> Option<f64>,
) {
    let ends = at.iter().zip(series.low.iter().zip(&series.high));
    let ends: Vec<(f64, f64, f64)> = ends
        .filter_map(|(&at, (low, high))| Some((x.place(at)?, inside((*low)?)?, inside((*high)?)?)))
        .collect();
    let there = ends.iter().map(|&(x, low, _)| [x, low]);
    let back = ends.iter().rev().map(|&(x, _, high)| [x, high]);
    svg.area(&format!("band f{}", series.color % COLORS), there.chain(back));
}
