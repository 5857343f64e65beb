//! The report with a model's summary in front: each sentence names who of the others found that, and the report by rules stays below, whole.

use super::{
    Finding, ReportWriter,
    briefing::Briefing,
    choosing::{Choices, Form, Piece},
    voice::Voice,
    weaver::{report, title},
};
use crate::insist::service;
use async_trait::async_trait;
use millwright_domain::{Timestamp, ids::ActorId, untrusted::Origin};
use std::sync::Arc;

const TASK: &str = "For the people who look after a machine, summarise what others found out about its fault, in at most six short sentences of plain \
                    text: what is wrong and how sure that is, what to look at first, what is not known. Say only what the numbered findings say, and \
                    name in `from` those that say it. Name no action that they do not name.";

pub struct ModelWeaver {
    pub voice: Arc<Voice>,
}

#[async_trait]
impl ReportWriter for ModelWeaver {
    fn name(&self) -> ActorId {
        service("svc-weaver")
    }

    async fn write(&self, case: &Briefing, found: &[(ActorId, Finding)], missing: &[ActorId], until: Timestamp) -> Finding {
        let by_rules = Finding::by_rules(report(case, found, missing));
        if found.is_empty() {
            return by_rules;
        }
        let choices = choices(found);
        match self.voice.ask(&self.name(), case, choices.prompt(case), until).await {
            Some(answer) => choices.beside(by_rules, &answer),
            None => by_rules,
        }
    }
}

/// What an agent tells may quote manuals and alarms, so it is nobody's instruction either.
fn choices(found: &[(ActorId, Finding)]) -> Choices {
    let pieces = found.iter().map(|(by, finding)| Piece { name: title(by), text: finding.text.clone() }).collect();
    Choices { task: TASK, heading: "In short:", form: Form::Sentences, origin: Origin::Agent, pieces }
}
