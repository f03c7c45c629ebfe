//! The plane of `(σ_w, σ_b)` with the line on which gradients keep their size, and beside it what
//! a chosen point does over the depth.
//!
//! The averages E φ² and E φ′² over N(0, q) are all that theory needs of the activation: as a table
//! over ln q they let a page compute the course of any point by the maps of
//! `docs/theory/signal-propagation.md`.

use serde::{Deserialize, Serialize};

use super::axes::{Area, Axis, WIDTH};
use super::scale::Scale;
use super::svg::{Anchor, COLORS, Svg, shortened};
use super::{Key, Table, cell};

const HEIGHT: f64 = 400.0;

/// The plane of variances.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhasePlane {
    /// The activation.
    pub activation: String,
    /// Layers that the course of a point is followed through.
    pub depth: usize,
    /// The second moment of the first pre-activations.
    pub start: f64,
    /// The critical line as pairs of `σ_w` and `σ_b`, by rising `σ_b`.
    pub critical: Vec<[f64; 2]>,
    /// The largest `σ_w` shown.
    pub widest: f64,
    /// The largest `σ_b` shown.
    pub highest: f64,
    /// Points: the layers first, then schemes.
    pub points: Vec<Place>,
    /// ln q of the table's entries, even steps.
    pub log_moments: Vec<f64>,
    /// E φ² there.
    pub second: Vec<f64>,
    /// E φ′² there.
    pub slope_second: Vec<f64>,
}

/// A point of the plane.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// What it is.
    pub name: String,
    /// `σ_w` and `σ_b`.
    pub at: [f64; 2],
    /// Whether it was measured in a layer.
    pub measured: bool,
}

impl PhasePlane {
    pub(super) fn svg(&self, label: &str) -> String {
        let mut svg = Svg::new(WIDTH, HEIGHT);
        let area = Area::within(HEIGHT);
        let x = Scale::of([0.0, self.widest].into_iter(), false, area.left, area.right);
        let y = Scale::of([0.0, self.highest].into_iter(), false, area.bottom, area.top);
        let (w, b) = (
            Axis::linear("σ_w: deviation of the weights × √fan-in"),
            Axis::linear("σ_b: deviation of the biases"),
        );
        let line: Vec<[f64; 2]> = self
            .critical
            .iter()
            .filter_map(|at| Some([x.place(at[0])?, y.place(at[1])?]))
            .collect();
        if let (Some(first), Some(last)) = (line.first(), line.last()) {
            let edge = [
                [last[0], area.top.min(last[1])],
                [area.left, area.top],
                [area.left, area.bottom],
                *first,
            ];
            svg.area("ordered", line.iter().copied().chain(edge));
        }
        area.frame(&mut svg, (&w, &x), (&b, &y));
        svg.path("line s2", line.iter().copied().map(Some));
        if let Some([at, _]) = line.first() {
            if at - area.left > 160.0 {
                svg.text(
                    "note halo",
                    [area.left + 12.0, area.top + 20.0],
                    Anchor::Start,
                    "gradients vanish",
                );
            }
            let corner = [area.right - 8.0, area.top + 20.0];
            svg.text("note halo", corner, Anchor::End, "gradients explode");
        }
        for (index, place) in self.points.iter().enumerate().rev() {
            let (Some(px), Some(py)) = (x.place(place.at[0]), y.place(place.at[1])) else {
                continue;
            };
            let outside = px > area.right || py < area.top;
            let at = [px.clamp(area.left, area.right), py.clamp(area.top, area.bottom)];
            if place.measured {
                svg.disk(if outside { "point f0 beyond" } else { "point f0" }, at, 5.0);
            } else {
                svg.disk(&format!("scheme s{}", self.color(index)), at, 6.5);
            }
        }
        svg.finish(label)
    }

    fn color(&self, index: usize) -> usize {
        let layers = self.points.iter().filter(|place| place.measured).count();
        1 + index.saturating_sub(layers) % (COLORS - 1)
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        let mut keys = vec![Key {
            class: "line s2".to_owned(),
            name: "critical line: gradients keep their size".to_owned(),
        }];
        if self.points.iter().any(|place| place.measured) {
            keys.push(Key { class: "line dot s0".to_owned(), name: "your layers".to_owned() });
        }
        let schemes = self.points.iter().enumerate().filter(|(_, place)| !place.measured);
        keys.extend(schemes.map(|(index, place)| Key {
            class: format!("line dot ring s{}", self.color(index)),
            name: shortened(&place.name, 60),
        }));
        keys
    }

    pub(super) fn table(&self) -> Table {
        let row = |place: &Place| vec![place.name.clone(), cell(place.at[0]), cell(place.at[1])];
        Table {
            head: ["point", "σ_w", "σ_b"].map(str::to_owned).to_vec(),
            rows: self.points.iter().map(row).collect(),
        }
    }
}
