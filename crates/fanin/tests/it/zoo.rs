//! Networks with starting weights that learn: no symptom may be found in them.

/// A network whose start is sound.
#[derive(Debug)]
pub struct Healthy {
    /// The data set, standardized.
    pub data: &'static str,
    /// The network.
    pub model: &'static str,
    /// The scheme of all weights.
    pub scheme: &'static str,
    /// Schemes of single parameters by name pattern.
    pub patterns: &'static [(&'static str, &'static str)],
    /// Passes over the rows that it needs.
    pub epochs: usize,
}

const fn healthy(data: &'static str, model: &'static str, scheme: &'static str) -> Healthy {
    Healthy { data, model, scheme, patterns: &[], epochs: 15 }
}

const fn digits(model: &'static str, scheme: &'static str) -> Healthy {
    healthy("digits", model, scheme)
}

/// Activations with schemes that fit, depths from 0 to 10, branches, norms and zeros where they
/// are right.
pub const ZOO: &[Healthy] = &[
    digits("64 -> 10", "zeros"),
    digits("64 -> 10", "normal:0.01"),
    digits("64 -> 10", "he-normal"),
    digits("64 -> 64 relu -> 10", "torch-default"),
    digits("64 -> 64 relu -> 10", "fan-in-normal"),
    digits("64 -> 64 tanh -> 10", "xavier-uniform"),
    digits("64 -> 64 sigmoid -> 10", "xavier-normal"),
    digits("64 -> 2x64 relu -> 10", "torch-default"),
    digits("64 -> 2x64 relu -> 10", "fan-in-uniform"),
    digits("64 -> 2x64 softplus -> 10", "xavier-normal"),
    digits("64 -> 3x64 leaky_relu -> 10", "he-uniform"),
    digits("64 -> 3x64 prelu -> 10", "he-normal"),
    digits("64 -> 3x64 silu -> 10", "he-normal"),
    digits("64 -> 3x64 gelu dropout:0.1 -> 10", "exact-gain-normal"),
    digits("64 -> 5x64 elu -> 10", "he-normal"),
    digits("64 -> 5x64 selu -> 10", "lecun-normal"),
    digits("64 -> 5x32 tanh -> 10", "lecun-normal"),
    digits("64 -> 5x64 softsign -> 10", "xavier-normal"),
    digits("64 -> 128 relu -> 64 relu -> 32 relu -> 10", "he-normal"),
    digits("64 -> 10x64 relu -> 10", "he-normal"),
    digits("64 -> 10x64 relu -> 10", "xavier-uniform"),
    digits("64 -> 5x64 relu -> 10", "orthogonal"),
    digits("64 -> 10x64 tanh -> 10", "xavier-uniform"),
    digits("64 -> 5x64 batch_norm relu -> 10", "he-normal"),
    digits("64 -> 5x64 layer_norm relu -> 10", "he-normal"),
    digits("64 -> 5x64 batch_norm relu -> 10", "torch-default"),
    digits("64 -> 64 relu -> 4x64 relu residual:0.5 -> 10", "he-normal"),
    digits("64 -> 64 relu -> 4x(32 layer_norm relu -> 64) residual -> 10", "lecun-normal"),
    Healthy {
        data: "digits",
        model: "64 -> 64 relu -> 6x(64 relu -> 64) residual -> 10",
        scheme: "he-normal",
        patterns: &[("*.branch.2.weight", "zeros")],
        epochs: 15,
    },
    Healthy {
        data: "digits",
        model: "64 -> 2x64 relu -> 10",
        scheme: "he-normal",
        patterns: &[("4.weight", "zeros")],
        epochs: 15,
    },
    Healthy { epochs: 200, ..healthy("spirals", "2 -> 2x32 tanh -> 2", "xavier-uniform") },
    Healthy { epochs: 100, ..healthy("spirals", "2 -> 3x32 relu -> 2", "he-normal") },
    Healthy { epochs: 40, ..healthy("xor", "2 -> 16 tanh -> 2", "xavier-uniform") },
];
