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
/// `drawn` has every tensor of the model in its shape, with values of the scheme `scheme`. Where no
/// name fits, but all do behind one beginning, such as `module.` of a wrapper, that is taken off.
///
/// # Errors
/// If no tensor fits: then the two are different networks, and stand-ins would tell nothing of the
/// file. The message names what differs.
pub fn repair(found: &Weights, drawn: &Weights, scheme: &str) -> Result<Repaired> {
    let (mut tensors, mut modules, mut skipped) = (Vec::new(), Vec::<String>::new(), Vec::new());
    let unwrapped;
    let mut found = found;
    if fitting(found, drawn) == 0 {
        let Some(beginning) = beginning(found, drawn) else {
            return Err(strangers(found, drawn));
        };
        unwrapped = without(found, &beginning);
        found = &unwrapped;
        skipped.push(format!(
            "names in the file begin with `{beginning}`, which the model's do not: it was taken off"
        ));
    }
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

/// Tensors of the model that `found` has in their shape.
fn fitting(found: &Weights, drawn: &Weights) -> usize {
    let fits = |(name, tensor): &&(String, Tensor<f32>)| {
        found.get(name).is_some_and(|own| own.shape() == tensor.shape())
    };
    drawn.tensors.iter().filter(fits).count()
}

/// What stands before the model's names in those of the file, up to a dot, so that tensors fit.
fn beginning(found: &Weights, drawn: &Weights) -> Option<String> {
    let (first, _) = drawn.tensors.first()?;
    let names = found.tensors.iter().map(|(name, _)| name);
    let beginnings = names.filter_map(|name| name.strip_suffix(first.as_str()));
    let mut beginnings = beginnings.filter(|beginning| beginning.ends_with('.'));
    beginnings.find(|b| fitting(&without(found, b), drawn) > 0).map(str::to_owned)
}

/// The weights whose names have this beginning, without it; the others as they are.
fn without(found: &Weights, beginning: &str) -> Weights {
    let tensors = found.tensors.iter().map(|(name, tensor)| {
        (name.strip_prefix(beginning).unwrap_or(name).to_owned(), tensor.clone())
    });
    Weights { tensors: tensors.collect() }
}

/// The tensors that both name, with their shapes, or else what each of them has.
fn strangers(found: &Weights, drawn: &Weights) -> Error {
    const SHOWN: usize = 4;
    let list = |texts: Vec<String>| {
        let more = texts.len().saturating_sub(SHOWN);
        let text = texts.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
        if more > 0 { format!("{text}, … ({more} more)") } else { text }
    };
    let shared: Vec<_> = drawn
        .tensors
        .iter()
        .filter_map(|(n, t)| Some((n, found.get(n)?.shape(), t.shape())))
        .collect();
    if !shared.is_empty() {
        let is_transposed = shared
            .iter()
            .all(|(_, own, needed)| own.rank() < 2 || own.axes().iter().rev().eq(needed.axes()));
        let remedy = if is_transposed {
            "; the file has inputs first, so transpose its matrices"
        } else {
            ""
        };
        let own = shared.iter().map(|(name, own, _)| format!("`{name}` {own}"));
        let needed = shared.iter().map(|(name, _, needed)| format!("`{name}` {needed}"));
        return Error::Setting {
            place: "weights".to_owned(),
            found: format!("{}, and no tensor that fits", list(own.collect())),
            expected: format!("{}, as the model has them{remedy}", list(needed.collect())),
        };
    }
    let names = |weights: &Weights| {
        let named = |(name, tensor): &(String, Tensor<f32>)| format!("`{name}` {}", tensor.shape());
        let named: Vec<String> = weights.tensors.iter().map(named).collect();
        if named.is_empty() { "no tensor".to_owned() } else { list(named) }
    };
    let in_order = found.tensors.len() == drawn.tensors.len()
        && found.tensors.iter().zip(&drawn.tensors).all(|((_, a), (_, b))| a.shape() == b.shape());
    let remedy = if in_order { "; shapes agree in their order, so rename the file's" } else { "" };
    Error::Setting {
        place: "weights".to_owned(),
        found: names(found),
        expected: format!("tensors of the model: {}{remedy}", names(drawn)),
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
        assert!(!text.contains("transpose"), "{text}");
        let error = repair(&weights(&[("0.weight", &[2, 3], 0.0)]), &drawn(), "zeros").unwrap_err();
        assert!(error.to_string().ends_with("so transpose its matrices"), "{error}");
        let renamed: &[(&str, &[usize], f32)] =
            &[("a", &[3, 2], 0.0), ("b", &[3], 0.0), ("c", &[1, 3], 0.0)];
        let error = repair(&weights(renamed), &drawn(), "zeros").unwrap_err();
        assert!(error.to_string().ends_with("so rename the file's"), "{error}");
    }

    #[test]
    fn a_wrapper_before_all_names_is_taken_off_and_said() {
        let found = weights(&[
            ("module.0.weight", &[3, 2], 1.0),
            ("module.0.bias", &[3], 1.0),
            ("module.2.weight", &[1, 3], 1.0),
        ]);
        let repaired = repair(&found, &drawn(), "zeros").unwrap();
        assert!(repaired.weights.tensors.iter().all(|(_, t)| t.data()[0] == 1.0));
        assert!(repaired.modules.is_empty());
        assert_eq!(repaired.skipped.len(), 1, "{:?}", repaired.skipped);
        assert!(repaired.skipped[0].contains("`module.`"), "{:?}", repaired.skipped);
    }
}
