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
    /// The same where batch normalization ties rows together.
    pub joint_kernel: tangent_kernel::Options,
    /// Rows whose gradients' noise is measured, where they are not tied.
    pub noise_rows: usize,
    /// Rows, products and start vectors of the Jacobian.
    pub jacobian: jacobian::Options,
    /// Rows that the Hessian sees where fewer leave a doubt.
    pub closer_rows: usize,
    /// Parts of the rows over which Adam's own scale is averaged, each a pass of its own.
    pub parts: usize,
    /// Products with the Hessian.
    products: usize,
    /// Residual, relative to the largest eigenvalue, at which that counts as found.
    tolerance: f64,
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

/// Rows that any instrument sees at most.
pub const MOST_ROWS: usize = 128;

/// Rows of the instruments, at least and at most.
const ROWS: [usize; 2] = [16, MOST_ROWS];

/// Rows of a joint tangent kernel, at least and at most. Each output of each row takes a run
/// backwards through all of them.
const JOINT_ROWS: [usize; 2] = [6, 64];

/// Rows of an epoch for each row that such runs go through.
const JOINT_SHARE: usize = 16;

/// Products with the Hessian, at least and at most; one on r rows costs about as much as ten passes
/// forward through them, and an epoch as three through all rows.
pub const PRODUCTS: [usize; 2] = [3, 16];

/// Products where units saturate: there few find nothing.
const HIDDEN_PRODUCTS: usize = 16;

/// Residuals that count as found on the first rows, and where it is looked at more closely.
const TOLERANCES: [f64; 2] = [0.2, 0.1];

impl Effort {
    /// The effort for an epoch of so many rows, and a network of so many weights.
    pub fn new(epoch: usize, weights: usize) -> Self {
        let within = |value: usize, [least, most]: [usize; 2]| value.clamp(least, most);
        let rows = within(epoch / 64, ROWS).min(epoch.max(1));
        let joint_rows = within((epoch / JOINT_SHARE).isqrt(), JOINT_ROWS).min(rows);
        let kernel_rows = rows.min(tangent_kernel::Options::default().rows);
        Self {
            rows,
            kernel: tangent_kernel::Options {
                rows: kernel_rows,
                outputs: within(epoch / (32 * rows.max(1)), [1, 16]),
            },
            noise_rows: kernel_rows,
            joint_kernel: tangent_kernel::Options {
                rows: joint_rows,
                outputs: within(epoch / (JOINT_SHARE * joint_rows.pow(2).max(1)), [1, 16]),
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
            closer_rows: ROWS[1].min(epoch.max(1)),
            parts: within(rows / 4, [2, curvature::Adam::default().parts]),
            products: within(epoch / (6 * rows.max(1)), PRODUCTS),
            tolerance: TOLERANCES[0],
        }
    }

    /// The same with as many products with the Hessian of so many rows as are ever taken, and with
    /// these kernels, of which the second is the joint one.
    pub(super) fn searching(
        self,
        rows: usize,
        noise_rows: usize,
        [kernel, joint_kernel]: [tangent_kernel::Options; 2],
    ) -> Self {
        let parts = (rows / 4).clamp(2, curvature::Adam::default().parts);
        let (products, tolerance) = (PRODUCTS[1], TOLERANCES[1]);
        Self { rows, kernel, joint_kernel, noise_rows, parts, products, tolerance, ..self }
    }

    /// How the curvature is searched for.
    pub fn curvature(&self, need: Need) -> curvature::Options {
        let (search, limit, most_steps) = match need {
            Need::Shown => (curvature::Search::Largest, None, self.shown_products()),
            Need::Decides(limit) => (curvature::Search::Largest, Some(limit), self.products),
            Need::Hidden(limit) => (curvature::Search::Both, Some(limit), HIDDEN_PRODUCTS),
        };
        let tolerance = self.tolerance;
        curvature::Options { most_steps, tolerance, search, limit, ..curvature::Options::default() }
    }

    /// Products for an eigenvalue that is only shown.
    pub fn shown_products(&self) -> usize {
        (self.products / 2).max(PRODUCTS[0])
    }

    /// The same on more rows, where the verdict hangs on it.
    pub fn closer_curvature(&self, need: Need) -> curvature::Options {
        curvature::Options {
            most_steps: PRODUCTS[1],
            tolerance: TOLERANCES[1],
            ..self.curvature(need)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effort_grows_with_the_data_up_to_what_the_instruments_do_alone() {
        let mut before = Effort::new(1, 1000);
        assert_eq!((before.rows, before.closer_rows), (1, 1));
        for epoch in [10, 100, 320, 1437, 3000, 60_000, usize::MAX] {
            let effort = Effort::new(epoch, 1000);
            assert!(effort.rows >= before.rows && effort.rows <= epoch);
            assert!(effort.jacobian.exact_work >= before.jacobian.exact_work);
            before = effort;
        }
        let large = Effort::new(1 << 17, 1 << 20);
        assert_eq!((large.rows, large.closer_rows), (128, 128));
        assert_eq!(large.jacobian, jacobian::Options::default());
        assert_eq!(large.kernel, tangent_kernel::Options::default());
        let joint = Effort::new(1 << 21, 1 << 20).joint_kernel;
        assert_eq!(joint, tangent_kernel::Options::default());
        assert_eq!(large.parts, curvature::Adam::default().parts);
    }
}
