//! Where the weights to judge come from: a scheme, a file, or a run's checkpoint.

use std::fmt::Write;
use std::path::Path;

use fanin::check::Diagnosis;
use fanin::data::Prepared;
use fanin::import;
use fanin::spec::{Extent, Model, Spec};
use fanin::train::RunFolder;
use fanin::weights::Weights;
use fanin::{Error, Result};

use super::Check;
use crate::args::{Common, spec_of};

/// Where weights come from that a network's file has.
const OF_FILE: &str = "the weights in the file";

/// What was judged, and how.
pub struct Judged {
    pub spec: Spec,
    /// The network as its spec writes it.
    pub model: String,
    pub start: String,
    pub diagnosis: Diagnosis,
    /// What pictures are made from; none where the network was judged in part.
    pub drawn: Option<Drawn>,
}

/// What pictures of a start are made from.
pub struct Drawn {
    pub model: Model,
    pub data: Prepared,
    pub weights: Weights,
}

impl Judged {
    fn whole(spec: Spec, start: String, diagnosis: Diagnosis, drawn: Drawn) -> Self {
        Self { spec, model: drawn.model.to_string(), start, diagnosis, drawn: Some(drawn) }
    }

    /// What pictures are made from.
    ///
    /// # Errors
    /// If the network was judged in part.
    pub fn drawn(&self) -> Result<&Drawn> {
        self.drawn.as_ref().ok_or_else(|| Error::Setting {
            place: self.model.clone(),
            found: self.diagnosis.skipped.first().cloned().unwrap_or_default(),
            expected: "a network that can be run whole for pictures and event files; without \
                       --report and --tensorboard it is judged in part"
                .to_owned(),
        })
    }
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
        let spec = self.asked_spec(spec_of(self.model.as_deref())?)?;
        let first = common.seed.unwrap_or(0);
        let seeds: Vec<u64> = (0..self.seeds.get()).map(|n| first.wrapping_add(n)).collect();
        let (data, model) = match fanin::open(&spec) {
            Err(Error::Unsupported { nodes }) => return self.judge_part(spec, &seeds, nodes),
            opened => opened?,
        };
        if let Some(weights) = model.weights().filter(|_| !self.scheme.is_given()) {
            let diagnosis = fanin::check(&spec, &model, weights, &data)?;
            let weights = weights.clone();
            let drawn = Drawn { model, data, weights };
            return Ok(Judged::whole(spec, OF_FILE.to_owned(), diagnosis, drawn));
        }
        let diagnosis = fanin::check_scheme(&spec, &model, &data, &seeds)?;
        let weights = fanin::initialize(&spec, &model, first)?;
        let start = spec.init.scheme.clone();
        Ok(Judged::whole(spec, start, diagnosis, Drawn { model, data, weights }))
    }

    /// What can be computed of a file whose operators are not all read.
    fn judge_part(&self, spec: Spec, seeds: &[u64], nodes: String) -> Result<Judged> {
        let path = spec.model.file().map(Path::to_path_buf).unwrap_or_default();
        let Some(part) = import::upstream(&path, &(&spec.reading).into())? else {
            return Err(Error::Unsupported { nodes });
        };
        let (seeds, start) = if self.scheme.is_given() {
            (seeds, spec.init.scheme.clone())
        } else {
            (&[][..], OF_FILE.to_owned())
        };
        let diagnosis = fanin::check_upstream(&spec, &part, seeds)?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Judged { spec, model: name, start, diagnosis, drawn: None })
    }

    fn judge_file(&self, path: &Path) -> Result<Judged> {
        let (spec, data, model) = self.planned(spec_of(self.model.as_deref())?)?;
        let weights = fanin::import::read_weights(&model, path)?;
        let mut start = path.display().to_string();
        let diagnosis = if self.scheme.is_given() {
            let _ = write!(start, ", said to be {}", spec.init.scheme);
            fanin::check_claim(&spec, &model, &weights, &data)?
        } else {
            fanin::check_partly(&spec, &model, &weights, &data)?
        };
        Ok(Judged::whole(spec, start, diagnosis, Drawn { model, data, weights }))
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
        let drawn = Drawn { model, data, weights: checkpoint.weights };
        Ok(Judged::whole(spec, start, diagnosis, drawn))
    }

    /// The spec with the arguments given, its data, and the network that fits them.
    fn planned(&self, spec: Spec) -> Result<(Spec, Prepared, Model)> {
        let spec = self.asked_spec(spec)?;
        let (data, model) = fanin::open(&spec)?;
        Ok((spec, data, model))
    }

    fn asked_spec(&self, mut spec: Spec) -> Result<Spec> {
        self.scheme.apply(&mut spec);
        self.reading.apply(&mut spec);
        self.data.apply(&mut spec)?;
        self.training.apply(&mut spec)?;
        if self.full {
            spec.check.extent = Extent::All;
        }
        Ok(spec)
    }
}
