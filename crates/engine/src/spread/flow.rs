//! From spreads of inputs and parameters to the spread of every wire, node by node.
//!
//! What operators do not see of each other is known here: that several elementwise operators in a
//! row are one function of a normal number, that a tensor from which its own mean is taken is
//! centered, and that a gradient runs beside the signal that it came through.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use fanin_kernels::random::{Stream, fill_normal};

use super::Spread;
use super::by_rows;
use super::drawn::Units;
use super::expansion::{Expansion, Grid, on_lines};
use super::linear::{self, Term};
use super::written::{WrittenNorm, written};
use crate::evaluate::{Array, Elements, evaluate};
use crate::graph::{Graph, Kind, Node, Source, Type, Wire};
use crate::ops::{Operator, Structure};

/// Elements that an operator without a rule is tried on at most.
const MOST_SAMPLES: usize = 1 << 20;

/// A walk over a graph.
#[derive(Clone, Debug)]
pub struct Flow<'g> {
    pub(super) graph: &'g Graph,
    spreads: Vec<Option<Spread>>,
    forms: Vec<Option<Form>>,
    sums: Vec<Option<Vec<Term>>>,
    pub(super) grids: HashMap<Wire, Rc<Grid>>,
    /// Units that are drawn, and what elementwise operators made of them.
    pub(super) units: HashMap<Wire, Units>,
    pub(super) is_gradient: Vec<bool>,
    sampled: Vec<usize>,
}

/// A wire as seed · f(root), element by element.
#[derive(Clone, Debug)]
struct Form {
    seed: Option<Wire>,
    root: Option<Wire>,
    /// f at the places of the root's grid, or one value where there is no root.
    values: Rc<Vec<f64>>,
}

impl<'g> Flow<'g> {
    /// A walk that begins; integers and positions count as different from each other until they are set.
    pub fn new(graph: &'g Graph) -> Self {
        let count = graph.wire_count();
        Self {
            graph,
            spreads: vec![None; count],
            forms: vec![None; count],
            sums: vec![None; count],
            grids: HashMap::new(),
            units: HashMap::new(),
            is_gradient: vec![false; count],
            sampled: Vec::new(),
        }
    }

    /// Says how a wire is spread, in place of what its node would say.
    pub fn set(&mut self, wire: Wire, spread: Spread) {
        self.grids.remove(&wire);
        self.spreads[wire.0] = Some(spread);
    }

    /// Says that a wire is a gradient: it, and what is computed of it, is independent of the
    /// signal that it runs beside.
    pub fn set_gradient(&mut self, wire: Wire, spread: Spread) {
        self.is_gradient[wire.0] = true;
        self.set(wire, spread);
    }

    /// How a wire is spread; none before its node, or if something before it was not said.
    pub fn spread(&self, wire: Wire) -> Option<&Spread> {
        self.spreads[wire.0].as_ref()
    }

    /// Forgets the places of a wire that no further node needs; what is said of its rows stays.
    pub fn forget_places(&mut self, wire: Wire) {
        self.spreads[wire.0].iter_mut().for_each(Spread::forget_places);
    }

    /// Nodes of operators without a rule, which were tried on normal numbers.
    pub fn sampled(&self) -> &[usize] {
        &self.sampled
    }

    /// Works out the outputs of a node from its inputs.
    pub fn step(&mut self, index: usize) {
        let graph = self.graph;
        let node = &graph.nodes()[index];
        let floats = |wire: &Wire| graph.type_of(*wire).kind == Kind::Float;
        let from_gradient = node.inputs.iter().any(|wire| self.is_gradient[wire.0]);
        for output in &node.outputs {
            self.is_gradient[output.0] = from_gradient;
            self.forms[output.0] = None;
            self.sums[output.0] = None;
        }
        let Some(first) = node.outputs.first() else { return };
        if !node.outputs.iter().any(floats) {
            self.forms[first.0] = self.function(node);
            return;
        }
        if let Some(norm) = written(graph, node)
            && let Some(unit) = self.spread(norm.x).and_then(|x| x.over_batch(norm.epsilon))
        {
            self.set(*first, unit);
            self.draw_norm(&norm);
            return;
        }
        if let Some(terms) = self.terms(node) {
            let known = |wire: Wire| self.spread(wire).cloned();
            let spread = linear::spread(graph, *first, &terms, known);
            self.sums[first.0] = Some(terms);
            if let Some(spread) = spread {
                self.set(*first, spread);
                return;
            }
        }
        if let Some(spread) = self.shares_back(node) {
            self.set(*first, spread);
            return;
        }
        if let Some((form, spread)) = self.pointwise(node) {
            self.forms[first.0] = Some(form);
            self.set(*first, spread);
            return;
        }
        if let Some(spread) = self.drawn_elements(node) {
            self.set(*first, spread);
            return;
        }
        if let Some(spread) = self.largest(node) {
            self.set(*first, spread);
            return;
        }
        if let Some(spread) = self.standardized_back(node) {
            self.set(*first, spread);
            return;
        }
        for (output, spread) in node.outputs.iter().zip(self.by_rule(index, node)) {
            self.set(*output, spread);
        }
        self.draw_standardized(node);
    }

    /// The largest of values that rise with a root: the function of the root's largest.
    fn largest(&mut self, node: &Node) -> Option<Spread> {
        let &[x] = &node.inputs[..] else { return None };
        let form = self.forms[x.0].clone().filter(|form| form.seed.is_none())?;
        let root = form.root.filter(|_| node.operator.structure() == Structure::Largest)?;
        if form.values.windows(2).any(|pair| pair[1] < pair[0]) {
            return None;
        }
        let (_, places) = self.grid(root)?;
        let types = [self.graph.type_of(x)];
        let of_root = by_rows::declared(&*node.operator, &types, &[self.spread(root)?])?;
        let at = |z: f64| on_lines(&places, &form.values, z);
        Some(of_root.first()?.of_function(at))
    }

    /// The gradient through what is standardized over known rows, where it is a function of that
    /// times what is independent of it.
    fn standardized_back(&mut self, node: &Node) -> Option<Spread> {
        if node.operator.structure() != Structure::StandardizedGradient {
            return None;
        }
        let &[gradient, y, factor] = &node.inputs[..] else { return None };
        let Source::Node(forward, 0) = self.graph.source(y) else { return None };
        let x = *self.graph.nodes()[forward].inputs.first()?;
        let factor = self.spread(factor)?.second();
        self.through_batch(x, (y, gradient), factor)
    }

    /// The gradient at x, of the gradient at what x is over the deviation of its rows.
    fn through_batch(&mut self, x: Wire, at: (Wire, Wire), factor: f64) -> Option<Spread> {
        let (shown, wire) = (self.origin(at.0), self.origin(at.1));
        let form = self.forms[wire.0].clone();
        let is_of_it = |form: &Form| form.root.is_some_and(|root| self.origin(root) == shown);
        let (seed, places, values) = match form.filter(is_of_it) {
            Some(Form { seed: Some(seed), root: Some(root), values }) => {
                (seed, self.grid(root)?.1, values.to_vec())
            }
            _ => (wire, vec![-1.0, 1.0], vec![1.0, 1.0]),
        };
        let (seed, x) = (self.spread(seed)?, self.spread(x)?);
        seed.back_over_batch(x, (&places, &values), factor)
    }

    /// Says the gradient at x of a norm over known rows that is written out, of that at its result; does
    /// nothing where rows are not known.
    pub fn set_back(&mut self, norm: &WrittenNorm, at_unit: Wire, at_x: Wire) {
        let Some(x) = self.spread(norm.x) else { return };
        let factor = 1.0 / (x.centered(&[0]).second() + norm.epsilon);
        if let Some(found) = self.through_batch(norm.x, (norm.unit, at_unit), factor) {
            self.forms[at_x.0] = None;
            self.sums[at_x.0] = None;
            self.set(at_x, found);
        }
    }

    /// Shares times what a gradient is more than its mean by them.
    fn shares_back(&self, node: &Node) -> Option<Spread> {
        let &[a, b] = &node.inputs[..] else { return None };
        if node.operator.structure() != Structure::Product
            || self.graph.shape(a) != self.graph.shape(b)
        {
            return None;
        }
        let logits = |wire: Wire| match self.graph.source(wire) {
            Source::Node(index, 0) => {
                let own = &self.graph.nodes()[index];
                (own.operator.structure() == Structure::Shares).then(|| own.inputs[0])
            }
            _ => None,
        };
        let (logits, other) = logits(a).map(|x| (x, b)).or_else(|| logits(b).map(|x| (x, a)))?;
        let last = self.graph.shape(logits).rank() - 1;
        let [one, mean] = &self.sums[other.0].as_ref()?[..] else { return None };
        let is_centered = one.root == mean.root
            && one.axes.is_empty()
            && mean.axes == [last]
            && (one.factor + mean.factor).abs() < 1e-9;
        let gradient =
            self.spread(one.root).filter(|_| is_centered && self.is_gradient[one.root.0])?;
        let passed = gradient.back_through_shares(self.spread(logits)?);
        Some(passed.scaled(one.factor, one.factor * one.factor))
    }

    /// What a wire is a function of: its seed and its root; none if it is none.
    pub(super) fn form(&self, wire: Wire) -> Option<(Option<Wire>, Option<Wire>)> {
        self.forms[wire.0].as_ref().map(|form| (form.seed, form.root))
    }

    /// The values of that function at the places of its root's grid.
    pub(super) fn form_values(&self, wire: Wire) -> Option<Rc<Vec<f64>>> {
        self.forms[wire.0].as_ref().map(|form| Rc::clone(&form.values))
    }

    /// The wire that a wire shows under another shape.
    fn origin(&self, mut wire: Wire) -> Wire {
        while let Source::Node(index, 0) = self.graph.source(wire) {
            let node = &self.graph.nodes()[index];
            match &node.inputs[..] {
                [x, ..] if node.operator.is_view() => wire = *x,
                _ => break,
            }
        }
        wire
    }

    /// The output of a node as a sum of roots and of their means.
    fn terms(&self, node: &Node) -> Option<Vec<Term>> {
        let known = |wire: Wire| {
            let own = || vec![Term { root: wire, axes: Vec::new(), factor: 1.0 }];
            self.sums[wire.0].clone().unwrap_or_else(own)
        };
        linear::terms(self.graph, node, known, |wire| Some(self.spread(wire)?.mean()))
    }

    fn by_rule(&mut self, index: usize, node: &Node) -> Vec<Spread> {
        let graph = self.graph;
        let apart: Vec<Option<Spread>> = node.inputs.iter().map(|w| self.apart(*w)).collect();
        let inputs: Option<Vec<&Spread>> = node
            .inputs
            .iter()
            .zip(&apart)
            .map(|(wire, apart)| self.spread(*wire).or(apart.as_ref()))
            .collect();
        let Some(inputs) = inputs else { return Vec::new() };
        let types: Vec<&Type> = node.inputs.iter().map(|w| graph.type_of(*w)).collect();
        if let Some(spreads) = by_rows::declared(&*node.operator, &types, &inputs) {
            return spreads;
        }
        let tried = sample(&node.operator, &types, &inputs);
        let outputs = node.outputs.iter().map(|wire| graph.type_of(*wire));
        let guess = |r#type: &Type| {
            let like = inputs.iter().find(|spread| spread.variance() > 0.0).or(inputs.first());
            let (mean, second) = like.map_or((0.0, 0.0), |like| (like.mean(), like.second()));
            Spread::independent(&r#type.shape, mean, second)
        };
        let spreads = tried.unwrap_or_else(|| outputs.map(guess).collect());
        self.sampled.push(index);
        spreads
    }

    /// Integers and positions of which nothing is known are all different.
    fn apart(&self, wire: Wire) -> Option<Spread> {
        let r#type = self.graph.type_of(wire);
        let unknown = self.spread(wire).is_none() && !r#type.is_float();
        let product = |differs: &[bool]| f64::from(u8::from(!differs.contains(&true)));
        unknown.then(|| Spread::from_products(&r#type.shape, 0.0, product))
    }

    /// An elementwise operator whose inputs are functions of one root, with at most one seed.
    fn pointwise(&mut self, node: &Node) -> Option<(Form, Spread)> {
        let form = self.function(node)?;
        let (values, shape) = (&form.values, self.graph.shape(node.outputs[0]));
        if form.root.is_none() && form.seed.is_none() {
            let all = Spread::constant(shape, values[0]);
            return Some((form, all));
        }
        if !values.iter().all(|value| value.is_finite()) {
            return None;
        }
        let mut spread = match form.root {
            None => Spread::constant(shape, values[0]),
            Some(root) => {
                let grid = self.grid(root)?.0;
                self.of_root(root, &grid, values)?
            }
        };
        if let Some(seed) = form.seed {
            spread = spread.times(self.spread(seed)?);
        }
        Some((form, spread))
    }

    /// The same, as a function alone: it may be a condition, of which nothing else is known.
    fn function(&mut self, node: &Node) -> Option<Form> {
        if !node.operator.is_pointwise() {
            return None;
        }
        let shape = self.graph.shape(node.outputs[0]).clone();
        let (mut root, mut seed) = (None, None);
        let mut forms = Vec::new();
        let kinds: Vec<Kind> = node.inputs.iter().map(|x| self.graph.type_of(*x).kind).collect();
        for (&wire, &kind) in node.inputs.iter().zip(&kinds) {
            let is_condition = |form: &Form| kind == Kind::Integer && form.seed.is_none();
            let condition = self.forms[wire.0].clone().filter(is_condition);
            if let Some(form) = condition {
                let is_stretched = form.root.is_some() && *self.graph.shape(wire) != shape;
                if is_stretched || (root.is_some() && form.root.is_some() && root != form.root) {
                    return None;
                }
                root = root.or(form.root);
                forms.push(form);
                continue;
            }
            let spread = self.spread(wire)?;
            let is_constant = spread.variance() <= 1e-12 * spread.second();
            if is_constant && !self.is_gradient[wire.0] {
                forms.push(Form { seed: None, root: None, values: vec![spread.mean()].into() });
                continue;
            }
            if *self.graph.shape(wire) != shape || kind == Kind::Integer {
                return None;
            }
            let form = match &self.forms[wire.0] {
                Some(form) => form.clone(),
                None if self.is_gradient[wire.0] => {
                    Form { seed: Some(wire), root: None, values: vec![1.0].into() }
                }
                None => {
                    let values = self.grid(wire)?.1;
                    Form { seed: None, root: Some(wire), values: values.into() }
                }
            };
            if (root.is_some() && form.root.is_some() && root != form.root)
                || (seed.is_some() && form.seed.is_some() && seed != form.seed)
            {
                return None;
            }
            (root, seed) = (root.or(form.root), seed.or(form.seed));
            forms.push(form);
        }
        let length = root.map_or(Some(1), |root| Some(self.grid(root)?.1.len()))?;
        let value = |factor: f64| {
            let arrays: Option<Vec<Array>> = forms
                .iter()
                .zip(&kinds)
                .map(|(form, kind)| {
                    let factor = if form.seed.is_some() { factor } else { 1.0 };
                    let values = form.values.iter().map(|value| factor * value);
                    let filled = values.cycle().take(length);
                    match kind {
                        Kind::Float => Array::float([length], filled.collect()).ok(),
                        Kind::Integer => {
                            Array::integer([length], filled.map(|x| x as i64).collect()).ok()
                        }
                        Kind::Position => None,
                    }
                })
                .collect();
            let arrays = arrays?;
            let refs: Vec<&Array> = arrays.iter().collect();
            let out = evaluate(Arc::clone(&node.operator), &refs, length).ok()?;
            Some(match out.first()?.elements() {
                Elements::Float(found) => found.clone(),
                Elements::Integer(found) => found.iter().map(|&x| x as f64).collect(),
            })
        };
        let values = value(1.0)?;
        if seed.is_some() {
            let doubled = value(2.0)?;
            let is_linear = values
                .iter()
                .zip(&doubled)
                .all(|(one, two)| (two - 2.0 * one).abs() <= 1e-9 * (one.abs() + two.abs()));
            if !is_linear {
                return None;
            }
        }
        Some(Form { seed, root, values: values.into() })
    }

    /// Quadrature over a root, and the root's own values there.
    pub(super) fn grid(&mut self, root: Wire) -> Option<(Rc<Grid>, Vec<f64>)> {
        let (mean, deviation) = self.spread(root).filter(|spread| spread.is_finite())?.reach();
        let grid = Rc::clone(
            self.grids.entry(root).or_insert_with(|| Rc::new(Grid::new(-mean / deviation))),
        );
        let values = grid.places.iter().map(|z| mean + deviation * z).collect();
        Some((grid, values))
    }
}

impl Spread {
    /// The spread of a function of these elements, as normal ones.
    pub(super) fn through(&self, expansion: &Expansion) -> Self {
        let (square, variance) = (self.mean * self.mean, self.variance());
        self.clone().mapped(expansion.mean(), |product| {
            let correlation = if variance > 0.0 { (product - square) / variance } else { 1.0 };
            expansion.at(correlation.clamp(-1.0, 1.0))
        })
    }

    /// The spread of f(x), x normal; where f is not finite everywhere, that of f at the mean.
    pub(crate) fn of_function(&self, f: impl Fn(f64) -> f64) -> Self {
        let (grid, values) = self.on_grid(&f);
        self.expanded(&grid, values, f)
    }

    /// As [`of_function`](Self::of_function); `None` where much of x lies where f is not finite.
    pub(crate) fn of_partial_function(&self, f: impl Fn(f64) -> f64) -> Option<Self> {
        let (grid, values) = self.on_grid(&f);
        let outside = grid.mean(values.iter().map(|y| f64::from(u8::from(!y.is_finite()))));
        (outside <= MOST_OUTSIDE).then(|| self.expanded(&grid, values, f))
    }

    fn expanded(&self, grid: &Grid, mut values: Vec<f64>, f: impl Fn(f64) -> f64) -> Self {
        if !values.iter().all(|value| value.is_finite()) {
            values.fill(f(self.mean));
        }
        self.through_grid(grid, &values)
    }

    fn on_grid(&self, f: impl Fn(f64) -> f64) -> (Grid, Vec<f64>) {
        let (center, deviation) = self.reach();
        let grid = Grid::new(-center / deviation);
        let values = grid.places.iter().map(|z| f(center + deviation * z)).collect();
        (grid, values)
    }
}

/// The share of a normal input that may lie where a function is not finite: beyond, the input is
/// surely not normal, and nothing is known of the output.
const MOST_OUTSIDE: f64 = 0.05;

/// The outputs of an operator for independent normal inputs.
fn sample(
    operator: &Arc<dyn Operator>,
    types: &[&Type],
    inputs: &[&Spread],
) -> Option<Vec<Spread>> {
    let elements: usize = types.iter().map(|r#type| r#type.shape.elements()).sum();
    if elements > MOST_SAMPLES || inputs.iter().any(|spread| !spread.is_finite()) {
        return None;
    }
    let arrays = types.iter().zip(inputs).enumerate().map(|(index, (r#type, spread))| {
        let count = r#type.shape.elements();
        match r#type.kind {
            Kind::Float => {
                let mut draws = vec![0.0_f32; count];
                let deviation = spread.variance().sqrt();
                let stream = Stream::new(index as u64, "spread");
                fill_normal(stream, 0, spread.mean(), deviation, &mut draws);
                let draws = draws.into_iter().map(f64::from).collect();
                Array::float(r#type.shape.clone(), draws).ok()
            }
            Kind::Integer | Kind::Position => {
                Array::integer(r#type.shape.clone(), vec![0; count]).ok()
            }
        }
    });
    let arrays = arrays.collect::<Option<Vec<Array>>>()?;
    let refs: Vec<&Array> = arrays.iter().collect();
    let outputs = evaluate(Arc::clone(operator), &refs, MOST_SAMPLES).ok()?;
    let spreads: Vec<Spread> = outputs.iter().map(Spread::of).collect();
    spreads.iter().all(Spread::is_finite).then_some(spreads)
}
