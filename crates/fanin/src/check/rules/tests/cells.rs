//! What is found in recurrent cells, by measurements and weights of a real LSTM.

use super::*;
use crate::check::CellMeasurement;

/// What the rules of recurrent cells find in an LSTM of two cells over 12 steps, of which `change`
/// changes what was measured.
fn memories(change: impl Fn(&mut CellMeasurement)) -> Vec<(Severity, String)> {
    memories_of(|_, _| (), change)
}

/// As [`memories`], with weights that `draw` changes, tensor by tensor.
fn memories_of(
    draw: impl Fn(&[usize], &mut [f32]),
    change: impl Fn(&mut CellMeasurement),
) -> Vec<(Severity, String)> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/onnx/lstm_classifier.legacy.onnx");
    let mut spec = crate::spec::Spec { model: file.parse().unwrap(), ..Default::default() };
    "normal".clone_into(&mut spec.data.source);
    let path = spec.model.file().unwrap();
    let model = crate::import::model(path, &(&spec.reading).into()).unwrap();
    let data = crate::data::for_network(&spec, model.architecture()).unwrap().train;
    let mut weights = model.weights().unwrap().clone();
    for (_, tensor) in &mut weights.tensors {
        let axes = tensor.shape().axes().to_vec();
        draw(&axes, tensor.data_mut());
    }
    let found = Diagnosis::new(&model, &Loss::CrossEntropy, &weights, &data, HORIZON).unwrap();
    let mut measurement = found.measurement;
    measurement.cells.iter_mut().for_each(change);
    let start =
        Evidence { measurement: &measurement, units: &[], horizon: HORIZON, readings: None };
    let (findings, _) = look(&Case { starts: vec![start] });
    let is_own = |code| RECURRENT.contains(&code) || code == "no-gradient";
    let own = findings.into_iter().filter(|finding| is_own(finding.code));
    own.map(|finding| (finding.severity, format!("{}: {}", finding.code, finding.why))).collect()
}

#[test]
fn recurrent_cells_fade_or_explode_over_their_steps() {
    let fading = memories(|_| ());
    assert_eq!(fading.len(), 1, "the usual start of an LSTM: {fading:?}");
    let (severity, why) = &fading[0];
    assert_eq!(*severity, Severity::Warn);
    assert!(why.starts_with("fading-memory: the gradient at the first of 12 steps"), "{why}");
    assert_eq!(memories(|cell| cell.deltas.fill(1.0)), []);
    let growing = memories(|cell| {
        cell.deltas.fill(1.0);
        cell.states = (0..12).map(|step| f64::from(step).exp()).collect();
    });
    let (severity, why) = &growing[0];
    assert_eq!((growing.len(), *severity), (1, Severity::Fail));
    assert!(why.starts_with("exploding-memory: the state grows"), "{why}");
    let back = memories(|cell| cell.deltas = (0..12).map(|step| 0.5_f64.powi(step)).collect());
    assert_eq!(back[0].0, Severity::Fail, "{back:?}");
    assert!(back[0].1.contains("the gradient, on its way back, grows ×"), "{back:?}");
}

#[test]
fn a_cell_of_which_only_its_first_step_is_read_is_a_warning() {
    let found = memories(|cell| cell.deltas[1..].fill(0.0));
    let [(severity, why)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(*severity, Severity::Warn);
    assert!(why.starts_with("no-gradient: the gradient at 11 of 12 steps of"), "{why}");
}

#[test]
fn gates_that_are_flat_are_found_but_for_those_that_make_a_memory() {
    let saturated = |draw: &dyn Fn(&[usize], &mut [f32])| {
        let found = memories_of(draw, |_| ());
        found.into_iter().find(|(_, why)| why.starts_with("saturated-gates"))
    };
    assert_eq!(saturated(&|_, _| ()), None, "the usual start");
    let large = |axes: &[usize], x: &mut [f32]| {
        if axes.len() == 3 {
            x.iter_mut().for_each(|x| *x *= 30.0);
        }
    };
    let (severity, why) = saturated(&large).expect("weights 30 times as large");
    assert_eq!(severity, Severity::Fail, "{why}");
    assert!(why.contains("candidate over 12 steps lies where"), "{why}");
    // Biases of the input's and the state's share, gates in ONNX's order.
    let bias = |gate: usize, by: f32| {
        move |axes: &[usize], x: &mut [f32]| {
            if axes == [1, 192] {
                x[24 * gate..][..24].iter_mut().for_each(|x| *x += by);
            }
        }
    };
    let (input, output, forget, candidate) = (0, 1, 2, 3);
    assert_eq!(saturated(&bias(forget, 10.0)), None, "a gate that keeps all is a memory");
    let chrono = |axes: &[usize], x: &mut [f32]| {
        bias(forget, 10.0)(axes, x);
        bias(input, -10.0)(axes, x);
    };
    assert_eq!(saturated(&chrono), None, "as is what takes in as little as it forgets");
    for (gate, by, told) in [
        (forget, -10.0, "What came before is lost"),
        (input, -10.0, "When it should open is hardly learned"),
        (output, 10.0, "When it should open is hardly learned"),
        (candidate, -10.0, "Little gradient comes back"),
    ] {
        let (severity, why) = saturated(&bias(gate, by)).expect(told);
        assert!(severity == Severity::Fail && why.contains(told), "{why}");
        assert!(why.contains("100 % of what enters the "), "{why}");
    }
}
