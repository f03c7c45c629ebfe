//! Whether fanin itself drew a tensor: the seed under which a scheme gives the same bits.

use serde::Serialize;

use crate::formats::StoredTensor;
use crate::init::{Parameter, Scheme, Source, Values};

/// The seed under which a scheme of fanin gives the bits of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Seed(pub u64);

/// Seeds that people use without being told.
const TRIED: std::ops::Range<u64> = 0..16;
/// Elements compared; as many random numbers agree by chance in no file ever written.
const COMPARED: usize = 64;
/// A scheme that gives all elements together is drawn again up to this size.
const LARGEST_WHOLE: usize = 1 << 20;

/// The seed under which `scheme` gives the tensor's first elements, if one of the tried does.
pub fn seed(
    stored: &StoredTensor<'_>,
    parameter: &Parameter,
    scheme: &dyn Scheme,
    first: Option<u64>,
) -> Option<Seed> {
    if scheme.is_whole() && stored.values.len() > LARGEST_WHOLE {
        return None;
    }
    let compared = &stored.values[..stored.values.len().min(COMPARED)];
    first.into_iter().chain(TRIED).map(Seed).find(|seed| {
        let mut drawn = vec![0.0; compared.len()];
        let read = Values::new(parameter, Source::Scheme(scheme), seed.0).read(0, &mut drawn);
        stored.dtype.round(&mut drawn);
        read.is_ok() && drawn == compared
    })
}
