//! An edge node's life as we hear it: born, telling, dead, born again. What is told counts only between a birth and a death. Pure.

use super::{
    address::Node,
    catalogue::{self, Catalogue, Wanted},
    kind::{Content, Kind},
    payload::{Metric, Payload},
};
use crate::protocol::{PointNo, Told};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// A node that does not answer a request for its birth is not asked again sooner.
const ASK_AGAIN: Duration = Duration::from_secs(10);
const SEQUENCES: u64 = 256;

/// The node's own metrics stand under the empty name, like those of a device.
const OWN: &str = "";

#[derive(Debug)]
pub struct Life {
    wanted: BTreeMap<String, Vec<Wanted>>,
    session: Option<Session>,
    born: BTreeMap<String, Catalogue>,
    asks: bool,
    asked: Option<Instant>,
}

/// From the node's birth to its death.
#[derive(Debug)]
struct Session {
    birth_death: Option<u64>,
    next: u64,
    /// A message is missing; it may have been a birth that gave the aliases other meanings.
    has_gap: bool,
}

/// What a message comes to.
#[derive(Debug, Default, PartialEq)]
pub struct Learned {
    pub told: Vec<Told>,
    /// The node is to be asked for its births.
    pub ask: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Birth,
    Data,
    Death,
}

/// A message's place and meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoken<'a> {
    pub verb: Verb,
    /// Empty: the node itself.
    pub device: &'a str,
}

/// What `spBv1.0/group/TYPE/node/device` means, if it is of this node.
pub fn spoken<'a>(node: &Node, topic: &'a str) -> Option<Spoken<'a>> {
    let mut steps = topic.split('/');
    let mut is_next = |expected: &str| steps.next() == Some(expected);
    if !(is_next("spBv1.0") && is_next(&node.group)) {
        return None;
    }
    let of = steps.next()?;
    if steps.next() != Some(&node.name) {
        return None;
    }
    let device = steps.next();
    let (verb, of_device) = match of {
        "NBIRTH" => (Verb::Birth, false),
        "NDATA" => (Verb::Data, false),
        "NDEATH" => (Verb::Death, false),
        "DBIRTH" => (Verb::Birth, true),
        "DDATA" => (Verb::Data, true),
        "DDEATH" => (Verb::Death, true),
        _ => return None,
    };
    let is_whole = steps.next().is_none() && device.is_some_and(|device| !device.is_empty()) == of_device;
    is_whole.then(|| Spoken { verb, device: device.unwrap_or(OWN) })
}

impl Life {
    /// `points`: of each point its device, or nothing, its metric, and the type it has to be of.
    pub fn new(points: impl IntoIterator<Item = (Option<String>, String, Option<Kind>)>, asks: bool) -> Self {
        let mut wanted: BTreeMap<String, Vec<Wanted>> = BTreeMap::new();
        for (point, (device, metric, kind)) in points.into_iter().enumerate() {
            wanted.entry(device.unwrap_or_default()).or_default().push(Wanted { point, metric, kind });
        }
        Self { wanted, session: None, born: BTreeMap::new(), asks, asked: None }
    }

    /// Whether to ask for births now, before anything was heard.
    pub fn begins(&mut self, now: Instant) -> bool {
        self.may_ask(now)
    }

    pub fn hear(&mut self, spoken: Spoken, payload: Option<&Payload>, now: Instant) -> Learned {
        let Some(payload) = payload else { return self.garbled(spoken, now) };
        match (spoken.verb, spoken.device) {
            (Verb::Birth, OWN) => self.node_is_born(payload),
            (Verb::Death, OWN) => self.node_is_dead(payload),
            (verb, device) => self.in_session(verb, device, payload, now),
        }
    }

    /// The type under which a point's metric was born.
    pub fn kind_of(&self, device: Option<&str>, metric: &str) -> Option<Kind> {
        self.born.get(device.unwrap_or(OWN))?.kind_of(metric)
    }
    /// Of all points, in their order.
    pub fn kinds(&self) -> Vec<(PointNo, Option<Kind>)> {
        let of_device = |(device, wanted): (&String, &Vec<Wanted>)| {
            let born = self.born.get(device);
            wanted.iter().map(|wanted| (wanted.point, born.and_then(|born| born.kind_of(&wanted.metric)))).collect::<Vec<_>>()
        };
        self.wanted.iter().flat_map(of_device).collect()
    }

    fn wanted(&self, device: &str) -> &[Wanted] {
        self.wanted.get(device).map_or(&[], Vec::as_slice)
    }

    fn node_is_born(&mut self, payload: &Payload) -> Learned {
        let birth_death = birth_death(payload);
        // Born again within its session, as when asked to: its devices live on, and their births follow at once.
        let same = self.session.as_ref().is_some_and(|session| session.birth_death == birth_death);
        let devices_gone = if same { vec![] } else { self.devices_gone("its edge node was born anew, and it was not yet") };
        self.session = Some(Session { birth_death, next: after(payload.sequence.unwrap_or(0)), has_gap: false });
        self.born.clear();
        self.asked = None;
        let mut told = self.is_born(OWN, payload);
        told.extend(devices_gone);
        Learned { told, ask: false }
    }

    fn is_born(&mut self, device: &str, payload: &Payload) -> Vec<Told> {
        let Some(wanted) = self.wanted.get(device) else { return vec![] };
        let catalogue = Catalogue::of(payload, wanted);
        let (mut told, _none_is_unknown) = catalogue.tell(payload, false);
        told.extend(catalogue.missing(wanted));
        self.born.insert(device.into(), catalogue);
        told
    }

    fn devices_gone(&self, why: &str) -> Vec<Told> {
        self.born.keys().filter(|device| *device != OWN).flat_map(|device| catalogue::gone(self.wanted(device), why)).collect()
    }

    fn node_is_dead(&mut self, payload: &Payload) -> Learned {
        let of = birth_death(payload);
        let lives = self.session.as_ref().and_then(|session| session.birth_death);
        // A death of a former session, delivered late: this one lives.
        if of.zip(lives).is_some_and(|(of, lives)| of != lives) {
            return Learned::default();
        }
        self.session = None;
        self.born.clear();
        let why = "the edge node is gone (NDEATH)";
        Learned { told: self.wanted.values().flat_map(|wanted| catalogue::gone(wanted, why)).collect(), ask: false }
    }

    fn in_session(&mut self, verb: Verb, device: &str, payload: &Payload, now: Instant) -> Learned {
        let Some(session) = &mut self.session else { return self.nothing_known(now) };
        if let Some(sequence) = payload.sequence {
            session.has_gap |= sequence != session.next;
            session.next = after(sequence);
        }
        let has_gap = session.has_gap;
        let (told, unknown) = match verb {
            Verb::Birth => (self.is_born(device, payload), false),
            Verb::Death => {
                self.born.remove(device);
                (catalogue::gone(self.wanted(device), "the device is gone (DDEATH)"), false)
            }
            Verb::Data => match self.born.get(device) {
                Some(catalogue) => catalogue.tell(payload, has_gap),
                // Of a device that nobody asked about, nothing is known on purpose.
                None => (vec![], self.wanted.contains_key(device)),
            },
        };
        Learned { told, ask: (unknown || has_gap) && self.may_ask(now) }
    }

    fn nothing_known(&mut self, now: Instant) -> Learned {
        Learned { told: vec![], ask: self.may_ask(now) }
    }

    fn garbled(&mut self, spoken: Spoken, now: Instant) -> Learned {
        if let Some(session) = &mut self.session {
            session.has_gap = true;
        }
        Learned { told: catalogue::garbled(self.wanted(spoken.device)), ask: self.may_ask(now) }
    }

    fn may_ask(&mut self, now: Instant) -> bool {
        let is_time = self.asked.is_none_or(|asked| now.saturating_duration_since(asked) >= ASK_AGAIN);
        if self.asks && is_time {
            self.asked = Some(now);
        }
        self.asks && is_time
    }
}

fn after(sequence: u64) -> u64 {
    (sequence % SEQUENCES + 1) % SEQUENCES
}

/// The number that a birth and the death of the same session share.
fn birth_death(payload: &Payload) -> Option<u64> {
    let is_it = |metric: &&Metric| metric.name.as_deref() == Some("bdSeq");
    match payload.metrics.iter().find(is_it)?.content {
        Content::Int(number) => Some(number.into()),
        Content::Long(number) => Some(number),
        _ => None,
    }
}
