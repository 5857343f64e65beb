//! RecordDiagnosis: somebody says why. The same cause revises the case; another root cause opens a case of its own.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    case::{Case, DiagnosisRecorded},
    envelope::StreamId,
    ids::{CaseId, derived},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordDiagnosis {
    pub case: CaseId,
    pub diagnosis: DiagnosisRecorded,
    /// The new cause explains this case's evidence better: it takes the old one's place instead of opening another case.
    pub revises: bool,
}

/// Less than this is no news.
const CONFIDENCE_STEP: f64 = 0.05;

impl RecordDiagnosis {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        if !(0.0..=1.0).contains(&self.diagnosis.confidence) {
            return Err(senseless("bad_confidence", "a confidence is a number from 0 to 1"));
        }
        let file = match site.case(self.case) {
            Case::Unopened => return Err(senseless("unknown_case", format_args!("there is no case {}", self.case))),
            Case::Closed(..) => return Err(senseless("case_closed", format_args!("case {} is closed; a new alert opens a new one", self.case))),
            Case::Open(file) => file,
        };
        let (case, branched_from) = match file.cause() {
            None => (self.case, None),
            Some(cause) if *cause == self.diagnosis.cause || self.revises => (self.case, None),
            Some(_) => self.case_for_another_cause(site, circumstances),
        };
        if self.is_no_news(site.case(case)) {
            return Ok(Decision::AlreadySo);
        }
        let diagnosis = DiagnosisRecorded { asset: file.asset.clone(), branched_from, ..self.diagnosis.clone() };
        Ok(Decision::one(StreamId::case(case), diagnosis).about(case))
    }

    fn case_for_another_cause(&self, site: &Site, circumstances: Circumstances<'_>) -> (CaseId, Option<CaseId>) {
        let Some(file) = site.case(self.case).file() else { return (self.case, None) };
        let known = site.open_cases_of(&file.asset).find(|(_, other)| other.cause() == Some(&self.diagnosis.cause));
        match known {
            Some((case, _)) => (case, None),
            None => (CaseId(derived(&circumstances.command.to_string(), "case", 0)), Some(self.case)),
        }
    }

    fn is_no_news(&self, case: &Case) -> bool {
        case.open_file().and_then(|file| file.diagnosis.as_ref()).is_some_and(|known| {
            known.cause == self.diagnosis.cause
                && known.suggests == self.diagnosis.suggests
                && (known.confidence - self.diagnosis.confidence).abs() < CONFIDENCE_STEP
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn another_root_cause_opens_a_case_of_its_own() {
        let scene = scene().given_case().when(plant::diagnose("bearing_wear", 0.8)).happens().then_facts(["DiagnosisRecorded"]);
        let first = scene.case();
        let scene = scene.when(plant::diagnose("sensor_drift", 0.7)).happens().then_facts(["DiagnosisRecorded"]);
        assert_ne!(scene.subject(), first.to_string());
        assert_eq!(scene.open_cases(), 2);
    }

    #[test]
    fn a_revision_keeps_the_case() {
        let scene = scene().given_case().when(plant::diagnose("cavitation", 0.5)).happens();
        let first = scene.case();
        scene.when(plant::revise("clogging", 0.9)).happens().is_about(&first.to_string());
    }

    #[test]
    fn the_same_diagnosis_again_is_no_news() {
        scene().given_case().when(plant::diagnose("bearing_wear", 0.8)).happens().when(plant::diagnose("bearing_wear", 0.81)).is_already_so();
    }

    #[test]
    fn a_confidence_that_is_none_is_refused() {
        scene().given_case().when(plant::diagnose("bearing_wear", f64::NAN)).is_refused("bad_confidence");
    }
}
