//! What training from two starts showed, in words and numbers.

use super::number::{count, fixed, number, score_name, steps, whole};
use super::table::aligned;
use super::wrap::wrapped_within;
use crate::compare::proof::{Conclusion, Proof, Proven, Ratio, Side};
use crate::spec::Task;

/// Before the further lines of a paragraph.
const INDENT: &str = "  ";

/// What came of the wish for a proof.
pub fn proven(proven: &Proven, task: Task, width: usize) -> String {
    match proven {
        Proven::Trained(trained) => proof(trained, task, width),
        Proven::TooDear { seconds } => {
            let text = format!(
                "left out: thirty steps of each run would take about {}; ask for it with --seconds \
                 {}",
                count(seconds.ceil() as usize, "second", "seconds"),
                round_up(*seconds),
            );
            "\n".to_owned() + &wrapped_within(width, "proof: ", INDENT, &text)
        }
    }
}

/// The next number with one digit that is not 0.
fn round_up(seconds: f64) -> f64 {
    let unit = 10_f64.powf(seconds.max(1.0).log10().floor());
    (seconds / unit).ceil() * unit
}

/// Both starts trained: rates, steps to the threshold, scores, and what follows from them.
fn proof(proof: &Proof, task: Task, width: usize) -> String {
    let score = score_name(task);
    let seeds = count(proof.seeds.len(), "seed", "seeds");
    let title = format!(
        "proof: both trained over {seeds}, same rows in the same order; {}",
        proof.training
    );
    let mut text = "\n".to_owned() + &wrapped_within(width, "", INDENT, &title);
    if proof.steps < proof.planned {
        let cut = format!(
            "{} of {} planned steps, as many as the time allows; more with --seconds",
            proof.steps, proof.planned
        );
        text.push_str(&wrapped_within(width, INDENT, INDENT, &cut));
    }
    let to = format!("steps to {score} {}", fixed(proof.threshold, 2));
    let head = ["start", "learning rate", &to, "of all seeds", score].map(str::to_owned);
    let rows = [("before", &proof.before), ("after", &proof.after)];
    let rows = rows.map(|(name, side)| row(name, side, proof)).to_vec();
    text.push_str(&aligned(&head, rows));
    let told = format!("{}: {}", proof.conclusion, conclusion(proof));
    text.push_str(&wrapped_within(width, "proof: ", INDENT, &told));
    if !proof.is_asked && proof.conclusion != Conclusion::NeitherLearns {
        let note = format!(
            "no run came to the {score} asked for, so the threshold is nine tenths of the way \
             from guessing, {}, to the best that any run came to",
            fixed(proof.chance, 2)
        );
        text.push_str(&wrapped_within(width, INDENT, INDENT, &note));
    }
    text
}

fn row(name: &str, side: &Side, proof: &Proof) -> Vec<String> {
    let median = side.median.map_or_else(|| format!("over {}", proof.steps), |s| s.to_string());
    let arrived: Vec<String> = side
        .steps
        .iter()
        .map(|s| s.map_or_else(|| "–".to_owned(), |s| whole(usize::try_from(s).unwrap_or(0))))
        .collect();
    let diverged = side.runs.iter().filter(|run| run.diverged.is_some()).count();
    let score =
        if diverged == side.runs.len() { "diverged".to_owned() } else { fixed(side.score, 3) };
    vec![name.to_owned(), number(side.learning_rate), median, arrived.join(" "), score]
}

fn conclusion(proof: &Proof) -> String {
    let Some(ratio) = &proof.ratio else {
        return format!(
            "no run of either start came far from guessing in {}",
            steps(proof.steps as f64)
        );
    };
    let Ratio { mean, low, high, never_before, never_after, pairs } = *ratio;
    let times =
        format!("{} times the steps, {} to {} with 95 %", number(mean), number(low), number(high));
    match (never_before, never_after) {
        (0, 0) => times,
        (before, 0) if before == pairs => {
            let least = "it arrives, which the other never did in these steps: at most";
            format!("{least} {times}")
        }
        (0, after) if after == pairs => {
            "it never arrived in these steps, which the other did".to_owned()
        }
        (before, after) => format!(
            "{times}, where runs that never arrived ({before} before, {after} after, of {pairs}) \
             count with their last step"
        ),
    }
}
