//! The comparison: what is known before training, what came of it, and why.

use super::number::{compact, count, loss, score_name, spread, steps, whole};
use super::proof::raised;
use super::table::aligned;
use super::wrap::wrapped;
use crate::check::{Diagnosis, Verdict};
use crate::compare::{CompareOptions, Entry, NetworkComparison, Threshold};
use crate::data::{Dataset, Prepared};
use crate::spec::Task;
use crate::train::Finish;

/// Before the further lines of the heading.
const INDENT: &str = "          ";

/// Characters of the columns other than those of layers, and of one layer's column.
const OTHER_COLUMNS: usize = 54;
const LAYER_COLUMN: usize = 7;

/// What the columns before training mean.
const LEGEND: &str = "aN: standard deviation of the activations of layer N, of which the part that \
                      still depends on the input is the signal; grad: gradient norm of the first \
                      layer's weights over the last's; units: how many can ever differ, of all";

/// What the words for an outcome mean.
const OUTCOMES: &str = "learns: reaches the target; slow: over a third of the way from guessing to \
                        it; stuck: less; unstable: diverged";

/// The share of the commonest class that an accuracy has to be held against.
const COMMON: f64 = 0.8;

/// What is compared on what.
pub fn heading(options: &CompareOptions, data: &Prepared) -> String {
    let (train, test) = (data.train.rows(), data.test.as_ref().map_or(0, Dataset::rows));
    let spec = &options.spec;
    let course = crate::train::course::Course::new(spec, data.task, 0);
    let optimizer = course.map_or_else(|_| spec.optimizer.name.clone(), |c| c.describe());
    let seeds: Vec<String> = spec.train.seeds.iter().map(ToString::to_string).collect();
    let license = data.license.as_ref().map_or_else(String::new, |l| format!(" ({l})"));
    let rows = format!(
        "{} to train on, {} to test on, {}, {}, {}",
        count(train, "row", "rows"),
        whole(test),
        count(data.train.columns(), "feature", "features"),
        targets(data),
        data.features.preparation,
    );
    let word = if seeds.len() == 1 { "seed" } else { "seeds" };
    let training = format!("{optimizer}, {word} {}", seeds.join(" "));
    wrapped("data      ", INDENT, &format!("{}{license}", data.source))
        + &wrapped(INDENT, INDENT, &rows)
        + &wrapped("training  ", INDENT, &training)
        + &raised_target(options, data)
        + &kept_rules(options)
}

/// What counts as learned, where guessing comes to what was asked for.
fn raised_target(options: &CompareOptions, data: &Prepared) -> String {
    let asked = options.spec.train.target_accuracy;
    let Threshold { chance, target } = Threshold::new(data, asked);
    if target <= asked {
        return String::new();
    }
    wrapped("target    ", INDENT, &raised(data.task, chance, (asked, target)))
}

/// The rules of a spec that hold whatever scheme is compared.
fn kept_rules(options: &CompareOptions) -> String {
    let init = options.spec.init_rules();
    let rules = init.rules.iter().map(|rule| format!("{} by {}", rule.pattern, rule.scheme));
    let bias = init.bias.iter().map(|scheme| format!("biases by {scheme}"));
    let kept: Vec<String> = rules.chain(bias).collect();
    if !options.own_model || kept.is_empty() {
        return String::new();
    }
    wrapped(
        "starts    ",
        INDENT,
        &format!("the spec's own for {}; all else by the schemes", kept.join(", ")),
    )
}

fn targets(data: &Prepared) -> String {
    let columns = data.train.target_columns();
    match data.task {
        Task::Classification => count(columns, "class", "classes"),
        Task::MultiLabel => count(columns, "label", "labels"),
        Task::Regression => count(columns, "target", "targets"),
        Task::AutoEncoder => "asked to give them back".to_owned(),
    }
}

/// One network before any training: activations by layer, gradients, units, forecast.
///
/// Where not every layer fits into `width` characters, an even selection is shown.
pub fn before_training(network: &NetworkComparison, width: usize) -> String {
    let mut text = format!(
        "\n{} · {} · before training\n",
        network.model,
        count(network.parameters, "parameter", "parameters")
    );
    let layers = network.hidden_layers + 1;
    let shown = selection(layers, width);
    let mut head = vec!["scheme".to_owned()];
    head.extend(shown.iter().map(|&layer| match layer + 1 {
        number if number == layers => "out".to_owned(),
        number => format!("a{number}"),
    }));
    head.extend(["grad 1/last", "units", "forecast"].map(str::to_owned));
    let rows = network.entries.iter().map(|entry| {
        let mut row = vec![entry.scheme.clone()];
        let deviation = |layer: usize| {
            median(entry, |start| start.measurement.layers[layer].activation_deviation)
        };
        row.extend(shown.iter().map(|&layer| compact(deviation(layer))));
        let ratio = median(entry, |start| start.measurement.gradient_ratio());
        row.push(compact(ratio));
        let effective = median(entry, |start| start.effective_units as f64);
        let all = entry.starts.first().map_or(0, |start| start.units);
        row.push(format!("{effective:.0} of {all}"));
        row.push(entry.forecast.to_string());
        row
    });
    text.push_str(&aligned(&head, rows.collect()));
    text + &wrapped(" ", " ", LEGEND)
}

/// Positions of the layers to show: all, or an even selection from the first to the last.
fn selection(layers: usize, width: usize) -> Vec<usize> {
    let fits = (width.saturating_sub(OTHER_COLUMNS) / LAYER_COLUMN).max(2);
    if layers <= fits {
        return (0..layers).collect();
    }
    (0..fits).map(|i| (i * (layers - 1)).div_ceil(fits - 1)).collect()
}

/// The median over seeds.
fn median(entry: &Entry, read: impl Fn(&Diagnosis) -> f64) -> f64 {
    let mut values: Vec<f64> = entry.starts.iter().map(read).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// One network after training: loss, score, forecast against outcome, and why schemes fail.
pub fn after_training(network: &NetworkComparison, task: Task, target: f64) -> String {
    let mut text = format!("\n{} · after training\n", network.model);
    let head = [
        "scheme".to_owned(),
        "test loss".to_owned(),
        score_name(task).to_owned(),
        epochs_to(task, target),
        "forecast".to_owned(),
        "outcome".to_owned(),
        String::new(),
    ];
    let rows = network.entries.iter().map(|entry| {
        let Some(outcome) = &entry.outcome else {
            let mut row = vec![entry.scheme.clone(), "not finished".to_owned()];
            row.extend(["", ""].map(str::to_owned));
            row.extend([entry.forecast.to_string(), String::new(), String::new()]);
            return row;
        };
        let agree =
            if outcome.verdict == entry.forecast { "as forecast" } else { "not as forecast" };
        vec![
            entry.scheme.clone(),
            if diverged(entry) { "diverged".to_owned() } else { loss(outcome.loss.mean) },
            spread(&outcome.score),
            epochs(&outcome.epochs_to_target),
            entry.forecast.to_string(),
            outcome.verdict.to_string(),
            agree.to_owned(),
        ]
    });
    text.push_str(&aligned(&head, rows.collect()));
    text.push_str(&wrapped(" ", " ", OUTCOMES));
    text.push_str(&reasons(network));
    text
}

fn epochs_to(task: Task, target: f64) -> String {
    match task {
        Task::Classification | Task::MultiLabel => {
            let percent = 100.0 * target;
            let decimals = usize::from((percent - percent.round()).abs() > 0.05);
            format!("epochs to {percent:.decimals$} %")
        }
        Task::Regression | Task::AutoEncoder => format!("epochs to R² {target}"),
    }
}

fn diverged(entry: &Entry) -> bool {
    entry.trained.iter().any(|run| matches!(run.finish, Finish::Diverged(_)))
}

fn epochs(reached: &[Option<u64>]) -> String {
    let known: Vec<u64> = reached.iter().flatten().copied().collect();
    let (Some(least), Some(most)) = (known.iter().min(), known.iter().max()) else {
        return "never".to_owned();
    };
    let range = if least == most { least.to_string() } else { format!("{least}–{most}") };
    let missing = reached.len() - known.len();
    if missing == 0 { range } else { format!("{range}, {missing} never") }
}

/// One plain sentence per failing scheme.
fn reasons(network: &NetworkComparison) -> String {
    let failing = network.entries.iter().filter(|entry| {
        entry.outcome.as_ref().is_some_and(|outcome| outcome.verdict != Verdict::Learns)
    });
    let mut text = String::new();
    for entry in failing {
        let why = entry.why().map_or_else(|| without_finding(entry), str::to_owned);
        text.push_str(&wrapped("  ", "    ", &format!("{}: {why}.", entry.scheme)));
    }
    if let Some(note) = two_readings(network) {
        text.push_str(&wrapped("  ", "    ", &note));
    }
    if text.is_empty() { text } else { format!("\nWhy\n{text}") }
}

fn without_finding(entry: &Entry) -> String {
    match entry.starts.iter().find_map(|start| start.escape_steps) {
        Some(escape) if entry.forecast != Verdict::Learns => {
            format!("growing out of its start takes about {}, longer than planned", steps(escape))
        }
        _ => format!(
            "nothing before the first step foretells it{}; try another learning rate or longer training",
            one_sided(entry)
        ),
    }
}

/// What hides behind an accuracy where nearly all rows are of one class.
fn one_sided(entry: &Entry) -> String {
    let share = entry.starts.first().and_then(|start| start.measurement.commonest);
    share.filter(|share| *share > COMMON).map_or_else(String::new, |share| {
        format!(
            "; always answering the commonest class is right for {:.1} % of the rows to train on, so an \
             accuracy says little",
            100.0 * share
        )
    })
}

/// The two readings of “divide by √d”, where both were tried.
fn two_readings(network: &NetworkComparison) -> Option<String> {
    let find = |name: &str| network.entries.iter().find(|e| e.scheme == name);
    let (uniform, normal) = (find("fan-in-uniform")?, find("fan-in-normal")?);
    let (outcome_u, outcome_n) = (uniform.outcome.as_ref()?, normal.outcome.as_ref()?);
    let factor = |entry: &Entry| median(entry, |s| s.signal_factor.unwrap_or(f64::NAN));
    let (u, n) = (factor(uniform), factor(normal));
    let between = network.hidden_layers.saturating_sub(1) as i32;
    (u.is_finite() && n.is_finite()).then(|| {
        format!(
            "“Scale by 1/√d” has two readings; {}: U(±1/√d) has variance 1/(3d) and N(0, 1/d) has \
             1/d, so the signal is multiplied by {}{} or {} from the first to the last hidden \
             layer.",
            readings(outcome_u.verdict, outcome_n.verdict),
            if between == 1 { String::new() } else { format!("{u:.2} or {n:.2} per layer, by ") },
            compact(u.powi(between)),
            compact(n.powi(between)),
        )
    })
}

fn readings(uniform: Verdict, normal: Verdict) -> &'static str {
    match (uniform, normal) {
        (Verdict::Learns, Verdict::Learns) => "both learn here",
        (Verdict::Slow, Verdict::Slow) => "both are slow here",
        (Verdict::Stuck, Verdict::Stuck) => "both stay stuck here",
        (Verdict::Unstable, Verdict::Unstable) => "both diverge here",
        (Verdict::Learns, _) | (_, Verdict::Learns) => "here one learns and the other does not",
        _ => "neither learns here",
    }
}

#[cfg(test)]
mod tests;
