//! Making bytes and writing them at the same time.
//!
//! Blocks of bytes go from the thread that makes them to a second one that writes them, and come
//! back to be filled again: memory is that of a few blocks, however much is written.

use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::error::{Error, Result};

/// Blocks on their way at the same time: one is filled, one is written, one waits.
const BLOCKS: usize = 3;

/// Where the making thread leaves its blocks.
pub(super) struct Blocks {
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
}

/// What has been left there, as one run of bytes.
pub(super) struct Bytes {
    full: Receiver<Vec<u8>>,
    empty: SyncSender<Vec<u8>>,
    block: Vec<u8>,
    position: usize,
}

/// The writing thread has ended before all was made; its own error says why.
pub(super) struct WriterGone;

impl Blocks {
    /// A block to fill, which may hold bytes from before.
    pub(super) fn empty(&self) -> std::result::Result<Vec<u8>, WriterGone> {
        self.empty.recv().map_err(|_| WriterGone)
    }

    /// Hands a block to the writing thread.
    pub(super) fn send(&self, block: Vec<u8>) -> std::result::Result<(), WriterGone> {
        self.full.send(block).map_err(|_| WriterGone)
    }
}

impl BufRead for Bytes {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.position == self.block.len() {
            let Ok(next) = self.full.recv() else { break };
            let used = std::mem::replace(&mut self.block, next);
            self.position = 0;
            // Nobody waits for it any more once everything is made.
            let _ = self.empty.try_send(used);
        }
        Ok(&self.block[self.position..])
    }

    fn consume(&mut self, amount: usize) {
        self.position += amount;
    }
}

impl Read for Bytes {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

/// Is told how many bytes more have been made, and says whether to go on.
pub(super) type Count<'c> = dyn FnMut(u64) -> ControlFlow<()> + 'c;

/// Runs `make` here and `write` on a thread of its own, and gives what `write` gave.
///
/// `make` gets `count` along; once all is made, it is told 0 from time to time.
///
/// # Errors
/// That of `make`, else that of `write`; [`Error::Interrupted`] if `count` breaks while the rest is
/// written, and [`Error::Io`] with `path` if the system refuses to start a thread.
pub(super) fn run<R: Send>(
    path: &Path,
    count: &mut Count<'_>,
    make: impl FnOnce(&Blocks, &mut Count<'_>) -> Result<std::result::Result<(), WriterGone>>,
    write: impl FnOnce(&mut Bytes) -> Result<R> + Send,
) -> Result<R> {
    const PATIENCE: Duration = Duration::from_millis(50);
    let (full, full_end) = sync_channel(BLOCKS);
    let (empty, empty_end) = sync_channel(BLOCKS + 1);
    for _ in 0..BLOCKS {
        empty.send(Vec::new()).expect("the channel has room for every block");
    }
    let (ended, end) = sync_channel::<()>(0);
    thread::scope(|scope| {
        let writer = thread::Builder::new().spawn_scoped(scope, move || {
            let _until_here = ended;
            write(&mut Bytes { full: full_end, empty, block: Vec::new(), position: 0 })
        });
        let writer = writer.map_err(Error::io("write", path))?;
        let mut made = make(&Blocks { full, empty: empty_end }, count).map(|_| ());
        while made.is_ok() && end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            if count(0).is_break() {
                made = Err(Error::Interrupted);
            }
        }
        let written = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        made.and(written)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make_many(
        blocks: &Blocks,
        count: &mut Count<'_>,
    ) -> Result<std::result::Result<(), WriterGone>> {
        for number in 0..1000_u32 {
            let Ok(mut block) = blocks.empty() else { return Ok(Err(WriterGone)) };
            block.clear();
            block.extend(number.to_le_bytes());
            if blocks.send(block).is_err() {
                return Ok(Err(WriterGone));
            }
            if count(4).is_break() {
                return Err(Error::Interrupted);
            }
        }
        Ok(Ok(()))
    }

    fn read_all(bytes: &mut Bytes) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        bytes.read_to_end(&mut all).map_err(Error::io("write", Path::new("w")))?;
        Ok(all)
    }

    #[test]
    fn bytes_arrive_in_order() {
        let go_on = &mut |_| ControlFlow::Continue(());
        let all = run(Path::new("w"), go_on, make_many, read_all).unwrap();
        let expected: Vec<u8> = (0..1000_u32).flat_map(u32::to_le_bytes).collect();
        assert_eq!(all, expected);
    }

    /// A disk that fills up must not leave the making thread waiting for ever.
    #[test]
    fn an_error_of_the_writer_ends_the_maker() {
        let mut made = 0;
        let count = &mut |bytes| {
            made += bytes;
            ControlFlow::Continue(())
        };
        let full = |bytes: &mut Bytes| -> Result<()> {
            bytes.read_exact(&mut [0; 10]).map_err(Error::io("write", Path::new("w")))?;
            Err(Error::io("write", Path::new("w"))(io::ErrorKind::StorageFull.into()))
        };
        let error = run(Path::new("w"), count, make_many, full).unwrap_err();
        assert_eq!(error.to_string(), "cannot write w");
        assert!(made < 4000, "{made}");
    }

    #[test]
    fn a_stop_is_followed_while_making_and_while_waiting() {
        let mut calls = 0;
        let at_once = &mut |_| {
            calls += 1;
            if calls == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let error = run(Path::new("w"), at_once, make_many, read_all).unwrap_err();
        assert!(matches!(error, Error::Interrupted));
        let waiting = &mut |bytes| {
            if bytes == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let slow = |bytes: &mut Bytes| {
            let all = read_all(bytes);
            thread::sleep(Duration::from_millis(500));
            all
        };
        let error = run(Path::new("w"), waiting, make_many, slow).unwrap_err();
        assert!(matches!(error, Error::Interrupted));
    }
}
