//! What theory expects of networks whose layers are not plain: residual blocks, normalized layers,
//! attention.
//!
//! Key: q second moment of a signal, c correlation of two, n tokens.

use super::verdict::sentence;
use super::{Material, selected};
use crate::report::document::{Block, Figure, Section};
use crate::report::pictures::{Axis, LineChart, Mark, Picture, Series, Style};
use crate::report::terminal::theory::rank;
use crate::theory::{self, AttentionDescription, Description, Layer, Network, Signal};

/// Places of a curve; more would lie on one another.
const PLACES: usize = 400;
/// The correlation that two inputs begin with.
const CORRELATION: f64 = 0.5;

/// Signal, gradient and correlation block by block.
pub fn section(material: &Material<'_>) -> Option<Section> {
    if let Some(attention) = material.attention {
        return Some(of_attention(attention));
    }
    let description = material.theory.filter(|d| !d.network.is_plain())?;
    let activation = theory::activation(&description.activation).ok()?;
    let layer = Layer::new(&*activation, description.point);
    Some(of_blocks(description, &layer))
}

fn of_blocks(description: &Description, layer: &Layer<'_>) -> Section {
    let start = Signal { second_moment: 1.0, correlation: CORRELATION };
    let steps = description.network.course(layer, start, description.depth);
    let mut gains = vec![0.0];
    gains.extend(steps.iter().rev().scan(0.0, |sum, step| {
        *sum += step.gradient_factor.ln();
        Some(*sum)
    }));
    gains.reverse();
    let signals: Vec<Signal> =
        std::iter::once(start).chain(steps.iter().map(|step| step.signal)).collect();
    let shown = selected(signals.len(), PLACES);
    let at = || shown.iter().map(|&block| block as f64).collect::<Vec<f64>>();
    let word = match description.network {
        Network::Residual { .. } | Network::PreNorm { .. } => "block",
        _ => "layer",
    };
    let moments = LineChart {
        x: Axis::whole(word),
        y: Axis::log("mean square, on a scale of factors"),
        at: at(),
        series: [
            Series::new("signal, theory", 0, shown.iter().map(|&i| signals[i].second_moment)),
            Series::new("gradient, theory", 1, shown.iter().map(|&i| gains[i].exp())),
        ]
        .into_iter()
        .map(|series| series.styled(Style::Line))
        .collect(),
        ..LineChart::default()
    };
    let correlations = LineChart {
        x: Axis::whole(word),
        y: Axis::linear("correlation"),
        at: at(),
        series: vec![
            Series::new("from 0.5", 2, shown.iter().map(|&i| signals[i].correlation))
                .styled(Style::Line),
        ],
        ..LineChart::default()
    };
    let lead = format!(
        "What theory expects of {} {} of infinite width, one after another.",
        description.depth,
        match word {
            "block" => format!("blocks of the kind {}", description.network.name()),
            _ => format!("layers with {}", description.network.name().replace('-', " ")),
        }
    );
    let caption = format!(
        "Signal q behind each {word}, 1 before the first, and gradient E δ² before each beside \
         that behind the last."
    );
    Section::new("blocks", "Signal and gradient through depth", lead)
        .with(Block::Figure(Figure::of(
            &format!("Second moments by {word}"),
            &caption,
            Picture::LineChart(moments),
        )))
        .with(Block::Figure(Figure::of(
            "Do inputs stay apart?",
            "Correlation of two signals that begin at 0.5: where it comes to 1, all inputs look \
             alike.",
            Picture::LineChart(correlations),
        )))
}

fn of_attention(description: &AttentionDescription) -> Section {
    let tokens: Vec<_> = std::iter::once(&description.start).chain(&description.course).collect();
    let shown = selected(tokens.len(), PLACES);
    let chart = |y: Axis, name: &str, color: usize, values: Vec<f64>, marks: Vec<Mark>| LineChart {
        x: Axis::whole("block"),
        y,
        at: shown.iter().map(|&block| block as f64).collect(),
        series: vec![Series::new(name, color, values)],
        marks,
        ..LineChart::default()
    };
    let cosines = chart(
        Axis::linear("mean cosine between two tokens"),
        "mean cosine",
        2,
        shown.iter().map(|&i| tokens[i].cosine).collect(),
        vec![Mark::new(0.95, "alike")],
    );
    let moments = chart(
        Axis::log("second moment q of a token"),
        "q",
        0,
        shown.iter().map(|&i| tokens[i].second_moment).collect(),
        Vec::new(),
    );
    Section::new("blocks", "What attention alone does to tokens", sentence(&rank(description)))
        .with(Block::Figure(Figure::of(
            "Do tokens stay apart?",
            "Expected over seeds, for many tokens; block 0 is the input.",
            Picture::LineChart(cosines),
        )))
        .with(Block::Figure(Figure::of(
            "Size of a token",
            "Mean square of its entries behind each block, 1 before the first.",
            Picture::LineChart(moments),
        )))
}
