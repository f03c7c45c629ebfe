//! Which tensors, and which parts of them, `fanin init` writes.

use clap::Args;
use fanin::Result;
use fanin::init::{Selection, Shard};

/// What one process of many needs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Part")]
pub struct PartArgs {
    /// One of so many equal shares of every tensor, counted from 1: 3/64 for rank 2 of 64
    #[arg(long, value_name = "NUMBER/COUNT")]
    shard: Option<String>,
    /// Axis along which --shard cuts; tensors without it are written whole
    #[arg(long, value_name = "AXIS", default_value = "0", requires = "shard")]
    shard_axis: usize,
    /// Part of the tensors that a pattern names, along one axis, instead of the share of --shard;
    /// may be given several times
    #[arg(long = "range", value_name = "PATTERN=AXIS:START..END")]
    ranges: Vec<String>,
    /// Only tensors that fit a pattern, as a pipeline's stage needs; may be given several times
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
}

impl PartArgs {
    /// What the arguments choose.
    pub fn selection(&self) -> Result<Selection> {
        let along = |shard: Shard| Shard { axis: self.shard_axis, ..shard };
        Ok(Selection {
            only: self.only.clone(),
            shard: self.shard.as_ref().map(|text| text.parse().map(along)).transpose()?,
            ranges: self.ranges.iter().map(|text| text.parse()).collect::<Result<_>>()?,
        })
    }
}
