//! Times convolutions for `bench/convolution.py`: reads lines
//! `WHAT BATCH GROUPS CHANNELS_IN CHANNELS_OUT SIDE KERNEL STRIDE PAD`, answers with seconds.
//!
//! Channels are those of one group. WHAT is `forward`, `input` or `weight`; the number of threads
//! is the first argument.

use std::hint::black_box;
use std::io::{BufRead, stdin};
use std::time::Instant;

use fanin_kernels::conv::{
    Convolution, convolve, convolve_room, input_gradient, input_gradient_room, weight_gradient,
    weight_gradient_room,
};
use fanin_kernels::random::{Stream, fill_normal};
use fanin_kernels::threads::pool;
use fanin_kernels::window::Window;

fn main() {
    let threads = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    let pool = pool(threads).expect("the system starts a few threads");
    let [mut x, mut w, mut y, mut room] = [const { Vec::<f32>::new() }; 4];
    for line in stdin().lock().lines() {
        let line = line.expect("standard input is text");
        let (what, numbers) = line.split_once(' ').expect("a line names what to do");
        let numbers: Vec<usize> =
            numbers.split(' ').map(|text| text.parse().expect("sizes are numbers")).collect();
        let size = size(numbers.try_into().expect("a line has eight sizes"));
        let x = filled(&mut x, size.input_elements());
        let w = filled(&mut w, size.weight_elements());
        let y = filled(&mut y, size.output_elements());
        let rooms = [convolve_room, input_gradient_room, weight_gradient_room];
        let most = rooms.map(|room| room(&size)).into_iter().max().unwrap_or(0);
        let room = filled(&mut room, most);
        let start = Instant::now();
        pool.install(|| match what {
            "forward" => convolve(&size, x, w, y, room),
            "input" => input_gradient(&size, y, w, x, room),
            "weight" => weight_gradient(&size, x, y, w, room),
            other => panic!("`{other}` is none of forward, input, weight"),
        });
        println!("{}", start.elapsed().as_secs_f64());
        black_box((x, w, y));
    }
}

fn size(
    [batch, groups, channels_in, channels_out, side, kernel, stride, pad]: [usize; 8],
) -> Convolution {
    let output = (side + 2 * pad - kernel) / stride + 1;
    let window = Window {
        input: [1, side, side],
        output: [1, output, output],
        kernel: [1, kernel, kernel],
        stride: [1, stride, stride],
        dilation: [1; 3],
        pad: [0, pad, pad],
    };
    Convolution { batch, groups, channels_in, channels_out, window }
}

fn filled(buffer: &mut Vec<f32>, elements: usize) -> &mut [f32] {
    if buffer.len() < elements {
        buffer.resize(elements, 0.0);
        fill_normal(Stream::new(7, "bench"), 0, 0.0, 1.0, buffer);
    }
    &mut buffer[..elements]
}
