//! What the weights and biases of a recurrent cell are solved for: `docs/theory/recurrence.md`.

use fanin_engine::activations::{self, Activation};

use crate::recommend::draft::rounded;
use crate::theory::Gaussian;

/// How a cell's law is found.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Law {
    /// c = f·c + i·g.
    Lstm,
    /// h = z·h + (1 − z)·n.
    Gru,
    /// h = φ(W x + U h), φ as good as linear near 0; its slope there.
    Smooth { name: String, slope: f64 },
    /// The same, where φ(z) − φ(−z) is so many times z and units are even in number.
    Mirrored { slope: f64 },
    /// The same, φ the identity.
    Linear,
}

/// A cell's start.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Start {
    /// E (W x)² of a gate.
    pub drive: f64,
    /// N times the variance of an element of U.
    pub gain: f64,
    /// The scheme of U.
    pub matrix: String,
    /// Whether units are twins, which see the input with opposite signs.
    pub is_mirrored: bool,
    /// The scheme of the biases, mean and second moment; none where they are 0.
    pub bias: Option<(String, f64, f64)>,
    pub of_input: String,
    pub of_state: String,
    pub of_bias: String,
}

/// Steps from which on memories are spaced: fewer have but one scale of time.
const FROM: usize = 4;
/// The factor on the second moment of gradients over all steps that counts as none: e on their norm.
const KEPT: f64 = std::f64::consts::E * std::f64::consts::E;

impl Law {
    /// That of a plain cell of so many units; none of an activation that it does not serve.
    pub fn plain(name: &str, units: usize) -> Option<Self> {
        let activation = activations::find(name)?;
        let slope = activation.at(1, 1e-6);
        let odd = |z: f64| (activation.at(0, z) - activation.at(0, -z)) / z;
        let is_straight = [0.1, 1.0, 10.0].iter().all(|&z| (odd(z) / odd(1.0) - 1.0).abs() < 1e-9);
        let is_smooth = (activation.at(1, -1e-6) - slope).abs() < 1e-3 && slope > 0.1;
        match (is_straight, is_smooth) {
            (true, true) => Some(Self::Linear),
            (true, false) if units.is_multiple_of(2) => Some(Self::Mirrored { slope: odd(1.0) }),
            (_, true) if activation.at(0, 0.0) == 0.0 => {
                Some(Self::Smooth { name: name.to_owned(), slope })
            }
            _ => None,
        }
    }

    /// The start over so many steps.
    pub fn solve(&self, steps: usize) -> Start {
        match self {
            Self::Lstm => gated(steps, true),
            Self::Gru => gated(steps, false),
            Self::Linear => straight(1.0, "orthogonal:1".to_owned(), steps),
            Self::Mirrored { slope } => {
                // Twins: [V −V; −V V] of half the size, of which each unit has as many inputs.
                let gain = 1.0 / slope;
                let matrix = format!("looks-linear:{}", rounded(gain));
                straight(2.0 * gain * gain, matrix, steps)
            }
            Self::Smooth { name, slope } => {
                let activation = activations::find(name).expect("it was found before");
                let (drive, gain, second) = lasting(&*activation, *slope, steps);
                let matrix = format!("orthogonal:{}", rounded(gain.sqrt()));
                Start {
                    drive,
                    gain,
                    matrix,
                    is_mirrored: false,
                    bias: None,
                    of_input: format!(
                        "E z² = {second:.3} at last: over {steps} steps the gradient's norm stays within ×{:.1}",
                        KEPT.sqrt()
                    ),
                    of_state: "orthogonal: states and gradients keep their size over all steps"
                        .to_owned(),
                    of_bias: "the input alone drives the state".to_owned(),
                }
            }
        }
    }
}

/// A state that adds up what enters at all steps, to second moment 1 of z.
fn straight(gain: f64, matrix: String, steps: usize) -> Start {
    let drive = 1.0 / steps.max(1) as f64;
    let is_mirrored = matrix.starts_with("looks-linear");
    let what = if is_mirrored { "mirrored and orthogonal" } else { "orthogonal" };
    Start {
        drive,
        gain,
        matrix,
        is_mirrored,
        bias: None,
        of_input: format!("1/{steps} a step, which the state adds up to E z² = 1"),
        of_state: format!("{what}: states and gradients keep their size over all steps"),
        of_bias: "the input alone drives the state".to_owned(),
    }
}

/// Gates that see an input of second moment 1, and units that remember over every scale of time.
fn gated(steps: usize, is_lstm: bool) -> Start {
    let last = (steps as f64 - 1.0).max(1.0).ln();
    let bias = (steps >= FROM).then(|| {
        // Two of four gates at ±last·u, or one of three at last·u, u even on 0 … 1.
        let (mean, second) = if is_lstm { (0.0, 1.0 / 6.0) } else { (1.0 / 6.0, 1.0 / 9.0) };
        (format!("spaced-memory:{steps}"), last * mean, last * last * second)
    });
    let of_bias = if bias.is_some() {
        format!("units remember from 2 to {steps} steps, as many for every octave")
    } else {
        "so few steps need no memory".to_owned()
    };
    Start {
        drive: 1.0,
        gain: 1.0,
        matrix: "orthogonal:1".to_owned(),
        is_mirrored: false,
        bias,
        of_input: "gates see an input of second moment 1".to_owned(),
        of_state: "orthogonal: what states say comes back whole".to_owned(),
        of_bias,
    }
}

/// E φ²/q, E φ′² and Var φ′²/(E φ′²)² over z ~ N(0, q), by a few places in log₂ q.
struct Table {
    rows: Vec<[f64; 3]>,
}

/// log₂ of the second moment at the first place of a table, and between two of them.
const LEAST: f64 = -16.0;
const EACH: f64 = 0.25;
const PLACES: u32 = 80;

/// What comes of a cell over its steps.
struct Run {
    /// ln of the gradient at the last step over that at the first.
    lost: f64,
    /// Σ Var φ′²/(E φ′²)²: the variance of the squared singular values of the product of all steps, U
    /// orthogonal (Pennington et al. 2017).
    spread: f64,
    /// E z² at last.
    second: f64,
}

impl Table {
    fn new(activation: &dyn Activation) -> Self {
        let gaussian = Gaussian::coarse(activation);
        let of = |row: u32| {
            let q = (LEAST + EACH * f64::from(row)).exp2();
            let moments = gaussian.moments(q);
            [moments.second / q, moments.slope_second, moments.slope_kurtosis() - 1.0]
        };
        Self { rows: (0..=PLACES).map(of).collect() }
    }

    /// The row at q, between two places.
    fn at(&self, q: f64) -> [f64; 3] {
        let place = ((q.log2() - LEAST) / EACH).clamp(0.0, f64::from(PLACES));
        let (row, part) = (place.floor() as usize, place.fract());
        let next = self.rows[(row + 1).min(self.rows.len() - 1)];
        std::array::from_fn(|i| self.rows[row][i] + part * (next[i] - self.rows[row][i]))
    }

    fn run(&self, (drive, gain): (f64, f64), steps: usize) -> Run {
        let (mut second, mut spread, mut lost) = (drive, 0.0, 0.0);
        for _ in 1..steps {
            let [square, slope, kurtosis] = self.at(second);
            lost -= (gain * slope).ln();
            spread += kurtosis;
            second = drive + gain * second * square;
        }
        Run { lost, spread, second }
    }
}

/// The strongest drive at the critical gain of 0 with which the gradient at the first step is within
/// [`KEPT`] of the last's, and of one size in all directions; that gain, and E z² at last.
///
/// At this gain no state can grow, whatever enters and whatever a first step of training changes a little.
fn lasting(activation: &dyn Activation, slope: f64, steps: usize) -> (f64, f64, f64) {
    let table = Table::new(activation);
    let gain = 1.0 / (slope * slope);
    let drives = (0..=PLACES).map(|place| (LEAST + EACH * f64::from(place)).exp2());
    let lasts = |drive: &f64| {
        let run = table.run((*drive, gain), steps);
        run.lost < KEPT.ln() && run.spread < 1.0
    };
    let drive = drives.take_while(lasts).last().unwrap_or(LEAST.exp2());
    (drive, gain, table.run((drive, gain), steps).second)
}
