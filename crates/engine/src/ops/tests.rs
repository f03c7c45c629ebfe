//! Laws that every operator in the registry obeys, over the samples of its entry.

use std::sync::Arc;

use super::{Entry, OPERATORS, Sample};
use crate::graph::{Graph, Kind, Type, Wire};
use crate::plan::Plan;
use crate::run::{Element, Workspace};
use crate::tensor::Shape;
use crate::{gradients, pullback};

mod structure;
mod spreads;

/// Deterministic numbers for tests.
struct Numbers(u64);

impl Numbers {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        let mixed = (self.0 ^ (self.0 >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed ^ (mixed >> 32)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

/// A sample as a graph: floating-point inputs become parameters, integers stay inputs.
#[derive(Clone)]
struct Case {
    graph: Graph,
    inputs: Vec<Wire>,
    output: Wire,
    parameters: Vec<Vec<f64>>,
    integers: Vec<Vec<i64>>,
}

fn case(sample: &Sample, numbers: &mut Numbers) -> Case {
    let mut graph = Graph::new();
    let (mut inputs, mut parameters, mut integers) = (Vec::new(), Vec::new(), Vec::new());
    for (index, r#type) in sample.inputs.iter().enumerate() {
        let elements = r#type.shape.elements();
        match r#type.kind {
            Kind::Float => {
                inputs.push(graph.parameter(&format!("p{index}"), r#type.shape.clone()));
                let (low, high) = sample.range;
                parameters.push((0..elements).map(|_| numbers.between(low, high)).collect());
            }
            Kind::Integer | Kind::Position => {
                inputs.push(graph.input(&format!("i{index}"), r#type.clone()));
                integers.push(sample.integers.iter().copied().cycle().take(elements).collect());
            }
        }
    }
    let output = graph.apply_shared(Arc::clone(&sample.operator), &inputs).unwrap()[0];
    Case { graph, inputs, output, parameters, integers }
}

/// Fills an input that holds integers or positions.
fn feed_integers<T: Element>(
    workspace: &mut Workspace<T>,
    (index, kind): (usize, Kind),
    integers: impl Iterator<Item = i64>,
) {
    if kind == Kind::Position {
        let positions = workspace.feed_positions(index).iter_mut();
        positions.zip(integers).for_each(|(position, n)| *position = n as i32);
    } else {
        workspace.feed_integers(index).iter_mut().zip(integers).for_each(|(to, n)| *to = n);
    }
}

impl Case {
    fn compute(&self, keep: &[Wire], parameters: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let plan = Plan::new(&self.graph, keep).unwrap();
        let mut workspace = plan.workspace::<f64>();
        self.feed(&mut workspace);
        plan.run(parameters, &mut workspace);
        (0..keep.len()).map(|k| self.read(&workspace, k, keep[k])).collect()
    }

    fn feed<T: Element>(&self, workspace: &mut Workspace<T>) {
        for (index, integers) in self.integers.iter().enumerate() {
            let kind = self.graph.type_of(self.graph.inputs()[index]).kind;
            feed_integers(workspace, (index, kind), integers.iter().copied());
        }
    }

    /// The elements of a wire as f64, whatever its kind.
    fn read<T: Element>(&self, workspace: &Workspace<T>, kept: usize, wire: Wire) -> Vec<f64> {
        match self.graph.type_of(wire).kind {
            Kind::Float => workspace.read(kept).iter().map(|x| x.to_f64()).collect(),
            Kind::Integer => workspace.read_integers(kept).iter().map(|&n| n as f64).collect(),
            Kind::Position => workspace.read_positions(kept).iter().map(|&n| n.into()).collect(),
        }
    }

    /// Σ output · weights, with weights that are constants of the graph.
    fn weighted_sum(&mut self, of: Wire, numbers: &mut Numbers) -> Wire {
        let shape = self.graph.shape(of).clone();
        let weights = self.graph.parameter("weights", shape.clone());
        self.parameters.push((0..shape.elements()).map(|_| numbers.between(-1.0, 1.0)).collect());
        let product = self.graph.multiply(of, weights).unwrap();
        self.graph.sum_to(product, []).unwrap()
    }

    fn float_inputs(&self, sample: &Sample) -> Vec<(Wire, usize)> {
        let parameter = |w: Wire| self.graph.parameters().iter().position(|&p| p == w);
        let wires = sample.differentiable.iter().map(|&i| self.inputs[i]);
        wires.map(|w| (w, parameter(w).expect("differentiable inputs are floats"))).collect()
    }

    /// Compares the gradient of `scalar` with central differences, element by element.
    #[track_caller]
    fn check_gradient(&mut self, scalar: Wire, sample: &Sample, tolerance: f64) {
        let inputs = self.float_inputs(sample);
        let wires: Vec<Wire> = inputs.iter().map(|i| i.0).collect();
        let gradient_wires = gradients(&mut self.graph, scalar, &wires).unwrap();
        let exact = self.compute(&gradient_wires, &self.parameters);
        let mut parameters = self.parameters.clone();
        for ((_, parameter), exact) in inputs.iter().zip(&exact) {
            for (element, &want) in exact.iter().enumerate() {
                let mut at = |shift: f64| {
                    parameters[*parameter][element] = self.parameters[*parameter][element] + shift;
                    self.compute(&[scalar], &parameters)[0][0]
                };
                let step = 1e-4;
                let near = (at(step) - at(-step)) / (2.0 * step);
                let far = (at(2.0 * step) - at(-2.0 * step)) / (4.0 * step);
                let estimate = (4.0 * near - far) / 3.0;
                parameters[*parameter][element] = self.parameters[*parameter][element];
                assert!(
                    (estimate - want).abs() < tolerance * (1.0 + want.abs()),
                    "{} {:?} input {parameter} element {element}: {estimate} is not {want}",
                    sample.operator.name(),
                    sample.inputs,
                );
            }
        }
    }
}

fn samples() -> impl Iterator<Item = (&'static Entry, Sample)> {
    OPERATORS.iter().flat_map(|e| (e.samples)().into_iter().map(move |s| (e, s)))
}

#[test]
fn names_are_unique_and_every_operator_has_samples() {
    let mut names: Vec<&str> = OPERATORS.iter().map(|e| e.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), OPERATORS.len());
    for entry in OPERATORS {
        assert!(!(entry.samples)().is_empty() && !entry.about.is_empty(), "{}", entry.name);
    }
}

/// Types that an operator may not expect: other kinds, no axes, empty axes, no inputs at all.
fn strange(types: &[Type]) -> Vec<Vec<Type>> {
    let all_kinds = [Kind::Float, Kind::Integer, Kind::Position];
    let others = |kind| all_kinds.into_iter().filter(move |&other| other != kind);
    let mut all = vec![
        Vec::new(),
        types.iter().map(|t| Type { kind: t.kind, shape: Shape::default() }).collect(),
    ];
    for place in 0..2 {
        let other = |t: &Type| Type { kind: others(t.kind).nth(place).unwrap(), ..t.clone() };
        all.push(types.iter().map(other).collect());
    }
    let emptied = |t: &Type, chosen: &dyn Fn(usize, usize) -> bool| {
        let sizes = t.shape.axes().iter().enumerate();
        let axes: Vec<usize> =
            sizes.map(|(axis, &size)| if chosen(axis, size) { 0 } else { size }).collect();
        Type { kind: t.kind, shape: axes.into() }
    };
    for of_size in 1..8 {
        all.push(types.iter().map(|t| emptied(t, &|_, size| size == of_size)).collect());
    }
    for at in 0..4 {
        all.push(types.iter().map(|t| emptied(t, &|axis, _| axis == at)).collect());
    }
    for (index, own) in types.iter().enumerate() {
        let mut changed = |r#type| {
            let mut types = types.to_vec();
            types[index] = r#type;
            all.push(types);
        };
        others(own.kind).for_each(|kind| changed(Type { kind, shape: own.shape.clone() }));
        changed(Type { kind: own.kind, shape: Shape::default() });
        (0..own.shape.rank()).for_each(|at| changed(emptied(own, &|axis, _| axis == at)));
        if let Some((_, fewer)) = own.shape.axes().split_last() {
            changed(Type { kind: own.kind, shape: fewer.into() });
        }
    }
    all
}

/// Computes outputs and gradients for inputs of any types, if the operator takes them.
fn run_if_taken(sample: &Sample, types: &[Type]) -> crate::Result<()> {
    let mut graph = Graph::new();
    let inputs: Vec<Wire> = types.iter().map(|t| graph.input("input", t.clone())).collect();
    let mut keep = graph.apply_shared(Arc::clone(&sample.operator), &inputs)?;
    let of_floats = |graph: &Graph, wires: &[Wire]| -> Vec<Wire> {
        wires.iter().copied().filter(|&w| graph.type_of(w).kind == Kind::Float).collect()
    };
    let mut seeds = Vec::new();
    for output in of_floats(&graph, &keep) {
        seeds.push((output, graph.constant(graph.shape(output).clone(), 1.0)?));
    }
    let floats = of_floats(&graph, &inputs);
    keep.extend(pullback(&mut graph, &seeds, &floats)?);
    let plan = Plan::new(&graph, &keep)?;
    let mut workspace = plan.workspace::<f32>();
    for (index, r#type) in types.iter().enumerate() {
        match r#type.kind {
            Kind::Float => workspace.feed(index).fill(0.5),
            kind => {
                let integers = sample.integers.iter().copied().cycle();
                feed_integers(&mut workspace, (index, kind), integers);
            }
        }
    }
    plan.run(&[], &mut workspace);
    Ok(())
}

#[test]
fn strange_types_are_refused_or_run_but_never_panic() {
    let mut panics = Vec::new();
    for (entry, sample) in samples() {
        for types in strange(&sample.inputs) {
            let run = std::panic::AssertUnwindSafe(|| run_if_taken(&sample, &types));
            if std::panic::catch_unwind(run).is_err() {
                panics.push(format!("{} {types:?}", entry.name));
            }
        }
    }
    assert!(panics.is_empty(), "{}", panics.join("\n"));
}

#[test]
fn no_operator_allocates_in_a_planned_step() {
    let mut numbers = Numbers(6);
    let pool = fanin_kernels::threads::pool(1).unwrap();
    for (entry, sample) in samples() {
        let mut case = case(&sample, &mut numbers);
        let mut keep = vec![case.output];
        if !sample.differentiable.is_empty() {
            let scalar = case.weighted_sum(case.output, &mut numbers);
            let wires: Vec<Wire> = case.float_inputs(&sample).iter().map(|i| i.0).collect();
            keep.extend(gradients(&mut case.graph, scalar, &wires).unwrap());
        }
        let plan = Plan::new(&case.graph, &keep).unwrap();
        let mut workspace = plan.workspace::<f64>();
        case.feed(&mut workspace);
        let counted = pool.install(|| {
            plan.run(&case.parameters, &mut workspace);
            allocation_counter::measure(|| plan.run(&case.parameters, &mut workspace))
        });
        assert_eq!(counted.count_total, 0, "{} {:?}", entry.name, sample.inputs);
    }
}

#[test]
fn a_wrong_number_of_inputs_is_an_error() {
    for (entry, sample) in samples() {
        let mut types: Vec<_> = sample.inputs.iter().collect();
        let extra = crate::Type::float([7, 7, 7]);
        types.push(&extra);
        types.push(&extra);
        assert!(sample.operator.infer(&types).is_err(), "{}", entry.name);
    }
}

/// Richardson extrapolation of central differences at step 1e-4 has an error near 1e-12 / 1e-4.
const TOLERANCE: f64 = 1e-7;

#[test]
fn first_derivatives_equal_finite_differences() {
    let mut numbers = Numbers(1);
    for (_, sample) in samples().filter(|(_, s)| !s.differentiable.is_empty()) {
        let mut case = case(&sample, &mut numbers);
        let scalar = case.weighted_sum(case.output, &mut numbers);
        case.check_gradient(scalar, &sample, TOLERANCE);
    }
}

#[test]
fn second_derivatives_equal_finite_differences_of_the_first() {
    let mut numbers = Numbers(2);
    for (_, sample) in samples().filter(|(_, s)| !s.differentiable.is_empty()) {
        let mut case = case(&sample, &mut numbers);
        let scalar = case.weighted_sum(case.output, &mut numbers);
        let squared = case.graph.multiply(scalar, scalar).unwrap();
        let inputs = case.float_inputs(&sample);
        for (wire, _) in inputs {
            let first = gradients(&mut case.graph, squared, &[wire]).unwrap()[0];
            let directional = case.weighted_sum(first, &mut numbers);
            case.check_gradient(directional, &sample, 10.0 * TOLERANCE);
        }
    }
}

#[test]
fn pullback_is_linear_in_its_seed() {
    let mut numbers = Numbers(3);
    for (_, sample) in samples().filter(|(_, s)| !s.differentiable.is_empty()) {
        let mut case = case(&sample, &mut numbers);
        let shape = case.graph.shape(case.output).clone();
        let one = case.graph.constant(shape.clone(), 1.0).unwrap();
        let three = case.graph.constant(shape, 3.0).unwrap();
        let (output, input) = (case.output, case.inputs[sample.differentiable[0]]);
        let single = pullback(&mut case.graph, &[(output, one)], &[input]).unwrap()[0];
        let triple = pullback(&mut case.graph, &[(output, three)], &[input]).unwrap()[0];
        let values = case.compute(&[single, triple], &case.parameters);
        for (a, b) in values[0].iter().zip(&values[1]) {
            assert!((3.0 * a - b).abs() < 1e-12 * (1.0 + b.abs()), "{}", sample.operator.name());
        }
    }
}

#[test]
fn both_precisions_agree() {
    let mut numbers = Numbers(4);
    for (entry, sample) in samples() {
        let case = case(&sample, &mut numbers);
        let exact = &case.compute(&[case.output], &case.parameters)[0];
        let plan = Plan::new(&case.graph, &[case.output]).unwrap();
        let mut workspace = plan.workspace::<f32>();
        case.feed(&mut workspace);
        let narrow = |p: &Vec<f64>| p.iter().map(|&x| x as f32).collect();
        let parameters: Vec<Vec<f32>> = case.parameters.iter().map(narrow).collect();
        plan.run(&parameters, &mut workspace);
        for (got, want) in case.read(&workspace, 0, case.output).iter().zip(exact) {
            let near = (got - want).abs() < 1e-5 * (1.0 + want.abs());
            assert!(got == want || near, "{}: {got} {want}", entry.name);
        }
    }
}
