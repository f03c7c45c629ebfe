//! How much the instruments do, by the rows of an epoch of the same network.
//!
//! Counted in rows and products, never by a clock, so that the same case is always measured in the
//! same way. Shares and their origin: `docs/theory/instruments.md`.

use super::{curvature, jacobian, tangent_kernel};

/// How much is measured of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Rows that the instruments see.
    pub rows: usize,
    /// Rows and outputs of the tangent kernel.
    pub kernel: tangent_kernel::Options,
    /// Rows, products and start vectors of the Jacobian.
    pub jacobian: jacobian::Options,
    /// Rows that the Hessian sees.
    pub curvature_rows: usize,
    /// Products with the Hessian.
    pub curvature: curvature::Options,
}

/// What the curvature is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Need {
    /// To be shown: no verdict hangs on it.
    Shown,
    /// Whether it is above or below this.
    Decides(f64),
    /// The same, where hidden units saturate: there the largest eigenvalue does not lie near the
    /// gradient, and four products were seen to miss it by ten times.
    Hidden(f64),
}

/// Rows of the instruments, at least and at most.
const ROWS: [usize; 2] = [32, 128];

/// Products with the Hessian at most.
const PRODUCTS: usize = 16;

impl Effort {
    /// The effort for an epoch of so many rows, and a network of so many weights.
    pub fn new(epoch: usize, weights: usize, need: Need) -> Self {
        let within = |value: usize, [least, most]: [usize; 2]| value.clamp(least, most);
        let rows = within(epoch / 32, ROWS).min(epoch.max(1));
        let (curvature_rows, search, limit) = match need {
            Need::Shown => (rows, curvature::Search::Largest, None),
            Need::Decides(limit) => (ROWS[1], curvature::Search::Largest, Some(limit)),
            Need::Hidden(limit) => (ROWS[1], curvature::Search::Both, Some(limit)),
        };
        Self {
            rows,
            kernel: tangent_kernel::Options {
                rows: rows.min(tangent_kernel::Options::default().rows),
                outputs: within(epoch / (16 * rows.max(1)), [1, 16]),
            },
            jacobian: jacobian::Options {
                rows: within(epoch / 512, [2, 4]),
                steps: within(epoch / 128, [8, 60]),
                probes: within(epoch / 1024, [2, 4]),
                // An epoch multiplies six times per row and weight, and the method of singular
                // values some thirty times per m·n·min(m, n) at the speed of products.
                exact_work: (epoch.saturating_mul(weights) / 40)
                    .min(jacobian::Options::default().exact_work),
                ..jacobian::Options::default()
            },
            curvature_rows: curvature_rows.min(epoch.max(1)),
            curvature: curvature::Options {
                most_steps: PRODUCTS,
                tolerance: 0.1,
                search,
                limit,
                ..curvature::Options::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effort_grows_with_the_data_up_to_what_the_instruments_do_alone() {
        let mut before = Effort::new(1, 1000, Need::Shown);
        assert_eq!((before.rows, before.curvature_rows), (1, 1));
        for epoch in [10, 100, 320, 1437, 3000, 60_000, usize::MAX] {
            let effort = Effort::new(epoch, 1000, Need::Shown);
            assert!(effort.rows >= before.rows && effort.rows <= epoch);
            assert!(effort.jacobian.exact_work >= before.jacobian.exact_work);
            before = effort;
        }
        let large = Effort::new(60_000, 1 << 20, Need::Shown);
        assert_eq!((large.rows, large.curvature_rows), (128, 128));
        assert_eq!(large.jacobian, jacobian::Options::default());
        assert_eq!(large.kernel, tangent_kernel::Options::default());
    }

    #[test]
    fn more_rows_are_looked_at_where_a_verdict_hangs_on_it() {
        let rows = |need| Effort::new(320, 1000, need).curvature_rows;
        assert_eq!([Need::Shown, Need::Decides(1.0), Need::Hidden(1.0)].map(rows), [32, 128, 128]);
    }
}
