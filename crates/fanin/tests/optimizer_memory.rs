//! A step of an optimizer allocates nothing.

use fanin::train::hyperparameters::Settings;
use fanin::train::optimizers::{OPTIMIZERS, Work};

#[test]
fn no_step_of_any_optimizer_allocates() {
    let layout = [("weight".to_owned(), [8, 5].into()), ("bias".to_owned(), [5].into())];
    let gradients = [vec![0.1_f32; 40], vec![-0.2; 5]];
    for method in OPTIMIZERS {
        if matches!(method.work, Work::Evaluations) {
            continue;
        }
        let mut settings = Settings::new();
        if method.name == "sgd" {
            settings.insert("momentum".to_owned(), 0.9);
        }
        let mut optimizer = method.build_f32(&settings, &layout).unwrap();
        let mut parameters = [vec![0.5; 40], vec![0.0; 5]];
        let allocations = allocation_counter::measure(|| {
            for _ in 0..10 {
                optimizer.step(0.01, &mut parameters, &|i| &gradients[i], &[0.1, 0.0]);
            }
        });
        assert_eq!(allocations.count_total, 0, "{}", method.name);
    }
}
