//! Whether the form of a tree shows that it is a power on both sides of 0.

use super::node::{Function, Node, Operator};

/// φ(x) = `above`·xᵖ for x > 0 and `below`·|x|ᵖ for x < 0, p the `degree`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sides {
    pub above: f64,
    pub below: f64,
    pub degree: f64,
}

impl Sides {
    fn map(self, of: impl Fn(f64) -> f64, degree: f64) -> Self {
        Self { above: of(self.above), below: of(self.below), degree }
    }

    fn with(self, other: Self, of: impl Fn(f64, f64) -> f64, degree: f64) -> Self {
        let (above, below) = (of(self.above, other.above), of(self.below, other.below));
        Self { above, below, degree }
    }

    /// 0 is a power of any degree.
    fn is_zero(self) -> bool {
        self.above == 0.0 && self.below == 0.0
    }

    fn is_positive(self) -> bool {
        self.above >= 0.0 && self.below >= 0.0
    }
}

impl Node {
    /// The powers that it is on both sides of 0, if its form shows that it is.
    pub fn homogeneous(&self) -> Option<Sides> {
        let found = match self {
            Self::X => Sides { above: 1.0, below: -1.0, degree: 1.0 },
            Self::Constant(c) => Sides { above: *c, below: *c, degree: 0.0 },
            Self::Power(u, power) => {
                let u = u.homogeneous()?;
                u.map(|side| side.powi(*power), f64::from(*power) * u.degree)
            }
            Self::Apply(function, u) => of_function(*function, u.homogeneous()?)?,
            Self::Combine(operator, u, v) => {
                of_operator(*operator, u.homogeneous()?, v.homogeneous()?)?
            }
        };
        (found.above.is_finite() && found.below.is_finite()).then_some(found)
    }
}

fn of_function(function: Function, u: Sides) -> Option<Sides> {
    let step = |side: f64| if side > 0.0 { 1.0 } else { 0.0 };
    Some(match function {
        Function::Negate => u.map(|side| -side, u.degree),
        Function::Abs => u.map(f64::abs, u.degree),
        Function::Relu => u.map(|side| side.max(0.0), u.degree),
        Function::Sqrt if u.is_positive() => u.map(f64::sqrt, 0.5 * u.degree),
        Function::Sign => u.map(|side| if side == 0.0 { 0.0 } else { side.signum() }, 0.0),
        Function::Step => u.map(step, 0.0),
        // Of what is constant on both sides any function is.
        _ if u.degree == 0.0 => u.map(|side| function.value(side), 0.0),
        _ => return None,
    })
}

fn of_operator(operator: Operator, u: Sides, v: Sides) -> Option<Sides> {
    let alike = u.degree == v.degree || u.is_zero() || v.is_zero();
    let degree = if u.is_zero() { v.degree } else { u.degree };
    Some(match operator {
        Operator::Multiply => u.with(v, |u, v| u * v, u.degree + v.degree),
        Operator::Divide => u.with(v, |u, v| u / v, u.degree - v.degree),
        Operator::Add if alike => u.with(v, |u, v| u + v, degree),
        Operator::Subtract if alike => u.with(v, |u, v| u - v, degree),
        Operator::Max if alike => u.with(v, f64::max, degree),
        Operator::Min if alike => u.with(v, f64::min, degree),
        Operator::Power if v.degree == 0.0 && v.above == v.below && u.is_positive() => {
            u.map(|side| side.powf(v.above), u.degree * v.above)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::theory::expression::parser::parse;

    #[test]
    fn powers_are_known_by_their_form() {
        for (text, expected) in [
            ("abs(x)^0.7", Some((1.0, 1.0, 0.7))),
            ("max(x, 0.1*x)", Some((1.0, -0.1, 1.0))),
            ("max(x, 0)^1.5", Some((1.0, 0.0, 1.5))),
            ("sign(x)*sqrt(abs(x))", Some((1.0, -1.0, 0.5))),
            ("x*abs(x) + relu(x)^2", Some((2.0, -1.0, 2.0))),
            ("(2*x)^3/x", Some((8.0, 8.0, 2.0))),
            ("exp(sign(x)) - 1", Some((1_f64.exp() - 1.0, (-1_f64).exp() - 1.0, 0.0))),
            ("3", Some((3.0, 3.0, 0.0))),
            ("abs(x - 0.1)^0.7", None),
            ("tanh(1e6*x)", None),
            ("x + x^2", None),
            ("max(x, 0) + 1e-9*tanh(x)", None),
            ("max(x, 1)", None),
            ("x^0.5", None),
        ] {
            let found = parse(text).unwrap().homogeneous();
            match expected {
                None => assert_eq!(found, None, "{text}"),
                Some((above, below, degree)) => {
                    let found = found.unwrap_or_else(|| panic!("{text}"));
                    let pairs =
                        [(found.above, above), (found.below, below), (found.degree, degree)];
                    for (got, want) in pairs {
                        assert!((got - want).abs() < 1e-14, "{text}: {found:?}");
                    }
                }
            }
        }
    }
}
