//! Why divide by √d: the variance of a unit's output against its number of inputs.
//!
//! Theory: z = Σ w·a over d inputs has E[z²] = d·Var(w)·E[a²], and relu halves: E[a²] = E[z²]/2
//! for weights symmetric around 0 (`docs/theory/fan-in.md`).

use crate::error::Result;
use crate::explain::laboratory::{Laboratory, digits, network};
use crate::explain::lesson::{Lesson, Next, Table};
use crate::explain::seeds::ends;
use crate::explain::trial::{BATCH, LEARNING_RATE, Record, Trial, stops};
use crate::explain::words::{layers, measured, percent, size};
use crate::explain::{Axis, Chart, Figure, Frame, Line, Picture, Reading, Slider, Topic, Zone};
use crate::spec::Standardize;

/// Why weights are divided by the square root of the number of inputs.
pub struct FanIn;

/// The two starts of every ε: as it is, and divided by √d.
const PLAIN: usize = 0;
const DIVIDED: usize = 1;

/// What is tried.
struct Grid {
    epsilons: Vec<f64>,
    depths: Vec<usize>,
    widths: Vec<usize>,
    steps: u64,
    inputs: usize,
    records: Vec<Record>,
    /// `E[z²]` of the output for each draw of the weights, by the order of the records.
    outputs: Vec<Vec<f64>>,
}

impl Topic for FanIn {
    fn name(&self) -> &'static str {
        "fan-in"
    }

    fn question(&self) -> &'static str {
        "Why are weights divided by √d?"
    }

    fn lesson(&self, laboratory: &Laboratory<'_>) -> Result<Lesson> {
        let grid = Grid::train(laboratory)?;
        let (one, last) = (grid.epsilons.iter().position(|&e| e == 1.0).unwrap_or(0), 0);
        let widest = grid.widths.len() - 1;
        let output = |start: usize, width: usize| measured(grid.output(start, one, last, width));
        Ok(Lesson {
            topic: self.name(),
            question: self.question(),
            answer: format!(
                "Because a unit adds up d inputs, and the variance of a sum grows with the number \
                 of its terms: with ε = 1 the output's mean square is {} at d = {} and {} at d = \
                 {}; with ε = 1/√d it is {} and {}.",
                output(PLAIN, 0),
                grid.widths[0],
                output(PLAIN, widest),
                grid.widths[widest],
                output(DIVIDED, 0),
                output(DIVIDED, widest),
            ),
            reasons: vec![
                "z = w₁·a₁ + … + w_d·a_d has variance d·ε²·E[a²]. Divide the weights by √d, and \
                 the d cancels: each layer hands on numbers of the size that it got, however wide \
                 it is."
                    .to_owned(),
                "Depth raises it to a power: a layer of d units multiplies E[z²] by d·ε²/2 (relu \
                 lets half pass). So √(2/d), He's rule, keeps it at every width and depth, and one \
                 and the same ε can fit one width only."
                    .to_owned(),
            ],
            setting: format!(
                "E[z²] of the output before the first step, mean of {} draws, beside theory's \
                 line; then {} steps of gradient descent with {BATCH} digits each, learning rate \
                 {LEARNING_RATE}, from the first draw. The first layer has the {} pixels as \
                 inputs.",
                grid.draws(laboratory),
                grid.steps,
                grid.inputs,
            ),
            table: grid.table(one),
            figure: grid.figure(one),
            next: vec![
                Next::new("fanin schemes he-normal", "the rule, its source, when to use it"),
                Next::new("fanin init --explain", "d and ε of every parameter of a network"),
                Next::new("fanin explain data", "the first d inputs are the data"),
            ],
        })
    }
}

impl Grid {
    fn train(laboratory: &Laboratory<'_>) -> Result<Self> {
        let data = digits(Standardize::Standard)?;
        let mut grid = Self {
            epsilons: laboratory.choose(vec![0.1, 1.0, 1.41], vec![1.0]),
            depths: laboratory.choose(vec![1, 2, 3], vec![1, 2]),
            widths: laboratory.choose(vec![4, 16, 64, 256], vec![16, 64, 256]),
            steps: laboratory.choose(100, 20),
            inputs: data.train.columns(),
            records: Vec::new(),
            outputs: Vec::new(),
        };
        let mut trials = Vec::new();
        for start in [PLAIN, DIVIDED] {
            for &epsilon in &grid.epsilons {
                for &depth in &grid.depths {
                    for &width in &grid.widths {
                        let name = ["normal", "fan-in-normal"][start];
                        trials.push(Trial {
                            data: &data,
                            model: network(&data, depth, width)?,
                            scheme: format!("{name}:{epsilon}"),
                            stops: stops(grid.steps),
                            seed: laboratory.seed,
                        });
                    }
                }
            }
        }
        grid.records = laboratory.run(&trials)?;
        let draws = grid.draws(laboratory);
        grid.outputs = laboratory.measure(&trials, draws, |start| start.output_second_moment)?;
        Ok(grid)
    }

    /// Draws of weights over which a mean square is averaged.
    fn draws(&self, laboratory: &Laboratory<'_>) -> usize {
        laboratory.choose(8, 4)
    }

    fn at(&self, start: usize, epsilon: usize, depth: usize, width: usize) -> usize {
        let of_epsilons = start * self.epsilons.len() + epsilon;
        (of_epsilons * self.depths.len() + depth) * self.widths.len() + width
    }

    fn output(&self, start: usize, epsilon: usize, depth: usize, width: usize) -> f64 {
        let draws = &self.outputs[self.at(start, epsilon, depth, width)];
        draws.iter().sum::<f64>() / draws.len() as f64
    }

    fn record(&self, start: usize, epsilon: usize, depth: usize, width: usize) -> &Record {
        &self.records[self.at(start, epsilon, depth, width)]
    }

    /// What theory expects of the output's `E[z²]`.
    fn theory(&self, start: usize, epsilon: usize, depth: usize, d: f64) -> f64 {
        let input = self.records[0].start.input_second_moment;
        let variance = |fan_in: f64| {
            let squared = self.epsilons[epsilon].powi(2);
            if start == PLAIN { squared } else { squared / fan_in }
        };
        let inputs = self.inputs as f64;
        let first = inputs * variance(inputs) * input;
        first * (d * variance(d) / 2.0).powi(self.depths[depth] as i32)
    }

    fn table(&self, epsilon: usize) -> Table {
        let depth = 0;
        let name = size(self.epsilons[epsilon]);
        let head = vec![
            "d".to_owned(),
            format!("E[z²] at ε = {name}"),
            "theory".to_owned(),
            format!("E[z²] at {name}/√d"),
            "theory".to_owned(),
            format!("accuracy at ε = {name}"),
            format!("at {name}/√d"),
        ];
        let row = |width: usize| {
            let mut row = vec![self.widths[width].to_string()];
            for start in [PLAIN, DIVIDED] {
                row.push(measured(self.output(start, epsilon, depth, width)));
                row.push(measured(self.theory(start, epsilon, depth, self.widths[width] as f64)));
            }
            row.extend(
                [PLAIN, DIVIDED]
                    .map(|start| percent(self.record(start, epsilon, depth, width).accuracy())),
            );
            row
        };
        Table {
            head,
            rows: (0..self.widths.len()).map(row).collect(),
            bars: Vec::new(),
            note: format!(
                "E[z²]: mean square of the outputs before the first step, one hidden layer of d \
                 units; accuracy after {} steps",
                self.steps,
            ),
        }
    }

    fn figure(&self, epsilon: usize) -> Figure {
        let mut frames = Vec::new();
        for epsilon in 0..self.epsilons.len() {
            for depth in 0..self.depths.len() {
                let frame = |width| self.frame(epsilon, depth, width);
                frames.extend((0..self.widths.len()).map(frame));
            }
        }
        let texts = |numbers: &[usize]| numbers.iter().map(ToString::to_string).collect();
        let epsilons = self.epsilons.iter().map(|&e| size(e)).collect();
        Figure {
            title: "The size of a sum of d terms".to_owned(),
            caption: format!(
                "Mean square of the outputs before the first step against the width d, both by \
                 powers of ten: dots are means of {} draws, in a band from the least to the \
                 largest; broken lines are d·ε²·E[a²], layer by layer.",
                self.outputs.first().map_or(0, Vec::len),
            ),
            sliders: vec![
                Slider::new("ε", epsilons, epsilon),
                Slider::new("depth", texts(&self.depths), 0),
                Slider::new("width d", texts(&self.widths), self.widths.len() / 2),
            ],
            frames,
        }
    }

    fn frame(&self, epsilon: usize, depth: usize, width: usize) -> Frame {
        let name = size(self.epsilons[epsilon]);
        let names = [format!("ε = {name}"), format!("ε = {name}/√d")];
        let mut lines = Vec::new();
        for start in [PLAIN, DIVIDED] {
            let widths = || self.widths.iter().enumerate().map(|(at, &d)| (at, d as f64));
            let theory = widths().map(|(_, d)| [d, self.theory(start, epsilon, depth, d)]);
            let point = |at: usize, d: f64| [d, self.output(start, epsilon, depth, at)];
            let points = widths().map(|(at, d)| point(at, d)).collect();
            let draws = |at: usize| &self.outputs[self.at(start, epsilon, depth, at)];
            let band = widths().filter_map(|(at, _)| ends(draws(at).iter().copied())).collect();
            let chosen = point(width, self.widths[width] as f64);
            let measured = Line::measured(names[start].clone(), points).within(band);
            lines.push(measured.choosing(Some(chosen)));
            lines.push(Line::theory(format!("theory, {}", names[start]), theory.collect()));
        }
        let output = |start: usize| self.output(start, epsilon, depth, width);
        let accuracy = |start: usize| self.record(start, epsilon, depth, width).accuracy();
        let reading = |start: usize| {
            let value = output(start);
            Reading::new(&format!("E[z²], {}", names[start]), Some(value), measured(value))
        };
        Frame {
            picture: Picture::Chart(Chart {
                x: Axis::powers("d, inputs of a unit"),
                y: Axis::powers("E[z²] of the output"),
                lines,
                mark: None,
            }),
            readings: vec![
                reading(PLAIN),
                reading(DIVIDED),
                Reading::accuracy(&format!("accuracy, {}", names[PLAIN]), accuracy(PLAIN)),
                Reading::accuracy(&format!("accuracy, {}", names[DIVIDED]), accuracy(DIVIDED)),
            ],
            zone: self.zone(epsilon, depth, width),
            sentence: self.sentence(epsilon, depth, width),
        }
    }

    /// How the start that does not divide fares.
    fn zone(&self, epsilon: usize, depth: usize, width: usize) -> Zone {
        self.record(PLAIN, epsilon, depth, width).zone()
    }

    fn sentence(&self, epsilon: usize, depth: usize, width: usize) -> String {
        let d = self.widths[width];
        let (plain, divided) =
            (self.epsilons[epsilon].powi(2) * d as f64 / 2.0, self.epsilons[epsilon].powi(2) / 2.0);
        format!(
            "With d = {d} inputs and {}, ε = {name} multiplies E[z²] by d·ε²/2 = {} in each layer \
             of d inputs, {name}/√d by {}. {} steps bring {} and {}.",
            layers(self.depths[depth]),
            measured(plain),
            measured(divided),
            self.steps,
            self.record(PLAIN, epsilon, depth, width).ending(),
            self.record(DIVIDED, epsilon, depth, width).ending(),
            name = size(self.epsilons[epsilon]),
        )
    }
}
