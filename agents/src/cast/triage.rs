//! Alarm triage: from the alarm to the checklist of its cause, and what speaks for the cause.

use super::{CrewMember, Finding, briefing::Briefing, checklists::Checklists};
use crate::insist::service;
use async_trait::async_trait;
use millwright_domain::{Timestamp, ids::ActorId};
use std::{fmt::Write, sync::Arc};

pub struct AlarmTriage {
    pub checklists: Arc<Checklists>,
}

#[async_trait]
impl CrewMember for AlarmTriage {
    fn name(&self) -> ActorId {
        service("svc-triage")
    }

    async fn look_into(&self, case: &Briefing, _: Timestamp) -> Result<Finding, String> {
        let Some(diagnosis) = &case.diagnosis else {
            return Err(format!("no cause is known yet; active alarms: {}", listed(&case.detectors)));
        };
        let Some(list) = self.checklists.of(&diagnosis.cause) else {
            return Err(format!("there is no checklist for {}; add one to the checklists", diagnosis.cause));
        };
        let mut text = format!("{}, {:.0} % sure. Look at, in this order:\n", list.title, diagnosis.confidence * 100.0);
        for (number, step) in (1..).zip(&list.steps) {
            // Writing to a text cannot fail.
            _ = writeln!(text, "{number}. {step}");
        }
        Ok(Finding::by_rules(text))
    }
}

fn listed(words: &[String]) -> String {
    if words.is_empty() { "none".into() } else { words.join(", ") }
}
