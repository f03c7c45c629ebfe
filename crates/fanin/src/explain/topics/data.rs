//! Why the data count too: the same start on normalized features and on raw ones.

use crate::data::Prepared;
use crate::error::Result;
use crate::explain::laboratory::{Laboratory, digits, network};
use crate::explain::lesson::{Lesson, Next, Table};
use crate::explain::seeds::{Runs, SEEDS};
use crate::explain::trial::{BATCH, LARGEST_LOSS, LEARNED, LEARNING_RATE, Record, Trial, stops};
use crate::explain::words::{layers, measured, percent, size, steps, whole};
use crate::explain::{Axis, Chart, Figure, Frame, Line, Picture, Reading, Slider, Topic, Zone};
use crate::spec::Standardize;

/// Why features are normalized first.
pub struct Data;

/// What is tried: first the normalized features, then the raw ones times each factor.
struct Grid {
    factors: Vec<f64>,
    depths: Vec<usize>,
    widths: Vec<usize>,
    steps: u64,
    runs: Vec<Runs>,
}

/// The position of the normalized features.
const NORMALIZED: usize = 0;

impl Topic for Data {
    fn name(&self) -> &'static str {
        "data"
    }

    fn question(&self) -> &'static str {
        "Why normalize the data, if the weights start well?"
    }

    fn lesson(&self, laboratory: &Laboratory<'_>) -> Result<Lesson> {
        let grid = Grid::train(laboratory)?;
        let (depth, width) = (grid.depths.len() / 2, grid.widths.len() - 1);
        let largest = grid.factors.len();
        let normalized = grid.record(NORMALIZED, depth, width);
        let raw = grid.record(largest, depth, width);
        Ok(Lesson {
            topic: self.name(),
            question: self.question(),
            answer: format!(
                "Because W(1) meets the data first: from one and the same He start the digits with \
                 mean square q₀ = {} begin at a loss of {} and end at {}; in units {} times as \
                 large (q₀ = {}) they begin at {} and end in {}.",
                measured(normalized.start.input_second_moment),
                measured(normalized.start.loss),
                normalized.ending(),
                size(grid.factors[largest - 1]),
                measured(raw.start.input_second_moment),
                measured(raw.start.loss),
                raw.ending(),
            ),
            reasons: vec![
                "A scheme such as √(2/d) hands on the size that it gets. It keeps q = E[z²] from \
                 layer to layer, so features 100 times as large make everything 100 times as \
                 large: too large a start, by way of the data."
                    .to_owned(),
                "The gradient of W(1) carries the factor once more, so no learning rate fits the \
                 first layer and the others at once. Tiny features are as bad: the first layer \
                 learns nothing."
                    .to_owned(),
                "And only features around 0 make the guess around 0 right: where all \
                 pixels are positive, one digit's gradients have one sign for all weights of a \
                 unit."
                    .to_owned(),
            ],
            setting: format!(
                "Pixels go from 0 to 16; normalized, each has mean 0 and deviation 1 over the \
                 1,437 digits to learn from. He's start, relu units, {} steps of gradient descent \
                 with {BATCH} digits each, learning rate {LEARNING_RATE}, {SEEDS} seeds, of which the \
                 middle one is told.",
                grid.steps,
            ),
            table: grid.table(depth, width),
            figure: grid.figure(depth),
            next: vec![
                Next::new("fanin data", "what is in a data set, and what in it harms"),
                Next::new("fanin check --standardize none", "how fanin finds this before training"),
            ],
        })
    }
}

impl Grid {
    fn train(laboratory: &Laboratory<'_>) -> Result<Self> {
        let mut grid = Self {
            factors: laboratory.choose(vec![0.001, 0.01, 0.1, 1.0, 10.0, 100.0], vec![0.001, 10.0]),
            depths: laboratory.choose(vec![1, 2, 3, 5, 8], vec![2]),
            widths: laboratory.choose(vec![16, 64], vec![32]),
            steps: laboratory.choose(200, 100),
            runs: Vec::new(),
        };
        let raw = digits(Standardize::None)?;
        let mut sets = vec![digits(Standardize::Standard)?];
        sets.extend(grid.factors.iter().map(|&factor| times(&raw, factor)));
        let mut trials = Vec::new();
        for data in &sets {
            for &depth in &grid.depths {
                for &width in &grid.widths {
                    trials.push(Trial {
                        data,
                        model: network(data, depth, width)?,
                        scheme: "he-normal".to_owned(),
                        stops: stops(grid.steps),
                        seed: laboratory.seed,
                    });
                }
            }
        }
        grid.runs = laboratory.run_over(SEEDS, &trials)?;
        Ok(grid)
    }

    fn runs(&self, features: usize, depth: usize, width: usize) -> &Runs {
        &self.runs[(features * self.depths.len() + depth) * self.widths.len() + width]
    }

    fn record(&self, features: usize, depth: usize, width: usize) -> &Record {
        self.runs(features, depth, width).middle()
    }

    fn words(&self, features: usize) -> String {
        match features {
            NORMALIZED => "normalized".to_owned(),
            raw => format!("raw × {}", size(self.factors[raw - 1])),
        }
    }

    fn table(&self, depth: usize, width: usize) -> Table {
        let head = ["features", "q₀", "loss at the start", "steps to 80 %", "accuracy"];
        let row = |features: usize| {
            let record = self.record(features, depth, width);
            vec![
                self.words(features),
                measured(record.start.input_second_moment),
                measured(record.start.loss),
                steps(record.learned(), record.zone().word()),
                percent(record.accuracy()),
            ]
        };
        let bar = |features: usize| {
            Some(self.record(features, depth, width).accuracy()).filter(|a| !a.is_nan())
        };
        Table {
            head: head.map(str::to_owned).to_vec(),
            rows: (0..=self.factors.len()).map(row).collect(),
            bars: (0..=self.factors.len()).map(bar).collect(),
            note: format!(
                "q₀: mean square of the features of 64 digits; guessing has a loss of 2.30; {} of {} units, \
                 {} steps",
                layers(self.depths[depth]),
                self.widths[width],
                self.steps,
            ),
        }
    }

    fn figure(&self, depth: usize) -> Figure {
        let mut frames = Vec::new();
        for features in 1..=self.factors.len() {
            for depth in 0..self.depths.len() {
                let frame = |width| self.frame(features, depth, width);
                frames.extend((0..self.widths.len()).map(frame));
            }
        }
        let texts = |numbers: &[usize]| numbers.iter().map(ToString::to_string).collect();
        let factors = self.factors.iter().map(|&f| format!("× {}", size(f))).collect();
        Figure {
            title: "The same start on other units".to_owned(),
            caption: format!(
                "Loss on 360 other digits while the network learns, by powers of ten; above \
                 {} all are drawn there. Lines: the middle of {SEEDS} seeds, in a \
                 band from the best to the worst. A line that ends early ends in numbers too large \
                 for floating point.",
                whole(LARGEST_LOSS as usize),
            ),
            sliders: vec![
                Slider::new("units of the pixels", factors, self.factors.len() - 2),
                Slider::new("depth", texts(&self.depths), depth),
                Slider::new("width", texts(&self.widths), self.widths.len() - 1),
            ],
            frames,
        }
    }

    fn frame(&self, features: usize, depth: usize, width: usize) -> Frame {
        let line = |at: usize| {
            let runs = self.runs(at, depth, width);
            let (points, band) = (runs.middle().losses(), runs.losses());
            Line::measured(self.words(at), points).within(band)
        };
        let record = self.record(features, depth, width);
        let normalized = self.record(NORMALIZED, depth, width);
        let (q, loss) = (record.start.input_second_moment, record.start.loss);
        Frame {
            picture: Picture::Chart(Chart {
                x: Axis::even("step"),
                y: Axis::powers("loss"),
                lines: vec![line(NORMALIZED), line(features)],
                mark: None,
            }),
            readings: vec![
                Reading::new("q₀, mean square of the pixels", Some(q), measured(q)),
                Reading::new("loss at the start", Some(loss), measured(loss)),
                Reading::accuracy("accuracy", record.accuracy()),
                Reading::accuracy("accuracy, normalized", normalized.accuracy()),
            ],
            zone: record.zone(),
            sentence: self.sentence(features, depth, width),
        }
    }

    fn sentence(&self, features: usize, depth: usize, width: usize) -> String {
        let record = self.record(features, depth, width);
        let of = layers(self.depths[depth]);
        let (q, loss) = (record.start.input_second_moment, record.start.loss);
        let head = format!("Pixels {} have q₀ = {}", self.words(features), measured(q));
        let end = record.ending();
        match record.zone() {
            Zone::Learns => format!(
                "{head}: with {of} it learns, {} after {} steps; normalized, after {}.",
                percent(LEARNED),
                steps(record.learned(), "–"),
                steps(self.record(NORMALIZED, depth, width).learned(), "none"),
            ),
            Zone::Slow | Zone::Stuck => format!(
                "{head}: training does not get there in {} steps ({end}), starting from a \
                 loss of {}.",
                self.steps,
                measured(loss),
            ),
            Zone::TooLarge | Zone::Diverges => format!(
                "{head}, so all that follows is as large: a loss of {} before the first step, \
                 where guessing has {}. It ends in {end}.",
                measured(loss),
                measured(record.start.loss_of_zero_output),
            ),
        }
    }
}

/// The same rows in other units.
fn times(data: &Prepared, factor: f64) -> Prepared {
    let mut data = data.clone();
    for rows in std::iter::once(&mut data.train).chain(&mut data.test) {
        rows.features.iter_mut().for_each(|x| *x = (f64::from(*x) * factor) as f32);
    }
    data
}
