//! What a diagnosis of the first part of a network says of the whole.
//!
//! The part is run on its own, with a loss that only stands in for what comes behind it: of what is
//! found there stays what no loss decides.

use std::collections::BTreeMap;

use super::diagnosis::Diagnosis;
use super::evidence::Horizon;
use super::forecast::Verdict;
use super::measurement::Measurement;
use super::rules::Finding;
use super::severity::Severity;
use super::symmetry::Symmetry;

/// Symptoms that weights and a forward pass show, whatever comes behind.
const FORWARD: [&str; 15] = [
    "non-finite",
    "unnormalized-data",
    "unit-symmetry",
    "duplicated-weights",
    "near-duplicate-units",
    "zero-weights",
    "residual-growth",
    "exploding-signal",
    VANISHING,
    "gain-mismatch",
    "dead-units",
    "correlation-collapse",
    "chaos",
    "saturation",
    "saturated-gates",
];

/// The symptom that a forward pass shows of a part behind which layers come: of what has an output layer it
/// is told by the steps that the loss asks for.
const VANISHING: &str = "vanishing-signal";

/// Whether a symptom can be told of a part whose last layer is hidden: no loss decides it.
pub(super) fn is_told(code: &str) -> bool {
    FORWARD.contains(&code)
}

/// Symptoms of which a part is sound if none is found: what rules of hidden layers did not find may be in
/// layers behind.
const OF_ALL: [&str; 4] =
    ["non-finite", "unnormalized-data", "duplicated-weights", "near-duplicate-units"];

/// Numbers that are not finite make every loss so, whatever stands behind them.
const CERTAIN: f64 = 0.99;

impl Diagnosis {
    /// A diagnosis of weights alone, of which nothing was run.
    pub fn of_nothing(horizon: Horizon) -> Self {
        Self {
            measurement: Measurement::default(),
            horizon,
            seeds: 1,
            units: 0,
            effective_units: 0,
            symmetry: Symmetry::default(),
            signal_factor: None,
            gradient_factor: None,
            escape_steps: None,
            findings: Vec::new(),
            passed: Vec::new(),
            forecast: Verdict::Unsure,
            confidence: 0.0,
            remarks: Vec::new(),
            skipped: Vec::new(),
            is_partial: false,
            readings: None,
            readings_over_seeds: BTreeMap::new(),
        }
    }

    /// What this diagnosis of a part says of the whole network: findings that no loss decides, with
    /// `others`, which were made of weights alone, and what was `left_out`, one sentence each.
    ///
    /// Of a part no forecast can be made, unless what was found there decides: it is then
    /// [`Verdict::Unsure`], with nothing known of the likeliest outcome.
    pub fn of_part(mut self, others: Vec<Finding>, left_out: &[String]) -> Self {
        let is_hidden = self.measurement.is_part;
        self.findings.retain(|f| is_told(f.code) && (f.code != VANISHING || is_hidden));
        self.passed.retain(|passed| OF_ALL.contains(&passed.code));
        let left: Vec<&str> = self.findings.iter().map(|finding| finding.code).collect();
        for finding in &mut self.findings {
            finding.consequence_of = finding.consequence_of.filter(|cause| left.contains(cause));
        }
        let is_known = |other: &Finding| {
            let mut own = self.findings.iter().filter(|own| own.severity >= other.severity);
            own.any(|own| module(own).is_some() && module(own) == module(other))
        };
        let others: Vec<Finding> = others.into_iter().filter(|other| !is_known(other)).collect();
        self.findings.extend(others);
        let fails = |codes: &[&str]| {
            let is_open = |f: &Finding| f.code == "unit-symmetry" && self.is_last_read(f);
            let is_grave = |f: &&Finding| {
                f.severity == Severity::Fail && codes.contains(&f.code) && !is_open(f)
            };
            self.findings.iter().any(|finding| is_grave(&finding))
        };
        (self.forecast, self.confidence) = if fails(&["non-finite"]) {
            (Verdict::Unstable, CERTAIN)
        } else if self.forecast == Verdict::Stuck && fails(&["unit-symmetry", "zero-weights"]) {
            (Verdict::Stuck, self.confidence)
        } else {
            (Verdict::Unsure, 0.0)
        };
        self.forget_the_loss();
        self.skipped.splice(0..0, left_out.iter().cloned());
        self.is_partial = true;
        self
    }

    /// Whether a finding is about the last layer that was read, of whose units what comes behind decides.
    fn is_last_read(&self, finding: &Finding) -> bool {
        let mut layers = self.symmetry.layers.iter().filter(|layer| layer.last_read);
        layers.any(|layer| finding.module.as_ref() == Some(&layer.module))
    }

    /// Takes away what depends on the loss that stood in.
    fn forget_the_loss(&mut self) {
        (self.gradient_factor, self.escape_steps, self.readings) = (None, None, None);
        self.readings_over_seeds.clear();
        let measurement = &mut self.measurement;
        (measurement.loss, measurement.loss_of_zero_output) = (f64::NAN, f64::NAN);
        for layer in &mut measurement.layers {
            layer.delta_norm = f64::NAN;
            layer.gradient_norm = f64::NAN;
            layer.telling_norm = f64::NAN;
            layer.row_gradient_norm = f64::NAN;
            layer.row_telling_norm = f64::NAN;
        }
        for cell in &mut measurement.cells {
            cell.deltas.fill(f64::NAN);
            (cell.input_gradient_norm, cell.state_gradient_norm) = (f64::NAN, f64::NAN);
            cell.gates.iter_mut().for_each(|gate| gate.delta_norm = f64::NAN);
        }
    }
}

/// The module that a finding is about: `0` of one at the tensor `0.weight`.
fn module(finding: &Finding) -> Option<&str> {
    finding.module.as_deref().map(|module| module.strip_suffix(".weight").unwrap_or(module))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: &'static str, severity: Severity, module: &str) -> Finding {
        Finding::plain(code, severity, String::new(), String::new()).at(module)
    }

    fn part(forecast: Verdict, findings: Vec<Finding>) -> Diagnosis {
        let nothing = Diagnosis::of_nothing(Horizon::SAMPLE);
        Diagnosis { forecast, confidence: 0.9, findings, ..nothing }
    }

    #[test]
    fn what_a_loss_decides_is_left_out() {
        let consequence = Finding {
            consequence_of: Some("vanishing-signal"),
            ..finding("gain-mismatch", Severity::Warn, "2")
        };
        let found = vec![finding("vanishing-signal", Severity::Fail, "0"), consequence];
        let whole = part(Verdict::Stuck, found).of_part(Vec::new(), &["left".to_owned()]);
        let told: Vec<_> = whole.findings.iter().map(|f| (f.code, f.consequence_of)).collect();
        assert_eq!(told, [("gain-mismatch", None)]);
        assert_eq!((whole.forecast, whole.confidence), (Verdict::Unsure, 0.0));
        assert_eq!(whole.skipped, ["left"]);
        assert!(whole.is_partial && whole.measurement.loss.is_nan());
    }

    #[test]
    fn what_shrinks_on_its_way_forward_is_told_where_layers_come_behind() {
        let found = || vec![finding("vanishing-signal", Severity::Warn, "0")];
        let mut hidden = part(Verdict::Learns, found());
        hidden.measurement.is_part = true;
        let whole = hidden.of_part(Vec::new(), &[]);
        assert_eq!(whole.findings.len(), 1, "a forward pass shows it");
        let whole = part(Verdict::Learns, found()).of_part(Vec::new(), &[]);
        assert!(whole.findings.is_empty(), "steps of a loss that stands in say nothing");
    }

    #[test]
    fn what_weights_say_is_kept_where_a_pass_says_less() {
        let own = vec![finding("unit-symmetry", Severity::Warn, "0")];
        let others = vec![finding("constant-weights", Severity::Fail, "0.weight")];
        let whole = part(Verdict::Unsure, own).of_part(others, &[]);
        assert_eq!(whole.severity(), Some(Severity::Fail));
    }

    #[test]
    fn weights_that_are_no_numbers_decide_alone() {
        let others = vec![finding("non-finite", Severity::Fail, "4.weight")];
        let whole = part(Verdict::Learns, Vec::new()).of_part(others, &[]);
        assert_eq!(whole.forecast, Verdict::Unstable);
        assert_eq!(whole.severity(), Some(Severity::Fail));
    }

    #[test]
    fn a_module_is_told_of_once() {
        let own = vec![finding("unit-symmetry", Severity::Fail, "0")];
        let others = vec![
            finding("constant-weights", Severity::Warn, "0.weight"),
            finding("constant-weights", Severity::Warn, "4.weight"),
        ];
        let whole = part(Verdict::Stuck, own).of_part(others, &[]);
        let told: Vec<_> = whole.findings.iter().map(|f| f.module.as_deref().unwrap()).collect();
        assert_eq!(told, ["0", "4.weight"]);
        assert_eq!((whole.forecast, whole.confidence), (Verdict::Stuck, 0.9));
    }
}
