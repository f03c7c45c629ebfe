//! A derivative of an activation times a second tensor: the chain rule's factor.

use std::sync::Arc;

use fanin_kernels::jet::HIGHEST_ORDER;

use crate::activations::{ACTIVATIONS, Activation};
use crate::error::{Error, Result};
use crate::gradient::Backward;
use crate::graph::{Kind, Type, Wire, misfit};
use crate::run::Io;
use crate::spread::Spread;

use super::activate::Activate;
use super::multiply::Multiply;
use super::{Ahead, Entry, Operator, Sample};

/// φ^(order)(x) · factor, element by element.
#[derive(Clone, Debug)]
pub struct ActivateScale {
    pub(super) activation: Arc<dyn Activation>,
    pub(super) order: usize,
}

pub const ENTRY: Entry = Entry {
    name: "activate_scale",
    about: "a derivative of an activation times a second tensor",
    samples: || {
        let sample = |a: &&dyn Activation| {
            let operator = ActivateScale { activation: a.boxed().into(), order: 1 };
            Sample::new(operator, &[Type::float([4, 5]), Type::float([4, 5])]).within(0.05, 0.95)
        };
        ACTIVATIONS.iter().map(sample).collect()
    },
};

impl Operator for ActivateScale {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x, factor] if x == factor && x.kind == Kind::Float => Ok(vec![(*x).clone()]),
            _ => Err(misfit(ENTRY.name, inputs, "two inputs of one shape")),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let [x, factor] = [backward.inputs[0], backward.inputs[1]];
        let wanted = backward.wanted.clone();
        let graph = &mut *backward.graph;
        let d_x = if wanted[0] {
            if self.order == HIGHEST_ORDER {
                let operator = self.activation.name();
                return Err(Error::NoDerivative { place: graph.name(x), operator, input: 0 });
            }
            let activation = Arc::clone(&self.activation);
            let product = graph.multiply(d_out, factor)?;
            let next = Self { activation, order: self.order + 1 };
            Some(graph.apply(next, &[x, product])?)
        } else {
            None
        };
        let d_factor = if wanted[1] { Some(graph.apply(self.clone(), &[x, d_out])?) } else { None };
        Ok(vec![d_x, d_factor])
    }

    fn run_f32(&self, io: &mut Io<'_, f32>) {
        let ([x, factor], out) = io.split([0, 1]);
        self.activation.scale_f32(self.order, x, factor, out);
    }

    fn run_f64(&self, io: &mut Io<'_, f64>) {
        let ([x, factor], out) = io.split([0, 1]);
        self.activation.scale_f64(self.order, x, factor, out);
    }

    fn is_pointwise(&self) -> bool {
        true
    }

    fn ahead(&self, fixed: &[bool]) -> Option<Ahead> {
        let part = Activate { activation: Arc::clone(&self.activation), order: self.order };
        let is_slope_known = fixed == [true, false];
        is_slope_known.then(|| Ahead {
            part: Arc::new(part),
            of: 0,
            rest: Arc::new(Multiply),
            with: 1,
        })
    }

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[x, factor] = inputs else { return None };
        let slope = x.of_partial_function(|x| self.activation.at(self.order, x))?;
        Some(vec![slope.times(factor)])
    }

    fn knows_rows(&self) -> bool {
        true
    }
}
