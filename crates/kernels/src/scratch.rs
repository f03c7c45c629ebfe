//! Memory that a thread keeps between calls, for work that must not allocate.
//!
//! It grows to the largest size ever asked for on a thread and stays; no result may depend on
//! what it holds.

use std::cell::RefCell;

/// Bytes of a cache line; more elements than lie in one.
const LINE: usize = 64;

/// An element type for which every thread keeps scratch memory.
pub trait Scratch: Sized {
    /// Calls `work` with `count` elements of unknown values, which begin on a cache line.
    ///
    /// `work` must not hand work to other threads: it could come back to this thread and ask for
    /// the memory again, which then has to be allocated.
    #[doc(hidden)]
    fn with_scratch<R>(count: usize, work: impl FnOnce(&mut [Self]) -> R) -> R;
}

macro_rules! implement_scratch {
    ($type:ident) => {
        impl Scratch for $type {
            fn with_scratch<R>(count: usize, work: impl FnOnce(&mut [Self]) -> R) -> R {
                thread_local! {
                    static MEMORY: RefCell<Vec<$type>> = const { RefCell::new(Vec::new()) };
                }
                let mut memory = MEMORY.take();
                if memory.len() < count + LINE {
                    memory.resize(count + LINE, 0.0);
                }
                let start = memory.as_ptr().align_offset(LINE).min(LINE);
                let result = work(&mut memory[start..start + count]);
                MEMORY.set(memory);
                result
            }
        }
    };
}

implement_scratch!(f32);
implement_scratch!(f64);
