//! The largest or smallest over the axes along which a smaller shape would have to stretch.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire};
use crate::run::{Element, Io, Stored};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::broadcast::collapse;
use super::compare::Relation;
use super::fold::{fold_axes, infer_fold, samples_fold};
use super::max_pool::{correlation, largest_among};
use super::operator::run_stored;
use super::{Entry, Operator, Structure};

/// The largest or the smallest element of each group; NaN if one is NaN.
#[derive(Clone, Debug)]
pub struct ExtremeTo {
    shape: Shape,
    largest: bool,
}

pub const ENTRY: Entry = Entry {
    name: "extreme_to",
    about: "largest or smallest over the axes along which a smaller shape would stretch",
    samples: || {
        let both = [true, false].map(|largest| samples_fold(|shape| ExtremeTo { shape, largest }));
        both.into_iter().flatten().collect()
    },
};

impl ExtremeTo {
    fn compute<T: Element, E: Stored<T>>(&self, io: &mut Io<'_, T>) {
        let axes = collapse(io.input_shape(0), &self.shape);
        let (inputs, out) = io.parts::<E>();
        let x = inputs.get::<E>(0);
        if self.largest {
            fold_axes(x, &axes, out, E::LOWEST, E::larger, |most| most);
        } else {
            fold_axes(x, &axes, out, E::HIGHEST, E::smaller, |least| least);
        }
    }
}

impl Operator for ExtremeTo {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        infer_fold(ENTRY.name, inputs, &self.shape)
    }

    /// Elements that are equally extreme share the gradient equally.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let (x, extreme) = (backward.inputs[0], backward.outputs[0]);
        let graph = &mut *backward.graph;
        let tied = graph.compare(Relation::Equal, x, extreme)?;
        let count = graph.sum_to(tied, self.shape.clone())?;
        let count = graph.to_float(count)?;
        let share = graph.divide(d_out, count)?;
        let zero = graph.constant([], 0.0)?;
        Ok(vec![Some(graph.choose(tied, share, zero)?)])
    }

    run_stored!();

    fn structure(&self) -> Structure {
        if self.largest { Structure::Largest } else { Structure::Other }
    }

    /// As of a window over the axes that are left out; the smallest is minus the largest of −x.
    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let sign = if self.largest { 1.0 } else { -1.0 };
        let x = inputs.first()?.with_whole_axes().scaled(sign, 1.0);
        let axes = types.first()?.shape.axes();
        let lead = axes.len() - self.shape.rank();
        let is_left_out = |axis: usize| match axis.checked_sub(lead) {
            Some(own) => self.shape.axes()[own] != axes[axis],
            None => true,
        };
        let beside: Vec<bool> = (0..axes.len()).map(is_left_out).collect();
        let count: usize =
            axes.iter().zip(&beside).filter(|(_, out)| **out).map(|(size, _)| *size).product();
        if count == 0 {
            return None;
        }
        let [mean, variance] = largest_among(&x, &beside, count as f64);
        let product = |differs: &[bool]| {
            let differs = [vec![false; lead].as_slice(), differs].concat();
            mean * mean + variance * correlation(&x, &differs)
        };
        Some(vec![Spread::from_products(&self.shape, sign * mean, product)])
    }
}

impl Graph {
    /// The largest of `x` over the axes along which `shape` would have to stretch to fit it: NaN
    /// if one is NaN, −∞ (or the least integer) over no element.
    ///
    /// Elements that are equally large share the gradient equally.
    ///
    /// # Errors
    /// If `shape` does not stretch to the shape of `x`.
    pub fn largest_to(&mut self, x: Wire, shape: impl Into<Shape>) -> Result<Wire> {
        self.extreme_to(true, x, shape.into())
    }

    /// The smallest of `x` over the axes along which `shape` would have to stretch to fit it: NaN
    /// if one is NaN, ∞ (or the greatest integer) over no element.
    ///
    /// Elements that are equally small share the gradient equally.
    ///
    /// # Errors
    /// If `shape` does not stretch to the shape of `x`.
    pub fn smallest_to(&mut self, x: Wire, shape: impl Into<Shape>) -> Result<Wire> {
        self.extreme_to(false, x, shape.into())
    }

    fn extreme_to(&mut self, largest: bool, x: Wire, shape: Shape) -> Result<Wire> {
        if *self.shape(x) == shape {
            return Ok(x);
        }
        self.apply(ExtremeTo { shape, largest }, &[x])
    }

    /// Whether `x` holds integers.
    pub(crate) fn is_integer(&self, x: Wire) -> bool {
        self.type_of(x).kind == Kind::Integer
    }
}

#[cfg(test)]
mod tests {
    use crate::evaluate::{Array, compute};
    use crate::gradients;

    #[test]
    fn tied_extremes_share_the_gradient_as_in_torch() {
        let x = Array::float([2, 3], vec![1.0, 4.0, 4.0, 2.0, 2.0, 2.0]).unwrap();
        let got = compute(&[&x], 100, |g, w| {
            let largest = g.largest_to(w[0], [2, 1])?;
            gradients(g, largest, &[w[0]])
        });
        let third = 1.0 / 3.0;
        assert_eq!(got.unwrap()[0].floats().unwrap(), [0.0, 0.5, 0.5, third, third, third]);
    }

    #[test]
    fn nan_is_extreme_and_nothing_gives_the_other_end() {
        let x = Array::float([2, 2], vec![1.0, f64::NAN, 3.0, -1.0]).unwrap();
        let nothing = Array::integer([0, 2], vec![]).unwrap();
        let got = compute(&[&x, &nothing], 100, |g, w| {
            Ok(vec![g.largest_to(w[0], [2, 1])?, g.smallest_to(w[1], [2])?])
        });
        let got = got.unwrap();
        let largest = got[0].floats().unwrap();
        assert!(largest[0].is_nan() && largest[1] == 3.0);
        assert_eq!(got[1].integers().unwrap(), [i64::MAX; 2]);
    }
}
