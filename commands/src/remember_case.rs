//! RememberCase: what a case looked like, so that later ones like it find it. Once for each case; what an outcome adds comes by itself.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{Timestamp, case::CaseRemembered, envelope::StreamId, ids::CaseId, memory::Signature, site::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RememberCase {
    pub case: CaseId,
    pub onset: Timestamp,
    pub horizon_s: u32,
    pub signature: Signature,
}

impl RememberCase {
    /// A closed case may still be remembered: it may have been closed before its horizon was over.
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        let Some(file) = site.case(self.case).file() else {
            return Err(senseless("unknown_case", format_args!("there is no case {}", self.case)));
        };
        if file.remembered {
            return Ok(Decision::AlreadySo);
        }
        let Self { case, onset, horizon_s, ref signature } = *self;
        let fact = CaseRemembered { asset: file.asset.clone(), onset, horizon_s, signature: signature.clone() };
        Ok(Decision::one(StreamId::case(case), fact).about(case))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene, watching};

    #[test]
    fn a_case_is_remembered_once_even_after_it_was_closed() {
        let scene = scene().given_case().when(plant::closed_by_person()).happens();
        let scene = scene.when(watching::remember()).happens().then_facts(["CaseRemembered"]);
        scene.when(watching::remember()).is_already_so();
    }
}
