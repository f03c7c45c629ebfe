//! How far neighbors are apart in every layer: what chaos parts and order brings together.
//!
//! Key: B rows, z pre-activation.

use fanin_engine::{Plan, Wire, Workspace};
use fanin_kernels::random::{Stream, fill_normal};
use fanin_kernels::reduce;

use super::probe::Batch;
use super::samples::Lay;
use crate::error::Result;
use crate::spec::{Loss, Mode, Model, Network, Numbers};

/// The cosine between a row and its neighbor, as in the usual experiments on chaos
/// (Schoenholz et al. 2017).
const NEAR: f64 = 0.99;

/// A forward pass through rows and one neighbor of each, planned once for weights of any number.
pub struct Neighbors {
    network: Network,
    plan: Plan,
    workspace: Workspace<f32>,
    /// B.
    rows: usize,
}

impl Neighbors {
    /// Plans the pass for all rows of `batch` and neighbors at [`NEAR`] to them:
    /// x′ = c·x + √(1 − c²)·ξ with ξ normal and of the size of x.
    pub fn new(model: &Model, loss: &Loss, batch: Batch<'_>) -> Result<Self> {
        let rows = batch.rows;
        let columns = batch.features.len() / rows;
        let network = Network::new(model, loss, 2 * rows, Mode::Probe)?;
        let feeds = model.architecture().feeds();
        let pre: Vec<Wire> = network.layers.iter().map(|l| l.pre_activation).collect();
        let plan = Plan::new(&network.graph, &pre)?;
        let mut workspace = plan.try_workspace::<f32>()?;
        let (x, near) = workspace.feed(Network::FEATURES).split_at_mut(rows * columns);
        x.copy_from_slice(batch.features);
        fill_normal(Stream::new(0, "neighbors"), 0, 0.0, 1.0, near);
        for (x, near) in x.chunks_exact(columns).zip(near.chunks_exact_mut(columns)) {
            let size = (reduce::sum_of_squares(x) / columns as f64).sqrt();
            let mut start = 0;
            for feed in &feeds {
                let columns = start..start + feed.columns;
                start = columns.end;
                for (x, near) in x[columns.clone()].iter().zip(&mut near[columns]) {
                    *near = neighbor(feed.numbers, *x, *near, size);
                }
            }
        }
        let (own, same) = workspace.feed(Network::TARGETS).split_at_mut(batch.targets.len());
        own.copy_from_slice(batch.targets);
        same.copy_from_slice(batch.targets);
        Ok(Self { network, plan, workspace, rows })
    }

    /// For every layer the median cosine between the z of rows and of their neighbors.
    pub fn cosines(&mut self, parameters: &[Vec<f32>]) -> Vec<f64> {
        self.plan.run(parameters, &mut self.workspace);
        (0..self.network.layers.len()).map(|layer| self.cosine(layer)).collect()
    }

    fn cosine(&self, layer: usize) -> f64 {
        let wires = &self.network.layers[layer];
        let z = Lay::of_units(&self.network, wires).samples(self.workspace.read(layer));
        let (x, near) = z.split_at(z.len() / 2);
        let units = x.len() / self.rows;
        let pairs = x.chunks_exact(units).zip(near.chunks_exact(units));
        let mut cosines: Vec<f64> = pairs.map(|(x, near)| cosine_between(x, near)).collect();
        cosines.sort_by(f64::total_cmp);
        cosines[cosines.len() / 2]
    }
}

/// A number near `x`, by a normal draw: of an index, the next one in 1 − [`NEAR`] of all places.
fn neighbor(numbers: Numbers, x: f32, draw: f32, size: f64) -> f32 {
    /// P(|ξ| > 2.576) = 0.01 for standard normal ξ.
    const RARE: f32 = 2.576;
    match numbers {
        Numbers::Measured => {
            let noise = (1.0 - NEAR * NEAR).sqrt() * size * f64::from(draw);
            (NEAR * f64::from(x) + noise) as f32
        }
        Numbers::Indices(count) if draw.abs() > RARE => (x + 1.0) % count.max(1) as f32,
        Numbers::Indices(_) | Numbers::Switches => x,
    }
}

fn cosine_between(x: &[f32], y: &[f32]) -> f64 {
    let size = (reduce::sum_of_squares(x) * reduce::sum_of_squares(y)).sqrt();
    if size > 0.0 { reduce::dot(x, y) / size } else { 1.0 }
}
