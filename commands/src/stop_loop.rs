//! StopLoop: one of the crew goes round in circles over a case and is stopped; where the case is urgent, a person hears of it.

use crate::{
    decision::{Circumstances, Decision, Refused, senseless},
    telling::{Telling, links},
};
use millwright_domain::{
    Event,
    case::Severity,
    envelope::StreamId,
    going_round::{LoopSign, LoopStopped},
    ids::{ActorId, CaseId},
    message::Message,
    plain,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The part that speaks to models, and sees by that who goes round.
const GATEWAY: &str = "svc-gateway";
const LONGEST_SAID: usize = 300;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StopLoop {
    pub agent: ActorId,
    pub case: Option<CaseId>,
    pub sign: LoopSign,
    pub said: String,
}

impl StopLoop {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        if circumstances.by.as_str() != GATEWAY {
            return Err(senseless("not_the_gateway", "only the gateway sees what is asked of models"));
        }
        let facts = stopped(site, &self.agent, self.case, self.sign, &self.said);
        Ok(if facts.is_empty() { Decision::AlreadySo } else { Decision::Facts { facts, subject: Some(self.agent.to_string()) } })
    }
}

/// The fact, on the case's stream or the agent's, and whom it has to be told; nothing if it is known.
pub(crate) fn stopped(site: &Site, agent: &ActorId, case: Option<CaseId>, sign: LoopSign, said: &str) -> Vec<(StreamId, Event)> {
    let case = case.filter(|case| site.case(*case).file().is_some());
    if site.crew.stopped_loops.contains(&(agent.clone(), case, sign)) {
        return vec![];
    }
    let fact = LoopStopped { agent: agent.clone(), case, sign, said: plain::cleaned(said, LONGEST_SAID) };
    let stream = case.map_or_else(|| StreamId::agent(agent), StreamId::case);
    let mut facts = vec![(stream, fact.into())];
    if let Some(case) = case.filter(|case| is_urgent(site, *case)) {
        facts.extend(told(site, agent, case, sign).wanted(site));
    }
    facts
}

/// Somebody may be waiting for what the crew says of it.
fn is_urgent(site: &Site, case: CaseId) -> bool {
    let Some(file) = site.case(case).open_file().filter(|_| site.is_live()) else { return false };
    let alarms = site.alarms.get(&file.asset);
    alarms.into_iter().flatten().any(|(_, alarm)| alarm.active && alarm.severity == Some(Severity::Critical))
}

fn told<'a>(site: &'a Site, agent: &ActorId, case: CaseId, sign: LoopSign) -> Telling<'a> {
    let asset = site.case(case).file().map_or_else(String::new, |file| format!(" over {}", file.asset));
    let headline = format!("{agent} went round in circles{asset} and was stopped");
    let text = format!("What showed it: {}. What the rules found is in the case's report; look at the case yourself.\nCase {case}", sign.as_str());
    let message = Message { severity: Some(Severity::High), links: links(site, case), ..Message::plain(headline, text) };
    let because = format!("{case}/{agent}/{}", sign.as_str());
    Telling { to: crate::crew::whom(site), message, because, reason: "loop_stopped", case: Some(case), action: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Asked, Asking, Scene, plant, scene};

    fn stop(by: &'static str, sign: LoopSign) -> Asking {
        Box::new(move |scene: &Scene| {
            let stop = StopLoop { agent: "svc-hunter".parse().unwrap(), case: Some(scene.case()), sign, said: "page 3\nagain".into() };
            Asked { command: stop.into(), by: by.parse().unwrap(), number: 0 }
        })
    }

    #[test]
    fn a_loop_is_told_once_on_its_case_and_only_by_the_gateway() {
        let scene = scene().given_case().when(stop("svc-hunter", LoopSign::SameQuestion)).is_refused("not_the_gateway");
        let scene = scene.when(stop(GATEWAY, LoopSign::SameQuestion)).then_facts(["LoopStopped"]);
        let scene = scene.when(stop(GATEWAY, LoopSign::SameQuestion)).is_already_so();
        scene.when(stop(GATEWAY, LoopSign::SameAnswer)).happens();
    }

    #[test]
    fn over_a_critical_alarm_a_person_hears_of_it() {
        let scene = scene().given_plant().when(plant::raise_critical_alert()).happens();
        let scene = scene.when(stop(GATEWAY, LoopSign::TooManyQuestions)).then_facts(["LoopStopped", "EffectWanted"]);
        assert_eq!(scene.wanted()[0].target, "notice:operators");
    }
}
