//! Which instruments an epoch of the same network pays for.
//!
//! Counted in nodes, numbers and products, never by a clock, so that the same case is always measured
//! in the same way. Prices and their origin: `docs/theory/instruments.md`.

use super::effort::{Effort, MOST_ROWS, PRODUCTS};
use super::tangent_kernel;
use crate::check::samples::Lay;
use crate::check::shared::is_product;
use crate::spec::{Extent, Network};

/// Rows of the batches that an epoch is taken to have.
const BATCH: f64 = 64.0;

/// Nanoseconds, about, that a node takes to be run; only ratios of these prices count.
const RUN: f64 = 250.0;
/// That it takes to be built and planned.
const PLAN: f64 = 2500.0;
/// That a number takes to be made.
const NUMBER: f64 = 1.0;
/// That a product takes in a matrix.
const PRODUCT: f64 = 0.1;
/// That a weight takes to be changed.
const CHANGE: f64 = 1.0;
/// That the statistics of a layer take.
const STATISTICS: f64 = 25_000.0;
/// That theory takes for the depth of an activation without closed forms, and with them.
const THEORY: [f64; 2] = [300_000.0, 60_000.0];
/// How much dearer a pass is that is run once than one of many.
const FIRST: f64 = 1.5;
/// How much dearer small products are beside those of an epoch.
const SMALL: f64 = 2.5;

/// What a pass forward takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    nodes: f64,
    /// Numbers that all nodes make of a row.
    numbers: f64,
    /// Products of a row with weights.
    products: f64,
    weights: f64,
    /// Weights of which each row's gradient is held as a whole: those of no factored layer.
    held: f64,
    layers: f64,
    /// Whether rows are tied by statistics of their batch.
    is_tied: bool,
    /// Inputs, outputs and the width of the first and the last hidden layer.
    sizes: [f64; 4],
}

impl Work {
    /// That of a network without derivatives.
    pub fn of(network: &Network) -> Self {
        let (graph, rows) = (&network.graph, network.rows.max(1) as f64);
        let elements = |wire| graph.shape(wire).elements() as f64;
        let made = graph.nodes().iter().flat_map(|node| &node.outputs);
        let parameters = graph.parameters();
        let products = network.layers.iter().map(|layer| {
            elements(parameters[layer.weight]) * Lay::of_units(network, layer).count() as f64
        });
        let factored: Vec<usize> = network
            .layers
            .iter()
            .filter(|layer| is_product(network, layer))
            .flat_map(|layer| [Some(layer.weight), layer.bias])
            .flatten()
            .collect();
        let whole = network.trained.iter().filter(|&p| !factored.contains(p));
        let width = |place: Option<usize>| {
            let layer = place.and_then(|place| network.layers.get(place));
            layer.map_or(0.0, |layer| elements(layer.pre_activation) / rows)
        };
        let inputs = elements(graph.inputs()[Network::FEATURES]) / rows;
        Self {
            nodes: graph.nodes().len() as f64,
            numbers: made.map(|&wire| elements(wire)).sum::<f64>() / rows,
            products: products.sum::<f64>() / rows,
            weights: network.trained.iter().map(|&p| elements(parameters[p])).sum(),
            held: whole.map(|&p| elements(parameters[p])).sum(),
            layers: network.layers.len() as f64,
            is_tied: !network.running.is_empty(),
            sizes: [
                inputs,
                elements(network.output) / rows,
                width(Some(0)),
                width(network.layers.len().checked_sub(2)),
            ],
        }
    }

    /// A pass forward through so many rows.
    fn forward(&self, rows: f64) -> f64 {
        self.nodes * RUN + rows * self.of_a_row()
    }

    fn of_a_row(&self) -> f64 {
        self.numbers * NUMBER + self.products * PRODUCT
    }

    /// Building and planning a graph so many times as large.
    fn planned(&self, times: f64) -> f64 {
        times * self.nodes * PLAN
    }

    /// An epoch of so many rows: a way forward and two as long backwards for each batch.
    fn epoch(&self, rows: f64) -> f64 {
        let steps = (rows / BATCH).max(1.0);
        steps * (3.0 * self.forward(rows.min(BATCH)) + self.weights * CHANGE)
    }

    /// What every check does: a pass forward and back through so many rows, neighbors, and what is
    /// looked for in weights.
    fn looked(&self, rows: f64) -> f64 {
        let statistics = self.layers * STATISTICS + 3000.0 * self.numbers * PRODUCT;
        let changes = 2.0 * self.weights * CHANGE;
        let passes = 3.0 * self.forward(rows) + self.forward(BATCH);
        self.planned(5.0) + FIRST * passes + statistics + changes
    }

    /// Singular values of an m × n Jacobian at some rows.
    fn jacobian(&self, [m, n]: [f64; 2], effort: &Effort) -> f64 {
        /// Products of a bidiagonalization in f64, for each of m·n·min(m, n).
        const EXACT: f64 = 60.0;
        let options = &effort.jacobian;
        let (rows, shorter) = (options.rows as f64, m.min(n));
        let work = m * n * shorter;
        if work <= options.exact_work as f64 {
            let all = self.forward(shorter) * 2.0 + work * EXACT * PRODUCT;
            return self.planned(3.0) + rows * all;
        }
        let products = rows * (options.steps * options.probes) as f64;
        self.planned(6.0) + products * 3.0 * self.forward(1.0)
    }

    fn curvature(&self, effort: &Effort, is_adam: bool) -> f64 {
        let rows = effort.rows as f64;
        let scale = if is_adam {
            self.planned(3.0) + effort.parts as f64 * 3.0 * self.forward(rows / effort.parts as f64)
        } else {
            0.0
        };
        let searches = if is_adam { 2.0 } else { 1.0 };
        self.planned(10.0) + searches * self.products(rows, effort.shown_products()) + scale
    }

    /// So many products with the Hessian of so many rows.
    fn products(&self, rows: f64, products: usize) -> f64 {
        products as f64 * (7.0 * self.forward(rows) + 4.0 * self.weights * NUMBER)
    }

    fn gradients(&self, effort: &Effort) -> f64 {
        if self.is_tied {
            let of_groups = 3.0 * (16.0 * self.nodes * RUN + effort.rows as f64 * self.of_a_row());
            return self.planned(6.0) + self.joint_kernel(effort.joint_kernel) + of_groups;
        }
        let noise = match effort.noise_rows {
            rows if rows > effort.kernel.rows => self.planned(3.0) + self.noise(rows),
            _ => self.moments(effort.kernel.rows),
        };
        self.planned(3.0) + self.kernel(effort.kernel) + noise
    }

    /// The tangent kernel, with one run more for what noise needs.
    fn kernel(&self, kernel: tangent_kernel::Options) -> f64 {
        let (rows, outputs) = (kernel.rows as f64, kernel.outputs as f64);
        let grams = rows * rows * self.numbers * PRODUCT;
        (outputs + 1.0) * (2.0 * self.forward(rows) + grams)
    }

    /// The same where rows are tied.
    fn joint_kernel(&self, kernel: tangent_kernel::Options) -> f64 {
        let (rows, runs) = (kernel.rows as f64, (kernel.rows * kernel.outputs) as f64);
        runs * 2.0 * self.forward(rows)
    }

    /// The gradient's noise on rows of its own.
    fn noise(&self, rows: usize) -> f64 {
        2.0 * self.forward(rows as f64) + self.moments(rows)
    }

    /// Moments of every weight's gradient.
    fn moments(&self, rows: usize) -> f64 {
        rows as f64 * self.weights * 2.0 * PRODUCT
    }

    /// The effort where all is asked for, whatever an epoch pays for: as many rows and outputs as
    /// the instruments can use, as far as each stays within [`ASKED`], and never less than
    /// `fitting`.
    pub fn asked(&self, fitting: Effort, epoch: usize, is_adam: bool) -> Effort {
        let searches = if is_adam { 2.0 } else { 1.0 };
        let is_cheap = |rows: &usize| searches * self.products(*rows as f64, PRODUCTS[1]) <= ASKED;
        let halves = || (0..8).map(|k| (MOST_ROWS >> k).min(epoch)).filter(|&r| r >= fitting.rows);
        let rows = halves().find(is_cheap).unwrap_or(fitting.rows);
        let fits = |rows: &usize| self.noise(*rows) <= ASKED && *rows as f64 * self.held <= NUMBERS;
        let kernel = self.kernel_within(fitting.kernel, epoch, |kernel| {
            let held = kernel.rows as f64 * self.held;
            if held <= NUMBERS { self.kernel(kernel) } else { f64::INFINITY }
        });
        let joint_kernel = self.kernel_within(fitting.joint_kernel, epoch, |kernel| {
            // Whole gradients are multiplied with each other.
            let grams = (kernel.rows.pow(2) * kernel.outputs) as f64 * self.weights * PRODUCT;
            self.joint_kernel(kernel) + grams
        });
        let noise_rows = halves().find(fits).unwrap_or(0).max(kernel.rows);
        fitting.searching(rows, noise_rows, [kernel, joint_kernel])
    }

    /// The largest kernel that one can use whose price stays within [`ASKED`]: outputs are taken
    /// off first, down to a few, then rows, down to those of `least`.
    fn kernel_within(
        &self,
        least: tangent_kernel::Options,
        epoch: usize,
        price: impl Fn(tangent_kernel::Options) -> f64,
    ) -> tangent_kernel::Options {
        const FEW: usize = 4;
        let most = tangent_kernel::Options::default();
        let [_, outputs, ..] = self.sizes;
        let outputs = most.outputs.min((outputs as usize).max(1)).max(least.outputs);
        let rows = most.rows.min(epoch).max(least.rows);
        let mut kernel = tangent_kernel::Options { rows, outputs };
        while price(kernel) > ASKED && kernel != least {
            let is_few = kernel.outputs <= FEW.max(least.outputs);
            if kernel.rows == least.rows || !is_few {
                kernel.outputs = (kernel.outputs / 2).max(least.outputs);
            } else {
                kernel.rows = (kernel.rows / 2).max(least.rows);
            }
        }
        kernel
    }
}

/// Price that an instrument may have at one start where it is asked for, whatever an epoch pays
/// for: half a second on one core, about, as large products are cheaper than their price.
const ASKED: f64 = 4e9;

/// Numbers that gradients of single rows may hold where no layer is factored: half a gigabyte.
const NUMBERS: f64 = (1 << 26) as f64;

/// Which of the instruments measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is taken or not, whatever the others are")]
pub struct Taken {
    /// The depth that theory lets train.
    pub theory: bool,
    /// The Jacobian of the depth.
    pub depth: bool,
    /// The curvature where no verdict hangs on it.
    pub curvature: bool,
    /// The Jacobian of the outputs.
    pub ends: bool,
    /// The tangent kernel and the gradient's noise.
    pub gradients: bool,
}

impl Taken {
    /// Whether any of those that are planned together.
    pub fn is_any(self) -> bool {
        self.depth || self.curvature || self.ends || self.gradients
    }
}

/// A case as far as its budget goes.
#[derive(Clone, Copy, Debug)]
pub struct Priced<'a> {
    /// What one pass takes.
    pub work: Work,
    /// How much each instrument would do.
    pub effort: &'a Effort,
    /// Rows of an epoch.
    pub epoch: usize,
    /// Rows that every layer was measured on.
    pub looked: usize,
    /// Whether Adam's own curvature is asked for.
    pub is_adam: bool,
    /// Whether theory has closed forms for the activation.
    pub is_closed: bool,
}

impl Taken {
    /// Those that `extent` asks for: all, or, in the order in which they tell most, those that fit
    /// into an epoch of the network beside what every check does.
    pub fn new(extent: Extent, case: &Priced<'_>) -> Self {
        let Priced { work, effort, epoch, looked, is_adam, is_closed } = *case;
        let mut left = match extent {
            Extent::All => f64::INFINITY,
            Extent::Fitting => SHARE * work.epoch(epoch as f64) - work.looked(looked as f64),
        };
        let mut fits = |price: f64| {
            let price = SMALL * price;
            let fits = price <= left;
            left -= if fits { price } else { 0.0 };
            fits
        };
        let [inputs, outputs, first, last] = work.sizes;
        Self {
            theory: fits(THEORY[usize::from(is_closed)]),
            depth: fits(work.jacobian([first, last], effort)),
            curvature: fits(work.curvature(effort, is_adam)),
            ends: fits(work.jacobian([inputs, outputs], effort)),
            gradients: fits(work.gradients(effort)),
        }
    }
}

/// Share of an epoch that a check may take: prices are known to about a third.
const SHARE: f64 = 0.75;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Loss, Mode, Model};

    fn taken(extent: Extent, model: &str, epoch: usize) -> Taken {
        let model: Model = model.parse().unwrap();
        let network = Network::new(&model, &Loss::CrossEntropy, 8, Mode::Probe).unwrap();
        let (work, effort) = (Work::of(&network), Effort::new(epoch, 1000));
        let (looked, is_adam, is_closed) = (epoch.min(128), false, false);
        let case = Priced { work, effort: &effort, epoch, looked, is_adam, is_closed };
        Taken::new(extent, &case)
    }

    #[test]
    fn longer_epochs_pay_for_more_until_they_pay_for_all() {
        for model in ["64 -> 3x32 gelu -> 10", "64 -> 3x32 batch_norm gelu -> 10"] {
            let all =
                Taken { theory: true, depth: true, curvature: true, ends: true, gradients: true };
            assert_eq!(taken(Extent::All, model, 1), all, "{model}");
            assert_eq!(taken(Extent::Fitting, model, 1 << 20), all, "{model}");
            let none = taken(Extent::Fitting, model, 100);
            assert!(!none.is_any() && !none.theory, "{model}: {none:?}");
            let epochs = (0..14).map(|k| taken(Extent::Fitting, model, 128 << k));
            let some = epochs.filter(|taken| *taken != all && (taken.is_any() || taken.theory));
            assert!(some.count() > 0, "{model}: some epochs pay for a part");
        }
    }

    /// What is asked for is measured on as many rows as the instruments can use where that is
    /// cheap, and on no fewer than an epoch pays for where it is not.
    #[test]
    fn asked_for_instruments_see_many_rows_where_that_is_cheap() {
        let asked = |model: &str, epoch: usize| {
            let model: Model = model.parse().unwrap();
            let network = Network::new(&model, &Loss::CrossEntropy, 8, Mode::Probe).unwrap();
            let work = Work::of(&network);
            let fitting = Effort::new(epoch, work.weights as usize);
            (fitting, work.asked(fitting, epoch, false))
        };
        let (fitting, effort) = asked("64 -> 30x100 relu -> 10", 1437);
        assert_eq!((fitting.rows, fitting.kernel.outputs), (22, 2));
        assert_eq!((effort.rows, effort.noise_rows), (128, 128));
        let all = tangent_kernel::Options { rows: 64, outputs: 10 };
        assert_eq!(effort.kernel, all, "all outputs are averaged over");
        let (_, tied) = asked("64 -> 2x32 batch_norm relu -> 10", 1437);
        assert_eq!(tied.joint_kernel, all);
        let (_, few) = asked("64 -> 2x8 relu -> 10", 40);
        assert_eq!((few.rows, few.kernel.rows, few.noise_rows), (40, 40, 40), "there are no more");
        let (fitting, large) = asked("4096 -> 6x8192 relu -> 10", 1437);
        assert_eq!((large.rows, large.kernel.rows), (fitting.rows, fitting.kernel.rows));
        assert_eq!(large.noise_rows, fitting.noise_rows);
    }

    #[test]
    fn work_is_counted_by_the_row() {
        let model: Model = "5 -> 4 relu -> 3".parse().unwrap();
        let of = |rows: usize| {
            Work::of(&Network::new(&model, &Loss::CrossEntropy, rows, Mode::Probe).unwrap())
        };
        let (one, many) = (of(1), of(64));
        assert_eq!((one.products, many.products), (32.0, 32.0));
        assert_eq!((one.weights, one.layers, one.sizes), (39.0, 2.0, [5.0, 3.0, 4.0, 4.0]));
        assert_eq!(one.nodes, many.nodes);
    }
}
