//! How it is with one of the crew at the moment: the cases that it looks into, and its figures that are past a limit.

use super::{Agents, key};
use crate::shelf::Shelved;
use millwright_domain::{
    Event,
    ids::{ActorId, CaseId, SiteId},
    investigation::{ContributionDelivered, ContributionMissed},
};

/// Facts of a case that say who looks into it.
pub(super) const ON_CASES: [&str; 5] = ["InvestigationOpened", "ContributionDelivered", "ContributionMissed", "ReportDelivered", "OutcomeRecorded"];
const CONDUCTOR: &str = "svc-conductor";
const WRITER: &str = "svc-weaver";

impl Agents {
    /// Who looks into the case at the moment: the conductor throughout, each until it answered, and then who writes the report.
    pub(super) fn fold_case(&mut self, site: &SiteId, case: CaseId, event: &Event) {
        match event {
            Event::InvestigationOpened(fact) => {
                let asked = fact.asked.iter().map(ActorId::as_str).chain([CONDUCTOR]).map(|name| format!("{site}/{name}"));
                asked.collect::<Vec<_>>().into_iter().for_each(|key| self.on_case(&key, case, true));
            }
            Event::ContributionDelivered(ContributionDelivered { by, .. }) | Event::ContributionMissed(ContributionMissed { by, .. }) => {
                self.on_case(&key(site, by), case, false);
                let still = self.agents.iter().any(|row| row.site == *site && row.name.as_str() != CONDUCTOR && row.on_cases.contains(&case));
                if !still {
                    self.on_case(&format!("{site}/{WRITER}"), case, true);
                }
            }
            _ => {
                let there = self.agents.iter().filter(|row| row.site == *site && row.on_cases.contains(&case)).map(Shelved::key);
                there.collect::<Vec<_>>().iter().for_each(|key| self.on_case(key, case, false));
            }
        }
    }

    fn on_case(&mut self, key: &str, case: CaseId, begins: bool) {
        let changes = self.agents.get(key).is_some_and(|row| row.on_cases.contains(&case) != begins);
        let Some(row) = self.agents.edit(key).filter(|_| changes) else { return };
        if begins {
            row.on_cases.insert(case);
        } else {
            row.on_cases.remove(&case);
        }
    }

    pub(super) fn fold_alarm(&mut self, site: &SiteId, event: &Event) {
        match event {
            Event::AgentAlarmRaised(fact) => {
                let Some(row) = self.agents.edit(&key(site, &fact.breach.agent)) else { return };
                row.alarms.retain(|(known, _)| known.rule != fact.breach.rule);
                row.alarms.push((fact.breach.clone(), fact.at));
            }
            Event::AgentAlarmCleared(fact) => {
                let Some(row) = self.agents.edit(&key(site, &fact.agent)) else { return };
                row.alarms.retain(|(known, _)| known.rule != fact.rule);
            }
            _ => {}
        }
    }
}
