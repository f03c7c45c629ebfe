//! Every instruction set of this machine gives the bits of the plain loop.

use crate::random::fill::{Draw, InstructionSet, fill_by};
use crate::random::lanes::{LANES, Lanes, Plain};
use crate::random::normal::Normal;
use crate::random::stream::Stream;
use crate::random::truncated_normal::Truncated;
use crate::random::uniform::Uniform;

/// Calls `check` with draws of all kinds and of common and awkward parameters.
macro_rules! for_each_draw {
    ($check:ident) => {
        for (low, high) in [(0.0, 1.0), (-0.1, 0.3), (f32::MIN, f32::MAX), (2.0, 2.0), (0.0, 1e-45)]
        {
            $check(Uniform::new(low, high));
        }
        for (mean, deviation) in [(0.0, 1.0), (-3.0, 0.01), (1.0, 0.0), (0.0, 1e-40), (0.0, 1e38)] {
            $check(Normal { mean, deviation });
        }
        let infinity = f64::INFINITY;
        for (low, high) in
            [(-2.0, 2.0), (-1.0, 3.0), (-infinity, 0.5), (-infinity, infinity), (-5.9, -5.0)]
        {
            $check(Truncated::new(low, high, (0.0, 1.0)));
            $check(Truncated::new(low, high, (0.5, -0.2)));
        }
    };
}

#[test]
fn all_give_the_bits_of_the_plain_loop_at_any_place() {
    for_each_draw!(check_places);
}

fn check_places<D: Draw>(draw: D) {
    const LAST: u64 = 1 << 58;
    let carry = 4_u64 << 32;
    for start in [0, 1, 15, 16, 17, 63, 64, 65, carry - 70, LAST - 700] {
        for length in [0, 1, 2, 15, 17, 63, 64, 65, 129, 700] {
            let run = |set| {
                let mut out = vec![f32::NAN; length];
                fill_by(set, draw, Stream::new(3, "w"), start, &mut out);
                bits(&out)
            };
            let plain = run(InstructionSet::Plain);
            for set in InstructionSet::available() {
                assert_eq!(run(set), plain, "{set:?} from {start}, {length} long");
            }
        }
    }
}

#[test]
fn all_give_the_bits_of_the_plain_loop_for_every_extreme_word() {
    for_each_draw!(check_extremes);
}

fn check_extremes<D: Draw>(draw: D) {
    let plain = at_extremes(Plain, draw);
    for set in InstructionSet::available() {
        let got = match set {
            InstructionSet::Plain => at_extremes(Plain, draw),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2(l) => at_extremes(l, draw),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512(l) => at_extremes(l, draw),
        };
        assert_eq!(got, plain, "{set:?}");
    }
}

/// The numbers of words around every multiple of 2²⁸, where quadrants and signs change.
fn at_extremes<L: Lanes, D: Draw>(l: L, draw: D) -> Vec<u32> {
    let mut all = Vec::new();
    for place in 0..16_u32 {
        for other in 0..16_u32 {
            let [a, b] = [place, other].map(|n| l.count_from((n << 28).wrapping_sub(8)));
            for number in draw.draw(l, [a, b, b, a]) {
                let mut out = [[f32::NAN; LANES]];
                l.store(number, &mut out, 0);
                all.extend(bits(&out[0]));
            }
        }
    }
    all
}

fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}
