//! Steps to learn form a U over the scale of the starting weights; bad options are refused.

use super::*;

/// Every second scale, three seeds and a tenth of the steps.
fn reduced() -> ScaleOptions {
    ScaleOptions {
        scales: vec![0.0, 1e-6, 1e-3, 0.1, 2.0, 100.0],
        seeds: vec![0, 1, 2],
        cap: 3000,
        ..ScaleOptions::default()
    }
}

fn sweep(options: &ScaleOptions) -> Sweep {
    scale(options, &(), &Interrupt::default()).unwrap()
}

#[test]
fn steps_to_learn_form_a_u_over_the_scale() {
    let sweep = sweep(&reduced());
    let median = |depth, scale| sweep.cell(depth, scale).unwrap().median;
    for depth in 1..=3 {
        let zero = sweep.cell(depth, 0.0).unwrap();
        assert_eq!(zero.reached, 0, "exactly 0 never learns");
        let best = median(depth, 2.0).unwrap();
        assert!(best < 50, "{depth} hidden layers: {best} steps");
        assert!(median(depth, 0.1).unwrap() > 5 * best, "smaller is slower");
        assert!(median(depth, 100.0).is_none_or(|steps| steps > 3 * best), "so is larger");
    }
    for depth in 2..=3 {
        assert_eq!(median(depth, 1e-6), None, "deep networks do not leave the neighborhood of 0");
        assert_eq!(median(depth, 1e-3), None);
    }
}

#[test]
fn exactly_zero_comes_to_rest_at_the_mean_and_is_not_trained_further() {
    let sweep = sweep(&ScaleOptions { scales: vec![0.0], ..reduced() });
    for run in sweep.cells.iter().flat_map(|cell| &cell.runs) {
        assert!(matches!(run, Ending::AtRest { steps } if *steps < 100), "{run:?}");
    }
}

#[test]
fn one_hidden_layer_pays_the_same_for_every_hundredth_of_the_scale() {
    let options = ScaleOptions { scales: vec![1e-8, 1e-6, 1e-4], depths: vec![1], ..reduced() };
    let sweep = sweep(&options);
    for seed in 0..options.seeds.len() {
        let steps = |cell: usize| sweep.cells[cell].runs[seed].steps().unwrap() as f64;
        let (first, second) = (steps(0) - steps(1), steps(1) - steps(2));
        // 1e-4 is not yet far from where the weights begin to matter, and steps are whole.
        assert!(second > 50.0 && (first / second - 1.0).abs() < 0.1, "{first} {second}");
    }
}

#[test]
fn results_do_not_depend_on_the_threads() {
    let options = ScaleOptions { scales: vec![0.5, 20.0], cap: 300, ..reduced() };
    let run = |n| fanin_kernels::threads::pool(n).unwrap().install(|| sweep(&options));
    assert_eq!(run(1), run(3));
}

#[test]
fn a_stopped_sweep_says_so() {
    let interrupt = Interrupt::default();
    interrupt.request();
    let sweep = scale(&reduced(), &(), &interrupt).unwrap();
    assert!(sweep.interrupted);
    assert!(sweep.cells.iter().all(|c| c.ended() == 0 && c.median.is_none()));
}

#[test]
fn a_scale_beyond_floating_point_diverges_and_says_when() {
    let options = ScaleOptions {
        scales: vec![1e25],
        depths: vec![1],
        activation: "relu".to_owned(),
        ..reduced()
    };
    let cell = &sweep(&options).cells[0];
    assert_eq!(cell.runs, [Ending::Diverged { steps: 0 }; 3]);
}

#[test]
fn the_csv_has_a_line_per_cell_and_a_field_per_seed() {
    let cell = |scale, runs: &[Ending]| {
        let options = ScaleOptions::default();
        Cell::new(&Start { depth: 1, scale, seed: 0, options: &options }, runs)
    };
    let learned = |steps| Ending::Learned { steps };
    let runs = [learned(7), Ending::Diverged { steps: 1 }, learned(5)];
    let sweep = Sweep {
        options: ScaleOptions { seeds: vec![3, 4, 9], ..ScaleOptions::default() },
        networks: Vec::new(),
        cells: vec![cell(0.0, &[Ending::Capped; 3]), cell(1e-6, &runs)],
        interrupted: false,
    };
    let expected = "\
hidden_layers,scale,median_steps,seeds_learned,seeds,steps_of_seed_3,steps_of_seed_4,steps_of_seed_9
1,0.0,,0,3,,,
1,1e-6,7,2,3,7,,5
";
    assert_eq!(sweep.to_csv(), expected);
}

#[test]
fn senseless_options_are_refused() {
    #[track_caller]
    fn check(options: &ScaleOptions, expected: &str) {
        let error = scale(options, &(), &Interrupt::default()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let none = ScaleOptions { seeds: Vec::new(), ..reduced() };
    check(&none, "seeds of the sweep: found 0, expected at least one");
    let negative = ScaleOptions { scales: vec![1.0, -1.0], ..reduced() };
    check(&negative, "scales of the sweep: found -1, expected numbers from 0 to 1e30");
    let nan = ScaleOptions { learning_rate: f64::NAN, ..reduced() };
    check(&nan, "learning rate of the sweep: found NaN, expected a number above 0");
    let activation = ScaleOptions { activation: "tahn".to_owned(), ..reduced() };
    assert!(scale(&activation, &(), &Interrupt::default()).is_err());
}
