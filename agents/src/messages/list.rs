//! What is still to be told to whom, and since when: folded from the facts of a site. Pure.
//!
//! Of each case its people hear once that it began, once more if its cause turns out another or it gets critical, and how it ended; whoever
//! may answer a question is asked, reminded and told what came of it. Whatever was told is a fact, and off the list.

use crate::messages::told::{Sent, Told};
use chrono::TimeDelta;
use millwright_domain::{
    Event, Timestamp,
    action::{Action, Order, Proposal},
    case::{AlertRaised, Case, CaseFile, DiagnosisRecorded, OutcomeRecorded, Severity},
    effect::EffectWanted,
    envelope::Recorded,
    ids::{ActionId, ActorId, CaseId, CauseId, EffectId, EventId, derived},
    parts::SummaryKind,
    policy::Ruling,
    site::Site,
};
use std::collections::{BTreeMap, BTreeSet};

/// So long a case's first message waits for the diagnosis, and a diagnosis for the question that follows from it.
const SETTLE: TimeDelta = TimeDelta::milliseconds(400);

/// Who is to be told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum To {
    /// By her so-many-th way.
    Person(ActorId, usize),
    /// Programs are told at once, each thing by itself.
    Program(String),
}

/// What is to be told. The words are found when it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    Alert,
    /// It has become critical.
    Worse,
    /// Another cause than was told.
    Cause,
    /// Yes or no? The number is that of the reminder.
    Question(ActionId, u32),
    Result(ActionId),
    Over,
    /// Nobody has looked after it.
    Unattended,
    /// What did not arrive by another way.
    Again(Sent),
    /// What is said of no case: how the house is, what a day came to. Headline and text.
    Said(String, String),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub effect: EffectId,
    pub to: To,
    pub what: What,
    pub case: Option<CaseId>,
    /// Wall time of the fact that it answers.
    pub at: Timestamp,
    pub not_before: Timestamp,
    pub because: EventId,
    /// Passes quiet hours and the limit against floods.
    pub urgent: bool,
}

/// A case as its people know it.
#[derive(Debug, Default)]
struct Known {
    people: BTreeSet<ActorId>,
    severity: Option<Severity>,
    /// Whoever was asked about an action.
    asked: BTreeMap<ActionId, BTreeSet<ActorId>>,
    /// Somebody has looked after it.
    attended: bool,
    /// The cause that its people have heard of, once they have heard anything.
    heard: Option<Option<CauseId>>,
    cause: Option<CauseId>,
    /// How often another cause came up; it may be one that was named before.
    causes: u32,
}

#[derive(Default)]
pub(crate) struct List {
    pub site: Site,
    pub items: Vec<Item>,
    pub told: Told,
    cases: BTreeMap<CaseId, Known>,
}

impl List {
    pub fn take(&mut self, fact: &Recorded) {
        self.site.evolve_recorded(fact);
        self.told.take(fact, &self.site.roster);
        match (&fact.event, fact.stream.as_case()) {
            (Event::EffectWanted(wanted), _) => self.wanted(fact, wanted),
            (Event::PartFailed(failed), _) => {
                let headline = format!("Millwright: {} does not work", failed.part);
                self.say(fact, self.site.roster.alerts.to.clone(), headline, failed.detail.clone());
            }
            (Event::PartRecovered(back), _) => {
                let headline = format!("Millwright: {} works again", back.part);
                self.say(fact, self.site.roster.alerts.to.clone(), headline, String::new());
            }
            (Event::SummaryReported(summary), _) if summary.kind == SummaryKind::Daily => {
                let to = self.site.roster.summary.as_ref().map(|plan| plan.to.clone());
                if let Some(site) = self.site.id().cloned() {
                    self.say(fact, to, summary.line(&site), summary.lines().join("\n"));
                }
            }
            (Event::EffectFailed(failed), _) if failed.final_ => self.next_way(fact, failed.effect),
            (Event::MessageUnknown(unknown), _) => self.next_way(fact, unknown.effect),
            (Event::MessageNotDelivered(lost), _) => self.next_way(fact, lost.effect),
            (Event::MessageRead(read), _) => self.attended(self.told.case_of(read.effect)),
            (Event::MessageReceived(received), _) => self.attended(received.case),
            (Event::AlarmAcknowledged(seen), _) => {
                let of_asset = |case: &CaseId| self.site.case(*case).file().is_some_and(|file| file.asset == seen.asset);
                let seen: Vec<CaseId> = self.cases.keys().copied().filter(of_asset).collect();
                seen.into_iter().for_each(|case| self.attended(Some(case)));
            }
            (_, Some(case)) => self.take_of_case(fact, case),
            _ => {}
        }
    }

    /// What was wished for is off the list, and heard of.
    fn wanted(&mut self, fact: &Recorded, wanted: &EffectWanted) {
        let covered = self.told.covered(wanted, &self.items);
        let (gone, left) = std::mem::take(&mut self.items).into_iter().partition(|item| covered.contains(&item.effect));
        self.items = left;
        let gone: Vec<Item> = gone;
        for item in gone.iter().filter(|item| matches!(item.to, To::Person(..))) {
            let (Some(case), To::Person(person, _)) = (item.case, &item.to) else { continue };
            self.told.heard(case, person);
            let cause = self.site.case(case).file().and_then(CaseFile::cause).cloned();
            if let Some(known) = self.cases.get_mut(&case) {
                known.heard = Some(cause);
            }
            if matches!(item.what, What::Alert | What::Worse) {
                self.unattended_later(fact, case);
            }
        }
        // A question says all that the alert would have, so its time runs as well.
        for item in gone.iter().filter(|item| matches!(item.what, What::Question(_, 0))) {
            if let Some(case) = item.case {
                self.unattended_later(fact, case);
            }
        }
    }

    /// To everybody behind a name, when it suits them.
    fn say(&mut self, fact: &Recorded, to: Option<String>, headline: String, text: String) {
        let people = to.map(|to| self.site.roster.people_of(&to)).unwrap_or_default();
        for person in people {
            let effect = EffectId(derived(&format!("{}/{person}", fact.id), "said", 0));
            if self.told.knows(effect) {
                continue;
            }
            let what = What::Said(headline.clone(), text.clone());
            let (at, because) = (fact.recorded_at, fact.id);
            self.items.push(Item { effect, to: To::Person(person, 0), what, case: None, at, not_before: at + SETTLE, because, urgent: false });
        }
    }

    /// The worst of a case so far, while it is open.
    pub fn severity(&self, case: CaseId) -> Option<Severity> {
        self.cases.get(&case)?.severity
    }

    fn take_of_case(&mut self, fact: &Recorded, case: CaseId) {
        match &fact.event {
            Event::AlertRaised(alert) => self.alert(fact, case, alert),
            Event::DiagnosisRecorded(diagnosis) => self.diagnosis(fact, case, diagnosis),
            Event::ActionProposed(proposed) if proposed.proposal.ruling == Ruling::RequireApproval => {
                self.question(fact, case, proposed.proposal.action, self.may_answer(&proposed.proposal), 0);
            }
            Event::ApprovalGiven(given) => {
                let mut others = self.cases.get(&case).and_then(|known| known.asked.get(&given.action)).cloned().unwrap_or_default();
                others.remove(&given.by);
                self.attended(Some(case));
                self.question_again(fact, case, given.action, others, &format!("after {}", given.by), 0);
            }
            Event::ApprovalReminded(reminded) => {
                let asked = self.cases.get(&case).and_then(|known| known.asked.get(&reminded.action)).cloned().unwrap_or_default();
                self.question(fact, case, reminded.action, asked, reminded.number);
            }
            Event::ApprovalEscalated(escalated) => self.question(fact, case, escalated.action, escalated.to.clone(), 0),
            Event::ActionApproved(approved) => {
                self.answered(approved.action);
                if !approved.by.is_service() {
                    self.attended(Some(case));
                }
            }
            Event::ActionRejected(rejected) => {
                self.answered(rejected.action);
                self.attended(Some(case));
            }
            Event::ActionSuperseded(superseded) => self.answered(superseded.action),
            Event::ApprovalExpired(expired) => {
                self.answered(expired.action);
                self.result(fact, case, expired.action);
            }
            Event::ActionVoided(voided) => {
                self.answered(voided.action);
                self.result(fact, case, voided.action);
            }
            Event::ActionCompleted(done) => self.result(fact, case, done.action),
            Event::ActionFailed(failed) => self.result(fact, case, failed.action),
            Event::ActionUnverified(unverified) => self.result(fact, case, unverified.action),
            Event::OutcomeRecorded(outcome) if outcome.closes => self.over(fact, case, outcome),
            _ => {}
        }
    }

    fn alert(&mut self, fact: &Recorded, case: CaseId, alert: &AlertRaised) {
        let is_first = self.site.case(case).open_file().is_some_and(|file| file.alerts == 1);
        let plan = &self.site.roster.alerts;
        let is_worth_it = alert.severity >= plan.least;
        let people = plan.to.as_deref().filter(|_| is_worth_it).map(|to| self.site.roster.people_of(to)).unwrap_or_default();
        let known = self.cases.entry(case).or_default();
        let was = known.severity.replace(known.severity.map_or(alert.severity, |was| was.max(alert.severity)));
        if is_first {
            self.tell_programs(fact, case, "alert", What::Alert);
        }
        let is_news = known_people_are_none(&self.cases, case);
        if is_news && (is_first || was.is_some_and(|was| was < plan_least(&self.site))) {
            self.cases.entry(case).or_default().people = people.into_iter().collect();
            self.tell_people(fact, case, "alert", What::Alert, alert.severity == Severity::Critical);
        } else if alert.severity == Severity::Critical && was.is_some_and(|was| was < Severity::Critical) {
            self.tell_people(fact, case, "critical", What::Worse, true);
        }
    }

    fn diagnosis(&mut self, fact: &Recorded, case: CaseId, diagnosis: &DiagnosisRecorded) {
        if diagnosis.branched_from.is_some() && !self.cases.contains_key(&case) {
            // A case that began with another cause on a machine whose case was about something else.
            let to = self.site.roster.alerts.to.as_deref();
            let people = to.map(|to| self.site.roster.people_of(to)).unwrap_or_default();
            self.cases.entry(case).or_default().people = people.into_iter().collect();
            self.tell_people(fact, case, "alert", What::Alert, false);
        }
        let known = self.cases.entry(case).or_default();
        if known.cause.replace(diagnosis.cause.clone()).as_ref() == Some(&diagnosis.cause) {
            // Another confidence is no news.
            return;
        }
        known.causes += 1;
        let reason = format!("cause {} {}", diagnosis.cause, known.causes);
        // Whatever is still to be told of the case says the cause, too.
        let heard = self.cases.get(&case).and_then(|known| known.heard.as_ref());
        if heard.is_some_and(|heard| heard.as_ref() != Some(&diagnosis.cause)) {
            self.tell_people(fact, case, &reason, What::Cause, false);
        }
        self.tell_programs(fact, case, &reason, What::Cause);
    }

    /// To those who heard of the case first. Ids repeat for the same fact of the same case.
    fn tell_people(&mut self, fact: &Recorded, case: CaseId, reason: &str, what: What, urgent: bool) {
        let people = self.cases.get(&case).map(|known| known.people.clone()).unwrap_or_default();
        for person in people {
            self.put(fact, case, To::Person(person, 0), reason, what.clone(), urgent);
        }
    }

    fn tell_programs(&mut self, fact: &Recorded, case: CaseId, reason: &str, what: What) {
        for program in self.site.roster.programs.clone() {
            self.put(fact, case, To::Program(program), reason, what.clone(), true);
        }
    }

    /// Whether it is new on the list.
    fn put(&mut self, fact: &Recorded, case: CaseId, to: To, reason: &str, what: What, urgent: bool) -> bool {
        let name = match &to {
            To::Person(person, _) => person.as_str(),
            To::Program(program) => program.as_str(),
        };
        let effect = EffectId(derived(&format!("{case}/{name}"), reason, 0));
        if self.told.knows(effect) || self.items.iter().any(|item| item.effect == effect) {
            return false;
        }
        let settles = matches!(what, What::Alert | What::Cause) && matches!(to, To::Person(..));
        let not_before = if settles { fact.recorded_at + SETTLE } else { fact.recorded_at };
        self.items.push(Item { effect, to, what, case: Some(case), at: fact.recorded_at, not_before, because: fact.id, urgent });
        true
    }

    /// Whose yes would count. Where policy names nobody, those who are told of alerts.
    fn may_answer(&self, proposal: &Proposal) -> BTreeSet<ActorId> {
        let named = self.site.policy.approval.approvers.get(&proposal.risk).cloned();
        let told = || self.site.roster.alerts.to.as_deref().map(|to| self.site.roster.people_of(to)).unwrap_or_default().into_iter().collect();
        let mut people: BTreeSet<ActorId> = named.unwrap_or_else(told);
        people.remove(&proposal.proposed_by);
        people
    }

    fn question(&mut self, fact: &Recorded, case: CaseId, action: ActionId, people: BTreeSet<ActorId>, reminder: u32) {
        self.question_again(fact, case, action, people, &reminder.to_string(), reminder);
    }

    /// Asking says all that a first message would.
    fn question_again(&mut self, fact: &Recorded, case: CaseId, action: ActionId, people: BTreeSet<ActorId>, which: &str, reminder: u32) {
        self.cases.entry(case).or_default().asked.entry(action).or_default().extend(people.iter().cloned());
        for person in people {
            let first_words = |item: &Item| matches!(&item.to, To::Person(to, _) if *to == person) && matches!(item.what, What::Alert | What::Cause);
            let superfluous: Vec<EffectId> =
                self.items.iter().filter(|item| item.case == Some(case) && first_words(item)).map(|item| item.effect).collect();
            self.items.retain(|item| !superfluous.contains(&item.effect));
            self.put(fact, case, To::Person(person, 0), &format!("question {action} {which}"), What::Question(action, reminder), true);
        }
    }

    fn answered(&mut self, action: ActionId) {
        self.items.retain(|item| !matches!(item.what, What::Question(asked, _) if asked == action));
    }

    /// For whoever was asked; what ran by itself is announced by the rule that let it.
    fn result(&mut self, fact: &Recorded, case: CaseId, action: ActionId) {
        let known = self.site.case(case).file().and_then(|file| file.actions.get(&action));
        let Some(known) = known.filter(|known| known.proposal().ruling == Ruling::RequireApproval) else { return };
        let urgent = matches!(known, Action::Unverified { .. }) && matches!(known.proposal().order, Order::Write(_));
        let asked = self.cases.get(&case).and_then(|known| known.asked.get(&action)).cloned().unwrap_or_default();
        for person in asked {
            self.put(fact, case, To::Person(person, 0), &format!("result {action}"), What::Result(action), urgent);
        }
    }

    fn over(&mut self, fact: &Recorded, case: CaseId, outcome: &OutcomeRecorded) {
        let is_over =
            |item: &Item| item.case == Some(case) && !matches!(item.what, What::Result(_) | What::Again(_)) && matches!(item.to, To::Person(..));
        self.items.retain(|item| !is_over(item));
        if let Some(known) = self.cases.get_mut(&case) {
            // Whoever says how it ended knows it.
            known.people.remove(&outcome.by);
            known.people.retain(|person| self.told.was_told(case, person));
        }
        self.tell_people(fact, case, "over", What::Over, false);
        self.tell_programs(fact, case, "over", What::Over);
        self.cases.remove(&case);
    }

    fn attended(&mut self, case: Option<CaseId>) {
        let Some(case) = case else { return };
        if let Some(known) = self.cases.get_mut(&case) {
            known.attended = true;
        }
        self.items.retain(|item| !(item.case == Some(case) && item.what == What::Unattended));
    }

    /// Once somebody was told, the time runs in which somebody should look after it.
    fn unattended_later(&mut self, fact: &Recorded, case: CaseId) {
        let plan = self.site.roster.alerts.clone();
        let Some(then_to) = plan.then_to.as_deref().filter(|_| plan.unread_after_s > 0) else { return };
        let is_serious = self.cases.get(&case).is_some_and(|known| !known.attended && known.severity >= Some(Severity::High));
        if !is_serious || !matches!(self.site.case(case), Case::Open(_)) {
            return;
        }
        let later = fact.recorded_at + TimeDelta::seconds(plan.unread_after_s.into());
        for person in self.site.roster.people_of(then_to) {
            if self.put(fact, case, To::Person(person, 0), "unattended", What::Unattended, true)
                && let Some(item) = self.items.last_mut()
            {
                item.not_before = later;
            }
        }
    }

    /// What did not arrive, or may not have, goes the person's next way.
    fn next_way(&mut self, fact: &Recorded, effect: EffectId) {
        let Some((way, sent)) = self.told.what_went(effect, &self.site.roster) else { return };
        if self.site.roster.target(&sent.person, way + 1).is_none() {
            return;
        }
        let id = EffectId(derived(&effect.to_string(), "next way", 0));
        if self.told.knows(id) || self.items.iter().any(|item| item.effect == id) {
            return;
        }
        let (case, at) = (self.told.case_of(effect), fact.recorded_at);
        let person = sent.person.clone();
        let what = What::Again(sent);
        self.items.push(Item { effect: id, to: To::Person(person, way + 1), what, case, at, not_before: at, because: fact.id, urgent: true });
    }
}

fn known_people_are_none(cases: &BTreeMap<CaseId, Known>, case: CaseId) -> bool {
    cases.get(&case).is_none_or(|known| known.people.is_empty())
}

fn plan_least(site: &Site) -> Severity {
    site.roster.alerts.least
}
