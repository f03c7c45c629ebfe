//! The last line: the word on how training will go, how sure it is, and what to do if it is not.

use crate::check::{Diagnosis, Verdict};
use crate::report::terminal::wrap::wrapped_within;

/// Seeds that settle most spreads, if fewer were measured.
const MORE_SEEDS: usize = 20;

/// The forecast with its confidence.
pub fn forecast(diagnosis: &Diagnosis, width: usize) -> String {
    let sample = match diagnosis.seeds {
        1 => "1 start".to_owned(),
        seeds => format!("{seeds} seeds"),
    };
    let sure = match diagnosis.forecast {
        Verdict::Unsure if diagnosis.is_partial => "part of the network".to_owned(),
        Verdict::Unsure => format!("{} for the likeliest outcome", percent(diagnosis.confidence)),
        _ => format!("{} sure", percent(diagnosis.confidence)),
    };
    let text = format!("{} ({sure}, {sample}) — {}", diagnosis.forecast, meaning(diagnosis));
    "\n".to_owned() + &wrapped_within(width, "forecast: ", "  ", &text)
}

/// A probability as people say it: never certain.
pub fn percent(probability: f64) -> String {
    if probability >= 0.995 {
        return "over 99 %".to_owned();
    }
    format!("{:.0} %", 100.0 * probability)
}

fn meaning(diagnosis: &Diagnosis) -> String {
    let text = match diagnosis.forecast {
        Verdict::Learns if diagnosis.findings.is_empty() => "nothing stands in the way",
        Verdict::Learns => "it should get there in spite of the above",
        Verdict::Slow => "it moves, but not far in the planned training",
        Verdict::Stuck => "it will not leave its start in the planned training",
        Verdict::Unstable => "its first steps throw it off",
        Verdict::Unsure if diagnosis.is_partial => "what was left out decides, too",
        Verdict::Unsure => return unsure(diagnosis.seeds),
    };
    text.to_owned()
}

fn unsure(seeds: usize) -> String {
    let why = "more than one outcome is possible";
    match seeds {
        1 => format!("{why}; see whether it moves: fanin train --watch 50"),
        seeds if seeds < MORE_SEEDS => {
            format!(
                "{why}; measure more of them with --seeds {MORE_SEEDS}, or plan longer training"
            )
        }
        _ => format!("{why}; plan longer training, or take a start that fits the network better"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::diagnosis;
    use super::*;

    #[track_caller]
    fn check(forecast: Verdict, confidence: f64, seeds: usize, expected: &str) {
        let diagnosis = Diagnosis { seeds, forecast, confidence, ..diagnosis(2) };
        assert_eq!(super::forecast(&diagnosis, 100), format!("\n{expected}\n"));
    }

    #[test]
    fn a_forecast_says_how_sure_it_is() {
        let stuck = "forecast: stuck (97 % sure, 5 seeds) — it will not leave its start in the \
                     planned training";
        check(Verdict::Stuck, 0.97, 5, stuck);
        let learns = "forecast: learns (over 99 % sure, 1 start) — nothing stands in the way";
        check(Verdict::Learns, 1.0, 1, learns);
    }

    #[test]
    fn an_unsure_one_says_what_to_do() {
        let text = forecast(
            &Diagnosis { forecast: Verdict::Unsure, confidence: 0.45, seeds: 5, ..diagnosis(2) },
            200,
        );
        assert!(text.starts_with("\nforecast: unsure (45 % for the likeliest outcome, 5 seeds)"));
        assert!(text.contains("--seeds 20"), "{text}");
    }
}
