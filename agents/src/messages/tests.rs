//! Who is told what, when and how often.

use super::MessageDesk;
use crate::testing;
use crate::{
    clerk::Desk,
    precedent::{Precedent, Precedents},
};
use async_trait::async_trait;
use chrono::TimeDelta;
use futures::executor::block_on;
use millwright_domain::{
    Event, Timestamp,
    alarm::AlarmAcknowledged,
    approval::{ApprovalEscalated, ApprovalReminded},
    case::{ActionApproved, ActionProposed, AlertRaised, Outcome, OutcomeRecorded, Severity},
    effect::{EffectFailed, EffectWanted},
    envelope::{Recorded, StreamId},
    evidence::{Evidence, Feature},
    ids::{ActionId, AssetId, CaseId, CauseId, derived},
    message::Message,
    plant::{Plant, Source},
    quantity::QuantityKind,
    roster::{Roster, RosterAdopted},
    sealed::Sealed,
    site::PlantDescribed,
};
use proptest::prelude::*;
use std::sync::Arc;
use uuid::Uuid;

struct LastTime;

#[async_trait]
impl Precedents for LastTime {
    async fn of(&self, _: CaseId, asset: &AssetId, cause: Option<&CauseId>) -> Option<Precedent> {
        let at = "2026-01-15T08:00:00Z".parse().unwrap();
        let words = Some(Sealed { subject: "ann".parse().unwrap(), nonce: String::new(), text: String::new() });
        cause.map(|_| Precedent { at, asset: asset.clone(), likely_the_same: Some(0.9), outcome: Outcome::Repaired, words })
    }
}

/// A site's facts as they come, and the desk that reads them.
struct Scene {
    desk: MessageDesk,
    now: Timestamp,
    seq: u64,
    /// Everything that was told: to whom, and what.
    told: Vec<EffectWanted>,
}

fn case(number: u32) -> CaseId {
    CaseId(derived("messages", "case", number))
}
fn action() -> ActionId {
    ActionId(Uuid::from_u128(7))
}

impl Scene {
    /// Noon. Ann and Bob are told of alerts; Bob sleeps from 22:00 to 06:00; Carl is next.
    fn begin() -> Self {
        Self::with(
            r#"{
            "groups": {"operators": ["ann", "bob"]},
            "people": {"ann": {"by": ["whatsapp", "email"]}, "bob": {"by": ["telegram"], "quiet": "22:00-06:00"}, "carl": {"by": ["email"]}},
            "alerts": {"to": "operators", "least": "medium", "then_to": "carl", "unread_after_s": 600, "most": 4, "within_s": 600},
            "programs": ["scada"],
            "links": {"page": "https://mill", "grafana": "https://g/d/plc?var-sensor={signal}&from={from}&to={to}"}
        }"#,
        )
    }
    fn with(roster: &str) -> Self {
        let roster: Roster = serde_json::from_str(roster).unwrap();
        let now = "2026-02-01T12:00:00Z".parse().unwrap();
        let mut scene = Self { desk: MessageDesk::new(Arc::new(LastTime)), now, seq: 0, told: vec![] };
        let plant = Plant { site: "demo".parse().unwrap(), name: "Demo".into(), source: Source::Live, assets: vec![] };
        scene.fact(StreamId::site(), PlantDescribed { plant });
        scene.fact(StreamId::site(), RosterAdopted { roster: roster.checked().unwrap() });
        scene
    }
    fn recorded(&mut self, stream: StreamId, event: impl Into<Event>) -> Recorded {
        self.seq += 1;
        testing::recorded(self.seq, self.now, stream, event)
    }
    fn fact(&mut self, stream: StreamId, event: impl Into<Event>) {
        let recorded = self.recorded(stream, event);
        self.desk.take(&recorded);
    }
    fn alert(&mut self, number: u32, severity: Severity) {
        let evidence = Evidence {
            signal: "pump-1/vibration".parse().unwrap(),
            kind: QuantityKind::Vibration,
            feature: Feature::Drift,
            magnitude: 3.1,
            current: 4.2,
            expected: 2.1,
            window_s: 300,
            at: self.now,
        };
        let asset = format!("pump-{number}").parse().unwrap();
        self.fact(StreamId::case(case(number)), AlertRaised { evidence: vec![evidence], ..AlertRaised::new(asset, "drift", severity) });
    }
    fn diagnosis(&mut self, number: u32, cause: &str) {
        let diagnosis = testing::diagnosis(format!("pump-{number}").parse().unwrap(), cause, 0.86);
        self.fact(StreamId::case(case(number)), diagnosis);
    }
    fn proposal(&mut self, number: u32) {
        let proposal = testing::slow_down(action(), "pump-1/speed", self.now);
        self.fact(StreamId::case(case(number)), ActionProposed { binding: proposal.binding(), proposal });
    }
    fn outcome(&mut self, number: u32, by: &str) {
        let (by, outcome) = (by.parse().unwrap(), Outcome::Repaired);
        let closed = OutcomeRecorded { outcome, by, credited: None, true_cause: None, note: None, evidence: vec![], closes: true };
        self.fact(StreamId::case(case(number)), closed);
    }
    fn later_s(&mut self, seconds: i64) {
        self.now = self.now + TimeDelta::seconds(seconds);
    }
    /// Tells all that is due by now, as the clerk does.
    fn work(&mut self) -> Vec<EffectWanted> {
        let mut told = vec![];
        while let Some(due) = self.desk.next(self.now).filter(|due| due.at <= self.now) {
            assert!(told.len() < 1_000, "it goes on for ever");
            match block_on(self.desk.write(due.effect, self.now)) {
                None => self.desk.drop(due.effect),
                Some(wanted) => {
                    self.fact(StreamId::effect(wanted.effect), wanted.clone());
                    told.push(wanted);
                }
            }
        }
        self.told.extend(told.clone());
        told
    }
    /// What was told of late, as `to: headline`, without programs.
    fn people_hear(&mut self) -> Vec<String> {
        let heard = self.work().into_iter().filter(|wanted| !wanted.target.starts_with("webhook:"));
        heard.map(|wanted| format!("{}: {}", wanted.target, wanted.subject)).collect()
    }
}

fn message(wanted: &EffectWanted) -> Message {
    Message::of_body(&wanted.body).unwrap()
}

#[test]
fn a_case_is_told_once_with_its_cause_what_helped_last_time_and_where_to_look() {
    let mut scene = Scene::begin();
    scene.alert(1, Severity::High);
    assert!(scene.people_hear().is_empty(), "the diagnosis is waited for");
    scene.diagnosis(1, "bearing_wear");
    scene.later_s(1);
    assert_eq!(scene.people_hear(), ["whatsapp:ann: HIGH pump-1: bearing_wear 86 %", "telegram:bob: HIGH pump-1: bearing_wear 86 %"]);
    let to_ann = message(scene.told.iter().find(|wanted| wanted.target == "whatsapp:ann").unwrap());
    assert!(to_ann.text.contains("pump-1/vibration drifted by +3.1") && to_ann.text.contains("Cause: bearing_wear, 86 % sure."), "{}", to_ann.text);
    assert!(to_ann.text.contains("Last time (15 Jan 2026, pump-1, 90 % the same): repaired, \"⟦0⟧\"."), "{}", to_ann.text);
    assert!(to_ann.links[0].url.starts_with("https://g/d/plc?var-sensor=pump-1%2Fvibration&from="), "{:?}", to_ann.links);
    for _ in 0..10_000 {
        scene.alert(1, Severity::High);
    }
    scene.diagnosis(1, "bearing_wear");
    scene.later_s(1);
    assert!(scene.people_hear().is_empty(), "ten thousand more of the same are no news");
    scene.diagnosis(1, "clogging");
    scene.later_s(1);
    assert_eq!(scene.people_hear()[0], "whatsapp:ann: Now thought to be: HIGH pump-1: clogging 86 %");
    scene.diagnosis(1, "bearing_wear");
    scene.later_s(1);
    assert_eq!(scene.people_hear()[0], "whatsapp:ann: Now thought to be: HIGH pump-1: bearing_wear 86 %", "back to the first");
    assert_eq!(scene.told.iter().filter(|wanted| wanted.target == "webhook:scada").count(), 4, "that it began, and each turn");
}

#[test]
fn what_is_not_bad_enough_is_told_once_it_is() {
    let mut scene = Scene::begin();
    scene.alert(1, Severity::Low);
    scene.later_s(1);
    assert!(scene.people_hear().is_empty());
    scene.alert(1, Severity::High);
    scene.later_s(1);
    assert_eq!(scene.people_hear().len(), 2);
    scene.alert(1, Severity::Critical);
    assert_eq!(scene.people_hear()[0], "whatsapp:ann: It has become critical. CRITICAL pump-1: departs from normal");
    scene.alert(1, Severity::Critical);
    assert!(scene.people_hear().is_empty());
}

#[test]
fn a_question_says_all_that_the_alert_would_and_carries_its_buttons() {
    let mut scene = Scene::begin();
    scene.alert(1, Severity::High);
    scene.diagnosis(1, "bearing_wear");
    scene.proposal(1);
    assert_eq!(scene.people_hear(), ["whatsapp:ann: pump-1: slow_down?", "telegram:bob: pump-1: slow_down?"]);
    scene.later_s(1);
    assert!(scene.people_hear().is_empty(), "the alert is not told again");
    let asked = message(scene.told.iter().find(|wanted| wanted.target == "whatsapp:ann").unwrap());
    assert_eq!(asked.buttons.iter().map(|button| button.title.as_str()).collect::<Vec<_>>(), ["Yes", "No"]);
    assert!(asked.text.contains("write 900 to pump-1/speed on plc") && asked.text.contains("300 s is a no"), "{}", asked.text);
    scene.fact(StreamId::case(case(1)), ApprovalReminded { action: action(), number: 1 });
    assert_eq!(scene.people_hear()[0], "whatsapp:ann: Still waiting: pump-1: slow_down?");
    scene.fact(StreamId::case(case(1)), ApprovalEscalated { action: action(), level: 1, to: ["carl".parse().unwrap()].into() });
    assert_eq!(scene.people_hear(), ["email:carl: pump-1: slow_down?"]);
}

#[test]
fn whoever_is_too_late_is_not_asked() {
    let mut scene = Scene::begin();
    scene.alert(1, Severity::High);
    scene.proposal(1);
    let (binding, by) = (String::new(), "emma".parse().unwrap());
    scene.fact(StreamId::case(case(1)), ActionApproved { action: action(), binding, by });
    assert!(scene.people_hear().is_empty());
}

#[test]
fn at_night_only_what_is_critical_and_what_asks_comes_through_and_the_rest_is_one_message_in_the_morning() {
    let mut scene = Scene::begin();
    scene.later_s(11 * 3_600);
    for number in 1..4 {
        scene.alert(number, Severity::High);
    }
    scene.alert(4, Severity::Critical);
    scene.later_s(1);
    let heard = scene.people_hear();
    assert_eq!(
        heard.iter().filter(|line| line.starts_with("telegram:bob")).collect::<Vec<_>>(),
        ["telegram:bob: CRITICAL pump-4: departs from normal"]
    );
    scene.later_s(7 * 3_600);
    let morning = scene.people_hear();
    let to_bob: Vec<&String> = morning.iter().filter(|line| line.starts_with("telegram:bob")).collect();
    assert_eq!(to_bob, ["telegram:bob: 3 messages about 3 cases"], "{morning:?}");
    assert!(scene.people_hear().is_empty());
}

#[test]
fn a_flood_is_a_few_messages_and_then_one_while_programs_hear_each() {
    let mut scene = Scene::begin();
    for number in 1..=100 {
        scene.alert(number, Severity::High);
        scene.later_s(1);
        scene.work();
    }
    let to_ann = |scene: &Scene| scene.told.iter().filter(|wanted| wanted.target == "whatsapp:ann").count();
    assert_eq!(to_ann(&scene), 4);
    assert_eq!(scene.told.iter().filter(|wanted| wanted.target == "webhook:scada").count(), 100);
    scene.later_s(600);
    scene.work();
    assert_eq!(to_ann(&scene), 5);
    let last = scene.told.iter().rfind(|wanted| wanted.target == "whatsapp:ann").unwrap();
    assert_eq!(last.subject, "96 messages about 96 cases");
    assert!(message(last).text.contains("… and 88 more"));
    scene.later_s(10_000);
    assert!(scene.people_hear().iter().all(|line| !line.starts_with("whatsapp:ann")));
}

#[test]
fn what_nobody_looks_after_goes_on_to_the_next() {
    for attended in [false, true] {
        let mut scene = Scene::begin();
        scene.alert(1, Severity::High);
        scene.later_s(1);
        scene.work();
        if attended {
            let (asset, by) = ("pump-1".parse().unwrap(), "ann".parse().unwrap());
            scene.fact(StreamId::asset(&asset), AlarmAcknowledged { asset: asset.clone(), detector: "drift".into(), by });
        }
        scene.later_s(599);
        assert!(scene.people_hear().is_empty());
        scene.later_s(2);
        let heard = scene.people_hear();
        assert_eq!(heard.len(), usize::from(!attended), "{heard:?}");
        assert!(heard.iter().all(|line| line.starts_with("email:carl: Nobody has looked after this")));
    }
}

#[test]
fn what_did_not_arrive_goes_the_persons_next_way_once() {
    let mut scene = Scene::begin();
    scene.alert(1, Severity::High);
    scene.later_s(1);
    let effect = scene.work().into_iter().find(|wanted| wanted.target == "whatsapp:ann").unwrap().effect;
    let failed = EffectFailed { effect, attempt: 1, reason: "no such number".into(), final_: true, retry_at: None };
    scene.fact(StreamId::effect(effect), failed.clone());
    assert_eq!(scene.people_hear(), ["email:ann: HIGH pump-1: departs from normal"]);
    let by_mail = scene.told.last().unwrap().clone();
    assert!(message(&by_mail).repeat);
    scene.fact(StreamId::effect(effect), failed);
    let again = EffectFailed { effect: by_mail.effect, attempt: 1, reason: "no such host".into(), final_: true, retry_at: None };
    scene.fact(StreamId::effect(by_mail.effect), again);
    assert!(scene.people_hear().is_empty(), "she has no third way");
}

#[test]
fn those_who_heard_of_it_hear_how_it_ended_except_who_said_so() {
    let mut scene = Scene::begin();
    scene.alert(1, Severity::High);
    scene.later_s(1);
    scene.work();
    scene.outcome(1, "ann");
    assert_eq!(scene.people_hear(), ["telegram:bob: pump-1: repaired"]);
    scene.alert(2, Severity::High);
    scene.outcome(2, "ann");
    scene.later_s(60);
    assert!(scene.people_hear().is_empty(), "it was over before anybody heard of it");
}

#[test]
fn after_a_restart_exactly_what_was_not_told_is_told() {
    let mut scene = Scene::begin();
    let mut facts = vec![];
    let mut record = |scene: &mut Scene, stream: StreamId, event: Event| {
        let recorded = scene.recorded(stream, event);
        scene.desk.take(&recorded);
        facts.push(recorded);
    };
    let roster = scene.desk.list.site.roster.clone();
    let plant = scene.desk.list.site.plant.clone().unwrap();
    record(&mut scene, StreamId::site(), PlantDescribed { plant }.into());
    record(&mut scene, StreamId::site(), RosterAdopted { roster }.into());
    for number in 1..=20 {
        let asset: AssetId = format!("pump-{number}").parse().unwrap();
        let alert = AlertRaised::new(asset, "drift", Severity::High);
        record(&mut scene, StreamId::case(case(number)), alert.into());
    }
    scene.later_s(700);
    for _ in 0..3 {
        let due = scene.desk.next(scene.now).unwrap();
        let wanted = block_on(scene.desk.write(due.effect, scene.now)).unwrap();
        record(&mut scene, StreamId::effect(wanted.effect), wanted.into());
    }
    let mut restarted = MessageDesk::new(Arc::new(LastTime));
    facts.iter().for_each(|fact| restarted.take(fact));
    assert_eq!(restarted.list.items, scene.desk.list.items);
    assert_eq!(restarted.next(scene.now), scene.desk.next(scene.now));
}

#[test]
fn what_nobody_looks_after_goes_to_all_of_the_next_and_to_none_of_them_early() {
    let mut scene = Scene::with(
        r#"{"groups": {"next": ["carl", "dora"]}, "people": {"ann": {"by": ["whatsapp"]}, "carl": {"by": ["email"]}, "dora": {"by": ["email"]}},
            "alerts": {"to": "ann", "then_to": "next", "unread_after_s": 600}}"#,
    );
    scene.alert(1, Severity::High);
    scene.later_s(1);
    assert_eq!(scene.people_hear().len(), 1);
    scene.later_s(590);
    assert!(scene.people_hear().is_empty());
    scene.later_s(20);
    assert_eq!(scene.people_hear().iter().map(|heard| &heard[..10]).collect::<Vec<_>>(), ["email:carl", "email:dora"]);
}

proptest! {
    #[test]
    fn no_person_is_ever_told_more_than_the_limit_lets_but_for_what_is_urgent(gaps in proptest::collection::vec(0..120i64, 1..60)) {
        let mut scene = Scene::begin();
        let mut times: Vec<Timestamp> = vec![];
        for (number, gap) in (1..).zip(gaps) {
            scene.alert(number, Severity::Medium);
            for _ in 0..=gap {
                scene.later_s(1);
                let now = scene.now;
                times.extend(scene.work().iter().filter(|wanted| wanted.target == "whatsapp:ann").map(|_| now));
            }
        }
        for window in times.windows(5) {
            prop_assert!(window[4].since(window[0]) >= TimeDelta::seconds(600), "{times:?}");
        }
    }
}
