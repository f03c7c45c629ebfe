//! What operators say of how their outputs are spread, held against many draws of their inputs.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::super::{Entry, OPERATORS, Sample};
use super::{Numbers, case, samples};
use crate::evaluate::Array;
use crate::graph::{Kind, Type};
use crate::spread::Spread;
use crate::tensor::Shape;

/// A sum of independent normal parts, one for no axis, one for each and one for all: elements are
/// the more alike the more places they share.
struct Mixture {
    shape: Shape,
    mean: f64,
    parts: Vec<(Vec<bool>, f64)>,
}

impl Mixture {
    fn new(shape: &Shape, mean: f64) -> Self {
        let rank = shape.rank();
        let mut parts = vec![(vec![false; rank], 0.1), (vec![true; rank], 0.4)];
        parts.extend((0..rank).map(|axis| ((0..rank).map(|own| own == axis).collect(), 0.1)));
        Self { shape: shape.clone(), mean, parts }
    }

    fn spread(&self) -> Spread {
        let common = |differs: &[bool]| {
            let parts = self.parts.iter().filter(|(axes, _)| {
                axes.iter().zip(differs).all(|(own, differs)| !(*own && *differs))
            });
            self.mean * self.mean + parts.map(|(_, variance)| variance).sum::<f64>()
        };
        Spread::from_products(&self.shape, self.mean, common)
    }

    fn draw(&self, numbers: &mut Numbers, out: &mut [f64]) {
        out.fill(self.mean);
        for (axes, variance) in &self.parts {
            let sizes = self.shape.axes().iter().zip(axes);
            let count = sizes.clone().map(|(&size, own)| if *own { size } else { 1 }).product();
            let own: Vec<f64> = (0..count).map(|_| variance.sqrt() * numbers.normal()).collect();
            for (place, out) in out.iter_mut().enumerate() {
                let (mut rest, mut at, mut weight) = (place, 0, 1);
                for (&size, own) in sizes.clone().rev() {
                    if *own {
                        at += weight * (rest % size);
                        weight *= size;
                    }
                    rest /= size;
                }
                *out += own[at];
            }
        }
    }
}

/// What exact rules may be off by, as a share of the second moment.
const STRICT: f64 = 1e-3;

/// How far a rule may be off beside chance, as a share of the second moment: rules that take
/// distributions for normal, few terms for many, or windows for apart.
fn leeway(name: &str) -> f64 {
    match name {
        // Bends that degrees of the expansion do not tell.
        "activate_scale" => 0.01,
        // Sums of exponentials are taken for lognormal; a pole; windows that overlap; small groups.
        "softmax" | "log_softmax" | "divide" | "resample" | "standardize_gradient" => 0.02,
        // Digits of other places are means over those that were.
        "reshape" => 0.03,
        // Poles far out; the clock stands, so all runs of what is drawn have one draw.
        "function" | "dropout_mask" | "noise" => 0.05,
        // Integers that are known in pairs alone.
        "take_positions" => 0.08,
        "average_pool" => 0.1,
        // Of windows that reach into padding the mean is taken; likeness goes on as correlation.
        "max_pool" | "put_positions" | "extreme_to" | "average_pool_gradient" => 0.15,
        // Integers in pairs alone; groups of few elements have a variance of their own.
        "gather" | "standardize" => 0.3,
        _ => STRICT,
    }
}

/// Whether an input is what came out of a norm.
fn is_standardized(name: &str, input: usize) -> bool {
    name == "standardize_gradient" && input == 1
}

/// Groups of (A, G, N) brought to mean 0 and variance 1.
fn standardize(axes: &[usize], values: &mut [f64]) {
    let (groups, inner) = (axes[1], axes[2]);
    for group in 0..groups {
        let is_own = |place: &usize| place / inner % groups == group;
        let own: Vec<usize> = (0..values.len()).filter(is_own).collect();
        let count = own.len() as f64;
        let mean = own.iter().map(|&at| values[at]).sum::<f64>() / count;
        let square = own.iter().map(|&at| (values[at] - mean).powi(2)).sum::<f64>() / count;
        own.iter().for_each(|&at| values[at] = (values[at] - mean) / square.sqrt());
    }
}

/// Operators with numbers as outputs of which no rule is known, and why. A walk tries them on normal
/// numbers, and `auto` says so.
const UNTOLD: &[(&str, &str)] = &[
    (
        "power",
        "a walk takes it for a function of x where y is one number; no network has other powers",
    ),
    ("remainder", "it jumps, and no weight is trained through it"),
    ("product_to", "moments of so high an order as there are factors"),
    ("log_sum_exp_to", "between the mean and the largest, by the size of x"),
    (
        "cumulative_sum",
        "places have second moments that grow along the axis, which are taken as one",
    ),
    ("cross_entropy", "a loss, behind which no signal goes on; a walk measures its gradient"),
    ("label_cross_entropy", "a loss, behind which no signal goes on; a walk measures its gradient"),
    ("one_less_at", "the gradient of a loss, which a walk measures"),
    ("scatter", "which places are written is not known before integers are"),
    ("to_float", "integers have no distribution before they are given"),
];

/// A mean over draws beside what a rule says it is.
struct Compared {
    /// The axes along which two elements differ; none for the mean.
    differs: Option<Vec<bool>>,
    told: f64,
    found: f64,
    /// 5 standard errors over independent draws.
    error: f64,
    /// What a rule may be off by is a share of this.
    scale: f64,
}

impl Compared {
    /// How far the rule is off beside chance, as a share of the scale.
    fn off(&self) -> f64 {
        ((self.found - self.told).abs() - self.error).max(0.0) / self.scale
    }
}

/// Every mean product of the first output, told and found; none where no rule tells, or the output
/// holds no numbers.
fn compared(entry: &Entry, sample: &Sample, numbers: &mut Numbers) -> Option<Vec<Compared>> {
    const RUNS: usize = 2000;
    let types: Vec<_> = sample.inputs.iter().collect();
    let output = sample.operator.infer(&types).unwrap().swap_remove(0);
    if !output.is_float() || output.shape.elements() == 0 {
        return None;
    }
    let mut case = case(sample, numbers);
    let means = if sample.range.0 >= 0.0 { [4.0, 3.0] } else { [0.3, -0.5] };
    let (mut inputs, mut mixtures, mut integers) = (Vec::new(), Vec::new(), case.integers.iter());
    for (index, r#type) in types.iter().enumerate() {
        if !r#type.is_float() {
            let own = integers.next().unwrap().clone();
            inputs.push(Spread::of(&Array::integer(r#type.shape.clone(), own).unwrap()));
            continue;
        }
        let mixture = Mixture::new(&r#type.shape, means[index % 2]);
        let own = mixture.spread();
        inputs.push(if is_standardized(entry.name, index) {
            let own = own.centered(&[0, 2]);
            let square = own.second();
            own.scaled(0.0, 1.0 / square)
        } else {
            own
        });
        mixtures.push(mixture);
    }
    let refs: Vec<&Spread> = inputs.iter().collect();
    let told = sample.operator.spread(&types, &refs)?.swap_remove(0);
    let rank = output.shape.rank();
    let sets: Vec<Vec<bool>> =
        (0..1 << rank).map(|set| (0..rank).map(|axis| set >> axis & 1 == 1).collect()).collect();
    let mut sums = vec![(0.0, 0.0); sets.len() + 1];
    for _ in 0..RUNS {
        for (index, (values, mixture)) in case.parameters.iter_mut().zip(&mixtures).enumerate() {
            mixture.draw(numbers, values);
            if is_standardized(entry.name, index) {
                standardize(mixture.shape.axes(), values);
            }
        }
        let y = case.compute(&[case.output], &case.parameters).swap_remove(0);
        let found = Spread::of(&Array::float(output.shape.clone(), y).unwrap());
        let products = sets.iter().map(|set| found.at(set)).chain([found.mean()]);
        for (sum, product) in sums.iter_mut().zip(products) {
            *sum = (sum.0 + product, sum.1 + product * product);
        }
    }
    let all = sets.into_iter().map(Some).chain([None]).zip(sums);
    let one = |(differs, (sum, squares)): (Option<Vec<bool>>, (f64, f64))| {
        let found = sum / RUNS as f64;
        let chance = (squares / RUNS as f64 - found * found).max(0.0).sqrt();
        let error = 5.0 * chance / (RUNS as f64).sqrt() + 1e-9;
        let (told, scale) = match &differs {
            Some(set) => (told.at(set), told.second()),
            None => (told.mean(), told.second().sqrt()),
        };
        Compared { differs, told, found, error, scale }
    };
    Some(all.map(one).collect())
}

#[test]
fn every_operator_tells_how_its_output_is_spread_or_why_no_rule_does() {
    let mut untold: Vec<&str> = Vec::new();
    for entry in OPERATORS {
        let is_told = |sample: &Sample| {
            let types: Vec<_> = sample.inputs.iter().collect();
            let output = sample.operator.infer(&types).unwrap().swap_remove(0);
            let is_empty = types.iter().any(|r#type| r#type.shape.elements() == 0);
            if !output.is_float() || is_empty {
                return None;
            }
            let integers = sample.integers.iter().copied().cycle();
            let of = |r#type: &&Type| match r#type.kind {
                Kind::Float => Mixture::new(&r#type.shape, 1.0).spread(),
                Kind::Integer | Kind::Position => {
                    let own = integers.clone().take(r#type.shape.elements()).collect();
                    Spread::of(&Array::integer(r#type.shape.clone(), own).unwrap())
                }
            };
            let inputs: Vec<Spread> = types.iter().map(of).collect();
            let refs: Vec<&Spread> = inputs.iter().collect();
            Some(sample.operator.spread(&types, &refs).is_some())
        };
        let told: Vec<bool> = (entry.samples)().iter().filter_map(is_told).collect();
        if !told.is_empty() && !told.contains(&true) {
            untold.push(entry.name);
        }
    }
    let mut listed: Vec<&str> = UNTOLD.iter().map(|(name, _)| *name).collect();
    listed.sort_unstable();
    untold.sort_unstable();
    assert_eq!(untold, listed, "operators without a rule, and those listed with the reason");
}

/// Every rule beside what was found, of the same draws for all laws.
fn all() -> &'static [(&'static str, Sample, Vec<Compared>)] {
    static ALL: OnceLock<Vec<(&'static str, Sample, Vec<Compared>)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut numbers = Numbers(5);
        let one = |(entry, sample): (&'static Entry, Sample)| {
            let found = compared(entry, &sample, &mut numbers)?;
            Some((entry.name, sample, found))
        };
        samples().filter_map(one).collect()
    })
}

/// A leeway of three times what every sample needs hides mistakes; one of a few percent does not.
#[test]
fn no_leeway_is_wider_than_its_rule_needs() {
    const FEW_PERCENT: f64 = 0.03;
    let mut worst: BTreeMap<&str, f64> = BTreeMap::new();
    for (name, _, found) in all() {
        let most = found.iter().map(Compared::off).fold(0.0, f64::max);
        let own = worst.entry(name).or_default();
        *own = own.max(most);
    }
    let wide: Vec<_> =
        worst.iter().filter(|(name, most)| leeway(name) > 3.0 * most.max(FEW_PERCENT)).collect();
    assert!(wide.is_empty(), "what operators need that have more: {wide:?}");
}

#[test]
fn declared_spreads_equal_monte_carlo() {
    let mut wrong = Vec::new();
    for (name, sample, all) in all() {
        for own in all.iter().filter(|own| own.off() > leeway(name)) {
            let Compared { differs, told, found, scale, .. } = &own;
            let (inputs, operator) = (&sample.inputs, &sample.operator);
            wrong.push(format!(
                "{name} {inputs:?} {operator:?}: {differs:?} {found} is not {told}, of {scale}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
