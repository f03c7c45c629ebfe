//! Planned passes that run after run of one network uses: planning costs as much as many a run.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Result;
use crate::spec::Model;

/// What was made for networks and waits for its next use, by any thread.
#[derive(Debug)]
pub struct Shelf<T>(Mutex<HashMap<String, Vec<T>>>);

impl<T> Shelf<T> {
    /// An empty shelf.
    pub fn new() -> Self {
        Self(Mutex::default())
    }

    /// Lets `work` use what is there for `model`; `make` makes it where nothing is free.
    ///
    /// # Errors
    /// Those of `make` and `work`.
    pub fn lend<R>(
        &self,
        model: &Model,
        make: impl FnOnce() -> Result<T>,
        work: impl FnOnce(&mut T) -> Result<R>,
    ) -> Result<R> {
        let name = model.to_string();
        let free = self.places().get_mut(&name).and_then(Vec::pop);
        let mut lent = match free {
            Some(free) => free,
            None => make()?,
        };
        let result = work(&mut lent);
        self.places().entry(name).or_default().push(lent);
        result
    }

    fn places(&self) -> MutexGuard<'_, HashMap<String, Vec<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn one_thing_is_made_for_each_network_and_survives_an_error() {
        let (shelf, mut made) = (Shelf::new(), 0);
        let mut lend = |model: &str, fails: bool| {
            let make = || {
                made += 1;
                Ok(made)
            };
            let work = |number: &mut i32| if fails { Err(Error::Interrupted) } else { Ok(*number) };
            shelf.lend(&model.parse().unwrap(), make, work).ok()
        };
        let (small, large) = ("4 -> 3 relu -> 2", "4 -> 5 relu -> 2");
        assert_eq!([lend(small, false), lend(large, false)], [Some(1), Some(2)]);
        assert_eq!(lend(small, true), None);
        assert_eq!([lend(small, false), lend(large, false)], [Some(1), Some(2)]);
    }
}
