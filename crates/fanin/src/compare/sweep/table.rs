//! A sweep as a table for other programs.

use std::fmt::Write;

use super::{Cell, Sweep};

impl Sweep {
    /// The cell of a depth and scale.
    pub fn cell(&self, depth: usize, scale: f64) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.depth == depth && cell.scale == scale)
    }

    /// One line per depth and scale: the median, how many seeds learned of those that ended, and
    /// each seed's steps;
    /// a run that never learned is an empty field.
    pub fn to_csv(&self) -> String {
        let mut text = "hidden_layers,scale,median_steps,seeds_learned,seeds".to_owned();
        for seed in &self.options.seeds {
            let _ = write!(text, ",steps_of_seed_{seed}");
        }
        text.push('\n');
        for cell in &self.cells {
            let (depth, scale, ended) = (cell.depth, cell.scale, cell.ended());
            let median = field(cell.median);
            let _ = write!(text, "{depth},{scale:?},{median},{},{ended}", cell.reached);
            for run in &cell.runs {
                let _ = write!(text, ",{}", field(run.steps()));
            }
            text.push('\n');
        }
        text
    }
}

fn field(steps: Option<u64>) -> String {
    steps.map_or_else(String::new, |steps| steps.to_string())
}
