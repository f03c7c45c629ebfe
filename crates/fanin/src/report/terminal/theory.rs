//! What theory says of a network, before any weight is drawn.

mod schemes;

use super::number::{self, count, whole};
use super::table::aligned;
use super::wrap::wrapped_within;
use crate::theory::{
    AttentionDescription, CORRELATION_SCALES, Chosen, Critical, DepthLimit, Description, Image,
    JacobianSpectrum, Network, Point, Quantiles, SpatialMode, SpatialModes, TrainableDepth,
};

pub(in crate::report) use schemes::scheme_rows;

/// Before the further lines of a paragraph.
const INDENT: &str = "                  ";

/// All of a description: the activation, its critical point, the point in question, and what each
/// scheme does, in lines of at most `width` characters where that is possible.
pub fn theory(description: &Description, width: usize) -> String {
    let layers = count(description.depth, "layer", "layers");
    let head = format!(
        "{} · {layers} of {} · limit of large width, unless said otherwise",
        network(&description.network),
        count(description.width, "unit", "units"),
    );
    let lead = format!("{} · ", description.activation);
    let mut text = wrapped_within(width, &lead, "  ", &head) + "\n";
    let mut line = |name: &str, words: &str| {
        text.push_str(&wrapped_within(width, &format!("  {name:<16}"), INDENT, words));
    };
    if let Some(warning) = &description.averages.warning {
        line("warning", warning);
    }
    line("gain", &gains(description));
    line("critical point", &critical(description));
    line("judged", &judged(description));
    line("signal", &signal(description));
    line("correlation", &correlation(description));
    line("gradient", &gradient(description));
    if let Some(dead) = description.born_dead.filter(|dead| *dead >= BORN_DEAD) {
        line("born dead", &born_dead(dead, description.width));
    }
    line("over seeds", &over_seeds(description));
    if let Some(waves) = waves(description) {
        line("waves", &waves);
    }
    if let Some(rows) = few_rows(description) {
        line("few rows", &rows);
    }
    if let Some(borders) = at_borders(description) {
        line("borders", &borders);
    }
    if let Some(spectrum) = spectrum(description) {
        line("jacobian", &spectrum);
    }
    line("deepest", &deepest(&description.effect.trainable));
    text.push_str(&schemes::told(description, width));
    text
}

fn network(network: &Network) -> String {
    match network {
        Network::Residual { branch } | Network::PreNorm { branch } => {
            format!("{}, branch × {}", network.name(), exact(*branch))
        }
        _ => network.name().to_owned(),
    }
}

/// Two significant digits; `∞` for what grows beyond all numbers, `–` for what is none.
fn compact(x: f64) -> String {
    match x {
        _ if x.is_nan() => "–".to_owned(),
        f64::INFINITY => "∞".to_owned(),
        f64::NEG_INFINITY => "−∞".to_owned(),
        _ => number::compact(x),
    }
}

/// Up to six significant digits, without superfluous zeros.
fn exact(x: f64) -> String {
    if x == 0.0 || !(1e-4..1e6).contains(&x.abs()) {
        return compact(x);
    }
    let decimals = (5 - x.abs().log10().floor() as i32).max(0) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn gains(description: &Description) -> String {
    let gains = &description.gains;
    let torch = match gains.torch {
        Some(gain) => format!("PyTorch's table says {}", exact(gain)),
        None => "PyTorch's table has no entry".to_owned(),
    };
    let holds = if gains.second_moment_slope > 1.0 + 1e-9 {
        "; q = 1 is not stable with it, small deviations grow"
    } else {
        ""
    };
    format!(
        "{} keeps q at 1, gradients then change by ×{} per layer{holds}; {torch}",
        exact(gains.exact),
        exact(gains.gradient_factor),
    )
}

fn point(point: &Point) -> String {
    format!("σ_w² = {}, σ_b² = {}", exact(point.weight_variance), exact(point.bias_variance))
}

fn critical(description: &Description) -> String {
    let found = match &description.critical {
        Critical::At { point: at, second_moment } => {
            format!("{} at q = {}: gradients keep their size", point(at), exact(*second_moment))
        }
        Critical::Everywhere { point: at } => {
            format!("{}: gradients keep their size at every q", point(at))
        }
        Critical::Nowhere => "none with biases of this variance".to_owned(),
    };
    let repels = if description.critical_repels {
        "; unstable: q moves away from there, only normalization holds it"
    } else {
        ""
    };
    let plain = if description.network.is_plain() { "" } else { " (in plain layers)" };
    format!("{found}{repels}{plain}")
}

fn judged(description: &Description) -> String {
    let origin = match description.chosen {
        Chosen::Given => "as asked for",
        Chosen::Critical => "the critical point",
        Chosen::ExactGain => "the exact gain, for want of a critical point of use",
    };
    format!("{}, {origin}", point(&description.point))
}

fn signal(description: &Description) -> String {
    let layers = count(description.depth, "layer", "layers");
    let after = match description.effect.second_moment {
        q if q == f64::INFINITY => format!("q passes all numbers within {layers} from 1"),
        q if q.is_nan() => format!("q is no number after {layers} from 1"),
        q => format!("q = {} after {layers} from 1", compact(q)),
    };
    let Some(found) = &description.fixed_point else { return after };
    if !description.network.is_plain() {
        return "q = 1 behind every normalization".to_owned();
    }
    let settles = match found.second_moment {
        0.0 => "fades to 0".to_owned(),
        q if q == f64::INFINITY => "grows for ever".to_owned(),
        q if q.is_nan() => "never settles".to_owned(),
        q if found.second_moment_depth == f64::INFINITY => format!("keeps q = {}", exact(q)),
        q => format!("settles at q* = {}, ξ_q = {}", exact(q), scale(found.second_moment_depth)),
    };
    format!("{settles}; {after}")
}

fn scale(depth: f64) -> String {
    if depth == f64::INFINITY {
        return "∞".to_owned();
    }
    format!("{} layers", exact(depth))
}

fn correlation(description: &Description) -> String {
    let layers = count(description.depth, "layer", "layers");
    let after = if description.effect.correlation.is_nan() {
        format!("none after {layers}, as signals do not last so long")
    } else {
        format!("{} after {layers} from 0.5", fixed(description.effect.correlation))
    };
    let Some(found) = &description.fixed_point else { return after };
    if found.correlation.is_nan() {
        return after;
    }
    let settles = if found.correlation_depth == f64::INFINITY {
        "no depth scale: it settles slower than any exponential, or not at all".to_owned()
    } else {
        format!(
            "settles at c* = {}, ξ_c = {}",
            fixed(found.correlation),
            scale(found.correlation_depth)
        )
    };
    format!("{settles}; {after}")
}

/// A correlation: four decimals, more where it is near 1.
fn fixed(c: f64) -> String {
    if c.is_nan() {
        return compact(c);
    }
    if c < 1.0 && c > 0.9999 { format!("1 − {}", compact(1.0 - c)) } else { format!("{c:.4}") }
}

fn gradient(description: &Description) -> String {
    let effect = &description.effect;
    if effect.gradient_factor.is_nan() {
        return "none, as signals do not stay finite numbers".to_owned();
    }
    format!(
        "second moment × {} per layer, {} over {}",
        exact(effect.gradient_factor),
        power_of_ten(effect.gradient_log10),
        count(description.depth, "layer", "layers")
    )
}

fn power_of_ten(logarithm: f64) -> String {
    if logarithm.is_nan() || logarithm == f64::INFINITY {
        return compact(logarithm);
    }
    if logarithm.abs() < 2.0 || logarithm == f64::NEG_INFINITY {
        return format!("× {}", compact(f64::powf(10.0, logarithm)));
    }
    format!("× 10^{logarithm:.1}")
}

/// Networks that are silent from birth more rarely are nobody's worry.
const BORN_DEAD: f64 = 1e-4;

fn born_dead(probability: f64, width: usize) -> String {
    format!(
        "of {} networks in 100 some layer of {} answers an input with 0 throughout, and lets nothing of it \
         pass (Lu et al. 2019)",
        compact(100.0 * probability),
        count(width, "unit", "units")
    )
}

/// Deviations of ln q above this are beyond the expansion that they come from.
const FIRST_ORDER: f64 = 5.0;

fn over_seeds(description: &Description) -> String {
    let finite = &description.finite_width;
    let width = whole(description.width);
    if finite.log_second_moment_deviation.is_some_and(|deviation| deviation > FIRST_ORDER) {
        return format!(
            "at width {width} one network's q differs so much from another's that the first order \
             in 1/width no longer says by how much"
        );
    }
    let q = match finite.log_second_moment_deviation {
        Some(0.0) => format!("at width {width}, normalization holds q in every network"),
        Some(deviation) => format!(
            "at width {width}, one {} q differs by a factor e^±{} (one deviation)",
            match description.network {
                Network::BatchNorm => "row's",
                _ => "network's",
            },
            compact(deviation)
        ),
        None => "no deviation of q is known".to_owned(),
    };
    let (Some(gradient), Some(trace), Some(kernel)) = (
        finite.log_gradient_deviation,
        finite.log_trace_deviation,
        finite.tangent_kernel_deviation,
    ) else {
        return q;
    };
    let correlation = match finite.correlation_deviation {
        Some(deviation) => format!("; correlation ± {}", compact(deviation)),
        None => String::new(),
    };
    format!(
        "{q}, its gradient by e^±{}, the Jacobian's mean square by e^±{}{correlation}; tangent \
         kernel ± {} of itself",
        compact(gradient),
        compact(trace),
        compact(kernel),
    )
}

/// How long waves over an image last, where there are convolutions.
fn waves(description: &Description) -> Option<String> {
    let SpatialModes { image, modes } = description.spatial_modes.as_ref()?;
    let Image { height, width, kernel } = *image;
    let mut square: Vec<&SpatialMode> =
        modes.iter().filter(|mode| mode.periods[0] == 0 && mode.periods[1] > 0).collect();
    square.dedup_by_key(|mode| mode.periods[1]);
    let told = square.iter().map(|mode| {
        let layers = if mode.correlation_depth == f64::INFINITY {
            "no end".to_owned()
        } else {
            compact(CORRELATION_SCALES * mode.correlation_depth)
        };
        format!("{} for {layers}", count(mode.periods[1], "period", "periods"))
    });
    Some(format!(
        "what differs from place to place averages out: on {height} × {width} pixels, kernel {kernel} × \
         {kernel}, a wave of {} layers (6·ξ of its mode); delta-orthogonal weights keep all as long \
         as what is common to all places",
        told.collect::<Vec<String>>().join(", "),
    ))
}

/// What batch normalization over few rows does.
fn few_rows(description: &Description) -> Option<String> {
    let told = description
        .batch_rows
        .iter()
        .map(|found| format!("× {} with {}", exact(found.gradient_factor), whole(found.rows)));
    let told = told.collect::<Vec<String>>().join(", ");
    let whole = whole_batches(description).unwrap_or_default();
    (!told.is_empty()).then(|| format!("gradient per layer {told} rows in a batch{whole}"))
}

/// How much whole batches differ from network to network.
fn whole_batches(description: &Description) -> Option<String> {
    const TOLD: [usize; 2] = [8, 64];
    let told = description.batch_rows.iter().filter(|found| TOLD.contains(&found.rows));
    let told: Option<Vec<String>> = told
        .map(|found| {
            let numbers = [
                found.log_second_moment_deviation,
                found.log_gradient_deviation?,
                found.correlation_deviation,
            ];
            let [q, gradient, correlation] = numbers.map(compact);
            let rows = whole(found.rows);
            Some(format!(
                "{rows} rows q before normalization by e^±{q}, gradient by e^±{gradient}, \
                 correlation by ± {correlation}"
            ))
        })
        .collect();
    let told = told.filter(|told| !told.is_empty())?.join("; of ");
    let width = whole(description.width);
    Some(format!("; at width {width} a whole batch differs over seeds: of {told}"))
}

/// What zero padding does, or how to ask for it.
fn at_borders(description: &Description) -> Option<String> {
    let Some(found) = &description.borders else {
        let asks = "zero padding lowers q there: --image 32x32 --kernel 3 says by how much";
        return (description.network == Network::Convolution).then(|| asks.to_owned());
    };
    let Image { height, width, kernel } = found.image;
    Some(format!(
        "{height} × {width} pixels, kernel {kernel} × {kernel}, zeros around: after {} q is {} in \
         the middle, {} at the upper edge, {} in a corner, {} on average, where it would be {} \
         without borders; gradient {} on average, without borders {}",
        count(description.depth, "layer", "layers"),
        compact(found.center),
        compact(found.edge),
        compact(found.corner),
        compact(found.mean),
        compact(found.without),
        power_of_ten(found.gradient_log10),
        power_of_ten(found.gradient_log10_without),
    ))
}

fn spectrum(description: &Description) -> Option<String> {
    let known = |found: &JacobianSpectrum| !found.variance.is_nan();
    let gaussian = description.jacobian_gaussian.filter(known)?;
    let orthogonal = description.jacobian_orthogonal.filter(known)?;
    let kernel = match description.tangent_kernel {
        Some(kernel) => {
            let condition = (kernel.condition(2) * 1e4).round() / 1e4;
            format!("; tangent kernel's condition {} for two inputs", exact(condition))
        }
        None => String::new(),
    };
    Some(format!(
        "squared singular values vary by {} of their mean with normal weights, {} with orthogonal \
         ones{}{kernel}",
        compact(gaussian.variance.sqrt()),
        compact(orthogonal.variance.sqrt()),
        places(description).unwrap_or_default(),
    ))
}

fn places(description: &Description) -> Option<String> {
    let of = |found: &Quantiles| [found.low, found.median, found.high].map(compact).join(", ");
    let gaussian = description.singular_values_gaussian?;
    let orthogonal = description.singular_values_orthogonal?;
    let zero = if gaussian.mass_at_zero > 0.0 {
        format!("; {} % of them are 0", exact(100.0 * gaussian.mass_at_zero))
    } else {
        String::new()
    };
    Some(format!(
        "; 5, 50, 95 % of singular values are below {} with normal, {} with orthogonal \
         ones{zero}",
        of(&gaussian),
        of(&orthogonal)
    ))
}

fn deepest(depth: &TrainableDepth) -> String {
    let Some(layers) = depth.layers else {
        return "no limit found up to 2,000 layers at large width".to_owned();
    };
    let why = match depth.limit {
        DepthLimit::None => "",
        DepthLimit::Alike => ": beyond, all inputs look alike (6·ξ_c)",
        DepthLimit::Unrelated => ": beyond, similar inputs look unrelated (6·ξ_c)",
        DepthLimit::GradientVanishes => ": beyond, the first layer's gradient is below 1/1000",
        DepthLimit::GradientExplodes => ": beyond, the first layer's gradient is above 70 times",
        DepthLimit::NotFinite => ": beyond, signals are no finite numbers",
    };
    let tail = if matches!(depth.limit, DepthLimit::GradientVanishes | DepthLimit::GradientExplodes)
    {
        " the last one's"
    } else {
        ""
    };
    format!("about {}{why}{tail}", count(layers, "layer", "layers"))
}

/// What attention alone does to tokens, in lines of at most `width` characters.
pub fn attention_theory(description: &AttentionDescription, width: usize) -> String {
    let attention = &description.attention;
    let skip = if attention.has_skip { "with skips" } else { "without skips" };
    let mut text = format!(
        "attention · {} {skip}, branch × {} · {} · expected over seeds, for many tokens\n\n",
        count(description.course.len(), "block", "blocks"),
        exact(attention.branch),
        count(attention.tokens, "token", "tokens"),
    );
    let lead = format!("  {:<16}", "rank");
    text.push_str(&wrapped_within(width, &lead, INDENT, &rank(description)));
    text.push('\n');
    let head = ["block", "q", "mean cosine"].map(str::to_owned);
    let all = std::iter::once((0, &description.start));
    let tokens = all.chain(description.course.iter().enumerate().map(|(i, t)| (i + 1, t)));
    let last = description.course.len();
    let shown =
        tokens.filter(|(block, _)| last <= 24 || block % last.div_ceil(24) == 0 || *block == last);
    let rows = shown
        .map(|(block, tokens)| {
            vec![whole(block), compact(tokens.second_moment), fixed(tokens.cosine)]
        })
        .collect();
    text + &aligned(&head, rows)
}

/// Whether tokens stay apart, in a sentence.
pub(in crate::report) fn rank(description: &AttentionDescription) -> String {
    match description.collapsed_after {
        Some(block) => format!(
            "tokens are alike (cosine above 0.95) after {}: gradients of queries and keys vanish. \
             {}",
            count(block, "block", "blocks"),
            if description.attention.has_skip {
                "A smaller branch (1/√depth) keeps them apart"
            } else {
                "Skips around the blocks keep them apart"
            }
        ),
        None => "tokens stay apart over all blocks".to_owned(),
    }
}
