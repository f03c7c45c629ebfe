//! Attention that starts like a trained one: tokens attend to themselves, and are slightly undone.
//!
//! Key: d the width, k that of a head; Q, K, V and O read as W of z = W·x.

use fanin_kernels::random::{Stream, fill_normal_f64};
use fanin_kernels::singular::{decompose, dot};
use fanin_kernels::threads::for_each_chunk;

use crate::error::Result;
use crate::init::fans::Axes;
use crate::init::free_sum::mean_of_largest;
use crate::init::scheme::{Argument, Facts, Scheme};
use crate::init::settings::Settings;
use crate::init::{Component, Distribution, Matrix, Packing, Parameter, Request};

/// Products of projections that are a random matrix plus or minus a multiple of the identity.
#[derive(Clone, Debug, PartialEq)]
pub struct Mimetic {
    /// Heads of the attention.
    pub heads: usize,
    /// α and β of queries and keys.
    pub query_key: (f64, f64),
    /// α and β of values and outputs.
    pub value_output: (f64, f64),
}

/// The registry's entry, with the constants for vision.
pub const MIMETIC: Mimetic = Mimetic { heads: 1, query_key: (0.7, 0.7), value_output: (0.4, 0.4) };

const FACTS: Facts = Facts {
    name: "mimetic",
    aliases: &[],
    example: "mimetic:heads=4",
    argument: "heads=COUNT, alpha-qk=, beta-qk= (0.7), alpha-vo=, beta-vo= (0.4)",
    needs: "to be the scheme of attention's square projections, whose roles are known",
    formula: "W_QᵀW_K ≈ αZ + βI per head, (W_O·W_V)ᵀ = αZ − βI, Z ~ N(0, 1/d), split by singular \
              values",
    source: "Trockman & Kolter 2023, arXiv 2305.09828",
    when: "transformers trained from nothing on little data, vision above all",
    avoid: "widths beyond about 1000: a decomposition per head takes d³ steps; grouped queries",
};

/// One of the two factors of a product.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    /// U·√Σ.
    Left,
    /// V·√Σ.
    Right,
}

/// What one projection is made of.
struct Factor {
    matrix: Matrix,
    pair: u64,
    side: Side,
    alpha: f64,
    beta: f64,
    /// Heads, each with products of its own.
    heads: usize,
    /// Whether the factor's vectors are the columns of W, as for `W_O`.
    in_columns: bool,
}

impl Mimetic {
    fn factor(&self, parameter: &Parameter) -> Result<Factor> {
        let matrix = Matrix::of(parameter)?;
        let (alpha, beta) = self.query_key;
        let of_values = (self.value_output.0, -self.value_output.1);
        let (pair, side, (alpha, beta), heads, in_columns) = match parameter.place.component {
            Some(Component::Query) => (0, Side::Left, (alpha, beta), self.heads, false),
            Some(Component::Key) => (0, Side::Right, (alpha, beta), self.heads, false),
            Some(Component::Value) => (1, Side::Left, of_values, 1, false),
            Some(Component::AttentionOutput) => (1, Side::Right, of_values, 1, true),
            _ => {
                let expected = "a query, key, value or output projection of attention";
                return Err(parameter.unfit("no part of attention that is known", expected));
            }
        };
        let size = matrix.rows;
        if size != matrix.columns || size % heads != 0 {
            let found = format!("{size} by {} for {heads} heads", matrix.columns);
            return Err(parameter.unfit(found, "a square matrix that the heads divide"));
        }
        if parameter.place.module.is_empty() {
            return Err(parameter.unfit("no known module", "the one its partner belongs to"));
        }
        Ok(Factor { matrix, pair, side, alpha, beta, heads, in_columns })
    }
}

impl Factor {
    /// Vectors that each head has.
    fn rank(&self) -> usize {
        self.matrix.rows / self.heads
    }

    /// The first vectors of U·√Σ or V·√Σ of α·Z + β·I, one after the other.
    fn vectors(&self, stream: Stream, out: &mut [f64]) {
        let d = self.matrix.rows;
        let mut product = vec![0.0; d * d];
        fill_normal_f64(stream, 0, 0.0, self.alpha / (d as f64).sqrt(), &mut product);
        for i in 0..d {
            product[i * d + i] += self.beta;
        }
        let mut scaled = product.clone();
        let sigma = decompose(&mut scaled, d);
        let left = scaled.chunks_exact(d);
        for ((vector, left), sigma) in out.chunks_exact_mut(d).zip(left).zip(sigma) {
            if sigma <= 0.0 {
                continue;
            }
            let root = sigma.sqrt();
            match self.side {
                Side::Left => {
                    for (entry, left) in vector.iter_mut().zip(left) {
                        *entry = left / root;
                    }
                }
                // V = Aᵀ·U/Σ, and the columns of A lie one after the other.
                Side::Right => {
                    for (entry, column) in vector.iter_mut().zip(product.chunks_exact(d)) {
                        *entry = dot(column, left) / (sigma * root);
                    }
                }
            }
        }
    }
}

impl Scheme for Mimetic {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        let mut settings = vec![format!("heads={}", self.heads)];
        for (name, given, usual) in [
            ("qk", self.query_key, MIMETIC.query_key),
            ("vo", self.value_output, MIMETIC.value_output),
        ] {
            if given != usual {
                let (alpha, beta) = given;
                settings.push(format!("alpha-{name}={alpha},beta-{name}={beta}"));
            }
        }
        format!("{}:{}", FACTS.name, settings.join(","))
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let heads = "the number of heads";
        let known = ["heads", "alpha-qk", "beta-qk", "alpha-vo", "beta-vo"];
        let settings = Settings::parse(argument.ok_or(heads)?, &known)?;
        let count = settings.value("heads")?.and_then(|heads| heads.parse().ok());
        let number = |key, usual| Ok::<f64, String>(settings.number(key)?.unwrap_or(usual));
        let (query_key, value_output) = (MIMETIC.query_key, MIMETIC.value_output);
        Ok(Box::new(Self {
            heads: count.filter(|&count| count > 0).ok_or(heads)?,
            query_key: (number("alpha-qk", query_key.0)?, number("beta-qk", query_key.1)?),
            value_output: (number("alpha-vo", value_output.0)?, number("beta-vo", value_output.1)?),
        }))
    }

    /// A vector of the singular value σ has the squared norm σ.
    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let factor = self.factor(parameter)?;
        let mean = mean_of_largest(1.0 / factor.heads as f64, factor.alpha, factor.beta);
        Ok(Distribution::joint((mean / factor.matrix.columns as f64).sqrt()))
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn fill(&self, request: &Request<'_>, _start: u64, out: &mut [f32]) -> Result<()> {
        let factor = self.factor(request.parameter)?;
        let module = &request.parameter.place.module;
        let pair = Request { part: None, ..*request }.stream_of(module).numbered(factor.pair);
        let d = factor.matrix.rows;
        let of_head = factor.rank() * d;
        let mut vectors = request.parameter.filled(0.0)?;
        for_each_chunk(&mut vectors, of_head, &|start, out| {
            factor.vectors(pair.numbered((start / of_head) as u64), out);
        });
        factor.matrix.fill(out, |row, column| {
            let (vector, entry) = if factor.in_columns { (column, row) } else { (row, column) };
            vectors[vector * d + entry] as f32
        });
        Ok(())
    }

    fn samples(&self) -> Vec<Parameter> {
        const WIDTH: usize = 48;
        let of_module = |mut parameter: Parameter| {
            "attention".clone_into(&mut parameter.place.module);
            parameter
        };
        let projection = |name: &str, component| {
            let mut weight = Parameter::linear(&format!("attention.{name}"), WIDTH, WIDTH);
            weight.place.component = Some(component);
            of_module(weight)
        };
        let parts = [Component::Query, Component::Key, Component::Value].map(|part| (part, WIDTH));
        let packed = Parameter::weight("attention.qkv", [3 * WIDTH, WIDTH], Axes::linear());
        let packing = Some(Packing { axis: 0, parts: parts.to_vec() });
        let output = projection("o", Component::AttentionOutput);
        let packed = packed.map(|packed| of_module(Parameter { packing, ..packed }));
        [projection("k", Component::Key), output].into_iter().chain(packed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Source, Values, find};

    const WIDTH: usize = 24;

    fn values(scheme: &dyn Scheme, component: Component) -> Vec<f64> {
        let mut weight = Parameter::linear(component.label(), WIDTH, WIDTH);
        weight.place.component = Some(component);
        "attention".clone_into(&mut weight.place.module);
        let values = Values::new(&weight, Source::Scheme(scheme), 1).into_all().unwrap();
        values.into_iter().map(f64::from).collect()
    }

    /// Σ over `inner` of a[inner][i]·b[inner][j], or with b read as its transpose.
    fn product(a: &[f64], b: &[f64], rows: std::ops::Range<usize>, transposed: bool) -> Vec<f64> {
        let at = |x: &[f64], i: usize, j: usize| x[i * WIDTH + j];
        let entry = |i: usize, j: usize| -> f64 {
            let b_at = |r: usize| if transposed { at(b, j, r) } else { at(b, r, j) };
            rows.clone().map(|r| at(a, r, i) * b_at(r)).sum()
        };
        (0..WIDTH * WIDTH).map(|ij| entry(ij / WIDTH, ij % WIDTH)).collect()
    }

    /// α·Z + β·I, entry (i, j) of which is Z's column j.
    fn expected(pair: u64, head: u64, alpha: f64, beta: f64) -> Vec<f64> {
        let mut z = vec![0.0; WIDTH * WIDTH];
        let stream = Stream::new(1, "attention").numbered(pair).numbered(head);
        fill_normal_f64(stream, 0, 0.0, alpha / (WIDTH as f64).sqrt(), &mut z);
        let at = |i: usize, j: usize| z[j * WIDTH + i] + if i == j { beta } else { 0.0 };
        (0..WIDTH * WIDTH).map(|ij| at(ij / WIDTH, ij % WIDTH)).collect()
    }

    #[track_caller]
    fn check_equal(found: &[f64], expected: &[f64]) {
        for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!((found - expected).abs() < 1e-5, "{i}: {found}, not {expected}");
        }
    }

    /// Values and outputs give x·(αZ − βI); with one head the queries and keys give αZ + βI in full.
    #[test]
    fn products_are_random_matrices_plus_or_minus_the_identity() {
        let scheme = find("mimetic:heads=1,alpha-vo=0.3,beta-vo=0.5").unwrap();
        let of = |component| values(&*scheme, component);
        let attention = product(&of(Component::Query), &of(Component::Key), 0..WIDTH, false);
        check_equal(&attention, &expected(0, 0, 0.7, 0.7));
        let (v, o) = (of(Component::Value), of(Component::AttentionOutput));
        check_equal(&product(&v, &o, 0..WIDTH, true), &expected(1, 0, 0.3, -0.5));
    }

    /// A head of width k gives the best matrix of rank k: what is left has norm² Σ σ² over the
    /// smaller singular values.
    #[test]
    fn each_head_gives_the_nearest_matrix_of_its_rank() {
        let scheme = find("mimetic:heads=3").unwrap();
        let (q, k) = (values(&*scheme, Component::Query), values(&*scheme, Component::Key));
        for head in 0..3 {
            let target = expected(0, head as u64, 0.7, 0.7);
            let rank = WIDTH / 3;
            let found = product(&q, &k, head * rank..(head + 1) * rank, false);
            let error: f64 = found.iter().zip(&target).map(|(f, t)| (f - t).powi(2)).sum();
            let sigma = decompose(&mut target.clone(), WIDTH);
            let least: f64 = sigma[rank..].iter().map(|sigma| sigma * sigma).sum();
            assert!((error / least - 1.0).abs() < 1e-4, "{head}: {error} {least}");
        }
    }

    #[test]
    fn what_is_no_square_projection_is_refused() {
        let scheme = find("mimetic:heads=5").unwrap();
        let refused = |component, rows: usize| {
            let mut weight = Parameter::linear("w", rows, WIDTH);
            weight.place.component = component;
            scheme.distribution(&weight).unwrap_err().to_string()
        };
        assert!(refused(None, WIDTH).contains("no part of attention"));
        assert!(refused(Some(Component::Query), WIDTH).contains("24 by 24 for 5 heads"));
        assert!(refused(Some(Component::Value), 8).contains("8 by 24"));
        assert!(refused(Some(Component::Value), WIDTH).contains("no known module"));
    }
}
