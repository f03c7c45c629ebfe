//! Sums of products by letters: `bij,bjk->bik`.
//!
//! Two operands at a time become one matrix product: letters are shared and kept (batch), of one
//! side alone (rows, columns), or shared and summed over.

use fanin_engine::{Graph, Result as EngineResult, Wire};

use crate::Result;
use crate::formats::onnx::Node;
use crate::import::{Call, Lowering, Value};
use crate::init::fans::Axes;

use super::{Import, Part};

pub const IMPORT: Import = Import::new(&["Einsum"], lower)
    .parameters(&[(0, Part::Left), (1, Part::Right)])
    .floats(&[0, 1, 2, 3, 4, 5, 6, 7])
    .axes(axes);

/// By the letters of a sum: those that go are inputs, those that only the weights have, outputs.
fn axes(node: &Node<'_>, input: usize, rank: usize) -> Option<Axes> {
    let text: String = node.attribute("equation")?.string()?.split_whitespace().collect();
    let (terms, made) = text.split_once("->")?;
    let terms: Vec<&str> = terms.split(',').collect();
    let own: Vec<char> = terms.get(input)?.chars().collect();
    let others: String =
        terms.iter().enumerate().filter(|(i, _)| *i != input).map(|(_, term)| *term).collect();
    if own.len() != rank {
        return None;
    }
    let with = |is: &dyn Fn(char) -> bool| (0..rank).filter(|&i| is(own[i])).collect::<Vec<_>>();
    Some(Axes {
        input: with(&|c| !made.contains(c)),
        output: with(&|c| made.contains(c) && !others.contains(c)),
        batch: with(&|c| made.contains(c) && others.contains(c)),
        ..Axes::new(0, 0)
    })
}

/// A wire and the letters of its axes.
#[derive(Clone, Debug)]
struct Term {
    wire: Wire,
    letters: Vec<char>,
}

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let inputs = call.all();
    let equation: String =
        call.text("equation", "")?.chars().filter(|c| !c.is_whitespace()).collect();
    let (terms, output) = letters(call, &equation, &inputs)?;
    let made = lowering.apply(&inputs, |g, w| {
        let mut open: Vec<Term> = Vec::new();
        for (&wire, letters) in w.iter().zip(&terms) {
            open.push(diagonal(g, Term { wire, letters: letters.clone() })?);
        }
        let mut so_far = open.remove(0);
        while !open.is_empty() {
            let next = open.remove(0);
            let later = |c: &char| output.contains(c) || open.iter().any(|t| t.letters.contains(c));
            so_far = product(g, so_far, next, &later)?;
        }
        let summed = sum_away(g, so_far, &|c| output.contains(c))?;
        arrange(g, &summed, &output)
    })?;
    Ok(vec![made])
}

/// Letters of all operands and of the result; an ellipsis stands for digits.
fn letters(
    call: &Call<'_, '_>,
    equation: &str,
    inputs: &[&Value],
) -> Result<(Vec<Vec<char>>, Vec<char>)> {
    let wrong = || call.refuse(format!("equation `{equation}`"), "one that fits the inputs");
    let (left, right) = match equation.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (equation, None),
    };
    let parts: Vec<&str> = left.split(',').collect();
    if parts.len() != inputs.len() || inputs.is_empty() {
        return Err(wrong());
    }
    let mut terms = Vec::new();
    let mut widest = 0;
    for (part, input) in parts.iter().zip(inputs) {
        let named = part.replace("...", "");
        let hidden = input.rank().checked_sub(named.chars().count()).ok_or_else(wrong)?;
        if hidden > 10 || hidden > 0 && !part.contains("...") || named.contains('.') {
            return Err(wrong());
        }
        widest = widest.max(hidden);
        terms.push(spelled(part, hidden));
    }
    let used = || terms.iter().flatten().copied();
    let output = if let Some(right) = right {
        spelled(right, if right.contains("...") { widest } else { 0 })
    } else {
        let single = |c: &char| used().filter(|d| d == c).count() == 1;
        let mut once: Vec<char> = used().filter(|c| c.is_alphabetic() && single(c)).collect();
        once.sort_unstable();
        [spelled("...", widest), once].concat()
    };
    let twice = output.iter().enumerate().any(|(i, c)| output[..i].contains(c));
    if twice || output.iter().any(|c| !used().any(|d| d == *c)) {
        return Err(wrong());
    }
    let mut sizes: std::collections::BTreeMap<char, usize> = std::collections::BTreeMap::new();
    for (term, input) in terms.iter().zip(inputs) {
        for (&letter, &size) in term.iter().zip(input.axes()) {
            let before = *sizes.entry(letter).or_insert(size);
            if before != size {
                return Err(wrong());
            }
        }
    }
    Ok((terms, output))
}

/// Letters with the ellipsis written out as the digits that end with 9.
fn spelled(text: &str, hidden: usize) -> Vec<char> {
    let digits: String = ('0'..='9').skip(10 - hidden.min(10)).collect();
    text.replace("...", &digits).chars().collect()
}

/// A letter that stands twice in one operand means its diagonal.
fn diagonal(g: &mut Graph, mut term: Term) -> EngineResult<Term> {
    loop {
        let twice = term.letters.iter().enumerate().find_map(|(i, c)| {
            term.letters[..i].iter().position(|d| d == c).map(|first| (first, i))
        });
        let Some((first, second)) = twice else { return Ok(term) };
        let rank = term.letters.len();
        let mut order = vec![first, second];
        order.extend((0..rank).filter(|axis| *axis != first && *axis != second));
        let front = g.transpose(term.wire, &order)?;
        let axes = g.shape(front).axes().to_vec();
        let (size, rest) = (axes[0], axes[2..].to_vec());
        let inner: usize = rest.iter().product();
        let flat = g.reshape(front, [size * size, inner])?;
        // Every (n + 1)-th of n² rows lies on the diagonal.
        let span = fanin_engine::ops::Span { start: 0, step: size as isize + 1, count: size };
        let picked = g.slice_axis(flat, 0, span)?;
        term.wire = g.reshape(picked, [vec![size], rest].concat())?;
        term.letters = order.iter().skip(1).map(|axis| term.letters[*axis]).collect();
    }
}

fn sum_away(g: &mut Graph, term: Term, keep: &dyn Fn(&char) -> bool) -> EngineResult<Term> {
    if term.letters.iter().all(keep) {
        return Ok(term);
    }
    let sizes = g.shape(term.wire).axes().to_vec();
    let one = |(letter, size): (&char, &usize)| if keep(letter) { *size } else { 1 };
    let kept: Vec<usize> = term.letters.iter().zip(&sizes).map(one).collect();
    let summed = g.sum_to(term.wire, kept)?;
    let places = term.letters.iter().zip(&sizes).filter(|(letter, _)| keep(letter));
    let (letters, sizes): (Vec<char>, Vec<usize>) = places.map(|(c, n)| (*c, *n)).unzip();
    Ok(Term { wire: g.reshape(summed, sizes)?, letters })
}

/// The axes of a term in the order of `letters`.
fn arrange(g: &mut Graph, term: &Term, letters: &[char]) -> EngineResult<Wire> {
    let place = |c: &char| term.letters.iter().position(|d| d == c).unwrap_or_default();
    let order: Vec<usize> = letters.iter().map(place).collect();
    if order.iter().enumerate().all(|(i, axis)| i == *axis) {
        return Ok(term.wire);
    }
    g.transpose(term.wire, &order)
}

fn product(g: &mut Graph, a: Term, b: Term, later: &dyn Fn(&char) -> bool) -> EngineResult<Term> {
    let (letters_a, letters_b) = (a.letters.clone(), b.letters.clone());
    let a = sum_away(g, a, &|c| later(c) || letters_b.contains(c))?;
    let b = sum_away(g, b, &|c| later(c) || letters_a.contains(c))?;
    let shared = |keep: bool| -> Vec<char> {
        a.letters.iter().filter(|c| b.letters.contains(c) && later(c) == keep).copied().collect()
    };
    let (batch, summed) = (shared(true), shared(false));
    let alone = |own: &Term, other: &Term| -> Vec<char> {
        own.letters.iter().filter(|c| !other.letters.contains(c)).copied().collect()
    };
    let (rows, columns) = (alone(&a, &b), alone(&b, &a));
    let size = |g: &Graph, term: &Term, letters: &[char]| -> Vec<usize> {
        let sizes = g.shape(term.wire).axes();
        let of = |c: &char| term.letters.iter().position(|d| d == c).map_or(1, |i| sizes[i]);
        letters.iter().map(of).collect()
    };
    let count = |sizes: &[usize]| sizes.iter().product::<usize>();
    let (n_batch, n_rows) = (size(g, &a, &batch), size(g, &a, &rows));
    let (n_summed, n_columns) = (size(g, &a, &summed), size(g, &b, &columns));
    let left = arrange(g, &a, &[&batch[..], &rows, &summed].concat())?;
    let right = arrange(g, &b, &[&batch[..], &summed, &columns].concat())?;
    let left = g.reshape(left, [count(&n_batch), count(&n_rows), count(&n_summed)])?;
    let right = g.reshape(right, [count(&n_batch), count(&n_summed), count(&n_columns)])?;
    let made = g.matmul(left, right)?;
    let wire = g.reshape(made, [n_batch, n_rows, n_columns].concat())?;
    Ok(Term { wire, letters: [batch, rows, columns].concat() })
}
