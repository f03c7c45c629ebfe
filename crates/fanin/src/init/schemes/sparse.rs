//! Normal weights of which most are 0, counted by unit or by input.

use fanin_kernels::random::fill_permutation;

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, number};
use crate::init::{Distribution, Matrix, Parameter, Request};

/// Normal weights, of which a rule keeps some in every row or column.
#[derive(Clone, Debug)]
pub struct Sparse {
    facts: &'static Facts,
    rule: Rule,
    default_deviation: f64,
    deviation: f64,
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    /// So many weights of each unit are kept.
    KeptPerUnit(usize),
    /// This share of the weights of each input, rounded up, is 0.
    ZeroPerInput(f64),
}

/// Martens' rule, which fixes the connections of a unit; 15 of N(0, 1) in the paper.
pub const MARTENS: Sparse = Sparse {
    facts: &Facts {
        name: "sparse-martens",
        aliases: &["sparse"],
        example: "sparse-martens:15",
        argument: "COUNT or COUNT,DEVIATION; deviation 1 unless given",
        needs: "",
        formula: "COUNT weights of each unit ~ N(0, σ²), the others 0",
        source: "Martens 2010, Deep learning via Hessian-free optimization, §5",
        when: "sigmoid and tanh networks of any width: a unit's input does not grow with its fan-in",
        avoid: "layers that should use all inputs at once; for deep ones scale σ by 1/√COUNT",
    },
    rule: Rule::KeptPerUnit(15),
    default_deviation: 1.0,
    deviation: 1.0,
};

/// PyTorch's rule, which fixes the connections of an input.
pub const TORCH: Sparse = Sparse {
    facts: &Facts {
        name: "sparse-torch",
        aliases: &["torch-sparse"],
        example: "sparse-torch:0.9",
        argument: "SPARSITY or SPARSITY,DEVIATION; deviation 0.01 unless given",
        needs: "",
        formula: "⌈SPARSITY·e⌉ weights of each input are 0, the others ~ N(0, σ²)",
        source: "torch.nn.init.sparse_, which counts along the other axis than Martens 2010",
        when: "to reproduce a network of PyTorch",
        avoid: "high sparsity: a unit may be left without any input, for only inputs are counted",
    },
    rule: Rule::ZeroPerInput(0.9),
    default_deviation: 0.01,
    deviation: 0.01,
};

impl Rule {
    fn parse(self, text: &str) -> Option<Self> {
        match self {
            Self::KeptPerUnit(_) => {
                let count = text.trim().parse().ok()?;
                (count > 0).then_some(Self::KeptPerUnit(count))
            }
            Self::ZeroPerInput(_) => {
                let sparsity = number(text)?;
                (0.0..1.0).contains(&sparsity).then_some(Self::ZeroPerInput(sparsity))
            }
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::KeptPerUnit(_) => "a count of 1 or more",
            Self::ZeroPerInput(_) => "a sparsity from 0 up to but not including 1",
        }
    }

    /// How many of `size` weights in a row or column stay 0.
    fn zeros(self, size: usize) -> usize {
        match self {
            Self::KeptPerUnit(count) => size.saturating_sub(count),
            Self::ZeroPerInput(sparsity) => ((sparsity * size as f64).ceil() as usize).min(size),
        }
    }

    /// Lines along which is counted, and how long one is.
    fn lines(self, matrix: &Matrix) -> (usize, usize) {
        match self {
            Self::KeptPerUnit(_) => (matrix.rows, matrix.columns),
            Self::ZeroPerInput(_) => (matrix.columns, matrix.rows),
        }
    }
}

impl Scheme for Sparse {
    fn facts(&self) -> &'static Facts {
        self.facts
    }

    fn label(&self) -> String {
        let name = self.facts.name;
        let of_rule = match self.rule {
            Rule::KeptPerUnit(count) => count.to_string(),
            Rule::ZeroPerInput(sparsity) => sparsity.to_string(),
        };
        if self.deviation == self.default_deviation {
            return format!("{name}:{of_rule}");
        }
        format!("{name}:{of_rule},{}", self.deviation)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let expected = || format!("{}, and a positive deviation if any", self.rule.expected());
        let (rule, deviation) = match argument.map(|text| text.split_once(',')) {
            Some(Some((rule, deviation))) => (Some(rule), number(deviation)),
            _ => (argument, Some(self.default_deviation)),
        };
        let rule = rule.and_then(|text| self.rule.parse(text)).ok_or_else(expected)?;
        let deviation = deviation.filter(|&deviation| deviation > 0.0).ok_or_else(expected)?;
        Ok(Box::new(Self { rule, deviation, ..self.clone() }))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let (_, length) = self.rule.lines(&Matrix::of(parameter)?);
        let kept = 1.0 - self.rule.zeros(length) as f64 / length as f64;
        Ok(Distribution::joint(self.deviation * kept.sqrt()))
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn fill(&self, request: &Request<'_>, _start: u64, out: &mut [f32]) -> Result<()> {
        let matrix = Matrix::of(request.parameter)?;
        let (lines, length) = self.rule.lines(&matrix);
        let zeros = self.rule.zeros(length);
        let stream = request.stream();
        Distribution::normal(self.deviation).fill(stream, 0, out);
        let mut order = vec![0; length];
        for line in 0..lines {
            fill_permutation(stream.numbered(line as u64), &mut order);
            for &place in &order[..zeros] {
                let index = match self.rule {
                    Rule::KeptPerUnit(_) => matrix.index(line, place),
                    Rule::ZeroPerInput(_) => matrix.index(place, line),
                };
                out[index] = 0.0;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::init::{Parameter, Source, Values, find};

    fn weights(text: &str, rows: usize, columns: usize) -> Vec<f32> {
        let weight = Parameter::linear("w", rows, columns);
        let scheme = find(text).unwrap();
        Values::new(&weight, Source::Scheme(&*scheme), 1).into_all().unwrap()
    }

    #[test]
    fn martens_counts_along_rows_and_torch_along_columns() {
        let (rows, columns) = (40, 23);
        let kept = |w: &[f32]| w.iter().filter(|w| **w != 0.0).count();
        let w = weights("sparse-martens:15", rows, columns);
        assert!(w.chunks_exact(columns).all(|row| kept(row) == 15));
        let w = weights("sparse-torch:0.86", rows, columns);
        for column in 0..columns {
            let column: Vec<f32> = (0..rows).map(|row| w[row * columns + column]).collect();
            assert_eq!(kept(&column), rows - 35, "⌈0.86·40⌉ = 35 are 0");
        }
    }

    #[test]
    fn units_with_fewer_inputs_keep_all() {
        assert!(weights("sparse-martens:15", 8, 10).iter().all(|w| *w != 0.0));
        assert!(weights("sparse-torch:0", 8, 10).iter().all(|w| *w != 0.0));
    }
}
