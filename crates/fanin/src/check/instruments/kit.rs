//! All instruments together, planned once for one network and its rows, for weights of any number.
//!
//! What several of them need is computed once: the rows' gradients for the tangent kernel and the
//! noise, one pass in f64 for underflow and updates.

use fanin_engine::Wire;

use super::curvature::{self, Adam, Curvature};
use super::effort::{Effort, Need};
use super::gradient_noise::{self, GradientNoise};
use super::jacobian::{self, Jacobian};
use super::joint_gradients::JointGradients;
use super::pass::{Arranged, Pass, Source, first};
use super::row_gradients::RowGradients;
use super::tangent_kernel::{self, TangentKernel};
use super::underflow::{self, Backward};
use super::updates::{self, Step, TensorUpdate};
use crate::check::probe::Batch;
use crate::error::Result;
use crate::spec::{Loss, Mode, Model, Network};
use crate::weights::Weights;

/// What all instruments measure of one start.
pub(in crate::check) struct Measured {
    pub jacobian: Jacobian,
    pub kernel: TangentKernel,
    pub curvature: Curvature,
    pub noise: Option<GradientNoise>,
    pub underflow: Backward,
    pub updates: Vec<TensorUpdate>,
}

/// What the kernel is made of, and where rows do not touch each other the noise too.
enum Gradients<'a> {
    Rows(Box<RowGradients<'a>>),
    Joint(Box<JointGradients<f32>>),
}

impl<'a> Gradients<'a> {
    fn new(
        model: &'a Model,
        loss: &'a Loss,
        weights: &Arranged<f32>,
        batch: Batch<'a>,
        is_joint: bool,
    ) -> Result<Self> {
        Ok(if is_joint {
            Self::Joint(Box::new(JointGradients::new(model, loss, weights, batch)?))
        } else {
            Self::Rows(Box::new(RowGradients::new(model, loss, weights, batch)?))
        })
    }
}

/// Instruments planned for one network and its rows.
pub(in crate::check) struct Kit<'a> {
    model: &'a Model,
    loss: &'a Loss,
    /// All rows; the instruments see the first of them.
    all: Batch<'a>,
    effort: Effort,
    adam: Option<Adam>,
    held: Held,
    jacobian: jacobian::Planned<'a>,
    gradients: Gradients<'a>,
    underflow: underflow::Planned,
    curvature: curvature::Planned<'a, f32>,
    /// On more rows, planned when a verdict hangs on it.
    closer: Option<curvature::Planned<'a, f32>>,
}

impl<'a> Kit<'a> {
    /// Plans all instruments for an epoch of so many rows; `weights` are the first that are
    /// measured.
    pub fn new(
        model: &'a Model,
        loss: &'a Loss,
        weights: &Weights,
        all: Batch<'a>,
        adam: Option<Adam>,
        epoch: usize,
    ) -> Result<Self> {
        let effort = Effort::new(epoch, weights.elements());
        let adam = adam.map(|adam| Adam { parts: effort.parts, ..adam });
        let batch = first(all, effort.rows);
        let held = Held::new(model, loss, weights, batch)?;
        let kernel = if held.is_any() {
            effort.joint_kernel.rows.min(tangent_kernel::most_rows(weights))
        } else {
            effort.kernel.rows
        };
        let some = first(batch, kernel);
        let weights = &weights.arranged(&held.network)?;
        let gradients = Gradients::new(model, loss, weights, some, held.is_any())?;
        Ok(Self {
            held,
            jacobian: jacobian::Planned::new(model, loss, weights, batch, effort.jacobian)?,
            gradients,
            underflow: underflow::Planned::new(model, loss, weights, batch)?,
            curvature: curvature::Planned::new(model, loss, weights, batch, adam)?,
            closer: None,
            model,
            loss,
            all,
            effort,
            adam,
        })
    }

    /// Rows that the instruments see.
    pub fn rows(&self) -> usize {
        self.effort.rows.min(self.all.rows)
    }

    /// Measures one start.
    pub fn measure(&mut self, weights: &Weights, need: Need, step: &Step) -> Result<Measured> {
        let parameters = weights.arranged(&self.held.network)?;
        let held = self.held.parameters(&parameters);
        let is_held = self.held.is_any();
        self.jacobian.set_parameters(&held);
        self.underflow.set_parameters(&parameters);
        let outputs = self.model.outputs();
        let (kernel, noise) = match &mut self.gradients {
            Gradients::Rows(gradients) => {
                gradients.set_parameters(&parameters);
                let kernel =
                    tangent_kernel::of(&mut **gradients, outputs, self.effort.kernel.outputs);
                (kernel, gradient_noise::of_rows(gradients))
            }
            Gradients::Joint(gradients) => {
                gradients.set_parameters(&parameters);
                let most = self.effort.joint_kernel.outputs;
                let kernel = tangent_kernel::of(&mut **gradients, outputs, most);
                let batch = first(self.all, self.effort.rows);
                (kernel, gradient_noise::measure(self.model, self.loss, weights, batch)?)
            }
        };
        let underflow = self.underflow.measure_backward();
        Ok(Measured {
            jacobian: self.jacobian.measure(is_held),
            kernel,
            curvature: self.curvature(&parameters, need)?,
            noise,
            underflow,
            updates: updates::of(&self.underflow, step),
        })
    }

    /// The curvature on few rows, and on more where that leaves a doubt on which side of a limit
    /// it lies: the largest eigenvalue of fewer rows is larger on average, so what is far below
    /// the limit stays there.
    fn curvature(&mut self, parameters: &Arranged<f32>, need: Need) -> Result<Curvature> {
        let options = curvature::Options { adam: self.adam, ..self.effort.curvature(need) };
        self.curvature.set_parameters(parameters);
        let found = self.curvature.measure(&options);
        let closer = first(self.all, self.effort.closer_rows);
        let ends = found.plain;
        let is_settled = match need {
            Need::Shown => true,
            Need::Decides(limit) | Need::Hidden(limit) => {
                ends.largest + ends.largest_residual < CLEAR * limit
            }
        };
        if is_settled || closer.rows <= found.rows {
            return Ok(found);
        }
        let planned = match &mut self.closer {
            Some(planned) => planned,
            none => none.insert(curvature::Planned::new(
                self.model, self.loss, parameters, closer, self.adam,
            )?),
        };
        planned.set_parameters(parameters);
        let options = self.effort.closer_curvature(need);
        Ok(planned.measure(&curvature::Options { adam: self.adam, ..options }))
    }
}

/// Share of a limit below which an eigenvalue that was measured on fewer rows is below the limit
/// on more: a search of few products was seen to miss the largest by ten times at worst.
const CLEAR: f64 = 0.1;

/// The statistics of a batch, to be held while derivatives at single rows are taken.
struct Held {
    network: Network,
    /// None where nothing is normalized over rows.
    pass: Option<Pass<f32>>,
}

impl Held {
    fn new(model: &Model, loss: &Loss, weights: &Weights, batch: Batch<'_>) -> Result<Self> {
        let network = Network::new(model, loss, batch.rows, Mode::Probe)?;
        let keep: Vec<Wire> = network.running.iter().map(|r| r.batch).collect();
        let pass = (!keep.is_empty()).then(|| Pass::new(&network, &keep, weights)).transpose()?;
        let pass = pass.map(|mut pass: Pass<f32>| {
            pass.feed_batch(batch);
            pass
        });
        Ok(Self { network, pass })
    }

    fn is_any(&self) -> bool {
        self.pass.is_some()
    }

    /// `parameters` with the batch's statistics as running ones.
    fn parameters(&mut self, parameters: &Arranged<f32>) -> Arranged<f32> {
        let Some(pass) = &mut self.pass else { return parameters.clone() };
        pass.set_parameters(parameters);
        pass.run();
        let mut held = parameters.to_vec();
        for (index, running) in self.network.running.iter().enumerate() {
            held[running.parameter].copy_from_slice(pass.read(index));
        }
        held.into()
    }
}
