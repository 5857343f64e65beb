//! The facts of a site's crew in plain words: who is on it, its tasks, its letters.

use millwright_domain::{
    Event,
    task::{FailureClass, Loss, Mark},
};

/// `None`: not one of a crew's.
pub(super) fn summary(event: &Event) -> Option<String> {
    of_agent(event).or_else(|| of_task(event)).or_else(|| of_letter(event))
}

fn of_agent(event: &Event) -> Option<String> {
    Some(match event {
        Event::AgentJoined(fact) => format!("{} joined the crew as {}", fact.agent, fact.role),
        Event::AgentSpawned(fact) => format!("{} wants {} up again", fact.by, fact.agent),
        Event::AgentDrained(fact) => format!("{} drains {}: it takes no more tasks", fact.by, fact.agent),
        Event::AgentStopped(fact) if fact.by == fact.agent => format!("{} left the crew", fact.agent),
        Event::AgentStopped(fact) => format!("{} stopped {}", fact.by, fact.agent),
        Event::AgentBlocked(fact) => format!("{} cannot work: {}", fact.agent, fact.blocker),
        Event::AgentUnblocked(fact) => format!("{} can work again", fact.agent),
        Event::AgentReported(fact) => {
            let figures = &fact.figures;
            format!("{} reported {} calls, {} errors, {} tokens", fact.agent, figures.calls, figures.errors, figures.tokens.total())
        }
        Event::AgentFellSilent(fact) => format!("{} was not heard since {}", fact.agent, fact.since),
        Event::CardTouched(fact) => match (&fact.refused, fact.to) {
            (Some(why), _) => format!("a card was moved and is put back: {why}"),
            (None, Some(to)) => format!("a card was moved to {to}"),
            (None, None) => "a card was made, and is a task".into(),
        },
        Event::AgentAlarmRaised(fact) => format!("{} (rule {})", fact.breach.says, fact.breach.rule),
        Event::AgentAlarmCleared(fact) => format!("{} is within the limit of rule {} again", fact.agent, fact.rule),
        Event::ModelChosen(fact) => format!("{} has {} think with {}", fact.by, fact.agent, fact.model),
        _ => return None,
    })
}

fn of_task(event: &Event) -> Option<String> {
    Some(match event {
        Event::TaskFiled(fact) => format!("{} wants done: {}", fact.by, fact.spec.title),
        Event::TaskQueued(fact) => fact.why.as_ref().map_or_else(|| "it may be taken".into(), |why| format!("it may be taken: {why}")),
        Event::TaskClaimed(fact) => format!("{} took it under fence {}, until {}", fact.agent, fact.fence, fact.lease_until),
        Event::LeaseRenewed(fact) => format!("still at it, until {}", fact.lease_until),
        Event::LeaseLost(fact) => match fact.why {
            Loss::Expired => format!("fence {} was not renewed in time; it may be taken again", fact.fence),
            Loss::AgentStopped => format!("whoever held it under fence {} was stopped; it may be taken again", fact.fence),
        },
        Event::TaskDelivered(fact) => format!("a result of {} bytes was delivered under fence {}", fact.result.len(), fact.fence),
        Event::ResultTested(fact) => {
            let word = if fact.passed { "passed" } else { "did not pass" };
            format!("the result of fence {} {word}, says {}: {}", fact.fence, fact.by, fact.report)
        }
        Event::TaskAccepted(fact) => format!("{} accepted the result", fact.by),
        Event::TaskSentBack(fact) => format!("{} sent it back", fact.by),
        Event::TaskBlocked(fact) => format!("{} says that it waits for {}", fact.by, fact.reason.as_str()),
        Event::TaskUnblocked(_) => "it waits no more and may be taken".into(),
        Event::TaskFailed(fact) => format!("it failed ({}): {}", class(fact.class), fact.reason),
        Event::TaskReverted(fact) => format!("{} took it back", fact.by),
        Event::TaskMarked(fact) => match fact.mark {
            Mark::Stale => "active for a week: stale".into(),
            Mark::Urgent => "due within a day: urgent".into(),
            Mark::Escalated => "blocked for two days: a person is told".into(),
        },
        _ => return None,
    })
}

fn of_letter(event: &Event) -> Option<String> {
    Some(match event {
        Event::LetterSent(fact) => format!("{} to {}, {}", fact.from, fact.to, fact.kind.as_str()),
        Event::LetterAcknowledged(fact) => format!("{} has it", fact.by),
        Event::LetterRepeated(fact) => format!("nobody has acknowledged it; delivered again, {} so far", fact.number),
        Event::LetterDeadLettered(_) => "nobody acknowledged it in time; given up".into(),
        Event::LetterEscalated(fact) => format!("nobody acknowledged it in time; {} are told", fact.to),
        _ => return None,
    })
}

fn class(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Input => "input",
        FailureClass::Model => "model",
        FailureClass::Tool => "tool",
        FailureClass::Limit => "limit",
        FailureClass::Other => "other",
    }
}
