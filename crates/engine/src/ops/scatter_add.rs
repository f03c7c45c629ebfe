//! Slices added into a tensor of zeros by index: the derivative of [`gather`](super::gather).

use std::sync::Arc;

use fanin_kernels::elementwise;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io, Stored};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::addressing::{Addressing, scatter};
use super::gather::Gather;
use super::operator::run_stored;
use super::scatter::{Reduction, Scatter};
use super::{Entry, Operator, Sample};

/// A tensor of the given shape to which every slice of the input is added at its index; an index
/// outside adds nothing.
#[derive(Clone, Debug)]
pub struct ScatterAdd {
    pub(super) addressing: Addressing,
    pub(super) shape: Shape,
}

pub const ENTRY: Entry = Entry {
    name: "scatter_add",
    about: "slices added into zeros by index",
    samples: || {
        use Addressing::{Along, Elements, Tuples};
        let sample = |addressing, shape: &[usize], x: &[usize], indices: &[usize]| {
            let operator = ScatterAdd { addressing, shape: shape.into() };
            Sample::new(operator, &[Type::float(x), Type::integer(indices)])
        };
        vec![
            sample(Along(0), &[3, 4], &[5, 4], &[5]),
            sample(Along(1), &[2, 3, 2], &[2, 4, 2], &[4]),
            sample(Elements(0), &[3, 2], &[4, 2], &[4, 2]),
            sample(Tuples(0), &[3, 3, 2], &[4, 2], &[4, 2]),
        ]
    },
};

impl ScatterAdd {
    fn compute<T: Element, E: Stored<T>>(&self, io: &mut Io<'_, T>) {
        let addresses = self.addressing.addresses(&self.shape, io.input_shape(1));
        let (inputs, out) = io.parts::<E>();
        elementwise::map_in_place(out, |_| E::default());
        let (x, indices) = (inputs.get::<E>(0), inputs.get::<i64>(1));
        scatter(&addresses, indices, x, out, |out, x| *out = out.plus(x));
    }
}

impl Operator for ScatterAdd {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x, indices]
                if indices.kind == Kind::Integer
                    && self.addressing.shape(&self.shape, &indices.shape).as_ref()
                        == Some(&x.shape) =>
            {
                Ok(vec![Type { kind: x.kind, shape: self.shape.clone() }])
            }
            _ => Err(misfit(
                ENTRY.name,
                inputs,
                format!("what integers point to in {} by {:?}", self.shape, self.addressing),
            )),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let operator = Gather { addressing: self.addressing };
        Ok(vec![Some(backward.graph.apply(operator, &[d_out, backward.inputs[1]])?), None])
    }

    run_stored!();

    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[x, indices] = inputs else { return None };
        let Addressing::Along(axis) = self.addressing else { return None };
        let (x, indices) = (x.with_whole_axes(), indices.with_whole_axes());
        let (rank, sizes) = (types[1].shape.rank(), types[1].shape.axes());
        let rows = self.shape.axes()[axis] as f64;
        let hits = sizes.iter().product::<usize>() as f64 / rows;
        Some(vec![Spread::from_products(&self.shape, hits * x.mean(), |differs| {
            let at = |pointing: &[bool]| {
                x.at(&[&differs[..axis], pointing, &differs[axis + 1..]].concat())
            };
            if differs[axis] {
                return hits * hits * at(&vec![true; rank]);
            }
            let pairs = |set: usize| {
                let apart: Vec<bool> = (0..rank).map(|bit| set >> bit & 1 == 1).collect();
                let others = sizes.iter().zip(&apart).filter(|(_, apart)| **apart);
                let count: f64 = others.map(|(&size, _)| (size - 1) as f64).product();
                count * indices.at(&apart).clamp(0.0, 1.0) * at(&apart)
            };
            hits * (0..1 << rank).map(pairs).sum::<f64>()
        })])
    }

    fn adding_to(&self, sum: Wire, inputs: &[Wire]) -> Option<(Arc<dyn Operator>, Vec<Wire>)> {
        let operator = Scatter { addressing: self.addressing, reduction: Reduction::Add };
        Some((Arc::new(operator), vec![sum, inputs[1], inputs[0]]))
    }
}

impl Graph {
    /// A tensor of `shape` to which every slice of `x` is added at its index.
    ///
    /// # Errors
    /// If the shapes do not fit, or the indices are not integers.
    pub fn scatter_add(
        &mut self,
        way: Addressing,
        x: Wire,
        indices: Wire,
        shape: impl Into<Shape>,
    ) -> Result<Wire> {
        self.apply(ScatterAdd { addressing: way, shape: shape.into() }, &[x, indices])
    }
}
