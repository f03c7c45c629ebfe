//! What is measured of a network over draws of its weights, kept so that another law of theory is held
//! against it without measuring anew.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use fanin::check::evidence::Horizon;
use fanin::data::Prepared;
use fanin::engine::{self, Plan, Wire};
use fanin::init::{self, Rules};
use fanin::recommend::{Problem, expected_on};
use fanin::spec::{Layout, Mode, Model, Network as Graphed};
use fanin::train::Course;
use fanin::weights::Weights;
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::networks::Network;
use crate::record::read;

/// A mean is known well enough with this standard error.
const ERROR: f64 = 0.03;
/// Draws at least and at most.
const DRAWS: (u64, u64) = (4, 2048);

/// Means over draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Task, network, width and rules.
    pub key: String,
    /// Draws whose mean was taken.
    pub draws: u64,
    /// Layers in their order.
    pub layers: Vec<Layer>,
    /// Of every tensor in order, its mean size over draws over that of the first draw: weights of a small layer
    /// stray by some percent in each, and a deep network by all of them together.
    sizes: Vec<f64>,
}

/// What is measured of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// E z² and E‖∂loss/∂W‖².
    pub squares: [Mean; 2],
    /// E z² at borders and in middles, where there are both.
    pub border: Option<[f64; 2]>,
    /// E z·z′ of neighbors and of any two places, and E z², in pictures.
    pub places: Option<[f64; 3]>,
}

/// A mean over draws.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// The mean; none where a draw is more than f32 holds.
    pub value: Option<f64>,
    /// Its relative standard error.
    pub error: f64,
}

/// A network that is measured, and on what.
pub struct Subject<'a> {
    /// The network, as wide as it is measured.
    pub network: &'a Network,
    /// Which form of it: width and head.
    pub form: &'a str,
    /// What it is to learn.
    pub data: &'a Prepared,
    /// What draws it.
    pub rules: &'a Rules,
}

/// What was measured so far, and the file that keeps it.
pub struct Store {
    known: Vec<Measured>,
    file: File,
    seconds: f64,
}

impl Store {
    /// What the file at `path` has; networks that it lacks are measured for `seconds` each.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn open(path: &Path, seconds: f64) -> Result<Self, Failure> {
        let known = read(path)?;
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { known, file, seconds })
    }

    /// What is measured of a network: from the file, or now and added to it.
    ///
    /// # Errors
    /// If the network cannot be built, or the file cannot be written.
    pub fn get(&mut self, subject: &Subject<'_>) -> Result<Measured, Failure> {
        let Subject { network, form, rules, .. } = subject;
        let (task, name) = (network.task.name(), &network.name);
        let key = format!("{task}: {name}, {form}, {}", rules.default);
        if let Some(known) = self.known.iter().find(|own| own.key == key) {
            return Ok(known.clone());
        }
        let found = subject.measure(key, self.seconds)?;
        writeln!(self.file, "{}", serde_json::to_string(&found)?)?;
        self.known.push(found.clone());
        Ok(found)
    }
}

impl Subject<'_> {
    /// Hands on the problem of a network with these weights.
    ///
    /// # Errors
    /// If the network cannot be trained, or what is done fails.
    pub fn with<T>(
        &self,
        model: &Model,
        weights: &Weights,
        then: impl FnOnce(&Problem<'_>) -> fanin::Result<T>,
    ) -> fanin::Result<T> {
        let course = Course::new(&self.network.spec(), self.data.task, 0)?;
        let horizon: Horizon = course.horizon(self.data.train.rows())?;
        let (loss, data) = (&course.loss, Some(&self.data.train));
        then(&Problem { model, loss, weights, data, horizon, seed: 0 })
    }

    /// Draws weights until the means of what is measured are known, or so many seconds have passed.
    fn measure(&self, key: String, seconds: f64) -> fanin::Result<Measured> {
        let begun = Instant::now();
        let model = self.network.model()?;
        let (mut looks, mut first, mut sums): (Vec<Vec<Look>>, Vec<f64>, Vec<f64>) =
            Default::default();
        loop {
            let weights = init::for_model(&model, self.rules, looks.len() as u64)?;
            looks.push(self.with(&model, &weights, look)?);
            let squares: Vec<f64> = squares(&weights).collect();
            if looks.len() == 1 {
                sums = vec![0.0; squares.len()];
                first.clone_from(&squares);
            }
            sums.iter_mut().zip(squares).for_each(|(sum, own)| *sum += own);
            let draws = looks.len() as u64;
            let layers: Vec<Layer> = (0..looks[0].len()).map(|at| Layer::of(&looks, at)).collect();
            let errors = layers.iter().flat_map(|own| own.squares.map(|mean| mean.error));
            let is_known = errors.fold(0.0, f64::max) < ERROR && draws >= DRAWS.0;
            let is_late = begun.elapsed().as_secs_f64() > seconds && draws > 1;
            if is_known || is_late || draws >= DRAWS.1 {
                let size = |(sum, first): (&f64, &f64)| {
                    if *first > 0.0 { (sum / draws as f64 / first).sqrt() } else { 1.0 }
                };
                let sizes = sums.iter().zip(&first).map(size).collect();
                return Ok(Measured { key, draws, layers, sizes });
            }
        }
    }
}

impl Measured {
    /// The weights of the first draw, each tensor as large as it is in the mean over draws.
    ///
    /// # Errors
    /// If they cannot be drawn.
    pub fn typical(&self, model: &Model, rules: &Rules) -> fanin::Result<Weights> {
        let mut weights = init::for_model(model, rules, 0)?;
        for ((_, tensor), by) in weights.tensors.iter_mut().zip(&self.sizes) {
            tensor.data_mut().iter_mut().for_each(|w| *w = (f64::from(*w) * by) as f32);
        }
        Ok(weights)
    }
}

impl Layer {
    /// The means of one layer.
    fn of(looks: &[Vec<Look>], layer: usize) -> Self {
        let own = || looks.iter().map(|draw| draw[layer]);
        let count = looks.len() as f64;
        let mean = |which: usize| {
            let own = || own().map(move |draw| draw.squares[which]);
            let mean = own().sum::<f64>() / count;
            let square = own().map(|x| (x / mean - 1.0).powi(2)).sum::<f64>();
            let error = (square / (count - 1.0).max(1.0) / count).sqrt();
            let finite = |x: f64| if x.is_finite() { x } else { 0.0 };
            Mean { value: Some(mean).filter(|mean| mean.is_finite()), error: finite(error) }
        };
        Self {
            squares: [mean(0), mean(1)],
            border: own()
                .filter_map(|draw| draw.border)
                .reduce(add)
                .map(|sum| sum.map(|x| x / count)),
            places: own()
                .filter_map(|draw| draw.places)
                .reduce(add)
                .map(|sum| sum.map(|x| x / count)),
        }
    }
}

fn add<const N: usize>(a: [f64; N], b: [f64; N]) -> [f64; N] {
    std::array::from_fn(|which| a[which] + b[which])
}

/// The sum of squares of every tensor.
fn squares(weights: &Weights) -> impl Iterator<Item = f64> {
    let square = |x: &f32| f64::from(*x).powi(2);
    weights.tensors.iter().map(move |(_, tensor)| tensor.data().iter().map(square).sum())
}

/// A layer in one draw.
#[derive(Clone, Copy)]
struct Look {
    squares: [f64; 2],
    border: Option<[f64; 2]>,
    places: Option<[f64; 3]>,
}

/// What is measured of every layer, over the rows that theory speaks of.
fn look(problem: &Problem<'_>) -> fanin::Result<Vec<Look>> {
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
        Look { squares, border, places }
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
