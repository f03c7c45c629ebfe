//! Runs and starts as event files for TensorBoard: scalars and histograms.
//!
//! | tag | step | value |
//! |---|---|---|
//! | `loss/train`, `loss/test` | step of training | mean loss, after every epoch |
//! | `accuracy` or `R²` | step of training | score on the test rows |
//! | `learning_rate`, `gradient_norm` | step of training | of the epoch's last step |
//! | `by_layer/signal`, `by_layer/gradient` | number of the layer | E z², E δ² per unit |
//! | `weights/M`, `pre_activations/M`, `activations/M`, `gradients/M` | step of training | histogram, of module M |

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::terminal::number::score_name;
use crate::check::{LayerValues, Measurement};
use crate::error::{Error, Result};
use crate::formats::event_file::{EventFile, Histogram};
use crate::formats::{Existing, write_whole};
use crate::spec::Task;
use crate::train::Metrics;

/// One run, or one start, as TensorBoard shows it.
///
/// ```
/// use fanin::report::TensorBoard;
/// let folder = std::env::temp_dir().join("fanin-tensorboard-example");
/// let file = TensorBoard::new(0.0).write(&folder)?;
/// assert!(file.ends_with("events.out.tfevents.0000000000.fanin"));
/// # std::fs::remove_dir_all(folder).ok();
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TensorBoard {
    begin: f64,
    file: EventFile,
}

impl TensorBoard {
    /// Nothing yet, of a run that began so many seconds after the start of 1970.
    pub fn new(begin: f64) -> Self {
        Self { begin, file: EventFile::new(begin) }
    }

    /// Adds losses, score, learning rate and gradient of every epoch, by step.
    #[must_use]
    pub fn with_epochs(mut self, epochs: &[Metrics], task: Task) -> Self {
        let mut time = self.begin;
        for epoch in epochs {
            time += if epoch.seconds.is_finite() { epoch.seconds } else { 0.0 };
            let values = [
                ("loss/train", Some(epoch.train_loss)),
                ("loss/test", epoch.test_loss),
                (score_name(task), epoch.accuracy),
                ("learning_rate", Some(epoch.learning_rate)),
                ("gradient_norm", Some(epoch.gradient_norm)),
            ];
            for (tag, value) in values {
                if let Some(value) = value {
                    self.file.scalar(tag, epoch.step, time, value);
                }
            }
        }
        self
    }

    /// Adds what was measured of every layer, with the layer's number, from 1, as the step.
    #[must_use]
    pub fn with_measurement(mut self, measurement: &Measurement) -> Self {
        for (layer, number) in measurement.layers.iter().zip(1..) {
            let gradient = layer.delta_norm.powi(2) / layer.units as f64;
            let signal = layer.pre_activation_second_moment;
            self.file.scalar("by_layer/signal", number, self.begin, signal);
            self.file.scalar("by_layer/gradient", number, self.begin, gradient);
        }
        self
    }

    /// Adds histograms of every layer at a step; numbers that are not finite are left out.
    #[must_use]
    pub fn with_values(mut self, step: u64, layers: &[LayerValues]) -> Self {
        for layer in layers {
            let kinds = [
                ("weights", &layer.weights),
                ("pre_activations", &layer.pre_activations),
                ("activations", &layer.activations),
                ("gradients", &layer.gradients),
            ];
            for (kind, values) in kinds {
                if let Some(histogram) = Histogram::of(values) {
                    let tag = format!("{kind}/{}", layer.module);
                    self.file.histogram(&tag, step, self.begin, &histogram);
                }
            }
        }
        self
    }

    /// Writes the event file into `folder`, which is made where needed, in place of an older one.
    ///
    /// # Errors
    /// [`Error::Io`], or as [`write_whole`].
    pub fn write(&self, folder: &Path) -> Result<PathBuf> {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        // Where a folder has two event files, TensorBoard draws the curves of both as one.
        let path = folder.join("events.out.tfevents.0000000000.fanin");
        write_whole(&path, Existing::Replace, |file| file.write_all(self.file.bytes()))?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(step: u64, test_loss: Option<f64>) -> Metrics {
        Metrics {
            epoch: step / 10,
            step,
            train_loss: 0.5,
            test_loss,
            accuracy: None,
            learning_rate: 0.1,
            gradient_norm: f64::NAN,
            seconds: f64::NAN,
        }
    }

    #[test]
    fn what_was_not_measured_has_no_event() {
        let of = |epochs: &[Metrics]| {
            let board = TensorBoard::new(0.0).with_epochs(epochs, Task::Classification);
            String::from_utf8_lossy(board.file.bytes()).into_owned()
        };
        let text = of(&[epoch(10, None), epoch(20, Some(0.4))]);
        assert_eq!(text.matches("loss/train").count(), 2);
        assert_eq!(text.matches("loss/test").count(), 1);
        assert!(!text.contains("accuracy"), "no score was measured");
    }

    #[test]
    fn a_layer_that_overflowed_keeps_its_other_histograms() {
        let layer = LayerValues {
            module: "0".to_owned(),
            weights: vec![1.0, 2.0],
            pre_activations: vec![f32::INFINITY; 2],
            ..LayerValues::default()
        };
        let board = TensorBoard::new(0.0).with_values(3, &[layer]);
        let text = String::from_utf8_lossy(board.file.bytes()).into_owned();
        assert!(text.contains("weights/0") && !text.contains("pre_activations/0"));
    }
}
