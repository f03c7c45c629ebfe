//! An expression whose value and slope are read from a table: averages ask for them millions of times.
//!
//! The line is cut at kinks and halved until sixteen Chebyshev polynomials say each piece to
//! rounding; towards 0 pieces halve in any case, so that small values keep their digits. What no
//! such piece says is asked of the expression itself.

use std::f64::consts::PI;
use std::sync::LazyLock;

use fanin_engine::activations::Activation;

use super::Expression;

/// Polynomials of a piece.
const TERMS: usize = 16;
/// Where pieces are no longer halved: ten deviations of a second moment of 100.
const REACH: f64 = 100.0;
/// Pieces beyond it on each side, each twice as wide as the one before: a sum of kinks is a line
/// there, and a start that explodes asks for it.
const BEYOND: i32 = 60;
/// Kinks from which on averages ask for the second derivative as often as for the slope.
const MANY_KINKS: usize = 16;
/// Below it, to both sides, the expression itself is asked.
const BESIDE_ZERO: f64 = 1.0 / 1_048_576.0;
/// A piece that is narrower, and still not smooth, is not halved any more.
const NARROWEST: f64 = 1e-9;
/// Even parts of the line within [`REACH`] in each of which pieces are searched for alone.
const BUCKETS: usize = 4096;
/// Pieces at most; a function that asks for more is not tabulated further.
const MOST_PIECES: usize = 1 << 14;

/// An [`Expression`] and the tables of its value and slope.
#[derive(Clone, Debug)]
pub struct Tabulated {
    expression: Expression,
    /// Of the value and its derivatives.
    tables: Vec<Table>,
}

impl Tabulated {
    /// Tabulates `expression`, and its slope; with many kinks the second derivative, too.
    pub fn new(expression: Expression) -> Self {
        let orders = if expression.kinks.len() > MANY_KINKS { 0..3 } else { 0..2 };
        let table = |order: usize| {
            let rounding = |x: f64| Rounding::of(&expression, order, x);
            Table::new(&expression.kinks, &rounding, &|x| expression.at(order, x))
        };
        let tables = orders.map(table).collect();
        Self { expression, tables }
    }
}

impl Tabulated {
    /// The slope, for places where the table has none.
    pub fn slope(&self, x: f64) -> f64 {
        self.expression.at(1, x)
    }
}

/// What a value or derivative leaves uncertain: what rounds in a value that is small beside its parts is
/// seen by no number of pieces.
#[derive(Clone, Copy, Debug)]
struct Rounding {
    /// As a share of the largest value of a piece.
    share: f64,
    /// In itself.
    size: f64,
}

impl Rounding {
    /// Of the derivative of this order at `x`; of a second one as of the slope, for it is no more than a guess.
    fn of(expression: &Expression, order: usize, x: f64) -> Self {
        /// The part of the most that can round that does, on average.
        const PART: f64 = 0.5;
        /// What has no digits left, as its square is below all numbers.
        const NOTHING: f64 = 1e-300;
        let share = f64::EPSILON * (0.1 * expression.operations() as f64).max(1.0);
        let found = expression.node.rounded(x);
        let size = PART * if order == 0 { found.of_value } else { found.of_slope };
        Self { share, size: size.max(NOTHING) }
    }

    /// The larger of both.
    fn or(self, other: Self) -> Self {
        Self { share: self.share.max(other.share), size: self.size.max(other.size) }
    }
}

impl Activation for Tabulated {
    fn name(&self) -> &'static str {
        self.expression.name()
    }

    fn about(&self) -> &'static str {
        self.expression.about()
    }

    fn label(&self) -> String {
        Activation::label(&self.expression)
    }

    fn kinks(&self) -> &[f64] {
        &self.expression.kinks
    }

    fn with_parameter(&self, parameter: Option<f64>) -> Option<Box<dyn Activation>> {
        parameter.is_none().then(|| self.boxed())
    }

    fn homogeneity(&self) -> Option<f64> {
        self.expression.node.homogeneous().map(|sides| sides.degree)
    }

    fn at(&self, order: usize, x: f64) -> f64 {
        let table = self.tables.get(order);
        table.and_then(|table| table.at(x)).unwrap_or_else(|| self.expression.at(order, x))
    }

    fn apply_f32(&self, order: usize, x: &[f32], out: &mut [f32]) {
        self.expression.apply_f32(order, x, out);
    }

    fn apply_f64(&self, order: usize, x: &[f64], out: &mut [f64]) {
        self.expression.apply_f64(order, x, out);
    }

    fn change_f32(&self, order: usize, x: &mut [f32]) {
        self.expression.change_f32(order, x);
    }

    fn change_f64(&self, order: usize, x: &mut [f64]) {
        self.expression.change_f64(order, x);
    }

    fn scale_f32(&self, order: usize, x: &[f32], factor: &[f32], out: &mut [f32]) {
        self.expression.scale_f32(order, x, factor, out);
    }

    fn scale_f64(&self, order: usize, x: &[f64], factor: &[f64], out: &mut [f64]) {
        self.expression.scale_f64(order, x, factor, out);
    }

    fn rescale_f32(&self, order: usize, x: &[f32], factor: &mut [f32]) {
        self.expression.rescale_f32(order, x, factor);
    }

    fn rescale_f64(&self, order: usize, x: &[f64], factor: &mut [f64]) {
        self.expression.rescale_f64(order, x, factor);
    }

    fn boxed(&self) -> Box<dyn Activation> {
        Box::new(self.clone())
    }
}

/// A function as polynomials between the ends of pieces.
#[derive(Clone, Debug, Default)]
struct Table {
    /// Where pieces begin, ascending.
    starts: Vec<f64>,
    pieces: Vec<Piece>,
    /// How many pieces begin before each of [`BUCKETS`] + 1 places that are laid evenly from −[`REACH`] to it.
    before: Vec<usize>,
}

/// A function on one piece; none where it is not smooth there.
#[derive(Clone, Debug)]
struct Piece {
    middle: f64,
    /// 2 over the width.
    scale: f64,
    series: Option<Series>,
}

/// Coefficients of Chebyshev polynomials, and how many count.
#[derive(Clone, Debug)]
struct Series {
    terms: usize,
    coefficients: [f64; TERMS],
}

impl Table {
    fn new(kinks: &[f64], rounding: &dyn Fn(f64) -> Rounding, of: &dyn Fn(f64) -> f64) -> Self {
        let halves = (0..).map(|k| REACH * f64::powi(0.5, k)).take_while(|x| *x > BESIDE_ZERO);
        let mut ends: Vec<f64> = halves.flat_map(|x| [x, -x]).collect();
        ends.extend([BESIDE_ZERO, -BESIDE_ZERO]);
        ends.extend(kinks.iter().filter(|kink| kink.abs() < REACH));
        ends.sort_by(f64::total_cmp);
        ends.dedup();
        let beyond = |k: i32| [REACH * f64::powi(2.0, k), REACH * f64::powi(2.0, k + 1)];
        let mut table = Self::default();
        for [near, far] in (0..BEYOND).rev().map(beyond) {
            table.piece([-far, -near], kinks, rounding, of);
        }
        // From the middle outwards: where pieces run out, inputs are the rarest.
        let mut windows: Vec<[f64; 2]> = ends.windows(2).map(|pair| [pair[0], pair[1]]).collect();
        windows.sort_by(|a, b| (a[0] + a[1]).abs().total_cmp(&(b[0] + b[1]).abs()));
        let mut inner = Self::default();
        for [start, end] in windows {
            inner.add(start, end, rounding, of);
        }
        let mut pieces: Vec<(f64, Piece)> = inner.starts.into_iter().zip(inner.pieces).collect();
        pieces.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (start, piece) in pieces {
            table.starts.push(start);
            table.pieces.push(piece);
        }
        for [near, far] in (0..BEYOND).map(beyond) {
            table.piece([near, far], kinks, rounding, of);
        }
        table.before = (0..=BUCKETS)
            .map(|place| {
                let from = REACH * (2.0 * place as f64 / BUCKETS as f64 - 1.0);
                table.starts.partition_point(|start| *start < from)
            })
            .collect();
        table
    }

    /// A piece that is not halved: with a kink inside it says nothing.
    fn piece(
        &mut self,
        [start, end]: [f64; 2],
        kinks: &[f64],
        rounding: &dyn Fn(f64) -> Rounding,
        of: &dyn Fn(f64) -> f64,
    ) {
        let is_whole = !kinks.iter().any(|kink| (start..=end).contains(kink));
        let piece = Piece::new([start, end], is_whole, rounding, of);
        self.starts.push(start);
        self.pieces.push(piece);
    }

    fn add(
        &mut self,
        start: f64,
        end: f64,
        rounding: &dyn Fn(f64) -> Rounding,
        of: &dyn Fn(f64) -> f64,
    ) {
        let beside_zero = start >= -BESIDE_ZERO && end <= BESIDE_ZERO;
        let piece = Piece::new([start, end], !beside_zero, rounding, of);
        let is_last = end - start < NARROWEST || self.pieces.len() >= MOST_PIECES;
        if piece.series.is_some() || beside_zero || is_last {
            self.starts.push(start);
            self.pieces.push(piece);
        } else {
            self.add(start, piece.middle, rounding, of);
            self.add(piece.middle, end, rounding, of);
        }
    }

    /// The function inside of a piece; none at its ends, where the pieces may differ.
    fn at(&self, x: f64) -> Option<f64> {
        let place = self.count_before(x).checked_sub(1)?;
        let piece = &self.pieces[place];
        let t = (x - piece.middle) * piece.scale;
        let series = piece.series.as_ref().filter(|_| t < 1.0)?;
        Some(series.at(t))
    }
}

impl Table {
    /// How many pieces begin before `x`.
    fn count_before(&self, x: f64) -> usize {
        let place = (x + REACH) * (BUCKETS as f64 / (2.0 * REACH));
        if !(1.0..BUCKETS as f64 - 1.0).contains(&place) {
            return self.starts.partition_point(|start| *start < x);
        }
        // One further on both sides, for a place may round over an end.
        let (low, high) = (self.before[place as usize - 1], self.before[place as usize + 2]);
        low + self.starts[low..high].partition_point(|start| *start < x)
    }
}

impl Piece {
    /// From start to end; without a series where it `may` have none.
    fn new(
        [start, end]: [f64; 2],
        may: bool,
        rounding: &dyn Fn(f64) -> Rounding,
        of: &dyn Fn(f64) -> f64,
    ) -> Self {
        let (middle, scale) = (f64::midpoint(start, end), 2.0 / (end - start));
        // A place rounds, too, so a value counts where it was really asked for.
        let asked = |t: f64| {
            let x = middle + t / scale;
            ((x - middle) * scale, of(x))
        };
        let series = may.then(|| {
            let at = |t: f64| rounding(middle + t / scale);
            Series::of(at(-0.98).or(at(0.05)).or(at(0.98)), asked)
        });
        Self { middle, scale, series: series.flatten() }
    }
}

/// cos(πm/32) by whole thirty-seconds of a half turn, to rounding.
fn cosine(m: usize) -> f64 {
    let angle = |parts: usize| PI * parts as f64 / (2 * TERMS) as f64;
    match m % (4 * TERMS) {
        m if m > 2 * TERMS => cosine(4 * TERMS - m),
        m if m > TERMS => -cosine(2 * TERMS - m),
        m if m > TERMS / 2 => angle(TERMS - m).sin(),
        m => angle(m).cos(),
    }
}

/// Tₖ at the sixteen nodes, k by k; T₁ are the nodes themselves.
///
/// What they are off by would add up to terms that no smooth function has.
static COSINES: LazyLock<[[f64; TERMS]; TERMS]> =
    LazyLock::new(|| std::array::from_fn(|k| std::array::from_fn(|i| cosine(k * (2 * i + 1)))));

/// dTₖ/dt at the nodes: k·sin(kθ)/sin θ at t = cos θ.
static SLOPES: LazyLock<[[f64; TERMS]; TERMS]> = LazyLock::new(|| {
    // sin(πm/32) is the cosine of a quarter turn less.
    let sine = |m: usize| cosine(m + 3 * TERMS);
    std::array::from_fn(|k| {
        std::array::from_fn(|i| k as f64 * sine(k * (2 * i + 1)) / sine(2 * i + 1))
    })
});

impl Series {
    /// The polynomials that say `of`, which gives the place where it was asked with its value there, on −1
    /// to 1, if sixteen do to what its own `rounding` leaves.
    fn of(rounding: Rounding, of: impl Fn(f64) -> (f64, f64)) -> Option<Self> {
        /// How many times that sixteen values together leave uncertain.
        const UNCERTAIN: f64 = 8.0;
        /// Places between the nodes, uneven, at which the polynomials are tried.
        const TRIED: [f64; 5] = [-0.971, -0.613, 0.067, 0.541, 0.988];
        let (cosines, slopes) = (&*COSINES, &*SLOPES);
        let asked: [(f64, f64); TERMS] = std::array::from_fn(|i| of(cosines[1][i]));
        let values = asked.map(|(_, value)| value);
        let largest = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        let uncertain = rounding.size.max(rounding.share * largest);
        let raw = coefficients(&values);
        let moved: [f64; TERMS] = std::array::from_fn(|i| {
            let slope: f64 = raw.iter().zip(slopes).map(|(c, slopes)| c * slopes[i]).sum();
            values[i] - slope * (asked[i].0 - cosines[1][i])
        });
        let coefficients = coefficients(&moved);
        let counts = |c: &f64| c.abs() > uncertain;
        let terms = coefficients.iter().rposition(counts).map_or(1, |last| last + 1);
        let series = Self { terms, coefficients };
        let says = |t: f64| {
            let (t, value) = of(t);
            (series.at(t) - value).abs() <= UNCERTAIN * uncertain
        };
        // Two terms that do not count, or what follows would.
        (largest.is_finite() && terms + 2 <= TERMS && TRIED.into_iter().all(says)).then_some(series)
    }

    /// Clenshaw's recurrence.
    fn at(&self, t: f64) -> f64 {
        let (mut next, mut after) = (0.0, 0.0);
        for &coefficient in self.coefficients[1..self.terms].iter().rev() {
            (next, after) = (2.0 * t * next - after + coefficient, next);
        }
        t * next - after + self.coefficients[0]
    }
}

/// Of the polynomials through `values` at the nodes.
fn coefficients(values: &[f64; TERMS]) -> [f64; TERMS] {
    std::array::from_fn(|k| {
        let sum: f64 = values.iter().zip(&COSINES[k]).map(|(value, cosine)| value * cosine).sum();
        sum * if k == 0 { 1.0 } else { 2.0 } / TERMS as f64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_say_what_the_expression_says() {
        for text in [
            "x*tanh(log(1+exp(x)))",
            "sin(50*x)*x + abs(x - 0.3)",
            "relu(x)^2 - relu(x - 1)^2",
            "sqrt(abs(x))",
            "x/(1+abs(x))",
            "clip(x, -1, 1)",
            "abs(sin(7*x))",
            "exp(-x^2)",
        ] {
            let expression: Expression = text.parse().unwrap();
            let table = Tabulated::new(expression.clone());
            for k in -500..500 {
                let x = 0.2537 * f64::from(k) + 1e-7;
                for order in 0..2 {
                    let (found, exact) = (table.at(order, x), expression.at(order, x));
                    // Of sin(50·x)·x the argument rounds, and its slope has 50²·x times that.
                    let steep = if text.contains("50*x") { 50.0 * x } else { 0.0 };
                    let rounding = steep * steep * f64::EPSILON;
                    let near = (found - exact).abs() <= 1e-12 * exact.abs().max(1.0) + rounding;
                    assert!(near, "{text}, order {order} at {x}: {found} {exact}");
                }
            }
        }
    }

    /// A hundred kinks: every piece between them is a line, though its value rounds a hundred times.
    #[test]
    fn pieces_of_long_sums_are_few() {
        let term = |k: i32| format!("abs(x-{:.3})", 0.08 * f64::from(k - 50) + 0.013);
        let terms: Vec<String> = (0..100).map(term).collect();
        let expression: Expression = terms.join(" + ").parse().unwrap();
        let table = Tabulated::new(expression.clone());
        for own in &table.tables {
            assert!(own.pieces.len() < 420, "{}", own.pieces.len());
            assert!(own.pieces.iter().filter(|piece| piece.series.is_none()).count() < 3);
        }
        for k in -500..500 {
            let x = 0.2537 * f64::from(k) + 1e-7;
            for order in 0..3 {
                let (found, exact) = (table.at(order, x), expression.at(order, x));
                // A slope is the sum of a hundred signs, a value that of a hundred distances.
                assert!((found - exact).abs() <= 1e-13 * exact.abs().max(100.0), "{order} at {x}");
            }
        }
    }

    /// Values that are small beside their parts, and slopes whose places round: each was once asked of the
    /// expression nearly everywhere.
    #[test]
    fn pieces_are_few_whatever_rounds() {
        let saw = [8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.125, 0.0625, 0.03];
        let saw = saw.iter().fold("x".to_owned(), |text, step| format!("abs({text})-{step}"));
        for (text, most) in [
            (saw.as_str(), 4000),
            ("x*tanh(log(1+exp(x)))", 3000),
            ("tanh(x) - 0.5", 3000),
            ("x*sigmoid(1.702*x)", 3000),
            ("log(1+x^2)", 3000),
            ("exp(-x^2)", 3000),
        ] {
            let expression: Expression = text.parse().unwrap();
            let table = Tabulated::new(expression.clone());
            for (order, own) in table.tables.iter().enumerate() {
                assert!(own.pieces.len() < most, "{text}, {order}: {}", own.pieces.len());
            }
            let asked = |k: i32| {
                let x = 0.0254 * f64::from(k) + 1e-7;
                (0..2).filter(|order| table.tables[*order].at(x).is_none()).count()
            };
            let without: usize = (-800..800).map(asked).sum();
            assert!(without < 160, "{text}: {without} of 3200 places without a piece");
            for k in -800..800 {
                let x = 0.0254 * f64::from(k) + 1e-7;
                for order in 0..2 {
                    let (found, exact) = (table.at(order, x), expression.at(order, x));
                    let near = (found - exact).abs() <= 2e-14 * exact.abs().max(1.0);
                    assert!(near, "{text}, order {order} at {x}: {found} {exact}");
                }
            }
        }
    }

    #[test]
    fn pieces_are_found_at_any_place() {
        let expression: Expression = "abs(sin(7*x)) + exp(-x^2)".parse().unwrap();
        for table in &Tabulated::new(expression).tables {
            let ends = table.starts.iter().flat_map(|x| [x.next_down(), *x, x.next_up()]);
            for x in ends.chain([0.0, 99.99, 100.0, -100.0, 1e30, -1e30, f64::NAN]) {
                assert_eq!(
                    table.count_before(x),
                    table.starts.partition_point(|start| *start < x),
                    "{x}"
                );
            }
        }
    }

    #[test]
    fn digits_hold_towards_zero_and_kinks_belong_to_the_expression() {
        let expression: Expression = "tanh(x)*x + relu(x - 1)".parse().unwrap();
        let table = Tabulated::new(expression.clone());
        for k in 0..60 {
            let x = 3.0 * f64::powi(0.7, k);
            let (found, exact) = (table.at(0, x), expression.at(0, x));
            assert!((found - exact).abs() <= 1e-14 * exact, "{x}: {found} {exact}");
        }
        for x in [1.0, 0.0, 100.0, 1e30, f64::INFINITY] {
            let same = |order| table.at(order, x).to_bits() == expression.at(order, x).to_bits();
            assert!(same(0) && same(1), "{x}");
        }
        assert!(table.at(0, f64::NAN).is_nan());
    }
}
