//! A repair: what was wrong, what changes and why, both starts beside each other, what to do next.

use std::fmt::Write;
use std::path::PathBuf;

use super::number::{compact, count, number};
use super::table::{aligned, texts};
use super::wrap::wrapped_within;
use crate::check::{Diagnosis, Verdict};
use crate::compare::proof::{Conclusion, Proof};
use crate::formats::weight_format;
use crate::recommend::{Fold, Offer, Recommendation, Repair, Scale, fold};
use crate::report::checked::title;
use crate::report::terminal::check::percent;
use crate::report::{Asked, Fixed, quoted};
use crate::spec::{Spec, is_model_file};

/// Before the further lines of a paragraph.
const INDENT: &str = "  ";

/// What stands for a number that a network does not have.
const NONE: &str = "–";

/// The narrowest column of reasons.
const NARROWEST: usize = 24;

/// What was wrong, what changes, both starts beside each other, and what could not be had, in lines
/// of about `width` characters.
pub fn fix(fixed: &Fixed<'_>, width: usize) -> String {
    let repair = fixed.repair;
    let mut text = heading(fixed, width) + &sentence(&repair.before, width);
    text.push_str(&tried(repair, width));
    let Some(found) = &repair.recommendation else {
        return text + &unchanged(repair, width);
    };
    text.push_str(&changes(found, width));
    text.push_str(&beside(repair));
    for unmet in &found.unmet {
        text.push_str(&wrapped_within(width, "\nnot met: ", INDENT, unmet));
    }
    for offer in &found.offers {
        text.push_str(&self::offer(offer, width));
    }
    text
}

fn heading(fixed: &Fixed<'_>, width: usize) -> String {
    let title = format!("{} · starting from {}", fixed.model, fixed.start);
    let mut text = wrapped_within(width, "", INDENT, &title);
    let stands_in = if fixed.is_stand_in { "no data were named; standing in: " } else { "" };
    text.push_str(&wrapped_within(width, "data: ", INDENT, &format!("{stands_in}{}", fixed.data)));
    for remark in &fixed.repair.before.remarks {
        text.push_str(&wrapped_within(width, "data: ", INDENT, remark));
    }
    text.push('\n');
    text
}

/// The forecast of a start and its first cause, in one sentence.
fn sentence(diagnosis: &Diagnosis, width: usize) -> String {
    let sure = percent(diagnosis.confidence);
    let cause = diagnosis.cause().map_or_else(String::new, |finding| {
        let place = finding.module.as_ref().map_or_else(String::new, |m| format!(" in {m}"));
        format!(": {}{place} — {}", finding.code, finding.why)
    });
    wrapped_within(
        width,
        "before: ",
        INDENT,
        &format!("{} ({sure} sure){cause}", diagnosis.forecast),
    )
}

/// The methods that did not serve, and why.
fn tried(repair: &Repair, width: usize) -> String {
    let taken = repair.recommendation.as_ref().map(|found| found.method);
    let others = repair.tried.iter().filter(|tried| Some(tried.method) != taken);
    let line = |tried: &crate::recommend::Tried| {
        let word = tried.forecast.map_or_else(|| "no start".to_owned(), |word| word.to_string());
        let reason = tried.reason.as_deref().map_or_else(String::new, |why| format!(": {why}"));
        wrapped_within(width, &format!("tried {}: ", tried.method), INDENT, &(word + &reason))
    };
    others.map(line).collect::<String>() + &left_out(repair, width)
}

/// The methods that were not asked, or not to their end.
fn left_out(repair: &Repair, width: usize) -> String {
    let line = |left: &crate::recommend::LeftOut| {
        wrapped_within(width, &format!("left out {}: ", left.method), INDENT, &left.reason)
    };
    repair.left_out.iter().map(line).collect()
}

fn unchanged(repair: &Repair, width: usize) -> String {
    let text = match (repair.tried.is_empty(), repair.before.forecast) {
        (true, _) => {
            "nothing to change: this start should learn as it is, and nothing as bad as asked for \
             was found; --method auto works out the whole start by theory all the same, which \
             may train faster"
        }
        (false, Verdict::Learns) => {
            "nothing is changed: no method gave a start with fewer findings"
        }
        (false, _) => "nothing is changed: no method gave a better start",
    };
    "\n".to_owned() + &wrapped_within(width, "", INDENT, text)
}

fn changes(found: &Recommendation, width: usize) -> String {
    let folds = fold(&found.changes);
    let names = folds.iter().map(|fold| fold.name.chars().count()).max().unwrap_or(0);
    let mut text = format!(
        "\nrecommended by {}: {}\n",
        found.method,
        count(found.changes.len(), "parameter changes", "parameters change")
    );
    let head = ["parameter", "role", "std before", "std after", "drawn by", "why"];
    let rows = folds.iter().map(row).collect();
    // What the other columns take, with their gaps.
    let reasons = width.saturating_sub(names + 70).max(NARROWEST);
    text.push_str(&texts(&head.map(str::to_owned), rows, reasons as u16));
    text
}

fn row(fold: &Fold) -> Vec<String> {
    let name = match fold.count {
        1 => fold.name.clone(),
        count => format!("{} ({count})", fold.name),
    };
    let several = if fold.count > 1 && fold.after.0 != fold.after.1 { " …" } else { "" };
    vec![
        name,
        fold.role.label().to_owned(),
        scales(fold.before),
        scales(fold.after),
        format!("{}{several}", short(&fold.scheme)),
        fold.reason.clone(),
    ]
}

/// A scheme whose numbers have few digits.
fn short(scheme: &str) -> String {
    let Some((name, argument)) = scheme.split_once(':') else { return scheme.to_owned() };
    let digits = |part: &str| part.parse().map_or_else(|_| part.to_owned(), number);
    format!("{name}:{}", argument.split(',').map(digits).collect::<Vec<String>>().join(","))
}

/// A deviation, or two; a constant is told by its value.
fn scales((low, high): (Scale, Scale)) -> String {
    let one = |scale: Scale| match scale {
        Scale { mean, deviation } if deviation < 1e-9 * mean.abs() || deviation == 0.0 => {
            format!("all {}", compact(mean))
        }
        Scale { mean, deviation } if mean.abs() > 0.5 * deviation => {
            format!("{} about {}", number(deviation), compact(mean))
        }
        Scale { deviation, .. } => number(deviation),
    };
    let (low, high) = (one(low), one(high));
    if low == high { low } else { format!("{low} to {high}") }
}

/// Both starts, number by number.
fn beside(repair: &Repair) -> String {
    let Some(after) = &repair.after else { return String::new() };
    let both = [&repair.before, after];
    let row = |name: &str, read: &dyn Fn(&Diagnosis) -> String| {
        let [before, after] = both.map(read);
        vec![name.to_owned(), before, after]
    };
    let factor = |f: Option<f64>| f.map_or_else(|| NONE.to_owned(), |f| format!("×{}", number(f)));
    let rows = [
        row("forecast", &|d| format!("{} ({})", d.forecast, percent(d.confidence))),
        row("first cause", &|d| d.cause().map_or("none", |finding| finding.code).to_owned()),
        row("findings", &|d| d.findings.len().to_string()),
        row("signal per hidden layer", &|d| factor(d.signal_factor)),
        row("gradient per hidden layer, backward", &|d| factor(d.gradient_factor)),
        row("hidden units that can ever differ", &|d| match d.units {
            0 => NONE.to_owned(),
            units => format!("{} of {units}", d.effective_units),
        }),
        row("loss before the first step", &|d| number(d.measurement.loss)),
        row("loss of an output of 0", &|d| number(d.measurement.loss_of_zero_output)),
    ];
    let is_known = |row: &Vec<String>| row[1..].iter().any(|cell| cell != NONE);
    let rows = rows.into_iter().filter(is_known).collect();
    let mut text = "\n".to_owned();
    text.push_str(&aligned(&["", "before", "after"].map(str::to_owned), rows));
    for finding in &after.findings {
        let _ = writeln!(
            text,
            " still {}: {} {}",
            finding.severity.word(),
            finding.code,
            title(finding.code)
        );
    }
    text
}

fn offer(offer: &Offer, width: usize) -> String {
    let Offer { change, reason, how } = offer;
    let lead = "would help further, if you like: ";
    let mut text = "\n".to_owned();
    text.push_str(&wrapped_within(width, lead, INDENT, &format!("{change}: {reason}")));
    let _ = writeln!(text, "{INDENT}{how}");
    text
}

/// What was written, and the command that goes on.
pub fn fixed(fixed: &Fixed<'_>, width: usize) -> String {
    let mut text = String::new();
    for file in fixed.files {
        let _ = writeln!(text, "\nwrote {}", file.display());
    }
    if let Some(code) = fixed.code {
        let _ = write!(text, "\n{code}");
    }
    for note in fixed.notes {
        text.push_str(&wrapped_within(width, "\nnote: ", INDENT, note));
    }
    if let Some((lead, sentence)) = advice(fixed) {
        text.push_str(&wrapped_within(width, lead, INDENT, &sentence));
    }
    let _ = writeln!(text, "\nNext\n  {}", next(fixed));
    text
}

/// What follows from training and from what is still wrong, behind a word.
fn advice(fixed: &Fixed<'_>) -> Option<(&'static str, String)> {
    if fixed.keeps_start() {
        let written = match fixed.files {
            [] => "",
            _ => "; what was written holds the other one",
        };
        let sentence = format!("keep the start as it was: it trains better here{written}");
        return Some(("\nadvice: ", sentence));
    }
    if fixed.is_worse() {
        let code = fixed.repair.before.cause().map_or("a finding", |finding| finding.code);
        let sentence = format!(
            "training speaks for the start as it was, and {code}, a finding that says it is stuck, \
             against it: prove it over more seeds and all steps before you take either"
        );
        return Some(("\nadvice: ", sentence));
    }
    if !fixed.repair.is_healthy() {
        let sentence = "this start is still not sound: the findings above say what is left, and \
                        another network may be what it takes";
        return Some(("\nleft: ", sentence.to_owned()));
    }
    None
}

/// Seeds of a proof that is to settle what five left open.
const MORE_SEEDS: u32 = 10;

/// The command that goes on: from the start that serves better, with what was asked for.
pub fn next(fixed: &Fixed<'_>) -> String {
    let Fixed { asked, named, .. } = fixed;
    let mut spec = fixed.spec.clone();
    // What was learned of computed rows says nothing of the rate for others.
    let is_foreign = fixed.is_stand_in && spec.data.source != Spec::default().data.source;
    if is_foreign {
        "YOUR_DATA".clone_into(&mut spec.data.source);
    }
    let keeps_start = fixed.keeps_start();
    let is_learned = |proof: &&Proof| proof.conclusion != Conclusion::NeitherLearns;
    let learned = fixed.trained().filter(|_| !is_foreign).filter(is_learned);
    let as_planned = asked.arguments(&spec);
    if fixed.is_worse() && !keeps_start {
        let (model, scheme) = (asked.model(&spec, named), scheme(fixed));
        let options = asked.options(Asked::FIX) + &as_planned;
        return format!("fanin fix {model}{scheme}{options} --seeds {MORE_SEEDS} --seconds 0");
    }
    if let Some(proof) = learned {
        let side = if keeps_start { &proof.before } else { &proof.after };
        spec.optimizer.learning_rate = Some(digits(side.learning_rate));
    }
    let model = asked.model(&spec, named);
    let training = asked.options(Asked::TRAIN) + &asked.arguments(&spec);
    if keeps_start || fixed.repair.recommendation.is_none() {
        let weights = asked.options(&["weights"]);
        return format!("fanin train {model}{weights}{}{training}", scheme(fixed));
    }
    // Of code no training can begin.
    let holds_weights = |file: &&PathBuf| is_model_file(file) || weight_format(file).is_ok();
    let Some(file) = fixed.files.iter().find(holds_weights) else {
        // By another rate another start may be recommended.
        let options = asked.options(Asked::FIX) + &as_planned;
        return format!(
            "fanin fix {model}{}{options} --no-proof --output start.safetensors",
            scheme(fixed)
        );
    };
    let path = quoted(&file.display().to_string());
    if is_model_file(file) {
        let alone = Asked { file: None, options: asked.options.clone() };
        let (options, arguments) = (alone.options(Asked::TRAIN), alone.arguments(&spec));
        return format!("fanin train {path}{options}{arguments}");
    }
    format!("fanin train {model} --weights {path}{training}")
}

/// The start as arguments, where it is a scheme.
fn scheme(fixed: &Fixed<'_>) -> String {
    let own = &fixed.spec.init.scheme;
    if *own == fixed.start {
        format!(" --scheme {}{}", quoted(own), fixed.asked.rules(fixed.spec))
    } else {
        String::new()
    }
}

/// A learning rate without the digits that a product leaves.
fn digits(rate: f64) -> f64 {
    format!("{rate:.3e}").parse().unwrap_or(rate)
}

#[cfg(test)]
mod tests;
