//! A run as it goes and as it ends.

use std::fmt::Write;

use super::number::{fixed, loss, score_name};
use super::wrap::wrapped;
use crate::spec::Task;
use crate::train::{Finish, Metrics, Summary};

/// One epoch on one line, with the score by its name for the task.
pub fn epoch(metrics: &Metrics, total: u64, task: Task) -> String {
    let train_loss = loss(metrics.train_loss);
    let mut text = format!("epoch {:>3} of {total}  loss {train_loss}", metrics.epoch);
    if let Some(test_loss) = metrics.test_loss {
        let _ = write!(text, "  test loss {}", loss(test_loss));
    }
    if let Some(score) = metrics.accuracy {
        let _ = write!(text, "  {} {}", score_name(task), fixed(score, 3));
    }
    let norm = fixed(metrics.gradient_norm, 3);
    let _ = writeln!(text, "  ‖∂L/∂θ‖ {norm}  {:.2} s", metrics.seconds);
    text
}

/// How the run ended, and how to go on.
pub fn finished(summary: &Summary, name: &str) -> String {
    let folder = &summary.folder;
    let text = match &summary.finish {
        Finish::Completed => "completed\n".to_owned(),
        Finish::StoppedEarly { best_step } => {
            format!("stopped early; the validation loss was lowest at step {best_step}\n")
        }
        Finish::Interrupted => {
            format!("interrupted; go on with: fanin train --resume {name}\n")
        }
        Finish::Diverged(divergence) => {
            let remedy = "try a smaller --learning-rate, or look at fanin check";
            wrapped("", "", &format!("{divergence}; {remedy}"))
        }
    };
    let weights = match &summary.finish {
        Finish::Diverged(_) if summary.epochs.is_empty() => "the weights it started from",
        Finish::Diverged(_) => "weights of the last finished epoch",
        _ => "weights",
    };
    format!("{text}{weights}, metrics and spec are in {folder}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Divergence;

    const METRICS: Metrics = Metrics {
        epoch: 1,
        step: 23,
        train_loss: 1e33,
        test_loss: Some(0.5),
        accuracy: Some(-0.000_1),
        learning_rate: 0.02,
        gradient_norm: 2.0,
        seconds: 0.25,
    };

    #[test]
    fn an_epoch_names_the_score_of_its_task() {
        assert_eq!(
            epoch(&METRICS, 5, Task::Regression),
            "epoch   1 of 5  loss 1.0e33  test loss 0.5000  R² 0.000  ‖∂L/∂θ‖ 2.000  0.25 s\n"
        );
        assert!(epoch(&METRICS, 5, Task::MultiLabel).contains("  accuracy 0.000"));
    }

    #[test]
    fn a_diverged_run_says_whose_weights_are_kept() {
        let divergence =
            Divergence { step: 30, layer: "2.weight".to_owned(), what: "gradient".to_owned() };
        let summary = |epochs| Summary {
            finish: Finish::Diverged(divergence.clone()),
            epochs,
            folder: "runs/div".to_owned(),
        };
        let kept = |epochs| finished(&summary(epochs), "div").lines().last().map(str::to_owned);
        let expected = "weights of the last finished epoch, metrics and spec are in runs/div";
        assert_eq!(kept(vec![METRICS]).as_deref(), Some(expected));
        let expected = "the weights it started from, metrics and spec are in runs/div";
        assert_eq!(kept(Vec::new()).as_deref(), Some(expected));
    }
}
