//! Tensors that no seed has made: the identity and its kin, recognized to the last bit.

use super::statistics::Statistics;
use crate::formats::StoredTensor;
use crate::init::{Parameter, SCHEMES, Scheme, Source, Values};

/// Relative difference up to which a tensor's deviation may be the declared one: more than any
/// format's rounding, less than what one more place on a diagonal of 64 makes.
const NEAR: f64 = 5e-3;

/// The texts of all schemes without randomness that give exactly the tensor's values.
pub fn schemes(
    stored: &StoredTensor<'_>,
    parameter: &Parameter,
    statistics: &Statistics,
) -> Vec<String> {
    let largest =
        if statistics.low.abs() > statistics.high { statistics.low } else { statistics.high };
    let gain = (largest as f32).to_string();
    let of_one_seed = SCHEMES
        .iter()
        .filter(|scheme| scheme.serves(parameter.role) && !scheme.is_random(parameter));
    of_one_seed
        .flat_map(|scheme| [None, Some(gain.as_str())].map(|given| scheme.with_argument(given)))
        .filter_map(Result::ok)
        .filter(|scheme| gives(&**scheme, stored, parameter, statistics))
        .map(|scheme| scheme.label())
        .fold(Vec::new(), |mut labels, label| {
            if !labels.contains(&label) {
                labels.push(label);
            }
            labels
        })
}

fn gives(
    scheme: &dyn Scheme,
    stored: &StoredTensor<'_>,
    parameter: &Parameter,
    statistics: &Statistics,
) -> bool {
    let is_near = scheme.distribution(parameter).is_ok_and(|declared| {
        (declared.deviation() - statistics.deviation).abs() <= NEAR * statistics.deviation
    });
    let values = || Values::new(parameter, Source::Scheme(scheme), 0).into_all();
    is_near
        && values().is_ok_and(|mut values| {
            stored.dtype.round(&mut values);
            values == stored.values
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Dtype;
    use crate::init::{fans::Axes, find};

    #[track_caller]
    fn check(scheme: &str, parameter: &Parameter, expected: &str) {
        let scheme = find(scheme).unwrap();
        let values = Values::new(parameter, Source::Scheme(&*scheme), 0).into_all().unwrap();
        let shape = parameter.shape.axes();
        let stored = StoredTensor { name: "w", shape, dtype: Dtype::F32, values: &values };
        let found = schemes(&stored, parameter, &Statistics::of(&values));
        assert!(found.iter().any(|label| label == expected), "{expected}: {found:?}");
    }

    #[test]
    fn what_no_seed_changes_is_recognized_to_the_bit() {
        let square = Parameter::linear("w", 64, 64);
        check("identity", &square, "identity");
        check("identity:0.9", &square, "identity:0.9");
        check("identity:-2", &square, "identity:-2");
        check("zero-hadamard", &Parameter::linear("w", 48, 20), "zero-hadamard");
        let convolution = Parameter::weight("w", [8, 8, 3, 3], Axes::convolution(1)).unwrap();
        check("dirac", &convolution, "dirac");
    }

    #[test]
    fn one_other_bit_is_another_tensor() {
        let square = Parameter::linear("w", 64, 64);
        let scheme = find("identity").unwrap();
        let mut values = Values::new(&square, Source::Scheme(&*scheme), 0).into_all().unwrap();
        values[1] = f32::MIN_POSITIVE;
        let stored =
            StoredTensor { name: "w", shape: &[64, 64], dtype: Dtype::F32, values: &values };
        assert_eq!(schemes(&stored, &square, &Statistics::of(&values)), [""; 0]);
    }
}
