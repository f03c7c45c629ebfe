//! Where the pre-activations of each layer lie, over the activation and its slope.

use serde::{Deserialize, Serialize};

use super::axes::{Axis, WIDTH};
use super::scale::Scale;
use super::svg::{Anchor, Svg, shortened};
use super::{Key, Table};

const LEFT: f64 = 12.0;
const RIGHT: f64 = WIDTH - LEFT;
/// A line of the largest letters of a narrow page, and a density below it.
const ROW: f64 = 54.0;
const DENSITY: f64 = 30.0;
const CURVES: f64 = 96.0;

/// Densities over a common line, one strip each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Strips {
    /// What the line is.
    pub x: Axis,
    /// Its ends.
    pub from: f64,
    /// Its ends.
    pub to: f64,
    /// The activation's name.
    pub activation: String,
    /// φ at even places from one end to the other.
    pub curve: Vec<f64>,
    /// φ′ there.
    pub slope: Vec<f64>,
    /// Ranges in which the slope is nearly 0.
    pub flat: Vec<[f64; 2]>,
    /// Layers in the order of the data.
    pub strips: Vec<Strip>,
}

/// The density of one layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Strip {
    /// The layer.
    pub name: String,
    /// Shares of the numbers in even parts of the line; the rest lies beyond its ends.
    pub shares: Vec<f64>,
    /// Share below the line's beginning.
    pub below: f64,
    /// Share above its end.
    pub above: f64,
    /// What is measured and expected of the flat ranges, in words.
    pub note: String,
}

impl Strips {
    pub(super) fn svg(&self, label: &str) -> String {
        let bottom = CURVES + ROW * self.strips.len() as f64 + 14.0;
        let mut svg = Svg::new(WIDTH, bottom + 52.0);
        let x = Scale::of([self.from, self.to].into_iter(), false, LEFT, RIGHT);
        for &[from, to] in &self.flat {
            if let (Some(a), Some(b)) = (x.place(from.max(self.from)), x.place(to.min(self.to))) {
                svg.rectangle("zone", [a, 24.0], [b - a, bottom - 24.0]);
            }
        }
        for tick in x.ticks(6) {
            if let Some(place) = x.place(tick.value) {
                svg.line("grid faint", [place, 24.0], [place, bottom]);
                svg.text("tick", [place, bottom + 18.0], Anchor::Middle, &tick.label);
            }
        }
        svg.text("label", [RIGHT, bottom + 42.0], Anchor::End, &self.x.label);
        self.curves(&mut svg, &x);
        for (index, strip) in self.strips.iter().enumerate() {
            self.strip(&mut svg, strip, CURVES + ROW * (index + 1) as f64, &x);
        }
        svg.finish(label)
    }

    fn curves(&self, svg: &mut Svg, x: &Scale) {
        let values = self.curve.iter().chain(&self.slope).copied();
        let y = Scale::of(values, false, CURVES - 6.0, 30.0);
        for (values, class) in [(&self.curve, "line s7"), (&self.slope, "line s4 dashed")] {
            let last = values.len().saturating_sub(1).max(1) as f64;
            let at = |index: usize| self.from + (self.to - self.from) * index as f64 / last;
            let points = values.iter().enumerate();
            svg.path(class, points.map(|(i, &v)| Some([x.place(at(i))?, y.place(v)?])));
        }
        svg.text("label", [LEFT, 16.0], Anchor::Start, &shortened(&self.activation, 24));
        svg.text("tick", [RIGHT, 16.0], Anchor::End, "φ and its slope φ′");
    }

    fn strip(&self, svg: &mut Svg, strip: &Strip, base: f64, x: &Scale) {
        let highest = strip.shares.iter().copied().fold(0.0, f64::max);
        let part = (self.to - self.from) / strip.shares.len().max(1) as f64;
        let mut points = vec![[LEFT, base]];
        for (index, share) in strip.shares.iter().enumerate() {
            let middle = self.from + part * (index as f64 + 0.5);
            let height = if highest > 0.0 { DENSITY * share / highest } else { 0.0 };
            if let Some(place) = x.place(middle) {
                points.push([place, base - height]);
            }
        }
        points.push([RIGHT, base]);
        svg.area("density f0", points.iter().copied());
        svg.path("line thin s0", points.into_iter().map(Some));
        svg.line("axis", [LEFT, base], [RIGHT, base]);
        let above = base - DENSITY - 5.0;
        svg.text("label", [LEFT, above], Anchor::Start, &shortened(&strip.name, 11));
        let beyond = strip.below + strip.above;
        let mut notes = vec![shortened(&strip.note, 24)];
        if beyond >= 0.005 {
            notes.push(format!("{:.0} % beyond", 100.0 * beyond));
        }
        notes.retain(|note| !note.is_empty());
        svg.text("tick", [RIGHT, above], Anchor::End, &notes.join("; "));
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        let key = |class: &str, name: &str| Key { class: class.to_owned(), name: name.to_owned() };
        let mut keys = vec![
            key("line s0", "where pre-activations lie"),
            key("line s7", "φ"),
            key("line s4 dashed", "its slope φ′"),
        ];
        if !self.flat.is_empty() {
            keys.push(key("line swatch zone-key", "flat: hardly any gradient passes"));
        }
        keys
    }

    pub(super) fn table(&self) -> Table {
        let head = ["layer", "flat, measured and expected", "below the line", "above the line"];
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let row =
            |s: &Strip| vec![s.name.clone(), s.note.clone(), percent(s.below), percent(s.above)];
        Table {
            head: head.map(str::to_owned).to_vec(),
            rows: self.strips.iter().map(row).collect(),
        }
    }
}
