//! Memory that a thread keeps between calls, for work that must not allocate.
//!
//! It grows to the largest size ever asked for on a thread and stays; no result may depend on
//! what it holds.

use std::cell::RefCell;

/// An element type for which every thread keeps scratch memory.
pub trait Scratch: Sized {
    /// Calls `work` with `count` elements of unknown values.
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
                if memory.len() < count {
                    memory.resize(count, 0.0);
                }
                let result = work(&mut memory[..count]);
                MEMORY.set(memory);
                result
            }
        }
    };
}

implement_scratch!(f32);
implement_scratch!(f64);
