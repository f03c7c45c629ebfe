//! Why a verdict is another word than its label, as far as the label's runs tell.

use fanin::check::forecast::{SLOW_SHARE, STUCK_SHARE};

use crate::label::{Outcome, Run};
use crate::score::Row;

/// What is said where runs tell nothing.
pub const UNKNOWN: &str = "Why is unknown.";

/// A test accuracy beyond this share of the target hardly misses it.
const NEAR: f64 = 0.9;

/// A tenth of [`SLOW_SHARE`]: two deviations of the forecast below it, slow is hardly possible.
const SURE_SHARE: f64 = SLOW_SHARE / 10.0;

/// Rates within so many times the usual one are nothing out of the ordinary.
const ORDINARY_RATES: std::ops::RangeInclusive<f64> = 0.1..=5.0;

/// Why verdict and label of `row` disagree, in a sentence or two.
///
/// Reasons are tried from the surest to the vaguest: seeds that disagree, a rate that helps, a
/// group of which no start learns, how near the end came to a limit.
pub fn of(row: &Row<'_>) -> String {
    match (row.label.outcome, row.judgment.verdict.as_str()) {
        (_, "unsure") => undecided(row),
        (Outcome::Slow, "learns") => short_of_target(row),
        (Outcome::Stuck | Outcome::Unstable, "learns") => unforeseen(row),
        (Outcome::Stuck, "slow") => rightly(row, "where slow begins at"),
        (Outcome::Slow, "stuck" | "unstable") => rightly(row, "and stuck is below"),
        (Outcome::Stuck, "unstable") => calm(row),
        (Outcome::Unstable, "stuck") => restless(row),
        _ => UNKNOWN.to_owned(),
    }
}

/// Nothing is learned, and the verdict says that it will be.
fn unforeseen(row: &Row<'_>) -> String {
    let runs = own_runs(row);
    let working = runs.iter().filter(|run| run.outcome.works()).count();
    if working > 0 {
        format!("Seeds disagree: {working} of {} learn something.", runs.len())
    } else if let Some(factor) = helpful_factor(row) {
        let fault = if factor < 1.0 { "large" } else { "small" };
        format!("The rate is too {fault}: at ×{factor:.1} it learns something.")
    } else if !row.maybe_at_fault {
        "No start of the group learns at any rate: the network is hard, or training too short."
            .to_owned()
    } else if !row.at_fault {
        let others = others(row, ["learns", "learn"]);
        format!("A hard network or an unlucky start: {others} with every seed.")
    } else {
        UNKNOWN.to_owned()
    }
}

/// Something is learned, but less than the target, and the verdict says that it will be reached.
fn short_of_target(row: &Row<'_>) -> String {
    let (runs, target) = (own_runs(row), row.case.group.task.target);
    let arrived = runs.iter().filter(|run| run.outcome == Outcome::Learns).count();
    let Some(score) = score(&runs) else { return UNKNOWN.to_owned() };
    let rate_factor = row.case.group.rate_factor;
    if arrived > 0 {
        format!("Seeds disagree: {arrived} of {} reach the target.", runs.len())
    } else if let Some(loss) = learned_by_heart(&runs, target) {
        format!("Learns the training rows (loss {loss:.2}), but only {score:.2} of the others.")
    } else if score >= NEAR * target {
        format!("Within a tenth of the target: ends at {score:.2} of {target:.2}.")
    } else if !ORDINARY_RATES.contains(&rate_factor) {
        format!("The rate is ×{rate_factor} of the usual one; ends at {score:.2} of {target:.2}.")
    } else if row.learning_starts == 0 {
        format!(
            "No start of the group learns with every seed: the network is hard, or training too \
             short; ends at {score:.2} of {target:.2}."
        )
    } else {
        let others = others(row, ["reaches", "reach"]);
        format!(
            "Leaves its start, but ends at {score:.2} of the {target:.2} that {others} with every \
             seed. {UNKNOWN}"
        )
    }
}

/// A failure is foreseen and comes, as a milder or a harder one.
fn rightly(row: &Row<'_>, limit: &str) -> String {
    score(&own_runs(row)).map_or_else(
        || UNKNOWN.to_owned(),
        |score| format!("An alarm, and rightly: ends at {score:.2}, {limit} {:.2}.", floor(row)),
    )
}

/// Nothing is learned, as foreseen, without a jump of the loss.
fn calm(row: &Row<'_>) -> String {
    let runs = own_runs(row);
    let losses = |run: &&Run| Some([run.first_loss?, run.peak_loss?, run.last_loss?]);
    let jump = |[first, peak, _]: &[f64; 3]| peak / first;
    let worst = runs.iter().filter_map(losses).max_by(|a, b| jump(a).total_cmp(&jump(b)));
    let Some([first, peak, last]) = worst.map(|losses| losses.map(number)) else {
        return UNKNOWN.to_owned();
    };
    format!(
        "Fails as said, but the loss never jumps: {first} at first, {peak} at most, {last} at last."
    )
}

/// Nothing is learned, as foreseen, but the loss jumps besides.
fn restless(row: &Row<'_>) -> String {
    let runs = own_runs(row);
    let diverged = runs.iter().filter_map(|run| run.diverged);
    if let Some(step) = diverged.clone().min() {
        let (count, all) = (diverged.count(), runs.len());
        return format!(
            "Fails as said, but not quietly: {count} of {all} runs diverge, the first in step {step}."
        );
    }
    let losses = runs.iter().filter_map(|run| Some((run.first_loss?, run.peak_loss?)));
    match losses.max_by(|a, b| a.1.total_cmp(&b.1)) {
        Some((first, peak)) => format!(
            "Fails as said, but the loss jumps from {} to {} and does not settle.",
            number(first),
            number(peak)
        ),
        None => UNKNOWN.to_owned(),
    }
}

/// No word is likely enough.
fn undecided(row: &Row<'_>) -> String {
    let evidence = |key: &str| row.judgment.evidence.get(key).copied();
    let Some(confidence) = evidence("confidence") else { return UNKNOWN.to_owned() };
    let share = evidence("escape_steps").zip(evidence("planned_steps")).map(|(e, p)| e / p);
    let between = match share {
        Some(share) if share < SURE_SHARE => ": it learns, or its steps are too large".to_owned(),
        Some(share) => {
            let nearest = |(_, a): &(_, f64), (_, b): &(_, f64)| {
                (share / a).ln().abs().total_cmp(&(share / b).ln().abs())
            };
            let bounds = [("slow", SLOW_SHARE), ("stuck", STUCK_SHARE)];
            let (word, bound) = bounds.into_iter().min_by(nearest).expect("two bounds");
            format!(
                ": it leaves its start after ×{share:.1} of the planned steps, and {word} begins \
                 at ×{bound:.0}"
            )
        }
        None => String::new(),
    };
    format!("The likeliest word has {:.0} %{between}.", 100.0 * confidence)
}

/// The runs at the user's rate.
fn own_runs<'a>(row: &Row<'a>) -> Vec<&'a Run> {
    row.label.runs.iter().filter(|run| run.factor == 1.0).collect()
}

/// The middle one of the accuracies at the end.
fn score(runs: &[&Run]) -> Option<f64> {
    let mut scores: Vec<f64> = runs.iter().filter_map(|run| run.score).collect();
    scores.sort_by(f64::total_cmp);
    scores.get(scores.len() / 2).copied()
}

fn floor(row: &Row<'_>) -> f64 {
    row.case.group.task.floor
}

/// The mean loss of the last epoch, if it is that of giving every training row's class a
/// probability above the target: L < −ln(target).
fn learned_by_heart(runs: &[&Run], target: f64) -> Option<f64> {
    let losses = runs.iter().map(|run| run.last_loss).collect::<Option<Vec<f64>>>()?;
    losses.into_iter().max_by(f64::total_cmp).filter(|loss| *loss < -target.ln())
}

/// The first factor on the rate by which most runs learn something.
fn helpful_factor(row: &Row<'_>) -> Option<f64> {
    let runs = &row.label.runs;
    let helps = |factor: f64| {
        let at_rate = runs.iter().filter(|run| run.factor == factor);
        let working = at_rate.clone().filter(|run| run.outcome.works()).count();
        2 * working > at_rate.count()
    };
    runs.iter().map(|run| run.factor).find(|&factor| factor != 1.0 && helps(factor))
}

/// How many other starts of the group do what the verbs, of one and of more, say.
fn others(row: &Row<'_>, [of_one, of_more]: [&str; 2]) -> String {
    match row.learning_starts {
        0 => format!("no other start {of_one}"),
        1 => format!("one other start {of_one}"),
        starts => format!("{starts} other starts {of_more}"),
    }
}

/// A loss in few letters.
fn number(loss: f64) -> String {
    if loss < 1000.0 { format!("{loss:.2}") } else { format!("{loss:.0e}") }
}

#[cfg(test)]
mod tests;
