//! How signal and gradient fare through the layers, measured and by theory.
//!
//! Key: q = E z² of a layer; g = E δ² of a layer, in units of the last hidden one; N units.

use fanin_engine::activations;

use super::chain::Chain;
use super::{Group, Material, Start, start_control};
use crate::check::LayerMeasurement;
use crate::report::document::{Block, Fact, Figure, Frame, Section};
use crate::report::pictures::{Axis, LineChart, Picture, Series, Style};
use crate::report::terminal::number::compact;
use crate::theory::{Layer, Point};

/// Deviations that a band reaches to each side.
const BAND: f64 = 2.0;

/// The depth chart of every network.
pub fn section(material: &Material<'_>) -> Option<Section> {
    let groups = material.groups();
    let measured = groups.iter().filter_map(|group| figure(group, groups.len()));
    let figures: Vec<Figure> = asked(material).into_iter().chain(measured).collect();
    if figures.is_empty() {
        return None;
    }
    let (title, lead) = if groups.iter().flat_map(|group| &group.starts).any(is_part) {
        ("Signal through depth", "The signal has to reach the last layer.")
    } else {
        let lead = "A network can learn where neither line leaves the page: the signal has to reach \
                    the last layer, and the gradient the first.";
        ("Signal and gradient through depth", lead)
    };
    let section = Section::new("depth", title, lead);
    Some(figures.into_iter().fold(section, |section, figure| section.with(Block::Figure(figure))))
}

/// Whether a start was judged in part, so that its gradients are not known.
fn is_part(start: &Start<'_>) -> bool {
    start.first().is_partial
}

/// What theory expects of a network that nothing was measured of.
fn asked(material: &Material<'_>) -> Option<Figure> {
    let chain = Chain::asked(material.theory?)?;
    let (layer, mut q, mut gains) = (chain.layer(), vec![chain.start], vec![0.0]);
    for index in 1..chain.depth {
        let moments = layer.gaussian.moments(q[index - 1]);
        q.push(layer.second_moment_of(&moments));
        gains.push(gains[index - 1] + (chain.point.weight_variance * moments.slope_second).ln());
    }
    let last = gains[gains.len() - 1];
    let g = gains.into_iter().map(|ln| (last - ln).exp());
    let chart = LineChart {
        x: Axis::whole("layer"),
        y: Axis::log("mean square, on a scale of factors"),
        at: (1..=chain.depth).map(|layer| layer as f64).collect(),
        series: vec![
            Series::new("signal, theory", 0, q).styled(Style::Line),
            Series::new("gradient, theory", 1, g).styled(Style::Line),
        ],
        ..LineChart::default()
    };
    let caption = "Signal E z² of each layer, and gradient E δ² per unit beside that of the last \
                   one, in networks of infinite width.";
    Some(Figure::of("Second moments by layer", caption, Picture::LineChart(chart)))
}

fn figure(group: &Group<'_>, groups: usize) -> Option<Figure> {
    let deep = |start: &&Start<'_>| start.first().measurement.layers.len() > 1;
    let starts: Vec<&Start<'_>> = group.starts.iter().filter(deep).collect();
    let frames: Vec<Frame> = starts.iter().map(|start| frame(start)).collect();
    if starts.is_empty() {
        return None;
    }
    let has_values = |frame: &Frame| match &frame.picture {
        Picture::LineChart(chart) => chart.has_values(),
        _ => true,
    };
    let names = starts.iter().map(|start| start.name.clone());
    let controls = start_control(names, frames.iter().position(has_values));
    let title = group.title(groups, "Second moments by layer");
    let several = starts.iter().any(|start| start.diagnoses.len() > 1);
    let over = if several { "seeds" } else { "rows" };
    let lines = if starts.iter().any(|start| is_part(start)) {
        "Signal E z² of each layer that was run"
    } else {
        "Signal E z² of each layer, and gradient E δ² per unit beside that of the last hidden layer"
    };
    let caption = format!(
        "{lines}. Bands: ± 2 standard errors over {over}. Broken lines: what theory expects of \
         layers of these variances."
    );
    Some(Figure { title, caption, controls, frames })
}

fn frame(start: &Start<'_>) -> Frame {
    let layers = &start.first().measurement.layers;
    let signals = measured(start, ln_signal, |layer| layer.growth_error);
    let mut series = vec![signals.series("signal, measured", 0)];
    if !is_part(start) {
        let gradients = measured(start, ln_gradient, |l| l.gradient_growth_error);
        series.push(gradients.series("gradient, measured", 1));
    }
    if let Some((q, g)) = theory(layers) {
        series.push(Series::new("signal, theory", 0, q).styled(Style::Dashed));
        if !is_part(start) {
            series.push(Series::new("gradient, theory", 1, g).styled(Style::Dashed));
        }
    }
    let chart = LineChart {
        x: Axis::whole("layer"),
        y: Axis::log("mean square, on a scale of factors"),
        at: (1..=layers.len()).map(|layer| layer as f64).collect(),
        series,
        ..LineChart::default()
    };
    let factor = |f: Option<f64>| f.map_or_else(|| "–".to_owned(), |f| format!("× {}", compact(f)));
    let diagnosis = start.first();
    let mut facts = vec![
        Fact::new("forecast", diagnosis.forecast.to_string()),
        Fact::new("signal, per hidden layer", factor(diagnosis.signal_factor)),
    ];
    if !is_part(start) {
        let units = format!("{} of {}", diagnosis.effective_units, diagnosis.units);
        facts.push(Fact::new("gradient, per hidden layer", factor(diagnosis.gradient_factor)));
        facts.push(Fact::new("units that can differ", units));
    }
    Frame { picture: Picture::LineChart(chart), facts }
}

fn ln_signal(layers: &[LayerMeasurement], at: usize) -> f64 {
    layers[at].pre_activation_second_moment.ln()
}

fn ln_gradient(layers: &[LayerMeasurement], at: usize) -> f64 {
    let per_unit = |layer: &LayerMeasurement| layer.delta_norm.powi(2) / layer.units as f64;
    let last = layers.len().saturating_sub(2);
    if at > last { f64::NAN } else { (per_unit(&layers[at]) / per_unit(&layers[last])).ln() }
}

/// Logarithms with their standard errors, layer by layer.
struct Measured {
    logarithms: Vec<f64>,
    errors: Vec<f64>,
}

impl Measured {
    fn series(&self, name: &str, color: usize) -> Series {
        let ends = self.logarithms.iter().zip(&self.errors);
        let ends = ends.map(|(ln, error)| ((ln - BAND * error).exp(), (ln + BAND * error).exp()));
        Series::new(name, color, self.logarithms.iter().map(|ln| ln.exp())).within(ends)
    }
}

/// Means over seeds with their errors; of one start its own, with errors over rows.
fn measured(
    start: &Start<'_>,
    read: impl Fn(&[LayerMeasurement], usize) -> f64,
    row_error: impl Fn(&LayerMeasurement) -> f64,
) -> Measured {
    let layers = &start.first().measurement.layers;
    let of = |at: usize| {
        let seeds = start.diagnoses.iter().map(|d| &d.measurement.layers);
        let values: Vec<f64> = seeds.filter(|l| l.len() > at).map(|l| read(l, at)).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        if values.len() < 2 {
            return (mean, row_error(&layers[at]));
        }
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, (variance / count).sqrt())
    };
    let (logarithms, errors) = (0..layers.len()).map(of).unzip();
    Measured { logarithms, errors }
}

/// What theory says of q and g of a plain chain of dense layers whose first q and whose variances
/// were measured.
fn theory(layers: &[LayerMeasurement]) -> Option<(Vec<f64>, Vec<f64>)> {
    let (_, hidden) = layers.split_last()?;
    let fan_in = |l: &LayerMeasurement| (l.root_elements.powi(2) / l.units as f64).round() as usize;
    let is_chain = layers.windows(2).all(|pair| fan_in(&pair[1]) == pair[0].units);
    let is_plain = hidden.iter().all(|l| !l.in_branch() && !l.normalized && l.non_finite == 0);
    let first = hidden.first()?.pre_activation_second_moment;
    if !(is_chain && is_plain && first > 0.0 && first < 1e6) {
        return None;
    }
    let found: Option<Vec<_>> =
        hidden.iter().map(|l| l.activation.as_deref().and_then(activations::find)).collect();
    let (mut q, mut slopes) = (vec![first], Vec::new());
    for (index, activation) in found?.iter().enumerate() {
        let next = &layers[index + 1];
        let point = Point::new(next.scaled_weight_variance, next.bias_mean_square);
        let moments = Layer::new(&**activation, point).gaussian.moments(q[index]);
        q.push(point.weight_variance * moments.second + point.bias_variance);
        slopes.push(moments.slope_second);
    }
    let mut g = vec![f64::NAN; layers.len()];
    g[hidden.len() - 1] = 1.0;
    for index in (0..hidden.len() - 1).rev() {
        let next = &layers[index + 1];
        let widths = next.units as f64 / layers[index].units as f64;
        g[index] = g[index + 1] * next.scaled_weight_variance * widths * slopes[index];
    }
    Some((q, g))
}
