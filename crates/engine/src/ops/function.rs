//! Elementary functions, element by element: exp, logarithm, square root and their like.

use crate::activations::{Activation, Formula};
use crate::error::Result;
use crate::graph::{Graph, Wire};

use fanin_kernels::Scalar;

use super::activate_scale::ActivateScale;
use super::{Entry, Sample};

pub const ENTRY: Entry = Entry {
    name: "function",
    about: "exp, ln, square root or reciprocal square root of every element",
    samples: || {
        use crate::graph::Type;
        let sample = |f: &dyn Activation| {
            let operator = ActivateScale { activation: f.boxed().into(), order: 0 };
            Sample::new(operator, &[Type::float([3, 4]), Type::float([3, 4])]).within(0.5, 2.0)
        };
        vec![sample(&Exp), sample(&Ln), sample(&SquareRoot), sample(&ReciprocalSquareRoot)]
    },
};

macro_rules! function {
    ($type:ident, $name:literal, $method:ident, $about:literal, |$x:ident| $value:expr) => {
        #[derive(Clone, Debug)]
        struct $type;

        impl Formula for $type {
            const NAME: &'static str = $name;
            const ABOUT: &'static str = $about;

            fn value<S: Scalar>(&self, $x: S) -> S {
                $value
            }
        }

        impl Graph {
            #[doc = concat!($about, ", element by element.")]
            ///
            /// # Errors
            /// None that a wire of this graph can cause.
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
