//! The first training steps of one start, with the classes of units after each few of them.

use serde::Serialize;

use crate::check::symmetry::{self, Options};
use crate::error::Result;
use crate::init::{self, Rules};
use crate::spec::{InitSpec, Model};
use crate::train::course::Course;
use crate::train::session::{Rows, Session};

/// Steps after which units are looked at.
const STEPS: [u64; 9] = [0, 1, 2, 3, 5, 10, 20, 35, 50];

/// The largest difference between trained weights that counts as rounding (`docs/theory/symmetry.md`).
const ROUNDING: f64 = 1e-6;

/// The starts whose first steps are shown beside each other.
pub(super) const SCHEMES_REPLAYED: [&str; 2] = ["zeros", "normal:0.01"];

/// The first training steps of one start.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replay {
    /// The network as short text.
    pub model: String,
    /// The scheme of the start.
    pub scheme: String,
    /// What was seen, in the order of steps.
    pub moments: Vec<Moment>,
}

/// The units of a network at one step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment {
    /// Steps done.
    pub step: u64,
    /// The loss of the last step's batch; NaN before the first.
    pub loss: f64,
    /// For each hidden set of units its module and the class of each unit.
    pub layers: Vec<(String, Vec<usize>)>,
}

impl Replay {
    /// Trains `model` from `scheme` for a few steps.
    ///
    /// # Errors
    /// If weights cannot be made or trained.
    pub fn new(
        model: &Model,
        scheme: &str,
        seed: u64,
        course: Course,
        rows: Rows<'_>,
    ) -> Result<Self> {
        let init = InitSpec { scheme: scheme.to_owned(), ..InitSpec::default() };
        let weights = init::for_model(model, &Rules::from(&init), seed)?;
        let mut session = Session::new(model, &weights, course, rows)?;
        let mut moments: Vec<Moment> = Vec::new();
        for step in STEPS {
            let done = moments.last().map_or(0, |moment: &Moment| moment.step);
            let loss = session.steps((step - done) as usize);
            if step > 0 && !loss.is_finite() {
                break;
            }
            let tolerance = if step == 0 { Options::default().tolerance } else { ROUNDING };
            let options = Options { tolerance, ..Options::default() };
            let units = symmetry::units(model, &session.weights(), options);
            let layers = units.into_iter().map(|u| (u.module, u.classes_up_to_sign)).collect();
            moments.push(Moment { step, loss, layers });
        }
        Ok(Self { model: model.to_string(), scheme: scheme.to_owned(), moments })
    }
}
