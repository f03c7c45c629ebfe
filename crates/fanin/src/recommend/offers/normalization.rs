//! A normalization layer where the signal changes from layer to layer.

use super::{Remedy, hidden};
use crate::check::{Diagnosis, Verdict};
use crate::recommend::{Offer, Problem};

/// A normalization layer.
#[derive(Clone, Copy, Debug)]
pub struct Normalization;

/// Factors on the signal through the whole depth that a network stands.
const STANDS: std::ops::RangeInclusive<f64> = 0.1..=10.0;

impl Remedy for Normalization {
    fn name(&self) -> &'static str {
        "normalization"
    }

    fn offer(&self, _problem: &Problem<'_>, diagnosis: &Diagnosis) -> Option<Offer> {
        let layers = hidden(diagnosis);
        if layers.len() < 2 || layers.iter().any(|layer| layer.normalized) {
            return None;
        }
        let factor = diagnosis.signal_factor.unwrap_or(0.0);
        let whole = factor.powi(layers.len() as i32 - 1);
        if STANDS.contains(&whole) && diagnosis.forecast == Verdict::Learns {
            return None;
        }
        Some(Offer {
            change: "a normalization before each activation".to_owned(),
            reason: format!(
                "the signal changes by {factor:.3} from layer to layer, by {whole:.2e} over {} \
                 hidden layers; a normalization holds it at 1 whatever the weights' scale",
                layers.len()
            ),
            how: "`layer_norm` or, for batches of 16 rows and more, `batch_norm` in each hidden \
                  layer: `64 layer_norm relu`"
                .to_owned(),
        })
    }
}
