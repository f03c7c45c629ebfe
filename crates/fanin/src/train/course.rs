//! How a run trains, with every choice of a [`Spec`] looked up and checked.

use fanin_engine::tensor::Shape;

use super::clip::Clip;
use super::early_stopping::EarlyStopping;
use super::hyperparameters::Settings;
use super::optimizers::{self, Feed, Method, lbfgs};
use super::sampler::Batches;
use super::schedule::Schedule;
use crate::check::evidence::Horizon;
use crate::check::symmetry::Partition;
use crate::error::Result;
use crate::spec::{BatchSize, DEFAULT_ROWS, Decay, Loss, LossName, ScheduleName, Spec, Task};

/// How a run trains, with every choice looked up and checked.
#[derive(Clone, Debug)]
pub struct Course {
    /// What the network is for.
    pub task: Task,
    /// What training makes small.
    pub loss: Loss,
    /// Share of a label's weight that is spread over all classes.
    pub label_smoothing: f32,
    /// The optimizer.
    pub method: &'static Method,
    /// The optimizer's own numbers.
    pub settings: Settings,
    /// Learning rate before the schedule.
    pub learning_rate: f64,
    /// The learning rate's course.
    pub schedule: Schedule,
    /// Steps in which the learning rate rises to its full size.
    pub warm_up_steps: usize,
    /// What happens to long gradients.
    pub clip: Clip,
    /// λ of weights, and of all parameters if `decay_all`.
    pub weight_decay: f64,
    /// Whether λ holds for biases, gains and shifts too.
    pub decay_all: bool,
    /// Passes over the rows.
    pub epochs: u64,
    /// Rows in a step; all where the optimizer takes no fewer.
    pub batch_size: BatchSize,
    /// Seed of row order and dropout.
    pub seed: u64,
    /// When to end before the last epoch.
    pub early_stopping: Option<EarlyStopping>,
}

impl Course {
    /// The course that `spec` describes for rows of `task`, with one of its seeds.
    ///
    /// # Errors
    /// If the spec names an unknown optimizer, or a number or rows in a step that it does not take.
    pub fn new(spec: &Spec, task: Task, seed: u64) -> Result<Self> {
        spec.check_loss(task)?;
        let method = optimizers::find(&spec.optimizer.name)?;
        let mut settings = Settings::new();
        for (name, value) in spec.optimizer.settings() {
            if name != "learning_rate" {
                settings.insert(name.to_owned(), value);
            }
        }
        method.values(&settings)?;
        // The usual number of rows is what stands in a spec that says none.
        if spec.train.batch_size != BatchSize::Rows(DEFAULT_ROWS) {
            method.check_rows("train.batch_size", spec.train.batch_size)?;
        }
        let early_stopping = spec.train.early_stopping.as_ref();
        Ok(Self {
            task,
            loss: spec.loss_for(task),
            label_smoothing: spec.loss.label_smoothing as f32,
            method,
            settings,
            learning_rate: spec.optimizer.learning_rate.unwrap_or(method.learning_rate),
            schedule: schedule(spec)?,
            warm_up_steps: spec.schedule.warmup_steps,
            clip: match (spec.optimizer.clip_norm, spec.optimizer.clip_value) {
                (Some(norm), _) => Clip::Norm(norm),
                (None, Some(value)) => Clip::Value(value),
                (None, None) => Clip::None,
            },
            weight_decay: spec.optimizer.weight_decay.unwrap_or(method.weight_decay),
            decay_all: spec.optimizer.decay == Decay::All,
            epochs: spec.train.epochs as u64,
            batch_size: match method.feed {
                Feed::Batches => spec.train.batch_size,
                Feed::Whole => BatchSize::Full,
            },
            seed,
            early_stopping: early_stopping
                .map(|early| EarlyStopping::new(early.patience as u64, early.min_delta)),
        })
    }

    /// How `rows` rows are cut into batches.
    ///
    /// # Errors
    /// If a batch is larger than the data.
    pub fn batches(&self, rows: usize) -> Result<Batches> {
        let size = match self.batch_size {
            BatchSize::Full => rows,
            BatchSize::Rows(DEFAULT_ROWS) => rows.min(DEFAULT_ROWS),
            BatchSize::Rows(size) => size,
        };
        Batches::new(rows, size)
    }

    /// The same course with its warm-up in place, for epochs of so many batches.
    ///
    /// # Errors
    /// None for the shares computed here.
    pub fn scheduled(mut self, batches_per_epoch: usize) -> Result<Self> {
        let total = self.epochs as usize * batches_per_epoch;
        let share = self.warm_up_steps as f64 / total.max(1) as f64;
        self.schedule = self.schedule.with_warm_up(share)?;
        Ok(self)
    }

    /// The learning rate of a step, counted from 0.
    pub fn learning_rate_at(&self, step: u64, batches_per_epoch: usize) -> f64 {
        let total = self.epochs * batches_per_epoch as u64;
        self.schedule.learning_rate(self.learning_rate, step, total)
    }

    /// The weight decay of a parameter of this shape: matrices are weights.
    pub fn decay_of(&self, shape: &Shape) -> f64 {
        if self.decay_all || shape.rank() > 1 { self.weight_decay } else { 0.0 }
    }

    /// What a forecast needs to know of the training.
    ///
    /// # Errors
    /// If a batch is larger than the data.
    pub fn horizon(&self, rows: usize) -> Result<Horizon> {
        let momentum = self.setting("momentum")?.unwrap_or(0.0);
        Ok(Horizon {
            steps: self.epochs as usize * self.batches(rows)?.count(),
            effective_learning_rate: self.learning_rate / (1.0 - momentum),
            momentum,
            step_rule: self.method.step,
            epsilon: self.setting("epsilon")?.unwrap_or(0.0),
            partition: if self.method.scales_decay && self.weight_decay > 0.0 {
                Partition::Entries
            } else {
                Partition::BlockSums
            },
        })
    }

    /// One of the optimizer's own numbers, if it has it.
    fn setting(&self, name: &str) -> Result<Option<f64>> {
        let known = self.method.hyperparameters.iter().any(|h| h.name == name);
        let values = self.method.values(&self.settings)?;
        Ok(known.then(|| values.get(name)))
    }

    /// The course in a few words, for people.
    pub fn describe(&self) -> String {
        let mut words = vec![self.method.name.to_owned()];
        words.push(format!("learning rate {}", self.learning_rate));
        words.extend(self.settings.iter().map(|(name, value)| format!("{name} {value}")));
        words.push(match self.batch_size {
            BatchSize::Rows(rows) => format!("batch {rows}"),
            BatchSize::Full => "all rows at once".to_owned(),
        });
        words.push(format!("{} epoch{}", self.epochs, if self.epochs == 1 { "" } else { "s" }));
        words.extend(self.unusual());
        words.join(", ")
    }

    /// What differs from the defaults, in a few words each.
    fn unusual(&self) -> Vec<String> {
        let smoothing = (self.label_smoothing > 0.0)
            .then(|| format!("label smoothing {}", self.label_smoothing));
        let schedule = (self.schedule.name() != ScheduleName::Constant.name())
            .then(|| format!("{} schedule", self.schedule.name()));
        let warm_up = (self.warm_up_steps > 0).then(|| match self.warm_up_steps {
            1 => "1 step of warm-up".to_owned(),
            steps => format!("{steps} steps of warm-up"),
        });
        let all = if self.decay_all { " on all parameters" } else { "" };
        let decays = self.weight_decay.to_bits() != self.method.weight_decay.to_bits()
            || (self.decay_all && self.weight_decay > 0.0);
        let decay = decays.then(|| format!("weight decay {}{all}", self.weight_decay));
        let clip = match self.clip {
            Clip::None => None,
            Clip::Norm(norm) => Some(format!("gradients clipped to norm {norm}")),
            Clip::Value(value) => Some(format!("gradients clipped to ±{value}")),
        };
        [self.unusual_loss(), smoothing, schedule, warm_up, decay, clip]
            .into_iter()
            .flatten()
            .collect()
    }

    fn unusual_loss(&self) -> Option<String> {
        let (name, delta) = match self.loss {
            Loss::CrossEntropy => (LossName::CrossEntropy, None),
            Loss::BinaryCrossEntropy => (LossName::BinaryCrossEntropy, None),
            Loss::SquaredError => (LossName::SquaredError, None),
            Loss::MeanSquaredError => (LossName::MeanSquaredError, None),
            Loss::Huber { delta } => (LossName::Huber, Some(delta)),
        };
        let delta = delta.map_or_else(String::new, |delta| format!(" with delta {delta}"));
        (name != self.task.default_loss()).then(|| format!("{} loss{delta}", name.name()))
    }

    /// The numbers of an optimizer that searches along lines.
    ///
    /// # Errors
    /// If the spec names a number that it does not take.
    pub fn search_options(&self) -> Result<lbfgs::Options> {
        lbfgs::Options::from_settings(&self.settings)
    }
}

/// The spec counts in epochs and steps, the schedule in shares of the whole run.
fn schedule(spec: &Spec) -> Result<Schedule> {
    let said = &spec.schedule;
    let epochs = spec.train.epochs as f64;
    let settings = match said.name {
        ScheduleName::Constant => Settings::new(),
        ScheduleName::Step => Settings::from([
            ("every".to_owned(), (said.every_epochs as f64 / epochs).min(1.0)),
            ("factor".to_owned(), said.factor),
        ]),
        ScheduleName::Cosine => Settings::from([("end".to_owned(), said.final_factor)]),
    };
    Schedule::new(said.name.name(), &settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(toml: &str, expected: &str) {
        let spec = Spec::from_toml(toml, std::path::Path::new("spec.toml")).unwrap();
        assert_eq!(Course::new(&spec, Task::Classification, 0).unwrap().describe(), expected);
    }

    #[test]
    fn a_course_at_its_defaults_is_described_shortly() {
        check("", "sgd, learning rate 0.02, momentum 0.9, batch 64, 15 epochs");
    }

    #[test]
    fn all_that_differs_from_the_defaults_is_described() {
        check(
            "[train]\nepochs = 1\n[schedule]\nname = \"cosine\"\nwarmup_steps = 20\n\
             [optimizer]\nweight_decay = 0.1\nclip_norm = 2\n[loss]\nlabel_smoothing = 0.1",
            "sgd, learning rate 0.02, momentum 0.9, batch 64, 1 epoch, label smoothing 0.1, \
             cosine schedule, 20 steps of warm-up, weight decay 0.1, gradients clipped to norm 2",
        );
        check(
            "[loss]\nname = \"squared-error\"",
            "sgd, learning rate 0.02, momentum 0.9, batch 64, 15 epochs, squared-error loss",
        );
    }

    #[test]
    fn an_optimizer_of_all_rows_has_no_batches() {
        for rows in ["", "[train]\nbatch_size = \"full\"", "[train]\nbatch_size = 64"] {
            check(
                &format!("[optimizer]\nname = \"gradient-descent\"\n{rows}"),
                "gradient-descent, learning rate 0.1, all rows at once, 15 epochs",
            );
        }
        let text = "[optimizer]\nname = \"lbfgs\"\n[train]\nbatch_size = 32";
        let spec = Spec::from_toml(text, std::path::Path::new("spec.toml")).unwrap();
        let refused = Course::new(&spec, Task::Classification, 0).unwrap_err().to_string();
        let expected = "train.batch_size: found 32 with lbfgs, which takes all rows in every step, \
                        expected `full`, or one of the optimizers sgd, adam, adamw, rmsprop, adagrad";
        assert_eq!(refused, expected);
    }

    #[test]
    fn a_warm_up_longer_than_the_run_ends_on_the_way_up() {
        let toml = "[optimizer]\nlearning_rate = 1.0\n[train]\nepochs = 1\n\
                    [schedule]\nwarmup_steps = 46";
        let spec = Spec::from_toml(toml, std::path::Path::new("spec.toml")).unwrap();
        let course = Course::new(&spec, Task::Classification, 0).unwrap().scheduled(23).unwrap();
        assert_eq!(course.learning_rate_at(22, 23), 0.5);
    }
}
