//! A convolution that computes a short-time Fourier transform.
//!
//! Key: T taps, the length of a frame; t a tap; f a frequency of F/2 + 1; w the window.

use std::f64::consts::PI;

use crate::error::Result;
use crate::init::fans::Axes;
use crate::init::scheme::{Argument, Facts, Scheme};
use crate::init::{Distribution, Matrix, Parameter, Request};

/// The real or the imaginary part of the transform of a frame under a Hann window.
#[derive(Clone, Debug)]
pub struct Stft {
    /// Whether it is the imaginary part.
    pub is_imaginary: bool,
}

const FACTS: Facts = Facts {
    name: "stft",
    aliases: &[],
    example: "stft:real",
    argument: "`real` or `imaginary`",
    needs: "convolutions along one axis over one input, with outputs for the frequencies 0 to F/2",
    formula: "W[f][t] = w[t]·cos(2πft/F)/‖w‖ or −w[t]·sin(2πft/F)/‖w‖, w[t] = ½ − ½·cos(2πt/(T − 1))",
    source: "Keras' STFT initializer with its defaults: Hann window, scaling `density`",
    when: "first layers on sound, as a spectrogram that training may change",
    avoid: "layers that are not first: it is made for a signal in time",
};

impl Scheme for Stft {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        format!("{}:{}", FACTS.name, if self.is_imaginary { "imaginary" } else { "real" })
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        match argument {
            Some("real") => Ok(Box::new(Self { is_imaginary: false })),
            Some("imaginary" | "imag") => Ok(Box::new(Self { is_imaginary: true })),
            _ => Err(FACTS.argument.to_owned()),
        }
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let (matrix, entry) = self.entries(parameter)?;
        let count = (matrix.rows * matrix.columns) as f64;
        let (mut sum, mut squares) = (0.0, 0.0);
        for (row, column) in (0..matrix.rows).flat_map(|r| (0..matrix.columns).map(move |c| (r, c)))
        {
            let value = entry(row, column);
            sum += value;
            squares += value * value;
        }
        let mean = sum / count;
        let deviation = (squares / count - mean * mean).max(0.0).sqrt();
        Ok(Distribution::Joint { mean, deviation })
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn is_random(&self, _parameter: &Parameter) -> bool {
        false
    }

    fn samples(&self) -> Vec<Parameter> {
        let kernel = Parameter::weight("0.kernel", [128, 1, 65], Axes::keras(3));
        let weight = Parameter::weight("0.weight", [33, 1, 64], Axes::convolution(1));
        [kernel, weight].into_iter().flatten().collect()
    }

    fn fill(&self, request: &Request<'_>, _start: u64, out: &mut [f32]) -> Result<()> {
        let (matrix, entry) = self.entries(request.parameter)?;
        matrix.fill(out, |row, column| entry(row, column) as f32);
        Ok(())
    }
}

impl Stft {
    fn entries(&self, parameter: &Parameter) -> Result<(Matrix, impl Fn(usize, usize) -> f64)> {
        let matrix = Matrix::of(parameter)?;
        let (taps, is_imaginary) = (matrix.taps, self.is_imaginary);
        if parameter.shape.rank() != 3 || matrix.columns != taps || matrix.rows < 2 || taps < 3 {
            let found = format!("shape {}", parameter.shape);
            let expected = "a convolution along one axis over one input, with 3 taps and 2 outputs \
                            or more";
            return Err(parameter.unfit(found, expected));
        }
        let turn = 2.0 * PI / (taps - 1) as f64;
        let window = move |tap: usize| 0.5 - 0.5 * libm::cos(turn * tap as f64);
        let norm = (0..taps).map(|tap| window(tap).powi(2)).sum::<f64>().sqrt();
        let frequencies = 2 * (matrix.rows - 1);
        let entry = move |row: usize, tap: usize| {
            // Whole turns do not count, and large angles would lose digits.
            let angle = 2.0 * PI * ((row * tap) % frequencies) as f64 / frequencies as f64;
            let wave = if is_imaginary { -libm::sin(angle) } else { libm::cos(angle) };
            window(tap) * wave / norm
        };
        Ok((matrix, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Source, Values, find};

    /// A wave of frequency f answers at f, and its power is that of the windowed wave.
    #[test]
    fn a_wave_is_found_at_its_frequency() {
        let weight = Parameter::weight("w", [33, 1, 64], Axes::convolution(1)).unwrap();
        let part = |text: &str| {
            let scheme = find(text).unwrap();
            Values::new(&weight, Source::Scheme(&*scheme), 0).into_all().unwrap()
        };
        let (real, imaginary) = (part("stft:real"), part("stft:imaginary"));
        let wave: Vec<f64> =
            (0..64).map(|t| (2.0 * PI * 9.0 * f64::from(t) / 64.0).cos()).collect();
        let power = |f: usize| {
            let answer = |w: &[f32]| -> f64 {
                w[f * 64..(f + 1) * 64].iter().zip(&wave).map(|(w, x)| f64::from(*w) * x).sum()
            };
            answer(&real).powi(2) + answer(&imaginary).powi(2)
        };
        let strongest = (0..33).max_by(|&a, &b| power(a).total_cmp(&power(b))).unwrap();
        assert_eq!(strongest, 9);
        assert!((0..33).filter(|&f: &usize| f.abs_diff(9) > 2).all(|f| power(f) < 1e-3 * power(9)));
    }

    /// `keras.initializers.STFT("real")((5, 1, 4))`, Keras 3.15.1: the window is 0, ½, 1, ½, 0 over
    /// √1.5, the frequencies are f/6.
    #[test]
    fn values_are_those_of_keras() {
        let kernel = Parameter::weight("k", [5, 1, 4], Axes::keras(3)).unwrap();
        let scheme = find("stft:real").unwrap();
        let values = Values::new(&kernel, Source::Scheme(&*scheme), 0).into_all().unwrap();
        let root = 1.5_f32.sqrt();
        let expected = [
            [0.0, 0.0, 0.0, 0.0],
            [0.5, 0.25, -0.25, -0.5],
            [1.0, -0.5, -0.5, 1.0],
            [0.5, -0.5, 0.5, -0.5],
            [0.0, 0.0, 0.0, 0.0],
        ];
        for (found, expected) in values.iter().zip(expected.as_flattened()) {
            assert!((found - expected / root).abs() < 1e-7, "{values:?}");
        }
    }
}
