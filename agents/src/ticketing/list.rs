//! What is still to be done in a case's tickets: opened once, then kept as the case is. Folded from the facts of a site. Pure.
//!
//! To each ticket everything goes in order, and nothing before it is open: what happens in between waits.

use chrono::TimeDelta;
use millwright_domain::{
    Event, Timestamp,
    action::Action,
    case::{Case, CaseFile, Severity},
    envelope::Recorded,
    ids::{ActionId, CaseId, EffectId, EventId, derived},
    message::Answer,
    site::Site,
    ticket::{TICKETS, TicketDeed, TicketRef, TicketTouched},
};
use millwright_projections::summary::{summary, what};
use std::collections::{BTreeMap, HashSet};

/// So long a new ticket waits for the first diagnosis.
const SETTLE: TimeDelta = TimeDelta::milliseconds(800);

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Work {
    Open,
    /// As the case is when it is written.
    Edit,
    Comment(String),
    Close,
    /// Somebody closed it outside while the case was open.
    Reopen(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub effect: EffectId,
    pub system: String,
    pub case: CaseId,
    pub work: Work,
    pub not_before: Timestamp,
    pub because: EventId,
}

#[derive(Default)]
pub(crate) struct List {
    pub site: Site,
    pub items: Vec<Item>,
    /// Systems in which a case has a ticket, or is about to.
    systems: BTreeMap<CaseId, Vec<String>>,
    severities: BTreeMap<CaseId, Severity>,
    wanted: HashSet<EffectId>,
    /// Tickets on their way.
    opening: BTreeMap<EffectId, (CaseId, String)>,
    /// Open cases whose ticket was opened again after somebody had closed it. Once: whoever closes it again means it, or is a program.
    reopened: HashSet<(CaseId, String)>,
    /// Tickets that could not be opened: nothing waits for them, until a person has tried again with success.
    not_there: HashSet<(CaseId, String)>,
}

impl List {
    pub fn take(&mut self, fact: &Recorded) {
        self.site.evolve_recorded(fact);
        if let Event::EffectWanted(wanted) = &fact.event {
            if wanted.target.starts_with(TICKETS) {
                self.wanted.insert(wanted.effect);
                let (granted, left) = std::mem::take(&mut self.items).into_iter().partition(|item| item.effect == wanted.effect);
                self.items = left;
                let granted: Vec<Item> = granted;
                let opening = granted.into_iter().filter(|item| item.work == Work::Open);
                self.opening.extend(opening.map(|item| (item.effect, (item.case, item.system))));
            }
            return;
        }
        match &fact.event {
            Event::EffectFailed(failed) if failed.final_ => self.not_opened(failed.effect),
            Event::EffectDropped(dropped) => self.not_opened(dropped.effect),
            _ => {}
        }
        let Some(case) = fact.stream.as_case() else { return };
        match &fact.event {
            Event::AlertRaised(alert) => {
                let was = self.severities.get(&case).copied();
                self.severities.insert(case, was.map_or(alert.severity, |was| was.max(alert.severity)));
                let is_first = self.site.case(case).open_file().is_some_and(|file| file.alerts == 1);
                match (is_first, was) {
                    (true, _) => self.open(fact, case),
                    (false, Some(was)) if was < alert.severity => self.edit(fact, case),
                    _ => {}
                }
            }
            Event::DiagnosisRecorded(diagnosis) => {
                if diagnosis.branched_from.is_some() && !self.systems.contains_key(&case) {
                    self.open(fact, case);
                }
                self.edit(fact, case);
            }
            Event::TicketTouched(touched) => self.touched(fact, case, touched),
            Event::TicketOpened(opened) => self.opened_after_all(fact, case, &opened.ticket.system),
            Event::OutcomeRecorded(outcome) if outcome.closes => self.close(fact, case),
            event => {
                if let Some(line) = self.worth_a_comment(case, event) {
                    self.put_everywhere(fact, case, &Work::Comment(line));
                }
            }
        }
    }

    pub fn severity(&self, case: CaseId) -> Severity {
        self.severities.get(&case).copied().unwrap_or(Severity::Medium)
    }

    /// The ticket of the case in that system, once it is open.
    pub fn ticket(&self, item: &Item) -> Option<&TicketRef> {
        self.site.case(item.case).file()?.ticket_in(&item.system)
    }

    /// The first of each ticket, if it can be done.
    pub fn ready(&self) -> impl Iterator<Item = &Item> {
        let mut seen: HashSet<(CaseId, &str)> = HashSet::new();
        let first = self.items.iter().filter(move |item| seen.insert((item.case, &item.system)));
        first.filter(|item| item.work == Work::Open || self.ticket(item).is_some())
    }

    fn open(&mut self, fact: &Recorded, case: CaseId) {
        let systems = self.site.roster.tickets.clone();
        self.systems.insert(case, systems.clone());
        for system in systems {
            // By the case alone: however it comes about, a case has one ticket in a system.
            let effect = EffectId(derived(&case.to_string(), &format!("ticket {system}"), 0));
            self.put(fact, effect, case, &system, Work::Open);
        }
    }

    fn not_opened(&mut self, effect: EffectId) {
        let Some((case, system)) = self.opening.remove(&effect) else { return };
        self.items.retain(|item| item.case != case || item.system != system);
        self.not_there.insert((case, system));
    }

    /// It says how the case is by now, which is all that was missed.
    fn opened_after_all(&mut self, fact: &Recorded, case: CaseId, system: &str) {
        self.opening.retain(|_, (of, at)| *of != case || at != system);
        if !self.not_there.remove(&(case, system.to_string())) {
            return;
        }
        let work = if matches!(self.site.case(case), Case::Open(_)) { Work::Edit } else { Work::Close };
        let effect = EffectId(derived(&fact.id.to_string(), &format!("ticket {system}"), 0));
        self.put(fact, effect, case, system, work);
    }

    /// One that waits already will say how the case is by then.
    fn edit(&mut self, fact: &Recorded, case: CaseId) {
        for system in self.systems.get(&case).cloned().unwrap_or_default() {
            let is_pending = |item: &Item| item.case == case && item.system == system && matches!(item.work, Work::Open | Work::Edit);
            if !self.items.iter().any(is_pending) {
                let effect = EffectId(derived(&fact.id.to_string(), &format!("ticket {system}"), 0));
                self.put(fact, effect, case, &system, Work::Edit);
            }
        }
    }

    fn close(&mut self, fact: &Recorded, case: CaseId) {
        self.put_everywhere(fact, case, &Work::Close);
        self.systems.remove(&case);
        self.reopened.retain(|(reopened, _)| *reopened != case);
    }

    fn touched(&mut self, fact: &Recorded, case: CaseId, touched: &TicketTouched) {
        let is_open = matches!(self.site.case(case), Case::Open(_));
        let line = match &touched.deed {
            // If it says how the case ended and comes from somebody we know, the case is closed with it.
            TicketDeed::Closed { means: Some(_) } if touched.by.is_some() => return,
            TicketDeed::Closed { .. } if is_open => {
                "The case is still open. Say how it ended in a comment (\"fixed …\" or \"false alarm\"), from an account that is enrolled, or at the page."
            }
            TicketDeed::Reopened if !is_open => "The case is closed and stays so; another alert opens another one.",
            TicketDeed::Commented { means: Some(_) } if touched.by.is_none() => {
                "This account is not enrolled, so what it says of the end of the case is kept and changes nothing."
            }
            _ => return,
        };
        let effect = EffectId(derived(&fact.id.to_string(), "ticket answer", 0));
        let system = touched.ticket.system.clone();
        let is_closed = is_open && matches!(touched.deed, TicketDeed::Closed { .. });
        let reopens = is_closed && self.reopened.insert((case, system.clone()));
        let work = if reopens { Work::Reopen(line.into()) } else { Work::Comment(line.into()) };
        self.put(fact, effect, case, &system, work);
    }

    fn put_everywhere(&mut self, fact: &Recorded, case: CaseId, work: &Work) {
        for system in self.systems.get(&case).cloned().unwrap_or_default() {
            let effect = EffectId(derived(&fact.id.to_string(), &format!("ticket {system}"), 0));
            self.put(fact, effect, case, &system, work.clone());
        }
    }

    fn put(&mut self, fact: &Recorded, effect: EffectId, case: CaseId, system: &str, work: Work) {
        let is_not_there = self.not_there.contains(&(case, system.to_string()));
        if is_not_there || self.wanted.contains(&effect) || self.items.iter().any(|item| item.effect == effect) {
            return;
        }
        let not_before = if work == Work::Open { fact.recorded_at + SETTLE } else { fact.recorded_at };
        self.items.push(Item { effect, system: system.to_string(), case, work, not_before, because: fact.id });
    }

    /// One line about what was decided and done; what only we care about is left out.
    fn worth_a_comment(&self, case: CaseId, event: &Event) -> Option<String> {
        let file = self.site.case(case).file()?;
        let told = |action: ActionId| {
            let proposal = file.actions.get(&action)?.proposal();
            Some(format!("{} ({}): {}.", proposal.name, what(&proposal.order), summary(event)))
        };
        match event {
            Event::ActionApproved(fact) if !fact.by.is_service() => told(fact.action),
            Event::ActionRejected(fact) => told(fact.action),
            Event::ApprovalExpired(fact) => told(fact.action),
            Event::ActionVoided(fact) => told(fact.action),
            Event::ActionCompleted(fact) => told(fact.action),
            Event::ActionFailed(fact) => told(fact.action),
            Event::ActionUnverified(fact) => told(fact.action),
            Event::ActionVerified(fact) => told(fact.action),
            Event::OutcomeRecorded(_) => Some(format!("{}.", summary(event))),
            Event::MessageReceived(fact) if fact.answer == Answer::Seen => Some(format!("{} looks after it.", fact.by)),
            _ => None,
        }
    }
}

/// Actions of a case for its ticket, in the order of their proposal.
pub(crate) fn actions(file: &CaseFile) -> Vec<&Action> {
    let mut actions: Vec<&Action> = file.actions.values().collect();
    actions.sort_by_key(|action| action.proposal().expires_at);
    actions
}
