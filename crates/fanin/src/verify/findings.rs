//! What is wrong with the tensors of a file.

use std::collections::HashMap;

use super::{Tensor, constants};
use crate::check::{Finding, Severity};
use crate::init::Parameter;

/// All findings, the gravest kinds first.
pub fn all(tensors: &[Tensor], parameters: &[Parameter]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for tensor in tensors {
        let known = parameters.iter().find(|p| p.name == tensor.name);
        findings.extend(non_finite(tensor));
        findings.extend(constants::judge(tensor, tensors, known));
        findings.extend(shards(tensor).or_else(|| equal_units(tensor)));
        findings.extend(flushed(tensor));
        findings.extend(coarse(tensor));
    }
    findings.extend(twins(tensors));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

pub(super) fn finding(
    code: &'static str,
    severity: Severity,
    tensor: &Tensor,
    why: String,
    fix: &str,
) -> Finding {
    Finding::plain(code, severity, why, fix.to_owned()).at(&tensor.name)
}

fn non_finite(tensor: &Tensor) -> Option<Finding> {
    let count = tensor.statistics.non_finite;
    (count > 0).then(|| {
        let why = format!(
            "{count} of {} values of `{}` are NaN or infinite, and so will be every loss",
            tensor.statistics.elements, tensor.name
        );
        finding("non-finite", Severity::Fail, tensor, why, "draw this tensor anew: fanin init")
    })
}

fn shards(tensor: &Tensor) -> Option<Finding> {
    let shards = tensor.structure.shards?;
    let why = format!(
        "`{}` consists of {} equal pieces along axis {}, as when every rank draws its shard with \
         the same seed: only one piece's units can ever differ",
        tensor.name, shards.count, shards.axis
    );
    let fix = "draw each rank's part of the whole: fanin init --shard RANK/RANKS";
    Some(finding("identical-shards", Severity::Fail, tensor, why, fix))
}

fn equal_units(tensor: &Tensor) -> Option<Finding> {
    let units = tensor.structure.units?;
    let is_table = tensor.role == crate::init::Role::Embedding;
    if is_table || units.different == units.count || tensor.statistics.is_constant() {
        return None;
    }
    let why = format!(
        "the {} units of `{}` have only {} different sets of weights; equal ones can only be told \
         apart by what follows them",
        units.count, tensor.name, units.different
    );
    let fix = "draw it at random, or prune the copies";
    Some(finding("equal-units", Severity::Warn, tensor, why, fix))
}

fn flushed(tensor: &Tensor) -> Option<Finding> {
    /// Share of exact zeros that no continuous distribution leaves in a file.
    const NOTABLE: f64 = 1e-3;
    let share = tensor.statistics.zeros as f64 / tensor.statistics.elements.max(1) as f64;
    let is_random = tensor.statistics.deviation > 0.0;
    // Half the smallest positive number of each format: what is smaller becomes 0.
    let least = match tensor.dtype {
        "f16" => 2.0_f64.powi(-25),
        "bf16" | "f32" => 2.0_f64.powi(-134),
        _ => return None,
    };
    if !is_random || share < NOTABLE || tensor.statistics.deviation > least / NOTABLE {
        return None;
    }
    let why = format!(
        "{:.1} % of `{}` are exactly 0, because {} cannot hold numbers below {least:.1e}",
        100.0 * share,
        tensor.name,
        tensor.dtype
    );
    let fix = "keep this tensor in f32 or bf16, or draw it larger";
    Some(finding("flushed-to-zero", Severity::Warn, tensor, why, fix))
}

fn coarse(tensor: &Tensor) -> Option<Finding> {
    /// Different values that a draw in f32, rounded to bf16 or f16, leaves at the least.
    const EXPECTED: usize = 1_200;
    /// Values from which so many are sure to be met.
    const ENOUGH: usize = 1 << 14;
    let statistics = &tensor.statistics;
    let is_low = matches!(tensor.dtype, "bf16" | "f16");
    let few = statistics.distinct > 2 && statistics.distinct < EXPECTED;
    if !is_low || !few || statistics.sampled < ENOUGH || tensor.fit.scheme.is_none() {
        return None;
    }
    let why = format!(
        "`{}` has only {} different values among {}: it was drawn in {} instead of drawn in f32 \
         and rounded",
        tensor.name, statistics.distinct, statistics.sampled, tensor.dtype
    );
    let fix = "draw in f32, then round: fanin init --dtype does";
    Some(finding("drawn-in-low-precision", Severity::Warn, tensor, why, fix))
}

/// Groups of tensors with equal bits.
fn twins(tensors: &[Tensor]) -> Vec<Finding> {
    let mut groups: HashMap<(u64, &[usize]), Vec<&Tensor>> = HashMap::new();
    for tensor in tensors.iter().filter(|t| t.statistics.deviation > 0.0) {
        let key = (tensor.statistics.fingerprint, tensor.shape.as_slice());
        groups.entry(key).or_default().push(tensor);
    }
    let mut groups: Vec<Vec<&Tensor>> = groups.into_values().filter(|g| g.len() > 1).collect();
    groups.sort_by(|a, b| a[0].name.cmp(&b[0].name));
    groups.iter().map(|group| twin(group)).collect()
}

fn twin(group: &[&Tensor]) -> Finding {
    let without_numbers =
        |name: &str| name.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let first = without_numbers(&group[0].name);
    let are_layers = group.iter().all(|t| without_numbers(&t.name) == first);
    let names = match group {
        [one, other] => format!("`{}` and `{}`", one.name, other.name),
        [one, .., last] => format!("`{}` to `{}` ({} tensors)", one.name, last.name, group.len()),
        _ => unreachable!("a group has two tensors or more"),
    };
    if are_layers {
        let why = format!(
            "{names} have the same bits: these layers start as copies of one, as when a module is \
             deep-copied after it was initialized"
        );
        let fix = "initialize each layer anew, under its own name";
        return finding("identical-layers", Severity::Warn, group[0], why, fix);
    }
    let why = format!("{names} have the same bits");
    let fix = "tie them if they are meant to be one parameter, else draw one anew";
    finding("duplicated-tensors", Severity::Warn, group[0], why, fix)
}
