//! The real rules and the real fold. Both are pure, so what was decided once on a site is remembered; equal sites are kept once.

use super::{
    ask::{COLLECTORS, command_id, diagnosis},
    cast::{POLICIES, policy},
    mutant::Mutant,
    step::Ask,
    world::{Sight, observed, time},
};
use crate::{
    AdoptPolicy, AssignDevice, Command, Decision, DescribePlant, RaiseAlert, RecordDiagnosis,
    decision::{Circumstances, Refused},
    testing::plant,
};
use millwright_domain::{
    Event,
    action::Action,
    case::Case,
    envelope::StreamId,
    ids::{ActionId, ActorId, CaseId, CommandId, derived},
    plant::Source,
    policy::Policy,
    site::Site,
};
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hasher},
    rc::Rc,
};

/// All that a decision may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Question {
    pub site: u32,
    pub ask: Ask,
    /// Which action it makes, if it makes one.
    pub slot: usize,
    pub now: u16,
    /// Only for the commands that the dispatcher shows readings to.
    pub sight: Option<Sight>,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub site: u32,
    /// With the names of their types.
    pub facts: Rc<[(&'static str, Event)]>,
    /// `None` where nothing had to change.
    pub refused: Option<&'static str>,
}

pub struct Rules {
    sites: Vec<Site>,
    places: HashMap<u128, u32>,
    known: HashMap<Question, Answer>,
    policies: Vec<Policy>,
    pub case: CaseId,
    mutant: Option<Mutant>,
}

impl Rules {
    /// A case is open and diagnosed, and node A was assigned the device.
    pub fn of(mutant: Option<Mutant>) -> Self {
        let mut site = Site::default();
        let mut asks = |by: &str, command: Command| asks_in_the_beginning(&mut site, by, &command);
        asks("svc-settings", DescribePlant { plant: plant::described(Source::Live) }.into());
        asks("svc-settings", AdoptPolicy { policy: policy(0) }.into());
        asks("svc-collector", AssignDevice { device: "plc-1".parse().unwrap(), collector: COLLECTORS[0].parse().unwrap() }.into());
        let case = asks("svc-monitor", RaiseAlert { alert: plant::alert(false) }.into()).unwrap();
        asks("svc-diagnosis", RecordDiagnosis { case, diagnosis: diagnosis(0), revises: false }.into());
        let policies = POLICIES.map(policy).into();
        let mut rules = Self { sites: vec![], places: HashMap::new(), known: HashMap::new(), policies, case, mutant };
        rules.keep(site);
        rules
    }

    pub fn site(&self, number: u32) -> &Site {
        &self.sites[number as usize]
    }
    /// How many different sites there were, and how many questions were decided on them.
    pub fn size(&self) -> (usize, usize) {
        (self.sites.len(), self.known.len())
    }
    pub fn action(&self, site: u32, action: ActionId) -> Option<&Action> {
        self.site(site).case(self.case).file()?.actions.get(&action)
    }

    pub fn decide(&mut self, question: Question, command: impl FnOnce() -> Command) -> Answer {
        if let Some(known) = self.known.get(&question) {
            return known.clone();
        }
        let answer = self.decide_now(question, &command());
        self.known.insert(question, answer.clone());
        answer
    }

    fn decide_now(&mut self, question: Question, command: &Command) -> Answer {
        let Question { site, ask, slot, now, sight } = question;
        let before = self.site(site);
        // As the dispatcher does: most commands see no readings.
        let is_judged_by_them = command.judged_by_readings_of(before).is_some();
        assert!(ask.is_judged_by_readings() || !is_judged_by_them, "{ask:?} is to be asked with what is read");
        let readings = if is_judged_by_them { observed(sight) } else { vec![] };
        let (by, now) = (ask.by.actor(), time(now));
        let circumstances = Circumstances { command: command_id(slot), by: &by, now, observed: &readings };
        let decided = match self.mutant {
            Some(mutant) => mutant.decides(before, ask, command, circumstances),
            None => command.decide(before, circumstances),
        };
        let (facts, refused) = recorded(decided);
        if facts.is_empty() {
            return Answer { site, facts: Rc::new([]), refused };
        }
        let mut after = before.clone();
        facts.iter().for_each(|(stream, event)| after.evolve(stream, now.plant, event));
        Answer { site: self.keep(after), facts: facts.into_iter().map(|(_, event)| (kind(&event), event)).collect(), refused }
    }

    fn keep(&mut self, site: Site) -> u32 {
        let next = u32::try_from(self.sites.len()).unwrap();
        let place = *self.places.entry(fingerprint(&site, &self.policies)).or_insert(next);
        if place == next {
            self.sites.push(site);
        }
        place
    }
}

/// Says which case the facts are about.
fn asks_in_the_beginning(site: &mut Site, by: &str, command: &Command) -> Option<CaseId> {
    let (id, by): (_, ActorId) = (CommandId(derived("model", command.name(), 0)), by.parse().unwrap());
    let (facts, _) = recorded(command.decide(site, Circumstances { command: id, by: &by, now: time(0), observed: &[] }));
    facts.iter().for_each(|(stream, event)| site.evolve(stream, time(0).plant, event));
    facts.iter().find_map(|(stream, _)| stream.as_case())
}

/// The facts of an answer, less `CommandRefused`, which no state remembers.
fn recorded(decided: Result<Decision, Refused>) -> (Vec<(StreamId, Event)>, Option<&'static str>) {
    match decided {
        Ok(Decision::Facts { facts, .. }) => (facts, None),
        Ok(Decision::AlreadySo) => (vec![], None),
        Err(refused) => (refused.facts, Some(refused.code)),
    }
}

fn kind(event: &Event) -> &'static str {
    Event::TYPES.iter().map(|(kind, _)| *kind).find(|kind| *kind == event.kind()).unwrap_or("Unknown")
}

/// Over everything that a rule about actions looks at, in an order that no map decides.
fn fingerprint(site: &Site, policies: &[Policy]) -> u128 {
    let mut cases: Vec<_> = site.cases.iter().collect();
    cases.sort_by_key(|(id, _)| **id);
    let mut actions: Vec<_> = site.case_of_action.iter().collect();
    actions.sort_by_key(|(id, _)| **id);
    let mut writes: Vec<_> = site.last_write.iter().collect();
    writes.sort_by_key(|(signal, _)| (*signal).clone());
    let policy = policies.iter().position(|policy| *policy == site.policy);
    let cases: Vec<(&CaseId, &Case)> = cases;
    hash_of(&serde_json::to_vec(&(policy, &site.kill_switch, &site.locked_out, cases, actions, writes, &site.collectors, site.epoch)).unwrap())
}

/// Two things that share one would have to agree in 128 bits.
pub fn hash_of(bytes: &[u8]) -> u128 {
    let mut hashers = [DefaultHasher::new(), DefaultHasher::new()];
    hashers[1].write_u8(1);
    hashers.iter_mut().for_each(|hasher| hasher.write(bytes));
    u128::from(hashers[0].finish()) << 64 | u128::from(hashers[1].finish())
}
