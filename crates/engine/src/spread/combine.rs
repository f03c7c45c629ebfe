//! Sums, products and averages of spreads.

use std::sync::Arc;

use super::Spread;
use crate::tensor::Shape;

impl Spread {
    /// The same elements stretched to a shape, as in NumPy.
    pub(crate) fn stretched(&self, shape: &Shape) -> Self {
        if self.knows_places() && self.shape() == *shape {
            return self.clone();
        }
        if self.pairs.is_some() {
            return self.row_by_row(|own| own.stretched(shape));
        }
        let missing = shape.rank().saturating_sub(self.axes.len());
        let own = std::iter::repeat_n(Vec::new(), missing).chain(self.axes.iter().cloned());
        let (mut axes, mut sources) = (Vec::new(), Vec::new());
        let mut bit = 0;
        for (factors, &size) in own.zip(shape.axes()) {
            if factors.is_empty() && size != 1 {
                axes.push(vec![size]);
                sources.push(None);
            } else {
                sources.extend((bit..bit + factors.len()).map(Some));
                bit += factors.len();
                axes.push(factors);
            }
        }
        let source = |set: usize| {
            let bits = sources.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1);
            bits.filter_map(|(_, source)| *source).fold(0, |own, bit| own | 1 << bit)
        };
        let products = (0..1 << sources.len()).map(|set| self.products[source(set)]).collect();
        Self { axes, mean: self.mean, products, pairs: None }
    }

    /// Sums over the axes along which `shape` would have to stretch.
    pub(crate) fn summed_to(&self, shape: &Shape) -> Self {
        let kept = |axis: usize| {
            let own = (axis + shape.rank()).checked_sub(self.axes.len());
            own.is_some_and(|own| shape.axes()[own] != 1 || self.axes[axis].is_empty())
        };
        let mut sum = self.clone().at_large();
        for axis in (0..self.axes.len()).filter(|&axis| !kept(axis)) {
            let count: usize = self.axes[axis].iter().product();
            let factor = (count * count) as f64;
            sum = sum.averaged(axis).scaled(count as f64, factor);
        }
        let dropped = self.axes.len().saturating_sub(shape.rank());
        Self { axes: sum.axes.split_off(dropped), ..sum }
    }

    /// The mean over an axis, which is left with length 1.
    pub(crate) fn averaged(&self, axis: usize) -> Self {
        let mut own = self.clone().at_large();
        let first: usize = self.axes[..axis].iter().map(Vec::len).sum();
        for size in std::mem::take(&mut own.axes[axis]) {
            let size = size as f64;
            let product = |set: usize| {
                let (slow, fast) = (set & ((1 << first) - 1), set >> first);
                let at = |differs: usize| own.products[slow | (fast << 1 | differs) << first];
                (at(0) + (size - 1.0) * at(1)) / size
            };
            own.products = (0..own.products.len() / 2).map(product).collect();
        }
        own
    }

    /// Less the mean over some axes.
    pub(crate) fn centered(&self, axes: &[usize]) -> Self {
        self.with_mean(axes, 1.0, -1.0)
    }

    /// a·x + b·⟨x⟩, with the mean ⟨x⟩ over some axes: M becomes a²·M + (2ab + b²)·⟨M⟩.
    pub(crate) fn with_mean(&self, axes: &[usize], a: f64, b: f64) -> Self {
        if let Some(pairs) = &self.pairs {
            let shape = self.shape();
            let is_of_rows = |axis: &usize| self.bits(*axis) >> pairs.digit & 1 == 1;
            let over = |own: &Self| {
                let others = axes.iter().filter(|axis| !is_of_rows(axis));
                others.fold(own.clone(), |own, &axis| own.averaged(axis)).stretched(&shape)
            };
            return if axes.iter().any(is_of_rows) {
                self.with_mean_of_rows(over, a, b)
            } else {
                self.row_by_row(|own| own.with_mean(axes, a, b))
            };
        }
        let means = axes.iter().fold(self.clone(), |own, &axis| own.averaged(axis));
        let means = means.stretched(&self.shape());
        let (mut own, means) = Self::aligned(self, &means);
        let pairs = own.products.iter_mut().zip(&means.products);
        pairs.for_each(|(own, mean)| *own = a * a * *own + (2.0 * a + b) * b * mean);
        own.mean *= a + b;
        own
    }

    /// c·x for numbers c of this mean and this mean square.
    pub fn scaled(mut self, mean: f64, square: f64) -> Self {
        self.mean *= mean;
        self.products.iter_mut().for_each(|product| *product *= square);
        if let Some(own) = &mut self.pairs {
            own.means.iter_mut().for_each(|own| *own *= mean);
            own.products.iter_mut().for_each(|product| *product *= square);
            own.places = own.places.as_ref().map(|own| Arc::new(own.scaled(mean, square)));
        }
        self
    }

    /// x + c.
    pub(crate) fn shifted(mut self, by: f64) -> Self {
        let more = by * (2.0 * self.mean + by);
        self.products.iter_mut().for_each(|product| *product += more);
        self.mean += by;
        if let Some(own) = &mut self.pairs {
            let rows = own.rows;
            for (place, product) in own.products.iter_mut().enumerate() {
                *product += by * (own.means[place / rows % rows] + own.means[place % rows] + by);
            }
            own.means.iter_mut().for_each(|own| *own += by);
            own.places = own.places.as_ref().map(|own| Arc::new(own.shifted(by)));
        }
        self
    }

    /// The sum with elements that are independent of these but for their means; both of one shape.
    pub fn plus(&self, other: &Self) -> Self {
        if self.knows_places() && other.second() == 0.0 {
            return self.clone();
        }
        let (mut sum, other) = Self::aligned(self, other);
        let pair = |p: [f64; 2], x: [f64; 2], y: [f64; 2]| p[0] + p[1] + x[0] * y[1] + x[1] * y[0];
        if let Some(found) = sum.paired(&other, pair, |x, y| x + y) {
            return found;
        }
        let both = 2.0 * sum.mean * other.mean;
        let pairs = sum.products.iter_mut().zip(&other.products);
        pairs.for_each(|(own, other)| *own += other + both);
        sum.mean += other.mean;
        sum.at_large()
    }

    /// The product with elements that are independent of these; both of one shape.
    pub(crate) fn times(&self, other: &Self) -> Self {
        let (mut product, other) = Self::aligned(self, other);
        if let Some(found) = product.paired(&other, |p, _, _| p[0] * p[1], |x, y| x * y) {
            return found;
        }
        product.products.iter_mut().zip(&other.products).for_each(|(own, other)| *own *= other);
        product.mean *= other.mean;
        product.at_large()
    }

    /// Less a part of these elements that is not independent of what is left.
    pub(crate) fn less(&self, part: &Self) -> Self {
        let (mut own, part) = Self::aligned(self, part);
        if let Some(found) = own.paired(&part, |p, _, _| p[0] - p[1], |x, y| x - y) {
            return found;
        }
        own.products.iter_mut().zip(&part.products).for_each(|(own, part)| *own -= part);
        own.mean -= part.mean;
        own.at_large()
    }

    /// The mean of every group of (A, G, N), as (1, G, 1).
    pub(crate) fn group_means(&self) -> Self {
        self.row_by_row(|own| own.averaged(0).averaged(2))
    }

    /// Of (A, G, N) that are centered: over the deviation of the group, and what is known of its square
    /// in every group, as (1, G, 1), where rows are.
    pub(crate) fn over_deviation(&self, epsilon: f64) -> (Self, Option<Self>) {
        let in_groups = self.pairs.as_ref().filter(|own| self.bits(1) >> own.digit & 1 == 1);
        let Some(own) = in_groups else {
            let factor = 1.0 / (self.second() + epsilon);
            return (self.clone().scaled(factor.sqrt(), factor), None);
        };
        let squares: Vec<f64> = (0..own.rows).map(|row| own.of(0)[row * (own.rows + 1)]).collect();
        let factors: Vec<f64> = squares.iter().map(|own| (own + epsilon).sqrt().recip()).collect();
        let ones = self.group_means().mapped_rows(&squares);
        (self.times_rows(&factors), Some(ones))
    }

    /// With axes in another order: axis i is that of `order[i]`.
    pub(crate) fn transposed(&self, order: &[usize]) -> Self {
        let axes: Vec<Vec<usize>> = order.iter().map(|&axis| self.axes[axis].clone()).collect();
        let mut bits = Vec::new();
        for &axis in order {
            let own = self.bits(axis);
            bits.extend((0..usize::BITS as usize).filter(|bit| own >> bit & 1 == 1));
        }
        let source = |set: usize| {
            let chosen = bits.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1);
            chosen.fold(0, |own, (_, bit)| own | 1 << bit)
        };
        let products = (0..self.products.len()).map(|set| self.products[source(set)]).collect();
        Self { axes, mean: self.mean, products, pairs: None }
    }

    /// M(S) changed one by one.
    pub(crate) fn mapped(mut self, mean: f64, f: impl Fn(f64) -> f64) -> Self {
        self.products.iter_mut().for_each(|product| *product = f(*product));
        self.mean = mean;
        self.at_large()
    }

    /// So many places of every axis; axes that stay whole keep their factors.
    pub(crate) fn cut(&self, counts: &[usize]) -> Self {
        let mut cut = self.with_whole_axes_where(|axis, size| counts[axis] != size).at_large();
        for axis in (0..counts.len()).rev() {
            let first: usize = cut.axes[..axis].iter().map(Vec::len).sum();
            match cut.axes[axis][..] {
                [size] if size != counts[axis] && counts[axis] == 1 => {
                    cut.axes[axis].clear();
                    let same = |set: usize| {
                        let (slow, fast) = (set & ((1 << first) - 1), set >> first);
                        cut.products[slow | fast << (first + 1)]
                    };
                    cut.products = (0..cut.products.len() / 2).map(same).collect();
                }
                [size] if size != counts[axis] => cut.axes[axis] = vec![counts[axis]],
                _ => {}
            }
        }
        cut
    }

    /// Parts of this share each, mixed at random over all axes but `along`, which puts them side by
    /// side: places that differ along it may lie in different parts.
    pub(crate) fn side_by_side(parts: &[Self], along: usize) -> Self {
        let parts: Vec<Self> = parts.iter().map(Self::with_whole_axes).collect();
        let lengths: Vec<f64> =
            parts.iter().map(|part| part.shape().axes()[along] as f64).collect();
        let total: f64 = lengths.iter().sum();
        let mut axes = parts[0].shape().axes().to_vec();
        axes[along] = total as usize;
        let share = |part: usize| lengths[part] / total;
        let mean: f64 = parts.iter().enumerate().map(|(i, part)| share(i) * part.mean).sum();
        let product = |differs: &[bool]| -> f64 {
            let shapes = parts.iter().enumerate().map(|(i, part)| (i, part, lengths[i]));
            if !differs[along] {
                return shapes.map(|(i, part, _)| share(i) * part.at(differs)).sum();
            }
            let pairs = total * (total - 1.0);
            let within: f64 = shapes
                .clone()
                .map(|(_, part, n)| if n > 1.0 { n * (n - 1.0) * part.at(differs) } else { 0.0 })
                .sum();
            let means: f64 = shapes.clone().map(|(_, part, n)| n * part.mean).sum();
            let same: f64 = shapes.map(|(_, part, n)| (n * part.mean).powi(2)).sum();
            (within + means * means - same) / pairs
        };
        Self::from_products(&axes.into(), mean, product)
    }
}
