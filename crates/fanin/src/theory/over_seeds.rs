//! How much one network of finite width differs from another, for every way of building it.

use serde::Serialize;

use super::correlation_variance::correlation_variance;
use super::finite_width::log_second_moment_variance;
use super::fluctuations::{log_gradient_variance, log_trace_variance, tangent_kernel_variance};
use super::layer::Layer;
use super::layer_norm_variance;
use super::network::Network;
use super::stream_correlation;
use super::stream_variance::Stream;

/// How much one network of finite width differs from another, to first order in 1/width; `None`
/// where it has no finite variance or was not followed so deep.
///
/// Under batch normalization it is said of one row among many; of whole batches `batch_rows` tells.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FiniteWidth {
    /// The deviation over seeds of ln q at the last layer: of the pre-activations, or of the
    /// stream of a residual network; 0 where layer normalization holds it.
    pub log_second_moment_deviation: Option<f64>,
    /// The deviation over seeds of ln `‖δ₁‖²/‖δ_L‖²`.
    pub log_gradient_deviation: Option<f64>,
    /// The deviation of the correlation of two inputs that begin with 1/2; `None` beyond 300
    /// layers, where signals grow beyond q = 100, for activations whose slopes have no bound or that
    /// change too fast for averages over pairs, and where the first order comes to more than 1, which no
    /// correlation deviates by.
    pub correlation_deviation: Option<f64>,
    /// The deviation of the tangent kernel of one input, over its mean.
    pub tangent_kernel_deviation: Option<f64>,
    /// The deviation of ln tr(JJᵀ), the mean squared singular value of the Jacobian.
    pub log_trace_deviation: Option<f64>,
}

/// Layers through which the variance of a correlation is followed, each at the cost of an
/// integral over the plane.
const PAIRED: usize = 300;
/// What two inputs begin with.
const CORRELATION: f64 = 0.5;

/// How networks of `depth` layers or blocks of `width` units differ, from q = 1 on.
///
/// `follows_pairs` says whether signals stay within what pairs are averaged over exactly.
///
/// ```
/// use fanin::theory::{Layer, Network, Point, over_seeds};
/// let relu = fanin::engine::activations::find("relu").expect("it is registered");
/// let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
/// let found = over_seeds(&Network::Dense, &layer, 10, 100, true);
/// let deviation = found.log_gradient_deviation.expect("relu has a slope everywhere");
/// assert!((deviation * deviation - 0.5).abs() < 1e-12);
/// ```
pub fn over_seeds(
    network: &Network,
    layer: &Layer<'_>,
    depth: usize,
    width: usize,
    follows_pairs: bool,
) -> FiniteWidth {
    let stream = Stream::new(network, layer, 1.0, depth);
    by_stream(network, layer, (depth, width), follows_pairs, stream.as_ref())
}

/// The same where the stream from q = 1 on, if there is one, is known.
pub(super) fn by_stream(
    network: &Network,
    layer: &Layer<'_>,
    (depth, width): (usize, usize),
    follows_pairs: bool,
    stream: Option<&Stream>,
) -> FiniteWidth {
    let deviation = |variance: f64| {
        let deviation = (variance / width as f64).sqrt();
        deviation.is_finite().then_some(deviation)
    };
    let is_known = layer.gaussian.knows_pairs() && !layer.gaussian.jumps();
    let pairs = follows_pairs && depth <= PAIRED && is_known;
    let of_correlation = |deviation: Option<f64>| deviation.filter(|deviation| *deviation <= 1.0);
    let Some(plain) = network.plain(layer) else {
        let of = |read: fn(&Stream) -> f64| deviation(read(stream?));
        let start = (1.0, CORRELATION);
        let correlation = || stream_correlation::correlation(network, layer, start, depth);
        return FiniteWidth {
            log_second_moment_deviation: of(Stream::second_moment),
            log_gradient_deviation: of(Stream::gradient),
            correlation_deviation: of_correlation(if pairs {
                correlation().and_then(deviation)
            } else {
                None
            }),
            tangent_kernel_deviation: of(Stream::tangent_kernel),
            log_trace_deviation: of(Stream::trace),
        };
    };
    let layer = plain.layer();
    if *network == Network::LayerNorm {
        let correlation =
            || deviation(layer_norm_variance::correlation(&layer, CORRELATION, depth));
        return FiniteWidth {
            log_second_moment_deviation: Some(0.0),
            log_gradient_deviation: deviation(layer_norm_variance::gradient(&layer, depth)),
            correlation_deviation: of_correlation(if pairs { correlation() } else { None }),
            tangent_kernel_deviation: deviation(layer_norm_variance::tangent_kernel(&layer, depth)),
            log_trace_deviation: deviation(layer_norm_variance::trace(&layer, depth)),
        };
    }
    let of = |variance: fn(&Layer<'_>, f64, usize, usize) -> f64| {
        deviation(variance(&layer, 1.0, depth, 1))
    };
    let correlation = || deviation(correlation_variance(&layer, 1.0, CORRELATION, depth, 1));
    FiniteWidth {
        log_second_moment_deviation: of(log_second_moment_variance),
        log_gradient_deviation: of(log_gradient_variance),
        correlation_deviation: of_correlation(if pairs { correlation() } else { None }),
        tangent_kernel_deviation: of(tangent_kernel_variance),
        log_trace_deviation: of(log_trace_variance),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::{Point, activation};

    /// To first order a narrow network deviates without bound.
    #[test]
    fn no_correlation_deviates_by_more_than_one() {
        for text in ["tanh", "sin(3*x)", "relu"] {
            let activation = activation(text).unwrap();
            let layer = Layer::new(&*activation, Point::new(4.0, 0.0));
            for network in [Network::Dense, Network::Residual { branch: 1.0 }] {
                let of = |width| over_seeds(&network, &layer, 4, width, true).correlation_deviation;
                assert!(of(1).is_none_or(|deviation| deviation <= 1.0), "{text}: {:?}", of(1));
                assert!(of(1_000_000).is_some_and(|deviation| deviation < 0.1), "{text}");
            }
        }
    }
}
