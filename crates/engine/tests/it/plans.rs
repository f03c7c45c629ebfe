//! Plans: memory is shared safely, nothing is allocated, threads change no bit.

use fanin_engine::{Error, Graph, Plan, Type, Wire, pullback};
use fanin_kernels::threads;

use crate::network::{network, number};

#[test]
fn a_planned_step_allocates_nothing() {
    let network = network(32, &[20, 64, 64, 10], "tanh");
    let mut keep = network.gradients.clone();
    keep.push(network.loss);
    let plan = Plan::new(&network.graph, &keep).unwrap();
    let mut workspace = plan.workspace::<f32>();
    network.feed(&mut workspace);
    let parameters = network.parameters::<f32>();
    let pool = threads::pool(1).unwrap();
    pool.install(|| {
        plan.run(&parameters, &mut workspace);
        let counted = allocation_counter::measure(|| {
            for _ in 0..10 {
                plan.run(&parameters, &mut workspace);
            }
        });
        assert_eq!(counted.count_total, 0);
    });
}

/// 2⁴⁹ bytes are more than programs have addresses for.
#[test]
fn a_pass_that_memory_does_not_hold_is_an_error() {
    let mut graph = Graph::new();
    for name in ["a", "b"].repeat(32) {
        graph.input(name, Type::float([1 << 40]));
    }
    let plan = Plan::new(&graph, &[]).unwrap();
    let error = plan.try_workspace::<f64>().unwrap_err();
    assert_eq!(error, Error::Memory { bytes: 1 << 49 });
    assert!(error.to_string().contains("takes 562950.0 GB"), "{error}");
}

#[test]
fn the_counter_of_allocations_counts() {
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8; 100])));
    assert_eq!(counted.count_total, 1);
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let network = network(300, &[200, 300, 300, 10], "tanh");
    let mut keep = network.gradients.clone();
    keep.push(network.loss);
    let run = |n: usize| threads::run_on(n, || network.compute::<f32>(&keep)).unwrap();
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(3));
}

#[test]
fn what_is_short_lies_in_a_longer_free_buffer_before_a_shorter_one_grows() {
    let mut graph = Graph::new();
    let x = graph.input("x", Type::float([60, 10]));
    let long = graph.affine(x, 2.0, 1.0).unwrap();
    let (ten, sixty) = (graph.sum_to(long, [10]).unwrap(), graph.sum_to(long, [60, 1]).unwrap());
    let again = graph.add(ten, sixty).unwrap();
    let one = graph.sum_to(again, []).unwrap();
    // Buffers of 600 and 60 are free.
    let wide = graph.broadcast_to(one, [300]).unwrap();
    let kept = graph.sum_to(wide, []).unwrap();
    let plan = Plan::new(&graph, &[kept]).unwrap();
    assert_eq!(plan.buffer_elements(), 600 + 600 + 60 + 10 + 1);
    let mut workspace = plan.workspace::<f64>();
    workspace.feed(0).fill(1.0);
    plan.run(&[], &mut workspace);
    assert_eq!(workspace.read(0), [300.0 * (10.0 * 60.0 * 3.0 * 60.0 + 60.0 * 10.0 * 3.0 * 10.0)]);
}

#[test]
fn a_batch_that_is_exchanged_is_read_and_comes_back_as_it_was() {
    let network = network(8, &[5, 7, 3], "relu");
    let plan = Plan::new(&network.graph, &[network.loss]).unwrap();
    let parameters = network.parameters::<f32>();
    let mut workspace = plan.workspace::<f32>();
    network.feed(&mut workspace);
    plan.run(&parameters, &mut workspace);
    let (loss, batch) = (workspace.read(0)[0], workspace.feed(0).to_vec());
    workspace.feed(0).fill(7.0);
    let mut other = batch.clone();
    workspace.exchange_feed(0, &mut other);
    plan.run(&parameters, &mut workspace);
    assert_eq!(workspace.read(0)[0], loss);
    workspace.exchange_feed(0, &mut other);
    assert_eq!(other, batch);
    assert_eq!(workspace.feed(0), [7.0; 8 * 5]);
}

#[test]
fn asking_for_more_wires_changes_no_value() {
    let network = network(8, &[5, 7, 7, 7, 3], "relu");
    let lean = network.compute::<f64>(&network.gradients);
    let mut keep = network.gradients.clone();
    keep.extend(&network.activations);
    keep.push(network.loss);
    let full = network.compute::<f64>(&keep);
    assert_eq!(lean[..], full[..lean.len()]);
}

#[test]
fn buffers_are_shared_between_wires_that_do_not_meet() {
    let depth = 40;
    let mut graph = Graph::new();
    let mut x = graph.input("x", Type::float([10]));
    for _ in 0..depth {
        x = graph.affine(x, 1.5, 0.0).unwrap();
    }
    let plan = Plan::new(&graph, &[x]).unwrap();
    assert!(plan.buffer_elements() <= 20, "{} elements", plan.buffer_elements());
    let mut workspace = plan.workspace::<f64>();
    workspace.feed(0).fill(2.0);
    for _ in 0..2 {
        plan.run(&[], &mut workspace);
        let expected = 2.0 * 1.5_f64.powi(depth);
        assert!((workspace.read(0)[0] / expected - 1.0).abs() < 1e-14);
    }
}

#[test]
fn an_input_that_is_read_again_is_not_overwritten() {
    let mut graph = Graph::new();
    let x = graph.input("x", Type::float([3]));
    let doubled = graph.affine(x, 2.0, 0.0).unwrap();
    let shifted = graph.affine(doubled, 1.0, 1.0).unwrap();
    let view = graph.reshape(doubled, [3, 1]).unwrap();
    let flat = graph.reshape(view, [3]).unwrap();
    let sum = graph.add(shifted, flat).unwrap();
    let plan = Plan::new(&graph, &[sum]).unwrap();
    let mut workspace = plan.workspace::<f64>();
    for run in 1..3 {
        workspace.feed(0).fill(f64::from(run));
        plan.run(&[], &mut workspace);
        assert_eq!(workspace.read(0), [f64::from(4 * run + 1); 3]);
    }
}

/// Products with the Hessian: the vector changes from run to run, features and targets stay.
#[test]
fn what_stays_is_computed_once_and_changes_no_bit() {
    for activation in ["tanh", "relu", "gelu"] {
        let mut network = network(16, &[9, 12, 12, 5], activation);
        let parameters = network.graph.parameters().to_vec();
        let graph = &mut network.graph;
        let seeds: Vec<(Wire, Wire)> = network
            .gradients
            .iter()
            .map(|&g| (g, graph.input("v", Type::float(graph.shape(g).clone()))))
            .collect();
        let mut keep = pullback(graph, &seeds, &parameters).unwrap();
        keep.extend(&network.gradients);
        let vectors: Vec<usize> = (2..2 + seeds.len()).collect();
        let plain = Plan::new(&network.graph, &keep).unwrap();
        let staged = Plan::staged(&network.graph, &keep, &vectors).unwrap();
        let mut workspaces = [plain.workspace::<f32>(), staged.workspace::<f32>()];
        let parameters = network.parameters::<f32>();
        for run in 0..4 {
            for workspace in &mut workspaces {
                network.feed(workspace);
                workspace.feed(0).iter_mut().for_each(|x| *x += (run / 2) as f32);
                for &input in &vectors {
                    let values = workspace.feed(input).iter_mut().enumerate();
                    values.for_each(|(i, v)| *v = number(run * 1009 + 31 * input + i) as f32);
                }
            }
            let [one, other] = &mut workspaces;
            plain.run(&parameters, one);
            if run % 2 == 0 {
                staged.run(&parameters, other);
            } else {
                staged.rerun(&parameters, other);
            }
            for wire in 0..keep.len() {
                assert_eq!(one.read(wire), other.read(wire), "{activation}, run {run}, {wire}");
            }
        }
    }
}

#[test]
fn constants_survive_many_runs() {
    let mut graph = Graph::new();
    let x = graph.input("x", Type::float([4]));
    let a = graph.affine(x, 1.0, 1.0).unwrap();
    let b = graph.affine(a, 1.0, 1.0).unwrap();
    let three = graph.constant([4], 3.0).unwrap();
    let c = graph.multiply(b, three).unwrap();
    let d = graph.affine(c, 1.0, 1.0).unwrap();
    let plan = Plan::new(&graph, &[d]).unwrap();
    let mut workspace = plan.workspace::<f32>();
    for _ in 0..3 {
        workspace.feed(0).fill(1.0);
        plan.run(&[], &mut workspace);
        assert_eq!(workspace.read(0), [10.0; 4]);
    }
}

#[test]
fn embeddings_take_integer_inputs() {
    let mut graph = Graph::new();
    let table = graph.parameter("table", [3, 2]);
    let indices = graph.input("indices", Type::integer([4]));
    let rows = graph.gather(table, indices).unwrap();
    let total = graph.sum_to(rows, []).unwrap();
    let d_table = fanin_engine::gradients(&mut graph, total, &[table]).unwrap()[0];
    let plan = Plan::new(&graph, &[rows, d_table]).unwrap();
    let mut workspace = plan.workspace::<f32>();
    workspace.feed_integers(0).copy_from_slice(&[2, 0, 2, 9]);
    plan.run(&[vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]], &mut workspace);
    assert_eq!(workspace.read(0)[..6], [5.0, 6.0, 1.0, 2.0, 5.0, 6.0]);
    assert!(workspace.read(0)[6..].iter().all(|x| x.is_nan()), "an index outside is visible");
    assert_eq!(workspace.read(1), [1.0, 1.0, 0.0, 0.0, 2.0, 2.0]);
}

#[test]
fn a_parameter_cannot_be_asked_for() {
    let mut graph = Graph::new();
    let w = graph.parameter("w", [2]);
    let error = Plan::new(&graph, &[w]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "w: found a parameter among the wires to compute, expected wires that nodes compute"
    );
}

#[test]
fn shapes_that_do_not_fit_name_the_operator() {
    let mut graph = Graph::new();
    let a = graph.input("a", Type::float([2, 3]));
    let b = graph.input("b", Type::float([2, 4]));
    let error = graph.matmul(a, b).unwrap_err().to_string();
    assert!(error.starts_with("matmul: found input shapes (2, 3) and (2, 4)"), "{error}");
}

#[test]
fn a_tensor_that_no_machine_holds_is_refused() {
    let mut graph = Graph::new();
    let error = graph.constant([1 << 30, 1 << 30, 1 << 30], 0.0).unwrap_err().to_string();
    assert!(error.contains("more than the limit"), "{error}");
}

#[test]
fn deep_graphs_plan_quickly_enough_for_a_test() {
    let mut widths = vec![4; 400];
    widths.push(3);
    let network = network(2, &widths, "relu");
    let plan = Plan::new(&network.graph, &network.gradients).unwrap();
    assert!(plan.steps() > 2000);
}
