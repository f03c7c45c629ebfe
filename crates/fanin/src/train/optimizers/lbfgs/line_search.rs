//! A step length along a direction that meets the strong Wolfe conditions
//! (Nocedal & Wright 2006, algorithms 3.5 and 3.6).

/// A point along the direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// Step length.
    pub t: f64,
    /// Loss there.
    pub loss: f64,
    /// Derivative of the loss by t there.
    pub slope: f64,
}

/// Share of the decrease that the slope at the start promises which must be met.
const DECREASE: f64 = 1e-4;

/// Share of the slope at the start below which it must fall; loose, as suits quasi-Newton methods.
const CURVATURE: f64 = 0.9;

/// Evaluations spent on one search, as in torch.optim.LBFGS.
const MOST_EVALUATIONS: usize = 25;

/// A point that is low and flat enough, else the lowest found, else the start itself.
///
/// The slope at `start` must be negative; `first` is the step length tried first; no two trials
/// are nearer than `smallest`. A loss that is not finite counts as too high.
pub(super) fn strong_wolfe(
    at: &mut dyn FnMut(f64) -> Point,
    start: Point,
    first: f64,
    smallest: f64,
) -> Point {
    let (mut last, mut t) = (start, first);
    for trial in 0..MOST_EVALUATIONS {
        let point = at(t);
        if too_high(&point, &start) || (trial > 0 && point.loss >= last.loss) {
            return zoom(at, start, last, point, smallest, MOST_EVALUATIONS - trial);
        }
        if flat_enough(&point, &start) {
            return point;
        }
        if point.slope >= 0.0 {
            return zoom(at, start, point, last, smallest, MOST_EVALUATIONS - trial);
        }
        let (nearest, farthest) = (2.0 * t - last.t, 10.0 * t);
        t = cubic_minimum(&last, &point).map_or(farthest, |t| t.clamp(nearest, farthest));
        last = point;
    }
    last
}

/// Narrows an interval that holds a good point: `low` is its lowest known end.
fn zoom(
    at: &mut dyn FnMut(f64) -> Point,
    start: Point,
    mut low: Point,
    mut high: Point,
    smallest: f64,
    evaluations: usize,
) -> Point {
    /// The share of the interval that a trial keeps from its ends.
    const MARGIN: f64 = 0.1;
    for _ in 0..evaluations {
        let width = high.t - low.t;
        if width.abs() <= smallest {
            break;
        }
        let ends = [low.t + MARGIN * width, high.t - MARGIN * width];
        let (nearest, farthest) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        let middle = low.t + 0.5 * width;
        let t = cubic_minimum(&low, &high).map_or(middle, |t| t.clamp(nearest, farthest));
        let point = at(t);
        if too_high(&point, &start) || point.loss >= low.loss {
            high = point;
            continue;
        }
        if flat_enough(&point, &start) {
            return point;
        }
        if point.slope * width >= 0.0 {
            high = low;
        }
        low = point;
    }
    low
}

/// Too little decrease, or no number at all.
fn too_high(point: &Point, start: &Point) -> bool {
    let ceiling = start.loss + DECREASE * point.t * start.slope;
    point.loss > ceiling || !point.loss.is_finite() || !point.slope.is_finite()
}

fn flat_enough(point: &Point, start: &Point) -> bool {
    point.slope.abs() <= -CURVATURE * start.slope
}

/// Where the cubic through two points with their slopes is lowest (Nocedal & Wright, eq. 3.59).
fn cubic_minimum(a: &Point, b: &Point) -> Option<f64> {
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.t - b.t);
    let d2 = (b.t - a.t).signum() * (d1 * d1 - a.slope * b.slope).sqrt();
    let t = b.t - (b.t - a.t) * (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2);
    t.is_finite().then_some(t)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(f: impl Fn(f64) -> (f64, f64), first: f64) -> (Point, usize) {
        let (loss, slope) = f(0.0);
        let mut count = 0;
        let mut at = |t| {
            count += 1;
            let (loss, slope) = f(t);
            Point { t, loss, slope }
        };
        let end = strong_wolfe(&mut at, Point { t: 0.0, loss, slope }, first, 1e-12);
        (end, count)
    }

    #[test]
    fn a_parabola_takes_three_evaluations_from_far_off() {
        let f = |t: f64| ((t - 1.0).powi(2), 2.0 * (t - 1.0));
        for first in [1e-3, 0.01, 1.0, 50.0, 1e3] {
            let (end, count) = search(f, first);
            assert!(end.loss < 1.0 && end.slope.abs() <= 1.8, "{first} {end:?}");
            assert!(count <= 4, "{first} took {count}");
        }
    }

    #[test]
    fn a_wall_of_nan_is_backed_away_from() {
        let f = |t: f64| match t < 0.1 {
            true => (-t, -1.0),
            false => (f64::NAN, f64::NAN),
        };
        let (end, _) = search(f, 1.0);
        assert!(end.t > 0.05 && end.t < 0.1, "{end:?}");
    }

    #[test]
    fn nothing_lower_gives_the_start_itself() {
        let (end, count) = search(|t| (t, -1.0), 1.0);
        assert_eq!(end.t, 0.0);
        assert!(count <= MOST_EVALUATIONS + 1);
    }
}
