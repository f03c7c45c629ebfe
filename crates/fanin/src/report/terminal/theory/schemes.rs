//! What each scheme does, as a table; in two where a line has no room for one.

use super::super::number::whole;
use super::super::table::aligned;
use super::super::wrap::wrapped_within;
use super::{compact, fixed, power_of_ten};
use crate::theory::{Description, Effect, Point};

/// Columns after which the table is cut in two: name, variances, what becomes of q.
const FIRST: usize = 5;

/// Heading, table and what its words mean, in lines of at most `width` characters where names allow.
pub fn told(description: &Description, width: usize) -> String {
    let heading = "What each scheme does, from q = 1 and correlation 0.5 on:";
    let (head, rows) = scheme_rows(description);
    let has = |mark: &str| rows.iter().flatten().any(|cell| cell == mark);
    let mut words =
        "q second moment of pre-activations; σ_w² variance of a weight times fan-in, σ_b² of a \
                     bias; gradient: factor on its second moment, backwards."
            .to_owned();
    if has("∞") {
        words.push_str(" ∞: grows beyond all numbers.");
    }
    if has("–") {
        words.push_str(" –: none, as signals fade to 0 or grow beyond all numbers before.");
    }
    words.push_str(
        " A scheme that is not listed draws no independent weights, or needs more of a network than one \
         layer; --json names all.",
    );
    let heading = wrapped_within(width, "\n  ", "  ", heading);
    format!(
        "{heading}\n{}{}",
        table(&head, &rows, width),
        wrapped_within(width, "\n ", " ", &words)
    )
}

/// One table if it fits, or else two, each with the names.
fn table(head: &[String], rows: &[Vec<String>], width: usize) -> String {
    let whole = aligned(head, rows.to_vec());
    if whole.lines().all(|line| line.chars().count() <= width) {
        return whole;
    }
    let part = |of: &[String], second: bool| -> Vec<String> {
        if second { [&of[..1], &of[FIRST..]].concat() } else { of[..FIRST].to_vec() }
    };
    let of = |second: bool| {
        aligned(&part(head, second), rows.iter().map(|row| part(row, second)).collect())
    };
    format!("{}\n{}", of(false), of(true))
}

/// The point judged and every scheme with what it does: names of the columns, and rows.
pub(in crate::report) fn scheme_rows(description: &Description) -> (Vec<String>, Vec<Vec<String>>) {
    let after = format!("after {}", whole(description.depth));
    let head =
        ["scheme", "σ_w²", "σ_b²", "q/layer", &after, "gradient/layer", &after, "c", "deepest"];
    let head = head.map(str::to_owned).to_vec();
    let mut rows = vec![row("(judged above)".to_owned(), &description.point, &description.effect)];
    for effect in &description.schemes {
        rows.push(row(names(&effect.schemes), &effect.point, &effect.effect));
    }
    (head, rows)
}

/// The first two names, plain ones before those with an argument, and how many more there are.
fn names(schemes: &[String]) -> String {
    const SHOWN: usize = 2;
    let (plain, other): (Vec<&String>, Vec<&String>) =
        schemes.iter().partition(|name| !name.contains(':'));
    let all: Vec<&str> = plain.into_iter().chain(other).map(String::as_str).collect();
    let shown = all[..all.len().min(SHOWN)].join(", ");
    if all.len() > SHOWN { format!("{shown} + {}", all.len() - SHOWN) } else { shown }
}

fn row(name: String, point: &Point, effect: &Effect) -> Vec<String> {
    let depth = match effect.trainable.layers {
        Some(layers) => whole(layers),
        None => "> 2,000".to_owned(),
    };
    vec![
        name,
        short(point.weight_variance),
        short(point.bias_variance),
        short(effect.second_moment_factor),
        compact(effect.second_moment),
        short(effect.gradient_factor),
        power_of_ten(effect.gradient_log10).replace("× ", ""),
        fixed(effect.correlation),
        depth,
    ]
}

/// Three significant digits.
fn short(x: f64) -> String {
    if x == 0.0 || !(1e-3..1e3).contains(&x.abs()) {
        return compact(x);
    }
    let decimals = (2 - x.abs().log10().floor() as i32).max(0) as usize;
    format!("{x:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::{Network, Question, activation, describe};

    #[test]
    fn a_narrow_terminal_gets_two_tables() {
        let relu = activation("relu").unwrap();
        let description = describe(&Question {
            activation: &*relu,
            network: Network::Dense,
            depth: 50,
            width: 256,
            weight_variance: None,
            bias_variance: 0.0,
            image: None,
        })
        .unwrap();
        let [narrow, wide] = [80, 132].map(|width| told(&description, width));
        let widest = |text: &str| text.lines().map(|line| line.chars().count()).max();
        assert!(widest(&narrow) <= Some(80), "{narrow}");
        let heads = |text: &str| text.lines().filter(|line| line.starts_with(" scheme")).count();
        assert_eq!((heads(&narrow), heads(&wide)), (2, 1), "{narrow}\n{wide}");
    }
}
