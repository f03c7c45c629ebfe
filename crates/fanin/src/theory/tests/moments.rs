//! Averages at q = 1: table C2 of the reference.

use super::{digits, named};
use crate::theory::{Gaussian, Layer};

// Name, E φ, E φ², E φ′², gain, critical σ_w² and σ_b², slope of the q-map there, factor of layer
// and batch normalization, κ₄, κ′; as printed.
const AT_ONE: &[[&str; 12]] = &[
    ["identity", "0", "1", "1", "1", "1", "0", "1", "1", "1", "3", "1"],
    [
        "tanh",
        "0",
        "0.3942944904",
        "0.4644029024",
        "1.592537420",
        "2.153302649",
        "0.1509646294",
        "0.39146544",
        "1.177807232",
        "1.177807232",
        "1.627290806",
        "1.583479941",
    ],
    [
        "erf",
        "0",
        "0.4645590544",
        "0.5694100347",
        "1.467166950",
        "1.756203683",
        "0.1841396778",
        "0.33333333",
        "1.225700004",
        "1.225700004",
        "1.559838544",
        "1.666666667",
    ],
    [
        "sigmoid",
        "0.5",
        "0.2933790359",
        "0.04483624135",
        "1.846228545",
        "22.30338605",
        "-5.543",
        "0.69582644",
        "0.152827012",
        "1.033592390",
        "1.528899601",
        "1.136976729",
    ],
    [
        "relu",
        "0.3989422804",
        "0.5",
        "0.5",
        "1.414213562",
        "2",
        "0",
        "1",
        "1",
        "1.466942207",
        "6",
        "2",
    ],
    [
        "leaky_relu:0.01",
        "0.3949528576",
        "0.50005",
        "0.50005",
        "1.414142857",
        "1.99980002",
        "0",
        "1",
        "1",
        "1.453370761",
        "5.99880024",
        "1.99960008",
    ],
    [
        "leaky_relu:0.2",
        "0.3191538243",
        "0.52",
        "0.52",
        "1.386750491",
        "1.923076923",
        "0",
        "1",
        "1",
        "1.243600134",
        "5.556213018",
        "1.852071006",
    ],
    [
        "elu",
        "0.1605205723",
        "0.6449454175",
        "0.6681020012",
        "1.245198301",
        "1.496777435",
        "0.03466025201",
        "0.86008680",
        "1.035904719",
        "1.079013455",
        "3.776021998",
        "1.331683536",
    ],
    [
        "selu",
        "0",
        "1",
        "1.071574992",
        "1",
        "0.9332058018",
        "0.06679419822",
        "0.73037155",
        "1.071574992",
        "1.071574992",
        "2.503140451",
        "1.316196540",
    ],
    [
        "gelu",
        "0.2820947918",
        "0.4252214826",
        "0.4558508656",
        "1.533530441",
        "2.193699904",
        "0.06719167471",
        "1.0671917",
        "1.072031598",
        "1.318844971",
        "7.215614286",
        "2.088334044",
    ],
    [
        "silu",
        "0.2066209641",
        "0.3557755198",
        "0.3794823516",
        "1.676532470",
        "2.635168660",
        "0.06247150023",
        "1.0993403",
        "1.066634241",
        "1.212081115",
        "7.261746382",
        "1.990048158",
    ],
    [
        "softplus",
        "0.8060591833",
        "0.9212459089",
        "0.2933790359",
        "1.041866836",
        "3.408559842",
        "-2.140",
        "1.5451069",
        "0.318458984",
        "1.080528053",
        "2.754528824",
        "1.528899601",
    ],
    [
        "mish",
        "0.2404038884",
        "0.4523421924",
        "0.4790837584",
        "1.486847581",
        "2.087317682",
        "0.05581814355",
        "1.0162596",
        "1.059118001",
        "1.214259255",
        "6.349416486",
        "1.837461177",
    ],
    [
        "sin",
        "0",
        "0.4323323584",
        "0.5676676416",
        "1.520866623",
        "1.761594156",
        "0.2384058440",
        "0.23840585",
        "1.313035285",
        "1.313035285",
        "1.644493103",
        "1.373822536",
    ],
    [
        "hardswish",
        "0.1662167007",
        "0.3315673751",
        "0.3585315172",
        "1.736657213",
        "2.789155073",
        "0.07520717356",
        "1.1318727",
        "1.081323267",
        "1.179615201",
        "7.671015862",
        "2.010688403",
    ],
    [
        "relu2",
        "0.5",
        "1.5",
        "2",
        "0.8164965809",
        "0.5",
        "0.25",
        "1.5",
        "1.333333333",
        "1.6",
        "23.33333333",
        "6",
    ],
    [
        "softsign",
        "0",
        "0.1830140213",
        "0.2276713404",
        "2.337533363",
        "4.392296361",
        "0.1961481804",
        "0.38320546",
        "1.244010371",
        "1.244010371",
        "1.587786814",
        "2.136454638",
    ],
];

#[test]
fn averages_at_the_standard_normal_have_every_digit_of_the_table() {
    for row in AT_ONE {
        let activation = named(row[0]);
        let gaussian = Gaussian::new(&*activation);
        let moments = gaussian.moments(1.0);
        let point = gaussian.critical_point(1.0);
        let layer = Layer { gaussian, point };
        let got = [
            moments.mean,
            moments.second,
            moments.slope_second,
            1.0 / moments.second.sqrt(),
            point.weight_variance,
            point.bias_variance,
            layer.second_moment_slope(1.0),
            moments.slope_second / moments.second,
            moments.slope_second / moments.variance(),
            moments.kurtosis(),
            moments.slope_kurtosis(),
        ];
        for (column, (got, printed)) in got.into_iter().zip(&row[1..]).enumerate() {
            digits(&format!("{}, column {}", row[0], column + 1), got, printed);
        }
    }
}

/// Σ aⱼ·relu(x − kⱼ) with `count` kinks, as text and as pairs (aⱼ, kⱼ).
fn zigzag(count: usize) -> (String, Vec<(f64, f64)>) {
    let place = |j: usize| {
        (-250.0 + 500.0 * j as f64 / (count - 1) as f64 + (j % 3) as f64).round() / 100.0
    };
    let parts: Vec<(f64, f64)> =
        (0..count).map(|j| (if j % 2 == 0 { 1.5 } else { -1.4 }, place(j))).collect();
    let term = |(a, k): &(f64, f64)| format!("{a:+}*relu(x-({k}))");
    (parts.iter().map(term).collect::<Vec<_>>().concat().replacen('+', "", 1), parts)
}

/// Given x, x̃ is normal with mean c·x and variance q(1 − c²), and E relu(x̃ − k) is known.
fn expected_pair(parts: &[(f64, f64)], q: f64, c: f64) -> (f64, f64) {
    let (deviation, rest) = (q.sqrt(), (q * (1.0 - c * c)).sqrt());
    let below = |z: f64| 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
    let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let (mut product, mut slopes) = (0.0, 0.0);
    let near = (-40..=40).map(|i| f64::from(i) * 0.25 * rest);
    let kinks = parts.iter().map(|(_, k)| *k);
    let at: Vec<f64> =
        kinks.flat_map(|k| near.clone().flat_map(move |d| [k + d, (k + d) / c])).collect();
    let places = at.into_iter().chain(parts.iter().map(|(_, k)| *k)).map(|x| x / deviation);
    crate::theory::quadrature::visit(&crate::theory::quadrature::cuts(0.1, places), |z, weight| {
        let x = deviation * z;
        let value: f64 = parts.iter().map(|(a, k)| a * (x - k).max(0.0)).sum();
        let slope: f64 = parts.iter().filter(|(_, k)| x > *k).map(|(a, _)| a).sum();
        let (mut mean_value, mut mean_slope) = (0.0, 0.0);
        for (a, k) in parts {
            let gap = (c * x - k) / rest;
            mean_value += a * rest * (density(gap) + gap * below(gap));
            mean_slope += a * below(gap);
        }
        product += weight * value * mean_value;
        slopes += weight * slope * mean_slope;
    });
    (product, slopes)
}

#[test]
fn pairs_of_an_activation_with_many_kinks_are_averaged_right() {
    // Slopes are read off the same terms, times k.
    const WELL: [f64; 2] = [1e-10, 1e-8];
    for (count, tolerances) in [(3, WELL), (16, WELL), (64, [2e-7, 2e-3])] {
        let (text, parts) = zigzag(count);
        let activation = crate::theory::activation(&text).unwrap();
        let gaussian = Gaussian::new(&*activation);
        let sizes = gaussian.moments(1.3);
        // Crossings of sixteen kinks cost seconds where nothing is optimized.
        let near = if count == 16 { &[0.9][..] } else { &[0.9, 0.995, 0.9999, 0.999_99] };
        for &c in [0.3, 0.8].iter().chain(near) {
            let found = gaussian.pair(1.3, c);
            let (product, slopes) = expected_pair(&parts, 1.3, c);
            let loose = if c < 0.999 { WELL } else { tolerances };
            let far = |got: f64, want: f64, size: f64| (got - want).abs() / size;
            let off = far(found.product, product, sizes.second);
            assert!(off < loose[0], "{count} kinks, {c}: product off by {off}");
            let off = far(found.slopes, slopes, sizes.slope_second);
            assert!(off < loose[1], "{count} kinks, {c}: slopes off by {off}");
        }
    }
}

/// What is computed alone, or taken from what another has found, has the same bits.
#[test]
fn second_moments_alone_are_those_of_all_averages() {
    for activation in fanin_engine::activations::ACTIVATIONS {
        for gaussian in [Gaussian::new(*activation), Gaussian::coarse(*activation)] {
            for q in [0.0, 1e-6, 0.3, 1.0, 7.0, 1e4, f64::INFINITY] {
                let [alone, of_all] = [gaussian.second(q), gaussian.moments(q).second];
                assert_eq!(alone.to_bits(), of_all.to_bits(), "{} {q}", activation.label());
            }
        }
        let [first, again] = [(); 2].map(|()| Gaussian::coarse(*activation));
        assert_eq!(format!("{first:?}"), format!("{again:?}"));
    }
}
