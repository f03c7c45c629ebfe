//! Which scheme each parameter gets, and the weights that follow.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use fanin_engine::Tensor;
use serde::{Deserialize, Serialize};

use super::{Component, Distribution, Parameter, Scheme, Source, Values, fans, find};
use crate::error::{Error, Result};
use crate::spec::{Role, framework_names, glob};
use crate::weights::Weights;

/// Which scheme each parameter gets, as texts that [`find`] reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Scheme of all weights; it also says what biases get.
    pub default: String,
    /// Scheme of all biases, if not what the default says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias: Option<String>,
    /// (pattern, scheme) pairs; the first pattern that matches a parameter decides, before all
    /// else. It is a name, the parameter's own or that in the module that its file was exported from, in
    /// which `*` stands for any run of characters and `?` for one, or `role:` and a label of [`labels`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<(String, String)>,
    /// The library by whose convention fans are computed, as [`fans::CONVENTIONS`] names it; if
    /// none is named, fans stay as the parameters have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fans: Option<String>,
}

impl Rules {
    /// One scheme for the whole network.
    pub fn new(default: &str) -> Self {
        Self { default: default.to_owned(), bias: None, patterns: Vec::new(), fans: None }
    }
}

/// What one parameter gets, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The parameter; for one part of a packed parameter, with the part in brackets.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// What it is: its role, and further labels that rules can choose it by.
    pub role: String,
    /// The scheme, as a text that [`find`] reads; `None` for a start that no scheme decides.
    pub scheme: Option<String>,
    /// What is drawn: `N(0, 0.1768²)`.
    pub distribution: String,
    /// Inputs that reach one unit.
    pub fan_in: usize,
    /// Units that one input reaches.
    pub fan_out: usize,
    /// Allowance for the activation that follows, if the scheme makes one.
    pub gain: Option<f64>,
    /// Expected value of an element.
    pub mean: f64,
    /// Standard deviation of an element.
    pub deviation: f64,
    /// Which rule chose it.
    pub reason: String,
}

/// What `rules` give each of `parameters`, and why.
///
/// # Errors
/// As for [`initialize`], but for the lack of memory.
pub fn explain(parameters: &[Parameter], rules: &Rules) -> Result<Vec<Explanation>> {
    Chosen::new(parameters, rules)?.explain()
}

/// The starting values that `rules` give `parameters` under `seed`, in the same order.
///
/// A value depends on its parameter's own description, its name, the seed and the element's index;
/// not on other parameters, and not on the number of threads.
///
/// # Errors
/// [`Error::Unknown`] and [`Error::Grammar`] for schemes, [`Error::Unknown`] for patterns that match
/// nothing, [`Error::Setting`] for names that occur twice, shapes without elements or beyond
/// memory, parameters that the scheme cannot serve, and values beyond the range of `f32`.
///
/// ```
/// use fanin::init::{Parameter, Rules, initialize};
/// let weight = Parameter::linear("0.weight", 256, 784).followed_by("relu");
/// let weights = initialize(&[weight], &Rules::new("he-normal"), 42)?;
/// let deviation = fanin_kernels::reduce::variance(weights.tensors[0].1.data()).sqrt();
/// assert!((deviation - f64::sqrt(2.0 / 784.0)).abs() < 1e-3);
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn initialize(parameters: &[Parameter], rules: &Rules, seed: u64) -> Result<Weights> {
    Chosen::new(parameters, rules)?.initialize(seed)
}

/// Parameters with the schemes that rules have chosen for them.
///
/// ```
/// use fanin::init::{Chosen, Parameter, Rules};
/// let parameters = [Parameter::linear("0.weight", 4096, 4096)];
/// let chosen = Chosen::new(&parameters, &Rules::new("he-normal"))?;
/// let mut slice = [0.0; 100];
/// chosen.values(0, 42).read(5_000_000, &mut slice)?;
/// assert_ne!(slice, [0.0; 100]);
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Debug)]
pub struct Chosen<'a> {
    parameters: Cow<'a, [Parameter]>,
    choices: Vec<Choice>,
}

/// What decides for one parameter.
#[derive(Clone, Debug)]
struct Choice {
    /// `None` for the value at which parameters of this role start.
    scheme: Option<Arc<dyn Scheme>>,
    reason: String,
}

impl<'a> Chosen<'a> {
    /// The scheme of each parameter by `rules`.
    ///
    /// # Errors
    /// As for [`initialize`], as far as can be known without drawing.
    pub fn new(parameters: &'a [Parameter], rules: &Rules) -> Result<Self> {
        refuse_twins(parameters)?;
        let parameters = match &rules.fans {
            Some(convention) => Cow::Owned(fans::apply(convention, parameters)?),
            None => Cow::Borrowed(parameters),
        };
        let schemes = Schemes::of(&parameters, rules)?;
        let choices: Vec<Choice> =
            parameters.iter().map(|p| schemes.choose(p)).collect::<Result<_>>()?;
        let chosen = Self { parameters, choices };
        chosen.explain()?;
        Ok(chosen)
    }

    /// The parameters, in order, with the fans that the rules ask for.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// What each parameter gets, and why; a packed parameter whose parts differ has a line for
    /// each.
    ///
    /// # Errors
    /// If a scheme cannot serve its parameter.
    pub fn explain(&self) -> Result<Vec<Explanation>> {
        let lines = (0..self.parameters.len()).map(|index| self.explain_one(index));
        Ok(lines.collect::<Result<Vec<_>>>()?.concat())
    }

    /// What parameter `index` gets, and why: one line, or one for each part of a packed one.
    ///
    /// # Errors
    /// If its scheme cannot serve it.
    ///
    /// # Panics
    /// If there are not so many parameters.
    pub fn explain_one(&self, index: usize) -> Result<Vec<Explanation>> {
        let (parameter, choice) = (&self.parameters[index], &self.choices[index]);
        let parts = parameter.packing.as_ref().map_or(0, |packing| packing.parts.len());
        let parts: Vec<Parameter> = (0..parts).map(|part| parameter.part(part)).collect();
        let of_parts: Vec<Explanation> =
            parts.iter().map(|part| choice.explain(part)).collect::<Result<_>>()?;
        if of_parts.windows(2).any(|two| two[0].distribution != two[1].distribution) {
            return Ok(of_parts);
        }
        let line = choice.explain(parts.first().unwrap_or(parameter))?;
        let (name, shape) = (parameter.name.clone(), parameter.shape.axes().to_vec());
        let mut role = labels(parameter);
        role.extend(parts.iter().filter_map(|part| part.place.component).map(Component::label));
        Ok(vec![Explanation { name, shape, role: role.join(", "), ..line }])
    }

    /// The values of parameter `index` under `seed`.
    ///
    /// # Panics
    /// If there are not so many parameters.
    pub fn values(&self, index: usize, seed: u64) -> Values<'_> {
        let parameter = &self.parameters[index];
        let source = match &self.choices[index].scheme {
            Some(scheme) => Source::Scheme(&**scheme),
            None => Source::Constant(parameter.role.start().unwrap_or(0.0)),
        };
        Values::new(parameter, source, seed)
    }

    /// All starting values under `seed`.
    ///
    /// # Errors
    /// As for [`Values::read`].
    pub fn initialize(&self, seed: u64) -> Result<Weights> {
        let mut tensors = Vec::with_capacity(self.parameters.len());
        for (index, parameter) in self.parameters.iter().enumerate() {
            let data = self.values(index, seed).into_all()?;
            tensors.push((parameter.name.clone(), Tensor::new(parameter.shape.clone(), data)?));
        }
        Ok(Weights { tensors })
    }
}

impl Choice {
    fn explain(&self, parameter: &Parameter) -> Result<Explanation> {
        let distribution = match &self.scheme {
            Some(scheme) => scheme.distribution(parameter)?,
            None => Distribution::Constant(parameter.role.start().unwrap_or(0.0)),
        };
        let name = match (parameter.place.component, &parameter.name) {
            (Some(component), name) => format!("{name}[{}]", component.label()),
            (None, name) => name.clone(),
        };
        Ok(Explanation {
            name,
            shape: parameter.shape.axes().to_vec(),
            role: labels(parameter).join(", "),
            scheme: self.scheme.as_ref().map(|scheme| scheme.label()),
            distribution: distribution.to_string(),
            fan_in: parameter.fan_in,
            fan_out: parameter.fan_out,
            gain: self.scheme.as_ref().map_or(Ok(None), |scheme| scheme.gain(parameter))?,
            mean: distribution.mean(),
            deviation: distribution.deviation(),
            reason: self.reason.clone(),
        })
    }
}

/// The labels by which `role:LABEL` chooses a parameter: its role, `head` in the last layer,
/// `residual-output` in the last layer of a residual branch, and what it is in its block: `query`.
pub fn labels(parameter: &Parameter) -> Vec<&'static str> {
    let place = &parameter.place;
    let mut labels = vec![parameter.role.label()];
    labels.extend(place.is_head.then_some("head"));
    labels.extend(place.is_residual_output.then_some("residual-output"));
    labels.extend(place.component.map(Component::label));
    labels
}

/// Whether a pattern of a rule chooses a parameter.
pub(super) fn chooses(pattern: &str, parameter: &Parameter) -> bool {
    match pattern.strip_prefix("role:") {
        Some(label) => labels(parameter).contains(&label.trim()),
        None => glob::matches(pattern, &parameter.name),
    }
}

fn refuse_twins(parameters: &[Parameter]) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    match parameters.iter().find(|p| !seen.insert(&p.name)) {
        Some(twice) => Err(twice.unfit(
            "two parameters of this name",
            "one, for the name addresses the random numbers",
        )),
        None => Ok(()),
    }
}

/// The rules with their schemes found.
struct Schemes<'a> {
    default: Arc<dyn Scheme>,
    bias: Option<Arc<dyn Scheme>>,
    patterns: Vec<(&'a str, Arc<dyn Scheme>)>,
    modules: ModuleNames,
}

/// The names in their module of parameters that have others in their file, by these.
struct ModuleNames(HashMap<String, String>);

impl ModuleNames {
    fn of(parameters: &[Parameter]) -> Self {
        if parameters.iter().all(|own| own.framework.is_none()) {
            return Self(HashMap::new());
        }
        let names = parameters.iter().zip(framework_names(parameters));
        let renamed = names.filter(|(own, there)| own.name != *there);
        Self(renamed.map(|(own, there)| (own.name.clone(), there)).collect())
    }

    /// Whether a pattern chooses a parameter by one of its names, or by its role.
    fn choose(&self, pattern: &str, parameter: &Parameter) -> bool {
        let there = self.0.get(&parameter.name);
        chooses(pattern, parameter) || there.is_some_and(|name| glob::matches(pattern, name))
    }
}

impl<'a> Schemes<'a> {
    fn of(parameters: &[Parameter], rules: &'a Rules) -> Result<Self> {
        let (mut patterns, modules) = (Vec::new(), ModuleNames::of(parameters));
        for (pattern, scheme) in &rules.patterns {
            if !parameters.iter().any(|p| modules.choose(pattern, p)) {
                return Err(unknown_pattern(pattern, parameters));
            }
            patterns.push((pattern.as_str(), Arc::from(find(scheme)?)));
        }
        let bias = rules.bias.as_deref().map(find).transpose()?.map(Arc::from);
        Ok(Self { default: Arc::from(find(&rules.default)?), bias, patterns, modules })
    }

    fn choose(&self, parameter: &Parameter) -> Result<Choice> {
        let choice = |scheme: &Arc<dyn Scheme>, reason: String| {
            Ok(Choice { scheme: Some(Arc::clone(scheme)), reason })
        };
        let role = parameter.role;
        if let Some((pattern, scheme)) =
            self.patterns.iter().find(|(pattern, _)| self.modules.choose(pattern, parameter))
        {
            return choice(scheme, format!("rule `{pattern}`"));
        }
        if let (Role::Bias, Some(bias)) = (role, &self.bias) {
            return choice(bias, "scheme of the biases".to_owned());
        }
        if self.default.serves(role) {
            return choice(&self.default, "scheme of the network".to_owned());
        }
        match role.start() {
            Some(value) => {
                let reason = format!("{} start at {value}", role.plural());
                Ok(Choice { scheme: None, reason })
            }
            None if role.is_matrix() => Err(parameter.unfit(
                format!("scheme `{}`, which leaves {} alone", self.default.label(), role.plural()),
                format!(
                    "another scheme for the network and this one by rule, or a rule for these, \
                         as `role:{}=he-normal`",
                    role.label()
                ),
            )),
            None => Err(parameter.unfit(
                format!("one of the {}, whose values only their module knows", role.plural()),
                format!("a rule that names it, as `{}=zeros`", parameter.name),
            )),
        }
    }
}

pub(super) fn unknown_pattern(pattern: &str, parameters: &[Parameter]) -> Error {
    if let Some(label) = pattern.strip_prefix("role:") {
        let mut known: Vec<&str> = parameters.iter().flat_map(labels).collect();
        known.sort_unstable();
        known.dedup();
        return Error::unknown("role", label, &known);
    }
    let names = parameters.iter().flat_map(|p| p.framework.iter().chain([&p.name]));
    let names: Vec<&str> = names.map(String::as_str).collect();
    Error::unknown("parameter", pattern, &names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::explain;

    /// What is drawn goes by the name in the file.
    #[test]
    fn a_rule_may_call_a_parameter_as_its_module_does() {
        let own = Parameter::linear("val_3", 4, 2);
        let turned = Parameter { framework: Some("fc.weight".to_owned()), ..own.clone() };
        let by = |parameter: &Parameter, pattern: &str| {
            let patterns = vec![(pattern.to_owned(), "zeros".to_owned())];
            explain(std::slice::from_ref(parameter), &Rules { patterns, ..Rules::new("he-normal") })
        };
        for pattern in ["fc.weight", "fc.*", "val_3"] {
            let told = by(&turned, pattern).unwrap();
            assert_eq!((&*told[0].name, told[0].deviation), ("val_3", 0.0), "{pattern}");
        }
        let message = by(&turned, "fd.weight").unwrap_err().to_string();
        assert!(message.contains("`fc.weight`"), "{message}");
        assert!(by(&own, "fc.weight").is_err());
        let other = Parameter { name: "val_5".to_owned(), ..turned.clone() };
        let patterns = vec![("fc.weight".to_owned(), "zeros".to_owned())];
        let both = explain(&[turned, other], &Rules { patterns, ..Rules::new("he-normal") });
        assert!(both.is_err(), "two parameters claim the name");
    }
}
