//! A run as it goes and as it ends.

use std::fmt::Write;

use crate::train::{Finish, Metrics, Summary};

/// One epoch on one line.
pub fn epoch(metrics: &Metrics, total: u64) -> String {
    let mut text = format!("epoch {:>3} of {total}  loss {:.4}", metrics.epoch, metrics.train_loss);
    if let Some(loss) = metrics.test_loss {
        let _ = write!(text, "  test loss {loss:.4}");
    }
    if let Some(score) = metrics.accuracy {
        let _ = write!(text, "  score {score:.3}");
    }
    let _ = writeln!(text, "  ‖∂L/∂θ‖ {:.3}  {:.2} s", metrics.gradient_norm, metrics.seconds);
    text
}

/// How the run ended, and how to go on.
pub fn finished(summary: &Summary, name: &str) -> String {
    let folder = &summary.folder;
    let mut text = match &summary.finish {
        Finish::Completed => "completed".to_owned(),
        Finish::StoppedEarly { best_step } => {
            format!("stopped early; the validation loss was lowest at step {best_step}")
        }
        Finish::Interrupted => {
            format!("interrupted; go on with: fanin train --resume {name}")
        }
        Finish::Diverged(divergence) => {
            format!("{divergence}; try a smaller --learning-rate, or look at fanin check")
        }
    };
    let _ = write!(text, "\nweights, metrics and spec are in {folder}\n");
    text
}
