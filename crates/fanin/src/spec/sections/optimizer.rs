//! `[optimizer]`: how a gradient becomes a step.

use serde::{Deserialize, Serialize};

use super::range::{above_zero, below_one, ensure, zero_or_more};
use crate::error::Result;
use crate::spec::named::named;

/// An optimizer by name, as the registry of optimizers knows it, and its settings.
///
/// A missing setting is the optimizer's own default. For the default optimizer, `sgd`, that is
/// already filled in when a file is read: learning rate 0.02, momentum 0.9.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerSpec {
    /// Default `sgd`.
    #[serde(default = "default_name")]
    pub name: String,
    /// Factor on the step, above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Share of the last step that goes on, in [0, 1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// Nesterov's momentum, which looks one step ahead. Default false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub nesterov: bool,
    /// Decay of the mean of gradients (Adam, AdamW), in [0, 1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta1: Option<f64>,
    /// Decay of the mean of squared gradients (Adam, AdamW), in [0, 1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta2: Option<f64>,
    /// Summand that keeps a division from 0 (Adam, AdamW, `RMSprop`, Adagrad), above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// Decay of the mean of squared gradients (`RMSprop`), in [0, 1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha: Option<f64>,
    /// λ: adds λ·w to the gradient as PyTorch does (to the step itself in `AdamW`), at least 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// What the weight decay is applied to. Default `weights`.
    #[serde(default = "default_decay")]
    pub decay: Decay,
    /// Longest gradient, as a norm over all parameters, above 0. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// Largest entry of a gradient, above 0. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_value: Option<f64>,
}

named! {
    /// What the weight decay is applied to.
    Decay, "decay" {
        /// Weights of linear layers only.
        Weights = "weights",
        /// Biases, gains, shifts and slopes too, as PyTorch does.
        All = "all",
    }
}

const DEFAULT_NAME: &str = "sgd";
const DEFAULT_LEARNING_RATE: f64 = 0.02;
const DEFAULT_MOMENTUM: f64 = 0.9;

impl Default for OptimizerSpec {
    /// `sgd` with learning rate 0.02 and momentum 0.9.
    fn default() -> Self {
        Self::named(DEFAULT_NAME)
    }
}

impl OptimizerSpec {
    /// The optimizer of this name with all settings left to its defaults.
    pub fn named(name: &str) -> Self {
        let mut spec = Self {
            name: name.to_owned(),
            learning_rate: None,
            momentum: None,
            nesterov: false,
            beta1: None,
            beta2: None,
            epsilon: None,
            alpha: None,
            weight_decay: None,
            decay: Decay::Weights,
            clip_norm: None,
            clip_value: None,
        };
        spec.fill_defaults();
        spec
    }

    /// The optimizer's own settings that are given, by key, so that it can refuse what it lacks.
    ///
    /// Weight decay and clipping are common to all optimizers and not among them.
    pub fn settings(&self) -> Vec<(&'static str, f64)> {
        let nesterov = self.nesterov.then_some(1.0);
        [
            ("learning_rate", self.learning_rate),
            ("momentum", self.momentum),
            ("nesterov", nesterov),
            ("beta1", self.beta1),
            ("beta2", self.beta2),
            ("epsilon", self.epsilon),
            ("alpha", self.alpha),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
    }

    /// Fills in what a newcomer's run needs, if the optimizer is the default one.
    pub(in crate::spec) fn fill_defaults(&mut self) {
        if self.name == DEFAULT_NAME {
            self.learning_rate.get_or_insert(DEFAULT_LEARNING_RATE);
            self.momentum.get_or_insert(DEFAULT_MOMENTUM);
        }
    }

    pub(in crate::spec) fn validate(&self) -> Result<()> {
        type Check = fn(&str, f64) -> Result<()>;
        let checks: [(&str, Option<f64>, Check); 9] = [
            ("learning_rate", self.learning_rate, above_zero),
            ("momentum", self.momentum, below_one),
            ("beta1", self.beta1, below_one),
            ("beta2", self.beta2, below_one),
            ("epsilon", self.epsilon, above_zero),
            ("alpha", self.alpha, below_one),
            ("weight_decay", self.weight_decay, zero_or_more),
            ("clip_norm", self.clip_norm, above_zero),
            ("clip_value", self.clip_value, above_zero),
        ];
        for (key, value, range) in checks {
            if let Some(value) = value {
                range(&format!("optimizer.{key}"), value)?;
            }
        }
        let both = self.clip_norm.is_some() && self.clip_value.is_some();
        let expected = "only one of clip_norm and clip_value";
        ensure(!both, "optimizer.clip_value", &"both of them", expected)?;
        let has_momentum = self.momentum.is_some_and(|momentum| momentum > 0.0);
        let expected = "a momentum above 0 beside it";
        ensure(!self.nesterov || has_momentum, "optimizer.nesterov", &"true", expected)?;
        ensure(!self.name.is_empty(), "optimizer.name", &"no text", "the name of an optimizer")
    }
}

fn default_name() -> String {
    DEFAULT_NAME.to_owned()
}

fn default_decay() -> Decay {
    Decay::Weights
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}
