//! Slices filled from a stream, sixteen lanes at a time, on the best instructions there are.
//!
//! Elements come in groups of 64, made of the 16 blocks 16·g to 16·g + 15 of the generator. Element
//! r of group g takes word r / 16 of block 16·g + r mod 16, so lanes run over blocks and a word of
//! all lanes is stored as it is computed.

#[cfg(target_arch = "x86_64")]
use super::lanes::{Avx2, Avx512};
use super::lanes::{LANES, Lanes, Plain};
use super::philox::{keys, philox4x32_lanes};
use super::stream::{Kind, Stream};
use crate::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

/// Elements of a group.
const GROUP: usize = 4 * LANES;

/// A distribution, as a function from random words to numbers.
pub(super) trait Draw: Copy + Sync {
    /// Whose random bits it takes.
    const KIND: Kind;

    /// The 64 elements of a group, for its 64 words.
    fn draw<L: Lanes>(self, l: L, words: [L::Bits; 4]) -> [L::Number; 4];
}

/// The instructions that draw; all give equal bits.
#[derive(Clone, Copy, Debug)]
pub(super) enum InstructionSet {
    /// Whatever the compiler makes of loops.
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl InstructionSet {
    /// All that this machine has, the fastest first.
    pub(super) fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let wide = [Avx512::detect().map(Self::Avx512), Avx2::detect().map(Self::Avx2)];
        #[cfg(not(target_arch = "x86_64"))]
        let wide = [None; 0];
        wide.into_iter().flatten().chain([Self::Plain])
    }

    fn best() -> Self {
        Self::available().next().unwrap_or(Self::Plain)
    }
}

/// Fills `out` with elements `start`.. of the stream.
pub(super) fn fill<D: Draw>(draw: D, stream: Stream, start: u64, out: &mut [f32]) {
    fill_by(InstructionSet::best(), draw, stream, start, out);
}

/// As [`fill`], on the given instructions.
pub(super) fn fill_by<D: Draw>(
    set: InstructionSet,
    draw: D,
    stream: Stream,
    start: u64,
    out: &mut [f32],
) {
    for_each_run_of_groups(start, out, &|first, groups| match set {
        InstructionSet::Plain => fill_groups(Plain, draw, stream, first, groups),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Avx2` exists only where its instructions do.
        InstructionSet::Avx2(l) => unsafe { fill_groups_by_avx2(l, draw, stream, first, groups) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Avx512` exists only where its instructions do.
        InstructionSet::Avx512(l) => unsafe {
            fill_groups_by_avx512(l, draw, stream, first, groups);
        },
    });
}

/// Fills `out` with what `draw` makes of each element's own word, one at a time.
pub(super) fn fill_one_by_one<T: Copy + Default + Send>(
    kind: Kind,
    stream: Stream,
    start: u64,
    out: &mut [T],
    draw: impl Fn([u32; GROUP]) -> [T; GROUP] + Sync,
) {
    for_each_run_of_groups(start, out, &|first, groups| {
        for (group, number) in groups.iter_mut().zip(first..) {
            let blocks: [[u32; 4]; LANES] =
                std::array::from_fn(|lane| stream.block(kind, LANES as u64 * number + lane as u64));
            *group = draw(std::array::from_fn(|r| blocks[r % LANES][r / LANES]));
        }
    });
}

/// Calls `fill(g, groups)` for runs of whole groups g, g + 1, … that together cover `out`, which
/// begins with element `start`. Groups that lie in `out` only in part are filled aside and copied.
fn for_each_run_of_groups<T: Copy + Default + Send>(
    start: u64,
    out: &mut [T],
    fill: &(impl Fn(u64, &mut [[T; GROUP]]) + Sync),
) {
    let part = |group: u64, skip: usize, out: &mut [T]| {
        let mut whole = [[T::default(); GROUP]];
        fill(group, &mut whole);
        out.copy_from_slice(&whole[0][skip..skip + out.len()]);
    };
    let (mut group, skip) = (start / GROUP as u64, (start % GROUP as u64) as usize);
    let head = if skip == 0 { 0 } else { out.len().min(GROUP - skip) };
    let (head, out) = out.split_at_mut(head);
    if !head.is_empty() {
        part(group, skip, head);
        group += 1;
    }
    let (groups, tail) = out.as_chunks_mut::<GROUP>();
    let count = groups.len() as u64;
    for_each_chunk(groups, ELEMENTWISE_CHUNK / GROUP, &|offset, groups| {
        fill(group + offset as u64, groups);
    });
    if !tail.is_empty() {
        part(group + count, 0, tail);
    }
}

#[inline(always)]
fn fill_groups<L: Lanes, D: Draw>(
    l: L,
    draw: D,
    stream: Stream,
    first: u64,
    groups: &mut [[f32; GROUP]],
) {
    let keys = keys(l, stream.key());
    let mut block = first * LANES as u64;
    for group in groups {
        let words = philox4x32_lanes(l, stream.counter(D::KIND, block), &keys);
        let numbers = draw.draw(l, words);
        let (slots, _) = group.as_chunks_mut::<LANES>();
        for (slot, number) in slots.iter_mut().zip(numbers) {
            l.store(number, slot);
        }
        block += LANES as u64;
    }
}

/// [`fill_groups`] compiled for AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn fill_groups_by_avx2<D: Draw>(
    l: Avx2,
    draw: D,
    stream: Stream,
    first: u64,
    groups: &mut [[f32; GROUP]],
) {
    fill_groups(l, draw, stream, first, groups);
}

/// [`fill_groups`] compiled for AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn fill_groups_by_avx512<D: Draw>(
    l: Avx512,
    draw: D,
    stream: Stream,
    first: u64,
    groups: &mut [[f32; GROUP]],
) {
    fill_groups(l, draw, stream, first, groups);
}
