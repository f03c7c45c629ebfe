//! The file that `fanin init` writes, and how.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;
use fanin::Result;
use fanin::formats::{ByteSize, Dtype, Existing, WriteOptions};

use crate::progress::{WriteBar, interrupt_saying};

/// Is told bytes made and bytes in all, and can break.
pub type Progress<'a> = dyn FnMut(u64, u64) -> ControlFlow<()> + 'a;

/// Where the weights go.
#[derive(Debug, Args)]
#[command(next_help_heading = "File")]
pub struct FileArgs {
    /// File to write, .safetensors or .npz; .onnx for a copy of an .onnx model with new weights
    #[arg(long, short, value_name = "FILE", default_value = "weights.safetensors")]
    output: PathBuf,
    /// Type of elements in the file; values are drawn as f32 and rounded to it [default: f32]
    #[arg(long, value_parser = PossibleValuesParser::new(Dtype::FLOATING))]
    dtype: Option<String>,
    /// Spread tensors over several files of at most this size, with the index that Hugging Face
    /// loads: 5GB, 500MiB
    #[arg(long, value_name = "SIZE")]
    max_shard_size: Option<String>,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

impl FileArgs {
    /// The type of elements that is asked for.
    pub fn dtype(&self) -> Result<Option<Dtype>> {
        self.dtype.as_ref().map(|name| name.parse()).transpose()
    }

    /// The file to write.
    pub fn path(&self) -> &Path {
        &self.output
    }

    /// Whether a copy of the model's file is asked for.
    pub fn is_model(&self) -> bool {
        fanin::spec::is_model_file(&self.output)
    }

    /// What becomes of a file that exists.
    pub fn existing(&self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Keep }
    }

    /// Writes the file by `write`, with a bar on a terminal; Ctrl-C leaves nothing behind.
    pub fn write(
        &self,
        quiet: bool,
        write: impl FnOnce(&Path, &WriteOptions, &mut Progress<'_>) -> Result<Vec<PathBuf>>,
    ) -> Result<Vec<PathBuf>> {
        let max_shard: Option<ByteSize> =
            self.max_shard_size.as_ref().map(|size| size.parse()).transpose()?;
        let interrupt = interrupt_saying("stopping; press Ctrl-C again to stop at once");
        let mut bar = WriteBar::new(quiet);
        let mut progress = |made, total| {
            bar.show(made, total);
            if interrupt.requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = WriteOptions { existing: self.existing(), max_shard };
        let files = write(&self.output, &options, &mut progress);
        bar.clear();
        files
    }
}
