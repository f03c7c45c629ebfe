//! A recommendation in the making: values of parameters, with the schemes that they came from.

use fanin_engine::Tensor;

use super::{Change, Problem, Recommendation, Scale};
use crate::error::Result;
use crate::init::{self, Parameter, Rules};
use crate::weights::Weights;

/// What a parameter becomes.
struct Entry {
    position: usize,
    values: Vec<f32>,
    scheme: String,
    reason: String,
}

/// A recommendation in the making.
pub(super) struct Draft {
    /// All parameters of the network, in the graph's order.
    pub parameters: Vec<Parameter>,
    /// What was asked for and cannot be had.
    pub unmet: Vec<String>,
    entries: Vec<Entry>,
    seed: u64,
}

impl Draft {
    pub fn new(problem: &Problem<'_>) -> Result<Self> {
        let parameters = init::parameters(problem.model)?;
        Ok(Self { parameters, unmet: Vec::new(), entries: Vec::new(), seed: problem.seed })
    }

    /// The values that `scheme` gives the parameter at `position`.
    ///
    /// # Errors
    /// If the scheme does not serve it.
    pub fn drawn(&self, position: usize, scheme: &str) -> Result<Vec<f32>> {
        let parameter = std::slice::from_ref(&self.parameters[position]);
        let patterns = vec![(parameter[0].name.clone(), scheme.to_owned())];
        let rules = Rules { patterns, ..Rules::new("zeros") };
        let drawn = init::initialize(parameter, &rules, self.seed)?;
        Ok(drawn.tensors.into_iter().flat_map(|(_, tensor)| tensor.into_data()).collect())
    }

    /// Notes what the parameter at `position` becomes; what was noted of it before is replaced.
    pub fn set(&mut self, position: usize, values: Vec<f32>, scheme: String, reason: String) {
        self.entries.retain(|entry| entry.position != position);
        self.entries.push(Entry { position, values, scheme, reason });
    }

    /// The recommendation; parameters that end as they began are no changes.
    pub fn finish(mut self, problem: &Problem<'_>, method: &'static str) -> Result<Recommendation> {
        let mut found = problem.unchanged(method);
        self.entries.sort_by_key(|entry| entry.position);
        for entry in self.entries {
            let parameter = &self.parameters[entry.position];
            let Some(tensor) = named(&mut found.weights, &parameter.name) else { continue };
            if same_bits(tensor.data(), &entry.values) {
                continue;
            }
            found.changes.push(Change {
                parameter: parameter.name.clone(),
                module: None,
                role: parameter.role,
                before: Scale::of(tensor.data()),
                after: Scale::of(&entry.values),
                scheme: entry.scheme,
                reason: entry.reason,
            });
            *tensor = Tensor::new(parameter.shape.clone(), entry.values)?;
        }
        found.unmet = self.unmet;
        Ok(found)
    }
}

fn named<'w>(weights: &'w mut Weights, name: &str) -> Option<&'w mut Tensor<f32>> {
    weights.tensors.iter_mut().find(|(own, _)| own == name).map(|(_, tensor)| tensor)
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// The scheme that says the mean and spread of values, where no other says more.
pub(super) fn spread(values: &[f32], is_centered: bool) -> String {
    let Scale { mean, deviation } = Scale::of(values);
    match (deviation == 0.0, is_centered) {
        (true, _) => format!("constant:{}", rounded(mean)),
        (false, true) => format!("normal:{}", rounded(deviation)),
        (false, false) => format!("normal:{},{}", rounded(mean), rounded(deviation)),
    }
}

/// `x` to four significant digits, as schemes say it.
pub(super) fn rounded(x: f64) -> f64 {
    format!("{x:.3e}").parse().unwrap_or(x)
}
