//! Alarm triage: from the alarm to the checklist of its cause, and what speaks for the cause.

use super::{
    CrewMember, Finding, Found,
    briefing::Briefing,
    checklists::{Checklist, Checklists},
    choosing::{Choices, Form, Piece},
};
use crate::insist::service;
use async_trait::async_trait;
use millwright_domain::{ids::ActorId, untrusted::Origin};
use std::{fmt::Write, sync::Arc};

const TASK: &str = "Somebody stands at a machine with a fault. From the numbered steps of its checklist choose those to take first in this case, at most \
                    four, the first one first. In `from` stands the step's number, one to a point, and in `says` in a few words why it comes there. \
                    Add no step of your own.";

pub struct AlarmTriage {
    pub checklists: Arc<Checklists>,
}

#[async_trait]
impl CrewMember for AlarmTriage {
    fn name(&self) -> ActorId {
        service("svc-triage")
    }

    async fn find(&self, case: &Briefing) -> Result<Found, String> {
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
        Ok(Found { finding: Finding::by_rules(text), choices: Some(choices(list)) })
    }
}

fn choices(list: &Checklist) -> Choices {
    let pieces = (1..).zip(&list.steps).map(|(number, step)| Piece { name: format!("step {number}"), text: step.clone() });
    Choices { task: TASK, heading: "First in this case:", form: Form::Pieces, origin: Origin::Note, pieces: pieces.collect() }
}

fn listed(words: &[String]) -> String {
    if words.is_empty() { "none".into() } else { words.join(", ") }
}
