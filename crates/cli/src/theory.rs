//! `fanin theory`.

use clap::Args;
use clap::builder::PossibleValuesParser;
use fanin::report::{self, Json, Material, terminal};
use fanin::theory::{self, Attention, Image, Network, Question};
use fanin::{Error, Result};

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
    /// Activation, as in models, or an expression in x [default: relu]
    #[arg(long, value_name = "NAME|EXPRESSION", allow_hyphen_values = true, value_parser = activation)]
    activation: Option<String>,
    /// Layers or blocks
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 50)]
    depth: usize,
    /// Units of a layer [default: 256]
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    width: Option<usize>,
    /// Variance of a weight times its fan-in [default: the critical one]
    #[arg(long, visible_alias = "sigma-w2", allow_negative_numbers = true, value_name = "σ²")]
    weight_variance: Option<f64>,
    /// Variance of a bias [default: 0]
    #[arg(long, visible_alias = "sigma-b2", allow_negative_numbers = true, value_name = "σ²")]
    bias_variance: Option<f64>,
    /// How layers are put together
    #[arg(long, default_value = "dense", value_parser = PossibleValuesParser::new(networks()))]
    network: String,
    /// Factor on the branches of residual, pre-norm and attention [default: 1]
    #[arg(long, allow_negative_numbers = true, value_name = "α")]
    branch: Option<f64>,
    /// Rows and columns of an image, for the borders of zero-padded convolutions
    #[arg(long, value_name = "HxW", value_parser = image)]
    image: Option<(usize, usize)>,
    /// Rows and columns of a convolution's kernel, odd, with --image [default: 3]
    #[arg(long, allow_negative_numbers = true, value_name = "K", requires = "image")]
    kernel: Option<usize>,
    /// Tokens of a sequence, for attention [default: 64]
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    tokens: Option<usize>,
    /// Cosine between tokens before the first block, for attention [default: 0]
    #[arg(long, allow_negative_numbers = true, value_name = "COS")]
    cosine: Option<f64>,
    /// Variance of attention's logits; 0 is uniform attention [default: 1]
    #[arg(long, allow_negative_numbers = true, value_name = "τ²")]
    logit_variance: Option<f64>,
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

/// An activation, which may begin with a minus; an option that follows is none.
fn activation(text: &str) -> std::result::Result<String, String> {
    if text.starts_with("--") {
        return Err("expected a name or an expression, found an option".to_owned());
    }
    Ok(text.to_owned())
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
        const WIDTH: usize = 256;
        const KERNEL: usize = 3;
        self.report.check()?;
        self.hold_useful()?;
        let Some(network) = Network::named(&self.network, self.branch.unwrap_or(1.0)) else {
            return self.attention(common);
        };
        let activation = theory::activation(self.activation.as_deref().unwrap_or("relu"))?;
        let (width, kernel) = (self.width.unwrap_or(WIDTH), self.kernel.unwrap_or(KERNEL));
        let description = theory::describe(&Question {
            activation: &*activation,
            network,
            depth: self.depth,
            width,
            weight_variance: self.weight_variance,
            bias_variance: self.bias_variance.unwrap_or(0.0),
            image: self.image.map(|(height, width)| Image { height, width, kernel }),
        })?;
        if common.json {
            output::json(&Json::new("theory", &description));
        } else {
            output::text(&terminal::theory(&description, output::width()));
        }
        self.report.write(|| {
            Ok(report::report(&Material {
                title: format!("Theory of {}", description.activation),
                subtitle: format!(
                    "{} layers of {} units, {}",
                    self.depth,
                    width,
                    description.network.name()
                ),
                command: command_line(),
                theory: Some(&description),
                ..Material::default()
            }))
        })?;
        Ok(Exit::Done)
    }

    /// An option that means nothing for the network asked about is a mistake.
    fn hold_useful(&self) -> Result<()> {
        const STREAMS: &[&str] = &["residual", "pre-norm", ATTENTION];
        const LAYERS: &[&str] = &Network::NAMES;
        let options = [
            ("--activation", self.activation.is_some(), LAYERS),
            ("--width", self.width.is_some(), LAYERS),
            ("--bias-variance", self.bias_variance.is_some(), LAYERS),
            ("--branch", self.branch.is_some(), STREAMS),
            ("--image", self.image.is_some(), &["convolution"]),
            ("--tokens", self.tokens.is_some(), &[ATTENTION]),
            ("--cosine", self.cosine.is_some(), &[ATTENTION]),
            ("--logit-variance", self.logit_variance.is_some(), &[ATTENTION]),
            ("--no-skip", self.no_skip, &[ATTENTION]),
        ];
        let is_useless = |(_, is_given, networks): &&(&str, bool, &[&str])| {
            *is_given && !networks.contains(&self.network.as_str())
        };
        match options.iter().find(is_useless) {
            None => Ok(()),
            Some((option, _, networks)) => Err(Error::Setting {
                place: (*option).to_owned(),
                found: format!("it with --network {}, for which it means nothing", self.network),
                expected: format!("--network {}", networks.join("|")),
            }),
        }
    }

    fn attention(&self, common: &Common) -> Result<Exit> {
        const TOKENS: usize = 64;
        let attention = Attention {
            tokens: self.tokens.unwrap_or(TOKENS),
            branch: self.branch.unwrap_or(1.0),
            has_skip: !self.no_skip,
            value_variance: self.weight_variance.unwrap_or(1.0),
            logit_variance: self.logit_variance.unwrap_or(1.0),
        };
        let cosine = self.cosine.unwrap_or(0.0);
        let description = theory::describe_attention(attention, cosine, self.depth)?;
        if common.json {
            output::json(&Json::new("theory", &description));
        } else {
            output::text(&terminal::attention_theory(&description, output::width()));
        }
        self.report.write(|| {
            Ok(report::report(&Material {
                title: "Theory of attention".to_owned(),
                subtitle: format!("{} blocks, {} tokens", self.depth, attention.tokens),
                command: command_line(),
                attention: Some(&description),
                ..Material::default()
            }))
        })?;
        Ok(Exit::Done)
    }
}
