//! `fanin theory`.

use clap::Args;
use clap::builder::PossibleValuesParser;
use fanin::Result;
use fanin::report::{self, Json, Material, terminal};
use fanin::theory::{self, Attention, Image, Network, Question};

use crate::args::Common;
use crate::output::{self, Exit};
use crate::report_args::{ReportArgs, command_line};

/// Tell what theory expects of an activation, a depth and a width
///
/// Gains, the critical point, depth scales, what each scheme does per layer, and how deep such a
/// network can be trained; for wide networks, with the error that a finite width makes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin theory                                             # relu, 50 layers of 256 units
  fanin theory --activation tanh --depth 50 --bias-variance 0.05
  fanin theory --activation \"x*tanh(log(1+exp(x)))\"
  fanin theory --activation gelu --report gelu.html --open
  fanin theory --network residual --branch 0.14
  fanin theory --network convolution --image 32x32 --kernel 3
  fanin theory --network attention --depth 12 --tokens 64")]
pub struct Theory {
    /// Activation, as in models, or an expression in x
    #[arg(long, value_name = "NAME|EXPRESSION", default_value = "relu")]
    activation: String,
    /// Layers or blocks
    #[arg(long, value_name = "N", default_value_t = 50)]
    depth: usize,
    /// Units of a layer
    #[arg(long, value_name = "N", default_value_t = 256)]
    width: usize,
    /// Variance of a weight times its fan-in [default: the critical one]
    #[arg(long, visible_alias = "sigma-w2", allow_negative_numbers = true, value_name = "σ²")]
    weight_variance: Option<f64>,
    /// Variance of a bias
    #[arg(
        long,
        visible_alias = "sigma-b2",
        allow_negative_numbers = true,
        value_name = "σ²",
        default_value_t = 0.0
    )]
    bias_variance: f64,
    /// How layers are put together
    #[arg(long, default_value = "dense", value_parser = PossibleValuesParser::new(networks()))]
    network: String,
    /// Factor on residual branches
    #[arg(long, allow_negative_numbers = true, value_name = "α", default_value_t = 1.0)]
    branch: f64,
    /// Rows and columns of an image, for the borders of zero-padded convolutions
    #[arg(long, value_name = "HxW", value_parser = image)]
    image: Option<(usize, usize)>,
    /// Rows and columns of a convolution's kernel, odd
    #[arg(long, value_name = "K", default_value_t = 3)]
    kernel: usize,
    /// Tokens of a sequence, for attention
    #[arg(long, value_name = "N", default_value_t = 64)]
    tokens: usize,
    /// Cosine between tokens before the first block, for attention
    #[arg(long, value_name = "COS", default_value_t = 0.0)]
    cosine: f64,
    /// Variance of attention's logits; 0 is uniform attention
    #[arg(long, allow_negative_numbers = true, value_name = "τ²", default_value_t = 1.0)]
    logit_variance: f64,
    /// Attention without skip connections
    #[arg(long)]
    no_skip: bool,
    #[command(flatten)]
    report: ReportArgs,
}

const ATTENTION: &str = "attention";

fn networks() -> Vec<&'static str> {
    [&Network::NAMES[..], &[ATTENTION]].concat()
}

/// `32x32`: rows and columns.
fn image(text: &str) -> std::result::Result<(usize, usize), String> {
    let sides = text.split_once(['x', '×']);
    let side = |text: &str| text.trim().parse::<usize>().ok();
    sides
        .and_then(|(height, width)| Some((side(height)?, side(width)?)))
        .ok_or_else(|| "expected rows and columns, such as 32x32".to_owned())
}

impl Theory {
    /// Asks theory and shows the answer.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        self.report.check()?;
        let Some(network) = Network::named(&self.network, self.branch) else {
            return self.attention(common);
        };
        let activation = theory::activation(&self.activation)?;
        let description = theory::describe(&Question {
            activation: &*activation,
            network,
            depth: self.depth,
            width: self.width,
            weight_variance: self.weight_variance,
            bias_variance: self.bias_variance,
            image: self.image.map(|(height, width)| Image { height, width, kernel: self.kernel }),
        })?;
        if common.json {
            output::json(&Json::new("theory", &description));
        } else {
            output::text(&terminal::theory(&description));
        }
        self.report.write(|| {
            Ok(report::report(&Material {
                title: format!("Theory of {}", description.activation),
                subtitle: format!(
                    "{} layers of {} units, {}",
                    self.depth,
                    self.width,
                    description.network.name()
                ),
                command: command_line(),
                theory: Some(&description),
                ..Material::default()
            }))
        })?;
        Ok(Exit::Done)
    }

    fn attention(&self, common: &Common) -> Result<Exit> {
        let attention = Attention {
            tokens: self.tokens,
            branch: self.branch,
            has_skip: !self.no_skip,
            value_variance: self.weight_variance.unwrap_or(1.0),
            logit_variance: self.logit_variance,
        };
        let description = theory::describe_attention(attention, self.cosine, self.depth)?;
        if common.json {
            output::json(&Json::new("theory", &description));
        } else {
            output::text(&terminal::attention_theory(&description));
        }
        self.report.write(|| {
            Ok(report::report(&Material {
                title: "Theory of attention".to_owned(),
                subtitle: format!("{} blocks, {} tokens", self.depth, self.tokens),
                command: command_line(),
                attention: Some(&description),
                ..Material::default()
            }))
        })?;
        Ok(Exit::Done)
    }
}
