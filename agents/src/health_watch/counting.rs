//! What stretches of time come to: every fact counted into the day and into the four hours that it was recorded in. Pure.

use super::work::Working;
use chrono::TimeDelta;
use millwright_domain::{
    Event, Timestamp,
    case::{Case, Outcome},
    envelope::Recorded,
    hours::Hours,
    parts::{Figures, SummaryKind, SummaryReported},
    policy::Ruling,
    site::Site,
};

const PROGRESS_EVERY_S: i64 = 4 * 3_600;
/// A stretch that ended longer ago than this when nobody had summed it up is summed up no more.
const STALE: TimeDelta = TimeDelta::hours(48);

/// One kind of summary on its way.
#[derive(Debug, Clone, PartialEq)]
struct Stretch {
    kind: SummaryKind,
    from: Timestamp,
    to: Timestamp,
    figures: Figures,
    work: Working,
}

#[derive(Default)]
pub(super) struct Counting {
    pub site: Site,
    stretches: Vec<Stretch>,
    /// Over, and not reported yet as far as is known.
    over: Vec<SummaryReported>,
}

impl Counting {
    pub fn take(&mut self, fact: &Recorded) {
        self.turn_to(fact.recorded_at);
        let was_open = fact.stream.as_case().is_some_and(|case| matches!(self.site.case(case), Case::Open(_)));
        for stretch in self.stretches.iter_mut().filter(|stretch| stretch.kind == SummaryKind::Progress) {
            stretch.work.take(&self.site.crew, &fact.event);
        }
        self.site.evolve_recorded(fact);
        if let Event::SummaryReported(summary) = &fact.event {
            self.over.retain(|over| over.kind != summary.kind || over.to > summary.to);
        }
        let closed_by_readings = closed_by_readings(&self.site, fact);
        for stretch in &mut self.stretches {
            count(&mut stretch.figures, &self.site, fact, was_open, closed_by_readings);
        }
    }

    /// Ends the stretches that are over by then, and begins the next.
    pub fn turn_to(&mut self, now: Timestamp) {
        if self.stretches.is_empty() {
            self.stretches = [SummaryKind::Daily, SummaryKind::Progress].map(|kind| self.begun(kind, now)).into();
        }
        for place in 0..self.stretches.len() {
            let Stretch { kind, from, to, .. } = self.stretches[place];
            if now < to {
                continue;
            }
            let next = self.begun(kind, now);
            let Stretch { mut figures, work, .. } = std::mem::replace(&mut self.stretches[place], next);
            figures.failing = self.site.failing.keys().cloned().collect();
            figures.cases_open = u32::try_from(self.site.open_cases.values().map(std::collections::BTreeSet::len).sum::<usize>()).unwrap_or(u32::MAX);
            let is_reported = self.site.summed_up.get(&kind).is_some_and(|reported| *reported >= to);
            if !is_reported && now.since(to) <= STALE {
                let work = (kind == SummaryKind::Progress).then(|| Box::new(work.over(&self.site.crew, to)));
                self.over.push(SummaryReported { kind, from, to, figures, work });
            }
        }
    }

    fn begun(&self, kind: SummaryKind, now: Timestamp) -> Stretch {
        let (from, to) = match kind {
            SummaryKind::Progress => {
                let from = now.floor_to(PROGRESS_EVERY_S);
                (from, from + TimeDelta::seconds(PROGRESS_EVERY_S))
            }
            SummaryKind::Daily => {
                let to = self.day().end_after(now);
                (to - TimeDelta::days(1), to)
            }
        };
        Stretch { kind, from, to, figures: Figures::default(), work: Working::default() }
    }

    fn day(&self) -> Hours {
        let six: Hours = "06:00-06:00".parse().expect("a literal that is a stretch of hours");
        self.site.roster.summary.as_ref().map_or(six, |plan| plan.day)
    }

    /// What was over long before anybody asked, as after an upgrade, is for nobody.
    pub fn forget_stale(&mut self, now: Timestamp) {
        self.over.retain(|over| now.since(over.to) <= STALE);
    }

    /// What is to be reported, the earliest first.
    pub fn over(&self) -> Option<&SummaryReported> {
        self.over.first()
    }
    pub fn reported(&mut self) {
        if !self.over.is_empty() {
            self.over.remove(0);
        }
    }
    /// When (wall time) the next stretch is over.
    pub fn next_end(&self) -> Option<Timestamp> {
        self.stretches.iter().map(|stretch| stretch.to).min()
    }
}

fn closed_by_readings(site: &Site, fact: &Recorded) -> bool {
    let Event::OutcomeRecorded(outcome) = &fact.event else { return false };
    let is_closed = fact.stream.as_case().is_some_and(|case| matches!(site.case(case), Case::Closed(..)));
    is_closed && outcome.closes && outcome.by.is_service()
}

fn count(figures: &mut Figures, site: &Site, fact: &Recorded, was_open: bool, closed_by_readings: bool) {
    let file = fact.stream.as_case().and_then(|case| site.case(case).file());
    let is_by_policy = |action| file.and_then(|file| file.actions.get(&action)).is_some_and(|known| known.proposal().ruling == Ruling::AutoApprove);
    match &fact.event {
        Event::AlertRaised(_) => {
            figures.alerts += 1;
            figures.cases_opened += u32::from(file.is_some_and(|file| file.alerts == 1));
        }
        Event::OutcomeRecorded(outcome) if outcome.closes && was_open => {
            figures.cases_closed += 1;
            figures.resolved_by_themselves += u32::from(closed_by_readings);
            figures.false_alarms += u32::from(outcome.outcome == Outcome::FalseAlarm);
        }
        Event::ActionCompleted(done) => {
            figures.actions_done += 1;
            figures.done_by_policy += u32::from(is_by_policy(done.action));
        }
        Event::ActionUnverified(_) => figures.actions_unverified += 1,
        Event::ApprovalExpired(_) => figures.approvals_expired += 1,
        Event::CommandRefused(_) => figures.refused += 1,
        Event::EffectDone(_) => figures.messages_sent += 1,
        Event::EffectFailed(failed) if failed.final_ => figures.messages_given_up += 1,
        Event::MessageUnknown(_) => figures.messages_given_up += 1,
        Event::PartFailed(_) => figures.part_failures += 1,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use millwright_domain::{
        agent::{self, AgentJoined, AgentReported},
        case::{AlertRaised, Severity},
        crew::posts::test_task,
        envelope::StreamId,
        ids::{ActorId, Capability, CaseId, TaskId},
        parts::PartFailed,
        task::{BlockReason, TaskAccepted, TaskBlocked, TaskClaimed, TaskDelivered, TaskFiled, TaskQueued, TaskSpec, digest},
    };
    use uuid::Uuid;

    fn fact(at: &str, stream: StreamId, event: impl Into<Event>) -> Recorded {
        testing::recorded(0, at.parse().unwrap(), stream, event)
    }
    fn alert(at: &str, case: u128) -> Recorded {
        let asset = "pump-1".parse().unwrap();
        let alert = AlertRaised::new(asset, "drift", Severity::Low);
        fact(at, StreamId::case(CaseId(Uuid::from_u128(case))), alert)
    }

    #[test]
    fn a_fact_counts_in_the_day_and_in_the_hours_that_it_was_recorded_in() {
        let mut counting = Counting::default();
        for at in ["2026-01-15T07:00:00Z", "2026-01-15T09:00:00Z"] {
            counting.take(&alert(at, 1));
        }
        counting.take(&fact("2026-01-15T10:00:00Z", StreamId::parts(), PartFailed { part: "outbox".into(), detail: "away".into() }));
        let hours = counting.over().unwrap().clone();
        assert_eq!((hours.kind, hours.figures.alerts, hours.figures.cases_opened), (SummaryKind::Progress, 1, 1), "04:00 to 08:00");
        counting.reported();
        counting.turn_to("2026-01-16T06:00:00Z".parse().unwrap());
        let mut all = vec![];
        while let Some(over) = counting.over().cloned() {
            all.push((over.kind, over.figures.alerts, over.figures.failing.len()));
            counting.reported();
        }
        assert_eq!(all, [(SummaryKind::Daily, 2, 1), (SummaryKind::Progress, 1, 1)]);
    }

    #[test]
    fn four_hours_tell_what_was_done_what_is_blocked_and_what_each_used() {
        let (mut counting, task) = (Counting::default(), |number| TaskId(Uuid::from_u128(number)));
        let (agent, ann): (ActorId, ActorId) = ("agent-coder".parse().unwrap(), "ann".parse().unwrap());
        let mut happens = |at: &str, event: Event| counting.take(&fact(at, StreamId::agent(&agent), event));
        let at: Timestamp = "2026-01-15T04:30:00Z".parse().unwrap();
        let needs: Capability = "write_code".parse().unwrap();
        let (role, capabilities) = ("coder".parse().unwrap(), [needs.clone()].into());
        happens("2026-01-15T04:30:00Z", AgentJoined { agent: agent.clone(), role, capabilities, at_once: 1, at, reports_every_s: None }.into());
        for (number, title) in [(1, "count alarms"), (2, "wait for grease")] {
            let spec = TaskSpec { title: title.into(), ..test_task(&agent, needs.clone()) };
            happens("2026-01-15T05:00:00Z", TaskFiled { task: task(number), spec, by: ann.clone(), at: Some(at) }.into());
            happens("2026-01-15T05:00:00Z", TaskQueued { task: task(number), at, why: None }.into());
        }
        let blocked = TaskBlocked { task: task(2), reason: BlockReason::Input, by: ann.clone(), at, note: None };
        happens("2026-01-15T05:10:00Z", blocked.into());
        happens("2026-01-15T05:20:00Z", TaskClaimed { task: task(1), agent: agent.clone(), fence: 1, at, lease_until: at }.into());
        let delivered = TaskDelivered { task: task(1), fence: 1, result: "4".into(), hash: digest("4") };
        happens("2026-01-15T05:30:00Z", delivered.into());
        happens("2026-01-15T05:40:00Z", TaskAccepted { task: task(1), by: ann }.into());
        let figures = agent::Figures { calls: 3, errors: 1, cost_nano_dollars: 20_000_000, ..agent::Figures::default() };
        happens("2026-01-15T06:00:00Z", AgentReported { agent: agent.clone(), at, figures }.into());
        counting.turn_to("2026-01-15T08:00:00Z".parse().unwrap());
        let progress = counting.over.iter().find(|over| over.kind == SummaryKind::Progress).unwrap();
        let lines = progress.lines();
        let told = [
            "1 task done: count alarms (agent-coder)",
            "1 task blocked: wait for grease waits for input",
            "agent-coder: 3 calls, 1 errors, 0 tokens, $0.0200",
        ];
        assert_eq!(lines, told);
        let day = "2026-01-16T06:00:00Z".parse().unwrap();
        counting.turn_to(day);
        assert!(counting.over.iter().all(|over| over.work.is_some() == (over.kind == SummaryKind::Progress)));
    }

    #[test]
    fn what_was_reported_is_not_reported_again_and_what_is_long_past_never() {
        let mut counting = Counting::default();
        counting.take(&alert("2026-01-15T07:00:00Z", 1));
        counting.turn_to("2026-01-16T07:00:00Z".parse().unwrap());
        let day = counting.over().unwrap().clone();
        counting.take(&fact("2026-01-16T07:00:01Z", StreamId::parts(), day.clone()));
        assert_ne!(counting.over().map(|over| over.kind), Some(day.kind));
        let mut slept = Counting::default();
        slept.take(&alert("2026-01-15T07:00:00Z", 1));
        slept.turn_to("2026-02-15T07:00:00Z".parse().unwrap());
        assert_eq!(slept.over(), None);
    }

    #[test]
    fn a_history_from_before_there_were_summaries_is_not_summed_up() {
        let mut counting = Counting::default();
        for day in 10..20 {
            counting.take(&alert(&format!("2026-01-{day}T07:00:00Z"), day));
        }
        let now = "2026-02-15T07:00:00Z".parse().unwrap();
        counting.turn_to(now);
        counting.forget_stale(now);
        assert_eq!(counting.over(), None);
    }
}
