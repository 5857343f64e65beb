//! On a deadline, say that it has passed: questions to be asked again, passed on or given up, token holds nobody settled, alarms on the shelf, a crew's leases and letters. The rules judge the deadline itself.

mod crew;

use crate::{
    fact_tail::TailError,
    insist::{insist, reaction_id, service},
    site_tail::SiteTail,
};
use millwright_commands::{Ask, Command, Commands, EscalateApproval, ExpireApproval, ExpireReservation, RemindApproval, UnshelveAlarm};
use millwright_domain::{
    Timestamp,
    action::{Action, Proposal},
    approval::Asked,
    envelope::Answer,
    ids::CommandId,
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
    site::Site,
};
use std::{collections::HashMap, sync::Arc};
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
pub struct Timekeeper {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
}

/// What is due when (wall time), and the key its command ids derive from.
struct Deadline {
    at: Timestamp,
    key: String,
    command: Command,
}

impl Timekeeper {
    /// Runs until told to stop. Keeps nothing: the deadlines are in the state.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let mut tail = SiteTail::at_the_end(self.log.clone(), self.partition.clone()).await?;
        // A command that came too early was refused, and its id is refused for ever: the next try needs another.
        let mut tries: HashMap<String, u32> = HashMap::new();
        loop {
            let due = earliest(&tail.site, self.clock.now().wall);
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                facts = tail.next() => { facts?; }
                () = reached(&*self.clock, due.as_ref()) => {
                    let Some(due) = due else { continue };
                    let number = tries.entry(due.key.clone()).or_default();
                    if self.expire(&due, *number, &stop).await {
                        tries.remove(&due.key);
                        // What was answered is durable, so it is there to be folded before the next deadline is looked for.
                        tail.up_to_now().await?;
                    } else {
                        *number += 1;
                    }
                }
            }
        }
    }

    /// Whether it is settled now.
    async fn expire(&self, due: &Deadline, number: u32, stop: &CancellationToken) -> bool {
        let id: CommandId = reaction_id(&due.key, "expire", number);
        let ask = Ask::new(service("svc-timekeeper"), due.command.clone()).with_id(id);
        let answered = insist(&self.commands, &*self.clock, &self.partition, ask, stop).await;
        !matches!(answered.map(|answered| answered.answer), Some(Answer::Refused { .. }))
    }
}

async fn reached(clock: &dyn Clock, due: Option<&Deadline>) {
    match due {
        Some(due) => clock.wall_reaches(due.at).await,
        None => std::future::pending().await,
    }
}

/// The end of a question comes after its reminders, but who slept past it has nothing to remind of.
fn earliest(site: &Site, now: Timestamp) -> Option<Deadline> {
    let of_people = approvals(site).chain(questions(site, now)).chain(shelves(site));
    of_people.chain(reservations(site)).chain(crew::deadlines(&site.crew)).min_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)))
}

fn approvals(site: &Site) -> impl Iterator<Item = Deadline> {
    let open = site.cases.values().filter_map(|case| case.open_file());
    open.flat_map(|file| file.actions.values()).filter_map(|action| match action {
        Action::AwaitingApproval { proposal, .. } => {
            let command = ExpireApproval { action: proposal.action }.into();
            Some(Deadline { at: proposal.expires_at, key: proposal.action.to_string(), command })
        }
        // Under a key of its own: the first deadline may have been asked for when the yes was just given.
        Action::Approved { proposal, .. } => {
            let command = ExpireApproval { action: proposal.action }.into();
            Some(Deadline { at: proposal.begin_by(), key: format!("{}/begin", proposal.action), command })
        }
        _ => None,
    })
}

/// Reminders and escalations before the end of each question.
fn questions(site: &Site, now: Timestamp) -> impl Iterator<Item = Deadline> {
    let open = site.cases.values().filter_map(|case| case.open_file());
    let asked = open.flat_map(|file| file.actions.values()).filter_map(move |action| match action {
        Action::AwaitingApproval { proposal, asked } if now < proposal.expires_at => Some((proposal, asked)),
        _ => None,
    });
    asked.flat_map(move |(proposal, asked)| chases(site, proposal, asked))
}

fn chases(site: &Site, proposal: &Proposal, asked: &Asked) -> impl Iterator<Item = Deadline> {
    let (plan, action) = (&site.policy.approval, proposal.action);
    let proposed_at = site.policy.proposed_at(proposal);
    let reminder = asked.next_reminder(plan, proposed_at).map(|(number, at)| {
        let command = RemindApproval { action, number }.into();
        Deadline { at, key: format!("{action}/remind/{number}"), command }
    });
    let escalation = asked.next_level(plan, proposed_at).map(|(level, _, at)| {
        let command = EscalateApproval { action, level }.into();
        Deadline { at, key: format!("{action}/escalate/{level}"), command }
    });
    let in_time = |deadline: &Deadline| deadline.at < proposal.expires_at;
    [reminder, escalation].into_iter().flatten().filter(in_time).collect::<Vec<_>>().into_iter()
}

fn reservations(site: &Site) -> impl Iterator<Item = Deadline> {
    site.budgets.iter().flat_map(|(scope, account)| {
        // One that counts in several scopes ends in all of them at once.
        let asked_here = account.open.iter().filter(move |(_, hold)| hold.scopes.first().is_none_or(|first| first == scope));
        asked_here.map(|(reservation, hold)| Deadline {
            at: hold.expires_at,
            key: reservation.to_string(),
            command: ExpireReservation { scope: scope.clone(), reservation: *reservation }.into(),
        })
    })
}

fn shelves(site: &Site) -> impl Iterator<Item = Deadline> {
    let alarms = site.alarms.iter().flat_map(|(asset, alarms)| alarms.iter().map(move |(detector, alarm)| (asset, detector, alarm)));
    alarms.filter_map(|(asset, detector, alarm)| {
        let command = UnshelveAlarm { asset: asset.clone(), detector: detector.clone() }.into();
        let at = alarm.shelved_until?;
        Some(Deadline { at, key: format!("{asset}/{detector}/{}", at.micros()), command })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use chrono::TimeDelta;
    use millwright_domain::{
        approval::ApprovalPlan,
        case::{ActionProposed, AlertRaised, Severity},
        envelope::StreamId,
        ids::{ActionId, CaseId},
        policy::Policy,
        site::PolicyAdopted,
    };
    use uuid::Uuid;

    #[test]
    fn who_slept_past_a_reminder_and_the_end_of_its_question_goes_on_with_the_end() {
        let at: Timestamp = "2026-02-01T12:00:00Z".parse().unwrap();
        let (case, action) = (StreamId::case(CaseId(Uuid::from_u128(1))), ActionId(Uuid::from_u128(2)));
        let approval = ApprovalPlan { remind_after_s: vec![60], ..ApprovalPlan::default() };
        let policy = Policy { approval, ..Policy::default() };
        let proposal = Proposal { proposed_at: Some(at), ..testing::slow_down(action, "pump-1/speed", at) };
        let mut site = Site::default();
        site.evolve_recorded(&testing::recorded(0, at, StreamId::site(), PolicyAdopted { policy }));
        let alert = AlertRaised::new("pump-1".parse().unwrap(), "drift", Severity::High);
        site.evolve_recorded(&testing::recorded(1, at, case.clone(), alert));
        let proposed = ActionProposed { binding: proposal.binding(), proposal };
        site.evolve_recorded(&testing::recorded(2, at, case, proposed));
        let next = |minutes| earliest(&site, at + TimeDelta::minutes(minutes)).unwrap().command;
        assert!(matches!(next(1), Command::RemindApproval(_)), "{:?}", next(1));
        assert!(matches!(next(4), Command::RemindApproval(_)), "late is better than never while it can be answered");
        assert!(matches!(next(6), Command::ExpireApproval(_)), "{:?}", next(6));
    }
}
