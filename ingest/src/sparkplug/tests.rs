//! An edge node's life: late deaths, gaps, aliases of former births, and when it is asked to be born again.

use super::{
    address::Node,
    births::{Learned, Life, Spoken, Verb, spoken},
    catalogue::named,
    kind::{Content, Kind},
    payload::{Metric, Payload},
};
use crate::protocol::{Answer, Raw, Refusal};
use millwright_domain::reading::Quality;
use std::time::{Duration, Instant};

struct Heard {
    life: Life,
    now: Instant,
}

impl Heard {
    /// Point 0 is `pump:Torque`, point 1 the node's own `Uptime`.
    fn of(asks: bool) -> Self {
        let points = [(Some("pump".to_string()), "Torque".to_string(), None), (None, "Uptime".to_string(), None)];
        Self { life: Life::new(points, asks), now: Instant::now() }
    }
    fn say(&mut self, verb: Verb, device: &str, sequence: Option<u64>, metrics: Vec<Metric>) -> Learned {
        let payload = Payload { time: None, sequence, metrics };
        self.life.hear(Spoken { verb, device }, Some(&payload), self.now)
    }
    fn node_born(&mut self, birth_death: u64) -> Learned {
        let metrics = vec![named("bdSeq", None, Kind::Int64, Content::Long(birth_death)), named("Uptime", Some(1), Kind::UInt32, Content::Int(5))];
        self.say(Verb::Birth, "", Some(0), metrics)
    }
    fn pump_born(&mut self, sequence: u64, alias: u64) -> Learned {
        self.say(Verb::Birth, "pump", Some(sequence), vec![named("Torque", Some(alias), Kind::Int32, Content::Int(0))])
    }
    fn torque(&mut self, sequence: u64, alias: u64, value: i32) -> Learned {
        let metric = named("", Some(alias), Kind::Int32, Content::Int(value as u32));
        self.say(Verb::Data, "pump", Some(sequence), vec![Metric { name: None, kind: None, ..metric }])
    }
    fn node_dead(&mut self, birth_death: Option<u64>) -> Learned {
        let metrics = birth_death.map(|number| named("bdSeq", None, Kind::Int64, Content::Long(number)));
        self.say(Verb::Death, "", None, metrics.into_iter().collect())
    }
}

fn answers(learned: &Learned) -> Vec<(usize, Answer)> {
    learned.told.iter().map(|told| (told.point, told.answer.clone())).collect()
}
fn is_gone(learned: &Learned, point: usize) -> bool {
    learned.told.iter().any(|told| told.point == point && matches!(told.answer, Err(Refusal::Unreachable(_))))
}
fn number(learned: &Learned) -> Option<(f64, Quality)> {
    match &learned.told.first()?.answer {
        Ok(value) => match value.raw {
            Raw::Number(number) => Some((number, value.quality)),
            Raw::Text(_) => None,
        },
        Err(_) => None,
    }
}

#[test]
fn data_by_alias_counts_only_after_its_birth() {
    let mut heard = Heard::of(true);
    assert_eq!(heard.torque(4, 7, 1), Learned { told: vec![], ask: true });
    assert_eq!(number(&heard.node_born(0)), Some((5.0, Quality::Good)), "a birth tells values, too");
    heard.now += Duration::from_secs(11);
    assert_eq!(heard.torque(1, 7, 1), Learned { told: vec![], ask: true }, "the device is not born");
    heard.node_born(0);
    heard.pump_born(1, 7);
    let learned = heard.torque(2, 7, -12);
    assert_eq!((number(&learned), learned.ask), (Some((-12.0, Quality::Good)), false));
    let unknown = heard.torque(3, 8, 1);
    assert_eq!((answers(&unknown), unknown.ask), (vec![], true));
}

#[test]
fn a_death_ends_all_of_it_at_once_and_a_late_one_of_a_former_session_ends_nothing() {
    let mut heard = Heard::of(true);
    heard.node_born(3);
    heard.pump_born(1, 7);
    assert_eq!(heard.node_dead(Some(2)), Learned::default());
    assert_eq!(number(&heard.torque(2, 7, 9)), Some((9.0, Quality::Good)));
    let dead = heard.node_dead(Some(3));
    assert!(is_gone(&dead, 0) && is_gone(&dead, 1) && !dead.ask);
    assert_eq!(answers(&heard.torque(3, 7, 9)), [], "aliases of the dead mean nothing");
    heard.node_born(4);
    assert!(is_gone(&heard.node_dead(None), 0), "a death without a number is believed");
}

#[test]
fn a_devices_death_is_its_own() {
    let mut heard = Heard::of(true);
    heard.node_born(0);
    heard.pump_born(1, 7);
    let dead = heard.say(Verb::Death, "pump", Some(2), vec![]);
    assert!(is_gone(&dead, 0) && !is_gone(&dead, 1));
    assert_eq!(answers(&heard.torque(3, 7, 1)), []);
    assert!(heard.say(Verb::Data, "", Some(4), vec![named("Uptime", None, Kind::UInt32, Content::Int(6))]).told.len() == 1);
}

#[test]
fn a_node_that_is_born_anew_takes_its_devices_with_it_and_one_that_repeats_its_birth_does_not() {
    let mut heard = Heard::of(true);
    heard.node_born(0);
    heard.pump_born(1, 7);
    assert!(!is_gone(&heard.node_born(0), 0));
    heard.pump_born(1, 7);
    assert!(is_gone(&heard.node_born(1), 0));
    heard.pump_born(1, 9);
    assert_eq!(answers(&heard.torque(2, 7, 1)), [], "the alias of the former birth");
    assert_eq!(number(&heard.torque(3, 9, 1)), Some((1.0, Quality::Good)));
}

#[test]
fn after_a_gap_values_are_doubted_and_births_asked_for_until_they_come() {
    let mut heard = Heard::of(true);
    heard.node_born(0);
    heard.pump_born(1, 7);
    let after_gap = heard.torque(3, 7, 5);
    assert_eq!((number(&after_gap), after_gap.ask), (Some((5.0, Quality::UncertainStale)), true));
    let soon = heard.torque(4, 7, 5);
    assert_eq!((number(&soon), soon.ask), (Some((5.0, Quality::UncertainStale)), false), "asked a moment ago");
    heard.now += Duration::from_secs(11);
    assert!(heard.torque(5, 7, 5).ask);
    heard.node_born(0);
    heard.pump_born(1, 7);
    assert_eq!(number(&heard.torque(2, 7, 5)), Some((5.0, Quality::Good)));
    for sequence in 3..=256 {
        assert_eq!(number(&heard.torque(sequence % 256, 7, 5)), Some((5.0, Quality::Good)), "{sequence}: it goes on from 0 after 255");
    }
}

#[test]
fn a_message_that_nobody_understands_is_bad_at_the_points_it_was_about() {
    let mut heard = Heard::of(false);
    heard.node_born(0);
    heard.pump_born(1, 7);
    let garbled = heard.life.hear(Spoken { verb: Verb::Data, device: "pump" }, None, heard.now);
    assert!(matches!(answers(&garbled)[..], [(0, Err(Refusal::NotANumber(_)))]));
    assert!(!garbled.ask && !heard.torque(9, 99, 1).ask, "nobody is asked where that is forbidden");
}

#[test]
fn a_topic_is_understood_only_as_a_whole() {
    let node = Node { group: "g".into(), name: "n".into() };
    assert_eq!(spoken(&node, "spBv1.0/g/DDATA/n/pump"), Some(Spoken { verb: Verb::Data, device: "pump" }));
    assert_eq!(spoken(&node, "spBv1.0/g/NDEATH/n"), Some(Spoken { verb: Verb::Death, device: "" }));
    for topic in [
        "",
        "spBv1.0/g/DDATA/n",
        "spBv1.0/g/NDATA/n/pump",
        "spBv1.0/g/DDATA/n/",
        "spBv1.0/g/DDATA/n/pump/x",
        "spBv1.0/h/NDATA/n",
        "spAv1.0/g/NDATA/n",
    ] {
        assert_eq!(spoken(&node, topic), None, "{topic}");
    }
}
