//! A derivative of an activation times a second tensor: the chain rule's factor.
//!
//! A third tensor may hold the activation's values where the slope follows from them: then the first
//! is named for further derivatives alone, and its memory is free as soon as the values are there.

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

/// Runs by the values where they are given, and in the factor's place where the plan says so.
macro_rules! run {
    ($run:ident, $type:ident, $scale:ident, $rescale:ident) => {
        fn $run(&self, io: &mut Io<'_, $type>) {
            let by_value = self.activation.of_value().filter(|_| io.input_count() == 3);
            let input = if by_value.is_some() { 2 } else { 0 };
            let (order, activation) = (self.order, &self.activation);
            if io.in_place().is_some() {
                let ([x], factor) = io.split([input]);
                match by_value {
                    Some(of_value) => of_value.$rescale(x, factor),
                    None => activation.$rescale(order, x, factor),
                }
            } else {
                let ([x, factor], out) = io.split([input, 1]);
                match by_value {
                    Some(of_value) => of_value.$scale(x, factor, out),
                    None => activation.$scale(order, x, factor, out),
                }
            }
        }
    };
}

impl Operator for ActivateScale {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x, factor] if x == factor && x.kind == Kind::Float => Ok(vec![(*x).clone()]),
            [x, factor, y]
                if [x, factor] == [y, y]
                    && x.kind == Kind::Float
                    && self.order == 1
                    && self.activation.of_value().is_some() =>
            {
                Ok(vec![(*x).clone()])
            }
            _ => Err(misfit(ENTRY.name, inputs, "two inputs of one shape, or the values besides")),
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
        let mut again = backward.inputs.clone();
        again[1] = d_out;
        let d_factor = if wanted[1] { Some(graph.apply(self.clone(), &again)?) } else { None };
        // What depends on the values depends on x, by which it is differentiated.
        Ok([d_x, d_factor, None].into_iter().take(again.len()).collect())
    }

    run!(run_f32, f32, scale_f32, rescale_f32);
    run!(run_f64, f64, scale_f64, rescale_f64);

    fn in_place(&self) -> &'static [usize] {
        &[1]
    }

    fn reads(&self, input: usize, count: usize) -> bool {
        input > 0 || count == 2
    }

    fn is_pointwise(&self) -> bool {
        true
    }

    fn ahead(&self, fixed: &[bool]) -> Option<Ahead> {
        let part = Activate { activation: Arc::clone(&self.activation), order: self.order };
        // By a value it costs no more than to read a slope that was computed before.
        let is_slope_known = fixed == [true, false];
        is_slope_known.then(|| Ahead {
            part: Arc::new(part),
            of: 0,
            rest: Arc::new(Multiply),
            with: 1,
        })
    }

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[x, factor, ..] = inputs else { return None };
        let slope = x.of_partial_function(|x| self.activation.at(self.order, x))?;
        Some(vec![slope.times(factor)])
    }

    fn knows_rows(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use crate::activations::find;
    use crate::evaluate::{Array, compute};
    use crate::{Graph, Plan, gradients};

    /// Buffers of the backward pass of a chain of six scales with an activation each.
    fn room(activation: &str) -> usize {
        let activation = find(activation).unwrap();
        let mut graph = Graph::new();
        let mut x = graph.input("x", crate::Type::float([10]));
        let scale = graph.parameter("scale", [10]);
        for _ in 0..6 {
            x = graph.multiply(x, scale).unwrap();
            x = graph.activate(x, &*activation).unwrap();
        }
        let slope = gradients(&mut graph, x, &[scale]).unwrap()[0];
        Plan::new(&graph, &[slope]).unwrap().buffer_elements() / 10
    }

    #[test]
    fn what_follows_from_values_frees_the_numbers_before() {
        assert_eq!([room("tanh"), room("gelu")], [9, 14]);
    }

    #[test]
    fn slopes_by_values_can_be_differentiated_again() {
        let at = [-1.5, -0.2, 0.3, 0.9];
        let x = Array::float([4], at.to_vec()).unwrap();
        let tanh = find("tanh").unwrap();
        let got = compute(&[&x], 100, |g, w| {
            let y = g.activate(w[0], &*tanh)?;
            let first = gradients(g, y, &[w[0]])?[0];
            let second = gradients(g, first, &[w[0]])?[0];
            Ok(vec![first, second, gradients(g, second, &[w[0]])?[0]])
        });
        for (order, got) in got.unwrap().iter().enumerate() {
            for (found, x) in got.floats().unwrap().iter().zip(at) {
                assert!((found - tanh.at(order + 1, x)).abs() < 1e-14, "{order} {x}: {found}");
            }
        }
    }
}
