//! The activation's tailored transform, for deep chains in which rows become alike.

use fanin_engine::activations;

use super::{Remedy, hidden};
use crate::check::{Diagnosis, Verdict};
use crate::recommend::tailored::{DEEP_KERNEL_SLOPE, deep_kernel, tailored_slope};
use crate::recommend::{Offer, Problem};

/// The activation's tailored transform.
#[derive(Clone, Copy, Debug)]
pub struct TailoredActivation;

/// Hidden layers from which on shaping pays.
const DEEP: usize = 5;

/// Rows more alike than this before the output are hard to tell apart.
const ALIKE: f64 = 0.8;

impl Remedy for TailoredActivation {
    fn name(&self) -> &'static str {
        "tailored-activation"
    }

    fn offer(&self, _problem: &Problem<'_>, diagnosis: &Diagnosis) -> Option<Offer> {
        let layers = hidden(diagnosis);
        let (first, last) = (layers.first()?, layers.last()?);
        let name = first.activation.as_deref()?;
        let is_chain = layers.iter().all(|layer| {
            layer.activation.as_deref() == Some(name) && !layer.in_branch() && !layer.normalized
        });
        let is_well = diagnosis.forecast == Verdict::Learns && last.cosine <= ALIKE;
        if !is_chain || layers.len() < DEEP || is_well {
            return None;
        }
        let depth = layers.len();
        let reason = format!(
            "the median cosine between rows goes from {:.2} to {:.2} over {depth} layers of {name}",
            first.input_cosine, last.cosine
        );
        if name == "relu" || name.starts_with("leaky_relu") {
            let slope = tailored_slope(depth);
            let gain = (2.0 / (1.0 + slope * slope)).sqrt();
            let own = activations::find(name)?.at(1, -1.0);
            return (slope > own).then(|| Offer {
                change: format!("`leaky_relu:{slope:.4}` instead of `{name}`"),
                reason: format!(
                    "{reason}; with this slope rows at a right angle end at 0.9 at most"
                ),
                how: format!(
                    "`leaky_relu:{slope:.4}` for `{name}` in the model's text, and \
                     `--scheme orthogonal:{gain:.4}` (delta-orthogonal for convolutions), biases \
                     0 (TAT, Zhang et al. 2022)"
                ),
            });
        }
        let found = deep_kernel(&*activations::find(name)?, depth)?;
        Some(Offer {
            change: format!("{name} in the form γ·(φ(α·x + β) + δ)"),
            reason: format!(
                "{reason}; in this form the map of cosines through all of them has slope \
                 {DEEP_KERNEL_SLOPE} at 1 and keeps right angles"
            ),
            how: format!(
                "α = {:.4}, β = {:.4}, γ = {:.4}, δ = {:.4}, with orthogonal weights of gain 1 and \
                 biases 0 (DKS, Martens et al. 2021)",
                found.alpha, found.beta, found.gamma, found.delta
            ),
        })
    }
}
