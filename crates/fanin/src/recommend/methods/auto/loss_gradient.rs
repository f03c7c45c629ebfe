//! How the gradient of a loss is spread over the outputs of a network, by drawing outputs.

use std::ops::Range;

use fanin_engine::spread::{Common, NormalRows};
use fanin_engine::{Array, Graph, Plan, Spread, Type, gradients};
use fanin_kernels::matmul::{Matrix, matmul};
use fanin_kernels::random::{Stream, fill_normal};

use super::rows::Rows;
use crate::error::Result;
use crate::recommend::Problem;
use crate::spec::Loss;

/// Logits that the gradient of the loss is measured on.
const LOGITS: usize = 1 << 16;
/// The same over all draws of outputs, but for the first.
const DRAWN: usize = 1 << 14;
/// The same where rows are known one by one, and what they have in common says how large the gradient
/// of a weight is: to 2 %.
const APART: usize = 1 << 20;
/// Draws of outputs whose gradients are averaged, at most: what all rows have in common is one draw
/// for each output.
const DRAWS: usize = 32;

/// How the loss's gradient is spread over outputs (rows, outputs) of a network with such a result,
/// measured on normal outputs, and on the targets of the data or such as are drawn at random; and, where rows
/// are told apart, what gradients and outputs of every two rows have in common.
pub(super) fn loss_gradient(
    problem: &Problem<'_>,
    output: &Spread,
    axes: &[usize],
    (rows, draws_apart): (&Rows, &Range<usize>),
) -> Result<(Spread, Option<Common>)> {
    let (columns, count) = (axes.iter().product::<usize>(), rows.places.len());
    let few = (LOGITS / columns.max(1)).clamp(2, count.max(2));
    let mut graph = Graph::new();
    let y = graph.input("outputs", Type::float([few, columns]));
    let targets = graph.input("targets", Type::float([few, columns]));
    let shaped = graph.reshape(y, [&[few], axes].concat())?;
    let loss = problem.loss.build(&mut graph, shaped, targets)?;
    let gradient = gradients(&mut graph, loss, &[y])?[0];
    let plan = Plan::new(&graph, &[gradient])?;
    let mut workspace = plan.workspace::<f32>();
    let data = problem.data.filter(|data| data.rows() > 0 && data.target_columns() == columns);
    match data {
        Some(data) => {
            let mut features = vec![0.0; few * data.columns()];
            data.gather(&rows.places[..few], &mut features, workspace.feed(1), 0.0);
        }
        None => draw_targets(problem.loss, axes, workspace.feed(1)),
    }
    let mut of = |fill: &mut dyn FnMut(&mut [f32])| -> Result<Array> {
        fill(workspace.feed(0));
        plan.run::<f32>(&[], &mut workspace);
        let found = workspace.read(0).iter().map(|&x| f64::from(x)).collect();
        Ok(Array::float([few, columns], found)?)
    };
    let is_told_apart = rows.is_told_apart && few == count && data.is_some();
    let is_squared = matches!(problem.loss, Loss::SquaredError | Loss::MeanSquaredError);
    let together = output.of_two_rows().filter(|_| is_told_apart);
    let mut drawn = Vec::new();
    let along = match together {
        Some((products, means)) => {
            let normal = NormalRows::new(products, means);
            let draws = (APART / (few * columns).max(1)).clamp(1, draws_apart.len());
            let mut along = Common::zeros(count);
            for draw in draws_apart.clone().take(draws) {
                let outputs = normal.draw(columns, Stream::new(draw as u64, "outputs"));
                let found = of(&mut |y| {
                    y.iter_mut().zip(&outputs).for_each(|(y, drawn)| *y = *drawn as f32);
                })?;
                add_common(&mut along, (&found, &outputs), columns, 1.0 / draws as f64);
                drawn.push(Spread::of_rows(&found));
            }
            Some(along)
        }
        None => None,
    };
    if is_told_apart && is_squared {
        // The gradient is c·(y − t), and rows of like targets may have like outputs.
        let [none, ones] = [0.0, 1.0].map(|value| of(&mut |y| y.fill(value)));
        let (none, ones) = (none?, ones?);
        let first = |array: &Array| array.floats().and_then(|x| x.first().copied());
        let by = first(&ones).unwrap_or(0.0) - first(&none).unwrap_or(0.0);
        let of_targets = Spread::of_rows(&none);
        let of_outputs = output.reshaped(&[count, columns].into()).scaled(by, by * by);
        return Ok((of_targets.plus(&of_outputs), along));
    }
    if let Some(spread) = Spread::mean_of(&drawn) {
        return Ok((spread, along));
    }
    let draws = (DRAWN / (few * columns).max(1)).clamp(1, DRAWS);
    let draw = |draw: usize| -> Result<Spread> {
        let found = of(&mut |y| draw_outputs(output, y, (columns, draw)))?;
        Ok(if is_told_apart { Spread::of_rows(&found) } else { Spread::of(&found) })
    };
    let drawn: Vec<Spread> = (0..draws).map(draw).collect::<Result<_>>()?;
    let found = Spread::mean_of(&drawn).expect("there is a draw");
    if is_told_apart {
        return Ok((found, None));
    }
    let share = few as f64 / count as f64;
    let single = |axis: usize| found.between(axis);
    let spread = Spread::from_products(&[count, columns].into(), share * found.mean(), |differs| {
        let product = match (differs[0], differs[1]) {
            (false, false) => found.second(),
            (true, false) => single(0),
            (false, true) => single(1),
            (true, true) => found.mean().powi(2),
        };
        share * share * product
    });
    Ok((spread, None))
}

/// Adds so much of the products g·y of gradients and outputs of any two rows, for every two rows.
fn add_common(sums: &mut Common, (g, y): (&Array, &[f64]), columns: usize, by: f64) {
    let rows = y.len() / columns;
    let mut along = vec![0.0; rows * rows];
    let g = Matrix::new(g.floats().unwrap_or_default(), rows, columns);
    let y = Matrix::new(y, rows, columns).transposed(true);
    matmul(g, y, &mut along, false);
    for place in 0..rows * rows {
        let (a, b) = (place / rows, place % rows);
        let at = |gradient: usize, output: usize| along[gradient * rows + output];
        sums.own[place] += by * at(a, a) * at(b, b);
        sums.of_first[place] += by * at(a, a) * at(b, a);
        sums.crossed[place] += by * at(a, b) * at(b, a);
    }
}

/// Normal outputs of some rows, with what all rows, and those that are alike, have in common.
fn draw_outputs(output: &Spread, y: &mut [f32], (columns, draw): (usize, usize)) {
    let stream = |name: &str| Stream::new(draw as u64, name);
    let mut group = y.len() / columns.max(1);
    let mut known = output.mean().powi(2);
    y.fill(output.mean() as f32);
    let levels = output.among(0).into_iter().chain([(1, output.second())]);
    for (level, (size, product)) in levels.enumerate() {
        // Rows of a group have what `product` is more than `known` in common.
        let more = (product - known).clamp(0.0, (output.second() - known).max(0.0));
        known += more;
        let mut common = vec![0.0; y.len().div_ceil(group.max(1) * columns) * columns];
        fill_normal(stream(&format!("outputs {level}")), 0, 0.0, more.sqrt(), &mut common);
        let groups = y.chunks_mut(group.max(1) * columns).zip(common.chunks_exact(columns));
        for (rows, common) in groups {
            rows.chunks_exact_mut(columns).for_each(|row| {
                row.iter_mut().zip(common).for_each(|(y, common)| *y += common);
            });
        }
        group /= size.max(1);
    }
}

/// One class of each group at random, or standard normal numbers.
fn draw_targets(loss: &Loss, axes: &[usize], targets: &mut [f32]) {
    let stream = Stream::new(0, "targets");
    fill_normal(stream, 0, 0.0, 1.0, targets);
    match loss {
        Loss::CrossEntropy => {
            let (classes, step) = match *axes {
                [_, classes] | [classes] => (classes, 1),
                [classes, ..] => (classes, axes[1..].iter().product()),
                [] => (1, 1),
            };
            for group in targets.chunks_exact_mut(classes * step) {
                for place in 0..step {
                    let own = (0..classes).map(|class| class * step + place);
                    let chosen = own.clone().max_by(|a, b| group[*a].total_cmp(&group[*b]));
                    own.for_each(|at| group[at] = f32::from(u8::from(Some(at) == chosen)));
                }
            }
        }
        Loss::BinaryCrossEntropy => {
            targets.iter_mut().for_each(|t| *t = f32::from(u8::from(*t > 0.0)));
        }
        Loss::SquaredError | Loss::MeanSquaredError | Loss::Huber { .. } => {}
    }
}
