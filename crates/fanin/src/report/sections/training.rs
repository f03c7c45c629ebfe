//! One run: loss and score by epoch, and what its checks said on the way.

use super::Material;
use crate::report::document::{Answer, Block, Control, Fact, Figure, Frame, Section, Strip, Table};
use crate::report::pictures::{Axis, LineChart, Mark, Picture, Series};
use crate::report::terminal::check::percent;
use crate::report::terminal::number::{fixed, score_name};
use crate::spec::Task;
use crate::train::{Check, Finish, Metrics};

/// The course of a run.
pub fn section(material: &Material<'_>) -> Option<Section> {
    let epochs = material.epochs?;
    let task = material.data.map(|data| data.task).or(material.task);
    // Of a run without a checkpoint a share of hits is likelier, but none is below 0.
    let is_share = || epochs.iter().filter_map(|m| m.accuracy).all(|score| score >= 0.0);
    let task =
        task.unwrap_or_else(|| if is_share() { Task::Classification } else { Task::Regression });
    let mut section = Section::new("training", "Training", "Measured after every epoch.");
    let last = epochs.last();
    let score = last.and_then(|m| m.accuracy).map_or("–".to_owned(), |score| fixed(score, 4));
    section.blocks.push(Block::Facts {
        facts: vec![
            Fact::new("ended", ended(material.finish)),
            Fact::new("steps", last.map_or(0, |m| m.step).to_string()),
            Fact::new("training loss", last.map_or("–".to_owned(), |m| fixed(m.train_loss, 4))),
            Fact::new(score_name(task), score),
        ],
    });
    if !epochs.is_empty() {
        section.blocks.push(Block::Figure(figure(epochs, material, task)));
    }
    if !material.checks.is_empty() {
        section.blocks.push(Block::heading("Checks on the way"));
        section.blocks.push(Block::Table(checks(material.checks)));
    }
    Some(section)
}

/// Whether the run learned; none without a score to judge it by.
pub fn strip(material: &Material<'_>) -> Option<Strip> {
    let epochs = material.epochs?;
    let target = material.target()?;
    let best = epochs.iter().filter_map(|m| m.accuracy).fold(f64::NEG_INFINITY, f64::max);
    let reached = epochs.iter().find(|m| m.accuracy.is_some_and(|score| score >= target));
    let (answer, word) = match (material.finish, reached) {
        (Some(Finish::Diverged(_)), _) => (Answer::No, "No, it diverged"),
        (_, Some(_)) => (Answer::Yes, "Yes"),
        (Some(Finish::Interrupted), None) => (Answer::Unsure, "Not yet"),
        (_, None) => (Answer::No, "No"),
    };
    let why = match reached {
        Some(metrics) => format!("It reached {target} after {} steps.", metrics.step),
        None if best.is_finite() => {
            format!("Its best score was {}, and {target} counts as learned.", fixed(best, 3))
        }
        None => "No score was measured.".to_owned(),
    };
    Some(Strip {
        question: "Did it learn?".to_owned(),
        answer,
        word: word.to_owned(),
        why,
        sure: "One run; another seed may fare otherwise.".to_owned(),
        fix: String::new(),
        command: String::new(),
    })
}

/// The axis of scores. An R² below −1 says only that training went astray, and would press all
/// others together.
pub fn score_axis(task: Task, scores: impl IntoIterator<Item = f64>) -> Axis {
    Axis::linear(score_name(task)).at_least(-1.0, scores)
}

fn ended(finish: Option<&Finish>) -> &'static str {
    match finish {
        None => "as recorded",
        Some(Finish::Diverged(_)) => "diverged",
        Some(Finish::Interrupted) => "interrupted",
        Some(Finish::StoppedEarly { .. }) => "early",
        Some(Finish::Completed) => "as planned",
    }
}

fn figure(epochs: &[Metrics], material: &Material<'_>, task: Task) -> Figure {
    let at: Vec<f64> = epochs.iter().map(|m| m.epoch as f64).collect();
    let series = |name: &str, color: usize, values: Vec<f64>| Series::new(name, color, values);
    let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
    let chart = |y: Axis, series: Vec<Series>, marks: Vec<Mark>| Frame {
        picture: Picture::LineChart(LineChart {
            x: Axis::whole("epoch"),
            y,
            at: at.clone(),
            series,
            marks,
            ..LineChart::default()
        }),
        facts: Vec::new(),
    };
    let losses = vec![
        series("training loss", 0, epochs.iter().map(|m| m.train_loss).collect()),
        series("test loss", 1, epochs.iter().map(|m| or_nan(m.test_loss)).collect()),
    ];
    let score = score_name(task);
    let scores = vec![series(score, 2, epochs.iter().map(|m| or_nan(m.accuracy)).collect())];
    let norms = vec![series("gradient norm", 3, epochs.iter().map(|m| m.gradient_norm).collect())];
    let target = material.target().map(|target| Mark::new(target, "counts as learned"));
    Figure {
        title: "By epoch".to_owned(),
        caption: String::new(),
        controls: vec![Control::choice(
            "show",
            vec!["loss".to_owned(), score.to_owned(), "gradient norm".to_owned()],
            0,
        )],
        frames: vec![
            chart(Axis::log("loss"), losses, Vec::new()),
            chart(
                score_axis(task, epochs.iter().filter_map(|m| m.accuracy)),
                scores,
                target.into_iter().collect(),
            ),
            chart(Axis::log("norm of the last step's gradient"), norms, Vec::new()),
        ],
    }
}

fn checks(checks: &[Check]) -> Table {
    let row = |check: &Check| {
        let findings: Vec<&str> = check.findings.iter().map(|f| f.code.as_str()).collect();
        vec![
            check.step.to_string(),
            check.forecast.to_string(),
            percent(check.confidence),
            if findings.is_empty() { "none".to_owned() } else { findings.join(", ") },
        ]
    };
    Table {
        head: ["step", "forecast", "sure", "findings"].map(str::to_owned).to_vec(),
        rows: checks.iter().map(row).collect(),
    }
}
