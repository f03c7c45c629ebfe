//! Which scheme each parameter gets, and the weights that follow.

use fanin_engine::Tensor;
use fanin_kernels::reduce::count_non_finite;
use serde::{Deserialize, Serialize};

use super::{Distribution, Parameter, Request, Scheme, find};
use crate::error::{Error, Result};
use crate::spec::glob;
use crate::weights::Weights;

/// Which scheme each parameter gets, as texts that [`find`] reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Scheme of all weights; it also says what biases get.
    pub default: String,
    /// Scheme of all biases, if not what the default says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias: Option<String>,
    /// (pattern, scheme) pairs; the first pattern that matches a parameter's name decides, before
    /// all else. `*` stands for any run of characters and `?` for one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<(String, String)>,
}

impl Rules {
    /// One scheme for the whole network.
    pub fn new(default: &str) -> Self {
        Self { default: default.to_owned(), bias: None, patterns: Vec::new() }
    }
}

/// What one parameter gets, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The parameter.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
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
    let schemes = Schemes::of(parameters, rules)?;
    parameters
        .iter()
        .map(|parameter| {
            let choice = schemes.choose(parameter)?;
            Ok(Explanation {
                name: parameter.name.clone(),
                shape: parameter.shape.axes().to_vec(),
                scheme: choice.label,
                distribution: choice.distribution.to_string(),
                fan_in: parameter.fan_in,
                fan_out: parameter.fan_out,
                gain: choice.scheme.map_or(Ok(None), |scheme| scheme.gain(parameter))?,
                mean: choice.distribution.mean(),
                deviation: choice.distribution.deviation(),
                reason: choice.reason,
            })
        })
        .collect()
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
/// use fanin::init::{Parameter, Role, Rules, initialize};
/// let weight = Parameter {
///     name: "0.weight".to_owned(),
///     shape: [256, 784].into(),
///     role: Role::Weight,
///     fan_in: 784,
///     fan_out: 256,
///     activation: Some("relu".to_owned()),
/// };
/// let weights = initialize(&[weight], &Rules::new("he-normal"), 42)?;
/// let deviation = fanin_kernels::reduce::variance(weights.tensors[0].1.data()).sqrt();
/// assert!((deviation - f64::sqrt(2.0 / 784.0)).abs() < 1e-3);
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn initialize(parameters: &[Parameter], rules: &Rules, seed: u64) -> Result<Weights> {
    let schemes = Schemes::of(parameters, rules)?;
    let mut tensors = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        let request = Request { seed, parameter };
        let choice = schemes.choose(parameter)?;
        let mut data = parameter.filled(0.0_f32)?;
        match choice.scheme {
            Some(scheme) => scheme.fill(&request, &mut data)?,
            None => choice.distribution.fill(request.stream(), 0, &mut data),
        }
        if count_non_finite(&data) > 0 {
            return Err(Error::Setting {
                place: format!("parameter `{}`", parameter.name),
                found: format!("values of {} beyond the range of f32", choice.distribution),
                expected: "a smaller deviation".to_owned(),
            });
        }
        tensors.push((parameter.name.clone(), Tensor::new(parameter.shape.clone(), data)?));
    }
    Ok(Weights { tensors })
}

/// The rules with their schemes found.
struct Schemes<'a> {
    default: Box<dyn Scheme>,
    bias: Option<Box<dyn Scheme>>,
    patterns: Vec<(&'a str, Box<dyn Scheme>)>,
}

/// What one parameter gets.
struct Choice<'a> {
    /// The scheme that fills it; `None` if its distribution alone does.
    scheme: Option<&'a dyn Scheme>,
    label: Option<String>,
    distribution: Distribution,
    reason: String,
}

impl<'a> Schemes<'a> {
    fn of(parameters: &[Parameter], rules: &'a Rules) -> Result<Self> {
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = parameters.iter().find(|p| !seen.insert(&p.name)) {
            return Err(Error::Setting {
                place: format!("parameter `{}`", twice.name),
                found: "two parameters of this name".to_owned(),
                expected: "one, for the name addresses the random numbers".to_owned(),
            });
        }
        let mut patterns = Vec::new();
        for (pattern, scheme) in &rules.patterns {
            if !parameters.iter().any(|p| glob::matches(pattern, &p.name)) {
                let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
                return Err(Error::unknown("parameter", pattern, &names));
            }
            patterns.push((pattern.as_str(), find(scheme)?));
        }
        let bias = rules.bias.as_deref().map(find).transpose()?;
        Ok(Self { default: find(&rules.default)?, bias, patterns })
    }

    fn choose(&self, parameter: &Parameter) -> Result<Choice<'_>> {
        let matching =
            self.patterns.iter().find(|(pattern, _)| glob::matches(pattern, &parameter.name));
        if let Some((pattern, scheme)) = matching {
            let reason = format!("rule `{pattern}`");
            return Choice::by_scheme(&**scheme, parameter, reason);
        }
        if let Some(value) = parameter.role.start() {
            let reason = format!("{} start at {value}", parameter.role.plural());
            let distribution = Distribution::Constant(value);
            return Ok(Choice { scheme: None, label: None, distribution, reason });
        }
        if parameter.role == super::Role::Weight {
            let reason = "scheme of the network".to_owned();
            return Choice::by_scheme(&*self.default, parameter, reason);
        }
        if let Some(bias) = &self.bias {
            return Choice::by_scheme(&**bias, parameter, "scheme of the biases".to_owned());
        }
        let label = self.default.label();
        let reason = format!("biases under `{label}`");
        let distribution = self.default.bias(parameter)?;
        Ok(Choice { scheme: None, label: Some(label), distribution, reason })
    }
}

impl<'a> Choice<'a> {
    fn by_scheme(scheme: &'a dyn Scheme, parameter: &Parameter, reason: String) -> Result<Self> {
        let distribution = scheme.distribution(parameter)?;
        Ok(Self { scheme: Some(scheme), label: Some(scheme.label()), distribution, reason })
    }
}
