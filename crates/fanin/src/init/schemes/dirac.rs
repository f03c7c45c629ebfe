//! The convolution that copies its input.

use crate::error::Result;
use crate::init::blocks::{blocks, central_tap, expect_kernel, fill_places};
use crate::init::fans::Axes;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Matrix, Parameter, Request};

/// 1 from each input channel to the output channel of its number, at the central tap.
#[derive(Clone, Debug)]
pub struct Dirac;

const FACTS: Facts = Facts {
    name: "dirac",
    aliases: &[],
    example: "dirac",
    argument: "",
    needs: "convolutions",
    formula: "W[i][i][k//2] = 1 in each group, 0 elsewhere; k//2 is right of the middle of even kernels",
    source: "Zagoruyko & Komodakis 2017, arXiv 1706.00388; torch.nn.init.dirac_",
    when: "convolutions that should copy their input at first, beside or instead of a shortcut",
    avoid: "layers with more outputs than inputs: the further ones are 0 and stay equal",
};

/// Which of a kernel's taps is the central one, as PyTorch has it.
fn center(size: usize) -> usize {
    size / 2
}

impl Scheme for Dirac {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let (matrix, places) = places(parameter)?;
        let share = places.len() as f64 / (matrix.rows * matrix.columns) as f64;
        Ok(Distribution::at_few_places(1.0, share))
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn is_random(&self, _parameter: &Parameter) -> bool {
        false
    }

    fn fill(&self, request: &Request<'_>, _start: u64, out: &mut [f32]) -> Result<()> {
        let (matrix, places) = places(request.parameter)?;
        fill_places(&matrix, 1.0, places, out);
        Ok(())
    }

    fn samples(&self) -> Vec<Parameter> {
        convolutions()
    }
}

/// Rows and columns of the ones.
fn places(parameter: &Parameter) -> Result<(Matrix, Vec<(usize, usize)>)> {
    expect_kernel(parameter, "`identity` serves linear layers")?;
    let matrix = Matrix::of(parameter)?;
    let tap = central_tap(parameter, center);
    let mut places = Vec::new();
    for block in blocks(parameter, &matrix)? {
        let pairs = block.rows.zip(block.inputs);
        places.extend(pairs.map(|(row, input)| (row, input * matrix.taps + tap)));
    }
    Ok((matrix, places))
}

/// Convolutions of all kinds, each with at least as many outputs as inputs.
pub(super) fn convolutions() -> Vec<Parameter> {
    let kinds: [(&str, &[usize], Axes); 5] = [
        ("0.weight", &[96, 32, 3, 3], Axes::convolution(1)),
        ("1.weight", &[64, 8, 5], Axes::convolution(4)),
        ("2.weight", &[256, 1, 3, 3], Axes::convolution(256)),
        ("3.weight", &[32, 16, 4], Axes::transposed_convolution(4)),
        ("4.kernel", &[3, 3, 16, 48], Axes::keras(4)),
    ];
    let weight = |(name, shape, axes)| Parameter::weight(name, shape, axes).ok();
    kinds.into_iter().filter_map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Source, Values};

    #[track_caller]
    fn check(shape: &[usize], axes: Axes, ones: &[[usize; 3]]) {
        let weight = Parameter::weight("w", shape, axes).unwrap();
        let values = Values::new(&weight, Source::Scheme(&Dirac), 1).into_all().unwrap();
        let index = |i: usize| [i / shape[2] / shape[1], i / shape[2] % shape[1], i % shape[2]];
        let found: Vec<[usize; 3]> =
            (0..values.len()).filter(|&i| values[i] == 1.0).map(index).collect();
        assert_eq!(found, ones);
        assert_eq!(values.iter().sum::<f32>(), ones.len() as f32);
    }

    /// As `torch.nn.init.dirac_(torch.empty(shape), groups)` has it.
    #[test]
    fn ones_are_where_pytorch_has_them() {
        check(&[3, 2, 3], Axes::convolution(1), &[[0, 0, 1], [1, 1, 1]]);
        check(&[2, 3, 4], Axes::convolution(1), &[[0, 0, 2], [1, 1, 2]]);
        check(&[4, 2, 3], Axes::convolution(2), &[[0, 0, 1], [1, 1, 1], [2, 0, 1], [3, 1, 1]]);
        check(&[3, 1, 3], Axes::convolution(3), &[[0, 0, 1], [1, 0, 1], [2, 0, 1]]);
        let transposed = Axes::transposed_convolution(2);
        check(&[4, 2, 1], transposed, &[[0, 0, 0], [1, 1, 0], [2, 0, 0], [3, 1, 0]]);
    }

    #[test]
    fn linear_layers_are_refused() {
        let message = Dirac.distribution(&Parameter::linear("w", 3, 3)).unwrap_err().to_string();
        assert!(message.contains("`identity` serves linear layers"), "{message}");
    }
}
