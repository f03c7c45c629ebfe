//! How near to zero: training against the size ε of the starting weights.

use crate::error::Result;
use crate::explain::laboratory::{Laboratory, digits, network};
use crate::explain::lesson::{Lesson, Next, Table};
use crate::explain::seeds::{Runs, SEEDS};
use crate::explain::trial::{BATCH, LEARNED, LEARNING_RATE, Record, Trial, stops};
use crate::explain::words::{count, layers, measured, percent, size, steps};
use crate::explain::{
    Axis, Chart, Figure, Frame, Line, Mark, Picture, Reading, Slider, Topic, Zone,
};
use crate::spec::Standardize;

/// How near to zero weights should start.
pub struct Scale;

/// Where ε = 0 stands on an axis of powers.
const PLACE_OF_ZERO: f64 = 1e-5;

/// What is tried.
struct Grid {
    epsilons: Vec<f64>,
    depths: Vec<usize>,
    widths: Vec<usize>,
    steps: u64,
    runs: Vec<Runs>,
}

impl Topic for Scale {
    fn name(&self) -> &'static str {
        "scale"
    }

    fn question(&self) -> &'static str {
        "How near to zero should weights start?"
    }

    fn lesson(&self, laboratory: &Laboratory<'_>) -> Result<Lesson> {
        let grid = Grid::train(laboratory)?;
        let shown = grid.depths.len() / 2;
        Ok(Lesson {
            topic: self.name(),
            question: self.question(),
            answer: grid.answer(shown),
            reasons: vec![
                "Too small: signal and gradient are products of the weights W(1)·W(2)·…, so a \
                 tenth of ε leaves a tenth per layer. One layer forgives that, ten do not."
                    .to_owned(),
                "Too large: each layer multiplies the numbers instead. The first answers are wrong \
                 with certainty, and the steps that follow are wild or no numbers at all."
                    .to_owned(),
                format!(
                    "In between lies a valley, and the deeper the network, the narrower it is. \
                     He's rule ε = √(2/d) puts you into it: d inputs of a unit add up to a \
                     variance of d·ε², and relu halves it. For d = {} that is {:.2}.",
                    grid.width(),
                    he(grid.width()),
                ),
            ],
            setting: grid.setting(),
            table: grid.table(shown),
            figure: grid.figure(shown),
            next: vec![
                Next::new("fanin explain depth", "why depth makes it worse"),
                Next::new("fanin explain fan-in", "where √d comes from"),
                Next::new(
                    "fanin compare --sweep scale",
                    "tanh units on x1·x2, five seeds, as a file",
                ),
            ],
        })
    }
}

/// He's choice for relu units with `fan_in` inputs.
fn he(fan_in: usize) -> f64 {
    (2.0 / fan_in as f64).sqrt()
}

impl Grid {
    fn train(laboratory: &Laboratory<'_>) -> Result<Self> {
        let whole = [0.0, 1e-3, 0.01, 0.03, 0.06, 0.1, 0.2, 0.3, 0.5, 1.0, 3.0, 10.0, 100.0];
        let mut grid = Self {
            epsilons: laboratory.choose(whole.to_vec(), vec![0.0, 1e-3, 0.03, 0.2, 1.0, 100.0]),
            depths: laboratory.choose(vec![1, 2, 3, 5, 8], vec![1, 3]),
            widths: laboratory.choose(vec![16, 32], vec![16]),
            steps: laboratory.choose(200, 150),
            runs: Vec::new(),
        };
        let data = digits(Standardize::Standard)?;
        let mut trials = Vec::new();
        for &epsilon in &grid.epsilons {
            for &depth in &grid.depths {
                for &width in &grid.widths {
                    trials.push(Trial {
                        data: &data,
                        model: network(&data, depth, width)?,
                        scheme: format!("normal:{epsilon}"),
                        stops: stops(grid.steps),
                        seed: laboratory.seed,
                    });
                }
            }
        }
        grid.runs = laboratory.run_over(SEEDS, &trials)?;
        Ok(grid)
    }

    fn runs(&self, epsilon: usize, depth: usize, width: usize) -> &Runs {
        &self.runs[(epsilon * self.depths.len() + depth) * self.widths.len() + width]
    }

    fn record(&self, epsilon: usize, depth: usize, width: usize) -> &Record {
        self.runs(epsilon, depth, width).middle()
    }

    /// The widest network, which the table shows.
    fn width(&self) -> usize {
        self.widths[self.widths.len() - 1]
    }

    fn setting(&self) -> String {
        format!(
            "Every weight starts as ε·N(0, 1), every bias as 0. Networks of relu units on 1,437 \
             handwritten digits, {} steps of gradient descent with {BATCH} digits each, learning \
             rate {LEARNING_RATE}, {SEEDS} seeds, of which the middle one is told. Learned: {} of 360 \
             other digits read rightly.",
            self.steps,
            percent(LEARNED),
        )
    }

    /// ε that learn at a depth of the widest network, with their steps.
    fn learned(&self, depth: usize) -> Vec<(f64, u64)> {
        let last = self.widths.len() - 1;
        let found = |(at, &epsilon): (usize, &f64)| {
            Some((epsilon, self.record(at, depth, last).learned()?))
        };
        self.epsilons.iter().enumerate().filter_map(found).collect()
    }

    fn answer(&self, depth: usize) -> String {
        let learned = self.learned(depth);
        let (of, width) = (layers(self.depths[depth]), self.width());
        match (learned.iter().min_by_key(|(_, steps)| *steps), learned.first(), learned.last()) {
            (Some((best, fewest)), ..) if learned.len() == 1 => format!(
                "Near, but not too near: with {of} of {width} units only ε = {} of those tried \
                 learned ({fewest} steps), and 0 never does.",
                size(*best),
            ),
            (Some((best, fewest)), Some((least, _)), Some((most, _))) => format!(
                "Near, but not too near: with {of} of {width} units ε = {} learned fastest \
                 ({fewest} steps), only {} to {} learned at all, and 0 never does.",
                size(*best),
                size(*least),
                size(*most),
            ),
            _ => format!("With {of} of {width} units no ε tried learned in {} steps.", self.steps),
        }
    }

    fn table(&self, shown: usize) -> Table {
        let last = self.widths.len() - 1;
        let mut head = vec!["ε".to_owned()];
        head.extend(self.depths.iter().map(|depth| format!("depth {depth}")));
        head.push(format!("accuracy at depth {}", self.depths[shown]));
        let row = |at: usize| {
            let mut row = vec![size(self.epsilons[at])];
            row.extend((0..self.depths.len()).map(|depth| {
                let record = self.record(at, depth, last);
                steps(record.learned(), record.zone().word())
            }));
            row.push(percent(self.record(at, shown, last).accuracy()));
            row
        };
        let bar = |at: usize| Some(self.record(at, shown, last).accuracy()).filter(|a| !a.is_nan());
        Table {
            head,
            rows: (0..self.epsilons.len()).map(row).collect(),
            bars: (0..self.epsilons.len()).map(bar).collect(),
            note: format!(
                "steps until {} are read rightly, or how it failed; depth: number of hidden layers, \
                 {} units each",
                percent(LEARNED),
                self.width(),
            ),
        }
    }

    fn figure(&self, shown: usize) -> Figure {
        let mut frames = Vec::new();
        for at in 0..self.epsilons.len() {
            for depth in 0..self.depths.len() {
                frames.extend((0..self.widths.len()).map(|width| self.frame(at, depth, width)));
            }
        }
        let texts = |numbers: &[usize]| numbers.iter().map(ToString::to_string).collect();
        let start = self.epsilons.iter().position(|&e| e == 0.01).unwrap_or(1);
        Figure {
            title: "The U-curve".to_owned(),
            caption: format!(
                "Steps until {} are read rightly against the size ε of the starting weights, one \
                 line for each depth: the middle of {SEEDS} seeds, in a band from the first to the \
                 last. The points at the top never got there within {} steps; the leftmost ones are \
                 ε = 0.",
                percent(LEARNED),
                self.steps,
            ),
            sliders: vec![
                Slider::new("ε", self.epsilons.iter().map(|&e| size(e)).collect(), start),
                Slider::new("depth", texts(&self.depths), shown),
                Slider::new("width", texts(&self.widths), self.widths.len() - 1),
            ],
            frames,
        }
    }

    fn frame(&self, at: usize, depth: usize, width: usize) -> Frame {
        let runs = self.runs(at, depth, width);
        let height = |record: &Record| record.learned().unwrap_or(2 * self.steps).max(1) as f64;
        let point = |at: usize, depth: usize| {
            [self.epsilons[at].max(PLACE_OF_ZERO), height(self.record(at, depth, width))]
        };
        let line = |(d, &layers_of): (usize, &usize)| {
            let all = 0..self.epsilons.len();
            let ends = |at: usize| self.runs(at, d, width).ends(|record| Some(height(record)));
            Line::measured(layers(layers_of), all.clone().map(|at| point(at, d)).collect())
                .within(all.filter_map(ends).collect())
                .choosing((d == depth).then(|| point(at, depth)))
        };
        Frame {
            picture: Picture::Chart(Chart {
                x: Axis::powers("ε"),
                y: Axis::powers(&format!("steps to {}", percent(LEARNED))),
                lines: self.depths.iter().enumerate().map(line).collect(),
                mark: Some(Mark::new(he(self.widths[width]), "He's √(2/d)")),
            }),
            readings: readings(runs, he(self.widths[width])),
            zone: runs.middle().zone(),
            sentence: self.sentence(at, depth, width),
        }
    }

    fn sentence(&self, at: usize, depth: usize, width: usize) -> String {
        let record = self.record(at, depth, width);
        let (epsilon, of) = (size(self.epsilons[at]), layers(self.depths[depth]));
        let accuracy = percent(record.accuracy());
        let first = record.start.gradient_norms.first().copied().unwrap_or(0.0);
        match record.zone() {
            Zone::Stuck => format!(
                "Zone 1, stuck at zero: all {} units of a layer get the same gradient, so they \
                 stay equal for ever. {accuracy} after {} steps is what guessing gives.",
                self.widths[width], self.steps,
            ),
            Zone::Slow => format!(
                "Zone 2, too slow: at ε = {epsilon} a gradient of {} reaches the first of {of}. \
                 {} steps bring {accuracy}.",
                measured(first),
                self.steps,
            ),
            Zone::Learns => format!(
                "It learns: {} after {} steps, {accuracy} in the end. He's √(2/d) is {:.2} here.",
                percent(LEARNED),
                steps(record.learned(), "–"),
                he(self.widths[width]),
            ),
            Zone::TooLarge => format!(
                "Zone 3, too large: before the first step the loss is {}, where guessing has {}. \
                 The answers are wrong with certainty; {} steps bring {accuracy}.",
                measured(record.start.loss),
                measured(record.start.loss_of_zero_output),
                self.steps,
            ),
            Zone::Diverges => format!(
                "Zone 3, it explodes: behind {of} the answers are of size {} from the start, and \
                 after {} the numbers are too large for floating point.",
                measured(output_size(record)),
                count(record.diverged.unwrap_or(0) as usize, "step", "steps"),
            ),
        }
    }
}

/// The root mean square of what the network answers before the first step.
fn output_size(record: &Record) -> f64 {
    record.start.output_second_moment.sqrt()
}

fn readings(runs: &Runs, he: f64) -> Vec<Reading> {
    let record = runs.middle();
    let first = record.start.gradient_norms.first().copied().unwrap_or(0.0);
    let (distinct, all) = record.units;
    let learned = record.learned();
    vec![
        Reading::accuracy("accuracy", record.accuracy()),
        Reading::new(
            &format!("steps to {}", percent(LEARNED)),
            learned.map(|steps| steps as f64),
            runs.steps("never"),
        ),
        Reading::new("gradient at the first layer", Some(first), measured(first)),
        Reading::new("units that differ", Some(distinct as f64), format!("{distinct} of {all}")),
        Reading::new("He's √(2/d)", Some(he), format!("{he:.2}")),
    ]
}
