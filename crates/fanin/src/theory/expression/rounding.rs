//! The most by which rounding may put a value and a slope off, carried through a tree.

use fanin_kernels::Jet;

use super::node::{Node, Operator};

/// Half of what a last digit is worth.
const HALF: f64 = 0.5 * f64::EPSILON;

/// A value and a slope, and what both may be off by.
#[derive(Clone, Copy, Debug)]
pub struct Rounded {
    pub value: f64,
    pub slope: f64,
    pub of_value: f64,
    pub of_slope: f64,
}

impl Rounded {
    fn exact(value: f64, slope: f64) -> Self {
        Self { value, slope, of_value: 0.0, of_slope: 0.0 }
    }

    /// Of a function with this value and these first two derivatives, of which the first is off by `apart` and rounding.
    fn through(self, [value, first, second]: [f64; 3], apart: f64) -> Self {
        let slope = first * self.slope;
        let of_first = second.abs() * self.of_value + 2.0 * HALF * first.abs() + apart;
        Self {
            value,
            slope,
            of_value: known(first.abs() * self.of_value) + HALF * value.abs(),
            of_slope: known(first.abs() * self.of_slope + self.slope.abs() * of_first),
        }
    }
}

/// What is no number, as beside a place where a slope has no bound, says nothing.
fn known(error: f64) -> f64 {
    if error.is_finite() { error } else { 0.0 }
}

impl Node {
    /// Its value and slope at `x`, and the most that rounding may put them off by.
    pub fn rounded(&self, x: f64) -> Rounded {
        match self {
            Self::X => Rounded::exact(x, 1.0),
            Self::Constant(constant) => Rounded::exact(*constant, 0.0),
            Self::Apply(function, u) => {
                let u = u.rounded(x);
                let jet = function.value(Jet::variable(u.value));
                u.through([0, 1, 2].map(|order| jet.derivative(order)), 0.0)
            }
            Self::Power(u, power) => {
                let u = u.rounded(x);
                let n = f64::from(*power);
                let of = |less: i32| u.value.powi(power - less);
                let derivatives = [of(0), n * of(1), n * (n - 1.0) * of(2)];
                let mut found = u.through(derivatives, n.abs() * HALF * derivatives[1].abs());
                found.of_value += n.abs() * HALF * found.value.abs();
                found
            }
            Self::Combine(operator, u, v) => combined(*operator, u.rounded(x), v.rounded(x)),
        }
    }
}

fn combined(operator: Operator, u: Rounded, v: Rounded) -> Rounded {
    let value = operator.value(u.value, v.value);
    match operator {
        Operator::Add | Operator::Subtract => {
            let sign = if operator == Operator::Add { 1.0 } else { -1.0 };
            let slope = u.slope + sign * v.slope;
            Rounded {
                value,
                slope,
                of_value: u.of_value + v.of_value + HALF * value.abs(),
                of_slope: u.of_slope + v.of_slope + HALF * slope.abs(),
            }
        }
        Operator::Multiply => {
            let product = |u: f64, v: f64, of_u: f64, of_v: f64| {
                u.abs() * of_v + v.abs() * of_u + 2.0 * HALF * (u * v).abs()
            };
            Rounded {
                value,
                slope: u.slope * v.value + u.value * v.slope,
                of_value: product(u.value, v.value, u.of_value, v.of_value),
                of_slope: product(u.slope, v.value, u.of_slope, v.of_value)
                    + product(u.value, v.slope, u.of_value, v.of_slope),
            }
        }
        Operator::Divide => {
            let size = v.value.abs().max(f64::MIN_POSITIVE);
            let slope = (u.slope - value * v.slope) / v.value;
            let of_value =
                known((u.of_value + value.abs() * v.of_value) / size) + HALF * value.abs();
            let parts = u.of_slope + value.abs() * v.of_slope + v.slope.abs() * of_value;
            let terms = 2.0 * HALF * (u.slope.abs() + (value * v.slope).abs());
            let of_slope = known((parts + terms + slope.abs() * v.of_value) / size);
            Rounded { value, slope, of_value, of_slope }
        }
        Operator::Power => {
            let size = u.value.abs().max(f64::MIN_POSITIVE);
            let logarithm = size.ln().abs();
            let share = v.value.abs() * u.of_value / size
                + logarithm * (v.of_value + 2.0 * HALF * v.value.abs())
                + 2.0 * HALF;
            let slope = value * (v.value * u.slope / u.value + v.slope * logarithm);
            let of_slope = slope.abs() * (share + 2.0 * HALF)
                + value.abs() * (v.value.abs() * u.of_slope / size + logarithm * v.of_slope);
            let of_value = known(value.abs() * share);
            Rounded { value, slope, of_value, of_slope: known(of_slope) }
        }
        Operator::Max | Operator::Min => {
            let taken = if value == u.value { u } else { v };
            Rounded { of_value: u.of_value.max(v.of_value), ..taken }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HALF;
    use crate::theory::expression::parser::parse;

    #[test]
    fn values_that_are_small_beside_their_parts_round_the_most() {
        let of = |text: &str, x: f64| parse(text).unwrap().rounded(x);
        let found = of("(x + 1000) - 1000", 0.3);
        assert!((found.value - 0.3).abs() <= found.of_value && found.of_value < 1e-12, "{found:?}");
        let found = of("exp(1.1*x)", -50.0);
        assert!(found.of_value > 50.0 * HALF * found.value, "{found:?}");
        assert!(found.of_value < 120.0 * HALF * found.value, "{found:?}");
        assert_eq!(of("x", 0.3).of_value, 0.0);
    }

    #[test]
    fn slopes_are_those_of_the_tree_and_round_with_their_parts() {
        for text in ["x*tanh(log(1+exp(x)))", "sin(x)/(1+x^2)", "max(x, 0.1*x)^3", "abs(x)^1.7"] {
            let node = parse(text).unwrap();
            for x in [-1.3, 0.4, 2.1] {
                let found = node.rounded(x);
                let step = 1e-6;
                let slope = (node.value(x + step) - node.value(x - step)) / (2.0 * step);
                assert!((found.slope - slope).abs() < 1e-8, "{text} at {x}: {found:?} {slope}");
                assert!(found.of_slope < 1e-14 && found.of_value < 1e-14, "{text}: {found:?}");
            }
        }
        // Where the slope is 0, its parts are not.
        let found = parse("x*tanh(log(1+exp(x)))").unwrap().rounded(-1.192_399_8);
        assert!(found.slope.abs() < 1e-3 && found.of_slope > 1e-17, "{found:?}");
    }
}
