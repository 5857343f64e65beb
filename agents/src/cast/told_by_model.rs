//! The report with a model's summary in front: what the others found is shown to it fenced, and the report by rules stays below, whole.

use super::{Finding, ReportWriter, briefing::Briefing, weaver::report};
use crate::{
    call_record::CallRecord,
    gateway::{Gateway, question::Question},
    insist::service,
};
use async_trait::async_trait;
use millwright_domain::{
    Timestamp,
    case::Severity,
    ids::{ActorId, ModelClass, SiteId, derived},
    model_call::{ModelPolicy, Prompt},
    ports::clock::Clock,
    untrusted::{Nonce, Origin, Untrusted},
};
use std::sync::Arc;
use uuid::Uuid;

const SYSTEM: &str = "You summarise, for the people who look after a machine, what others found out about a fault. Write at most six short sentences of plain \
                      text: what is wrong and how sure that is, what to look at first, what is not known. Say only what the material says. \
                      Name no action that it does not name.";
const LONGEST_SUMMARY: usize = 1_500;
const TOKENS: u32 = 400;

pub struct ModelWeaver {
    pub gateway: Arc<Gateway>,
    pub record: Arc<CallRecord>,
    pub clock: Arc<dyn Clock>,
    pub site: SiteId,
    pub class: ModelClass,
    pub policy: ModelPolicy,
}

#[async_trait]
impl ReportWriter for ModelWeaver {
    fn name(&self) -> ActorId {
        service("svc-weaver")
    }

    async fn write(&self, case: &Briefing, found: &[(ActorId, Finding)], missing: &[ActorId], until: Timestamp) -> Finding {
        let by_rules = report(case, found, missing);
        let call = derived(&case.case.to_string(), "report", 0);
        self.record.is_about(call, case.case);
        let question = Question {
            site: Some(self.site.clone()),
            case: Some(case.case),
            policy: self.policy.clone(),
            within: Some(until.since(self.clock.now().wall)),
            is_critical: case.severity == Some(Severity::Critical),
            ..Question::new(call, self.name(), self.class.clone(), prompt(case, found))
        };
        match self.gateway.ask(&question).await {
            Ok(given) if given.plainly.is_none() => {
                let summary: String = Untrusted::cut(Origin::Agent, &given.answer.said.text, LONGEST_SUMMARY).text().trim().into();
                if summary.is_empty() {
                    return Finding::by_rules(by_rules);
                }
                Finding { text: format!("{summary}\n\n{by_rules}"), citations: vec![], model: Some(given.answer.model) }
            }
            Ok(_) | Err(_) => Finding::by_rules(by_rules),
        }
    }
}

fn prompt(case: &Briefing, found: &[(ActorId, Finding)]) -> Prompt {
    let mut prompt = Prompt::new(SYSTEM, Nonce::of(Uuid::new_v4().as_u128())).at_most(TOKENS).temperature(0.0);
    prompt = prompt.say("The case:").value("machine", &case.asset.id).value("alerts", case.alerts);
    if let Some(diagnosis) = &case.diagnosis {
        prompt = prompt.value("cause by rules", &diagnosis.cause).value("sure", diagnosis.confidence);
    }
    if let Some(says) = &case.says {
        prompt = prompt.say("Another monitoring system says:").show(Untrusted::new(Origin::Alarm, says));
    }
    for (_, finding) in found {
        // What an agent tells may quote manuals and alarms, so it is nobody's instruction either.
        prompt = prompt.say("An agent found:").show(Untrusted::new(Origin::Agent, &finding.text));
    }
    prompt.say("Summarise it.")
}
