//! Slices filled from a stream, sixteen lanes at a time, on the best instructions there are.
//!
//! Elements come in groups of 64, made of the 16 blocks 16·g to 16·g + 15 of the generator. Element
//! r of group g takes word r / 16 of block 16·g + r mod 16, so lanes run over blocks and a word of
//! all lanes is stored as it is computed.

#[cfg(target_arch = "x86_64")]
use super::lanes::{Avx2, Avx512, Twice};
use super::lanes::{LANES, Lanes, Plain, WORDS};
use super::philox::Lockstep;
use super::stream::{Kind, Stream};
use crate::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

/// Elements of a group.
const GROUP: usize = WORDS * LANES;

/// How many elements ahead memory is fetched for writing, 2 KB: a fill of much more than the caches
/// hold is a quarter faster with it.
const AHEAD: usize = 512;

/// Key and counter of a generator.
type Place = ([u32; 2], [u32; 4]);

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
    /// Groups after which the first word of the counter wraps.
    const TURN: u64 = (1 << 32) / LANES as u64;
    for_each_run_of_groups(start, out, &|first, groups| {
        let before_wrap = (TURN - first % TURN).min(groups.len() as u64);
        let (now, later) = groups.split_at_mut(before_wrap as usize);
        for (first, groups) in [(first, now), (first + before_wrap, later)] {
            if !groups.is_empty() {
                let counter = stream.counter(D::KIND, first * LANES as u64);
                fill_groups_by(set, draw, (stream.key(), counter), groups);
            }
        }
    });
}

/// Fills groups whose first counter is given; its first word does not wrap among them.
fn fill_groups_by<D: Draw>(
    set: InstructionSet,
    draw: D,
    place: Place,
    groups: &mut [[f32; GROUP]],
) {
    match set {
        InstructionSet::Plain => fill_groups(Plain, draw, place, groups),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Avx2` exists only where its instructions do.
        InstructionSet::Avx2(l) => unsafe { fill_groups_by_avx2(l, draw, place, groups) },
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512(l) => {
            let (pairs, odd) = groups.split_at_mut(groups.len() / 2 * 2);
            // SAFETY: `Avx512` exists only where its instructions do.
            unsafe { fill_groups_by_avx512(Twice(l), draw, place, pairs) };
            if !odd.is_empty() {
                let (key, mut counter) = place;
                counter[0] += (pairs.len() * LANES) as u32;
                // SAFETY: as above.
                unsafe { fill_groups_by_avx512(l, draw, (key, counter), odd) };
            }
        }
    }
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

/// As many groups as `l` has sets of lanes at a time.
#[inline(always)]
fn fill_groups<L: Lanes, D: Draw>(
    l: L,
    draw: D,
    (key, counter): Place,
    groups: &mut [[f32; GROUP]],
) {
    let mut blocks = Lockstep::new(l, key, counter);
    for groups in groups.chunks_exact_mut(L::SETS) {
        let (slots, _) = groups.as_flattened_mut().as_chunks_mut::<LANES>();
        let numbers = draw.draw(l, blocks.words(l));
        blocks.advance(l);
        for (word, number) in numbers.into_iter().enumerate() {
            l.store(number, slots, word);
        }
        for slot in slots {
            l.prefetch(slot.as_ptr().wrapping_add(AHEAD));
        }
    }
}

/// [`fill_groups`] compiled for AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn fill_groups_by_avx2<D: Draw>(l: Avx2, draw: D, place: Place, groups: &mut [[f32; GROUP]]) {
    fill_groups(l, draw, place, groups);
}

/// [`fill_groups`] compiled for AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn fill_groups_by_avx512<L: Lanes, D: Draw>(
    l: L,
    draw: D,
    place: Place,
    groups: &mut [[f32; GROUP]],
) {
    fill_groups(l, draw, place, groups);
}
