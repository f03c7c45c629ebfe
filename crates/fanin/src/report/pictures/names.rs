//! Names of lines at their ends, for charts with more lines than colors tell apart.

use super::axes::Area;
use super::line_chart::Series;
use super::svg::{Anchor, Svg, shortened};

/// Height of a name in the largest letters of a narrow page.
const NAME: f64 = 20.0;

/// Signs of a name that are shown.
const MOST_SIGNS: usize = 24;

/// Writes each line's name where the line ends, beside a piece of it; names are kept apart.
pub fn draw(svg: &mut Svg, lines: &[&Series], area: &Area, place: impl Fn(f64) -> Option<f64>) {
    let end = |line: &Series| place(line.values.iter().flatten().next_back().copied()?);
    let mut ends: Vec<(f64, &Series)> =
        lines.iter().filter_map(|line| Some((end(line)?, *line))).collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let wanted: Vec<f64> = ends.iter().map(|(end, _)| end - 8.0).collect();
    let places = apart(&wanted, NAME, area.top + NAME, area.bottom - 6.0);
    for ((_, line), y) in ends.into_iter().zip(places) {
        let (from, to) = ([area.right - 28.0, y - 5.0], [area.right - 2.0, y - 5.0]);
        let text = [area.right - 34.0, y];
        svg.text("note halo", text, Anchor::End, &shortened(&line.name, MOST_SIGNS));
        svg.line("back", from, to);
        svg.line(&line.class(), from, to);
    }
}

/// Ascending places, each at least `least` behind the one before it, as far as there is room.
fn apart(places: &[f64], least: f64, from: f64, to: f64) -> Vec<f64> {
    let mut moved = places.to_vec();
    let mut free = from;
    for place in &mut moved {
        *place = place.max(free);
        free = *place + least;
    }
    let mut free = to;
    for place in moved.iter_mut().rev() {
        *place = place.min(free);
        free = *place - least;
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_apart_and_inside() {
        assert_eq!(apart(&[10.0, 50.0], 20.0, 0.0, 100.0), [10.0, 50.0]);
        assert_eq!(apart(&[10.0, 12.0, 95.0, 99.0], 20.0, 0.0, 100.0), [10.0, 30.0, 80.0, 100.0]);
    }
}
