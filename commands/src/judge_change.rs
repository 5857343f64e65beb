//! JudgeChange: what kind of change a case shows. A later judgement takes the place of an earlier one.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    case::Case,
    change::{ChangeJudged, ChangeKind},
    envelope::StreamId,
    evidence::Evidence,
    ids::CaseId,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JudgeChange {
    pub case: CaseId,
    pub change: ChangeKind,
    pub because: String,
    pub evidence: Vec<Evidence>,
}

impl JudgeChange {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        let file = match site.case(self.case) {
            Case::Unopened => return Err(senseless("unknown_case", format_args!("there is no case {}", self.case))),
            Case::Closed(..) => return Err(senseless("case_closed", format_args!("case {} is closed", self.case))),
            Case::Open(file) => file,
        };
        if file.change == Some(self.change) {
            return Ok(Decision::AlreadySo);
        }
        let fact = ChangeJudged { asset: file.asset.clone(), change: self.change, because: self.because.clone(), evidence: self.evidence.clone() };
        Ok(Decision::one(StreamId::case(self.case), fact).about(self.case))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene, watching};
    use millwright_domain::change::ChangeKind;

    #[test]
    fn a_change_is_judged_once_and_judged_anew_when_it_is_another() {
        let scene = scene().given_case().when(watching::judge_change(ChangeKind::Unclear)).happens().then_facts(["ChangeJudged"]);
        let scene = scene.when(watching::judge_change(ChangeKind::Unclear)).is_already_so();
        let scene = scene.when(watching::judge_change(ChangeKind::Degradation)).happens();
        scene.when(plant::closed_by_person()).happens().when(watching::judge_change(ChangeKind::Regime)).is_refused("case_closed");
    }
}
