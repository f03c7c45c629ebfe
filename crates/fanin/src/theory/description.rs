//! All that theory says of one network, in one value.

use fanin_engine::activations::{Activation, find};
use serde::Serialize;

use super::attention::{Attention, Tokens};
use super::averages::{Averages, averages};
use super::batch_rows::{BatchRows, batch_rows};
use super::borders::{Borders, Image, borders};
use super::critical::Critical;
use super::dead_units::born_dead_probability;
use super::fixed_point::FixedPoint;
use super::gaussian::WIDE;
use super::jacobian::{self, JacobianSpectrum, Weights};
use super::jacobian_density::{Quantiles, jacobian_density};
use super::layer::{Layer, Point};
use super::network::{Network, Signal};
use super::normalized::Plain;
use super::over_seeds::{FiniteWidth, by_stream};
use super::scheme_effects::{Effect, SchemeEffect, effect, scheme_effects};
use super::spatial_modes::{SpatialModes, spatial_modes};
use super::stream_spectrum;
use super::stream_variance::Stream;
use super::tangent_kernel::TangentKernel;
use super::unusable::unusable;
use crate::error::{Error, Result};
use crate::init::gain;

/// What is asked of theory.
#[derive(Debug)]
pub struct Question<'a> {
    /// The activation, of the registry or as an [`Expression`](super::Expression).
    pub activation: &'a dyn Activation,
    /// How layers are put together.
    pub network: Network,
    /// Layers.
    pub depth: usize,
    /// Units of a layer.
    pub width: usize,
    /// `σ_w²`; the critical value if none is given, or the exact gain's where there is none.
    pub weight_variance: Option<f64>,
    /// `σ_b²`.
    pub bias_variance: f64,
    /// The zero-padded image of a convolution, to ask for its borders.
    pub image: Option<Image>,
}

/// All that theory says of one network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    /// The activation as one writes it.
    pub activation: String,
    /// How layers are put together.
    pub network: Network,
    /// Layers.
    pub depth: usize,
    /// Units of a layer.
    pub width: usize,
    /// How exact the averages are on which all the rest stands.
    pub averages: Averages,
    /// Gains and moments of the activation at q = 1.
    pub gains: Gains,
    /// The critical line at the variance of the biases asked for.
    pub critical: Critical,
    /// Whether q moves away from the critical point, so that only normalization holds it there.
    pub critical_repels: bool,
    /// The point that the rest is said of.
    pub point: Point,
    /// Where that point comes from.
    pub chosen: Chosen,
    /// Where q and c settle; q is 1 where normalization holds it, `None` for a residual network, whose
    /// stream has no end.
    pub fixed_point: Option<FixedPoint>,
    /// What the point does over the depth.
    #[serde(flatten)]
    pub effect: Effect,
    /// How much one network differs from another.
    pub finite_width: FiniteWidth,
    /// What zero padding does near the border of an image; none where it was not asked for.
    pub borders: Option<Borders>,
    /// How long waves over an image last in its covariances; of a convolution.
    pub spatial_modes: Option<SpatialModes>,
    /// What batch normalization over a few rows does to gradients, and how much whole batches differ
    /// over seeds; of that network.
    pub batch_rows: Vec<BatchRows>,
    /// The Jacobian's spectrum with Gaussian weights; of a residual network without its largest.
    pub jacobian_gaussian: Option<JacobianSpectrum>,
    /// The Jacobian's spectrum with orthogonal weights.
    pub jacobian_orthogonal: Option<JacobianSpectrum>,
    /// Where its singular values lie, Gaussian weights; `None` too for a residual network beyond 200
    /// blocks, and where they are no finite numbers.
    pub singular_values_gaussian: Option<Quantiles>,
    /// Where its singular values lie, orthogonal weights.
    pub singular_values_orthogonal: Option<Quantiles>,
    /// The tangent kernel of inputs of correlation 0; `None` where signals grow beyond q = 100 and
    /// their averages have no closed form.
    pub tangent_kernel: Option<TangentKernel>,
    /// The probability that a layer is silent for one input, for plain layers of relu.
    pub born_dead: Option<f64>,
    /// What the schemes of the registry do.
    pub schemes: Vec<SchemeEffect>,
}

/// Moments and gains of an activation at q = 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Gains {
    /// 1/√E φ².
    pub exact: f64,
    /// `calculate_gain` of `PyTorch`, where it has an entry.
    pub torch: Option<f64>,
    /// E φ.
    pub mean: f64,
    /// E φ².
    pub second: f64,
    /// E φ′².
    pub slope_second: f64,
    /// χ₁ with the exact gain: the factor on gradients where signals keep q = 1.
    pub gradient_factor: f64,
    /// The slope of the q-map there: above 1 the exact gain does not hold q at 1.
    pub second_moment_slope: f64,
}

/// Where a point comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chosen {
    /// It was asked for.
    Given,
    /// It lies on the critical line.
    Critical,
    /// It keeps q at 1, for there is no critical point of use.
    ExactGain,
}

/// Above it a critical q is of no use: units spend their time far from where φ bends.
const PRACTICAL: f64 = 10.0;
/// Layers at most: enough for any network, and a course of them takes seconds.
pub const DEEPEST: usize = 10_000;
/// Units at most: what a finite width changes is below any digit long before.
const WIDEST: usize = 10_000_000;

/// Places of a density, enough for three digits of its quantiles.
const PLACES: usize = 60;
/// The image that a convolution's waves are told of where none was asked for.
const IMAGE: Image = Image { height: 32, width: 32, kernel: 3 };

/// All that theory says of the network in question.
///
/// # Errors
/// [`Error::Setting`] for a depth of 0 or above 10,000, a width of 0 or above 10,000,000, a
/// variance that is negative, not finite, or without effect, or an image that is no convolution's.
///
/// ```
/// use fanin::theory::{Network, Question, describe};
/// let tanh = fanin::theory::activation("tanh")?;
/// let description = describe(&Question {
///     activation: &*tanh,
///     network: Network::Dense,
///     depth: 50,
///     width: 256,
///     weight_variance: None,
///     bias_variance: 0.05,
///     image: None,
/// })?;
/// assert!((description.point.weight_variance - 1.760_954_64).abs() < 1e-8);
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn describe(question: &Question<'_>) -> Result<Description> {
    let Question { activation, network, depth, width, image, .. } = *question;
    hold(question)?;
    let asked = Point::new(question.weight_variance.unwrap_or(1.0), question.bias_variance);
    let layer = Layer::new(activation, asked);
    let moments = layer.gaussian.moments(1.0);
    let exact = 1.0 / moments.second;
    let critical = layer.gaussian.critical(question.bias_variance);
    let (point, chosen) = match (question.weight_variance, critical) {
        (Some(_), _) => (asked, Chosen::Given),
        (None, Critical::At { second_moment: 0.0, .. }) if layer.repels(&critical) => {
            (Point { weight_variance: exact, ..asked }, Chosen::ExactGain)
        }
        (None, Critical::At { point, second_moment }) if second_moment <= PRACTICAL => {
            (point, Chosen::Critical)
        }
        (None, Critical::Everywhere { point }) => (point, Chosen::Critical),
        (None, _) => (Point { weight_variance: exact, ..asked }, Chosen::ExactGain),
    };
    let layer = layer.at(point);
    let plain = network.plain(&layer);
    let of_plain = plain.as_ref().map(Plain::layer);
    let fixed_point = of_plain.map(|plain| {
        if network.is_plain() {
            return plain.fixed_point(1.0);
        }
        let held = plain.describe(1.0);
        FixedPoint { second_moment_slope: 0.0, second_moment_depth: 0.0, ..held }
    });
    let settled = fixed_point.map_or(1.0, |found| found.second_moment);
    let q = if settled.is_finite() { settled.max(1e-9) } else { 1.0 };
    let effect = effect(&network, &layer, depth);
    let stream = Stream::new(&network, &layer, 1.0, depth);
    let spectrum = |weights| match &stream {
        Some(stream) => Some(jacobian::of_stream(stream, weights)),
        None if network.stream().is_some() => None,
        None => network.jacobian_spectrum(&layer, q, depth, weights),
    };
    let places = |weights| {
        if let Some(stream) = &stream {
            return stream_spectrum::quantiles(stream, &layer, weights)
                .filter(Quantiles::is_finite);
        }
        let plain = of_plain.as_ref().filter(|_| !layer.gaussian.jumps())?;
        Some(jacobian_density(plain, q, depth, weights, PLACES).quantiles())
            .filter(Quantiles::is_finite)
    };
    let follows_pairs = follows_pairs(&network, activation, effect.second_moment);
    let start = Signal { second_moment: 1.0, correlation: 0.0 };
    let schemes = scheme_effects(&network, &layer, depth, width);
    let end = |effect: &Effect| (network.taken(effect.second_moment), effect.correlation);
    let mut described = vec![end(&effect), (1.0, 0.0)];
    described.extend(fixed_point.map(|found| (found.second_moment, found.correlation)));
    let of_schemes: Vec<(f64, f64)> = schemes.iter().map(|scheme| end(&scheme.effect)).collect();
    Ok(Description {
        activation: activation.label(),
        network,
        depth,
        width,
        averages: averages(&layer.gaussian, &described, &of_schemes),
        gains: Gains {
            exact: exact.sqrt(),
            torch: find(&activation.label()).and_then(|_| gain::torch(&activation.label()).ok()),
            mean: moments.mean,
            second: moments.second,
            slope_second: moments.slope_second,
            gradient_factor: exact * moments.slope_second,
            second_moment_slope: exact * moments.second_slope,
        },
        critical,
        critical_repels: layer.repels(&critical),
        point,
        chosen,
        fixed_point,
        effect,
        finite_width: by_stream(&network, &layer, (depth, width), follows_pairs, stream.as_ref()),
        borders: image.map(|image| borders(&layer, image, 1.0, depth)).transpose()?,
        spatial_modes: fixed_point
            .filter(|_| network == Network::Convolution)
            .map(|found| spatial_modes(&found, image.unwrap_or(IMAGE))),
        batch_rows: match network {
            Network::BatchNorm => batch_rows(activation, depth, width),
            _ => Vec::new(),
        },
        jacobian_gaussian: spectrum(Weights::Gaussian),
        jacobian_orthogonal: spectrum(Weights::Orthogonal),
        singular_values_gaussian: places(Weights::Gaussian),
        singular_values_orthogonal: places(Weights::Orthogonal),
        tangent_kernel: follows_pairs.then(|| network.tangent_kernel(&layer, start, depth)),
        born_dead: (activation.name() == "relu" && network.is_plain())
            .then(|| born_dead_probability(&vec![width; depth])),
        schemes,
    })
}

/// Whether averages over pairs are exact at every q on the way to `second_moment`.
fn follows_pairs(network: &Network, activation: &dyn Activation, second_moment: f64) -> bool {
    let stays_at_one = !network.is_plain() && !matches!(network, Network::Residual { .. });
    let is_rectifier = activation.homogeneity() == Some(1.0);
    second_moment.is_finite() && (second_moment <= WIDE || stays_at_one || is_rectifier)
}

fn hold(question: &Question<'_>) -> Result<()> {
    let wrong = |place: &str, found: String, expected: &str| {
        Err(Error::Setting { place: place.to_owned(), found, expected: expected.to_owned() })
    };
    if !(1..=DEEPEST).contains(&question.depth) {
        return wrong("depth", question.depth.to_string(), "from 1 to 10,000 layers");
    }
    if !(1..=WIDEST).contains(&question.width) {
        return wrong("width", question.width.to_string(), "from 1 to 10,000,000 units");
    }
    let weight_variance = question.weight_variance.unwrap_or(1.0);
    if !(weight_variance > 0.0 && weight_variance < 1e6) {
        return wrong(
            "weight variance",
            weight_variance.to_string(),
            "a number above 0, below 10⁶",
        );
    }
    let bias_variance = question.bias_variance;
    if !(0.0..1e6).contains(&bias_variance) {
        return wrong("bias variance", bias_variance.to_string(), "a number from 0 on, below 10⁶");
    }
    if question.image.is_some() && question.network != Network::Convolution {
        return wrong("image", question.network.name().to_owned(), "a convolution");
    }
    let branch = question.network.stream().map_or(1.0, |(branch, _)| branch);
    if !(branch.is_finite() && branch.abs() < 1e3) {
        return wrong("branch", branch.to_string(), "a number below 1000");
    }
    match unusable(question.activation) {
        None => Ok(()),
        Some(why) => {
            let found = format!("{}: {why}", question.activation.label());
            wrong("activation", found, "an activation with 0 < E φ(x)² < ∞ for x ~ N(0, 1)")
        }
    }
}

/// What attention alone does to tokens that begin with one cosine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttentionDescription {
    /// The blocks.
    pub attention: Attention,
    /// Before the first block.
    pub start: Tokens,
    /// After each block.
    pub course: Vec<Tokens>,
    /// Blocks after which the cosine is above 0.95, if any: the rank has collapsed.
    pub collapsed_after: Option<usize>,
}

/// What `attention` does over `depth` blocks to tokens that begin with the cosine `cosine`.
///
/// # Errors
/// As [`Attention::course`]; [`Error::Setting`] for a depth of 0 or above 10,000, fewer than two
/// tokens, or a cosine outside of 0 to 1.
pub fn describe_attention(
    attention: Attention,
    cosine: f64,
    depth: usize,
) -> Result<AttentionDescription> {
    const COLLAPSED: f64 = 0.95;
    if attention.tokens < 2 {
        return Err(Error::Setting {
            place: "attention's tokens".to_owned(),
            found: attention.tokens.to_string(),
            expected: "at least two, for what attention does to one says nothing of ranks"
                .to_owned(),
        });
    }
    if !(1..=DEEPEST).contains(&depth) || !(0.0..=1.0).contains(&cosine) {
        return Err(Error::Setting {
            place: "depth and cosine".to_owned(),
            found: format!("{depth} and {cosine}"),
            expected: "1 to 10,000 blocks, and a cosine from 0 to 1".to_owned(),
        });
    }
    let start = Tokens { second_moment: 1.0, cosine };
    let course = attention.course(start, depth)?;
    let collapsed_after =
        course.iter().position(|tokens| tokens.cosine > COLLAPSED).map(|index| index + 1);
    Ok(AttentionDescription { attention, start, course, collapsed_after })
}
