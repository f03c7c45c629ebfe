//! What each scheme of the registry does per layer, as theory sees it.

use fanin_engine::activations::{Activation, find};
use serde::Serialize;

use super::depth::{TrainableDepth, trainable_depth};
use super::layer::{Layer, Point};
use super::network::{Network, Signal};
use crate::init::{self, Distribution, Parameter, Role, SCHEMES, Scheme};

/// Schemes that are one point to theory, and what they do to a deep network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SchemeEffect {
    /// The schemes, as one writes them.
    pub schemes: Vec<String>,
    /// Their variances at a square layer.
    pub point: Point,
    /// What they do.
    #[serde(flatten)]
    pub effect: Effect,
}

/// What a point does over the layers of a network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// q after the last layer, from q = 1 before the first; infinite where it grows beyond all numbers.
    pub second_moment: f64,
    /// Its factor per layer: the geometric mean.
    pub second_moment_factor: f64,
    /// log₁₀ of the factor on E‖δ‖² from last to first layer.
    pub gradient_log10: f64,
    /// The factor per layer: the geometric mean.
    pub gradient_factor: f64,
    /// The correlation, after the last layer, of inputs that begin with 1/2.
    pub correlation: f64,
    /// How deep such a network can be.
    pub trainable: TrainableDepth,
}

/// What `layer` does over `depth` layers of `network`.
pub fn effect(network: &Network, layer: &Layer<'_>, depth: usize) -> Effect {
    let start = Signal { second_moment: 1.0, correlation: 0.5 };
    let steps = network.course(layer, start, depth);
    let end = steps.last().map_or(start, |step| step.signal);
    let gradient_log10: f64 = steps.iter().map(|step| step.gradient_factor.log10()).sum();
    let per_layer = 1.0 / depth.max(1) as f64;
    // What has grown beyond all numbers once is none in the layers after it.
    let has_grown = steps.iter().any(|step| step.signal.second_moment == f64::INFINITY);
    let second_moment = if has_grown { f64::INFINITY } else { end.second_moment };
    Effect {
        second_moment,
        second_moment_factor: second_moment.powf(per_layer),
        gradient_log10,
        gradient_factor: f64::powf(10.0, gradient_log10 * per_layer),
        correlation: end.correlation,
        trainable: trainable_depth(network, layer, 1.0),
    }
}

/// The point of theory at which `scheme` starts a square layer of `width` units before
/// `activation`.
///
/// `None` if its weights are not all alike and random with mean 0, if it needs more of a network
/// than a layer, or a gain that is known for activations of the registry alone.
pub fn scheme_point(
    scheme: &dyn Scheme,
    activation: &dyn Activation,
    width: usize,
) -> Option<Point> {
    let registered = find(&activation.label()).is_some();
    let label = activation.label();
    let follow = |parameter: Parameter| {
        if registered { parameter.followed_by(&label) } else { parameter }
    };
    let weight = follow(Parameter::linear("0.weight", width, width));
    let bias = follow(Parameter {
        fan_in: width,
        fan_out: width,
        ..Parameter::new("0.bias", [width], Role::Bias)
    });
    if !scheme.facts().needs.is_empty() || !scheme.is_random(&weight) {
        return None;
    }
    // A gain by the activation is 1 where none is named, which would be no answer here.
    let gain = |parameter: &Parameter| scheme.gain(parameter).ok().flatten();
    if weight.activation.is_none() && gain(&weight) != gain(&weight.clone().followed_by("tanh")) {
        return None;
    }
    let drawn = scheme.distribution(&weight).ok()?;
    let alike = !matches!(drawn, Distribution::Joint { .. } | Distribution::Constant(_))
        || scheme.facts().name == "orthogonal";
    if !alike || drawn.mean() != 0.0 {
        return None;
    }
    let bias_variance = if scheme.serves(Role::Bias) {
        let drawn = scheme.distribution(&bias).ok()?;
        drawn.deviation().powi(2) + drawn.mean().powi(2)
    } else {
        0.0
    };
    Some(Point { weight_variance: width as f64 * drawn.deviation().powi(2), bias_variance })
}

/// What every scheme of the registry does that has such a point, those with one point together,
/// by rising weight variance.
pub fn scheme_effects(
    network: &Network,
    layer: &Layer<'_>,
    depth: usize,
    width: usize,
) -> Vec<SchemeEffect> {
    let mut points: Vec<(Vec<String>, Point)> = Vec::new();
    for registered in SCHEMES {
        let Ok(scheme) = init::find(registered.facts().example) else { continue };
        let Some(point) = scheme_point(&*scheme, layer.gaussian.activation(), width) else {
            continue;
        };
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.abs().max(b.abs());
        let is_same = |(_, other): &&mut (Vec<String>, Point)| {
            near(other.weight_variance, point.weight_variance)
                && near(other.bias_variance, point.bias_variance)
        };
        match points.iter_mut().find(is_same) {
            Some((schemes, _)) => schemes.push(scheme.label()),
            None => points.push((vec![scheme.label()], point)),
        }
    }
    let mut effects = fanin_kernels::threads::map(&points, |(schemes, point)| SchemeEffect {
        schemes: schemes.clone(),
        point: *point,
        effect: effect(network, &layer.at(*point), depth),
    });
    effects.sort_by(|a, b| a.point.weight_variance.total_cmp(&b.point.weight_variance));
    effects
}
