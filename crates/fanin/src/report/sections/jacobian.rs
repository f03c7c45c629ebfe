//! What depth does to small changes: the singular values of its Jacobian, measured and by theory.

use super::chain::Chain;
use super::{Material, Start, start_control};
use crate::check::trace::Trace;
use crate::report::document::{Block, Fact, Figure, Frame, Section, Table};
use crate::report::pictures::{Axis, Histogram, Mark, Picture, digits};
use crate::report::terminal::number::compact;
use crate::theory::{DensityPoint, JacobianDensity, Quantiles, Weights, jacobian_density};

/// Bins between the least and the largest singular value shown.
const BINS: usize = 36;
/// Places of theory's density.
const PLACES: usize = 60;
/// Factors below the largest value that are shown.
const DECADES: f64 = 6.0;
/// Layers beyond which theory's density takes too long to be worth its line.
const DEEPEST: usize = 200;

/// Spectra of every start with a trace, or what theory says of them.
pub fn section(material: &Material<'_>) -> Option<Section> {
    let lead = "Each singular value is the factor by which depth stretches one direction of small \
                changes. Where they are spread over many factors, no one learning rate fits all.";
    let mut section = Section::new("jacobian", "What depth does to small changes", lead);
    let groups = material.groups();
    for group in &groups {
        let spectra: Vec<(&Start<'_>, Frame)> =
            group.starts.iter().filter_map(|s| Some((s, frame(s, s.trace?)?))).collect();
        if spectra.is_empty() {
            continue;
        }
        section.blocks.push(Block::Figure(Figure {
            title: group.title(groups.len(), "Singular values"),
            caption: "Of ∂z of the last hidden layer by ∂z of the first, at a few rows. Broken \
                      line: theory for normal weights of infinite width."
                .to_owned(),
            controls: start_control(spectra.iter().map(|(start, _)| start.name.clone()), None),
            frames: spectra.into_iter().map(|(_, frame)| frame).collect(),
        }));
    }
    section.blocks.extend(theory_table(material).map(Block::Table));
    (!section.blocks.is_empty()).then_some(section)
}

fn frame(start: &Start<'_>, trace: &Trace) -> Option<Frame> {
    let largest = trace.singular_values.iter().map(|(s, _)| *s).fold(0.0, f64::max);
    if !(largest > 0.0 && largest.is_finite()) {
        return None;
    }
    let least =
        trace.singular_values.iter().map(|(s, _)| *s).find(|s| *s > largest / 10_f64.powf(DECADES));
    let (from, to) = ((least.unwrap_or(largest) * 0.8).log10(), (largest * 1.25).log10());
    let edge = |i: usize| 10_f64.powf(from + (to - from) * i as f64 / BINS as f64);
    let edges: Vec<f64> = (0..=BINS).map(edge).collect();
    let binned = |values: &mut dyn Iterator<Item = (f64, f64)>| {
        let mut shares = vec![0.0; BINS];
        for (value, share) in values {
            let place = (value.log10() - from) / (to - from) * BINS as f64;
            if (0.0..BINS as f64).contains(&place) {
                shares[place as usize] += share;
            }
        }
        shares.into_iter().filter_map(digits).collect::<Vec<f64>>()
    };
    let zero =
        trace.singular_values.iter().filter(|(s, _)| *s < edges[0]).map(|(_, w)| w).sum::<f64>();
    let depth = start.first().measurement.layers.len().saturating_sub(2);
    let chain = Chain::measured(&start.first().measurement)
        .filter(|chain| (1..=DEEPEST).contains(&depth) && !chain.layer().gaussian.jumps());
    let expected = chain.map_or_else(Vec::new, |chain| {
        let density =
            jacobian_density(&chain.layer(), chain.typical, depth, Weights::Gaussian, PLACES);
        binned(&mut spread(&density).into_iter().chain(density.masses.iter().copied()))
    });
    let readings = start.first().readings.as_ref();
    let condition = match readings.and_then(|r| r.depth_condition) {
        Some(condition) if condition.is_finite() => compact(condition),
        Some(_) => "∞".to_owned(),
        None => drawn_condition(&trace.singular_values, edges[0]),
    };
    let picture = Picture::Histogram(Histogram {
        x: Axis::log("singular value"),
        shares: binned(&mut trace.singular_values.iter().copied()),
        edges: edges.into_iter().filter_map(digits).collect(),
        expected,
        marks: if from < 0.0 && to > 0.0 {
            vec![Mark::new(1.0, "keeps its length")]
        } else {
            Vec::new()
        },
    });
    let facts = vec![
        Fact::new("largest", compact(largest)),
        Fact::new("95 % over 5 % point", condition),
        Fact::new("share near 0", format!("{:.0} %", 100.0 * zero)),
    ];
    Some(Frame { picture, facts })
}

/// The ratio of two points of the values that are drawn, where the check left it out; below `least`
/// nothing is drawn.
fn drawn_condition(values: &[(f64, f64)], least: f64) -> String {
    let total: f64 = values.iter().map(|(_, share)| share).sum();
    let point = |share: f64| {
        let mut sum = 0.0;
        let reached = values.iter().find(|(_, own)| {
            sum += own;
            sum >= share * total * (1.0 - 1e-12)
        });
        reached.or(values.last()).map_or(f64::NAN, |(value, _)| *value)
    };
    let (low, high) = (point(0.05), point(0.95));
    if low < least { format!("over {}", compact(high / least)) } else { compact(high / low) }
}

/// Theory's curve as many small shares, each cell's spread evenly over its logarithm.
fn spread(density: &JacobianDensity) -> Vec<(f64, f64)> {
    const PARTS: usize = 16;
    let logarithms: Vec<f64> = density.curve.iter().map(|p| p.singular_value.ln()).collect();
    let between = |a: usize, b: usize| f64::midpoint(logarithms[a], logarithms[b]);
    let last = logarithms.len().saturating_sub(1);
    let cell = |(index, point): (usize, &DensityPoint)| {
        let from = if index > 0 { between(index - 1, index) } else { logarithms[0] };
        let to = if index < last { between(index, index + 1) } else { logarithms[last] };
        let place = move |part: usize| from + (to - from) * (part as f64 + 0.5) / PARTS as f64;
        let mass = point.mass / PARTS as f64;
        (0..PARTS).map(move |part| (place(part).exp(), mass)).collect::<Vec<(f64, f64)>>()
    };
    density.curve.iter().enumerate().flat_map(cell).collect()
}

/// Quantiles by theory, where theory alone was asked.
fn theory_table(material: &Material<'_>) -> Option<Table> {
    let description = material.theory?;
    let row = |name: &str, found: &Quantiles| {
        let numbers = [found.low, found.median, found.high].map(compact);
        let zero = format!("{:.0} %", 100.0 * found.mass_at_zero);
        std::iter::once(name.to_owned()).chain(numbers).chain([zero]).collect::<Vec<String>>()
    };
    let rows: Vec<Vec<String>> = [
        ("normal weights", &description.singular_values_gaussian),
        ("orthogonal weights", &description.singular_values_orthogonal),
    ]
    .into_iter()
    .filter_map(|(name, found)| Some(row(name, found.as_ref()?)))
    .collect();
    let head = ["weights", "5 % point", "median", "95 % point", "share that is 0"];
    (!rows.is_empty()).then(|| Table { head: head.map(str::to_owned).to_vec(), rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_that_the_check_left_out_is_read_off_the_drawn_values() {
        let values = |least: f64| [(least, 0.1), (1.0, 0.8), (2.0, 0.1)];
        assert_eq!(drawn_condition(&values(0.5), 0.1), compact(4.0));
        assert_eq!(drawn_condition(&values(0.0), 0.1), format!("over {}", compact(20.0)));
    }
}
