//! What the facts say, kept a second time and by other means than the fold: who said yes to what, what began, what was written.

use super::{
    ask::action_id,
    cast::{EXPIRES_AFTER, Named, Who},
    step::Ask,
    world::{SLOTS, time},
};
use chrono::TimeDelta;
use millwright_domain::{
    Event, Timestamp,
    action::{Order, Proposal},
    ids::ActionId,
};
use std::collections::HashMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Account {
    pub policy: u8,
    pub cause: u8,
    pub is_killed: bool,
    pub is_locked: bool,
    pub is_closed: bool,
    /// Of the device's last assignment.
    pub epoch: u8,
    /// When a write began last.
    pub last_begun: Option<u16>,
    pub lives: [Option<Life>; SLOTS],
}

/// One action's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Life {
    /// Its place in [`Proposals`].
    pub proposal: u16,
    /// Persons.
    pub yes: u8,
    /// Persons who may answer beside those that policy names.
    pub also: u8,
    pub stage: Stage,
    pub begun: Option<Begun>,
    pub writes: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    Waiting,
    Allowed,
    Begun,
    /// Without effect.
    Ended,
    Done,
    Unverified,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Begun {
    pub epoch: u8,
    pub send_by: u16,
}

impl Account {
    pub const BEGINS: Self =
        Self { policy: 0, cause: 0, is_killed: false, is_locked: false, is_closed: false, epoch: 1, last_begun: None, lives: [None; SLOTS] };
    /// The place of the next proposal's action, if the model has room for one more.
    pub fn next(&self) -> Option<usize> {
        self.lives.iter().position(Option::is_none)
    }
    pub fn slot_of(action: &ActionId) -> usize {
        (0..SLOTS).find(|slot| action_id(*slot) == *action).unwrap()
    }
    pub fn life(&mut self, action: &ActionId) -> Result<&mut Life, String> {
        let slot = Self::slot_of(action);
        self.lives[slot].as_mut().ok_or_else(|| format!("a{} was never proposed", slot + 1))
    }

    /// Takes one fact in that was found to be in order.
    pub fn notes(&mut self, event: &Event, ask: Ask, proposals: &mut Proposals, now: u16) -> Result<(), String> {
        match event {
            Event::PolicyAdopted(fact) => self.policy = u8::from(fact.policy.approval.is_empty()),
            Event::DiagnosisRecorded(fact) => self.cause = u8::from(fact.cause.as_str() != super::ask::CAUSES[0]),
            Event::KillSwitchEngaged(_) => self.is_killed = true,
            Event::KillSwitchReleased(_) => self.is_killed = false,
            Event::AssetLockedOut(_) => self.is_locked = true,
            Event::AssetReturnedToService(_) => self.is_locked = false,
            Event::OutcomeRecorded(fact) => self.is_closed |= fact.closes,
            Event::DeviceAssigned(fact) => self.epoch = u8::try_from(fact.epoch).unwrap(),
            Event::ActionProposed(fact) => self.proposed(proposals.place_of(&fact.proposal, ask, self)),
            Event::ApprovalGiven(fact) => self.life(&fact.action)?.yes |= person(&fact.by)?,
            Event::ApprovalDelegated(fact) => self.life(&fact.action)?.also |= person(&fact.to)?,
            Event::ApprovalEscalated(fact) => {
                for to in &fact.to {
                    self.life(&fact.action)?.also |= person(to)?;
                }
            }
            Event::ActionApproved(fact) => self.life(&fact.action)?.stage = Stage::Allowed,
            Event::ActionStarted(fact) => {
                let epoch = u8::try_from(fact.device_epoch.unwrap_or(0)).unwrap();
                let life = self.life(&fact.action)?;
                life.stage = Stage::Begun;
                life.begun = Some(Begun { epoch, send_by: seconds(fact.send_by) });
                self.last_begun = Some(now);
            }
            Event::ActionCompleted(fact) => self.life(&fact.action)?.stage = Stage::Done,
            Event::ActionUnverified(fact) => self.life(&fact.action)?.stage = Stage::Unverified,
            Event::ActionVerified(fact) => self.life(&fact.action)?.stage = if fact.took { Stage::Done } else { Stage::Ended },
            Event::ActionFailed(fact) => self.life(&fact.action)?.stage = Stage::Ended,
            Event::ActionRejected(fact) => self.life(&fact.action)?.stage = Stage::Ended,
            Event::ApprovalExpired(fact) => self.life(&fact.action)?.stage = Stage::Ended,
            Event::ActionVoided(fact) => self.life(&fact.action)?.stage = Stage::Ended,
            Event::ActionSuperseded(fact) => self.life(&fact.action)?.stage = Stage::Ended,
            _ => {}
        }
        Ok(())
    }

    fn proposed(&mut self, (slot, proposal): (usize, u16)) {
        let begins = Life { proposal, yes: 0, also: 0, stage: Stage::Waiting, begun: None, writes: 0 };
        // Proposed before under the same id: what was written for it was written.
        let before = self.lives[slot].unwrap_or(begins);
        self.lives[slot] = Some(Life { begun: before.begun, writes: before.writes, ..begins });
    }
}

/// The person's bit; nobody else may be named there.
pub fn person(actor: &millwright_domain::ids::ActorId) -> Result<u8, String> {
    let person = Who::of(actor).filter(|who| who.is_person());
    person.map(Who::bit).ok_or_else(|| format!("{actor} is no person"))
}

/// Since the model began.
pub fn seconds(time_of: Timestamp) -> u16 {
    u16::try_from(time_of.since(time(0).wall).num_seconds().max(0)).unwrap()
}

/// What was put forward, and under what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Known {
    pub slot: usize,
    pub asked: Ask,
    pub named: Named,
    pub by: Who,
    pub binding: String,
    /// In force at that time.
    pub policy: u8,
    pub cause: u8,
    pub proposed: u16,
    pub expires: u16,
    pub value: u16,
    /// Where the machine stood then, if that was known.
    pub stood: Option<u16>,
}

/// Every proposal of a search, once.
#[derive(Default)]
pub struct Proposals {
    all: Vec<Known>,
    places: HashMap<Known, u16>,
}

impl Proposals {
    pub fn of(&self, place: u16) -> &Known {
        &self.all[usize::from(place)]
    }

    fn place_of(&mut self, proposal: &Proposal, asked: Ask, account: &Account) -> (usize, u16) {
        let slot = Account::slot_of(&proposal.action);
        let Order::Write(order) = &proposal.order else { panic!("the model is about writes") };
        let expires = seconds(proposal.expires_at);
        let known = Known {
            slot,
            asked,
            named: Named::of(proposal.name.as_str()).unwrap(),
            by: Who::of(&proposal.proposed_by).unwrap(),
            binding: proposal.binding(),
            policy: account.policy,
            cause: account.cause,
            proposed: expires - EXPIRES_AFTER,
            expires,
            value: order.value as u16,
            stood: proposal.preconditions.first().map(|reading| reading.value as u16),
        };
        let next = u16::try_from(self.all.len()).unwrap();
        let place = *self.places.entry(known.clone()).or_insert(next);
        if place == next {
            self.all.push(known);
        }
        (slot, place)
    }
}

/// Allowed, it has to begin before that.
pub fn begin_by(known: &Known) -> u16 {
    known.expires + u16::try_from(TimeDelta::minutes(2).num_seconds()).unwrap()
}
