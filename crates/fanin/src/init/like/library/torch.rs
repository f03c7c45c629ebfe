//! PyTorch on a CPU.

use fanin_engine::Tensor;

use super::Library;
use super::rule::{Fan, Form, Rule};
use crate::error::Result;
use crate::init::like::torch::{
    self, Build, Declared, Generator, Mode, Module, Planned, kaiming_normal, kaiming_uniform,
    orthogonal, sparse, xavier_normal, xavier_uniform,
};
use crate::init::{Distribution, Parameter, Role, Scheme, Source, Values, find};
use crate::weights::Weights;

/// PyTorch on a processor of a certain kind.
#[derive(Debug)]
pub struct Torch {
    name: &'static str,
    build: Build,
}

/// On processors with AVX2 or AVX-512.
pub const FUSED: Torch = Torch { name: "torch", build: Build::Fused };

/// On others, or with `ATEN_CPU_CAPABILITY=default`.
pub const PLAIN: Torch = Torch { name: "torch:default", build: Build::Plain };

impl Library for Torch {
    fn name(&self) -> &'static str {
        self.name
    }

    fn program(&self) -> &'static str {
        "torch.manual_seed(seed); the modules in order; then, with a scheme, its function of \
         torch.nn.init on every parameter that it serves in order: on weights, and on biases for \
         those of both, as normal; zeros for other biases"
    }

    fn exact(&self) -> &'static str {
        "all but orthogonal, which agrees to 4e-6; not on CUDA"
    }

    fn initialize(
        &self,
        parameters: &[Parameter],
        scheme: Option<&str>,
        seed: u64,
    ) -> Result<Weights> {
        let mut generator = Generator::new(seed, self.build);
        let mut values = defaults(&mut generator, parameters)?;
        if let Some(scheme) = scheme.map(find).transpose()? {
            for (parameter, values) in parameters.iter().zip(&mut values) {
                if parameter.role.is_matrix() || scheme.serves(parameter.role) {
                    draw(&mut generator, &*scheme, parameter, values)?;
                } else if let Some(start) = parameter.role.start() {
                    values.fill(start as f32);
                }
            }
        }
        let tensor = |(parameter, values): (&Parameter, Vec<f32>)| {
            Ok((parameter.name.clone(), Tensor::new(parameter.shape.clone(), values)?))
        };
        let tensors = parameters.iter().zip(values).map(tensor).collect::<Result<_>>()?;
        Ok(Weights { tensors })
    }
}

fn defaults(generator: &mut Generator, parameters: &[Parameter]) -> Result<Vec<Vec<f32>>> {
    let declared: Vec<Declared<'_>> =
        parameters.iter().map(|p| Declared { name: &p.name, shape: p.shape.axes() }).collect();
    let kind = |planned: &Planned| match parameters[planned.parameters[0]].role {
        Role::Embedding => Module::Embedding { padding: None },
        Role::Slope => Module::LearnedSlope,
        _ => planned.module.clone(),
    };
    let plan = torch::modules(&declared, kind);
    let mut values = vec![Vec::new(); parameters.len()];
    torch::initialize(generator, &declared, &plan, |index, drawn| {
        values[index] = drawn;
        Ok(())
    })?;
    Ok(values)
}

fn draw(
    generator: &mut Generator,
    scheme: &dyn Scheme,
    parameter: &Parameter,
    out: &mut [f32],
) -> Result<()> {
    let shape = parameter.shape.axes();
    match Rule::of(scheme, parameter)? {
        Rule::Scaled { form: Form::Truncated, .. } => {
            plain(generator, scheme.distribution(parameter)?, out)
        }
        Rule::Scaled { fan: Fan::Average, gain, form: Form::Uniform } => {
            xavier_uniform(generator, shape, out, gain)
        }
        Rule::Scaled { fan: Fan::Average, gain, form: Form::Normal } => {
            xavier_normal(generator, shape, out, gain)
        }
        Rule::Scaled { fan, gain, form } => {
            let mode = if fan == Fan::In { Mode::FanIn } else { Mode::FanOut };
            match form {
                Form::Uniform => kaiming_uniform(generator, shape, out, gain, mode),
                _ => kaiming_normal(generator, shape, out, gain, mode),
            }
        }
        Rule::Orthogonal(gain) => orthogonal(generator, shape, out, gain),
        Rule::Sparse { sparsity, deviation } => sparse(generator, shape, out, sparsity, deviation),
        Rule::Fixed => Values::new(parameter, Source::Scheme(scheme), 0).read(0, out),
        Rule::Plain(distribution) => plain(generator, distribution, out),
    }
}

fn plain(generator: &mut Generator, distribution: Distribution, out: &mut [f32]) -> Result<()> {
    match distribution {
        Distribution::Constant(value) => {
            out.fill(value as f32);
            Ok(())
        }
        Distribution::Uniform { low, high } => generator.uniform(out, low, high),
        Distribution::Normal { mean, deviation } => generator.normal(out, mean, deviation),
        Distribution::TruncatedNormal { mean, uncut_deviation, low, high } => {
            let at = |cut: f64| mean + cut * uncut_deviation;
            generator.truncated_normal(out, mean, uncut_deviation, at(low), at(high))
        }
        Distribution::LogUniform { .. } | Distribution::Joint { .. } => {
            unreachable!("a rule has refused these")
        }
    }
}
