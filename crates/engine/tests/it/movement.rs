//! Operators that reduce, sort, move and scatter: threads change no bit of large ones.

use fanin_engine::ops::{Addressing, Law, Precision, Reduction, Running, Seed, Tie};
use fanin_engine::{Graph, Plan, Result, Type, Wire, gradients};
use fanin_kernels::threads;

/// Computes what `build` makes of one large matrix and of indices into its rows, and the gradient
/// of its sum, on 1, 2 and 3 threads.
#[track_caller]
fn check(build: impl Fn(&mut Graph, Wire, Wire) -> Result<Wire>) {
    const ROWS: usize = 700;
    const COLUMNS: usize = 301;
    let mut graph = Graph::new();
    let x = graph.input("x", Type::float([ROWS, COLUMNS]));
    let indices = graph.input("indices", Type::integer([ROWS]));
    let y = build(&mut graph, x, indices).unwrap();
    let y = graph.to_float(y).unwrap();
    let square = graph.multiply(y, y).unwrap();
    let d_x = gradients(&mut graph, square, &[x]).unwrap()[0];
    let plan = Plan::new(&graph, &[y, d_x]).unwrap();
    let run = |count: usize| {
        let mut workspace = plan.workspace::<f32>();
        for (i, x) in workspace.feed(0).iter_mut().enumerate() {
            *x = ((i * 7919 % 10_007) as f32 - 5000.0) / 4000.0;
        }
        for (i, index) in workspace.feed_integers(1).iter_mut().enumerate() {
            *index = (i * i % 17) as i64;
        }
        let pool = threads::pool(count).unwrap();
        let allocated = pool.install(|| {
            plan.run(&[], &mut workspace);
            allocation_counter::measure(|| plan.run(&[], &mut workspace)).count_total
        });
        assert!(count > 1 || allocated == 0, "{allocated} allocations");
        [0, 1].map(|kept| workspace.read(kept).iter().map(|x| x.to_bits()).collect::<Vec<_>>())
    };
    let one = run(1);
    assert!(one[0].iter().any(|&bits| bits != 0));
    assert!(one == run(2) && one == run(3));
}

#[test]
fn reductions_do_not_depend_on_threads() {
    check(|g, x, _| g.largest_to(x, [700, 1]));
    check(|g, x, _| g.smallest_to(x, [301]));
    check(|g, x, _| g.product_to(x, [301]));
    check(|g, x, _| g.log_sum_exp_to(x, [700, 1]));
    check(|g, x, _| g.l2_norm_to(x, [301]));
    check(|g, x, _| g.l1_norm_to(x, []));
}

#[test]
fn elementwise_functions_do_not_depend_on_threads() {
    check(|g, x, _| {
        let three = g.constant([], 3.0)?;
        g.power(x, three)
    });
    check(|g, x, _| {
        let third = g.constant([301], 0.3)?;
        g.modulo(x, third)
    });
    check(|g, x, _| g.clamp(x, -0.5, 0.25));
    check(|g, x, _| g.narrow(x, Precision::Brain));
}

#[test]
fn searches_and_running_sums_do_not_depend_on_threads() {
    check(|g, x, _| g.arg_max(x, 0, Tie::Last));
    check(|g, x, _| Ok(g.top_k(x, 1, 5, true)?.0));
    check(|g, x, _| Ok(g.top_k(x, 0, 40, false)?.0));
    for axis in [0, 1] {
        let running = Running { reverse: axis == 0, exclusive: axis == 1 };
        check(|g, x, _| g.cumulative_sum(x, axis, running));
    }
    check(|g, x, lengths| g.reverse_sequence(x, lengths, 1, 0));
}

#[test]
fn scattering_and_moving_do_not_depend_on_threads() {
    check(|g, x, indices| g.scatter_add(Addressing::Along(0), x, indices, [17, 301]));
    for reduction in [Reduction::Replace, Reduction::Multiply, Reduction::Larger] {
        check(|g, x, indices| {
            let data = g.constant([17, 301], 0.5)?;
            g.scatter(Addressing::Along(0), reduction, data, indices, x)
        });
    }
    check(|g, x, _| g.transpose(x, &[1, 0]));
    check(|g, x, _| g.concat(&[x, x], 0));
    check(|g, x, clock| {
        let clock = g.slice_axis(clock, 0, fanin_engine::ops::Span::neighbors(3, 2))?;
        let noise =
            g.noise([700, 301], Law::Uniform { low: 0.0, high: 1.0 }, Seed::Clock(clock), 0)?;
        g.multiply(x, noise)
    });
}

#[test]
fn long_slices_are_added_as_a_plain_loop_adds_them() {
    let (rows, columns, places) = (900, 130, 37);
    let mut graph = Graph::new();
    let x = graph.input("x", Type::float([rows, columns]));
    let indices = graph.input("indices", Type::integer([rows]));
    let sum = graph.scatter_add(Addressing::Along(0), x, indices, [places, columns]).unwrap();
    let plan = Plan::new(&graph, &[sum]).unwrap();
    let mut workspace = plan.workspace::<f32>();
    let values: Vec<f32> = (0..rows * columns).map(|i| (i * 7919 % 1009) as f32 / 7.0).collect();
    let targets: Vec<i64> = (0..rows as i64).map(|i| i * i % 41 - 2).collect();
    workspace.feed(0).copy_from_slice(&values);
    workspace.feed_integers(1).copy_from_slice(&targets);
    plan.run(&[], &mut workspace);
    let mut expected = vec![0.0; places * columns];
    for (row, &target) in targets.iter().enumerate() {
        let target = if target < 0 { target + places as i64 } else { target } as usize;
        if target < places {
            for column in 0..columns {
                expected[target * columns + column] += values[row * columns + column];
            }
        }
    }
    assert_eq!(workspace.read(0), expected);
}
