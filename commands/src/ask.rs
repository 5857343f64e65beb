//! A command with what every command carries: its id, who asks, and because of what.

use crate::Command;
use millwright_domain::{
    Timestamp,
    envelope::Answer,
    ids::{ActorId, CommandId, EventId},
    position::Position,
    trace::TraceContext,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One request to decide something. The same `id` always gets the first answer again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ask {
    pub id: CommandId,
    pub by: ActorId,
    /// The fact that made the asker ask, if one did.
    pub causation: Option<EventId>,
    /// Joins all that one first cause led to; the case's id for everything about a case.
    pub correlation: Option<Uuid>,
    /// Plant time of what the command is about, if that is not now.
    pub occurred_at: Option<Timestamp>,
    pub command: Command,
}

impl Ask {
    /// A request by a person or program that draws its own id.
    pub fn new(by: ActorId, command: impl Into<Command>) -> Self {
        Self { id: CommandId(Uuid::now_v7()), by, causation: None, correlation: None, occurred_at: None, command: command.into() }
    }
    pub fn with_id(self, id: CommandId) -> Self {
        Self { id, ..self }
    }
    pub fn because_of(self, causation: EventId) -> Self {
        Self { causation: Some(causation), ..self }
    }
    /// Where it stands in the trace of the case that it names; what names an action alone is found by its facts.
    pub(crate) fn trace(&self) -> Option<TraceContext> {
        let case = self.command.names_case()?;
        Some(self.causation.map_or(TraceContext::of_case(case), |cause| TraceContext::of_fact(case, cause)))
    }
    pub fn occurred_at(self, at: Timestamp) -> Self {
        Self { occurred_at: Some(at), ..self }
    }
}

/// The answer, and a position at which it can be seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    pub answer: Answer,
    pub position: Position,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordOutcome;
    use millwright_domain::{case::Outcome, ids::CaseId};

    #[test]
    fn a_command_about_a_case_stands_in_its_trace_below_the_fact_that_led_to_it() {
        let (case, fact) = (CaseId(Uuid::new_v5(&Uuid::nil(), b"case")), EventId(Uuid::now_v7()));
        let outcome = RecordOutcome { case, outcome: Outcome::Mitigated, true_cause: None, note: None, evidence: vec![] };
        let ask = Ask::new("svc-monitor".parse().unwrap(), outcome);
        assert_eq!(ask.trace(), Some(TraceContext::of_case(case)));
        assert_eq!(ask.because_of(fact).trace(), Some(TraceContext::of_fact(case, fact)));
    }
}
