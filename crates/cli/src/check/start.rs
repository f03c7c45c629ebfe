//! Where the weights to judge come from: a scheme, a file, or a run's checkpoint.

use std::fmt::Write;
use std::path::Path;

use fanin::check::Diagnosis;
use fanin::data::Prepared;
use fanin::import;
use fanin::init::Parameter;
use fanin::report::Checked;
use fanin::spec::{Extent, Model, Spec};
use fanin::train::RunFolder;
use fanin::weights::Weights;
use fanin::{Error, Result};

use super::Check;
use crate::args::Common;

/// What was judged, and how.
pub struct Judged {
    pub spec: Spec,
    /// The network as its spec writes it.
    pub model: String,
    pub start: String,
    pub diagnosis: Diagnosis,
    /// Whether the file of weights that was named has those of the network, and no others.
    pub fits: bool,
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
        let model = drawn.model.to_string();
        Self { spec, model, start, diagnosis, fits: true, drawn: Some(drawn) }
    }
}

/// Whether these are the weights of `model`, and no others.
fn fits(model: &Model, weights: &Weights) -> Result<bool> {
    let own = model.parameters()?;
    let has = |own: &Parameter| weights.get(&own.name).is_some_and(|w| *w.shape() == own.shape);
    Ok(own.len() == weights.tensors.len() && own.iter().all(has))
}

impl Check {
    /// The diagnosis of what the arguments name, where `read` is what the network was named by.
    pub fn judge(&self, read: &Spec, common: &Common) -> Result<Judged> {
        if let Some(name) = &self.run {
            return self.judge_run(read, &RunFolder::open(&self.runs, name)?);
        }
        match &self.weights {
            Some(path) if path.is_dir() => self.judge_run(read, &RunFolder::at(path)?),
            Some(path) => self.judge_file(read, path),
            None => self.judge_scheme(read, common),
        }
    }

    fn judge_scheme(&self, read: &Spec, common: &Common) -> Result<Judged> {
        let spec = self.asked_spec(read.clone())?;
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
            return Ok(Judged::whole(spec, Checked::OF_FILE.to_owned(), diagnosis, drawn));
        }
        let diagnosis = fanin::check_scheme(&spec, &model, &data, &seeds)?;
        let weights = fanin::initialize(&spec, &model, first)?;
        let start = spec.init.scheme.clone();
        Ok(Judged::whole(spec, start, diagnosis, Drawn { model, data, weights }))
    }

    /// What can be computed of a file whose operators are not all read.
    fn judge_part(&self, spec: Spec, seeds: &[u64], nodes: String) -> Result<Judged> {
        let path = spec.model.file().map(Path::to_path_buf).unwrap_or_default();
        if self.tensorboard.is_given() {
            return Err(Error::Setting {
                place: "--tensorboard".to_owned(),
                found: format!("a network with operators that fanin does not read: {nodes}"),
                expected: "one that can be run whole, for its loss and gradients; without \
                           --tensorboard what can be run is judged"
                    .to_owned(),
            });
        }
        let Some(part) = import::upstream(&path, &(&spec.reading).into())? else {
            return Err(Error::Unsupported { nodes });
        };
        let (seeds, start) = if self.scheme.is_given() {
            (seeds, spec.init.scheme.clone())
        } else {
            (&[][..], Checked::OF_FILE.to_owned())
        };
        let diagnosis = fanin::check_upstream(&spec, &part, seeds)?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Judged { spec, model: name, start, diagnosis, fits: true, drawn: None })
    }

    fn judge_file(&self, read: &Spec, path: &Path) -> Result<Judged> {
        let (spec, data, model) = self.planned(read.clone())?;
        let weights = fanin::import::read_weights(&model, path)?;
        let mut start = path.display().to_string();
        let diagnosis = if self.scheme.is_given() {
            let _ = write!(start, ", said to be {}", spec.init.scheme);
            fanin::check_claim(&spec, &model, &weights, &data)?
        } else {
            fanin::check_partly(&spec, &model, &weights, &data)?
        };
        let fits = fits(&model, &weights)?;
        let judged = Judged::whole(spec, start, diagnosis, Drawn { model, data, weights });
        Ok(Judged { fits, ..judged })
    }

    /// The checkpoint's weights, judged as if the run's whole training began with them.
    fn judge_run(&self, read: &Spec, folder: &RunFolder) -> Result<Judged> {
        let file = folder.path().join("spec.toml");
        let own = match &self.model {
            Some(_) => read.clone(),
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
