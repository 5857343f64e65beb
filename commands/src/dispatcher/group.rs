//! A group of commands decided together: their facts as drafts, and the answers that leave once the facts are durable.

use crate::{
    Answered, Ask, Command, Decision,
    decision::{Circumstances, Refused},
};
use millwright_domain::{
    Event, Now,
    action::Observed,
    case::CommandRefused,
    envelope::{Answer, CommandAnswered, Draft, StreamId},
    ids::{CommandId, EventId, SiteId, derived},
    ports::{answers::Given, live_readings::LiveReadings},
    position::{PartitionId, Position},
    site::Site,
};
use std::collections::HashMap;

/// Facts and answers that stand or fall together.
#[derive(Default)]
pub(super) struct Group {
    pub drafts: Vec<Draft>,
    /// In the order decided, with how many drafts there were when each was complete.
    given: Vec<(CommandId, Answer, usize)>,
    by_command: HashMap<CommandId, usize>,
}

impl Group {
    /// The answer that this group holds for a command, if it was decided in it.
    pub(super) fn answer_of(&self, command: CommandId) -> Option<usize> {
        self.by_command.get(&command).copied()
    }

    /// Decides one command on the state, and takes its facts into both. Returns the place of its answer.
    pub(super) fn decide(&mut self, site: &mut Site, ask: &Ask, now: Now, live: &dyn LiveReadings) -> usize {
        let observed = observed(site, &ask.command, live);
        let circumstances = Circumstances { command: ask.id, by: &ask.by, now, observed: &observed };
        let answer = match ask.command.decide(site, circumstances) {
            Ok(Decision::AlreadySo) => Answer::AlreadySo,
            Ok(Decision::Facts { facts, subject }) => {
                let count = u32::try_from(facts.len()).expect("a decision has a handful of facts");
                facts.into_iter().for_each(|(stream, event)| self.take(site, ask, now, stream, event));
                Answer::Done { facts: count, subject }
            }
            Err(refused) => self.refuse(site, ask, now, refused),
        };
        let answered = CommandAnswered { command: ask.id, asked: ask.command.name().into(), answer: answer.clone() };
        self.take(site, ask, now, StreamId::partition(), answered.into());
        self.given.push((ask.id, answer, self.drafts.len()));
        self.by_command.insert(ask.id, self.given.len() - 1);
        self.given.len() - 1
    }

    fn refuse(&mut self, site: &mut Site, ask: &Ask, now: Now, refused: Refused) -> Answer {
        if let Some(rule) = refused.rule {
            let fact = CommandRefused {
                command: ask.id,
                asked: ask.command.name().into(),
                by: ask.by.clone(),
                rule,
                code: refused.code.into(),
                reason: refused.reason.clone(),
            };
            self.take(site, ask, now, refused.stream, fact.into());
        }
        refused.facts.into_iter().for_each(|(stream, event)| self.take(site, ask, now, stream, event));
        Answer::Refused { code: refused.code.into(), reason: refused.reason }
    }

    fn take(&mut self, site: &mut Site, ask: &Ask, now: Now, stream: StreamId, event: Event) {
        let occurred_at = ask.occurred_at.unwrap_or(now.plant);
        let correlation = stream.as_case().map(|case| case.0).or(ask.correlation).unwrap_or(ask.id.0);
        let version = site.next_version(&stream);
        site.evolve_by(&ask.by, &stream, occurred_at, &event);
        self.drafts.push(Draft {
            id: self.next_id(ask.id, now),
            stream,
            version,
            occurred_at,
            actor: ask.by.clone(),
            command: Some(ask.id),
            causation: ask.causation,
            correlation,
            event,
        });
    }

    /// Counts what was answered, once it is durable; a repeated answer counts once.
    pub(super) fn count_answers(&self) {
        for draft in &self.drafts {
            if let Event::CommandAnswered(fact) = &draft.event {
                let answer = match fact.answer {
                    Answer::Done { .. } => "done",
                    Answer::AlreadySo => "already_so",
                    Answer::Refused { .. } => "refused",
                };
                metrics::counter!("millwright_commands_answered_total", "command" => fact.asked.clone(), "answer" => answer).increment(1);
            }
        }
    }

    /// Depends on the command, the time and how many facts it led to before, and on nothing else: a replayed run repeats its ids.
    fn next_id(&self, command: CommandId, now: Now) -> EventId {
        let number = self.drafts.iter().rev().take_while(|draft| draft.command == Some(command)).count();
        let derived = derived(&command.to_string(), "fact", u32::try_from(number).unwrap_or(u32::MAX));
        let mut unlike_any_other = [0; 10];
        unlike_any_other.copy_from_slice(&derived.as_bytes()[..10]);
        let millis = u64::try_from(now.wall.micros() / 1_000).unwrap_or(0);
        EventId(uuid::Builder::from_unix_timestamp_millis(millis, &unlike_any_other).into_uuid())
    }

    /// The answers, now that the drafts are durable from `base` on.
    pub(super) fn given_from(&self, base: u64) -> impl Iterator<Item = (CommandId, Given)> {
        self.given.iter().map(move |(command, answer, behind)| (*command, Given { answer: answer.clone(), next_seq: base + *behind as u64 }))
    }
}

pub(super) fn answered(partition: &PartitionId, given: Given) -> Answered {
    Answered { answer: given.answer, position: Position::at(partition.clone(), given.next_seq) }
}

/// The fresh readings of the asset that the command is judged by.
fn observed(site: &Site, command: &Command, live: &dyn LiveReadings) -> Vec<Observed> {
    let judged = command.judged_by_readings_of(site);
    let (Some(asset), Some(plant)) = (judged, site.plant.as_ref()) else { return vec![] };
    let site_id: &SiteId = &plant.site;
    let signals = plant.asset(&asset).map_or(&[][..], |asset| &asset.signals);
    signals.iter().filter_map(|signal| live.latest(site_id, &signal.id)).collect()
}
