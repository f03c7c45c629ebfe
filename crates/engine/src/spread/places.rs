//! Places of pictures that are known one by one.
//!
//! Borders see padding and middles do not, and neighbors are more alike than places far apart. Where
//! rows are known and there are few enough places, mean products are therefore kept for every two places
//! of every two rows; what is said of rows is the mean of that. Units of a wide layer know nothing of each
//! other but for their means.
//!
//! Key: B rows a, b; positions p, q; a place is a row and a position, the N of them in this order.

use std::sync::Arc;

use super::Spread;
use super::expansion::{Expansion, Grid};
use super::pairs::Pairs;
use crate::evaluate::Array;

/// Places that are told apart at most: of each tensor their square is kept.
const MOST: usize = 640;

/// Mean products of every two places of one unit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Places {
    /// The axis of units; axis 0 is that of rows, and all others are those of positions.
    pub axis: usize,
    /// The mean of every place.
    pub means: Vec<f64>,
    /// The mean product of places i and j at i·N + j.
    pub products: Vec<f64>,
}

/// For a tap of a kernel, which position of the result sees which of the input.
pub(crate) type Tap = Vec<(usize, usize)>;

impl Places {
    fn count(&self) -> usize {
        self.means.len()
    }

    fn deviation(&self, place: usize) -> f64 {
        let second = self.products[place * (self.count() + 1)];
        (second - self.means[place].powi(2)).max(0.0).sqrt()
    }

    /// Of every place: what it reaches to a side of its mean, in deviations.
    pub fn ends(&self, deviations: f64) -> impl Iterator<Item = f64> {
        (0..self.count()).map(move |place| self.means[place] + deviations * self.deviation(place))
    }

    pub fn scaled(&self, mean: f64, square: f64) -> Self {
        Self {
            axis: self.axis,
            means: self.means.iter().map(|own| mean * own).collect(),
            products: self.products.iter().map(|own| square * own).collect(),
        }
    }

    pub fn shifted(&self, by: f64) -> Self {
        let moved = |(at, own): (usize, &f64)| {
            let (i, j) = (at / self.count(), at % self.count());
            own + by * (self.means[i] + self.means[j] + by)
        };
        Self {
            axis: self.axis,
            means: self.means.iter().map(|own| own + by).collect(),
            products: self.products.iter().enumerate().map(moved).collect(),
        }
    }
}

/// For every two positions of some axes, the set of factors along which they differ, and how many there
/// are of each set; bits count the axes behind that of rows that are longer than 1.
struct Sets {
    of: Vec<usize>,
    counts: Vec<f64>,
    /// The bit of units; none where there is one.
    unit: usize,
}

impl Sets {
    fn new(shape: &[usize], axis: usize) -> Self {
        let (mut bit, mut unit) = (0, 0);
        let mut digits = Vec::new();
        let mut step = shape.iter().skip(1).product::<usize>() / shape[axis];
        for (own, &size) in shape.iter().enumerate().skip(1) {
            if own != axis {
                step /= size;
                digits.push((size, step, if size > 1 { 1 << bit } else { 0 }));
            } else if size > 1 {
                unit = 1 << bit;
            }
            bit += usize::from(size > 1);
        }
        let positions: usize = digits.iter().map(|digit| digit.0).product();
        let set = |pair: usize| {
            let (p, q) = (pair / positions, pair % positions);
            let bits = digits.iter().map(
                |&(size, step, bit)| {
                    if p / step % size == q / step % size { 0 } else { bit }
                },
            );
            bits.sum()
        };
        let of: Vec<usize> = (0..positions * positions).map(set).collect();
        let mut counts = vec![0.0; 1 << bit];
        of.iter().for_each(|&set| counts[set] += 1.0);
        Self { of, counts, unit }
    }

    fn positions(&self) -> usize {
        self.of.len().isqrt()
    }
}

impl Spread {
    /// Whether places of pictures are known one by one.
    pub(super) fn knows_places(&self) -> bool {
        self.places().is_some()
    }

    /// The same without its places, which are most of what it takes.
    pub(super) fn forget_places(&mut self) {
        if let Some(own) = &mut self.pairs {
            own.places = None;
        }
    }

    pub(super) fn places(&self) -> Option<&Arc<Places>> {
        self.pairs.as_ref()?.places.as_ref()
    }

    /// With the places of these numbers (B, C, height, width), if they are few.
    pub(super) fn with_places_of(mut self, array: &Array) -> Self {
        let (&[rows, units, height, width], Some(data)) = (array.shape().axes(), array.floats())
        else {
            return self;
        };
        let (positions, by) = (height * width, 1.0 / units as f64);
        let count = rows * positions;
        let Some(pairs) = self.pairs.as_mut().filter(|_| count <= MOST && positions > 1) else {
            return self;
        };
        let mut places =
            Places { axis: 1, means: vec![0.0; count], products: vec![0.0; count * count] };
        for unit in 0..units {
            let own = |place: usize| {
                data[(place / positions * units + unit) * positions + place % positions]
            };
            for i in 0..count {
                places.means[i] += by * own(i);
                (0..count).for_each(|j| places.products[i * count + j] += by * own(i) * own(j));
            }
        }
        pairs.places = Some(Arc::new(places));
        self
    }

    /// Of this shape, with what it says of rows and of rows at large.
    fn of_places(shape: &[usize], places: Places) -> Self {
        let sets = Sets::new(shape, places.axis);
        let (rows, positions, count) = (shape[0], sets.positions(), places.count());
        let mut products = vec![0.0; sets.counts.len() * rows * rows];
        let mut means = vec![0.0; rows];
        for i in 0..count {
            let (a, p) = (i / positions, i % positions);
            means[a] += places.means[i] / positions as f64;
            for j in 0..count {
                let (b, q) = (j / positions, j % positions);
                let set = sets.of[p * positions + q];
                let at = |set: usize| (set * rows + a) * rows + b;
                let part = 1.0 / sets.counts[set];
                products[at(set)] += part * places.products[i * count + j];
                if sets.unit > 0 {
                    products[at(set | sets.unit)] += part * places.means[i] * places.means[j];
                }
            }
        }
        let places = Some(Arc::new(places));
        let axes = super::whole_axes(shape);
        Self::from_pairs(axes, Pairs { digit: 0, rows, means, products, places })
    }

    /// What is known of places, or what is said of rows told of their places; none of what is no tensor
    /// of rows and units.
    fn told_of_places(&self, axis: usize) -> Option<Arc<Places>> {
        if let Some(own) = self.places() {
            return (own.axis == axis).then(|| Arc::clone(own));
        }
        let (own, shape) = (self.with_whole_axes(), self.shape());
        let shape = shape.axes();
        if shape.len() <= axis || shape[0] < 2 {
            return None;
        }
        let pairs = own.told_of_rows(0, shape[0]);
        let sets = Sets::new(shape, axis);
        let (rows, positions) = (shape[0], sets.positions());
        let count = rows * positions;
        if pairs.digit != 0 || pairs.rows != rows || count > MOST {
            return None;
        }
        let product = |at: usize| {
            let (i, j) = (at / count, at % count);
            let set = sets.of[i % positions * positions + j % positions];
            pairs.of(set)[i / positions * rows + j / positions]
        };
        let means = (0..count).map(|i| pairs.means[i / positions]).collect();
        Some(Arc::new(Places { axis, means, products: (0..count * count).map(product).collect() }))
    }

    /// What two of one shape make of each other, place by place: products and means of both; none if
    /// neither knows its places.
    pub(super) fn placed(
        &self,
        other: &Self,
        product: &impl Fn([f64; 2], [f64; 2], [f64; 2]) -> f64,
        mean: &impl Fn(f64, f64) -> f64,
    ) -> Option<Self> {
        let axis = self.places().or(other.places())?.axis;
        let (x, y) = (self.told_of_places(axis)?, other.told_of_places(axis)?);
        let count = x.count();
        let of = |at: usize| {
            let (i, j) = (at / count, at % count);
            let means = [&x, &y].map(|own| [own.means[i], own.means[j]]);
            product([x.products[at], y.products[at]], means[0], means[1])
        };
        let products = (0..count * count).map(of).collect();
        let means = x.means.iter().zip(&y.means).map(|(x, y)| mean(*x, *y)).collect();
        Some(Self::of_places(self.shape().axes(), Places { axis, means, products }))
    }

    /// The spread of a function of these elements, as normal ones, that has these values on a grid;
    /// none if places are not known.
    pub(super) fn placed_through(
        &self,
        (grid, values): (&Grid, &[f64]),
        (center, deviation): (f64, f64),
    ) -> Option<Self> {
        let own = self.places()?;
        let count = own.count();
        let spans: Vec<f64> = (0..count).map(|place| own.deviation(place)).collect();
        let mut expansions: Vec<Expansion> = Vec::with_capacity(count);
        for (mean, span) in own.means.iter().zip(&spans) {
            let (from, by) = ((mean - center) / deviation, span / deviation);
            let seen = grid.seen_from(values, from, by);
            expansions.push(Expansion::beside_another(grid, &seen, expansions.last()));
        }
        let mut products = vec![0.0; count * count];
        for i in 0..count {
            for j in 0..=i {
                let common = own.products[i * count + j] - own.means[i] * own.means[j];
                let most = spans[i] * spans[j];
                let correlation = if most > 0.0 { (common / most).clamp(-1.0, 1.0) } else { 1.0 };
                let product = expansions[i].beside(&expansions[j], correlation);
                products[i * count + j] = product;
                products[j * count + i] = product;
            }
        }
        let means = expansions.iter().map(Expansion::mean).collect();
        Some(Self::of_places(self.shape().axes(), Places { axis: own.axis, means, products }))
    }

    /// Sums over taps, and over units that know nothing of each other, of these elements times weights of
    /// mean 0: of this shape, with E w² times the units that are summed over as `by`; none if places are
    /// not known.
    pub(crate) fn through_taps(&self, taps: &[Tap], shape: &[usize], by: f64) -> Option<Self> {
        let own = self.places().filter(|own| own.axis == 1)?;
        let rows = *shape.first()?;
        let (from, to) = (own.count() / rows, shape[2..].iter().product::<usize>());
        let (from_all, count) = (rows * from, rows * to);
        if count > MOST {
            return None;
        }
        let mut products = vec![0.0; count * count];
        for a in 0..rows {
            for b in 0..rows {
                for tap in taps {
                    for &(p, seen_p) in tap {
                        let seen =
                            &own.products[(a * from + seen_p) * from_all + b * from..][..from];
                        let result = &mut products[(a * to + p) * count + b * to..][..to];
                        tap.iter().for_each(|&(q, seen_q)| result[q] += by * seen[seen_q]);
                    }
                }
            }
        }
        let places = Places { axis: 1, means: vec![0.0; count], products };
        Some(Self::of_places(shape, places))
    }

    /// E of the square of the sum over places of these elements times those of a gradient, each tap with
    /// what it sees, as the mean over taps; none if places are not known.
    pub(crate) fn squared_over_places(&self, gradient: &Self, taps: &[Tap]) -> Option<f64> {
        let own = self.places().filter(|own| own.axis == 1)?;
        let gradient = gradient.told_of_places(1)?;
        let rows = *self.shape().axes().first()?;
        let (from, to) = (own.count() / rows, gradient.count() / rows);
        let mut sum = 0.0;
        for a in 0..rows {
            for b in 0..rows {
                for tap in taps {
                    for &(p, seen_p) in tap {
                        let x =
                            &own.products[(a * from + seen_p) * own.count() + b * from..][..from];
                        let d =
                            &gradient.products[(a * to + p) * gradient.count() + b * to..][..to];
                        sum += tap.iter().map(|&(q, seen_q)| x[seen_q] * d[q]).sum::<f64>();
                    }
                }
            }
        }
        Some(sum / taps.len() as f64)
    }
}
