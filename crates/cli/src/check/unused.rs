//! Options that were given and change nothing: each is said.

use std::path::Path;

use fanin::data::sets;
use fanin::spec::Spec;

use super::{Check, USUAL_RUNS, USUAL_SEEDS};
use crate::args::Common;

impl Check {
    /// A sentence for each reason why options that were given change nothing.
    pub(super) fn unused(&self, common: &Common, spec: &Spec) -> Vec<String> {
        let is_file = spec.model.file().is_some();
        let is_told = self.run.is_some() || self.weights.is_some();
        let has_weights = is_told || is_file && !self.scheme.is_given();
        let is_table = !sets::names().contains(&spec.data.source.as_str());
        let seeds = (self.seeds.to_string() != USUAL_SEEDS).then_some("seeds");
        let seeds: Vec<&str> = seeds.into_iter().chain(common.seed.map(|_| "seed")).collect();
        let runs = (self.runs != Path::new(USUAL_RUNS)).then_some("runs");
        let reasons = [
            (has_weights, seeds, "weights are given, and none are drawn"),
            (!is_file, self.reading.given(), "the network is no .onnx file"),
            (!is_table, self.data.given_of_tables(), "the data are no file"),
            (self.run.is_none(), runs.into_iter().collect(), "it is where --run looks"),
        ];
        let told = reasons.into_iter().filter(|(holds, given, _)| *holds && !given.is_empty());
        told.map(|(_, given, why)| sentence(&given, why)).collect()
    }
}

/// `--batch and --dropout change nothing: the network is no .onnx file`.
fn sentence(options: &[&str], why: &str) -> String {
    let names: Vec<String> = options.iter().map(|option| format!("--{option}")).collect();
    match &names[..] {
        [one] => format!("{one} changes nothing: {why}"),
        [many @ .., last] => format!("{} and {last} change nothing: {why}", many.join(", ")),
        [] => String::new(),
    }
}
