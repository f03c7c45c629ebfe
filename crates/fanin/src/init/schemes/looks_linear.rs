//! Mirrored weights, with which a relu network starts as a linear one.
//!
//! relu(z) − relu(−z) = z, and so it is with every z·s(z) whose s(z) + s(−z) = 1: gelu, silu,
//! hardswish. If every unit has a twin of opposite sign, and the next layer takes their difference,
//! nothing is lost: the network is the product of its orthogonal matrices A. Of any other
//! activation φ the odd part is left, and its mean is gone. Of a kernel of which not half can be
//! kept, the central one alone is not 0, as with `delta-orthogonal`.

use super::delta_orthogonal::center;
use super::orthogonal::fill_orthogonal;
use crate::error::Result;
use crate::init::blocks::{central_tap, fits_center_alone};
use crate::init::scheme::{Argument, Facts, Scheme};
use crate::init::{Distribution, Gain, Matrix, Parameter, Request};
use crate::spec::Role;

/// [A; −A] first, [A, −A; −A, A] between and from state to state, [A, −A] last, A gain times an
/// orthogonal matrix.
#[derive(Clone, Debug)]
pub struct LooksLinear {
    /// Factor on the orthogonal matrix.
    pub gain: Gain,
    /// Whether the weight is a first one, [A; −A], wherever it stands.
    pub is_first: bool,
}

/// What the argument ends with for a weight that is a first one.
const IS_FIRST: &str = ",first";

/// 1: what relu passes on of a unit and its twin is the unit itself.
pub const DEFAULT_GAIN: Gain = Gain::Fixed(1.0);

const FACTS: Facts = Facts {
    name: "looks-linear",
    aliases: &["mirrored"],
    example: "looks-linear",
    argument: "[GAIN][,first], a number, `exact`, `torch`, `std` or `a=SLOPE`; 1 if none; `first` for \
               the input of a recurrent cell",
    needs: "a known order of layers, and even widths between them",
    formula: "W = [A −A; −A A], first layer [A; −A], last [A −A]; A = g·Q, QQᵀ or QᵀQ = 1, biases 0",
    source: "Balduzzi et al. 2017, arXiv 1702.08591; Burkholz & Dubatovka 2019",
    when: "networks of hundreds of layers of relu, gelu or silu without shortcuts or normalization",
    avoid: "odd activations such as tanh, whose twins say the same; layers so narrow that half of \
            their units are too few",
};

/// How a matrix is made of a smaller one.
struct Mirror {
    matrix: Matrix,
    rows: usize,
    inputs: usize,
    /// The tap that alone is not 0, where units are too few for half of what all taps see.
    tap: Option<usize>,
}

impl Mirror {
    fn of(parameter: &Parameter, is_first: bool) -> Result<Self> {
        let matrix = Matrix::of(parameter)?;
        let (is_first, is_last) = match (parameter.role, parameter.place.layer) {
            _ if is_first => (true, false),
            // From a state to the next one: units are inputs too.
            (Role::Recurrent, _) => (false, false),
            (_, Some(layer)) => (layer.index == 0, parameter.place.is_head || layer.is_last()),
            _ => {
                let found = "no known place among the layers";
                return Err(parameter.unfit(found, "its place in a model"));
            }
        };
        let half = |what: &str, size: usize, is_whole: bool| match (is_whole, size % 2) {
            (true, _) => Ok(size),
            (false, 0) => Ok(size / 2),
            _ => {
                Err(parameter.unfit(format!("{size} {what}"), format!("an even number of {what}")))
            }
        };
        let rows = half("outputs", matrix.rows, is_last)?;
        let inputs = half("inputs", matrix.columns / matrix.taps, is_first)?;
        let is_central = fits_center_alone(rows, inputs, matrix.taps);
        let tap = is_central.then(|| central_tap(parameter, center));
        Ok(Self { matrix, rows, inputs, tap })
    }

    /// Columns of the smaller matrix.
    fn columns(&self) -> usize {
        if self.tap.is_some() { self.inputs } else { self.inputs * self.matrix.taps }
    }
}

/// Whether the mirrored start of a weight has a central tap alone.
///
/// # Errors
/// If the weight is no matrix, or its place or width does not fit.
pub fn mirrors_central_tap(parameter: &Parameter) -> Result<bool> {
    Ok(Mirror::of(parameter, false)?.tap.is_some())
}

impl Scheme for LooksLinear {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        let first = if self.is_first { IS_FIRST } else { "" };
        if self.gain == DEFAULT_GAIN && !self.is_first {
            return FACTS.name.to_owned();
        }
        format!("{}:{}{first}", FACTS.name, self.gain)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let gain = argument.map(|text| text.strip_suffix(IS_FIRST).unwrap_or(text));
        let is_first = argument.is_some_and(|text| text.ends_with(IS_FIRST));
        let gain = gain.map_or(Ok(DEFAULT_GAIN), Gain::parse)?;
        Ok(Box::new(Self { gain, is_first }))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let mirror = Mirror::of(parameter, self.is_first)?;
        let taps = if mirror.tap.is_some() { mirror.matrix.taps } else { 1 };
        let places = (mirror.rows.max(mirror.columns()) * taps) as f64;
        Ok(Distribution::joint(self.gain.value(parameter)? / places.sqrt()))
    }

    fn gain(&self, parameter: &Parameter) -> Result<Option<f64>> {
        self.gain.value(parameter).map(Some)
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn fill(&self, request: &Request<'_>, _start: u64, out: &mut [f32]) -> Result<()> {
        let mirror = Mirror::of(request.parameter, self.is_first)?;
        let (rows, columns, taps) = (mirror.rows, mirror.columns(), mirror.matrix.taps);
        let mut a = vec![0.0; rows * columns];
        let gain = self.gain.value(request.parameter)?;
        fill_orthogonal(request.stream(), rows, columns, gain, &mut a);
        mirror.matrix.fill(out, |i, j| {
            let (input, tap) = (j / taps, j % taps);
            let own = input % mirror.inputs;
            let column = match mirror.tap {
                Some(central) if tap != central => return 0.0,
                Some(_) => own,
                None => own * taps + tap,
            };
            let a = a[i % rows * columns + column];
            let is_twin = (i >= rows) != (input >= mirror.inputs);
            if is_twin { -a } else { a }
        });
        Ok(())
    }

    fn samples(&self) -> Vec<Parameter> {
        let sizes = [(300, 200), (200, 300), (150, 200)];
        let linear = |(index, (outputs, inputs))| {
            let mut weight = Parameter::linear(&format!("{index}.weight"), outputs, inputs);
            weight.place.layer = Some(crate::init::Position { index, count: 3 });
            weight.followed_by("relu")
        };
        sizes.into_iter().enumerate().map(linear).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::Position;
    use crate::init::fans::Axes;
    use crate::init::{Rules, Source, Values, for_model};

    fn product(w: &fanin_engine::Tensor<f32>, x: &[f64]) -> Vec<f64> {
        let rows = w.data().chunks_exact(x.len());
        rows.map(|row| row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum()).collect()
    }

    /// A network of relu layers is additive: f(x + y) = f(x) + f(y); a square one keeps norms.
    #[test]
    fn network_is_linear_and_keeps_norms() {
        let model = "6 -> 12 relu -> 12 relu -> 16 relu -> 8".parse().unwrap();
        let weights = for_model(&model, &Rules::new("looks-linear"), 5).unwrap();
        let layers: Vec<_> =
            weights.tensors.iter().filter(|(n, _)| n.ends_with("weight")).collect();
        let network = |x: &[f64]| {
            layers.iter().enumerate().fold(x.to_vec(), |x, (index, (_, w))| {
                let z = product(w, &x);
                let relu = |z: f64| if index + 1 < layers.len() { z.max(0.0) } else { z };
                z.into_iter().map(relu).collect()
            })
        };
        let x: Vec<f64> = (0..6).map(|i| f64::sin(f64::from(i) + 1.0)).collect();
        let y: Vec<f64> = (0..6).map(|i| f64::cos(3.0 * f64::from(i))).collect();
        let sum: Vec<f64> = x.iter().zip(&y).map(|(x, y)| x + y).collect();
        let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
        let (at_x, at_y) = (network(&x), network(&y));
        for (k, at_sum) in network(&sum).iter().enumerate() {
            assert!((at_sum - at_x[k] - at_y[k]).abs() < 1e-6, "{at_sum} {at_x:?} {at_y:?}");
        }
        assert!((norm(&at_x) / norm(&x) - 1.0).abs() < 1e-6);
    }

    /// The signal of a ring of positions goes through a kernel as through a matrix at each of them.
    #[test]
    fn a_kernel_between_mirrors_the_central_tap_alone() {
        let mut kernel = Parameter::weight("k", [8, 6, 3], Axes::convolution(1)).unwrap();
        kernel.place.layer = Some(Position { index: 1, count: 3 });
        let scheme = LooksLinear { gain: Gain::Fixed(2.0), is_first: false };
        let w = Values::new(&kernel, Source::Scheme(&scheme), 3).into_all().unwrap();
        let at = |row: usize, input: usize, tap: usize| f64::from(w[(row * 6 + input) * 3 + tap]);
        for (row, input) in (0..8).flat_map(|row| (0..6).map(move |input| (row, input))) {
            assert_eq!((at(row, input, 0), at(row, input, 2)), (0.0, 0.0));
            assert_eq!(at(row, input, 1), -at((row + 4) % 8, input, 1));
            assert_eq!(at(row, input, 1), -at(row, (input + 3) % 6, 1));
        }
        let norm: f64 = (0..4).map(|row| at(row, 0, 1).powi(2)).sum();
        assert!((norm - 4.0).abs() < 1e-5, "{norm}");
    }

    /// relu over steps: a unit and its twin pass on what an orthogonal matrix makes of them.
    #[test]
    fn states_of_twins_keep_their_norm_from_step_to_step() {
        let mut state = Parameter::linear("weight_hh", 8, 8);
        state.role = Role::Recurrent;
        let input = Parameter::linear("weight_ih", 8, 1);
        let values = |text: &str, parameter: &Parameter| {
            let scheme = crate::init::find(text).unwrap();
            Values::new(parameter, Source::Scheme(&*scheme), 3).into_all().unwrap()
        };
        let (u, w) = (values("looks-linear", &state), values("looks-linear:2,first", &input));
        let mut z: Vec<f64> = w.iter().map(|w| f64::from(*w)).collect();
        let norm = |z: &[f64]| z.iter().map(|z| z * z).sum::<f64>();
        assert!((norm(&z) - 8.0).abs() < 1e-5, "[A; −A], A of norm 2: {w:?}");
        for _ in 0..50 {
            let relu: Vec<f64> = z.iter().map(|z| z.max(0.0)).collect();
            let row = |u: &[f32]| u.iter().zip(&relu).map(|(u, h)| f64::from(*u) * h).sum();
            z = u.chunks_exact(8).map(row).collect();
        }
        assert!((norm(&z) / 8.0 - 1.0).abs() < 1e-5);
    }

    #[test]
    fn odd_widths_are_refused() {
        let model = "6 -> 11 relu -> 3".parse().unwrap();
        let message = for_model(&model, &Rules::new("looks-linear"), 5).unwrap_err().to_string();
        assert!(message.contains("`0.weight`: found 11 outputs"), "{message}");
    }
}
