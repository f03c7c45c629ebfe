//! Fixed points and depth scales: tables D1, C3, C4 and C5 of the reference.

use super::{digits, named};
use crate::theory::{Layer, Point};

/// σ_w² of tanh at σ_b² = 0.05: q*, χ₁, c*, ξ_q, ξ_c, 6ξ_c, as printed.
const TANH: &[(f64, [&str; 6])] = &[
    (0.8, ["0.138080", "0.646839", "1", "1.5144", "2.2954", "13.8"]),
    (1.0, ["0.193593", "0.759032", "1", "1.7476", "3.6270", "21.8"]),
    (1.3, ["0.315316", "0.880164", "1", "1.7852", "7.8341", "47.0"]),
    (1.5, ["0.418037", "0.938636", "1", "1.6828", "15.791", "94.7"]),
    (1.7, ["0.533076", "0.986741", "1", "1.5583", "74.918", "449.5"]),
    (1.8, ["0.594132", "1.008223", "0.950411", "1.4979", "125.78", "754.7"]),
    (2.0, ["0.721762", "1.047666", "0.744082", "1.3880", "25.213", "151.3"]),
    (2.5, ["1.063958", "1.133516", "0.446804", "1.1799", "11.796", "70.8"]),
    (3.0, ["1.428008", "1.208934", "0.299318", "1.0415", "9.0515", "54.3"]),
    (4.0, ["2.195494", "1.342402", "0.165065", "0.8733", "6.9803", "41.9"]),
];

/// Name, σ_w², σ_b²: q*, χ₁, c*, slope of the correlation map there, ξ_q, ξ_c, as printed; `=`
/// is χ₁.
const CASES: &[(&str, f64, f64, [&str; 6])] = &[
    ("tanh", 1.0, 0.01, ["0.077775493", "0.876243771", "1", "=", "3.719988", "7.569395"]),
    ("tanh", 1.0, 0.05, ["0.193592520", "0.759031647", "1", "=", "1.747626", "3.626976"]),
    ("tanh", 1.0 / 3.0, 0.05, ["0.070794220", "0.295112267", "1", "=", "0.742898", "0.819404"]),
    ("tanh", 1.5, 0.05, ["0.418037201", "0.938636268", "1", "=", "1.682828", "15.790994"]),
    ("tanh", 1.69, 0.09, ["0.607046792", "0.939807429", "1", "=", "1.337668", "16.108173"]),
    ("tanh", 1.76, 0.05, ["0.569462840", "0.999796424", "1", "=", "1.521671", "4911.675"]),
    (
        "tanh",
        2.0,
        0.05,
        ["0.721761873", "1.047666000", "0.744082420", "0.961114792", "1.387976", "25.213415"],
    ),
    (
        "tanh",
        3.0,
        0.05,
        ["1.428008462", "1.208934424", "0.299317642", "0.895404716", "1.041461", "9.051456"],
    ),
    (
        "tanh",
        6.25,
        0.09,
        ["4.079123875", "1.585224765", "0.122103747", "0.822229173", "0.688341", "5.108919"],
    ),
    (
        "tanh",
        16.0,
        0.09,
        ["12.604149498", "2.367261036", "0.029695922", "0.759743605", "0.490295", "3.639351"],
    ),
    ("tanh", 4.0, 0.0, ["2.121473568", "1.362673338", "0", "0.882215389", "0.904375", "7.979633"]),
    ("erf", 1.0, 0.1, ["0.387770337", "0.797164527", "1", "=", "1.248753", "4.411229"]),
    (
        "erf",
        4.0,
        0.09,
        ["2.631000654", "1.500266583", "0.186601897", "0.823498312", "0.699860", "5.149496"],
    ),
    ("sigmoid", 1.0 / 3.0, 0.0, ["0.085033765", "0.020007829", "1", "=", "0.253006", "0.255648"]),
    ("sigmoid", 16.0, 0.0, ["5.855403564", "0.398879007", "1", "=", "0.479675", "1.088024"]),
    ("relu", 1.0, 0.1, ["0.2", "0.5", "1", "=", "1.442695041", "1.442695041"]),
    ("relu", 1.5, 0.1, ["0.4", "0.75", "1", "=", "3.476059497", "3.476059497"]),
];

#[test]
fn fixed_points_of_tanh_have_every_digit_of_the_table() {
    for (weight_variance, printed) in TANH {
        let tanh = named("tanh");
        let found = Layer::new(&*tanh, Point::new(*weight_variance, 0.05)).fixed_point(1.0);
        let got = [
            found.second_moment,
            found.gradient_factor,
            found.correlation,
            found.second_moment_depth,
            found.correlation_depth,
            6.0 * found.correlation_depth,
        ];
        for (got, printed) in got.into_iter().zip(printed) {
            digits(&format!("tanh {weight_variance}"), got, printed);
        }
    }
}

#[test]
fn fixed_points_have_every_digit_of_the_list() {
    for (name, weight_variance, bias_variance, printed) in CASES {
        let activation = named(name);
        let point = Point::new(*weight_variance, *bias_variance);
        let found = Layer::new(&*activation, point).fixed_point(1.0);
        let got = [
            found.second_moment,
            found.gradient_factor,
            found.correlation,
            found.correlation_slope,
            found.second_moment_depth,
            found.correlation_depth,
        ];
        for (index, got) in got.into_iter().enumerate() {
            let printed = if printed[index] == "=" { printed[1] } else { printed[index] };
            digits(&format!("{name} {point:?}, column {index}"), got, printed);
        }
    }
}
