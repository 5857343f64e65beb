//! RecordOutcome: how it ended. Readings alone may say `mitigated` or `self_recovered`; only a person says `repaired`, and may add words later.

use crate::decision::{Circumstances, Decision, Refusal, Refused};
use millwright_domain::{
    Event,
    action::Action,
    case::{ActionVoided, Case, CaseFile, Outcome, OutcomeRecorded, Rule},
    envelope::StreamId,
    evidence::Evidence,
    ids::{ActionId, ActorId, CaseId, CauseId},
    sealed::Sealed,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordOutcome {
    pub case: CaseId,
    pub outcome: Outcome,
    pub true_cause: Option<CauseId>,
    pub note: Option<Sealed>,
    pub evidence: Vec<Evidence>,
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum RecordOutcomeRefused {
    #[error("there is no case {0}")]
    NoCase(CaseId),
    #[error("the case is closed; its outcome stands")]
    CaseClosed,
    #[error("{0:?} can only be said by a person; readings show quiet, not why")]
    NeedsAPerson(Outcome),
    #[error("nothing was done in this case, so the readings cannot have been mitigated by it")]
    NothingDone,
}

impl Refusal for RecordOutcomeRefused {
    fn code(&self) -> &'static str {
        match self {
            Self::NoCase(_) => "no_case",
            Self::CaseClosed => "case_closed",
            Self::NeedsAPerson(_) => "needs_a_person",
            Self::NothingDone => "nothing_done",
        }
    }
    fn rule(&self) -> Option<Rule> {
        match self {
            Self::NoCase(_) | Self::NothingDone => None,
            Self::CaseClosed | Self::NeedsAPerson(_) => Some(Rule::Approval),
        }
    }
}

impl RecordOutcome {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let stream = StreamId::case(self.case);
        let by_person = !circumstances.by.is_service();
        let file = self.judge(site.case(self.case), by_person).map_err(|refused| refused.at(stream.clone()))?;
        if !by_person && self.outcome == Outcome::Mitigated && file.mitigated {
            return Ok(Decision::AlreadySo);
        }
        let outcome = self.outcome(file, by_person, circumstances.by);
        let mut facts: Vec<(StreamId, Event)> = vec![];
        if outcome.closes {
            let pending = file.actions.values().filter(|action| action.is_pending()).map(|action| action.proposal().action);
            facts.extend(pending.map(|action| (stream.clone(), ActionVoided { action, reason: "the case was closed".into() }.into())));
        }
        facts.push((stream, outcome.into()));
        Ok(Decision::Facts { facts, subject: Some(self.case.to_string()) })
    }

    fn judge<'a>(&self, case: &'a Case, by_person: bool) -> Result<&'a CaseFile, RecordOutcomeRefused> {
        let file = match case {
            Case::Unopened => return Err(RecordOutcomeRefused::NoCase(self.case)),
            // Whoever closed its ticket with a click may still say what was done: it changes nothing but what is known.
            Case::Closed(file, known) if by_person && *known == self.outcome && self.note.is_some() && !file.noted => return Ok(file),
            Case::Closed(..) => return Err(RecordOutcomeRefused::CaseClosed),
            Case::Open(file) => file,
        };
        if !by_person && !self.outcome.readings_may_say() {
            return Err(RecordOutcomeRefused::NeedsAPerson(self.outcome));
        }
        if !by_person && self.outcome == Outcome::Mitigated && last_completed(file).is_none() {
            return Err(RecordOutcomeRefused::NothingDone);
        }
        Ok(file)
    }

    fn outcome(&self, file: &CaseFile, by_person: bool, by: &ActorId) -> OutcomeRecorded {
        let credited = match self.outcome {
            Outcome::Mitigated | Outcome::Repaired => last_completed(file),
            Outcome::SelfRecovered | Outcome::FalseAlarm | Outcome::NoEffect => None,
        };
        OutcomeRecorded {
            outcome: self.outcome,
            by: by.clone(),
            credited,
            true_cause: self.true_cause.clone(),
            note: self.note.clone(),
            evidence: self.evidence.clone(),
            closes: by_person || self.outcome == Outcome::SelfRecovered,
        }
    }
}

fn last_completed(file: &CaseFile) -> Option<ActionId> {
    let completed = file.actions.values().filter_map(|action| match action {
        Action::Completed { proposal, at } if proposal.written_signal().is_some() => Some((*at, proposal.action)),
        _ => None,
    });
    completed.max().map(|(_, action)| action)
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};
    use millwright_domain::case::Outcome;

    #[test]
    fn readings_alone_never_say_repaired_false_alarm_or_no_effect() {
        for outcome in [Outcome::Repaired, Outcome::FalseAlarm, Outcome::NoEffect] {
            scene().given_case().when(plant::outcome_by("svc-recovery", outcome)).is_refused("needs_a_person");
        }
    }

    #[test]
    fn words_may_be_added_once_to_an_outcome_that_stands_and_change_none() {
        let scene = scene().given_case().when(plant::closed_by_person()).happens();
        let scene = scene.when(plant::outcome_in_words("bob", Outcome::FalseAlarm)).is_refused("case_closed");
        let scene = scene.when(plant::outcome_in_words("svc-recovery", Outcome::Repaired)).is_refused("case_closed");
        let scene = scene.when(plant::outcome_in_words("bob", Outcome::Repaired)).then_facts(["OutcomeRecorded"]);
        scene.when(plant::outcome_in_words("bob", Outcome::Repaired)).is_refused("case_closed");
    }

    #[test]
    fn a_mitigated_case_stays_open_until_a_person_closes_it() {
        let scene = scene().given_completed().when(plant::outcome_by("svc-recovery", Outcome::Mitigated)).happens();
        assert_eq!(scene.open_cases(), 1);
        let scene = scene.when(plant::outcome_by("ann", Outcome::Repaired)).happens().then_facts(["OutcomeRecorded"]);
        assert_eq!(scene.open_cases(), 0);
    }

    #[test]
    fn nothing_done_mitigates_nothing_but_a_fault_may_pass_by_itself() {
        let scene = scene().given_case().when(plant::outcome_by("svc-recovery", Outcome::Mitigated)).is_refused("nothing_done");
        let scene = scene.when(plant::outcome_by("svc-recovery", Outcome::SelfRecovered)).happens();
        assert_eq!(scene.open_cases(), 0);
    }

    #[test]
    fn closing_a_case_voids_what_still_waited_in_it() {
        scene().given_proposal().when(plant::outcome_by("ann", Outcome::FalseAlarm)).happens().then_facts(["ActionVoided", "OutcomeRecorded"]);
    }
}
