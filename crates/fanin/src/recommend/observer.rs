//! A network on rows of data, of which any wire can be watched while its parameters change.

use fanin_engine::{Plan, Wire, Workspace};

use super::Problem;
use super::rows::Rows;
use crate::error::Result;
use crate::spec::{Mode, Network};

/// A network with the parameters that it runs with.
#[derive(Clone)]
pub(super) struct Observer {
    pub network: Network,
    /// The parameters, in the graph's order.
    pub parameters: Vec<Vec<f32>>,
    rows: Rows,
}

/// Wires of a network, planned with all that they need and nothing else.
pub(super) struct Watch {
    plan: Plan,
    workspace: Workspace<f32>,
}

impl Observer {
    pub fn new(problem: &Problem<'_>, rows: Rows, mode: Mode) -> Result<Self> {
        let network = Network::new(problem.model, problem.loss, rows.count, mode)?;
        let parameters = network.arrange(problem.weights)?;
        Ok(Self { network, parameters, rows })
    }

    /// A plan up to these wires, fed with the rows.
    pub fn watch(&self, wires: &[Wire]) -> Result<Watch> {
        let plan = Plan::new(&self.network.graph, wires)?;
        let mut workspace = plan.try_workspace::<f32>()?;
        let batch = self.rows.batch();
        workspace.feed(Network::FEATURES).copy_from_slice(batch.features);
        workspace.feed(Network::TARGETS).copy_from_slice(batch.targets);
        Ok(Watch { plan, workspace })
    }

    /// Runs the network up to the wires of `watch`, with the parameters as they are now.
    pub fn run(&self, watch: &mut Watch) {
        watch.plan.run(&self.parameters, &mut watch.workspace);
    }
}

impl Watch {
    /// The values of the n-th wire.
    pub fn read(&self, index: usize) -> &[f32] {
        self.workspace.read(index)
    }

    /// The n-th input, to fill.
    pub fn feed(&mut self, index: usize) -> &mut [f32] {
        self.workspace.feed(index)
    }
}
