//! Training from every start: loss and score over the epochs, who reached the target, and whether
//! the forecast came true.

mod field;

use field::{BEST, Field, WORST};

use super::Material;
use super::training::score_axis;
use crate::check::Verdict;
use crate::compare::{Entry, NetworkComparison};
use crate::report::document::{Block, Control, Figure, Frame, Section, Table};
use crate::report::pictures::{Axis, LineChart, Mark, Picture};
use crate::report::terminal::number::{fixed, score_name, spread};
use crate::spec::Task;
use crate::train::{Finish, Metrics};

/// What a curve shows of an epoch.
type Reading = fn(&Metrics) -> Option<f64>;

/// Differences of means below so many standard errors are no differences.
const CLEAR: f64 = 2.0;

/// The race of every network.
pub fn section(material: &Material<'_>) -> Option<Section> {
    let ran = |n: &&NetworkComparison| n.entries.iter().any(|e| !e.trained.is_empty());
    let networks: Vec<&NetworkComparison> = material.networks.iter().filter(ran).collect();
    let task = material.data.map_or(Task::Classification, |data| data.task);
    let target = material.target();
    let lead = "The same network, data and training from every start. Lines are means over seeds, \
                bands reach from the worst seed to the best.";
    let mut section = Section::new("race", "Race", lead);
    for network in &networks {
        section.blocks.push(Block::heading(network.model.clone()));
        section.blocks.push(Block::Figure(figure(network, task, target)));
        section.blocks.push(Block::Table(table(network, task)));
        section.blocks.push(Block::text(difference(network, task)));
    }
    (!networks.is_empty()).then_some(section)
}

fn figure(network: &NetworkComparison, task: Task, target: Option<f64>) -> Figure {
    let score = score_name(task);
    let marks = |read: usize| match target {
        Some(target) if read == 0 => vec![Mark::new(target, "counts as learned")],
        _ => Vec::new(),
    };
    let field = Field::new(network);
    let curves: [(&str, Reading, bool); 3] = [
        (score, |m| m.accuracy, false),
        ("test loss", |m| m.test_loss, true),
        ("training loss", |m| Some(m.train_loss), true),
    ];
    let frame = |(index, (name, read, log)): (usize, (&str, Reading, bool))| {
        let epochs = network.entries.iter().flat_map(|e| &e.trained).map(|t| t.history.len()).max();
        let at: Vec<f64> = (1..=epochs.unwrap_or(0)).map(|epoch| epoch as f64).collect();
        let series = field.lines(at.len(), read);
        let y = match index {
            0 => {
                let values = series.iter().flat_map(|s| s.values.iter().chain(&s.low));
                score_axis(task, values.flatten().copied())
            }
            _ => Axis { log, ..Axis::linear(name) },
        };
        let chart = LineChart {
            x: Axis::whole("epoch"),
            y,
            at,
            series,
            marks: marks(index),
            upright: Vec::new(),
        };
        Frame { picture: Picture::LineChart(chart), facts: Vec::new() }
    };
    let names = curves.iter().map(|(name, _, _)| (*name).to_owned()).collect();
    let mut caption =
        "Measured after every epoch; a run that diverged ends where it did.".to_owned();
    if field.is_large() {
        caption = format!(
            "{caption} In color: the {BEST} best starts and the {WORST} worst by {score}; all others \
             are gray."
        );
    }
    Figure {
        title: "Training from each start".to_owned(),
        caption,
        controls: vec![Control::choice("show", names, 0)],
        frames: curves.into_iter().enumerate().map(frame).collect(),
    }
}

fn table(network: &NetworkComparison, task: Task) -> Table {
    let head = [
        "start",
        "test loss",
        score_name(task),
        "steps to target",
        "forecast",
        "outcome",
        "forecast came true",
    ];
    let row = |entry: &Entry| {
        let Some(outcome) = &entry.outcome else {
            let rest = ["not finished", "–", "–", &entry.forecast.to_string(), "–", "–"];
            return std::iter::once(entry.scheme.clone()).chain(rest.map(str::to_owned)).collect();
        };
        let diverged = entry.trained.iter().any(|run| matches!(run.finish, Finish::Diverged(_)));
        vec![
            entry.scheme.clone(),
            if diverged { "diverged".to_owned() } else { fixed(outcome.loss.mean, 4) },
            spread(&outcome.score),
            steps_to_target(entry),
            entry.forecast.to_string(),
            outcome.verdict.to_string(),
            if outcome.verdict == entry.forecast { "yes" } else { "no" }.to_owned(),
        ]
    };
    Table {
        head: head.map(str::to_owned).to_vec(),
        rows: Field::new(network).entries.into_iter().map(row).collect(),
    }
}

/// Steps until the target was reached, over seeds, by the epochs at whose ends it was looked at.
fn steps_to_target(entry: &Entry) -> String {
    let Some(outcome) = &entry.outcome else { return "–".to_owned() };
    let complete = entry.trained.iter().filter(|run| run.is_complete());
    let steps: Vec<u64> = complete
        .zip(&outcome.epochs_to_target)
        .filter_map(|(run, epoch)| {
            let epoch = (*epoch)?;
            run.history.iter().find(|m| m.epoch == epoch).map(|m| m.step)
        })
        .collect();
    let never = outcome.epochs_to_target.len() - steps.len();
    match (steps.iter().min(), steps.iter().max()) {
        (Some(least), Some(most)) => {
            let range = if least == most { least.to_string() } else { format!("{least}–{most}") };
            if never == 0 { range } else { format!("{range}, {never} never") }
        }
        _ => "never".to_owned(),
    }
}

/// Which starts are told apart by these seeds, and which are not.
fn difference(network: &NetworkComparison, task: Task) -> String {
    let scores = network.entries.iter().filter_map(|entry| {
        let score = entry.outcome.as_ref()?.score;
        (score.mean.is_finite()).then_some((entry, score))
    });
    let scores: Vec<_> = scores.collect();
    let Some((best, top)) = scores.iter().max_by(|a, b| a.1.mean.total_cmp(&b.1.mean)) else {
        return "No run came to its end.".to_owned();
    };
    let name = score_name(task);
    if top.count < 2 {
        return format!(
            "{} has the highest {name}; one seed does not tell whether another would differ.",
            best.scheme
        );
    }
    let error = |s: &crate::train::metrics::Spread| s.deviation.powi(2) / s.count as f64;
    let near = scores.iter().filter(|(entry, score)| {
        let apart = (error(score) + error(top)).sqrt().max(1e-9);
        entry.scheme != best.scheme && top.mean - score.mean < CLEAR * apart
    });
    let near: Vec<&str> = near.map(|(entry, _)| entry.scheme.as_str()).collect();
    let is_learned = best.outcome.as_ref().is_some_and(|o| o.verdict == Verdict::Learns);
    let lead = if is_learned { "" } else { "No start learned. " };
    if near.is_empty() {
        return format!(
            "{lead}{} has the highest {name}, clear of all others over these {} seeds.",
            best.scheme, top.count
        );
    }
    format!(
        "{lead}{} has the highest {name}, but {} seeds show no difference between it and {}.",
        best.scheme,
        top.count,
        near.join(", ")
    )
}
