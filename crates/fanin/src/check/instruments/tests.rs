//! What the tests of all instruments share, and laws that hold for each of them.

use super::{curvature, gradient_noise, jacobian, tangent_kernel, underflow, updates};
use crate::check::evidence::StepRule;
use crate::check::probe::Batch;
use crate::init::{Rules, for_model};
use crate::spec::{Loss, Model};
use crate::weights::Weights;
use fanin_kernels::random::{Stream, fill_normal};
use fanin_kernels::threads;

/// A network with weights and rows of standard normal features and targets.
pub(super) struct Sample {
    pub model: Model,
    pub weights: Weights,
    pub rows: usize,
    pub features: Vec<f32>,
    pub targets: Vec<f32>,
}

impl Sample {
    pub fn new(model: &str, scheme: &str, rows: usize) -> Self {
        Self::seeded(model, scheme, rows, 0)
    }

    pub fn seeded(model: &str, scheme: &str, rows: usize, seed: u64) -> Self {
        let model: Model = model.parse().unwrap();
        let weights = for_model(&model, &Rules::new(scheme), seed).unwrap();
        let normal = |name: &str, count: usize| {
            let mut x = vec![0.0; count];
            fill_normal(Stream::new(seed, name), 0, 0.0, 1.0, &mut x);
            x
        };
        let features = normal("features", rows * model.inputs());
        let targets = normal("targets", rows * model.outputs());
        Self { model, weights, rows, features, targets }
    }

    /// Targets that are one class each.
    pub fn with_classes(mut self) -> Self {
        let classes = self.model.outputs();
        self.targets.fill(0.0);
        let rows = self.targets.chunks_exact_mut(classes).enumerate();
        rows.for_each(|(row, target)| target[row * 7 % classes] = 1.0);
        self
    }

    pub fn set(&mut self, name: &str, values: &[f32]) {
        let tensor = self.weights.tensors.iter_mut().find(|(n, _)| n == name);
        tensor.unwrap().1.data_mut().copy_from_slice(values);
    }

    pub fn batch(&self) -> Batch<'_> {
        Batch { rows: self.rows, features: &self.features, targets: &self.targets }
    }
}

const STEP: updates::Step =
    updates::Step { learning_rate: 0.1, rule: StepRule::Normalized, epsilon: 1e-8 };

/// What all instruments say of a sample, as text.
fn all(sample: &Sample) -> String {
    let (model, weights, batch) = (&sample.model, &sample.weights, sample.batch());
    let loss = Loss::CrossEntropy;
    let adam = Some(curvature::Adam::default());
    let curved = curvature::Options { adam, ..curvature::Options::default() };
    format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        jacobian::measure(model, &loss, weights, batch, &jacobian::Options::default()).unwrap(),
        tangent_kernel::measure(model, &loss, weights, batch, &tangent_kernel::Options::default())
            .unwrap(),
        curvature::measure(model, &loss, weights, batch, &curved).unwrap(),
        gradient_noise::measure(model, &loss, weights, batch).unwrap(),
        underflow::measure(model, &loss, weights, batch).unwrap(),
        updates::measure(model, &loss, weights, batch, &STEP).unwrap(),
    )
}

/// Every kind of layer can be measured, sick networks too.
#[test]
fn no_network_is_refused() {
    for (model, scheme) in [
        ("5 -> 3", "he-normal"),
        ("5 -> 4 relu -> 3", "zeros"),
        ("5 -> 4 relu -> 4 tanh -> 3", "normal:1e15"),
        ("5 -> 2x6 batch_norm relu -> 3", "he-normal"),
        ("5 -> 2x6 layer_norm prelu dropout:0.5 -> 3", "he-normal"),
        ("5 -> 6 relu -> 3x(6 relu -> 6) residual:0.5 -> 3", "he-normal"),
        ("5 -> 6 gelu -> 6 silu -> 3", "xavier-normal"),
    ] {
        all(&Sample::new(model, scheme, 20).with_classes());
    }
}

#[test]
fn a_batch_that_does_not_fit_is_refused() {
    let sample = Sample::new("5 -> 3", "he-normal", 4);
    let batch = Batch { rows: 4, features: &sample.features[1..], targets: &sample.targets };
    let refused = underflow::measure(&sample.model, &Loss::SquaredError, &sample.weights, batch);
    let message = refused.unwrap_err().to_string();
    assert_eq!(
        message,
        "batch: found 4 rows, 19 features, 12 targets, expected some rows, 20 features, 12 targets"
    );
}

#[test]
fn the_number_of_threads_changes_no_measurement() {
    let sample = Sample::new("30 -> 2x300 relu -> 10", "he-normal", 64).with_classes();
    let run = |count| threads::pool(count).unwrap().install(|| all(&sample));
    assert_eq!(run(1), run(3));
}

/// How long each instrument takes on 256 rows: run with `--release`, `--ignored --nocapture`.
#[test]
#[ignore = "it measures time"]
fn times() {
    for model in ["784 -> 2x256 relu -> 10", "100 -> 30x100 relu -> 10"] {
        print_times(&Sample::new(model, "he-normal", 256).with_classes());
    }
}

fn print_times(sample: &Sample) {
    println!("{}", sample.model);
    let (model, weights, batch) = (&sample.model, &sample.weights, sample.batch());
    let loss = Loss::CrossEntropy;
    let timed = |name: &str, work: &dyn Fn() -> String| {
        let start = std::time::Instant::now();
        let result = work();
        println!("{name}: {:.0} ms\n    {result:.300}", start.elapsed().as_secs_f64() * 1e3);
    };
    let adam = Some(curvature::Adam::default());
    let plain = curvature::Options::default();
    let both = curvature::Options { adam, ..plain };
    timed("jacobian", &|| {
        let options = jacobian::Options::default();
        format!("{:?}", jacobian::measure(model, &loss, weights, batch, &options))
    });
    timed("tangent kernel", &|| {
        let options = tangent_kernel::Options::default();
        format!("{:?}", tangent_kernel::measure(model, &loss, weights, batch, &options))
    });
    timed("curvature", &|| {
        format!("{:?}", curvature::measure(model, &loss, weights, batch, &plain))
    });
    timed("curvature, with Adam's", &|| {
        format!("{:?}", curvature::measure(model, &loss, weights, batch, &both))
    });
    timed("gradient noise", &|| {
        let noise = gradient_noise::measure(model, &loss, weights, batch);
        format!("{:?}", noise.unwrap().unwrap().total)
    });
    timed("underflow", &|| format!("{:?}", underflow::measure(model, &loss, weights, batch)));
    timed("updates", &|| format!("{:?}", updates::measure(model, &loss, weights, batch, &STEP)));
}
