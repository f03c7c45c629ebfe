//! Is what theory foresees of every network what is measured in it?
//!
//! Hidden layers are widened to 512 units, where theory should hold. A deep network of any one draw
//! strays from the mean over draws, so draws are added until their mean is known well enough. Where
//! it does not hold, what may be the cause is changed and measured again: the width, the size of the
//! outputs; and borders of pictures are held against their middles.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use fanin::check::evidence::Horizon;
use fanin::data::Prepared;
use fanin::engine::{self, Plan, Wire};
use fanin::init::{self, Rules};
use fanin::recommend::{Expected, Problem, expected, expected_on};
use fanin::spec::{Layout, Mode, Network as Graphed};
use fanin::train::Course;
use fanin::weights::Weights;
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
/// Units of every hidden layer where a width of 512 may be too small: what goes with one over the width
/// is then four times as much.
pub const NARROW: usize = 128;
/// The scheme of a head whose outputs are so small that what rows are answered does not go by them.
const QUIET: &str = "normal:0.001";
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
    /// What was tried where it is off.
    #[serde(default)]
    pub tried: Tried,
}

/// Causes that were tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Signal and gradient of the same layers in a network a quarter as wide.
    #[serde(default)]
    pub narrow: Option<[Ratio; 2]>,
    /// Signal and gradient of the layers that are then farthest off, with outputs near 0.
    pub quiet: Option<[Ratio; 2]>,
    /// E z² at the borders of pictures over that of their middles, in the layer whose signal is
    /// farthest off.
    pub border: Option<f64>,
    /// The cosines of neighbors and of any two places in the pictures of the layer where they are
    /// farthest apart.
    #[serde(default)]
    pub places: Option<[f64; 2]>,
    /// The first layer whose numbers are more than f32 holds in some draw, and E z² there as theory has it.
    #[serde(default)]
    pub overflow: Option<(usize, f64)>,
}

impl Ratio {
    /// Whether it is within the bound, or as near as what was measured is known: two errors, neither
    /// of which may be large.
    pub fn holds(&self) -> bool {
        self.is_known() && self.value.ln().abs() <= BOUND.ln().max(2.0 * self.error)
    }

    /// Whether it was measured well enough to say anything.
    pub fn is_known(&self) -> bool {
        /// Twice this is a factor of 1.5.
        const MOST: f64 = 0.2;
        self.error <= MOST
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

/// What theory says of every layer, and what draw by draw was measured.
struct Look {
    told: Vec<Expected>,
    measured: Vec<Vec<Measured>>,
}

/// What is measured of a layer in one draw.
#[derive(Clone, Copy)]
struct Measured {
    /// E z² and ‖∂loss/∂W‖².
    squares: [f64; 2],
    /// E z² at borders and in middles, where there are both.
    border: Option<[f64; 2]>,
    /// E z·z′ of neighbors and of any two places, and E z², in pictures.
    places: Option<[f64; 3]>,
}

fn one(network: &Network, data: &Prepared, seconds: f64) -> fanin::Result<Foreseen> {
    let wide = network.widened(WIDTH);
    let scheme = usual(network);
    let own = wide.as_ref().unwrap_or(network);
    let look = look(own, data, &Rules::new(scheme), seconds)?;
    let [signal, gradient] = [0, 1].map(|which| look.worst(which));
    let mut found = Foreseen {
        task: network.task.name().to_owned(),
        network: network.name.clone(),
        scheme: scheme.to_owned(),
        width: wide.as_ref().map(|_| WIDTH),
        draws: look.measured.len() as u64,
        signal,
        gradient,
        tried: Tried::default(),
    };
    if !found.holds() {
        found.tried = tried(network, data, (&found, &look), seconds)?;
    }
    Ok(found)
}

fn tried(
    network: &Network,
    data: &Prepared,
    (found, own): (&Foreseen, &Look),
    seconds: f64,
) -> fanin::Result<Tried> {
    let layers = [found.signal.layer, found.gradient.layer];
    let narrow = match network.widened(NARROW) {
        Some(narrow) => {
            let look = look(&narrow, data, &Rules::new(&found.scheme), seconds)?;
            Some([0, 1].map(|which| look.ratio(layers[which], which)))
        }
        None => None,
    };
    let same = network.widened(WIDTH);
    let same = same.as_ref().unwrap_or(network);
    let parameters = same.model()?.parameters()?;
    let head = parameters.iter().rfind(|own| own.place.is_head && own.role.is_matrix());
    let quiet = match head {
        Some(head) if !found.gradient.holds() => {
            let patterns = vec![(head.name.clone(), QUIET.to_owned())];
            let rules = Rules { patterns, ..Rules::new(&found.scheme) };
            let look = look(same, data, &rules, seconds)?;
            Some([0, 1].map(|which| look.worst(which)))
        }
        _ => None,
    };
    let is_over =
        |&layer: &usize| own.measured.iter().any(|draw| !draw[layer].squares[0].is_finite());
    let over = (0..own.told.len()).find(is_over);
    let overflow = over.map(|layer| (layer, own.told[layer].signal.min(f64::MAX)));
    let borders = own.measured.iter().filter_map(|draw| draw[layers[0]].border);
    let [border, middle] =
        borders.fold([0.0; 2], |sums: [f64; 2], own| [sums[0] + own[0], sums[1] + own[1]]);
    let cosines = (0..own.told.len()).filter_map(|layer| {
        let draws = own.measured.iter().filter_map(|draw| draw[layer].places);
        let sums = draws.reduce(|a, b| std::array::from_fn(|which| a[which] + b[which]));
        sums.map(|[near, any, square]| [near / square, any / square])
    });
    let places = cosines.max_by(|a, b| (a[0] - a[1]).total_cmp(&(b[0] - b[1])));
    let border = (middle > 0.0).then(|| border / middle);
    Ok(Tried { narrow, quiet, border, places, overflow })
}

/// Draws weights until the means of what is measured are known, or so many seconds have passed.
fn look(network: &Network, data: &Prepared, rules: &Rules, seconds: f64) -> fanin::Result<Look> {
    let begun = Instant::now();
    let model = network.model()?;
    let course = Course::new(&network.spec(), data.task, 0)?;
    let horizon: Horizon = course.horizon(data.train.rows())?;
    let mut look = Look { told: Vec::new(), measured: Vec::new() };
    let mut drawn: Option<Drawn> = None;
    loop {
        let seed = look.measured.len() as u64;
        let weights = init::for_model(&model, rules, seed)?;
        let problem = Problem {
            model: &model,
            loss: &course.loss,
            weights: &weights,
            data: Some(&data.train),
            horizon,
            seed,
        };
        if look.told.is_empty() {
            look.told = expected(&problem)?;
        }
        look.measured.push(measure(&problem)?);
        match &mut drawn {
            Some(drawn) => drawn.add(&weights),
            None => drawn = Some(Drawn::new(&weights)),
        }
        let error = [0, 1].map(|which| look.worst(which).error).into_iter().fold(0.0, f64::max);
        let draws = look.measured.len() as u64;
        let is_known = error < ERROR && draws >= DRAWS.0;
        let is_late = begun.elapsed().as_secs_f64() > seconds && draws > 1;
        if is_known || is_late || draws >= DRAWS.1 {
            if let Some(drawn) = drawn {
                look.told = expected(&Problem { weights: &drawn.typical(), ..problem })?;
            }
            return Ok(look);
        }
    }
}

/// The weights of the first draw, and the sums of squares of each over all draws.
struct Drawn {
    first: Weights,
    squares: Vec<f64>,
    draws: f64,
}

impl Drawn {
    fn new(weights: &Weights) -> Self {
        Self { first: weights.clone(), squares: squares(weights).collect(), draws: 1.0 }
    }

    fn add(&mut self, weights: &Weights) {
        self.squares.iter_mut().zip(squares(weights)).for_each(|(sum, own)| *sum += own);
        self.draws += 1.0;
    }

    /// Weights as large as they are in the mean over draws: those of a small layer stray by some percent
    /// in each, and a deep network by all of them together.
    fn typical(self) -> Weights {
        let own: Vec<f64> = squares(&self.first).collect();
        let mut weights = self.first;
        for ((_, tensor), (sum, own)) in
            weights.tensors.iter_mut().zip(self.squares.iter().zip(own))
        {
            if own > 0.0 {
                let by = (sum / self.draws / own).sqrt();
                tensor.data_mut().iter_mut().for_each(|w| *w = (f64::from(*w) * by) as f32);
            }
        }
        weights
    }
}

/// The sum of squares of every tensor.
fn squares(weights: &Weights) -> impl Iterator<Item = f64> {
    let square = |x: &f32| f64::from(*x).powi(2);
    weights.tensors.iter().map(move |(_, tensor)| tensor.data().iter().map(square).sum())
}

impl Look {
    /// The layer whose signal (0) or gradient (1) is farthest from what was told.
    fn worst(&self, which: usize) -> Ratio {
        let far = |own: &Ratio| if own.value > 0.0 { own.value.ln().abs() } else { f64::INFINITY };
        let ratios = (0..self.told.len()).map(|layer| self.ratio(layer, which));
        let none = Ratio { value: 1.0, error: 0.0, layer: 0 };
        ratios.max_by(|a, b| far(a).total_cmp(&far(b))).unwrap_or(none)
    }

    /// What was told of a layer's signal (0) or gradient (1) over what was measured.
    fn ratio(&self, layer: usize, which: usize) -> Ratio {
        let count = self.measured.len() as f64;
        let own = self.measured.iter().map(|draw| draw[layer].squares[which]);
        let mean = own.clone().sum::<f64>() / count;
        let square = own.map(|x| (x / mean - 1.0).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        let told = self.told[layer];
        let told = if which == 0 { told.signal } else { told.gradient };
        let is_nothing = told == 0.0 && mean == 0.0;
        let ratio = if is_nothing { 1.0 } else { told / mean };
        // What overflows is told as nothing, which no file needs a word for.
        let finite = |x: f64| if x.is_finite() { x } else { 0.0 };
        Ratio { value: finite(ratio), error: finite((square / count).sqrt()), layer }
    }
}

/// What is measured of every layer, over the rows that theory speaks of.
fn measure(problem: &Problem<'_>) -> fanin::Result<Vec<Measured>> {
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
        let squares = [squares(z) / z.len() as f64, squares(workspace.read(layer))];
        let wires = &network.layers[layer];
        let axes = network.graph.shape(wires.pre_activation).axes();
        let is_picture = wires.layout == Layout::CHANNELS_FIRST && axes.len() == 4;
        let (border, places) = if is_picture {
            (by_place(z, axes[2], axes[3]), Some(alike(z, axes[2], axes[3])))
        } else {
            (None, None)
        };
        Measured { squares, border, places }
    };
    Ok((0..layers).map(of).collect())
}

/// E z² at the borders of pictures, and in their middles; none where there is no middle.
fn by_place(z: &[f32], height: usize, width: usize) -> Option<[f64; 2]> {
    let (mut sums, mut counts) = ([0.0; 2], [0.0; 2]);
    for (place, z) in z.iter().enumerate() {
        let (row, column) = (place / width % height, place % width);
        let inside = (1..height - 1).contains(&row) && (1..width - 1).contains(&column);
        sums[usize::from(inside)] += f64::from(*z).powi(2);
        counts[usize::from(inside)] += 1.0;
    }
    (counts[1] > 0.0).then(|| [sums[0] / counts[0], sums[1] / counts[1]])
}

/// E z·z′ of neighbors in a row of a picture and of any two places of it, and E z².
fn alike(z: &[f32], height: usize, width: usize) -> [f64; 3] {
    let (mut sums, mut counts) = ([0.0; 3], [0.0; 3]);
    let count = (height * width) as f64;
    for picture in z.chunks_exact(height * width) {
        for row in picture.chunks_exact(width) {
            let pairs = row.windows(2).map(|pair| f64::from(pair[0]) * f64::from(pair[1]));
            sums[0] += pairs.sum::<f64>();
            counts[0] += (width - 1) as f64;
        }
        let sum: f64 = picture.iter().map(|&z| f64::from(z)).sum();
        let square: f64 = picture.iter().map(|&z| f64::from(z).powi(2)).sum();
        sums[1] += sum * sum - square;
        counts[1] += count * (count - 1.0);
        sums[2] += square;
        counts[2] += count;
    }
    std::array::from_fn(|which| if counts[which] > 0.0 { sums[which] / counts[which] } else { 0.0 })
}
