//! Units that are each other's negative stay so under an odd activation, and part under any other.

use fanin::check::symmetry::{Exactness, effective_units};
use fanin::init::{Rules, for_model};
use fanin::weights::Weights;

use super::{data, model, tensor, train};

/// Makes units 0 and 1 of both hidden layers each other's negative.
fn mirror(weights: &mut Weights) {
    for name in ["2.weight", "4.weight"] {
        let (matrix, columns) = tensor(weights, name);
        matrix.chunks_exact_mut(columns).for_each(|row| row[1] = -row[0]);
    }
    for name in ["0.weight", "2.weight"] {
        let (matrix, columns) = tensor(weights, name);
        (0..columns).for_each(|k| matrix[columns + k] = -matrix[k]);
    }
}

/// The largest sum of what should be opposite.
fn gap(weights: &mut Weights) -> f32 {
    let mut gap = 0.0_f32;
    for name in ["2.weight", "4.weight"] {
        let (matrix, columns) = tensor(weights, name);
        gap = matrix.chunks_exact(columns).fold(gap, |gap, row| gap.max((row[0] + row[1]).abs()));
    }
    for name in ["0.weight", "2.weight"] {
        let (matrix, columns) = tensor(weights, name);
        gap = (0..columns).fold(gap, |gap, k| gap.max((matrix[k] + matrix[columns + k]).abs()));
    }
    gap
}

#[test]
fn mirrors_stay_opposite_to_the_last_bit_where_the_activation_is_odd() {
    let data = data();
    for activation in ["tanh", "erf", "sin", "softsign", "hardtanh", "identity"] {
        for optimizer in ["gradient-descent", "sgd,0.01", "adam", "adam,0.05", "rmsprop"] {
            let model = model(activation);
            let mut weights = for_model(&model, &Rules::new("he-normal"), 1).unwrap();
            mirror(&mut weights);
            let units = effective_units(&model, &weights);
            for layer in &units {
                assert_eq!(layer.mirrors(), [[0, 1]], "{activation}");
                assert_eq!(layer.effective_width(), layer.width() - 1);
                assert_eq!(layer.exactness, Exactness::Bits);
            }
            let mut after = train(&model, &weights, optimizer, &data);
            assert_ne!(after, weights);
            assert_eq!(gap(&mut after), 0.0, "{activation} {optimizer}");
            assert_eq!(effective_units(&model, &after), units);
        }
    }
}

#[test]
fn mirrors_part_where_the_activation_is_not_odd() {
    let data = data();
    for activation in ["relu", "gelu", "sigmoid", "leaky_relu"] {
        let model = model(activation);
        let mut weights = for_model(&model, &Rules::new("he-normal"), 1).unwrap();
        mirror(&mut weights);
        assert!(effective_units(&model, &weights).iter().all(|u| u.effective_width() == u.width()));
        let found = gap(&mut train(&model, &weights, "sgd", &data));
        assert!(found > 1e-3, "{activation}: {found}");
    }
}
