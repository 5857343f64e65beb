//! ReportBreaches: which figures of agents are past a rule's limit. Only what changed is a fact, and a person is told of what is new.

use super::mark_task::whom;
use crate::{
    decision::{Circumstances, Decision, Refused, senseless},
    telling::Telling,
};
use millwright_domain::{
    Event,
    agent_alarm::{AgentAlarmCleared, AgentAlarmRaised, Breach},
    case::Severity,
    envelope::StreamId,
    message::Message,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All there are now: what is not here any more is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportBreaches {
    pub breaches: Vec<Breach>,
}

impl ReportBreaches {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let (by, at) = (circumstances.by, circumstances.now.wall);
        if !by.is_part() {
            return Err(senseless("not_a_part", "only Millwright itself holds agents' figures against the rules"));
        }
        let known = &site.crew.breaches;
        let new = self.breaches.iter().filter(|breach| !known.contains_key(&breach.key()));
        let mut facts: Vec<(StreamId, Event)> = vec![];
        for breach in new {
            facts.push((StreamId::agent(&breach.agent), AgentAlarmRaised { breach: breach.clone(), at }.into()));
            if site.is_live() {
                facts.extend(told(site, breach, at.micros()).wanted(site));
            }
        }
        let over = known.values().filter(|breach| !self.breaches.iter().any(|still| still.key() == breach.key()));
        facts.extend(over.map(|breach| {
            let cleared = AgentAlarmCleared { rule: breach.rule.clone(), agent: breach.agent.clone(), at };
            (StreamId::agent(&breach.agent), cleared.into())
        }));
        if facts.is_empty() { Ok(Decision::AlreadySo) } else { Ok(Decision::Facts { facts, subject: None }) }
    }
}

fn told<'a>(site: &'a Site, breach: &Breach, at: i64) -> Telling<'a> {
    let text = format!("{}\nRule {}: limit {}, now {}. It is told once until it is over.", breach.says, breach.rule, breach.limit, breach.value);
    let message = Message { severity: Some(Severity::Medium), ..Message::plain(breach.says.clone(), text) };
    let because = format!("{}/{}/{at}", breach.rule, breach.agent);
    Telling { to: whom(site), message, because, reason: "agent_alarm", case: None, action: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Asking, plant, scene};

    fn breaches(rules: &[&str]) -> Asking {
        let breach = |rule: &&str| Breach {
            rule: (*rule).into(),
            agent: "agent-coder".parse().unwrap(),
            value: 0.7,
            limit: 0.5,
            says: "agent-coder: 70 % of calls fail".into(),
        };
        plant::ask("svc-monkey", ReportBreaches { breaches: rules.iter().map(breach).collect() })
    }

    #[test]
    fn a_figure_past_its_limit_is_told_once_until_it_is_within_again() {
        let scene = scene().given_plant().when(breaches(&["errors"])).then_facts(["AgentAlarmRaised", "EffectWanted"]);
        let scene = scene.when(breaches(&["errors"])).is_already_so();
        let scene = scene.when(breaches(&["errors", "cost"])).then_facts(["AgentAlarmRaised", "EffectWanted"]);
        let scene = scene.when(breaches(&["cost"])).then_facts(["AgentAlarmCleared"]);
        scene.when(breaches(&["cost", "errors"])).then_facts(["AgentAlarmRaised", "EffectWanted"]);
    }
}
