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
        Proven::Interrupted { ended, runs } => {
            let text = format!(
                "the proof was stopped after {ended} of {runs} runs: the new start is there, how \
                 it trains was not seen"
            );
            "\n".to_owned() + &wrapped_within(width, "", INDENT, &text)
        }
    }
}

/// What came of it in one sentence that ends in no full stop.
pub fn proven_in_short(proven: &Proven) -> String {
    match proven {
        Proven::Trained(proof) => format!("{}: {}", proof.conclusion, conclusion(proof)),
        Proven::TooDear { .. } => "left out, as it would take too long".to_owned(),
        Proven::Interrupted { .. } => "stopped before its end".to_owned(),
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
    let is_raised = proof.is_asked && proof.threshold > proof.asked;
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
    let to = format!("steps to {score} {}", decimals(proof.threshold, is_raised));
    let head = ["start", "learning rate", &to, "of all seeds", score].map(str::to_owned);
    let rows = [("before", &proof.before), ("after", &proof.after)];
    let rows = rows.map(|(name, side)| row(name, side, proof)).to_vec();
    text.push_str(&aligned(&head, rows));
    let told = format!("{}: {}", proof.conclusion, conclusion(proof));
    text.push_str(&wrapped_within(width, "proof: ", INDENT, &told));
    if is_raised {
        let note = raised(task, proof.chance, (proof.asked, proof.threshold));
        text.push_str(&wrapped_within(width, INDENT, INDENT, &note));
    }
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

/// A score in as few decimals as tell it from what guessing comes to.
fn decimals(score: f64, is_raised: bool) -> String {
    fixed(score, if is_raised { 3 } else { 2 })
}

/// Why another score than the one asked for counts as learned, where guessing comes to so much.
pub(super) fn raised(task: Task, chance: f64, (asked, target): (f64, f64)) -> String {
    let answer = match task {
        Task::MultiLabel => "what is commonest for each label",
        _ => "the commonest class",
    };
    if target <= chance {
        return "all rows that are counted have one answer, so no score tells of learning"
            .to_owned();
    }
    format!(
        "always giving {answer} comes to {}, so {} counts as learned, not the {asked} asked for",
        fixed(chance, 3),
        fixed(target, 3)
    )
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
    let is_told = proof.conclusion != Conclusion::NoDifference;
    let unsure = format!(
        "which is no more than chance could make of {} that scatter so much",
        count(pairs, "pair", "pairs")
    );
    match (never_before, never_after) {
        (0, 0) => times,
        (before, 0) if before == pairs && is_told => {
            format!("it arrives, which the other never did in these steps: at most {times}")
        }
        (before, 0) if before == pairs => {
            format!("only the start after arrived in these steps, {unsure}: at most {times}")
        }
        (0, after) if after == pairs && is_told => {
            format!("it never arrived in these steps, which the other did: at least {times}")
        }
        (0, after) if after == pairs => {
            format!("only the start before arrived in these steps, {unsure}: at least {times}")
        }
        (before, after) => format!(
            "{times}, where runs that did not arrive ({before} of {pairs} before, {after} of {pairs} \
             after) count with their last step"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::proof::{Score, Trajectory};

    /// What is told, each paragraph on one line.
    fn unwrapped(what: &Proven, task: Task) -> String {
        proven(what, task, 100).replace("\n  ", " ")
    }

    fn side(steps: [Option<u64>; 2], learning_rate: f64) -> Side {
        let run = |seed| Trajectory {
            learning_rate,
            seed,
            scores: vec![Score { step: 0, score: 0.1 }],
            diverged: None,
        };
        let runs: Vec<Trajectory> = (0..2).map(run).collect();
        let median = steps[1];
        Side { learning_rate, tried: runs.clone(), runs, steps: steps.to_vec(), median, score: 0.5 }
    }

    fn told(steps: [[Option<u64>; 2]; 2], ratio: Option<Ratio>, conclusion: Conclusion) -> String {
        let trained = Proof {
            training: "sgd, learning rate 0.02".to_owned(),
            seeds: vec![0, 1],
            steps: 101,
            planned: 345,
            every: 5,
            chance: 0.1,
            asked: 0.9,
            threshold: 0.82,
            is_asked: false,
            before: side(steps[0], 0.006),
            after: side(steps[1], 0.02),
            ratio,
            conclusion,
        };
        unwrapped(&Proven::Trained(Box::new(trained)), Task::Classification)
    }

    #[test]
    fn a_proof_says_rates_steps_interval_and_what_was_left_out() {
        let ratio =
            Ratio { mean: 0.24, low: 0.18, high: 0.32, pairs: 2, never_before: 2, never_after: 0 };
        let steps = [[None; 2], [Some(20), Some(25)]];
        let text = told(steps, Some(ratio), Conclusion::Better);
        for part in [
            "101 of 345 planned steps",
            "steps to accuracy 0.82",
            "over 101",
            "– –",
            "20 25",
            "proof: better: it arrives, which the other never did",
            "0.24 times the steps, 0.18 to 0.32 with 95 %",
            "nine tenths of the way from guessing, 0.10",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    /// The sentence behind the word, for so many runs of two that never arrived before and after.
    #[track_caller]
    fn check(never: [usize; 2], conclusion: Conclusion, expected: &str) {
        let [never_before, never_after] = never;
        let ratio = Ratio { mean: 0.5, low: 0.2, high: 1.5, pairs: 2, never_before, never_after };
        let steps = never.map(|never| [(never < 2).then_some(20), (never < 1).then_some(25)]);
        let text = told(steps, Some(ratio), conclusion);
        let times = "0.50 times the steps, 0.20 to 1.50 with 95 %";
        let expected = format!("proof: {conclusion}: {} no run", expected.replace("TIMES", times));
        assert!(text.contains(&expected), "{expected} is not in\n{text}");
    }

    #[test]
    fn every_word_has_a_sentence_that_does_not_deny_it() {
        use Conclusion::{Better, NoDifference, Worse};
        let steps = "in these steps";
        let unsure = "which is no more than chance could make of 2 pairs that scatter so much";
        for word in [Better, NoDifference, Worse] {
            check([0, 0], word, "TIMES");
            let last = "TIMES, where runs that did not arrive (1 of 2 before, 2 of 2 after) count \
                        with their last step";
            check([1, 2], word, last);
        }
        let arrives = format!("it arrives, which the other never did {steps}: at most TIMES");
        check([2, 0], Better, &arrives);
        let arrives = format!("only the start after arrived {steps}, {unsure}: at most TIMES");
        check([2, 0], NoDifference, &arrives);
        let never = format!("it never arrived {steps}, which the other did: at least TIMES");
        check([0, 2], Worse, &never);
        let never = format!("only the start before arrived {steps}, {unsure}: at least TIMES");
        check([0, 2], NoDifference, &never);
    }

    #[test]
    fn a_target_that_guessing_comes_to_is_said_to_be_raised() {
        let text = told([[None; 2]; 2], None, Conclusion::NeitherLearns);
        assert!(!text.contains("commonest"), "{text}");
        let trained = Proof {
            training: "sgd".to_owned(),
            seeds: vec![0, 1],
            steps: 345,
            planned: 345,
            every: 5,
            chance: 0.97,
            asked: 0.9,
            threshold: 0.985,
            is_asked: true,
            before: side([None; 2], 0.006),
            after: side([None; 2], 0.02),
            ratio: None,
            conclusion: Conclusion::NeitherLearns,
        };
        let text = unwrapped(&Proven::Trained(Box::new(trained)), Task::Classification);
        for part in [
            "steps to accuracy 0.985",
            "neither learns",
            "always giving the commonest class comes to 0.970, so 0.985 counts as learned, not the \
             0.9 asked for",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn a_proof_that_was_stopped_says_after_how_many_runs() {
        let text = unwrapped(&Proven::Interrupted { ended: 3, runs: 18 }, Task::Regression);
        assert!(text.contains("the proof was stopped after 3 of 18 runs"), "{text}");
    }

    #[test]
    fn what_nobody_learned_and_what_is_too_dear_are_said() {
        let text = told([[None; 2]; 2], None, Conclusion::NeitherLearns);
        assert!(text.contains("proof: neither learns: no run of either start came far"), "{text}");
        assert!(!text.contains("nine tenths"), "no threshold was reached: {text}");
        let text = unwrapped(&Proven::TooDear { seconds: 204.3 }, Task::Regression);
        assert!(text.contains("about 205 seconds; ask for it with --seconds 300"), "{text}");
    }
}
