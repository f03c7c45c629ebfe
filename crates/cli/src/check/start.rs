//! Where the weights to judge come from: a scheme, a file, or a run's checkpoint.

use std::fmt::Write;
use std::path::Path;

use fanin::Result;
use fanin::check::Diagnosis;
use fanin::data::Prepared;
use fanin::spec::{Extent, Model, Spec};
use fanin::train::RunFolder;
use fanin::weights::Weights;

use super::Check;
use crate::args::{Common, spec_of};

/// What was judged, and how.
pub struct Judged {
    pub spec: Spec,
    pub model: Model,
    pub start: String,
    pub diagnosis: Diagnosis,
    pub data: Prepared,
    pub weights: Weights,
}

impl Check {
    /// The diagnosis of what the arguments name.
    pub fn judge(&self, common: &Common) -> Result<Judged> {
        if let Some(name) = &self.run {
            return self.judge_run(&RunFolder::open(&self.runs, name)?);
        }
        match &self.weights {
            Some(path) if path.is_dir() => self.judge_run(&RunFolder::at(path)?),
            Some(path) => self.judge_file(path),
            None => self.judge_scheme(common),
        }
    }

    fn judge_scheme(&self, common: &Common) -> Result<Judged> {
        let (spec, data, model) = self.planned(spec_of(self.model.as_deref())?)?;
        if let Some(weights) = model.weights().filter(|_| !self.scheme.is_given()) {
            let (diagnosis, weights) =
                (fanin::check(&spec, &model, weights, &data)?, weights.clone());
            let start = "the weights in the file".to_owned();
            return Ok(Judged { spec, model, start, diagnosis, data, weights });
        }
        let first = common.seed.unwrap_or(0);
        let seeds: Vec<u64> = (0..self.seeds.get()).map(|n| first.wrapping_add(n)).collect();
        let diagnosis = fanin::check_scheme(&spec, &model, &data, &seeds)?;
        let weights = fanin::initialize(&spec, &model, first)?;
        Ok(Judged { start: spec.init.scheme.clone(), spec, model, diagnosis, data, weights })
    }

    fn judge_file(&self, path: &Path) -> Result<Judged> {
        let (spec, data, model) = self.planned(spec_of(self.model.as_deref())?)?;
        let weights = fanin::formats::read_weights(path)?;
        let mut start = path.display().to_string();
        let diagnosis = if self.scheme.is_given() {
            let _ = write!(start, ", said to be {}", spec.init.scheme);
            fanin::check_claim(&spec, &model, &weights, &data)?
        } else {
            fanin::check_partly(&spec, &model, &weights, &data)?
        };
        Ok(Judged { spec, model, start, diagnosis, data, weights })
    }

    /// The checkpoint's weights, judged as if the run's whole training began with them.
    fn judge_run(&self, folder: &RunFolder) -> Result<Judged> {
        let file = folder.path().join("spec.toml");
        let own = match &self.model {
            Some(model) => spec_of(Some(model))?,
            None => Spec::from_toml(&folder.spec()?, &file)?,
        };
        let (spec, data, model) = self.planned(own)?;
        let checkpoint = folder.load_for(&model)?;
        let diagnosis = fanin::check(&spec, &model, &checkpoint.weights, &data)?;
        let start = format!("{}, step {}", folder.path().display(), checkpoint.progress.step);
        Ok(Judged { spec, model, start, diagnosis, data, weights: checkpoint.weights })
    }

    /// The spec with the arguments given, its data, and the network that fits them.
    fn planned(&self, mut spec: Spec) -> Result<(Spec, Prepared, Model)> {
        self.scheme.apply(&mut spec);
        self.reading.apply(&mut spec);
        self.data.apply(&mut spec)?;
        self.training.apply(&mut spec)?;
        if self.full {
            spec.check.extent = Extent::All;
        }
        let (data, model) = fanin::open(&spec)?;
        Ok((spec, data, model))
    }
}
