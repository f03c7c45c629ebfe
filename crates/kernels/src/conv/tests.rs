//! Convolutions against the sum that defines them.

use super::{
    Convolution, convolve, convolve_room, input_gradient, input_gradient_room, weight_gradient,
    weight_gradient_room,
};
use crate::threads;
use crate::window::Window;

fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    })
    .take(count)
    .collect()
}

/// Calls `visit(x index, w index, out index)` for every product in the defining sum.
fn for_each_product(size: &Convolution, mut visit: impl FnMut(usize, usize, usize)) {
    let w = &size.window;
    let (plane, positions, taps) = (w.input_plane(), w.output_plane(), w.taps());
    let outputs = size.batch * size.groups * size.channels_out;
    for (output, channel, tap) in (0..outputs).flat_map(|output| {
        (0..size.channels_in).flat_map(move |c| (0..taps).map(move |tap| (output, c, tap)))
    }) {
        let unit = output % (size.groups * size.channels_out);
        let group = output / size.channels_out;
        let t = w.tap(tap);
        for p in 0..positions {
            let o =
                [p / (w.output[1] * w.output[2]), p / w.output[2] % w.output[1], p % w.output[2]];
            let at = |a: usize| (o[a] * w.stride[a] + t[a] * w.dilation[a]).checked_sub(w.pad[a]);
            let inside = |a: usize| at(a).filter(|&i| i < w.input[a]);
            if let (Some(d), Some(h), Some(v)) = (inside(0), inside(1), inside(2)) {
                let x = (group * size.channels_in + channel) * plane;
                let weight = (unit * size.channels_in + channel) * taps + tap;
                visit(x + (d * w.input[1] + h) * w.input[2] + v, weight, output * positions + p);
            }
        }
    }
}

#[track_caller]
fn close(got: &[f64], want: &[f64], what: &str, size: &Convolution) {
    for (index, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() < 1e-11 * (1.0 + w.abs()), "{what}[{index}]: {g} {w} of {size:?}");
    }
}

#[track_caller]
fn check(size: &Convolution) {
    let x = numbers(size.input_elements(), 1);
    let w = numbers(size.weight_elements(), 2);
    let d_out = numbers(size.output_elements(), 3);
    let mut want = (vec![0.0; d_out.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
    for_each_product(size, |i, k, o| {
        want.0[o] += x[i] * w[k];
        want.1[i] += d_out[o] * w[k];
        want.2[k] += d_out[o] * x[i];
    });
    let run = |threads: usize| {
        let nan = |count: usize| vec![f64::NAN; count];
        let (mut out, mut d_x, mut d_w) = (nan(d_out.len()), nan(x.len()), nan(w.len()));
        let mut rooms =
            [convolve_room, input_gradient_room, weight_gradient_room].map(|room| nan(room(size)));
        threads::pool(threads).unwrap().install(|| {
            convolve(size, &x, &w, &mut out, &mut rooms[0]);
            input_gradient(size, &d_out, &w, &mut d_x, &mut rooms[1]);
            weight_gradient(size, &x, &d_out, &mut d_w, &mut rooms[2]);
        });
        (out, d_x, d_w)
    };
    let got = run(1);
    close(&got.0, &want.0, "out", size);
    close(&got.1, &want.1, "d_x", size);
    close(&got.2, &want.2, "d_w", size);
    assert_eq!(got, run(3), "threads change bits of {size:?}");
}

fn window(input: [usize; 3], kernel: [usize; 3], stride: usize, dilation: usize) -> Window {
    let steps = |k: usize, full: usize| if k == 1 { 1 } else { full };
    let stride = kernel.map(|k| steps(k, stride));
    let dilation = kernel.map(|k| steps(k, dilation));
    let pad = [0, 1, 2].map(|a| kernel[a] / 2);
    let output = [0, 1, 2]
        .map(|a| (input[a] + 2 * pad[a] - dilation[a] * (kernel[a] - 1) - 1) / stride[a] + 1);
    Window { input, output, kernel, stride, dilation, pad }
}

fn size(batch: usize, groups: usize, channels: (usize, usize), window: Window) -> Convolution {
    Convolution { batch, groups, channels_in: channels.0, channels_out: channels.1, window }
}

#[test]
fn images_in_two_dimensions() {
    check(&size(2, 1, (3, 5), window([1, 6, 7], [1, 3, 3], 1, 1)));
    check(&size(3, 1, (2, 70), window([1, 9, 8], [1, 3, 2], 2, 1)));
    check(&size(1, 1, (4, 9), window([1, 9, 9], [1, 3, 3], 3, 2)));
    check(&size(9, 1, (40, 33), window([1, 5, 5], [1, 3, 3], 1, 1)));
    check(&size(8, 1, (40, 16), window([1, 14, 14], [1, 3, 3], 1, 1)));
}

#[test]
fn sequences_and_volumes() {
    check(&size(2, 1, (3, 4), window([1, 1, 20], [1, 1, 5], 1, 2)));
    check(&size(2, 1, (2, 3), window([4, 5, 6], [2, 3, 3], 2, 1)));
}

#[test]
fn groups_and_single_channels() {
    check(&size(2, 3, (2, 4), window([1, 6, 6], [1, 3, 3], 1, 1)));
    check(&size(2, 5, (1, 1), window([1, 7, 9], [1, 3, 3], 1, 1)));
    check(&size(2, 5, (1, 2), window([1, 7, 9], [1, 3, 5], 2, 1)));
    check(&size(3, 1, (1, 6), window([1, 12, 30], [1, 5, 5], 1, 1)));
    check(&size(40, 2, (3, 5), window([1, 3, 3], [1, 3, 3], 3, 1)));
}

#[test]
fn few_channels_read_from_padded_images() {
    check(&size(5, 1, (1, 6), window([1, 28, 28], [1, 5, 5], 1, 1)));
    check(&size(3, 1, (6, 16), window([1, 14, 15], [1, 5, 3], 1, 1)));
    check(&size(2, 2, (3, 9), window([1, 12, 20], [1, 3, 3], 1, 2)));
    check(&size(2, 1, (5, 7), window([1, 1, 60], [1, 1, 7], 1, 1)));
    let mut valid = window([1, 14, 14], [1, 5, 5], 1, 1);
    (valid.pad, valid.output) = ([0; 3], [1, 10, 10]);
    check(&size(4, 1, (6, 16), valid));
    let mut cut = window([1, 10, 12], [1, 3, 3], 1, 1);
    (cut.pad, cut.output) = ([0, 1, 0], [1, 7, 9]);
    check(&size(2, 1, (2, 3), cut));
}

#[test]
fn long_lines_read_from_padded_images() {
    let check = |size: &Convolution| {
        assert!(super::in_place::fits(size), "{size:?}");
        check(size);
    };
    check(&size(3, 1, (20, 30), window([1, 12, 40], [1, 3, 3], 1, 1)));
    check(&size(2, 2, (17, 33), window([1, 9, 96], [1, 3, 3], 1, 2)));
    check(&size(1, 1, (10, 140), window([1, 30, 31], [1, 3, 3], 1, 1)));
    check(&size(2, 1, (9, 70), window([1, 1, 400], [1, 1, 5], 1, 1)));
    let mut valid = window([1, 12, 62], [1, 3, 3], 1, 1);
    (valid.pad, valid.output) = ([0; 3], [1, 10, 60]);
    check(&size(2, 1, (20, 30), valid));
    let mut cut = window([1, 12, 80], [1, 3, 3], 1, 1);
    (cut.pad, cut.output) = ([0, 2, 0], [1, 11, 78]);
    check(&size(2, 1, (20, 30), cut));
}

#[test]
fn products_without_columns() {
    check(&size(2, 1, (6, 40), window([1, 15, 15], [1, 1, 1], 1, 1)));
    check(&size(6, 2, (6, 10), window([1, 3, 5], [1, 1, 1], 1, 1)));
    check(&size(1, 1, (6, 10), window([1, 8, 8], [1, 1, 1], 1, 1)));
}

#[test]
fn blocks_that_do_not_fit_the_cache_at_once() {
    check(&size(1, 1, (90, 4), window([1, 40, 45], [1, 3, 3], 1, 1)));
    check(&size(1, 1, (2, 3), window([1, 1, 90_000], [1, 1, 3], 1, 1)));
}

#[test]
fn padding_on_one_side_and_windows_in_padding_only() {
    let mut causal = window([1, 1, 9], [1, 1, 3], 1, 1);
    (causal.pad, causal.output) = ([0, 0, 2], [1, 1, 9]);
    check(&size(2, 1, (2, 3), causal));
    let small = window([1, 2, 2], [1, 1, 1], 1, 1);
    let (kernel, steps) = ([1, 3, 3], [1, 2, 2]);
    let (pad, output) = ([0, 5, 5], [1, 5, 5]);
    let outside = Window { kernel, stride: steps, dilation: steps, pad, output, ..small };
    check(&size(1, 1, (2, 3), outside));
}
