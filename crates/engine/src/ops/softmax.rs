//! Softmax over the last axis.

use fanin_kernels::softmax;
use fanin_kernels::threads::for_each_chunk;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::operator::run_generic;
use super::span::whole_rows;
use super::{Entry, Operator, Sample, Structure};

/// exp(x) / Σ exp(x) over the last axis, with the row's maximum subtracted first, which changes
/// nothing but keeps exp from overflowing.
#[derive(Clone, Copy, Debug)]
pub struct Softmax;

pub const ENTRY: Entry = Entry {
    name: "softmax",
    about: "exp(x) over its sum along the last axis",
    samples: || {
        let shapes: [&[usize]; 3] = [&[3, 4], &[2, 0], &[0, 2]];
        shapes.map(|shape| Sample::new(Softmax, &[Type::float(shape)])).into()
    },
};

impl Softmax {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let columns = *io.input_shape(0).axes().last().expect("the shape rule has been applied");
        let ([x], out) = io.split([0]);
        for_each_chunk(out, whole_rows(columns), &|start, out| {
            softmax::softmax(&x[start..start + out.len()], columns, out);
        });
    }
}

impl Operator for Softmax {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if x.kind == Kind::Float && x.shape.rank() > 0 => Ok(vec![(*x).clone()]),
            _ => Err(misfit(ENTRY.name, inputs, "one input with an axis")),
        }
    }

    /// dx = y · (dy − Σ dy·y).
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let y = backward.outputs[0];
        let graph = &mut *backward.graph;
        let mut row = graph.shape(y).axes().to_vec();
        *row.last_mut().expect("the shape rule has been applied") = 1;
        let product = graph.multiply(d_out, y)?;
        let sum = graph.sum_to(product, Shape::new(row))?;
        let centered = graph.subtract(d_out, sum)?;
        Ok(vec![Some(graph.multiply(y, centered)?)])
    }

    run_generic!();

    fn structure(&self) -> Structure {
        Structure::Shares
    }

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let x = inputs.first()?.with_whole_axes();
        let (last, count) = (x.shape().rank() - 1, *x.shape().axes().last()? as f64);
        let within = |own: &[bool]| {
            let mut beside = own.to_vec();
            beside[last] = true;
            x.at(own) - x.at(&beside)
        };
        let variance = within(&vec![false; last + 1]).max(0.0);
        let (square, mean) = (mean_square(variance, count), 1.0 / count);
        Some(vec![Spread::from_products(&x.shape(), mean, |differs| {
            let same = |differs: &[bool]| {
                if !differs.contains(&true) {
                    return square;
                }
                let share = if variance > 0.0 { within(differs) / variance } else { 1.0 };
                mean * mean + share.clamp(-1.0, 1.0) * (square - mean * mean)
            };
            if !differs[last] {
                return same(differs);
            }
            let mut own = differs.to_vec();
            own[last] = false;
            (mean - same(&own)) / (count - 1.0)
        })])
    }
}

/// E y² of a softmax over `count` normal numbers: 1/(1 + r), where ln r of the others' sum over
/// the own term is nearly normal (Fenton 1960).
fn mean_square(variance: f64, count: f64) -> f64 {
    /// Above it the largest takes all.
    const LARGEST: f64 = 100.0;
    if count < 2.0 {
        return 1.0;
    }
    if variance > LARGEST {
        return 1.0 / count;
    }
    let spread = (variance.exp_m1() / (count - 1.0)).ln_1p();
    let middle = (count - 1.0).ln() + 0.5 * (variance - spread);
    let ratio = Spread::independent(&Shape::default(), middle, middle * middle + variance + spread);
    let y = |ln: f64| 1.0 / (1.0 + ln.exp());
    let (square, mean) = (ratio.of_function(|x| y(x).powi(2)), ratio.of_function(y));
    square.mean() / (mean.mean() * count).max(f64::MIN_POSITIVE)
}

impl Graph {
    /// Softmax over the last axis.
    ///
    /// # Errors
    /// If `x` has no axis.
    pub fn softmax(&mut self, x: Wire) -> Result<Wire> {
        self.apply(Softmax, &[x])
    }
}
