//! Which start a fix names: a scheme that is known to work for the activation, or `fanin fix`.
//!
//! A scheme that does not fit, or that the weights have the variance of already, would lead back to
//! the same finding.

use crate::check::evidence::Evidence;
use crate::check::measurement::LayerMeasurement;

/// What a fix says where no scheme is known to help.
pub const BY_FIX: &str = "let fanin work out weights that fit this network: fanin fix";

/// The same for part of a network, which `fanin fix` cannot run.
const BY_GAIN: &str = "use weights whose variance keeps the mean square behind any activation: \
                       --scheme exact-gain-normal";

/// What a fix says of `start` where no scheme is known to help.
pub fn by_fix(start: &Evidence<'_>) -> &'static str {
    if start.measurement.is_part { BY_GAIN } else { BY_FIX }
}

/// What to do about weights of which some are like others. A start that learns in spite of them is left
/// alone unless `fanin fix` is told to mend what is a warning too.
pub fn draw_anew(start: &Evidence<'_>) -> String {
    let how = if start.measurement.is_part {
        ", as fanin init does"
    } else {
        ": fanin fix --fail-on warn"
    };
    format!("draw every tensor with a seed of its own, or by name{how}")
}

/// Variances that differ by less than this factor are the same for a fix: its root over two layers
/// is what draws of narrow ones differ by.
const SAME: f64 = 1.3;

/// The scheme with which networks of 5 and of 20 layers of this activation pass a check, with the
/// variance times fan-in that it gives a square matrix; none where no scheme is known to. Behind
/// sigmoid and softplus, whose answers are never 0 in the mean, inputs grow alike under any.
pub fn usual_scheme(activation: Option<&str>) -> Option<(&'static str, f64)> {
    let text = activation.unwrap_or("identity");
    match text.split(':').next().unwrap_or(text) {
        "relu" | "leaky_relu" | "gelu" | "gelu_tanh" | "silu" | "mish" | "hardswish" => {
            Some(("he-normal", 2.0))
        }
        "identity" | "tanh" | "hardtanh" | "softsign" | "sin" | "elu" => {
            Some(("xavier-uniform", 1.0))
        }
        "selu" => Some(("lecun-normal", 1.0)),
        _ => None,
    }
}

/// The scheme that is known to work for every hidden layer, if it is one and the same and half of them
/// have not its variance already. What follows the last layer of a part may have been left out with what
/// comes behind, and does not count.
pub fn fitting_scheme(start: &Evidence<'_>) -> Option<&'static str> {
    let hidden = match start.hidden() {
        [known @ .., last] if start.measurement.is_part && last.activation.is_none() => known,
        all => all,
    };
    let of = |layer: &LayerMeasurement| usual_scheme(layer.activation.as_deref());
    let (scheme, variance) = of(hidden.first()?)?;
    let is_one = hidden.iter().all(|layer| of(layer).is_some_and(|own| own.0 == scheme));
    let has_it = |layer: &LayerMeasurement| {
        let ratio = layer.scaled_weight_variance / variance;
        (SAME.recip()..SAME).contains(&ratio)
    };
    let having = hidden.iter().filter(|layer| has_it(layer)).count();
    (is_one && 2 * having < hidden.len()).then_some(scheme)
}

/// Weights whose variance fits, as a fix.
pub fn variance_that_fits(start: &Evidence<'_>) -> String {
    match fitting_scheme(start) {
        Some(scheme) => {
            format!("use weights whose variance fits the activation: --scheme {scheme}")
        }
        None => by_fix(start).to_owned(),
    }
}

/// Random weights, as a fix for those that are none.
pub fn random_weights(start: &Evidence<'_>) -> String {
    match start.hidden().first().map(|layer| usual_scheme(layer.activation.as_deref())) {
        Some(Some((scheme, _))) => format!("start from random weights, such as {scheme}"),
        Some(None) => format!("start from random weights: {}", by_fix(start)),
        None => "start from random weights, such as he-normal".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::evidence::Horizon;
    use crate::check::{Diagnosis, Measurement, Severity, Verdict};
    use crate::data::{LoadOptions, PrepareOptions, load, prepare};
    use crate::init::{Rules, for_model};
    use crate::spec::{Extent, Loss, Model};

    fn diagnosis(model: &str, scheme: &str) -> Diagnosis {
        let model: Model = model.parse().unwrap();
        let raw = load("digits", &LoadOptions::default()).unwrap();
        let data = prepare(raw, &PrepareOptions::default()).unwrap().train;
        let draw = |seed: usize| for_model(&model, &Rules::new(scheme), seed as u64);
        let (loss, horizon) = (Loss::CrossEntropy, Horizon::SAMPLE);
        Diagnosis::over_seeds(&model, &loss, 2, draw, &data, horizon, Extent::Fitting).unwrap()
    }

    fn fix(diagnosis: &Diagnosis, code: &str) -> String {
        let finding = diagnosis.findings.iter().find(|finding| finding.code == code);
        finding.unwrap_or_else(|| panic!("{code} in {:?}", diagnosis.findings)).fix.clone()
    }

    #[test]
    fn a_scheme_that_is_named_for_an_activation_passes_a_check_of_it() {
        for activation in fanin_engine::activations::names() {
            let Some((scheme, _)) = usual_scheme(Some(activation)) else { continue };
            let found = diagnosis(&format!("64 -> 5x64 {activation} -> 10"), scheme);
            assert_eq!(found.forecast, Verdict::Learns, "{activation} from {scheme}");
            assert!(found.severity() < Some(Severity::Fail), "{activation} from {scheme}");
        }
    }

    #[test]
    fn sigmoid_is_sent_to_no_scheme_that_stays_stuck() {
        let found = diagnosis("64 -> 20x64 sigmoid -> 10", "he-normal");
        for code in ["vanishing-signal", "correlation-collapse"] {
            assert!(fix(&found, code).contains("fanin fix"), "{}", fix(&found, code));
        }
    }

    #[test]
    fn no_fix_names_the_variance_that_the_weights_have() {
        let far = diagnosis("64 -> 20x64 relu -> 10", "lecun-normal");
        assert!(fix(&far, "vanishing-signal").ends_with("--scheme he-normal"));
        let there = diagnosis("64 -> 60x16 relu -> 10", "he-normal");
        assert!(!there.findings.is_empty(), "narrow and deep: nothing to advise");
        for finding in &there.findings {
            assert!(!finding.fix.contains("he-normal"), "{finding:?}");
        }
    }

    #[test]
    fn part_of_a_network_is_sent_to_no_repair() {
        let mut measurement = diagnosis("64 -> 3x64 relu -> 10", "lecun-normal").measurement;
        measurement.is_part = true;
        let fix = |measurement: &Measurement| {
            let horizon = Horizon::SAMPLE;
            variance_that_fits(&Evidence { measurement, units: &[], horizon, readings: None })
        };
        assert!(fix(&measurement).ends_with("--scheme he-normal"), "{}", fix(&measurement));
        measurement.layers[3].activation = Some("sigmoid".to_owned());
        assert!(fix(&measurement).ends_with("exact-gain-normal"), "{}", fix(&measurement));
    }

    #[test]
    fn biases_of_zeros_are_not_to_be_set_to_zero() {
        let found = diagnosis("64 -> 60x16 relu -> 10", "he-normal");
        assert!(!fix(&found, "dead-units").contains("bias"), "{}", fix(&found, "dead-units"));
    }

    #[test]
    fn an_output_behind_layers_that_are_far_too_large_is_not_what_to_mend() {
        let found = diagnosis("64 -> 2x64 relu -> 10", "uniform:3");
        assert!(fix(&found, "wrong-output-scale").ends_with("--scheme he-normal"));
        let found = diagnosis("64 -> 10", "normal:1");
        let fix = fix(&found, "wrong-output-scale");
        assert!(fix.contains("--rule \"0.weight=zeros\""), "{fix}");
    }
}
