//! Why depth makes small weights worse: the error at each layer before the first step.

use crate::error::Result;
use crate::explain::laboratory::{Laboratory, digits, network};
use crate::explain::lesson::{Lesson, Next, Table};
use crate::explain::seeds::{DRAWS, ends, median};
use crate::explain::trial::{BATCH, LEARNED, LEARNING_RATE, Record, Trial, stops};
use crate::explain::words::{layers, measured, percent, size};
use crate::explain::{Axis, Chart, Figure, Frame, Line, Picture, Reading, Slider, Topic, Zone};
use crate::spec::Standardize;

/// Why deep networks need larger weights than shallow ones.
pub struct Depth;

/// The size that text and table tell of: the classic advice.
const SMALL: f64 = 0.01;

/// What is tried: starts by size ε first, then the two that divide by √d.
struct Grid {
    epsilons: Vec<f64>,
    depths: Vec<usize>,
    widths: Vec<usize>,
    steps: u64,
    records: Vec<Record>,
    /// For each draw of the weights, by the order of the records.
    draws: Vec<Vec<Draw>>,
}

/// What backpropagation brings before the first step.
struct Draw {
    /// Norm of the gradient at the first layer's weights.
    first: f64,
    /// Norms of the errors δ, layer by layer.
    errors: Vec<f64>,
}

/// Starts that divide by √d, by their words and their schemes.
const SCALED: [(&str, &str); 2] = [("1/√d", "fan-in-normal"), ("√(2/d)", "he-normal")];

impl Topic for Depth {
    fn name(&self) -> &'static str {
        "depth"
    }

    fn question(&self) -> &'static str {
        "Why do tiny weights fail in deep networks?"
    }

    fn lesson(&self, laboratory: &Laboratory<'_>) -> Result<Lesson> {
        let grid = Grid::train(laboratory)?;
        let small = grid.epsilons.iter().position(|&e| e == SMALL).unwrap_or(0);
        let he = grid.starts() - 1;
        let deepest = grid.depths.len() - 1;
        let width = grid.widths.len() - 1;
        let first = |depth: usize, start: usize| grid.first(start, depth, width);
        Ok(Lesson {
            topic: self.name(),
            question: self.question(),
            answer: format!(
                "Because the gradient of a layer is a product of all the weights behind it: with \
                 ε = {} the first layer gets {} in a network of {}, and {} in one of {}. Divided \
                 by √d, with He's factor, it gets {} and {}.",
                size(grid.epsilons[small]),
                measured(first(0, small)),
                layers(grid.depths[0]),
                measured(first(deepest, small)),
                layers(grid.depths[deepest]),
                measured(first(0, he)),
                measured(first(deepest, he)),
            ),
            reasons: [
                "Backpropagation carries the error back by δ(l) = W(l+1)ᵀδ(l+1)·φ′. Each layer \
                 multiplies it by about ε·√(d/2). Below 1 it fades as a power of the depth, above \
                 1 it grows as one."
                    .to_owned(),
                "At one hidden layer there is hardly anything to multiply, so N(0, 0.01²), the \
                 classic advice, worked. Ten layers make of a factor 0.06 a factor of 1e-12: the \
                 first layers stand still."
                    .to_owned(),
                "ε = √(2/d) makes the factor 1, at any depth: d terms of variance ε², of which \
                 relu lets half pass."
                    .to_owned(),
            ]
            .into_iter()
            .chain(grid.limit(width))
            .collect(),
            setting: format!(
                "Gradients of the loss before the first step, on 64 digits, the middle of {DRAWS} \
                 draws; then {} steps of gradient descent from the first draw with {BATCH} digits \
                 each, learning rate {LEARNING_RATE}, relu units, biases 0.",
                grid.steps,
            ),
            table: grid.table(small, width),
            figure: grid.figure(small),
            next: vec![
                Next::new("fanin explain fan-in", "where √d comes from"),
                Next::new("fanin theory --activation relu --depth 50", "the same, expected"),
                Next::new("fanin compare --depths 2,10,30", "nine starts, three depths"),
            ],
        })
    }
}

impl Grid {
    fn train(laboratory: &Laboratory<'_>) -> Result<Self> {
        let mut grid = Self {
            epsilons: laboratory.choose(vec![1e-3, SMALL, 0.1, 1.0], vec![SMALL]),
            depths: laboratory.choose(vec![1, 2, 3, 5, 10, 20], vec![1, 3, 8]),
            widths: laboratory.choose(vec![16, 64], vec![32]),
            steps: laboratory.choose(150, 100),
            records: Vec::new(),
            draws: Vec::new(),
        };
        let data = digits(Standardize::Standard)?;
        let mut trials = Vec::new();
        for start in 0..grid.starts() {
            for &depth in &grid.depths {
                for &width in &grid.widths {
                    trials.push(Trial {
                        data: &data,
                        model: network(&data, depth, width)?,
                        scheme: grid.scheme(start),
                        stops: stops(grid.steps),
                        seed: laboratory.seed,
                    });
                }
            }
        }
        grid.records = laboratory.run(&trials)?;
        grid.draws = laboratory.measure(&trials, DRAWS, |start| Draw {
            first: start.gradient_norms[0],
            errors: start.error_norms.clone(),
        })?;
        Ok(grid)
    }

    fn starts(&self) -> usize {
        self.epsilons.len() + SCALED.len()
    }

    fn scheme(&self, start: usize) -> String {
        match self.epsilons.get(start) {
            Some(epsilon) => format!("normal:{epsilon}"),
            None => SCALED[start - self.epsilons.len()].1.to_owned(),
        }
    }

    fn words(&self, start: usize) -> String {
        match self.epsilons.get(start) {
            Some(&epsilon) => format!("ε = {}", size(epsilon)),
            None => SCALED[start - self.epsilons.len()].0.to_owned(),
        }
    }

    fn at(&self, start: usize, depth: usize, width: usize) -> usize {
        (start * self.depths.len() + depth) * self.widths.len() + width
    }

    fn record(&self, start: usize, depth: usize, width: usize) -> &Record {
        &self.records[self.at(start, depth, width)]
    }

    /// The gradient's norm at the first layer, in the middle of the draws.
    fn first(&self, start: usize, depth: usize, width: usize) -> f64 {
        median(self.draws[self.at(start, depth, width)].iter().map(|draw| draw.first))
    }

    /// What is left of the output's error at the first layer, in the middle of the draws.
    fn left(&self, start: usize, depth: usize, width: usize) -> f64 {
        let draws = self.draws[self.at(start, depth, width)].iter();
        median(draws.map(|Draw { errors, .. }| errors[0] / errors[errors.len() - 1]))
    }

    /// The starts that are compared for one ε.
    fn compared(&self, epsilon: usize) -> [usize; 3] {
        [epsilon, self.epsilons.len(), self.epsilons.len() + 1]
    }

    /// What the best start does not mend, if the deepest network does not learn from it.
    fn limit(&self, width: usize) -> Option<String> {
        let (start, deepest) = (self.starts() - 1, self.depths.len() - 1);
        let record = self.record(start, deepest, width);
        record.learned().is_none().then(|| {
            format!(
                "A start keeps the way open; it does not walk it. {} without skip connections \
                 come to {} in {} steps even from √(2/d).",
                layers(self.depths[deepest]),
                record.ending(),
                self.steps,
            )
        })
    }

    fn table(&self, small: usize, width: usize) -> Table {
        let starts = self.compared(small);
        let mut head = vec!["depth".to_owned()];
        for what in ["gradient", "accuracy"] {
            head.push(format!("{what} at {}", self.words(starts[0])));
            head.extend(SCALED.map(|(words, _)| format!("at {words}")));
        }
        let row = |depth: usize| {
            let mut row = vec![self.depths[depth].to_string()];
            row.extend(starts.map(|start| measured(self.first(start, depth, width))));
            row.extend(starts.map(|start| percent(self.record(start, depth, width).accuracy())));
            row
        };
        Table {
            head,
            rows: (0..self.depths.len()).map(row).collect(),
            bars: Vec::new(),
            note: format!(
                "depth: number of hidden layers, {} units each; gradient: norm at the first layer's \
                 weights W(1) before the first step; accuracy: after {} steps",
                self.widths[width], self.steps,
            ),
        }
    }

    fn figure(&self, small: usize) -> Figure {
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
            title: "The error from layer to layer".to_owned(),
            caption: format!(
                "Norm of the error δ(l) = ∂L/∂z(l) at each layer before the first step, by powers \
                 of ten: the middle of {DRAWS} draws, in a band from the least to the largest. \
                 Backpropagation goes from right to left; the gradient of W(l) is δ(l) times what \
                 enters the layer."
            ),
            sliders: vec![
                Slider::new("ε", epsilons, small),
                Slider::new("depth", texts(&self.depths), self.depths.len() - 2),
                Slider::new("width", texts(&self.widths), self.widths.len() - 1),
            ],
            frames,
        }
    }

    fn frame(&self, epsilon: usize, depth: usize, width: usize) -> Frame {
        let starts = self.compared(epsilon);
        let line = |start: usize| {
            let draws = &self.draws[self.at(start, depth, width)];
            let norms = |layer: usize| draws.iter().map(move |draw| draw.errors[layer]);
            let shown = (0..=self.depths[depth]).filter(|&layer| median(norms(layer)) > 0.0);
            let point = |layer: usize| [layer as f64 + 1.0, median(norms(layer))];
            Line::measured(self.words(start), shown.clone().map(point).collect())
                .within(shown.filter_map(|layer| ends(norms(layer))).collect())
        };
        let record = self.record(epsilon, depth, width);
        let left = self.left(epsilon, depth, width);
        let mut readings = vec![
            Reading::new(
                "gradient at the first layer",
                Some(self.first(epsilon, depth, width)),
                measured(self.first(epsilon, depth, width)),
            ),
            Reading::new("error there over the output's", Some(left), measured(left)),
        ];
        readings.extend(starts.map(|start| {
            let name = format!("accuracy, {}", self.words(start));
            Reading::accuracy(&name, self.record(start, depth, width).accuracy())
        }));
        Frame {
            picture: Picture::Chart(Chart {
                x: Axis::even("layer l"),
                y: Axis::powers("‖δ(l)‖"),
                lines: starts.map(line).to_vec(),
                mark: None,
            }),
            readings,
            zone: record.zone(),
            sentence: self.sentence(epsilon, depth, width),
        }
    }

    fn sentence(&self, epsilon: usize, depth: usize, width: usize) -> String {
        let record = self.record(epsilon, depth, width);
        let (of, end) = (layers(self.depths[depth]), record.ending());
        let left = measured(self.left(epsilon, depth, width));
        let d = self.widths[width] as f64;
        let factor = self.epsilons[epsilon] * (d / 2.0).sqrt();
        let per_layer = format!("each hidden layer multiplies by about ε·√(d/2) = {factor:.2}");
        match record.zone() {
            Zone::Learns => format!(
                "It learns: {per_layer}, and over {of} the error at the first one is {left} of the \
                 output's. {} are passed within {} steps.",
                percent(LEARNED),
                self.steps,
            ),
            Zone::Stuck | Zone::Slow => format!(
                "Too small for {of}: {per_layer}, so the error at the first one is {left} of the \
                 output's, and {} steps bring {end}.",
                self.steps,
            ),
            Zone::TooLarge | Zone::Diverges => format!(
                "Too large for {of}: {per_layer}. Before the first step the loss is {}, where \
                 guessing has {}, and the training ends in {end}.",
                measured(record.start.loss),
                measured(record.start.loss_of_zero_output),
            ),
        }
    }
}
