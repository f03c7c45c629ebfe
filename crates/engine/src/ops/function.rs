//! Elementary functions, element by element: exponential, roots, angles, steps and their like.

use crate::activations::{Activation, Formula};
use crate::error::Result;
use crate::graph::{Graph, Wire};

use fanin_kernels::{Float, Scalar};

use super::activate_scale::ActivateScale;
use super::{Entry, Sample};

pub const ENTRY: Entry = Entry {
    name: "function",
    about: "an elementary function of every element",
    samples: || {
        use crate::graph::Type;
        let sample = |f: &dyn Activation, low: f64, high: f64| {
            let operator = ActivateScale { activation: f.boxed().into(), order: 0 };
            Sample::new(operator, &[Type::float([3, 4]), Type::float([3, 4])]).within(low, high)
        };
        vec![
            sample(&Exp, 0.5, 2.0),
            sample(&Ln, 0.5, 2.0),
            sample(&SquareRoot, 0.5, 2.0),
            sample(&ReciprocalSquareRoot, 0.5, 2.0),
            sample(&Cos, -2.0, 2.0),
            sample(&Tan, -1.0, 1.0),
            sample(&ArcSine, -0.8, 0.8),
            sample(&ArcCosine, -0.8, 0.8),
            sample(&ArcTangent, -2.0, 2.0),
            sample(&HyperbolicSine, -2.0, 2.0),
            sample(&HyperbolicCosine, -2.0, 2.0),
            sample(&AreaSine, -2.0, 2.0),
            sample(&AreaCosine, 1.5, 3.0),
            sample(&AreaTangent, -0.8, 0.8),
            sample(&Absolute, -2.0, -0.1),
            sample(&Sign, 0.1, 2.0),
            sample(&Floor, 1.1, 1.9),
            sample(&Ceil, -1.9, -1.1),
            sample(&Round, 0.6, 1.4),
            sample(&Clamp { low: -0.5, high: 0.5 }, -0.4, 0.4),
            sample(&Clamp { low: -0.5, high: 0.5 }, 0.6, 0.9),
        ]
    },
};

macro_rules! function {
    ($type:ident, $name:literal, $method:ident, $about:literal, |$x:ident| $value:expr $(, |$at:ident| $slope:expr)?) => {
        #[derive(Clone, Debug)]
        struct $type;

        impl Formula for $type {
            const NAME: &'static str = $name;
            const ABOUT: &'static str = $about;

            fn value<S: Scalar>(&self, $x: S) -> S {
                $value
            }

            $(fn slope<T: Float>(&self, $at: T) -> T {
                $slope
            })?
        }

        impl Graph {
            #[doc = concat!($about, ", element by element.")]
            ///
            /// # Errors
            /// If `x` holds integers.
            pub fn $method(&mut self, x: Wire) -> Result<Wire> {
                self.activate(x, &$type)
            }
        }
    };
}

function!(Exp, "exp", exp, "e to the power of x", |x| x.exp());
function!(Ln, "ln", ln, "Natural logarithm", |x| x.ln());
function!(SquareRoot, "sqrt", sqrt, "Square root", |x| x.sqrt());
function!(
    ReciprocalSquareRoot,
    "reciprocal_sqrt",
    reciprocal_sqrt,
    "1 over the square root",
    |x| S::constant(1.0) / x.sqrt()
);
function!(Cos, "cos", cos, "Cosine of an angle in radians", |x| x.cos(), |x| -x.sin());
function!(Tan, "tan", tan, "Tangent of an angle in radians", |x| x.tan());
function!(ArcSine, "asin", asin, "Angle whose sine is x", |x| x.asin());
function!(ArcCosine, "acos", acos, "Angle whose cosine is x", |x| x.acos());
function!(ArcTangent, "atan", atan, "Angle whose tangent is x", |x| x.atan());
function!(HyperbolicSine, "sinh", sinh, "Hyperbolic sine", |x| x.sinh(), |x| x.cosh());
function!(HyperbolicCosine, "cosh", cosh, "Hyperbolic cosine", |x| x.cosh(), |x| x.sinh());
function!(AreaSine, "asinh", asinh, "Inverse of the hyperbolic sine", |x| x.asinh());
function!(AreaCosine, "acosh", acosh, "Inverse of the hyperbolic cosine", |x| x.acosh());
function!(AreaTangent, "atanh", atanh, "Inverse of the hyperbolic tangent", |x| x.atanh());
function!(
    Absolute,
    "absolute",
    absolute,
    "Absolute value, whose slope at 0 is 0",
    |x| x.abs(),
    |x| T::from_f64(sign(x.to_f64()))
);
function!(Sign, "sign", sign, "−1, 0 or 1, as x is negative, 0 or positive", |x| S::constant(
    sign(x.value())
));
function!(Floor, "floor", floor, "The next whole number down", |x| S::constant(x.value().floor()));
function!(Ceil, "ceil", ceil, "The next whole number up", |x| S::constant(x.value().ceil()));
function!(Round, "round", round, "The nearest whole number, of two the even one", |x| S::constant(
    x.value().round_ties_even()
));

/// −1, 0 or 1; 0 and NaN stay as they are.
fn sign(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() { x } else { x.signum() }
}

/// x kept between two bounds; of bounds that cross, the upper one.
#[derive(Clone, Debug)]
struct Clamp {
    low: f64,
    high: f64,
}

impl Formula for Clamp {
    const NAME: &'static str = "clamp";
    const ABOUT: &'static str = "x kept between two bounds";

    fn value<S: Scalar>(&self, x: S) -> S {
        let raised = if x.value() < self.low { S::constant(self.low) } else { x };
        if raised.value() > self.high { S::constant(self.high) } else { raised }
    }
}

impl Graph {
    /// `x` kept between two bounds, infinite for none; of bounds that cross, the upper one holds.
    /// NaN stays, and the slope is 1 inside and at the bounds.
    ///
    /// # Errors
    /// If `x` holds integers.
    pub fn clamp(&mut self, x: Wire, low: f64, high: f64) -> Result<Wire> {
        self.activate(x, &Clamp { low, high })
    }

    /// `x` kept between bounds that are wires of its kind, as
    /// [`clamp`](Self::clamp) does; beyond a bound the gradient is the bound's.
    ///
    /// # Errors
    /// If the kinds differ or the shapes do not stretch to fit each other.
    pub fn clamp_between(
        &mut self,
        x: Wire,
        low: Option<Wire>,
        high: Option<Wire>,
    ) -> Result<Wire> {
        let raised = low.map_or(Ok(x), |low| self.larger(low, x))?;
        high.map_or(Ok(raised), |high| self.smaller(high, raised))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Array, compute};
    use crate::gradients;

    #[track_caller]
    fn check(
        function: impl Fn(&mut Graph, Wire) -> Result<Wire>,
        at: &[f64],
        values: &[f64],
        slopes: &[f64],
    ) {
        let x = Array::float([at.len()], at.to_vec()).unwrap();
        let got = compute(&[&x], 100, |g, w| {
            let y = function(g, w[0])?;
            Ok(vec![y, gradients(g, y, &[w[0]])?[0]])
        });
        let got = got.unwrap();
        assert_eq!(got[0].floats().unwrap(), values);
        assert_eq!(got[1].floats().unwrap(), slopes);
    }

    #[test]
    fn steps_are_those_of_numpy_and_flat() {
        let at = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.0];
        check(Graph::floor, &at, &[-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0], &[0.0; 7]);
        check(Graph::ceil, &at, &[-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 3.0], &[0.0; 7]);
        check(Graph::round, &at, &[-2.0, -2.0, 0.0, 0.0, 2.0, 2.0, 3.0], &[0.0; 7]);
        check(Graph::sign, &[-3.0, 0.0, 2.0], &[-1.0, 0.0, 1.0], &[0.0; 3]);
        check(Graph::absolute, &[-3.0, 0.0, 2.0], &[3.0, 0.0, 2.0], &[-1.0, 0.0, 1.0]);
    }

    #[test]
    fn clamping_has_slope_one_at_its_bounds_as_in_torch() {
        let (at, slopes) = ([-1.0, 0.0, 3.0, 6.0, 7.0], [0.0, 1.0, 1.0, 1.0, 0.0]);
        let values = [0.0, 0.0, 3.0, 6.0, 6.0];
        check(|g, x| g.clamp(x, 0.0, 6.0), &at, &values, &slopes);
        let by_wires = |g: &mut Graph, x| {
            let (low, high) = (g.constant([], 0.0)?, g.constant([], 6.0)?);
            g.clamp_between(x, Some(low), Some(high))
        };
        check(by_wires, &at, &values, &slopes);
        check(|g, x| g.clamp(x, 2.0, 1.0), &[0.0, 3.0], &[1.0, 1.0], &[0.0, 0.0]);
        let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
        check(|g, x| g.clamp(x, low, high), &[-9.0], &[-9.0], &[1.0]);
    }

    #[test]
    fn nan_stays_nan() {
        let x = Array::float([1], vec![f64::NAN]).unwrap();
        let functions =
            [Graph::absolute, Graph::sign, Graph::floor, Graph::round, |g: &mut Graph, x| {
                g.clamp(x, 0.0, 1.0)
            }];
        for function in functions {
            let got = compute(&[&x], 1, |g, w| Ok(vec![function(g, w[0])?])).unwrap();
            assert!(got[0].floats().unwrap()[0].is_nan());
        }
    }
}
