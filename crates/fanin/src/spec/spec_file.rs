//! All that a run needs, and the TOML file that says it.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::check::{self, Sizes};
use super::layers::{LayerSpec, SequentialSpec};
use super::mistake::Misfit;
use super::model_spec::ModelSpec;
use super::sections::{
    CheckSpec, DataSpec, InitSpec, LossSpec, OptimizerSpec, ReadingSpec, ScheduleSpec, Task,
    TrainSpec,
};
use super::toml_errors;
use crate::error::{Error, Result};

/// A network, its starting weights, its data and its training.
///
/// Every part has defaults; `Spec::default()` trains `features -> 2x64 relu -> outputs` on the
/// embedded digits.
///
/// ```
/// use std::path::Path;
/// use fanin::spec::Spec;
///
/// let text = "model = \"features -> 128 tanh -> outputs\"\n\n[train]\nepochs = 3\n";
/// let spec = Spec::from_toml(text, Path::new("fanin.toml"))?;
/// assert_eq!(spec.train.epochs, 3);
/// assert_eq!(spec.optimizer.learning_rate, Some(0.02));
///
/// let text = "[train]\nepoch = 3\n";
/// let mistake = Spec::from_toml(text, Path::new("fanin.toml")).unwrap_err().to_string();
/// assert!(mistake.starts_with("fanin.toml: line 2, key `train.epoch`: found an unknown key"));
/// assert!(mistake.ends_with("; did you mean `epochs`?"));
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SpecFile", into = "SpecFile")]
pub struct Spec {
    /// The network. Default: `features -> 2x64 relu -> outputs`.
    pub model: ModelSpec,
    /// What the outputs mean. Default: what the data's targets say.
    pub task: Option<Task>,
    /// Starting weights.
    pub init: InitSpec,
    /// What training makes small.
    pub loss: LossSpec,
    /// How a gradient becomes a step.
    pub optimizer: OptimizerSpec,
    /// How the learning rate changes.
    pub schedule: ScheduleSpec,
    /// How long, in which portions, from which seeds.
    pub train: TrainSpec,
    /// Where the rows come from and how they are prepared.
    pub data: DataSpec,
    /// How the network's file is read, where it is one.
    pub reading: ReadingSpec,
    /// How much a check measures.
    pub check: CheckSpec,
}

/// The file as it is written: the network either as text or as tables.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpecFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inputs: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<Task>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    layers: Vec<LayerSpec>,
    #[serde(default)]
    init: InitSpec,
    #[serde(default)]
    loss: LossSpec,
    #[serde(default)]
    optimizer: OptimizerSpec,
    #[serde(default)]
    schedule: ScheduleSpec,
    #[serde(default)]
    train: TrainSpec,
    #[serde(default)]
    data: DataSpec,
    #[serde(default, skip_serializing_if = "ReadingSpec::is_default")]
    reading: ReadingSpec,
    #[serde(default, skip_serializing_if = "CheckSpec::is_default")]
    check: CheckSpec,
}

impl Spec {
    /// Whether the text of a file says where the rows come from, be it where they come from anyway.
    ///
    /// ```
    /// use fanin::spec::Spec;
    /// assert!(Spec::names_data("[data]\nsource = \"digits\"\n"));
    /// assert!(!Spec::names_data("[data]\nstandardize = \"none\"\n"));
    /// ```
    pub fn names_data(text: &str) -> bool {
        let table = text.parse::<toml::Table>().ok();
        let data = table.as_ref().and_then(|table| table.get("data"));
        data.is_some_and(|data| data.get("source").is_some())
    }

    /// Changes the optimizer to the one called `name`, with its own defaults; what was said of
    /// weight decay and clipping stays.
    pub fn set_optimizer(&mut self, name: &str) {
        if self.optimizer.name == name {
            return;
        }
        let before = std::mem::replace(&mut self.optimizer, OptimizerSpec::named(name));
        self.optimizer.weight_decay = before.weight_decay;
        self.optimizer.decay = before.decay;
        self.optimizer.clip_norm = before.clip_norm;
        self.optimizer.clip_value = before.clip_value;
        self.optimizer.fill_defaults();
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, otherwise as [`Spec::from_toml`].
    pub fn read(path: &Path) -> Result<Self> {
        Self::read_with_text(path).map(|(spec, _)| spec)
    }

    /// As [`read`](Self::read), with the text that was read.
    ///
    /// # Errors
    /// As [`Spec::read`].
    pub fn read_with_text(path: &Path) -> Result<(Self, String)> {
        let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
        Ok((Self::from_toml(&text, path)?, text))
    }

    /// Reads the text of a file; `path` is only named in errors.
    ///
    /// # Errors
    /// [`Error::Malformed`] with line and key if the text is not TOML, a key is unknown or a
    /// value of another kind; [`Error::Within`] with the line if a value cannot be used.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self> {
        let file: SpecFile =
            toml::from_str(text).map_err(|error| toml_errors::explain(&error, text, path))?;
        let spec = Self::try_from(file).and_then(|spec| spec.validate().map(|()| spec));
        spec.map_err(|mistake| toml_errors::locate(mistake, text, path))
    }

    /// The text of a file that says all of it, defaults included.
    #[expect(clippy::missing_panics_doc, reason = "no value of a spec lacks a form in TOML")]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("every value of a spec has a form in TOML")
    }

    /// Refuses values that no run can use.
    ///
    /// Names of schemes and optimizers are left to their registries, sizes that only the data
    /// knows to [`ModelSpec::resolve`].
    ///
    /// # Errors
    /// [`Error::Setting`] with the key, the value and what is expected, for the first such value.
    pub fn validate(&self) -> Result<()> {
        if let ModelSpec::Layers(layers) = &self.model {
            check::check(layers, Sizes::default()).map_err(Misfit::in_tables)?;
        }
        self.init.validate()?;
        self.loss.validate(self.task)?;
        self.optimizer.validate()?;
        self.schedule.validate()?;
        self.train.validate()?;
        self.data.validate()
    }

    /// The rules for starting weights: those of single layers, then `[init]`'s own.
    pub fn init_rules(&self) -> InitSpec {
        let mut init = self.init.clone();
        let own = std::mem::take(&mut init.rules);
        init.rules = self.model.init_rules();
        init.rules.extend(own);
        init
    }
}

impl TryFrom<SpecFile> for Spec {
    type Error = Error;

    fn try_from(mut file: SpecFile) -> Result<Self> {
        let wrong = |place: &str, found: &str, expected: &str| {
            let (place, found) = (place.to_owned(), found.to_owned());
            Err(Error::Setting { place, found, expected: expected.to_owned() })
        };
        let model = match (&file.model, file.inputs, file.layers.is_empty()) {
            (Some(_), _, false) => {
                return wrong("layers", "tables beside the text `model`", "only one of them");
            }
            (Some(_), Some(_), true) => {
                let expected = "the number of inputs at the beginning of that text";
                return wrong("inputs", "a number beside the text `model`", expected);
            }
            (None, Some(_), true) => {
                return wrong("inputs", "a number alone", "`[[layers]]` tables after it");
            }
            (Some(text), None, true) => text.parse()?,
            (None, None, true) => ModelSpec::default(),
            (None, inputs, false) => {
                let model = SequentialSpec { inputs, layers: file.layers };
                check::check(&model, Sizes::default()).map_err(Misfit::in_tables)?;
                model.into()
            }
        };
        file.optimizer.fill_defaults();
        Ok(Self {
            model,
            task: file.task,
            init: file.init,
            loss: file.loss,
            optimizer: file.optimizer,
            schedule: file.schedule,
            train: file.train,
            data: file.data,
            reading: file.reading,
            check: file.check,
        })
    }
}

impl From<Spec> for SpecFile {
    fn from(spec: Spec) -> Self {
        let text = spec.model.fits_text().then(|| spec.model.to_string());
        let (inputs, layers) = match spec.model {
            ModelSpec::Layers(model) if text.is_none() => (model.inputs, model.layers),
            _ => (None, Vec::new()),
        };
        Self {
            model: text,
            inputs,
            task: spec.task,
            layers,
            init: spec.init,
            loss: spec.loss,
            optimizer: spec.optimizer,
            schedule: spec.schedule,
            train: spec.train,
            data: spec.data,
            reading: spec.reading,
            check: spec.check,
        }
    }
}
