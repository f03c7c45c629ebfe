//! An activation that a user writes down: `x*tanh(log(1+exp(x)))`.
//!
//! ```text
//! text ── parser ──► Node (a tree) ──► value and derivatives over any `Scalar`; kinks
//! ```
//!
//! | in the text | meaning |
//! |---|---|
//! | `x`, `1.5`, `2e-3`, `pi`, `e` | the input, numbers |
//! | `+ - * / ^` or `**`, `( )` | arithmetic; a power binds tightest, from the right |
//! | `exp expm1 log log1p sqrt sin cos tanh erf erfc` | the usual functions, angles in radians |
//! | `abs sign step relu sigmoid softplus silu gelu` | of one argument; `step` is 1 above 0, else 0 |
//! | `max min` of two, `clip(x, low, high)` | pieces |

mod node;
mod sides;
mod rounding;
mod parser;
mod kinks;
mod table;
mod published;

#[cfg(test)]
mod tests;

use std::str::FromStr;

use fanin_engine::activations::{Activation, Formula};
use fanin_kernels::{Float, Jet, Scalar};

use super::growth::{is_endless, jumps, pole, slope_growth};
use crate::error::{Error, Result};
use node::Node;
use table::Tabulated;

/// An activation given as text.
///
/// ```
/// use fanin::engine::activations::Activation;
/// let mish: fanin::theory::Expression = "x*tanh(log(1+exp(x)))".parse()?;
/// assert!((mish.at(0, 1.0) - 0.865_098_388_3).abs() < 1e-10);
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    node: Node,
    kinks: Vec<f64>,
}

impl FromStr for Expression {
    type Err = Error;

    /// Reads an expression in `x`.
    ///
    /// # Errors
    /// [`Error::Grammar`] with a caret under the mistake; also for an expression that is too long
    /// or too deep, that is not a number at some x, or that overflows for |x| ≤ 40.
    fn from_str(text: &str) -> Result<Self> {
        let node = parser::parse(text)?;
        let kinks = kinks::kinks(&node);
        let expression = Self { text: text.trim().to_owned(), node, kinks };
        expression.hold_finite(text)?;
        Ok(expression)
    }
}

impl Expression {
    /// Operations of one value.
    fn operations(&self) -> usize {
        self.node.operations()
    }

    /// The value must be a number wherever a normal input may lie.
    fn hold_finite(&self, text: &str) -> Result<()> {
        const REACH: i32 = 320;
        let points = (-REACH..=REACH).map(|k| f64::from(k) / 8.0);
        let is_wrong = |x: &f64| !self.at(0, *x).is_finite() || self.at(1, *x).is_nan();
        let Some(x) = points.chain([1e-3, -1e-3]).find(is_wrong) else { return Ok(()) };
        // The nearest to 0 of both sides says whether it is a place or a growth that is the matter.
        let nearest = (0..=REACH).map(|k| f64::from(k) / 8.0).flat_map(|x| [x, -x]).find(is_wrong);
        let found = self.what_is_wrong(x, nearest.unwrap_or(x));
        Err(Error::Grammar {
            what: "activation",
            text: text.to_owned(),
            start: 0,
            end: text.len(),
            expected: format!("{found}, expected numbers at every x from -40 to 40"),
        })
    }

    /// In words, with a remedy, where it is first wrong from the left at `x`, and `nearest` to 0.
    fn what_is_wrong(&self, x: f64, nearest: f64) -> String {
        let (value, slope) = (self.at(0, x), self.at(1, x));
        let beside = |sign: f64| self.at(0, nearest + sign * 0.01);
        if value.is_nan() && beside(1.0).is_finite() && beside(-1.0).is_finite() {
            return format!(
                "it is 0/0 or the like at x = {nearest}, though not beside it: shift that place a trifle, \
                 sin(x+1e-6)/(x+1e-6) for sin(x)/x"
            );
        }
        if value.is_nan() {
            return format!(
                "it is no number at x = {x}: a logarithm, a root or a broken power takes abs(x) or relu(x) \
                 in place of x"
            );
        }
        if value.is_finite() {
            return format!(
                "it is {value} at x = {x} but has no slope there ({slope}): add a trifle to what a root, a \
                 power or a divisor takes"
            );
        }
        if beside(1.0).is_finite() && beside(-1.0).is_finite() {
            return format!(
                "it is infinite at x = {nearest}: keep what it is divided by away from 0, as in 1/(1+x^2)"
            );
        }
        format!(
            "it grows too steeply and is beyond the numbers of a computer from x = {nearest} on: a lower \
             power or exponent, or clip(x, -10, 10) in place of x, keeps it within"
        )
    }
}

/// Kinks at most: a function with more bends too often for the grid on which they are found.
const MOST_KINKS: usize = 512;

impl Expression {
    /// Theory averages squared slopes, so the value may not jump, and bends must be few.
    fn hold_together(&self, text: &str) -> Result<()> {
        let refuse = |expected: String| {
            let (text, end) = (text.to_owned(), text.len());
            Err(Error::Grammar { what: "activation", text, start: 0, end, expected })
        };
        if self.kinks.len() > MOST_KINKS {
            let kinks = self.kinks.len();
            return refuse(format!("it has {kinks} kinks, expected at most {MOST_KINKS}"));
        }
        match self.kinks.iter().find(|kink| jumps(self, **kink)) {
            Some(kink) => refuse(format!(
                "it jumps at x = {kink}, where its slope has no finite mean square; expected a \
                 function without jumps"
            )),
            None => Ok(()),
        }
    }
}

impl Formula for Expression {
    const NAME: &'static str = "expression";
    const ABOUT: &'static str = "an activation written by the user";

    fn value<S: Scalar>(&self, x: S) -> S {
        self.node.value(x)
    }

    fn slope<T: Float>(&self, x: T) -> T {
        self.node.value(Jet::variable(x)).derivative(1)
    }

    fn kinks(&self) -> &[f64] {
        &self.kinks
    }

    fn label(&self) -> String {
        self.text.clone()
    }
}

/// The activation that `text` says: one of the registry, or else an expression in x.
///
/// # Errors
/// [`Error::Unknown`] for a word that no activation has for a name, [`Error::Grammar`] for the name of a
/// published one that is written otherwise here, for a mistake in an expression, and for one that jumps, has
/// poles or too many kinks for theory.
///
/// ```
/// assert_eq!(fanin::theory::activation("gelu")?.name(), "gelu");
/// assert_eq!(fanin::theory::activation("x*sigmoid(1.702*x)")?.name(), "expression");
/// assert!(fanin::theory::activation("gelo").is_err());
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn activation(text: &str) -> Result<Box<dyn Activation>> {
    use fanin_engine::activations::{find, names};
    let text = text.trim();
    if let Some(found) = find(text) {
        return Ok(found);
    }
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_:.-".contains(c));
    if is_word && text.split('-').next() != Some("x") && !text.contains("-x") {
        return Err(match published::find(text) {
            Some(published) => Error::Grammar {
                what: "activation",
                text: text.to_owned(),
                start: 0,
                end: text.len(),
                expected: published.says(text),
            },
            None => Error::unknown("activation", text, &names()),
        });
    }
    let expression = text.parse::<Expression>()?;
    expression.hold_together(text)?;
    let tabulated = Tabulated::new(expression);
    hold_slopes(&tabulated, text)?;
    Ok(Box::new(tabulated))
}

/// Theory averages squared slopes: a slope may have no bound only where it grows slower than d^(−1/2).
fn hold_slopes(tabulated: &Tabulated, text: &str) -> Result<()> {
    /// How near to a kink slopes are read.
    const NEAREST: f64 = 1e-9;
    let slope = |x: f64| tabulated.slope(x);
    let is_steep = |kink: &&f64| {
        slope_growth(&slope, **kink, NEAREST * kink.abs().max(1.0)).is_some_and(is_endless)
    };
    let Some(place) = tabulated.kinks().iter().find(is_steep).copied().or_else(|| pole(&slope))
    else {
        return Ok(());
    };
    Err(Error::Grammar {
        what: "activation",
        text: text.to_owned(),
        start: 0,
        end: text.len(),
        expected: format!(
            "its slope grows without bound towards x = {}, where it has no finite mean square; \
             expected a function without poles, whose slope has a bound",
            (1e6 * place).round() / 1e6
        ),
    })
}
