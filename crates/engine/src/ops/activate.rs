//! An activation, or one of its derivatives, applied to every element.

use std::sync::Arc;

use crate::activations::{ACTIVATIONS, Activation};
use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::Io;
use crate::spread::Spread;

use super::activate_scale::ActivateScale;
use super::{Entry, Operator, Sample};

/// φ^(order) of every element.
#[derive(Clone, Debug)]
pub struct Activate {
    pub(super) activation: Arc<dyn Activation>,
    pub(super) order: usize,
}

pub const ENTRY: Entry = Entry {
    name: "activate",
    about: "an activation, or one of its derivatives, of every element",
    samples: || {
        let sample = |a: &&dyn Activation| {
            let operator = Activate { activation: a.boxed().into(), order: 0 };
            Sample::new(operator, &[Type::float([4, 5])]).within(0.05, 0.95)
        };
        ACTIVATIONS.iter().map(sample).collect()
    },
};

impl Operator for Activate {
    fn name(&self) -> &'static str {
        self.activation.name()
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if x.kind == Kind::Float => Ok(vec![(*x).clone()]),
            _ => Err(misfit(self.name(), inputs, "one input of floating-point numbers")),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let activation = Arc::clone(&self.activation);
        let by_value = self.order == 0 && activation.of_value().is_some();
        let operator = ActivateScale { activation, order: self.order + 1 };
        let (x, y) = (backward.inputs[0], backward.outputs[0]);
        let inputs = [x, d_out, y];
        let inputs = if by_value { &inputs[..] } else { &inputs[..2] };
        Ok(vec![Some(backward.graph.apply(operator, inputs)?)])
    }

    fn run_f32(&self, io: &mut Io<'_, f32>) {
        if io.in_place() == Some(0) {
            return self.activation.change_f32(self.order, io.output());
        }
        let ([x], out) = io.split([0]);
        self.activation.apply_f32(self.order, x, out);
    }

    fn run_f64(&self, io: &mut Io<'_, f64>) {
        if io.in_place() == Some(0) {
            return self.activation.change_f64(self.order, io.output());
        }
        let ([x], out) = io.split([0]);
        self.activation.apply_f64(self.order, x, out);
    }

    fn in_place(&self) -> &'static [usize] {
        &[0]
    }

    fn is_pointwise(&self) -> bool {
        true
    }

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let x = inputs.first()?;
        Some(vec![x.of_partial_function(|x| self.activation.at(self.order, x))?])
    }

    fn knows_rows(&self) -> bool {
        true
    }
}

impl Graph {
    /// φ(x), element by element.
    ///
    /// # Errors
    /// None that a wire of this graph can cause.
    pub fn activate(&mut self, x: Wire, activation: &dyn Activation) -> Result<Wire> {
        self.apply(Activate { activation: activation.boxed().into(), order: 0 }, &[x])
    }
}
