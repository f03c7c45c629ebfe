//! Why not exactly zero: units that start equal stay equal.

use crate::error::Result;
use crate::explain::laboratory::{Laboratory, Watched, digits, network};
use crate::explain::lesson::{Lesson, Next, Table};
use crate::explain::trial::{BATCH, LEARNING_RATE, Trial};
use crate::explain::words::{count, measured, percent, whole};
use crate::explain::{Figure, Frame, Picture, Reading, Slider, Tile, Tiles, Topic, Zone};
use crate::spec::Standardize;
use crate::weights::Weights;

/// Why weights do not start at exactly zero.
pub struct Zero;

/// A start by its words and its scheme.
type Start = (&'static str, &'static str);

/// Starts that are tried, the equal ones first.
const STARTS: [Start; 4] = [
    ("all 0", "zeros"),
    ("all 0.1", "constant:0.1"),
    ("random, ε = 0.01", "normal:0.01"),
    ("random, ε = 0.2", "normal:0.2"),
];

/// Steps whose units are shown.
const REPLAYED: [u64; 7] = [0, 1, 2, 5, 10, 20, 50];

/// What is tried.
struct Grid {
    depths: Vec<usize>,
    widths: Vec<usize>,
    steps: u64,
    runs: Vec<Watched<Seen>>,
}

/// The units of a network after some steps.
struct Seen {
    layers: Vec<Vec<Tile>>,
    gap: f64,
}

impl Topic for Zero {
    fn name(&self) -> &'static str {
        "zero"
    }

    fn question(&self) -> &'static str {
        "Why do weights not start at exactly zero?"
    }

    fn lesson(&self, laboratory: &Laboratory<'_>) -> Result<Lesson> {
        let grid = Grid::train(laboratory)?;
        let (depth, width) = grid.shown();
        let (equal, random) = (grid.run(1, depth, width), grid.run(3, depth, width));
        let gap = equal.1.iter().map(|(_, seen)| seen.gap).fold(0.0, f64::max);
        Ok(Lesson {
            topic: self.name(),
            question: self.question(),
            answer: format!(
                "Because units that start equal stay equal: after {} steps from all zeros the {} \
                 hidden units still act as {} and read {} of the digits rightly; from small random \
                 weights the same network reads {}.",
                grid.steps,
                equal.0.units.1,
                grid.run(0, depth, width).0.units.0,
                percent(grid.run(0, depth, width).0.accuracy()),
                percent(random.0.accuracy()),
            ),
            reasons: vec![
                format!(
                    "All units of layer l see the same inputs. If their weights W(l) are equal too, \
                     they answer alike, get the same error back and take the same step. The \
                     largest difference between two units of one layer, over {} steps from “all \
                     0.1”, was exactly {}.",
                    grid.steps,
                    measured(gap),
                ),
                "So the trouble is not the zero but the sameness: any constant does the same. Zero \
                 is only worse, for then no gradient passes the layer behind either, and only the \
                 last biases move."
                    .to_owned(),
                "With normalized data a weight is as likely to end positive as negative, so zero \
                 is the right middle. Small random numbers around it tell the units apart. Biases \
                 may start at 0: the weights tell the units apart already."
                    .to_owned(),
            ],
            setting: format!(
                "Networks of relu units on 1,437 handwritten digits, {} steps of gradient descent \
                 with {BATCH} digits each, learning rate {LEARNING_RATE}, biases 0, one seed.",
                grid.steps,
            ),
            table: grid.table(depth, width),
            figure: grid.figure(depth, width),
            next: vec![
                Next::new("fanin explain scale", "how near to zero, then?"),
                Next::new("fanin check --scheme zeros", "how fanin finds this before training"),
            ],
        })
    }
}

impl Grid {
    fn train(laboratory: &Laboratory<'_>) -> Result<Self> {
        let mut grid = Self {
            depths: laboratory.choose(vec![1, 2, 3], vec![1, 2]),
            widths: laboratory.choose(vec![4, 16], vec![8]),
            steps: laboratory.choose(300, 150),
            runs: Vec::new(),
        };
        let data = digits(Standardize::Standard)?;
        let mut trials = Vec::new();
        for (_, scheme) in STARTS {
            for &depth in &grid.depths {
                for &width in &grid.widths {
                    trials.push(Trial {
                        data: &data,
                        model: network(&data, depth, width)?,
                        scheme: scheme.to_owned(),
                        stops: [&REPLAYED[..], &[100, grid.steps]].concat(),
                        seed: laboratory.seed,
                    });
                }
            }
        }
        grid.runs = laboratory.watch(&trials, |_, weights| Seen::new(weights))?;
        Ok(grid)
    }

    fn run(&self, start: usize, depth: usize, width: usize) -> &Watched<Seen> {
        &self.runs[(start * self.depths.len() + depth) * self.widths.len() + width]
    }

    /// Positions of the depth and width that text and table tell of.
    fn shown(&self) -> (usize, usize) {
        (1, self.widths.len() - 1)
    }

    fn table(&self, depth: usize, width: usize) -> Table {
        let head = ["start", "units that differ", "largest gap", "loss", "accuracy"];
        let row = |(start, (words, _)): (usize, &Start)| {
            let (record, seen) = self.run(start, depth, width);
            let (last, tiles) = (record.moments.last(), seen.last());
            let (distinct, all) = tiles.map_or((0, 0), |(_, seen)| seen.distinct());
            vec![
                (*words).to_owned(),
                format!("{distinct} of {all}"),
                tiles.map_or_else(String::new, |(_, seen)| measured(seen.gap)),
                last.map_or_else(String::new, |moment| format!("{:.2}", moment.loss)),
                percent(record.accuracy()),
            ]
        };
        let bar = |start: usize| Some(self.run(start, depth, width).0.accuracy());
        Table {
            head: head.map(str::to_owned).to_vec(),
            rows: STARTS.iter().enumerate().map(row).collect(),
            bars: (0..STARTS.len()).map(bar).collect(),
            note: format!(
                "after {} steps, {} of {} units; gap: the largest difference between the weights \
                 of two units of one layer",
                self.steps,
                count(self.depths[depth], "hidden layer", "hidden layers"),
                self.widths[width],
            ),
        }
    }

    fn figure(&self, depth: usize, width: usize) -> Figure {
        let mut frames = Vec::new();
        for start in 0..STARTS.len() {
            for at in 0..REPLAYED.len() {
                for depth in 0..self.depths.len() {
                    let frame = |width| self.frame((start, depth, width), at);
                    frames.extend((0..self.widths.len()).map(frame));
                }
            }
        }
        let texts = |numbers: &[usize]| numbers.iter().map(ToString::to_string).collect();
        Figure {
            title: "Which units are equal".to_owned(),
            caption: "One tile for each hidden unit. Tiles of one color have the same weights, to \
                      the last bit; a gray one is a unit of its own."
                .to_owned(),
            sliders: vec![
                Slider::words("start", STARTS.map(|(words, _)| words.to_owned()).to_vec(), 0),
                Slider::new("step", REPLAYED.map(|step| step.to_string()).to_vec(), 0),
                Slider::new("depth", texts(&self.depths), depth),
                Slider::new("width", texts(&self.widths), width),
            ],
            frames,
        }
    }

    fn frame(&self, (start, depth, width): (usize, usize, usize), at: usize) -> Frame {
        let (record, seen) = self.run(start, depth, width);
        let (step, seen) = &seen[at.min(seen.len() - 1)];
        let moment = record.moments[at.min(record.moments.len() - 1)];
        let (distinct, all) = seen.distinct();
        let is_stuck = distinct <= self.depths[depth];
        let end = percent(record.accuracy());
        let sentence = if is_stuck {
            format!(
                "Start “{}”, step {step}: the {} of each layer are equal and act as one. After {} \
                 steps: {end} read rightly.",
                STARTS[start].0,
                count(self.widths[width], "unit", "units"),
                whole(self.steps as usize),
            )
        } else {
            format!(
                "Start “{}”, step {step}: {distinct} of {all} units differ, so each learns \
                 something of its own. After {} steps: {end} read rightly.",
                STARTS[start].0,
                whole(self.steps as usize),
            )
        };
        let layer = |number: usize| format!("layer {number}");
        Frame {
            picture: Picture::Tiles(Tiles {
                layers: (1..=seen.layers.len()).map(layer).collect(),
                units: seen.layers.clone(),
            }),
            readings: vec![
                Reading::new(
                    "units that differ",
                    Some(distinct as f64),
                    format!("{distinct} of {all}"),
                ),
                Reading::new("largest gap between units", Some(seen.gap), measured(seen.gap)),
                Reading::new("loss", Some(moment.loss), format!("{:.3}", moment.loss)),
                Reading::accuracy("accuracy", moment.accuracy),
            ],
            zone: if is_stuck { Zone::Stuck } else { record.zone() },
            sentence,
        }
    }
}

impl Seen {
    /// The units of all hidden layers; those of one class have the same weights and bias, bit by
    /// bit.
    fn new(weights: &Weights) -> Self {
        let matrices: Vec<_> =
            weights.tensors.iter().filter(|(_, tensor)| tensor.shape().rank() == 2).collect();
        let hidden = &matrices[..matrices.len() - 1];
        let mut gap = 0.0_f64;
        let mut layers = Vec::new();
        for (name, tensor) in hidden {
            let inputs = tensor.shape().axes()[1];
            let bias = weights.get(&name.replace(".weight", ".bias"));
            let bias = |unit: usize| bias.map_or(0.0, |bias| bias.data()[unit]);
            let rows: Vec<(&[f32], f32)> = tensor
                .data()
                .chunks_exact(inputs)
                .enumerate()
                .map(|(unit, row)| (row, bias(unit)))
                .collect();
            gap = rows.iter().map(|row| difference(row.0, rows[0].0)).fold(gap, f64::max);
            layers.push(tiles(&rows));
        }
        Self { layers, gap }
    }

    /// Units that differ, of all.
    fn distinct(&self) -> (usize, usize) {
        let classes = |layer: &Vec<Tile>| layer.iter().map(|t| t.class + 1).max().unwrap_or(0);
        (self.layers.iter().map(classes).sum(), self.layers.iter().map(Vec::len).sum())
    }
}

fn tiles(rows: &[(&[f32], f32)]) -> Vec<Tile> {
    let mut classes: Vec<&(&[f32], f32)> = Vec::new();
    rows.iter()
        .map(|row| {
            let known = classes.iter().position(|class| *class == row);
            let class = known.unwrap_or_else(|| {
                classes.push(row);
                classes.len() - 1
            });
            let square: f64 = row.0.iter().map(|&w| f64::from(w).powi(2)).sum();
            Tile { class, size: (square / row.0.len() as f64).sqrt() }
        })
        .collect()
}

fn difference(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max)
}
