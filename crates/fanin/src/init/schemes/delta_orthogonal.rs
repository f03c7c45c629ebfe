//! Convolutions that are orthogonal operators: an orthogonal matrix at the central tap alone.

use super::dirac::convolutions;
use super::orthogonal::fill_orthogonal;
use crate::error::Result;
use crate::init::blocks::{Block, blocks, central_tap, expect_kernel};
use crate::init::scheme::{Argument, Facts, Scheme};
use crate::init::{Distribution, Gain, Matrix, Parameter, Request};

/// Gain times a random matrix with orthonormal columns at the central tap, 0 elsewhere.
#[derive(Clone, Debug)]
pub struct DeltaOrthogonal {
    /// Factor on the orthogonal matrix.
    pub gain: Gain,
}

/// 1: a linear or tanh network keeps its signals.
pub const DEFAULT_GAIN: Gain = Gain::Fixed(1.0);

const FACTS: Facts = Facts {
    name: "delta-orthogonal",
    aliases: &[],
    example: "delta-orthogonal:1.4",
    argument: "[GAIN], a number, `exact`, `torch`, `std` or `a=SLOPE`; 1 if none",
    needs: "convolutions with at least as many outputs as inputs",
    formula: "W[·][·][(k−1)//2] = g·Q with QᵀQ = 1 in each group, 0 elsewhere",
    source: "Xiao et al. 2018, arXiv 1806.05393; jax.nn.initializers.delta_orthogonal",
    when: "convolutional networks of hundreds of layers without normalization (tanh, gain near 1)",
    avoid: "shallow networks, where weights that start at 0 off the center cost time; layers with \
            fewer outputs than inputs cannot keep all directions",
};

impl Scheme for DeltaOrthogonal {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        if self.gain == DEFAULT_GAIN {
            return FACTS.name.to_owned();
        }
        format!("{}:{}", FACTS.name, self.gain)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let gain = argument.map_or(Ok(DEFAULT_GAIN), Gain::parse)?;
        Ok(Box::new(Self { gain }))
    }

    /// A column of the central tap has norm g, so an entry has variance g²/outputs there.
    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let (matrix, blocks) = layout(parameter)?;
        let places = (blocks[0].rows.len() * matrix.taps) as f64;
        Ok(Distribution::joint(self.gain.value(parameter)? / places.sqrt()))
    }

    fn gain(&self, parameter: &Parameter) -> Result<Option<f64>> {
        self.gain.value(parameter).map(Some)
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn fill(&self, request: &Request<'_>, _start: u64, out: &mut [f32]) -> Result<()> {
        let (matrix, blocks) = layout(request.parameter)?;
        let gain = self.gain.value(request.parameter)?;
        let tap = central_tap(request.parameter, center);
        out.fill(0.0);
        for (index, block) in blocks.into_iter().enumerate() {
            let (outputs, inputs) = (block.rows.len(), block.inputs.len());
            let mut q = vec![0.0; outputs * inputs];
            let stream = request.stream().numbered(index as u64);
            fill_orthogonal(stream, outputs, inputs, gain, &mut q);
            for (row, q) in block.rows.zip(q.chunks_exact(inputs)) {
                for (input, q) in block.inputs.clone().zip(q) {
                    out[matrix.index(row, input * matrix.taps + tap)] = *q;
                }
            }
        }
        Ok(())
    }

    fn samples(&self) -> Vec<Parameter> {
        convolutions()
    }
}

/// Which of a kernel's taps is the central one, as JAX has it: left of the middle of an even one.
pub(super) fn center(size: usize) -> usize {
    (size - 1) / 2
}

/// The matrix and its blocks, none of which has more inputs than outputs.
fn layout(parameter: &Parameter) -> Result<(Matrix, Vec<Block>)> {
    expect_kernel(parameter, "`orthogonal` serves linear layers")?;
    let matrix = Matrix::of(parameter)?;
    let blocks = blocks(parameter, &matrix)?;
    let (outputs, inputs) = (blocks[0].rows.len(), blocks[0].inputs.len());
    if outputs < inputs {
        let found = format!("{inputs} inputs and {outputs} outputs in a group");
        return Err(parameter.unfit(found, "at least as many outputs; `orthogonal` takes any"));
    }
    Ok((matrix, blocks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::fans::Axes;
    use crate::init::{Source, Values};

    fn weight(name: &str, shape: &[usize], axes: Axes) -> (Parameter, Vec<f32>) {
        let weight = Parameter::weight(name, shape, axes).unwrap();
        let scheme = DeltaOrthogonal { gain: DEFAULT_GAIN };
        let values = Values::new(&weight, Source::Scheme(&scheme), 3).into_all().unwrap();
        (weight, values)
    }

    /// The norm of a signal of 7 positions on a ring, before and after a convolution with it.
    #[track_caller]
    fn check_isometry(shape: &[usize], groups: usize) {
        const POSITIONS: usize = 7;
        let (_, w) = weight("w", shape, Axes::convolution(groups));
        let &[outputs, inputs, taps] = shape else { panic!("one axis of the kernel") };
        let x = |channel: usize, at: usize| f64::sin((channel * POSITIONS + at + 1) as f64);
        let mut norms = (0.0, 0.0);
        for at in 0..POSITIONS {
            for output in 0..outputs {
                let first = output / (outputs / groups) * inputs;
                let z: f64 = (0..inputs * taps)
                    .map(|i| {
                        let (input, tap) = (i / taps, i % taps);
                        let weight = f64::from(w[(output * inputs + input) * taps + tap]);
                        weight * x(first + input, (at + tap) % POSITIONS)
                    })
                    .sum();
                norms.1 += z * z;
            }
            norms.0 += (0..inputs * groups).map(|channel| x(channel, at).powi(2)).sum::<f64>();
        }
        assert!((norms.1 / norms.0 - 1.0).abs() < 1e-6, "{shape:?}: {norms:?}");
    }

    #[test]
    fn convolution_keeps_the_norm_of_every_signal() {
        check_isometry(&[6, 6, 3], 1);
        check_isometry(&[9, 4, 4], 1);
        check_isometry(&[8, 2, 5], 4);
        check_isometry(&[5, 1, 3], 5);
    }

    #[test]
    fn even_kernels_have_their_center_where_jax_has_it() {
        let (_, values) = weight("w", &[2, 2, 4], Axes::convolution(1));
        for (i, value) in values.iter().enumerate() {
            assert_eq!(*value != 0.0, i % 4 == 1, "{i}");
        }
    }

    #[test]
    fn fewer_outputs_than_inputs_are_refused() {
        let narrow = Parameter::weight("w", [2, 3, 3], Axes::convolution(1)).unwrap();
        let scheme = DeltaOrthogonal { gain: DEFAULT_GAIN };
        let message = scheme.distribution(&narrow).unwrap_err().to_string();
        assert!(message.contains("3 inputs and 2 outputs"), "{message}");
    }
}
