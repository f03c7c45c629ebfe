//! Residual branches that begin at 0.

use super::{Remedy, evidence};
use crate::check::Diagnosis;
use crate::recommend::{Offer, Problem};
use crate::spec::Role;

/// A gain of 0 on each residual branch.
#[derive(Clone, Copy, Debug)]
pub struct ResidualGain;

/// Growth of the stream's second moment that a network stands.
const STANDS: f64 = 2.0;

impl Remedy for ResidualGain {
    fn name(&self) -> &'static str {
        "residual-gain"
    }

    fn offer(&self, problem: &Problem<'_>, diagnosis: &Diagnosis) -> Option<Offer> {
        let evidence = evidence(diagnosis);
        let branches = evidence.branch_openings().len();
        let growth = evidence.log_stream_growth()?.exp();
        if growth <= STANDS {
            return None;
        }
        let parameters = problem.model.parameters().ok()?;
        let gains = parameters.iter().filter(|p| p.role == Role::ResidualScale).count();
        let how = if gains > 0 {
            "`--rule role:residual-scale=zeros`: the branches have a trained factor already \
             (ReZero, Bachlechner et al. 2020)"
        } else {
            "`--rule role:residual-output=zeros`: the last layer of each branch starts at 0 \
             (Fixup, Zhang et al. 2019); or a trained factor that starts at 0 behind each branch \
             (ReZero, Bachlechner et al. 2020; SkipInit, De & Smith 2020)"
        };
        Some(Offer {
            change: format!("a gain of 0 on each of {branches} residual branches"),
            reason: format!(
                "the second moment of the stream grows by a factor of {growth:.1} over {branches} \
                 branches; with branches at 0 every block starts as the identity"
            ),
            how: how.to_owned(),
        })
    }
}
