//! Recurrent cells: their maps, held against cells that are drawn and run.

use fanin_engine::activations;
use fanin_kernels::random::{Stream, fill_normal};

use crate::theory::{Cell, Memory, Recurrence, State};

const UNITS: usize = 256;
const STEPS: usize = 24;

/// Weights of a cell whose gates lie one after another, and two sequences that drive it.
struct Drawn {
    recurrent: Vec<Vec<f64>>,
    /// What the input adds to z of every gate, by sequence and step.
    driven: [Vec<Vec<f64>>; 2],
}

fn normal((seed, name): (u64, &str), deviation: f64, count: usize) -> Vec<f64> {
    let mut drawn = vec![0.0_f32; count];
    fill_normal(Stream::new(seed, name), 0, 0.0, deviation, &mut drawn);
    drawn.into_iter().map(f64::from).collect()
}

/// Sequences that have the share `sequences` in common, and as much of all their steps as `times`.
fn drawn(recurrence: &Recurrence<'_>, gates: usize, seed: u64) -> Drawn {
    let scale = (recurrence.gain / UNITS as f64).sqrt();
    let recurrent =
        (0..gates).map(|g| normal((seed, &format!("U{g}")), scale, UNITS * UNITS)).collect();
    let count = gates * UNITS;
    let (s, t) = (recurrence.sequences, recurrence.times);
    let own =
        |sequence: &str, step: &str| normal((seed, &format!("x{sequence} {step}")), 1.0, count);
    let driven = [0, 1].map(|sequence| {
        let of = |step: usize| {
            // Common to both sequences or not, to all steps or not: four independent parts.
            let parts = [
                (s * t, own("both", "all")),
                (s * (1.0 - t), own("both", &step.to_string())),
                ((1.0 - s) * t, own(&sequence.to_string(), "all")),
                ((1.0 - s) * (1.0 - t), own(&sequence.to_string(), &step.to_string())),
            ];
            let sum = |unit: usize| -> f64 {
                parts.iter().map(|(share, x)| (recurrence.drive * share).sqrt() * x[unit]).sum()
            };
            (0..count).map(sum).collect()
        };
        (0..STEPS).map(of).collect()
    });
    Drawn { recurrent, driven }
}

fn through(u: &[f64], h: &[f64]) -> Vec<f64> {
    u.chunks_exact(UNITS).map(|row| row.iter().zip(h).map(|(u, h)| u * h).sum()).collect()
}

/// uᵀ·δ.
fn back(u: &[f64], delta: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; UNITS];
    for (row, delta) in u.chunks_exact(UNITS).zip(delta) {
        row.iter().zip(&mut sum).for_each(|(u, sum)| *sum += u * delta);
    }
    sum
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// What a step kept for the way back, unit by unit.
struct Step {
    h: Vec<f64>,
    c: Vec<f64>,
    gates: Vec<Vec<f64>>,
    before: (Vec<f64>, Vec<f64>),
    moved: Vec<f64>,
}

type Runs = (Vec<Vec<f64>>, Vec<f64>);

/// States of one sequence, and E δ² per unit at every step.
fn run(recurrence: &Recurrence<'_>, drawn: &Drawn, sequence: usize) -> Runs {
    let class = |unit: usize, units: &[Memory]| units[unit * units.len() / UNITS];
    let mut steps: Vec<Step> = Vec::new();
    let (mut h, mut c) = (vec![0.0; UNITS], vec![0.0; UNITS]);
    for x in &drawn.driven[sequence] {
        let before = (h.clone(), c.clone());
        let past: Vec<Vec<f64>> = drawn.recurrent.iter().map(|u| through(u, &h)).collect();
        let z = |gate: usize, unit: usize| x[gate * UNITS + unit] + past[gate][unit];
        let units = 0..UNITS;
        let gates: Vec<Vec<f64>> = match &recurrence.cell {
            Cell::Plain(activation) => vec![units.map(|u| activation.at(0, z(0, u))).collect()],
            Cell::Lstm(own) => vec![
                units.clone().map(|u| sigmoid(z(0, u) + class(u, own).keep)).collect(),
                units.clone().map(|u| sigmoid(z(1, u) + class(u, own).take)).collect(),
                units.clone().map(|u| z(2, u).tanh()).collect(),
                units.map(|u| sigmoid(z(3, u))).collect(),
            ],
            Cell::Gru(own) => {
                let r: Vec<f64> = units.clone().map(|u| sigmoid(z(1, u))).collect();
                let fresh = |u: usize| (x[2 * UNITS + u] + r[u] * past[2][u]).tanh();
                let n = units.clone().map(fresh).collect();
                vec![units.map(|u| sigmoid(z(0, u) + class(u, own).keep)).collect(), r, n]
            }
        };
        for u in 0..UNITS {
            match &gates[..] {
                [value] => h[u] = value[u],
                [z, _, n] => h[u] = z[u] * h[u] + (1.0 - z[u]) * n[u],
                [f, i, g, o] => {
                    c[u] = f[u] * c[u] + i[u] * g[u];
                    h[u] = o[u] * c[u].tanh();
                }
                _ => unreachable!("one, three or four gates"),
            }
        }
        let moved = past.last().cloned().unwrap_or_default();
        steps.push(Step { h: h.clone(), c: c.clone(), gates, before, moved });
    }
    let gradients = go_back(recurrence, drawn, &steps);
    (steps.into_iter().map(|step| step.h).collect(), gradients)
}

fn go_back(recurrence: &Recurrence<'_>, drawn: &Drawn, steps: &[Step]) -> Vec<f64> {
    let slope = |s: f64| s * (1.0 - s);
    let mut of_h = normal((7, "loss"), 1.0, UNITS);
    let size = product(&of_h, &of_h).sqrt();
    of_h.iter_mut().for_each(|own| *own /= size);
    let mut of_c = vec![0.0; UNITS];
    let mut found = Vec::new();
    for step in steps.iter().rev() {
        let all = |f: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..UNITS).map(f).collect() };
        let mut direct = vec![0.0; UNITS];
        let (deltas, sent): (Vec<Vec<f64>>, Vec<Vec<f64>>) =
            match (&step.gates[..], &recurrence.cell) {
                ([value], Cell::Plain(activation)) => {
                    // tanh alone, whose slope follows from its value.
                    assert_eq!(activation.name(), "tanh");
                    let delta = all(&|u| of_h[u] * (1.0 - value[u] * value[u]));
                    (vec![delta.clone()], vec![delta])
                }
                ([z, r, n], _) => {
                    let fresh = all(&|u| of_h[u] * (1.0 - z[u]) * (1.0 - n[u] * n[u]));
                    let update = all(&|u| of_h[u] * slope(z[u]) * (step.before.0[u] - n[u]));
                    let reset = all(&|u| fresh[u] * step.moved[u] * slope(r[u]));
                    direct = all(&|u| of_h[u] * z[u]);
                    let sent = all(&|u| fresh[u] * r[u]);
                    let deltas = vec![update.clone(), reset.clone(), fresh];
                    (deltas, vec![update, reset, sent])
                }
                ([f, i, g, o], _) => {
                    let shown = all(&|u| step.c[u].tanh());
                    for u in 0..UNITS {
                        of_c[u] += of_h[u] * o[u] * (1.0 - shown[u] * shown[u]);
                    }
                    let deltas = vec![
                        all(&|u| of_c[u] * slope(f[u]) * step.before.1[u]),
                        all(&|u| of_c[u] * slope(i[u]) * g[u]),
                        all(&|u| of_c[u] * i[u] * (1.0 - g[u] * g[u])),
                        all(&|u| of_h[u] * slope(o[u]) * shown[u]),
                    ];
                    of_c = all(&|u| of_c[u] * f[u]);
                    (deltas.clone(), deltas)
                }
                _ => unreachable!("one, three or four gates"),
            };
        let square = |delta: &Vec<f64>| delta.iter().map(|d| d * d).sum::<f64>();
        found.push(deltas.iter().map(square).sum::<f64>() / UNITS as f64);
        of_h = direct;
        for (u, sent) in drawn.recurrent.iter().zip(&sent) {
            of_h.iter_mut().zip(back(u, sent)).for_each(|(h, more)| *h += more);
        }
    }
    found.reverse();
    found
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / UNITS as f64
}

/// Means over some draws, of 2 · 256 units each.
#[track_caller]
fn check(recurrence: &Recurrence<'_>) {
    const DRAWS: u64 = 8;
    const LOOKS: [usize; 3] = [1, 4, STEPS - 1];
    let gates = match recurrence.cell {
        Cell::Plain(_) => 1,
        Cell::Gru(_) => 3,
        Cell::Lstm(_) => 4,
    };
    let (mut seconds, mut pairs, mut lags) = ([0.0; 3], [0.0; 3], 0.0);
    let mut deltas = [0.0; STEPS];
    for seed in 0..DRAWS {
        let drawn = drawn(recurrence, gates, seed);
        let [(first, gradients), (second, _)] = [0, 1].map(|s| run(recurrence, &drawn, s));
        for (look, &step) in LOOKS.iter().enumerate() {
            let (a, b) = (&first[step], &second[step]);
            seconds[look] += 0.5 * (product(a, a) + product(b, b)) / DRAWS as f64;
            pairs[look] += product(a, b) / DRAWS as f64;
        }
        lags += product(&first[STEPS - 1], &first[STEPS / 2]) / DRAWS as f64;
        deltas.iter_mut().zip(gradients).for_each(|(sum, own)| *sum += own / DRAWS as f64);
    }
    let (states, gradients) = recurrence.run(STEPS);
    for (look, step) in LOOKS.into_iter().enumerate() {
        let State { second, sequences, .. } = states[step];
        let off = (second / seconds[look]).ln();
        assert!(off.abs() < 0.08, "{second} of {} at {step}", seconds[look]);
        let off = sequences - pairs[look];
        assert!(off.abs() < 0.1 * second, "{sequences} of {} at {step}", pairs[look]);
    }
    let told = &states[STEPS - 1];
    assert!((told.times - lags).abs() < 0.1 * told.second, "{} of {lags} at a lag", told.times);
    for step in (0..STEPS - 1).filter(|&step| gradients[step] > 0.03 * gradients[STEPS - 1]) {
        // A product of random matrices has a heavier tail at every step, and what a gate has in common
        // over steps, by the state that lasts, keeps more than theory says.
        let (off, back) = ((gradients[step] / deltas[step]).ln(), STEPS - 1 - step);
        let bound = 0.2 + 0.06 * back as f64;
        assert!(off.abs() < bound, "gradient at {step}: {} of {}", gradients[step], deltas[step]);
    }
}

#[test]
fn plain_cells_are_as_drawn_ones() {
    let tanh = activations::find("tanh").unwrap();
    for (drive, gain, sequences, times) in [(0.1, 1.1, 0.0, 0.0), (0.5, 1.5, 0.5, 0.3)] {
        check(&Recurrence { cell: Cell::Plain(&*tanh), drive, gain, sequences, times });
    }
}

#[test]
fn lstms_are_as_drawn_ones() {
    let spaced = Memory::spaced(STEPS as f64, 8);
    for (classes, gain) in
        [(vec![Memory { keep: 1.0, take: 0.0 }], 1.0), (spaced.clone(), 1.0), (spaced, 2.0)]
    {
        let cell = Cell::Lstm(classes);
        check(&Recurrence { cell, drive: 1.0, gain, sequences: 0.4, times: 0.0 });
    }
}

#[test]
fn grus_are_as_drawn_ones() {
    for (classes, gain) in [
        (vec![Memory::default()], 1.0),
        (Memory::spaced(STEPS as f64, 8), 1.0),
        (Memory::spaced(STEPS as f64, 8), 2.0),
    ] {
        let cell = Cell::Gru(classes);
        check(&Recurrence { cell, drive: 1.0, gain, sequences: 0.4, times: 0.0 });
    }
}

/// Chen, Pennington & Schoenholz 2018: on the critical line of layers, with the input in place of the
/// bias, state and gradient of a plain cell last.
#[test]
fn the_critical_line_of_layers_is_that_of_plain_cells() {
    let tanh = activations::find("tanh").unwrap();
    let point = crate::theory::Gaussian::new(&*tanh).critical_point(0.05);
    let (drive, gain) = (point.bias_variance, point.weight_variance);
    let cell = Cell::Plain(&*tanh);
    let (states, gradients) =
        Recurrence { cell, drive, gain, sequences: 1.0, times: 1.0 }.run(4000);
    let z = drive + gain * states[3999].second;
    assert!((z / 0.05 - 1.0).abs() < 1e-3, "{z}");
    assert!((gradients[3800] / gradients[3900] - 1.0).abs() < 1e-2);
}
