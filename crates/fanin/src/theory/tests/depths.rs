//! How deep networks that are not plain can be.

use super::named;
use crate::theory::{DepthLimit, Layer, Network, Point, Signal, trainable_depth};

// Biases are most of what a block adds, so near inputs come together as q grows: from the depth told
// on, a gap is e⁻⁶ of what it was.
#[test]
fn the_depth_of_a_stream_is_where_a_gap_has_shrunk_six_times_by_e() {
    for (name, network) in
        [("relu", Network::PreNorm { branch: 1.0 }), ("tanh", Network::PreNorm { branch: 0.5 })]
    {
        let activation = named(name);
        let layer = Layer::new(&*activation, Point::new(0.5, 9.0));
        let found = trainable_depth(&network, &layer, 1.0);
        assert_eq!(found.limit, DepthLimit::Alike, "{name} {network:?}: {found:?}");
        let start = Signal { second_moment: 1.0, correlation: 1.0 - 1e-6 };
        let course = network.course(&layer, start, found.layers.unwrap());
        let gap = 1.0 - course[course.len() - 1].signal.correlation;
        let scales = -(gap / 1e-6).ln();
        assert!((scales - 6.0).abs() < 0.1, "{name} {network:?}: {scales}");
    }
}

#[test]
fn layer_normalization_ends_at_six_depth_scales_of_its_plain_layer() {
    let tanh = named("tanh");
    for (point, limit, correlation) in [
        (Point::new(1.0, 0.5), DepthLimit::Alike, 1.0..=1.0),
        (Point::new(4.0, 0.1), DepthLimit::Unrelated, 0.0..=0.999),
    ] {
        let layer = Layer::new(&*tanh, point);
        let found = trainable_depth(&Network::LayerNorm, &layer, 1.0);
        let plain = Network::LayerNorm.plain(&layer).unwrap();
        let settled = plain.layer().describe(1.0);
        assert_eq!(found.limit, limit, "{point:?}");
        assert_eq!(found.layers, Some((6.0 * settled.correlation_depth) as usize), "{point:?}");
        assert!(correlation.contains(&settled.correlation), "{point:?}: {}", settled.correlation);
        // Any normalization holds q, so its slope decides by the gradient alone whether near inputs part.
        assert_eq!(settled.correlation == 1.0, settled.gradient_factor <= 1.0);
    }
}

#[test]
fn a_relu_stream_without_bias_has_no_depth_scale() {
    let relu = named("relu");
    let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
    let branch = 0.001_f64.sqrt();
    let found = trainable_depth(&Network::Residual { branch }, &layer, 1.0);
    assert_eq!(found.layers, None, "{found:?}");
}
