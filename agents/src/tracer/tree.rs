//! From the facts of a case to the spans of its trace: a step hangs below the one that led to it, and lasts from there to where it was recorded.
//!
//! A reaction carries its cause. What a person does carries none: it hangs below the last step about the same action, or else the last of the case.

use chrono::TimeDelta;
use millwright_domain::{
    Event, Timestamp,
    envelope::Recorded,
    ids::{ActionId, CaseId, EffectId, EventId},
    ports::traces::Span,
    trace::TraceContext,
};
use std::collections::{HashMap, VecDeque};

/// A scan this much before its alert still begins the trace; in a time-lapse plant time is far from wall time, and says nothing here.
const OLDEST_SCAN: TimeDelta = TimeDelta::minutes(10);
/// Steps that later ones may hang below; a trace that is older than so many goes on from its root.
const MOST_STEPS: usize = 50_000;

/// A step, and when it was over.
#[derive(Debug, Clone, Copy)]
struct Step {
    fact: EventId,
    at: Timestamp,
}

/// What a later fact may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum About {
    Case(CaseId),
    Action(ActionId),
    Effect(EffectId),
}

#[derive(Debug, Default)]
pub struct Tree {
    steps: HashMap<EventId, (CaseId, Timestamp)>,
    last: HashMap<About, Step>,
    effects: HashMap<EffectId, CaseId>,
    /// Oldest first, with what they were about.
    order: VecDeque<(EventId, Vec<About>)>,
}

impl Tree {
    /// The spans that end with this fact: its own, and the case's if it begins one.
    pub fn grow(&mut self, fact: &Recorded) -> Vec<Span> {
        let Some(case) = self.case_of(fact) else { return vec![] };
        let mut about: Vec<About> = vec![About::Case(case)];
        about.extend(action_of(&fact.event).map(About::Action));
        about.extend(effect_of(&fact.event).map(About::Effect));
        let led = fact.causation.and_then(|cause| Some(Step { fact: cause, at: self.steps.get(&cause).filter(|(of, _)| *of == case)?.1 }));
        let before = led.or_else(|| about.iter().rev().find_map(|about| self.last.get(about).copied()));
        let root = TraceContext::of_case(case);
        let began = match &fact.event {
            Event::AlertRaised(_) => scanned(fact),
            _ => before.map_or(fact.recorded_at, |step| step.at.min(fact.recorded_at)),
        };
        let parent = before.map_or(root.span, |step| TraceContext::of_fact(case, step.fact).span);
        let own = Span {
            context: TraceContext::of_fact(case, fact.id),
            parent: Some(parent),
            name: fact.event.kind().to_string(),
            began,
            ended: fact.recorded_at,
            failed: failed(&fact.event),
            attributes: attributes(fact, case),
        };
        let begins = fact.stream.as_case() == Some(case) && fact.version == 1;
        let whole = begins.then(|| Span { context: root, parent: None, name: "case".into(), failed: None, ..own.clone() });
        self.keep(fact, case, about);
        whole.into_iter().chain([own]).collect()
    }

    /// A fact belongs to a case by its stream, or because it is about something that leaves the house for that case.
    fn case_of(&self, fact: &Recorded) -> Option<CaseId> {
        match &fact.event {
            Event::EffectWanted(wanted) => wanted.case,
            event => fact.stream.as_case().or_else(|| self.effects.get(&effect_of(event)?).copied()),
        }
    }

    fn keep(&mut self, fact: &Recorded, case: CaseId, about: Vec<About>) {
        self.steps.insert(fact.id, (case, fact.recorded_at));
        for about in &about {
            self.last.insert(*about, Step { fact: fact.id, at: fact.recorded_at });
            if let About::Effect(effect) = about {
                self.effects.insert(*effect, case);
            }
        }
        self.order.push_back((fact.id, about));
        while self.order.len() > MOST_STEPS {
            let Some((oldest, about)) = self.order.pop_front() else { return };
            self.steps.remove(&oldest);
            for about in about {
                if self.last.get(&about).is_some_and(|step| step.fact == oldest) {
                    self.last.remove(&about);
                    if let About::Effect(effect) = about {
                        self.effects.remove(&effect);
                    }
                }
            }
        }
    }
}

/// When the scan was made that an alert came of.
fn scanned(fact: &Recorded) -> Timestamp {
    let ago = fact.recorded_at.since(fact.occurred_at);
    if (TimeDelta::zero()..=OLDEST_SCAN).contains(&ago) { fact.occurred_at } else { fact.recorded_at }
}

fn action_of(event: &Event) -> Option<ActionId> {
    Some(match event {
        Event::ActionProposed(fact) => fact.proposal.action,
        Event::ActionApproved(fact) => fact.action,
        Event::ActionRejected(fact) => fact.action,
        Event::ApprovalExpired(fact) => fact.action,
        Event::ApprovalGiven(fact) => fact.action,
        Event::ApprovalDelegated(fact) => fact.action,
        Event::ApprovalReminded(fact) => fact.action,
        Event::ApprovalEscalated(fact) => fact.action,
        Event::ActionVoided(fact) => fact.action,
        Event::ActionSuperseded(fact) => fact.action,
        Event::ActionStarted(fact) => fact.action,
        Event::ActionCompleted(fact) => fact.action,
        Event::ActionFailed(fact) => fact.action,
        Event::ActionUnverified(fact) => fact.action,
        Event::ActionVerified(fact) => fact.action,
        _ => return None,
    })
}

fn effect_of(event: &Event) -> Option<EffectId> {
    Some(match event {
        Event::EffectWanted(fact) => fact.effect,
        Event::EffectAttempted(fact) => fact.effect,
        Event::EffectDone(fact) => fact.effect,
        Event::EffectFailed(fact) => fact.effect,
        Event::MessageUnknown(fact) => fact.effect,
        _ => return None,
    })
}

/// Its stable word: reasons may quote what others say.
fn failed(event: &Event) -> Option<String> {
    match event {
        Event::ActionFailed(_) | Event::ActionUnverified(_) | Event::EffectFailed(_) | Event::MessageUnknown(_) => Some(event.kind().into()),
        Event::CommandRefused(fact) => Some(fact.code.clone()),
        _ => None,
    }
}

fn attributes(fact: &Recorded, case: CaseId) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("millwright.case", case.to_string()),
        ("millwright.partition", fact.partition.name().to_string()),
        ("millwright.seq", fact.seq.to_string()),
        ("millwright.event", fact.id.to_string()),
        ("millwright.actor", fact.actor.to_string()),
    ];
    all.extend(fact.command.map(|command| ("millwright.command", command.to_string())));
    match &fact.event {
        Event::AlertRaised(alert) => all.extend([("millwright.asset", alert.asset.to_string()), ("millwright.detector", alert.detector.clone())]),
        Event::DiagnosisRecorded(diagnosis) => all.push(("millwright.cause", diagnosis.cause.to_string())),
        Event::ActionProposed(fact) => all.push(("millwright.action", fact.proposal.name.to_string())),
        Event::EffectWanted(wanted) => all.push(("millwright.adapter", wanted.adapter_and_recipient().0.to_string())),
        _ => {}
    }
    all
}

#[cfg(test)]
mod tests;
