//! Is what theory foresees of every network what is measured in it?
//!
//! Hidden layers are widened to 512 units, where theory should hold. A deep network of any one draw
//! strays from the mean over draws, so draws are added until their mean is known well enough.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use fanin::check::evidence::Horizon;
use fanin::data::Prepared;
use fanin::engine::{self, Plan, Wire};
use fanin::init::{self, Rules};
use fanin::recommend::{Problem, expected, expected_on};
use fanin::spec::{Mode, Network as Graphed};
use fanin::train::Course;
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::networks::Network;
use crate::record::read;
use crate::score::usual;
use crate::tasks::Tasks;

/// Units of every hidden layer.
const WIDTH: usize = 512;
/// A mean is known well enough with this standard error.
const ERROR: f64 = 0.03;
/// Draws at least and at most.
const DRAWS: (u64, u64) = (4, 256);
/// How far a second moment may be off, as a factor.
pub const BOUND: f64 = 1.1;

/// What theory says of one quantity of a network over what was measured, where it is farthest off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// Foreseen over measured second moment.
    pub value: f64,
    /// The relative standard error of what was measured.
    pub error: f64,
    /// The layer, counted from 0.
    pub layer: usize,
}

/// How well a network is foreseen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Foreseen {
    /// The task's name.
    pub task: String,
    /// The network's name, before it was widened.
    pub network: String,
    /// The scheme that drew it.
    pub scheme: String,
    /// Units of its hidden layers; none where it kept its own.
    pub width: Option<usize>,
    /// Draws whose mean was taken.
    pub draws: u64,
    /// E z².
    pub signal: Ratio,
    /// E‖∂loss/∂W‖².
    pub gradient: Ratio,
}

impl Ratio {
    /// Whether it is within the bound, or as near as what was measured is known: two errors.
    pub fn holds(&self) -> bool {
        self.value.ln().abs() <= BOUND.ln().max(2.0 * self.error)
    }
}

impl Foreseen {
    /// Whether signal and gradient are foreseen.
    pub fn holds(&self) -> bool {
        self.signal.holds() && self.gradient.holds()
    }
}

/// Measures every network that the file at `path` lacks, at most `seconds` each, and appends to it.
///
/// # Errors
/// If the file cannot be written, or a network cannot be built.
pub fn all(networks: &[Network], path: &Path, seconds: f64) -> Result<(), Failure> {
    let known: Vec<Foreseen> = read(path)?;
    let tasks = Tasks::load();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    for network in networks {
        if known.iter().any(|own| own.network == network.name && own.task == network.task.name()) {
            continue;
        }
        let Some(data) = tasks.get(network)? else { continue };
        let found = fanin::with_threads(Some(1), || one(network, &data, seconds))??;
        writeln!(file, "{}", serde_json::to_string(&found)?)?;
        let word = if found.holds() { "foreseen" } else { "OFF" };
        eprintln!("{}: {word}: {found:?}", network.describe());
    }
    Ok(())
}

fn one(network: &Network, data: &Prepared, seconds: f64) -> fanin::Result<Foreseen> {
    let begun = Instant::now();
    let wide = network.widened(WIDTH);
    let model = wide.as_ref().unwrap_or(network).model()?;
    let course = Course::new(&network.spec(), data.task, 0)?;
    let horizon: Horizon = course.horizon(data.train.rows())?;
    let scheme = usual(network);
    let mut told = Vec::new();
    let mut measured: Vec<Vec<[f64; 2]>> = Vec::new();
    loop {
        let seed = measured.len() as u64;
        let weights = init::for_model(&model, &Rules::new(scheme), seed)?;
        let problem = Problem {
            model: &model,
            loss: &course.loss,
            weights: &weights,
            data: Some(&data.train),
            horizon,
            seed,
        };
        if told.is_empty() {
            told = expected(&problem)?;
        }
        measured.push(measure(&problem)?);
        let (signal, gradient) = (worst(&told, &measured, 0), worst(&told, &measured, 1));
        let draws = measured.len() as u64;
        let is_known = signal.error.max(gradient.error) < ERROR && draws >= DRAWS.0;
        let is_late = begun.elapsed().as_secs_f64() > seconds && draws > 1;
        if is_known || is_late || draws >= DRAWS.1 {
            let (task, network) = (network.task.name().to_owned(), network.name.clone());
            let (scheme, width) = (scheme.to_owned(), wide.map(|_| WIDTH));
            return Ok(Foreseen { task, network, scheme, width, draws, signal, gradient });
        }
    }
}

/// The layer whose signal (0) or gradient (1) is farthest from what was told.
fn worst(told: &[fanin::recommend::Expected], measured: &[Vec<[f64; 2]>], which: usize) -> Ratio {
    let count = measured.len() as f64;
    let of = |(layer, told): (usize, &fanin::recommend::Expected)| {
        let own = measured.iter().map(|draw| draw[layer][which]);
        let mean = own.clone().sum::<f64>() / count;
        let square = own.map(|x| (x / mean - 1.0).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        let told = if which == 0 { told.signal } else { told.gradient };
        let is_nothing = told == 0.0 && mean == 0.0;
        let ratio = if is_nothing { 1.0 } else { told / mean };
        // What overflows is told as nothing, which no file needs a word for.
        let finite = |x: f64| if x.is_finite() { x } else { 0.0 };
        Ratio { value: finite(ratio), error: finite((square / count).sqrt()), layer }
    };
    let far = |own: &Ratio| if own.value > 0.0 { own.value.ln().abs() } else { f64::INFINITY };
    let ratios = told.iter().enumerate().map(of);
    let none = Ratio { value: 1.0, error: 0.0, layer: 0 };
    ratios.max_by(|a, b| far(a).total_cmp(&far(b))).unwrap_or(none)
}

/// E z² and ‖∂loss/∂W‖² of every layer, over the rows that theory speaks of.
fn measure(problem: &Problem<'_>) -> fanin::Result<Vec<[f64; 2]>> {
    let data = problem.data.expect("every task has rows");
    let rows = expected_on(problem);
    let mut network = Graphed::new(problem.model, problem.loss, rows.len(), Mode::Probe)?;
    let parameters = network.graph.parameters().to_vec();
    let wanted: Vec<Wire> = network.layers.iter().map(|l| parameters[l.weight]).collect();
    let mut keep = engine::gradients(&mut network.graph, network.loss, &wanted)?;
    keep.extend(network.layers.iter().map(|layer| layer.pre_activation));
    let plan = Plan::new(&network.graph, &keep)?;
    let mut workspace = plan.workspace::<f32>();
    let (features, targets) = workspace.feed_pair(Graphed::FEATURES, Graphed::TARGETS);
    data.gather(&rows, features, targets, 0.0);
    plan.run(&network.arrange(problem.weights)?, &mut workspace);
    let squares = |x: &[f32]| x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
    let layers = network.layers.len();
    let of = |layer: usize| {
        let z = workspace.read(layers + layer);
        [squares(z) / z.len() as f64, squares(workspace.read(layer))]
    };
    Ok((0..layers).map(of).collect())
}
