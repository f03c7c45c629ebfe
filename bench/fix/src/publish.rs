//! The page that says how starts fare.

use std::fmt::Write;

use crate::closer::{self, Closer, DEFAULTS};
use crate::foresee::{BOUND, Foreseen, NARROW, OF_SMALL, Ratio, Tried, WALKS};
use crate::networks::Network;
use crate::record::Record;
use crate::score::{self, Row, Score};
use crate::starts::{STARTS, Start};
use crate::tasks::Task;

/// The figures in a few lines.
pub fn summary(networks: &[Network], records: &[Record]) -> String {
    let rows = score::rows(networks, records);
    format!("{} of {} networks are complete\n{}", rows.len(), networks.len(), table(&rows))
}

/// The page.
pub fn page(
    networks: &[Network],
    (records, closer, foreseen): (&[Record], &[Closer], &[Foreseen]),
    date: &str,
    machine: &str,
) -> String {
    let rows = score::rows(networks, records);
    let hours = records.iter().map(|record| record.seconds).sum::<f64>() / 3600.0;
    let mut text = format!(
        "# Are the recommended starts better?\n\n\
         Written by `bench/fix` on {date}: {machine}.\n\n\
         {} of {} networks were trained from every start, but that `gradinit`, which is dear to find, has met only those whose \
         number its row tells; in {hours:.1} hours of one core. {}\
         Each start gets the best of the same four learning rates (0.1, 0.3, 1 and 3 times the usual 0.02 with \
         momentum 0.9), chosen on a seed that is not counted; then five seeds are trained. *Learns* \
         means that most of them reach the target ({}); steps are the median over seeds. A run ends when it \
         arrives, and one that after half of its steps is no better than guessing counts as one that does not; where that \
         is so at every rate, no further seed is trained. Transformers and recurrent networks get three times \
         the steps of the others. \
         `lsuv` looks at the data anew for every seed; `gradinit` does so once, and other seeds get its scales.\n\n",
        rows.len(),
        networks.len(),
        missing(),
        targets()
    );
    text.push_str("## By start\n\n");
    text.push_str(&table(&rows));
    text.push_str(
        "\nSteps: median over the networks on which the start learns of its steps over the fewest of any start. \
         Finding: median of the seconds that finding the weights takes on one core, without training.\n\n",
    );
    text.push_str(&bars(&rows, closer, networks.len()));
    if !closer.is_empty() {
        text.push_str(
            "\nRatios with ± are of a closer look, for which `closer` trains both again where the medians of `auto` and of \
             a framework's default are within a factor of 1.6, whichever is ahead; ratios without it are coarse, as \
             the look has not come to them or the medians are farther apart. The rate of each is the best on five seeds, forty others are counted, four hundred where these leave the bar open, and runs are \
             looked at after every step, not after every few. In that look the bar is held against the ratio of geometric means, \
             ± its standard error: it is missed where the ratio is over it by two errors, and open where it is \
             nearer than that, on either side. (This closer look came after the coarse one had shown ratios of 1.25 and 1.33 on networks that are \
             learned in 20 to 33 steps.)\n",
        );
    }
    text.push_str("\n## By network\n\nSteps to the target; `–` where most seeds never arrive, `×` where the start refuses the network.\n\n");
    text.push_str(&by_network(&rows));
    let is_open = |row: &Row<'_>| row.fewest().is_none() && row.network.name.contains("recurrent");
    if rows.iter().any(is_open) {
        text.push_str(UNLEARNED);
    }
    if !foreseen.is_empty() {
        text.push_str(&moments(networks, foreseen));
    }
    text
}

/// Why no start learns the plain recurrent networks; written by hand.
const UNLEARNED: &str = "\n\
    Of the plain recurrent networks over 200 steps no start learns one, though single seeds arrive. It is not \
    the data, which the LSTM learns, but the training that all starts share: the one matrix of the state gets \
    the sum of 200 gradients, and a change of it counts 200 times, so that the gradient's norm leaps in \
    training far beyond that of the first step. A rate that is large enough to arrive in 480 steps then \
    throws the state away, and with smaller ones runs come to 0.3 to 0.7 by then. `python3 \
    bench/recurrent_clipping.py` trains such networks of 24 units on sequences made by the same rule, with \
    momentum 0.9, 480 steps and three seeds (2026-11-27):\n\
    \n\
    | cell | matrix of the state | rate | gradient clipped at | best scores, and steps to 0.9 | its norm, at most |\n\
    |---|---|---|---|---|---|\n\
    | tanh | orthogonal | 0.02 | – | 0.45, 0.46, 0.32 | 20 to 90 |\n\
    | tanh | orthogonal | 0.02 | 1 | 0.76, **0.90 in 216**, 0.76 | 50 to 7000 |\n\
    | tanh | planes that turn once in 5 to 30 steps, times 0.95 | 0.02 | 0.3 | **0.95 in 304, 0.94 in 328, 0.90 in 456** | 2000 to 20,000 |\n\
    | relu, units with twins | orthogonal | 0.02 | – | 0.28, diverges, 0.28 | 10 to 500 |\n\
    | relu, units with twins | planes that turn, times 0.95 | 0.006 | – | all diverge | 10⁵ to 10⁷ |\n\
    | relu, units with twins | planes that turn, times 0.95 | 0.02 | 0.3 | 0.86, **0.93 in 416, 0.93 in 120** | 300 to 90,000 |\n\
    \n\
    So clipped gradients are what these networks need, which the bench gives to none; then a matrix whose \
    planes turn at the rhythms that are looked for and that forgets a twentieth at each step does more than \
    one that keeps all, which takes knowledge of the task. No start was found that arrives without clipping, \
    of orthogonal matrices and turning planes at rates of 0.002 to 0.06.\n\
    ";

/// How well theory foresees the networks, and of which it does not.
fn moments(networks: &[Network], foreseen: &[Foreseen]) -> String {
    let holding = foreseen.iter().filter(|own| own.holds()).count();
    let mut text = format!(
        "\n## Is what theory foresees what is measured?\n\n\
         Of {} of {} networks, hidden layers widened to 512 units (files keep theirs), the second moments of every \
         layer's z and of every weight's gradient were foreseen by walks over the graph, and measured as means over \
         draws of the usual scheme, He or Xavier. Weights are averaged over in these walks, while units of layers are drawn, so that depth over \
         width counts: 8 walks or more, until their mean is known to 2 %, up to {}, and up to {} for networks that are off after these, or {} where they have at most {} weights; pictures, and what recurrent cells and attention do between layers, \
         are followed as if infinitely wide. {holding} are within {:.0} % in every layer, or within two standard \
         errors of both. The others, at the layer that is farthest off, as foreseen over measured, and what came of changing what may be the \
         cause: a quarter of the width at the same layer, where what goes with one over the width is four times as much, and a head that \
         starts near 0 at the layer that is then farthest off. Pictures are told apart place by place where 4 rows of them \
         have at most 640 places, and fewer of their rows are then looked at. Where nothing that was tried tells, the reason is what theory does not \
         follow of the network's structure, or open:\n\n\
         | network | signal | gradient | draws | reason |\n|---|---|---|---|---|\n",
        foreseen.len(),
        networks.len(),
        WALKS[0],
        WALKS[1],
        OF_SMALL.0,
        OF_SMALL.1,
        100.0 * (BOUND - 1.0)
    );
    let cell = |own: Ratio| {
        if own.holds() {
            "as measured".to_owned()
        } else if own.value == 0.0 {
            format!("{}, layer {}", times(own.value), own.layer)
        } else {
            format!("{} ± {:.0} %, layer {}", times(own.value), 100.0 * own.error, own.layer)
        }
    };
    for own in foreseen.iter().filter(|own| !own.holds()) {
        let Foreseen { task, network, draws, signal, gradient, .. } = own;
        let (signal, gradient) = (cell(*signal), cell(*gradient));
        let _ = writeln!(
            text,
            "| {task}: {network} | {signal} | {gradient} | {draws} | {} |",
            reason(own, networks.iter().find(|n| n.name == *network && n.task.name() == *task))
        );
    }
    text
}

/// What was tried of a network that theory does not foresee, and what it says of the cause.
fn reason(own: &Foreseen, network: Option<&Network>) -> String {
    let Tried { narrow, quiet, border, places, overflow } = own.tried;
    if let Some((layer, second)) = overflow {
        return format!(
            "overflow: numbers of f32, whose squares end at 1e77, do not last beyond layer {layer}, for which theory has E z² = {second:.0e}"
        );
    }
    let far = |ratio: Ratio| ratio.value.max(f64::MIN_POSITIVE).ln().abs();
    // What is off by chance alone proves no cause.
    let is_near = |ratio: Ratio| far(ratio) <= BOUND.ln();
    let misses: Vec<usize> = [own.signal, own.gradient]
        .iter()
        .enumerate()
        .filter(|(_, own)| !own.holds())
        .map(|m| m.0)
        .collect();
    let told = |pair: [Ratio; 2]| {
        let values: Vec<String> = misses.iter().map(|&which| times(pair[which].value)).collect();
        values.join(" and ")
    };
    let mut causes = Vec::new();
    let mut others = Vec::new();
    let unsure = misses.iter().all(|&which| ![own.signal, own.gradient][which].is_known());
    if unsure {
        causes
            .push(format!("chance: {} draws differ too much to tell whether it is off", own.draws));
    } else if ![own.signal, own.gradient].iter().all(Ratio::is_known) {
        others.push("draws differ too much to tell".to_owned());
    }
    if let Some(narrow) = narrow {
        // The error of a theory of wide layers goes with one over the width, or its root: of the narrow
        // network it is at least twice as much.
        let log = |ratio: Ratio| ratio.value.max(f64::MIN_POSITIVE).ln();
        let grows = |&which: &usize| {
            let (wide, narrow) = ([own.signal, own.gradient][which], narrow[which]);
            let (wide, narrow, error) = (log(wide), log(narrow), narrow.error.max(wide.error));
            wide * narrow > 0.0
                && narrow.abs() - wide.abs() > 2.0 * error
                && narrow.abs() > 2.0 * wide.abs()
        };
        let text = format!("{} with {NARROW} units", told(narrow));
        if misses.iter().all(grows) {
            causes.push(format!("finite width beyond what is counted: {text}"));
        } else {
            others.push(text);
        }
    }
    if let Some(quiet) = quiet {
        let text = format!("{} with outputs near 0", times(quiet[1].value));
        if is_near(quiet[1]) {
            causes
                .push(format!("large outputs, whose gradient goes by features of the rows beyond what is counted: {text}"));
        } else {
            others.push(text);
        }
    }
    if let Some(border) = border {
        // A tenth is what a second moment may be off.
        let text = format!("E z² at borders ×{border:.2} that of middles");
        if border.ln().abs() > BOUND.ln() {
            causes.push(format!(
                "zero padding, as places are taken as alike unless followed one by one: {text}"
            ));
        } else {
            others.push(text);
        }
    }
    if let Some([near, any]) = places.filter(|[near, any]| near - any > 0.1) {
        causes.push(format!(
            "pictures, whose places are taken as equally alike unless followed one by one: neighbors have a cosine of {near:.2}, any two of {any:.2}"
        ));
    }
    if causes.is_empty() {
        let Some(structure) = network.and_then(structure) else {
            return format!("open; tried: {}", others.join("; "));
        };
        causes.push(structure.to_owned());
    }
    if !others.is_empty() {
        causes.push(format!("besides {}", others.join(", ")));
    }
    causes.join("; ")
}

/// What of a network's structure theory is known not to follow, where nothing that was tried tells the cause.
fn structure(network: &Network) -> Option<&'static str> {
    let is = |words: &[&str]| words.iter().any(|word| network.name.contains(word));
    if is(&["recurrent", "LSTM", "lstm"]) {
        Some(
            "shared steps: what steps have in common, as all meet one weight, is not followed from step to step",
        )
    } else if is(&["transformer", "gpt"]) {
        Some(
            "attention: tokens of a row are taken as of one size and equally alike, and shares as independent of what they weigh",
        )
    } else if is(&["cnn", "lenet"]) {
        Some("pictures too large to tell their places apart, and pools over them")
    } else {
        None
    }
}

/// A ratio in few letters; 0 stands for one that no number holds.
fn times(ratio: f64) -> String {
    match ratio {
        0.0 => "overflows".to_owned(),
        1e-3..1e3 => format!("×{ratio:.2}"),
        _ => format!("×{ratio:.0e}"),
    }
}

fn targets() -> String {
    let target = |task: &Task| format!("{} on {}", task.target(), task.name());
    Task::ALL.iter().map(target).collect::<Vec<String>>().join(", ")
}

/// The starts that are asked for and not there yet.
fn missing() -> String {
    let missing: Vec<&str> =
        STARTS.iter().filter(|start| !start.is_there()).map(|start| start.name()).collect();
    if missing.is_empty() {
        return String::new();
    }
    format!("Not there yet, and so not compared: {}. ", missing.join(", "))
}

fn table(rows: &[Row<'_>]) -> String {
    let mut text = "| start | learns, of those that any start learns | steps | finding, s |\n\
                    |---|---|---|---|\n"
        .to_owned();
    for Score { start, learns, of, relative, finding } in score::scores(rows) {
        let share = 100.0 * learns as f64 / of.max(1) as f64;
        let relative = relative.map_or_else(|| "–".to_owned(), |r| format!("{r:.2}"));
        let finding = finding.map_or_else(|| "–".to_owned(), |s| format!("{s:.3}"));
        let _ = writeln!(
            text,
            "| {} | {learns} of {of}, {share:.0} % | {relative} | {finding} |",
            start.name()
        );
    }
    text
}

fn bars(rows: &[Row<'_>], closer: &[Closer], all: usize) -> String {
    let scores = score::scores(rows);
    let Some(auto) = scores.iter().find(|score| score.start.name() == "auto") else {
        return "`auto` is not there yet, so no bar is judged.\n".to_owned();
    };
    let met = |holds: bool| if holds { "met" } else { "**missed**" };
    let share = auto.learns as f64 / auto.of.max(1) as f64;
    let so_far = if rows.len() < all {
        format!(", on the {} networks trained so far", rows.len())
    } else {
        String::new()
    };
    let mut text = format!(
        "## The bars for `auto`{so_far}\n\n| bar | figure | |\n|---|---|---|\n\
         | learns on at least 95 % of the networks that any start learns | {} of {}, {:.1} % | {} |\n",
        auto.learns,
        auto.of,
        100.0 * share,
        met(share >= 0.95)
    );
    for default in DEFAULTS {
        let (worse, unsure) = closer::worse_than(rows, closer, ("auto", default));
        let mut figure = if worse.is_empty() { "on none".to_owned() } else { worse.join("; ") };
        if !unsure.is_empty() {
            let _ = write!(figure, "; within two errors of it: {}", unsure.join("; "));
        }
        let _ = writeln!(
            text,
            "| never over 5 % more steps than {default} where that learns | {figure} | {} |",
            if worse.is_empty() && !unsure.is_empty() { "open" } else { met(worse.is_empty()) }
        );
    }
    let (ratio, count) = score::against_usual(rows, "auto");
    let figure = ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
    let _ = writeln!(
        text,
        "| fewer steps than He or Xavier by the usual rule, on the median | {figure} times, on {count} networks | {} |",
        met(ratio.is_some_and(|ratio| ratio < 1.0))
    );
    for (name, bar) in [("10x64 relu", 0.95), ("30x64 relu", 0.94), ("50x64 relu", 0.90)] {
        let Some(row) = rows.iter().find(|row| row.network.name == name && row.network.is_whole)
        else {
            let _ = writeln!(text, "| {name} comes to {bar} on digits | not trained yet | |");
            continue;
        };
        let last = |start: &str| {
            let record = row.records.get(start)?;
            Some(record.last.iter().sum::<f64>() / record.last.len().max(1) as f64)
        };
        let (before, after) = (last("torch-default"), last("auto"));
        let number = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.3}"));
        let _ = writeln!(
            text,
            "| {name} comes to {bar:.2} on digits, mean of the last scores | {} from torch-default, {} from auto | {} |",
            number(before),
            number(after),
            met(after.is_some_and(|after| after >= bar))
        );
    }
    text
}

fn by_network(rows: &[Row<'_>]) -> String {
    let starts: Vec<&str> =
        STARTS.into_iter().filter(|start| start.is_there()).map(Start::name).collect();
    let mut text = format!("| network | {} |\n", starts.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(starts.len()));
    for row in rows {
        let cell = |start: &&str| match row.records.get(start) {
            _ if row.refused.contains(start) => "×".to_owned(),
            Some(record) => record.median().map_or_else(|| "–".to_owned(), |s| s.to_string()),
            None => String::new(),
        };
        let cells: Vec<String> = starts.iter().map(cell).collect();
        let name = row.network.name.replace('|', "\\|");
        let _ = writeln!(text, "| {}: {name} | {} |", row.network.task.name(), cells.join(" | "));
    }
    text
}
