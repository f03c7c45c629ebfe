//! Weights that fit a model only in part: what does not fit is replaced, and said.

use fanin_engine::Tensor;

use super::diagnosis::Diagnosis;
use crate::error::{Error, Result};
use crate::weights::Weights;

/// What PyTorch keeps beside the running statistics; no value of the network depends on it.
const COUNTER: &str = ".num_batches_tracked";
/// Buffers that start at mean 0 and variance 1, whatever the scheme.
const STATISTICS: [&str; 2] = [".running_mean", ".running_var"];

/// Weights that fit a model, with what had to be done for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Repaired {
    /// The weights, as the model has them.
    pub weights: Weights,
    /// Modules with a tensor that is not the file's.
    pub modules: Vec<String>,
    /// One sentence for each tensor that did not fit.
    pub skipped: Vec<String>,
}

/// `found` with values of `drawn` in place of every tensor that is missing or of another shape.
///
/// `drawn` has every tensor of the model in its shape, with values of the scheme `scheme`.
///
/// # Errors
/// If no tensor fits: then the two are different networks.
pub fn repair(found: &Weights, drawn: &Weights, scheme: &str) -> Result<Repaired> {
    let fits = |(name, tensor): &(String, Tensor<f32>)| {
        found.get(name).is_some_and(|own| own.shape() == tensor.shape())
    };
    if !drawn.tensors.iter().any(fits) {
        return Err(strangers(found, drawn));
    }
    let (mut tensors, mut modules, mut skipped) = (Vec::new(), Vec::<String>::new(), Vec::new());
    for (name, tensor) in &drawn.tensors {
        let own = found.get(name);
        if let Some(own) = own.filter(|own| own.shape() == tensor.shape()) {
            tensors.push((name.clone(), own.clone()));
            continue;
        }
        if own.is_none() && STATISTICS.iter().any(|ending| name.ends_with(ending)) {
            tensors.push((name.clone(), tensor.clone()));
            continue;
        }
        let shape = tensor.shape();
        let ill = match own {
            Some(own) => format!("has shape {}, the model needs {shape}", own.shape()),
            None => format!("is missing, the model needs shape {shape}"),
        };
        skipped.push(format!(
            "tensor `{name}` {ill}; values of {scheme} stand in, and findings about it are left out"
        ));
        modules.extend(name.rsplit_once('.').map(|(module, _)| module.to_owned()));
        tensors.push((name.clone(), tensor.clone()));
    }
    let names = found.tensors.iter().map(|(name, _)| name);
    for name in names.filter(|name| drawn.get(name).is_none() && !name.ends_with(COUNTER)) {
        skipped.push(format!("tensor `{name}` is none of the model's and was not looked at"));
    }
    modules.dedup();
    Ok(Repaired { weights: Weights { tensors }, modules, skipped })
}

impl Repaired {
    /// The diagnosis of these weights without what it says of stand-ins.
    pub fn judged(&self, mut diagnosis: Diagnosis) -> Diagnosis {
        let about = |module: &Option<String>| {
            module.as_ref().is_some_and(|module| self.modules.contains(module))
        };
        diagnosis.findings.retain(|finding| !about(&finding.module));
        let left: Vec<&str> = diagnosis.findings.iter().map(|finding| finding.code).collect();
        for finding in &mut diagnosis.findings {
            finding.consequence_of = finding.consequence_of.filter(|cause| left.contains(cause));
        }
        diagnosis.skipped.extend(self.skipped.iter().cloned());
        diagnosis
    }
}

/// The first tensor that both name, or else what each of them has.
fn strangers(found: &Weights, drawn: &Weights) -> Error {
    let shared = drawn.tensors.iter().find_map(|(name, t)| Some((name, t, found.get(name)?)));
    if let Some((name, needed, own)) = shared {
        return Error::Setting {
            place: format!("weights, tensor `{name}`"),
            found: format!("shape {} (and no other tensor fits)", own.shape()),
            expected: format!("shape {}, as the model has it", needed.shape()),
        };
    }
    let names = |weights: &Weights| {
        const SHOWN: usize = 4;
        let all = &weights.tensors;
        let mut names: Vec<String> =
            all.iter().take(SHOWN).map(|(name, _)| format!("`{name}`")).collect();
        if all.len() > SHOWN {
            names.push(format!("… ({} in all)", all.len()));
        }
        if names.is_empty() { "no tensor".to_owned() } else { names.join(", ") }
    };
    Error::Setting {
        place: "weights".to_owned(),
        found: names(found),
        expected: format!("tensors of the model: {}", names(drawn)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(tensors: &[(&str, &[usize], f32)]) -> Weights {
        let tensor = |(name, shape, value): &(&str, &[usize], f32)| {
            let elements = shape.iter().product();
            ((*name).to_owned(), Tensor::new(shape.to_vec(), vec![*value; elements]).unwrap())
        };
        Weights { tensors: tensors.iter().map(tensor).collect() }
    }

    fn drawn() -> Weights {
        weights(&[("0.weight", &[3, 2], 9.0), ("0.bias", &[3], 9.0), ("2.weight", &[1, 3], 9.0)])
    }

    #[test]
    fn what_fits_is_kept_and_the_rest_is_said() {
        let found = weights(&[
            ("2.weight", &[3, 1], 1.0),
            ("0.weight", &[3, 2], 1.0),
            ("extra", &[1], 1.0),
            ("1.num_batches_tracked", &[1], 1.0),
        ]);
        let repaired = repair(&found, &drawn(), "he-normal").unwrap();
        let value = |name: &str| repaired.weights.get(name).unwrap().data()[0];
        assert_eq!([value("0.weight"), value("0.bias"), value("2.weight")], [1.0, 9.0, 9.0]);
        assert_eq!(repaired.modules, ["0", "2"]);
        let beginnings = [
            "tensor `0.bias` is missing, the model needs shape (3)",
            "tensor `2.weight` has shape (3, 1), the model needs (1, 3); values of he-normal stand",
            "tensor `extra` is none of the model's",
        ];
        assert_eq!(repaired.skipped.len(), beginnings.len(), "{:?}", repaired.skipped);
        for (sentence, beginning) in repaired.skipped.iter().zip(beginnings) {
            assert!(sentence.starts_with(beginning), "{sentence}");
        }
    }

    #[test]
    fn weights_that_fit_are_left_alone() {
        let repaired = repair(&drawn(), &drawn(), "zeros").unwrap();
        assert_eq!(repaired.weights, drawn());
        assert!(repaired.skipped.is_empty() && repaired.modules.is_empty());
    }

    #[test]
    fn another_network_is_an_error_that_names_both() {
        let error = repair(&weights(&[("a", &[1], 0.0)]), &drawn(), "zeros").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("`a`") && text.contains("`0.weight`"), "{text}");
        let error = repair(&weights(&[("0.weight", &[5, 5], 0.0)]), &drawn(), "zeros").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("(5, 5)") && text.contains("(3, 2)"), "{text}");
    }
}
