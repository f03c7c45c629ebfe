//! The table of layers: numbered as in a comparison, as wide as the terminal, with bars.

use std::collections::BTreeSet;

use super::bars::Scale;
use crate::check::{Diagnosis, LayerMeasurement};
use crate::report::terminal::number::compact;
use crate::report::terminal::table::aligned;
use crate::report::terminal::wrap::wrapped_within;

/// Layers shown at most; of more, a selection.
const MOST: usize = 24;

/// A column of numbers, with what its head means.
struct Column {
    head: &'static str,
    meaning: &'static str,
    cell: fn(&LayerMeasurement) -> String,
    /// Whether it is of the loss, which is not known of a part.
    of_loss: bool,
}

/// The columns beside the bars, the most useful first: narrow terminals show fewer.
const FURTHER: [Column; 6] = [
    Column {
        head: "silent",
        meaning: "silent: units with the same activation for every row",
        cell: |layer| format!("{:.0} %", 100.0 * layer.silent_share),
        of_loss: false,
    },
    Column {
        head: "d·Var(W)",
        meaning: "d·Var(W): variance of the weights times the fan-in, 1 keeps the size of z",
        cell: |layer| compact(layer.scaled_weight_variance),
        of_loss: false,
    },
    Column {
        head: "signal",
        meaning: "signal: deviation of the activations over rows, what depends on the input",
        cell: |layer| compact(layer.signal),
        of_loss: false,
    },
    Column { head: "units", meaning: "", cell: |layer| layer.units.to_string(), of_loss: false },
    Column {
        head: "‖∂L/∂W‖",
        meaning: "",
        cell: |layer| compact(layer.gradient_norm),
        of_loss: true,
    },
    Column {
        head: "std a",
        meaning: "std a: over units too",
        cell: |layer| compact(layer.activation_deviation),
        of_loss: false,
    },
];

/// The table with its legend, in lines of at most `width` characters where the first columns
/// allow it; of a part without columns of the loss.
pub fn layers(diagnosis: &Diagnosis, width: usize) -> String {
    let all = &diagnosis.measurement.layers;
    let shown = selection(diagnosis);
    let is_part = diagnosis.is_partial;
    let mut further: Vec<&Column> =
        FURTHER.iter().filter(|column| !(is_part && column.of_loss)).collect();
    let mut text = table(all, &shown, is_part, &further);
    while widest(&text) > width && further.pop().is_some() {
        text = table(all, &shown, is_part, &further);
    }
    if shown.len() < all.len() {
        let rest = "the first and the last, those that findings name, the worst, and an even rest";
        let note = format!("{} of {} layers: {rest}", shown.len(), all.len());
        text.push_str(&wrapped_within(width, " ", " ", &note));
    }
    text + &wrapped_within(width, " ", " ", &legend(is_part, &further))
}

fn widest(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

fn table(
    all: &[LayerMeasurement],
    shown: &BTreeSet<usize>,
    is_part: bool,
    further: &[&Column],
) -> String {
    let output = if is_part { None } else { all.len().checked_sub(1) };
    let unit = all.last().map_or(1.0, |output| output.delta_norm);
    let relative = |layer: &LayerMeasurement| layer.delta_norm / unit;
    let signals = Scale::holding(all.iter().map(|l| l.pre_activation_second_moment));
    let gradients = Scale::holding(all.iter().map(relative));
    let mut head: Vec<String> = ["layer", "module", "E[z²]"].map(str::to_owned).to_vec();
    head.push(signals.head());
    if !is_part {
        head.extend(["‖∂L/∂z‖".to_owned(), gradients.head()]);
    }
    head.extend(further.iter().map(|column| column.head.to_owned()));
    let row = |&index: &usize| {
        let layer = &all[index];
        let mut row = vec![
            layer_name(index, output),
            layer.module.clone(),
            compact(layer.pre_activation_second_moment),
            signals.bar(layer.pre_activation_second_moment),
        ];
        if !is_part {
            row.extend([compact(layer.delta_norm), gradients.bar(relative(layer))]);
        }
        row.extend(further.iter().map(|column| (column.cell)(layer)));
        row
    };
    aligned(&head, shown.iter().map(row).collect())
}

fn layer_name(index: usize, output: Option<usize>) -> String {
    if output == Some(index) { "out".to_owned() } else { (index + 1).to_string() }
}

fn legend(is_part: bool, further: &[&Column]) -> String {
    let signal = "E[z²]: mean square of z, which goes into the activation";
    let mut text = if is_part {
        format!("{signal}; bars in powers of ten around 1")
    } else {
        format!(
            "{signal}; ‖∂L/∂…‖: gradient norms; bars in powers of ten: E[z²] around 1, ‖∂L/∂z‖ around \
             that of the output"
        )
    };
    for column in further.iter().filter(|column| !column.meaning.is_empty()) {
        text = text + "; " + column.meaning;
    }
    text + "; module: as in parameters' names"
}

/// The layers to show: all, or of many the ends, those of findings, the worst by signal and by
/// gradient, and evenly chosen others.
fn selection(diagnosis: &Diagnosis) -> BTreeSet<usize> {
    let layers = &diagnosis.measurement.layers;
    let count = layers.len();
    if count <= MOST {
        return (0..count).collect();
    }
    let mut shown = BTreeSet::from([0, count - 2, count - 1]);
    shown.extend([0, 1].map(|which| {
        let size = |layer: &LayerMeasurement| {
            let sizes = [layer.pre_activation_second_moment, layer.delta_norm];
            let distance = sizes[which].ln().abs();
            if distance.is_nan() { f64::INFINITY } else { distance }
        };
        let worst = (0..count).max_by(|&a, &b| size(&layers[a]).total_cmp(&size(&layers[b])));
        worst.expect("there are layers")
    }));
    let named = diagnosis.findings.iter().filter_map(|f| f.module.as_ref());
    shown.extend(named.filter_map(|module| layers.iter().position(|l| l.module == *module)));
    let mut rest = MOST.saturating_sub(shown.len());
    while rest > 0 {
        let even = (1..=rest).map(|n| n * (count - 1) / (rest + 1));
        let mut more = shown.clone();
        more.extend(even);
        if more.len() <= MOST {
            return more;
        }
        rest -= 1;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::super::tests::diagnosis;
    use super::*;
    use crate::check::{Finding, Severity};

    #[test]
    fn many_layers_become_a_selection_with_ends_and_findings() {
        let mut diagnosis = diagnosis(100);
        let finding = Finding::plain("chaos", Severity::Warn, String::new(), String::new());
        diagnosis.findings.push(finding.at("126"));
        let shown = selection(&diagnosis);
        assert!(shown.len() <= MOST && shown.len() > MOST - 4, "{shown:?}");
        for layer in [0, 63, 98, 99] {
            assert!(shown.contains(&layer), "{layer} is not in {shown:?}");
        }
        let shown: Vec<usize> = shown.into_iter().collect();
        assert!(shown.windows(2).all(|pair| pair[1] - pair[0] <= 8), "{shown:?}");
    }

    #[test]
    fn the_table_fits_the_terminal_and_wide_ones_show_more() {
        for width in [80, 90, 100, 120, 200] {
            let text = layers(&diagnosis(30), width);
            assert!(widest(&text) <= width, "{width}\n{text}");
        }
        let part = Diagnosis { is_partial: true, ..diagnosis(3) };
        for width in [80, 200] {
            let text = layers(&part, width);
            assert!(!text.contains('∂') && widest(&text) <= width, "{text}");
        }
        assert!(layers(&part, 100).contains("std a"), "narrower without columns of the loss");
        assert!(!layers(&diagnosis(3), 80).contains("std a"));
        assert!(layers(&diagnosis(3), 200).contains("std a"));
    }
}
