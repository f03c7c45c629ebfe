//! The order in which a graph's nodes can be computed, and what stands against there being one.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::path::Path;

use super::attribute::Attribute;
use super::graph::{Graph, Node};
use super::model::Model;
use crate::{Error, Result};

/// An order in which the nodes of the model's graph can be computed, by their indices.
///
/// It is the file's own order wherever that can be followed. Values that a graph inside a node takes
/// from around it count as inputs of that node.
pub(super) fn order(path: &Path, model: &Model<'_>) -> Result<Vec<usize>> {
    let names = Names { path, place: "graph".to_owned() };
    let (order, free) = names.graph(&model.graph)?;
    // The order of the map is not that of the file: the first byte decides which mistake is told.
    if let Some((name, user)) = free.iter().min_by_key(|(_, user)| user.at) {
        return Err(names.unknown(name, user));
    }
    functions(path, model)?;
    Ok(order)
}

/// Functions whose nodes can be computed, and that do not call themselves.
fn functions(path: &Path, model: &Model<'_>) -> Result<()> {
    let key = |name, domain: &str, overload| {
        (name, if domain == "ai.onnx" { "" } else { domain }.to_owned(), overload)
    };
    let mut positions = HashMap::new();
    for (index, function) in model.functions.iter().enumerate() {
        let names = Names { path, place: format!("functions[{index}] \"{}\"", function.name) };
        if positions.insert(key(function.name, function.domain, function.overload), index).is_some()
        {
            return Err(names.error(model.graph.at, "a second function of this name", "one"));
        }
        let mut scope = Scope::default();
        for input in &function.inputs {
            if !scope.given.insert(*input) {
                let found = format!("a second input \"{input}\"");
                return Err(names.error(model.graph.at, &found, "one value of each name"));
            }
        }
        let (_, free) = names.nodes(&function.nodes, &mut scope)?;
        if let Some((name, user)) = free.iter().min_by_key(|(_, user)| user.at) {
            return Err(names.unknown(name, user));
        }
    }
    let calls: Vec<Vec<usize>> = model
        .functions
        .iter()
        .map(|function| {
            let nodes = all_nodes(&function.nodes);
            let keys = nodes.iter().map(|n| key(n.op_type, n.domain, n.overload));
            keys.filter_map(|key| positions.get(&key).copied()).collect()
        })
        .collect();
    let after = |index: usize| calls[index].iter().copied();
    let Some(cycle) = cycle(calls.len(), after) else { return Ok(()) };
    let described: Vec<&str> = cycle.iter().map(|index| model.functions[*index].name).collect();
    let names = Names { path, place: format!("functions[{}]", cycle[0]) };
    let found = format!("a function that calls itself: {}", described.join(" → "));
    Err(names.error(model.graph.at, &found, "functions of simpler ones"))
}

/// The nodes and those of the graphs inside them.
fn all_nodes<'m, 'a>(nodes: &'m [Node<'a>]) -> Vec<&'m Node<'a>> {
    let mut found = Vec::new();
    let mut open: Vec<&'m [Node<'a>]> = vec![nodes];
    while let Some(nodes) = open.pop() {
        found.extend(nodes);
        let attributes = nodes.iter().flat_map(|node| &node.attributes);
        open.extend(attributes.flat_map(Attribute::graphs).map(|graph| &graph.nodes[..]));
    }
    found
}

/// Who uses a name that is not made where it is used.
#[derive(Clone, Debug)]
struct User {
    at: usize,
    place: String,
}

/// Names that a graph takes from around it, with the first user of each.
type Free<'a> = HashMap<&'a str, User>;

/// The names of one graph.
#[derive(Default)]
struct Scope<'a> {
    /// Inputs and initializers.
    given: HashSet<&'a str>,
    /// Which node makes a value.
    makers: HashMap<&'a str, usize>,
}

impl Scope<'_> {
    fn has(&self, name: &str) -> bool {
        self.given.contains(name) || self.makers.contains_key(name)
    }
}

/// Where the search for names is.
struct Names<'p> {
    path: &'p Path,
    /// The fields around the nodes: `graph`.
    place: String,
}

impl Names<'_> {
    fn error(&self, at: usize, found: &str, expected: &str) -> Error {
        Error::malformed(self.path, format!("byte {at}, {}", self.place), found, expected)
    }

    fn unknown(&self, name: &str, user: &User) -> Error {
        let place = format!("byte {}, {}", user.at, user.place);
        let expected = "the name of an input, an initializer or a node's output";
        Error::malformed(self.path, place, format!("\"{name}\", which nothing makes"), expected)
    }

    fn node(&self, index: usize, node: &Node<'_>) -> Self {
        let name = if node.name.is_empty() { String::new() } else { format!(" \"{}\"", node.name) };
        let place = format!("{}.node[{index}]{name} ({})", self.place, node.op_type);
        Self { path: self.path, place }
    }

    fn graph<'a>(&self, graph: &Graph<'a>) -> Result<(Vec<usize>, Free<'a>)> {
        let twice = |at, what: &str, name: &str| {
            let found = format!("a second {what} \"{name}\"");
            Err(self.error(at, &found, "one value of each name"))
        };
        let mut scope = Scope::default();
        for input in &graph.inputs {
            if !scope.given.insert(input.name) {
                return twice(input.at, "input", input.name);
            }
        }
        let dense = graph.initializers.iter();
        let sparse = graph.sparse_initializers.iter().map(|sparse| &sparse.values);
        let mut initializers = HashSet::new();
        for tensor in dense.chain(sparse) {
            if !initializers.insert(tensor.name) {
                return twice(tensor.at, "initializer", tensor.name);
            }
        }
        scope.given.extend(initializers);
        let (order, mut free) = self.nodes(&graph.nodes, &mut scope)?;
        for (index, output) in graph.outputs.iter().enumerate() {
            if !scope.has(output.name) {
                let place = format!("{}.output[{index}]", self.place);
                free.entry(output.name).or_insert(User { at: output.at, place });
            }
        }
        Ok((order, free))
    }

    /// An order of the nodes, and the names that they take from around them.
    fn nodes<'a>(
        &self,
        nodes: &[Node<'a>],
        scope: &mut Scope<'a>,
    ) -> Result<(Vec<usize>, Free<'a>)> {
        for (index, node) in nodes.iter().enumerate() {
            for &output in node.outputs.iter().filter(|name| !name.is_empty()) {
                let other = scope.makers.insert(output, index);
                if other.is_none() && !scope.given.contains(output) {
                    continue;
                }
                let maker = other.map_or("an input or initializer".to_owned(), |other| {
                    self.node(other, &nodes[other]).place
                });
                let found = format!("output \"{output}\", which {maker} makes too");
                let expected = "one value of each name";
                return Err(self.node(index, node).error(node.at, &found, expected));
            }
        }
        let mut free = Free::new();
        let mut needs: Vec<Vec<usize>> = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            needs.push(self.needs(index, node, scope, &mut free)?);
        }
        match sorted(&needs) {
            Some(order) => Ok((order, free)),
            None => Err(self.cyclic(nodes, &needs)),
        }
    }

    /// The nodes of the same graph that must come before a node.
    fn needs<'a>(
        &self,
        index: usize,
        node: &Node<'a>,
        scope: &Scope<'a>,
        free: &mut Free<'a>,
    ) -> Result<Vec<usize>> {
        let mut needs = Vec::new();
        let mut need = |name: &'a str, user: &dyn Fn() -> User| {
            if let Some(maker) = scope.makers.get(name) {
                needs.push(*maker);
            } else if !scope.given.contains(name) {
                free.entry(name).or_insert_with(user);
            }
        };
        for &input in node.inputs.iter().filter(|name| !name.is_empty()) {
            need(input, &|| User { at: node.at, place: self.node(index, node).place });
        }
        for attribute in &node.attributes {
            for graph in attribute.graphs() {
                let place = format!("{}.{}", self.node(index, node).place, attribute.name);
                let (_, inner) = Self { path: self.path, place }.graph(graph)?;
                for (name, user) in inner {
                    need(name, &|| user.clone());
                }
            }
        }
        needs.sort_unstable();
        needs.dedup();
        Ok(needs)
    }

    fn cyclic(&self, nodes: &[Node<'_>], needs: &[Vec<usize>]) -> Error {
        const SHOWN: usize = 5;
        let cycle = cycle(nodes.len(), |index| needs[index].iter().copied())
            .expect("nodes without an order need each other in a circle");
        let mut path: Vec<String> =
            cycle.iter().take(SHOWN).map(|index| self.node(*index, &nodes[*index]).place).collect();
        if cycle.len() > SHOWN {
            path.push(format!("{} more", cycle.len() - SHOWN));
        }
        let first = cycle[0];
        let found = format!("a node that needs its own output: {}", path.join(" ← "));
        self.node(first, &nodes[first]).error(nodes[first].at, &found, "nodes without a cycle")
    }
}

/// An order in which everything comes after what it needs, the smallest index first.
fn sorted(needs: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut waiting: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (index, needed) in needs.iter().enumerate() {
        needed.iter().for_each(|n| users[*n].push(index));
    }
    let ready = (0..needs.len()).filter(|index| waiting[*index] == 0).map(Reverse);
    let mut ready: BinaryHeap<Reverse<usize>> = ready.collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        for &user in &users[index] {
            waiting[user] -= 1;
            if waiting[user] == 0 {
                ready.push(Reverse(user));
            }
        }
    }
    (order.len() == needs.len()).then_some(order)
}

/// Some cycle along `after`, its first member again at the end; none if there is none.
fn cycle<I: Iterator<Item = usize>>(
    count: usize,
    after: impl Fn(usize) -> I,
) -> Option<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        Open,
        Done,
    }
    let mut seen = vec![Seen::Not; count];
    for start in 0..count {
        if seen[start] != Seen::Not {
            continue;
        }
        seen[start] = Seen::Open;
        let mut open = vec![(start, after(start))];
        while let Some((index, rest)) = open.last_mut() {
            match rest.next() {
                None => {
                    seen[*index] = Seen::Done;
                    open.pop();
                }
                Some(next) if seen[next] == Seen::Open => {
                    let members = open.iter().map(|(index, _)| *index);
                    let around = members.skip_while(|index| *index != next);
                    return Some(around.chain([next]).collect());
                }
                Some(next) if seen[next] == Seen::Not => {
                    seen[next] = Seen::Open;
                    open.push((next, after(next)));
                }
                Some(_) => {}
            }
        }
    }
    None
}
