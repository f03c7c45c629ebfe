//! What the networks of the benchmark are to learn.

use std::borrow::Cow;

use fanin::Result;
use fanin::data::{
    Dataset, LoadOptions, Loaded, PrepareOptions, Prepared, Targets, for_network, load, prepare,
};
use fanin::spec::Task as Kind;
use fanin_kernels::random::{Stream, fill_normal};
use serde::Serialize;

use crate::networks::Network;

/// What a network is to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// 1797 pictures of digits of 8 × 8 pixels.
    Digits,
    /// The same, to be given back.
    DigitsBack,
    /// 3000 pictures of clothes of 28 × 28 pixels.
    Fashion,
    /// Sequences of 200 numbers: which of four rhythms lies under the noise.
    Sequences,
    /// Normal numbers as wide as the network, with answers that follow from them.
    Teacher,
}

/// Every so many pictures of clothes are kept.
const EVERY: usize = 20;

const SEQUENCES: usize = 600;
const STEPS: usize = 200;
const RHYTHMS: usize = 4;

impl Task {
    /// Every task.
    pub const ALL: [Self; 5] =
        [Self::Digits, Self::DigitsBack, Self::Fashion, Self::Sequences, Self::Teacher];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        ["digits", "digits back", "fashion", "sequences", "teacher"][self as usize]
    }

    /// Numbers of a row, and classes or numbers to answer; 0 where the network says.
    pub fn sizes(self) -> (usize, usize) {
        [(64, 10), (64, 64), (784, 10), (STEPS, RHYTHMS), (0, 0)][self as usize]
    }

    /// Passes over the rows.
    pub fn epochs(self) -> usize {
        [15, 30, 12, 20, 15][self as usize]
    }

    /// Rows that it is trained on, about.
    pub fn rows(self) -> usize {
        [1437, 1437, 3000, SEQUENCES, 1280][self as usize]
    }

    /// The score that counts as learned.
    pub fn target(self) -> f64 {
        [0.9, 0.5, 0.75, 0.9, 0.9][self as usize]
    }

    /// Its rows, split and scaled; none where every network has its own.
    ///
    /// # Errors
    /// If the data set is not on this machine.
    fn load(self) -> Result<Option<Prepared>> {
        let loaded = match self {
            Self::Digits => load("digits", &LoadOptions::default())?,
            Self::DigitsBack => {
                let task = Some(Kind::AutoEncoder);
                load("digits", &LoadOptions { task, ..LoadOptions::default() })?
            }
            Self::Fashion => fashion()?,
            Self::Sequences => sequences(),
            Self::Teacher => return Ok(None),
        };
        prepare(loaded, &PrepareOptions::default()).map(Some)
    }
}

fn fashion() -> Result<Loaded> {
    let loaded = load("fashion-mnist", &LoadOptions::default())?;
    let some = |data: &Dataset, every| {
        data.select(&(0..data.rows()).step_by(every).collect::<Vec<usize>>())
    };
    let test = loaded.test.as_ref().map(|test| some(test, EVERY));
    Ok(Loaded { train: some(&loaded.train, EVERY), test, ..loaded })
}

/// Waves of period 20, 14, 10 and 7 of any phase, with as much noise.
fn sequences() -> Loaded {
    const PERIODS: [f32; RHYTHMS] = [20.0, 14.0, 10.0, 7.0];
    let mut features = vec![0.0; SEQUENCES * STEPS];
    fill_normal(Stream::new(0, "sequences"), 0, 0.0, 1.0, &mut features);
    let phases = Stream::new(0, "phases");
    let labels: Vec<u32> = (0..SEQUENCES).map(|row| (row % RHYTHMS) as u32).collect();
    for (row, &label) in features.chunks_exact_mut(STEPS).zip(&labels) {
        let phase = phases.below(360, u64::from(row[0].to_bits())) as f32;
        for (step, x) in row.iter_mut().enumerate() {
            let turn = step as f32 / PERIODS[label as usize] + phase / 360.0;
            *x = (*x + std::f32::consts::SQRT_2 * (std::f32::consts::TAU * turn).sin())
                / std::f32::consts::SQRT_2;
        }
    }
    let train = Dataset {
        name: "sequences".to_owned(),
        feature_names: (0..STEPS).map(|step| step.to_string()).collect(),
        features: features.into(),
        targets: Targets::Classes { labels, names: PERIODS.map(|p| p.to_string()).to_vec() },
    };
    Loaded {
        train,
        test: None,
        task: Kind::Classification,
        missing: fanin::spec::Missing::Error,
        source: "computed".to_owned(),
        license: None,
        notes: Vec::new(),
    }
}

/// The data of every task that is on this machine.
pub struct Tasks(Vec<(Task, Prepared)>);

impl Tasks {
    /// Loads them; says on the terminal which are not there.
    pub fn load() -> Self {
        let load = |task: Task| match task.load() {
            Ok(data) => Some((task, data?)),
            Err(error) => {
                eprintln!("left out: {}: {error}", task.name());
                None
            }
        };
        Self(Task::ALL.into_iter().filter_map(load).collect())
    }

    /// The data of a network, if they are there.
    ///
    /// # Errors
    /// If the network has data of its own and cannot be read.
    pub fn get(&self, network: &Network) -> Result<Option<Cow<'_, Prepared>>> {
        if network.task == Task::Teacher {
            let data = for_network(&network.spec(), network.model()?.architecture())?;
            return Ok(Some(Cow::Owned(data)));
        }
        let shared = self.0.iter().find(|(task, _)| *task == network.task);
        Ok(shared.map(|(_, data)| Cow::Borrowed(data)))
    }
}
