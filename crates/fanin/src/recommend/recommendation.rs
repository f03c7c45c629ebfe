//! What a method finds: weights, the rules that make them, and reasons.

use fanin_kernels::reduce;
use serde::Serialize;

use crate::error::Result;
use crate::init::{self, Parameter, Rules};
use crate::spec::{self, Model, Role, glob};
use crate::weights::Weights;

/// Starting weights, how they differ from those that were there, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recommendation {
    /// The method that found them.
    pub method: &'static str,
    /// The weights, for the seed of the problem.
    #[serde(skip)]
    pub weights: Weights,
    /// Every parameter that is to change, in the order of the network; others stay as they are.
    pub changes: Vec<Change>,
    /// What was asked for and could not be had, in sentences.
    pub unmet: Vec<String>,
    /// Small changes of the network or the training that would help further; none is made.
    pub offers: Vec<Offer>,
    /// A learning rate that fits the sharpness of the new start, where it was measured.
    pub learning_rate: Option<f64>,
}

/// How one parameter changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The parameter's name.
    pub parameter: String,
    /// Its name in the module that the model's file was exported from, where that is another.
    #[serde(skip)]
    pub module: Option<String>,
    /// What it is.
    pub role: Role,
    /// Its elements before.
    pub before: Scale,
    /// Its elements after.
    pub after: Scale,
    /// The scheme that makes it for any seed, as [`init::find`](crate::init::find) reads it.
    pub scheme: String,
    /// Why, in a few words.
    pub reason: String,
}

/// Mean and standard deviation of a tensor's elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Scale {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
}

/// A small change of the network or its training that would help, and that nobody makes unasked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offer {
    /// What to change, in one line.
    pub change: String,
    /// Why it would help, with the network's own numbers.
    pub reason: String,
    /// How to make it: a command, a line of a spec or of code.
    pub how: String,
}

impl Change {
    /// What people call the parameter: its name in the module, else its own.
    pub fn called(&self) -> &str {
        self.module.as_deref().unwrap_or(&self.parameter)
    }
}

impl Scale {
    /// That of these elements; 0 of none.
    pub fn of(elements: &[f32]) -> Self {
        let count = elements.len().max(1) as f64;
        let mean = reduce::sum(elements) / count;
        let squares = reduce::sum_of_squares(elements) / count;
        let variance = squares - mean * mean;
        // Nearer to the mean square than rounding there is no deviation to be told.
        let deviation = if variance > 1e-9 * squares { variance.sqrt() } else { 0.0 };
        Self { mean, deviation }
    }
}

impl Recommendation {
    /// The rules that make the changed parameters for any seed; `default` decides for the others. They
    /// draw each parameter by itself: [`drawn`](Self::drawn) ties those that are one tensor in the module.
    pub fn rules(&self, default: &Rules) -> Rules {
        let changed = self.changes.iter().map(|c| (c.parameter.clone(), c.scheme.clone()));
        let patterns = changed.chain(default.patterns.iter().cloned()).collect();
        Rules { patterns, ..default.clone() }
    }

    /// The same with the names that `parameters` have in the module that their file was exported from.
    pub(super) fn named_as_in_module(mut self, parameters: &[Parameter]) -> Self {
        for (own, there) in parameters.iter().zip(spec::framework_names(parameters)) {
            let changes = self.changes.iter_mut().filter(|change| change.parameter == own.name);
            changes.for_each(|change| change.module = (there != own.name).then(|| there.clone()));
        }
        self
    }

    /// The start `base` with every parameter that is to change drawn anew under `seed`.
    ///
    /// # Errors
    /// If `base` is not that of `model`, or a scheme does not fit its parameter.
    pub fn drawn(&self, model: &Model, base: &Weights, seed: u64) -> Result<Weights> {
        let rules: Vec<(&str, &str)> =
            self.changes.iter().map(|c| (c.parameter.as_str(), c.scheme.as_str())).collect();
        redraw(model, base, &rules, seed)
    }
}

/// `base` with every parameter drawn anew under `seed` whose name a pattern of `rules` fits, by the
/// scheme beside it; the first that fits decides. A table that is the last matrix too is not drawn by
/// itself: it gets the values of that matrix, as [`spec::tie`] gives them.
///
/// ```
/// use fanin::init::{Rules, for_model};
/// let model = "4 -> 8 relu -> 2".parse()?;
/// let base = for_model(&model, &Rules::new("zeros"), 0)?;
/// let drawn = fanin::recommend::redraw(&model, &base, &[("0.weight", "orthogonal:1.4")], 7)?;
/// assert_ne!(drawn.get("0.weight"), base.get("0.weight"));
/// assert_eq!(drawn.get("2.weight"), base.get("2.weight"));
/// # Ok::<(), fanin::Error>(())
/// ```
///
/// # Errors
/// If a pattern fits no parameter of `model`, or a scheme does not fit its parameter.
pub fn redraw(model: &Model, base: &Weights, rules: &[(&str, &str)], seed: u64) -> Result<Weights> {
    let all = model.parameters()?;
    let chooses = |pattern: &str, name: &str| pattern == name || glob::matches(pattern, name);
    let is_chosen = |p: &Parameter| rules.iter().any(|(pattern, _)| chooses(pattern, &p.name));
    let parameters: Vec<Parameter> = all.iter().filter(|p| is_chosen(p)).cloned().collect();
    // A scheme for the matrix need not serve the table, which is tied below.
    let tables = spec::tied(&all).into_iter().map(|(_, table)| &all[table]);
    let tables = tables.filter(|p| is_chosen(p)).map(|p| (p.name.as_str(), "zeros"));
    let patterns = tables.chain(rules.iter().copied());
    let patterns = patterns.map(|(pattern, scheme)| (pattern.to_owned(), scheme.to_owned()));
    let rules = Rules { patterns: patterns.collect(), ..Rules::new("zeros") };
    let drawn = init::initialize(&parameters, &rules, seed)?;
    let new =
        |(name, tensor): &(String, _)| (name.clone(), drawn.get(name).unwrap_or(tensor).clone());
    let mut weights = Weights { tensors: base.tensors.iter().map(new).collect() };
    spec::tie(&all, &mut weights)?;
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_before_the_other_rules() {
        let change = Change {
            parameter: "0.weight".to_owned(),
            module: None,
            role: Role::Weight,
            before: Scale::default(),
            after: Scale { mean: 0.0, deviation: 0.5 },
            scheme: "normal:0.5".to_owned(),
            reason: "second moment 1".to_owned(),
        };
        let found = Recommendation {
            method: "auto",
            weights: Weights::default(),
            changes: vec![change],
            unmet: Vec::new(),
            offers: Vec::new(),
            learning_rate: None,
        };
        let mut default = Rules::new("he-normal");
        default.patterns.push(("*.weight".to_owned(), "zeros".to_owned()));
        let rules = found.rules(&default);
        assert_eq!(rules.patterns[0], ("0.weight".to_owned(), "normal:0.5".to_owned()));
        assert_eq!(rules.patterns[1], default.patterns[0]);
    }

    #[test]
    fn a_scale_is_mean_and_population_deviation() {
        assert_eq!(Scale::of(&[1.0, 3.0]), Scale { mean: 2.0, deviation: 1.0 });
        assert_eq!(Scale::of(&[]), Scale::default());
    }
}
