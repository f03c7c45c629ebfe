//! Instruments together, planned once for one network and its rows, for weights of any number.
//!
//! What several of them need is computed once: the rows' gradients for the tangent kernel and, on as
//! many rows, the noise.

use fanin_engine::Wire;

use super::budget::Taken;
use super::curvature::{self, Adam, Curvature};
use super::effort::{Effort, Need};
use super::gradient_noise::{self, GradientNoise};
use super::jacobian::{self, Spectra, Spectrum, Wanted};
use super::joint_gradients::JointGradients;
use super::pass::{Arranged, Pass, Source, first};
use super::row_gradients::RowGradients;
use super::tangent_kernel::{self, TangentKernel};
use crate::check::probe::Batch;
use crate::error::Result;
use crate::spec::{Loss, Mode, Model, Network};
use crate::weights::Weights;

/// What instruments measure of one start; none of those that were not taken.
#[derive(Default)]
pub(in crate::check) struct Measured {
    pub ends: Option<Spectrum>,
    pub depth: Option<Spectrum>,
    pub kernel: Option<TangentKernel>,
    pub curvature: Option<Curvature>,
    pub noise: Option<GradientNoise>,
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

    fn set_parameters(&mut self, parameters: &Arranged<f32>) {
        match self {
            Self::Rows(gradients) => gradients.set_parameters(parameters),
            Self::Joint(gradients) => gradients.set_parameters(parameters),
        }
    }
}

/// A network, and the rows and instruments that it is measured with.
#[derive(Clone, Copy)]
pub(in crate::check) struct Kitted<'a> {
    pub model: &'a Model,
    pub loss: &'a Loss,
    /// All rows; the instruments see the first of them.
    pub all: Batch<'a>,
    pub effort: Effort,
    pub taken: Taken,
    pub adam: Option<Adam>,
}

/// Instruments planned for one network and its rows.
pub(in crate::check) struct Kit<'a> {
    of: Kitted<'a>,
    held: Held,
    jacobian: Option<jacobian::Planned<'a>>,
    gradients: Option<Gradients<'a>>,
    /// Those of more rows than the kernel's, for the noise.
    noise: Option<Box<RowGradients<'a>>>,
    /// Planned when it is first asked for.
    curvature: Option<curvature::Planned<'a, f32>>,
    /// On more rows, planned when a verdict hangs on it.
    closer: Option<curvature::Planned<'a, f32>>,
}

impl<'a> Kit<'a> {
    /// Plans the instruments that are taken; `weights` are the first that are measured.
    pub fn new(of: Kitted<'a>, weights: &Weights) -> Result<Self> {
        let Kitted { model, loss, all, effort, taken, .. } = of;
        let batch = first(all, effort.rows);
        let held = Held::new(model, loss, weights, batch)?;
        let arranged = &weights.arranged(&held.network)?;
        let wanted = Wanted { ends: taken.ends, depth: taken.depth };
        let jacobian = (taken.ends || taken.depth)
            .then(|| jacobian::Planned::new(model, loss, arranged, batch, effort.jacobian, wanted));
        let kernel = if held.is_any() {
            effort.joint_kernel.rows.min(tangent_kernel::most_rows(weights))
        } else {
            effort.kernel.rows
        };
        let rows = first(all, kernel);
        let gradients =
            taken.gradients.then(|| Gradients::new(model, loss, arranged, rows, held.is_any()));
        let more = first(all, effort.noise_rows);
        let is_apart = taken.gradients && !held.is_any() && more.rows > rows.rows;
        let noise = is_apart.then(|| RowGradients::new(model, loss, arranged, more).map(Box::new));
        Ok(Self {
            of,
            held,
            jacobian: jacobian.transpose()?,
            gradients: gradients.transpose()?,
            noise: noise.transpose()?,
            curvature: None,
            closer: None,
        })
    }

    /// Measures one start, its curvature if there is a need for it.
    pub fn measure(&mut self, weights: &Weights, need: Option<Need>) -> Result<Measured> {
        let parameters = weights.arranged(&self.held.network)?;
        let mut measured = Measured::default();
        if let Some(jacobian) = &mut self.jacobian {
            jacobian.set_parameters(&self.held.parameters(&parameters));
            let Spectra { ends, depth } = jacobian.measure();
            (measured.ends, measured.depth) = (ends, depth);
        }
        if let Some(gradients) = &mut self.gradients {
            gradients.set_parameters(&parameters);
            let (kernel, noise) = Self::of_gradients(&self.of, gradients, weights)?;
            (measured.kernel, measured.noise) = (Some(kernel), noise);
        }
        if let Some(rows) = &mut self.noise {
            rows.set_parameters(&parameters);
            measured.noise = gradient_noise::of_rows(rows);
        }
        measured.curvature = need.map(|need| self.curvature(&parameters, need)).transpose()?;
        Ok(measured)
    }

    fn of_gradients(
        of: &Kitted<'a>,
        gradients: &mut Gradients<'_>,
        weights: &Weights,
    ) -> Result<(TangentKernel, Option<GradientNoise>)> {
        let (effort, outputs) = (&of.effort, of.model.outputs());
        Ok(match gradients {
            Gradients::Rows(rows) => {
                let kernel = tangent_kernel::of(&mut **rows, outputs, effort.kernel.outputs);
                let is_apart = effort.noise_rows.min(of.all.rows) > kernel.rows;
                (kernel, if is_apart { None } else { gradient_noise::of_rows(rows) })
            }
            Gradients::Joint(joint) => {
                let kernel = tangent_kernel::of(&mut **joint, outputs, effort.joint_kernel.outputs);
                let batch = first(of.all, effort.rows);
                (kernel, gradient_noise::measure(of.model, of.loss, weights, batch)?)
            }
        })
    }

    /// The curvature on few rows, and on more where that leaves a doubt on which side of a limit
    /// it lies: the largest eigenvalue of fewer rows is larger on average, so what is far below
    /// the limit stays there.
    fn curvature(&mut self, parameters: &Arranged<f32>, need: Need) -> Result<Curvature> {
        let Kitted { model, loss, all, effort, adam, .. } = self.of;
        let of =
            |rows: usize| curvature::Planned::new(model, loss, parameters, first(all, rows), adam);
        let few = planned(&mut self.curvature, || of(effort.rows))?;
        few.set_parameters(parameters);
        let options = curvature::Options { adam, ..effort.curvature(need) };
        let found = few.measure(&options);
        let ends = found.plain;
        let is_settled = match need {
            Need::Shown => true,
            Need::Decides(limit) | Need::Hidden(limit) => {
                ends.largest + ends.largest_residual < CLEAR * limit
            }
        };
        if is_settled || first(all, effort.closer_rows).rows <= found.rows {
            return Ok(found);
        }
        let closer = planned(&mut self.closer, || of(effort.closer_rows))?;
        closer.set_parameters(parameters);
        let options = effort.closer_curvature(need);
        Ok(closer.measure(&curvature::Options { adam, ..options }))
    }
}

/// What is in `place`, planned now if nothing is yet.
fn planned<T>(place: &mut Option<T>, plan: impl FnOnce() -> Result<T>) -> Result<&mut T> {
    Ok(match place {
        Some(planned) => planned,
        none => none.insert(plan()?),
    })
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
