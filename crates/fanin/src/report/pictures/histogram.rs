//! Shares of numbers by their size, with what theory expects of them.

use serde::{Deserialize, Serialize};

use super::axes::{Area, Axis, Mark, WIDTH};
use super::scale::Scale;
use super::svg::{Anchor, Svg, shortened};
use super::{Key, Table, cell};

const HEIGHT: f64 = 300.0;

/// Shares of numbers by their size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// The axis of the numbers.
    pub x: Axis,
    /// Ends of the bins, one more than bins, ascending.
    pub edges: Vec<f64>,
    /// The share in each bin.
    pub shares: Vec<f64>,
    /// The share that theory expects in each bin; empty without theory.
    pub expected: Vec<f64>,
    /// Numbers that are marked.
    pub marks: Vec<Mark>,
}

impl Histogram {
    pub(super) fn svg(&self, label: &str) -> String {
        let mut svg = Svg::new(WIDTH, HEIGHT);
        let area = Area::within(HEIGHT);
        let numbers = self.edges.iter().copied().chain(self.marks.iter().map(|mark| mark.at));
        let x = Scale::of(numbers, self.x.log, area.left, area.right).padded(0.02);
        let shares = self.shares.iter().chain(&self.expected).copied().chain([0.0]);
        let y = Scale::of(shares, false, area.bottom, area.top);
        let share = Axis::linear("share of all");
        area.frame(&mut svg, (&self.x, &x), (&share, &y));
        for (edges, share) in self.edges.windows(2).zip(&self.shares) {
            if let (Some(a), Some(b), Some(top)) =
                (x.place(edges[0]), x.place(edges[1]), y.place(*share))
            {
                svg.rectangle("bar f0", [a + 0.5, top], [b - a - 1.0, area.bottom - top]);
            }
        }
        let middles = self.edges.windows(2).map(|edges| {
            let (a, b) = (x.place(edges[0])?, x.place(edges[1])?);
            Some(f64::midpoint(a, b))
        });
        let expected = middles.zip(&self.expected).map(|(at, share)| Some([at?, y.place(*share)?]));
        svg.path("line s1 dashed", expected);
        for (index, mark) in self.marks.iter().enumerate() {
            if let Some(place) = x.place(mark.at) {
                svg.line("mark", [place, area.top], [place, area.bottom]);
                let late = place > f64::midpoint(area.left, area.right);
                let (at, anchor) =
                    if late { (place - 6.0, Anchor::End) } else { (place + 6.0, Anchor::Start) };
                let height = area.top + 14.0 + 20.0 * (index % 3) as f64;
                svg.text("note", [at, height], anchor, &shortened(&mark.label, 30));
            }
        }
        svg.finish(label)
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        let key = |class: &str, name: &str| Key { class: class.to_owned(), name: name.to_owned() };
        let mut keys = vec![key("line swatch s0", "measured")];
        if !self.expected.is_empty() {
            keys.push(key("line s1 dashed", "theory"));
        }
        keys
    }

    pub(super) fn table(&self) -> Table {
        let head = ["from", "to", "share", "expected"].map(str::to_owned).to_vec();
        let row = |(index, share): (usize, &f64)| {
            let edge = |i: usize| self.edges.get(i).map_or_else(String::new, |e| cell(*e));
            let expected = self.expected.get(index).map_or_else(|| "–".to_owned(), |e| cell(*e));
            vec![edge(index), edge(index + 1), cell(*share), expected]
        };
        Table { head, rows: self.shares.iter().enumerate().map(row).collect() }
    }
}
