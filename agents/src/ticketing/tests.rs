//! What is done in a case's tickets, and in which order.

use super::{Curves, TicketDesk};
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
    case::{AlertRaised, DiagnosisRecorded, Outcome, OutcomeRecorded, Severity},
    effect::{EffectFailed, EffectWanted},
    envelope::{Recorded, StreamId},
    ids::{AssetId, CaseId, CauseId, SignalId, SiteId},
    plant::{Plant, Source},
    roster::{Roster, RosterAdopted},
    site::PlantDescribed,
    ticket::{TicketDeed, TicketOpened, TicketRef, TicketTouched, TicketWork},
};
use std::sync::Arc;
use uuid::Uuid;

struct Nothing;

#[async_trait]
impl Precedents for Nothing {
    async fn of(&self, _: CaseId, _: &AssetId, _: Option<&CauseId>) -> Option<Precedent> {
        None
    }
}
#[async_trait]
impl Curves for Nothing {
    async fn means(&self, _: &SiteId, _: &SignalId, _: [Timestamp; 2], _: usize) -> Vec<Option<f64>> {
        vec![]
    }
}

struct Scene {
    desk: TicketDesk,
    now: Timestamp,
    facts: Vec<Recorded>,
}

fn case() -> CaseId {
    CaseId(Uuid::from_u128(1))
}
fn ticket(system: &str) -> TicketRef {
    TicketRef { system: system.into(), id: "17".into(), url: String::new() }
}
fn desk() -> TicketDesk {
    TicketDesk::new(Arc::new(Nothing), Arc::new(Nothing))
}

impl Scene {
    fn with(systems: &str) -> Self {
        let mut scene = Self { desk: desk(), now: Timestamp::from_secs(1_000), facts: vec![] };
        let plant = Plant { site: "demo".parse().unwrap(), name: "Demo".into(), source: Source::Live, assets: vec![] };
        scene.fact(StreamId::site(), PlantDescribed { plant });
        let roster: Roster = serde_json::from_str(&format!(r#"{{"tickets": {systems}, "links": {{"page": "https://mill"}}}}"#)).unwrap();
        scene.fact(StreamId::site(), RosterAdopted { roster });
        scene
    }
    fn fact(&mut self, stream: StreamId, event: impl Into<Event>) {
        let seq = self.facts.len() as u64;
        let recorded = testing::recorded(seq, self.now, stream, event);
        self.desk.take(&recorded);
        self.facts.push(recorded);
    }
    fn of_case(&mut self, event: impl Into<Event>) {
        self.fact(StreamId::case(case()), event);
    }
    fn alert(&mut self, severity: Severity) {
        let asset = "pump-1".parse().unwrap();
        self.of_case(AlertRaised::new(asset, "drift", severity));
    }
    fn diagnosis(&mut self, cause: &str) {
        let diagnosis = DiagnosisRecorded { explanation: "<b>vibration</b>".into(), ..testing::diagnosis("pump-1".parse().unwrap(), cause, 0.86) };
        self.of_case(diagnosis);
    }
    fn outcome(&mut self) {
        let (by, outcome) = ("ann".parse().unwrap(), Outcome::Repaired);
        self.of_case(OutcomeRecorded { outcome, by, credited: None, true_cause: None, note: None, evidence: vec![], closes: true });
    }
    fn opened(&mut self, system: &str) {
        self.of_case(TicketOpened { case: case(), ticket: ticket(system) });
    }
    fn touched(&mut self, by: Option<&str>, deed: TicketDeed) {
        let by = by.map(|by| by.parse().unwrap());
        self.of_case(TicketTouched { ticket: ticket("github"), delivery: self.facts.len().to_string(), by, deed, words: None });
    }
    fn work(&mut self) -> Vec<EffectWanted> {
        self.now = self.now + TimeDelta::seconds(1);
        let mut done = vec![];
        while let Some(due) = self.desk.next(self.now).filter(|due| due.at <= self.now) {
            let Some(wanted) = block_on(self.desk.write(due.effect, self.now)) else {
                self.desk.drop(due.effect);
                continue;
            };
            self.fact(StreamId::effect(wanted.effect), wanted.clone());
            done.push(wanted);
            assert!(done.len() < 100, "it goes on for ever");
        }
        done
    }
    /// What is done, as `system: work`.
    fn does(&mut self) -> Vec<String> {
        let done = self.work().into_iter().map(|wanted| {
            let work = match serde_json::from_str(&wanted.body).unwrap() {
                TicketWork::Open { text } => format!("open {}", text.title),
                TicketWork::Edit { text, .. } => format!("edit {}", text.title),
                TicketWork::Comment { body, .. } => format!("comment {body}"),
                TicketWork::Close { body, .. } => format!("close {body}"),
                TicketWork::Reopen { body, .. } => format!("reopen {body}"),
            };
            format!("{}: {work}", wanted.target.split(':').next().unwrap())
        });
        done.collect()
    }
}

#[test]
fn a_case_has_one_ticket_however_often_it_is_alerted_and_the_ticket_says_what_the_case_does() {
    let mut scene = Scene::with(r#"["github"]"#);
    scene.alert(Severity::High);
    scene.diagnosis("bearing_wear");
    assert_eq!(scene.does(), ["tickets/github: open pump-1: bearing_wear (86 %)"]);
    for _ in 0..10_000 {
        scene.alert(Severity::High);
    }
    scene.diagnosis("clogging");
    assert!(scene.does().is_empty(), "nothing before the ticket is open");
    scene.opened("github");
    assert_eq!(scene.does(), ["tickets/github: edit pump-1: clogging (86 %)"]);
    scene.outcome();
    assert_eq!(scene.does(), ["tickets/github: close Closed: repaired."]);
    scene.touched(Some("ann"), TicketDeed::Reopened);
    assert!(scene.does()[0].contains("stays so"));
}

#[test]
fn each_system_goes_its_own_way_and_none_waits_for_another() {
    let mut scene = Scene::with(r#"["github", "trello"]"#);
    scene.alert(Severity::High);
    assert_eq!(scene.does().len(), 2);
    scene.opened("trello");
    scene.outcome();
    assert_eq!(scene.does(), ["tickets/trello: close Closed: repaired."]);
    scene.opened("github");
    assert_eq!(scene.does(), ["tickets/github: close Closed: repaired."]);
}

#[test]
fn what_could_not_be_opened_holds_up_nothing_and_is_caught_up_with_if_a_person_opens_it_after_all() {
    let mut scene = Scene::with(r#"["github", "trello"]"#);
    scene.alert(Severity::High);
    let opening = scene.work();
    let trello = opening.iter().find(|wanted| wanted.target.starts_with("tickets/trello")).unwrap().effect;
    scene.opened("github");
    scene.fact(StreamId::effect(trello), EffectFailed { effect: trello, attempt: 16, reason: String::new(), final_: true, retry_at: None });
    scene.diagnosis("clogging");
    assert_eq!(scene.does(), ["tickets/github: edit pump-1: clogging (86 %)"]);
    scene.opened("trello");
    assert_eq!(scene.does(), ["tickets/trello: edit pump-1: clogging (86 %)"]);
}

#[test]
fn a_ticket_that_somebody_closes_without_a_word_is_opened_again_as_the_case_is_open() {
    let mut scene = Scene::with(r#"["github"]"#);
    scene.alert(Severity::High);
    scene.work();
    scene.opened("github");
    scene.touched(Some("ann"), TicketDeed::Closed { means: Some(Outcome::Repaired) });
    assert!(scene.does().is_empty(), "the case is about to be closed with it");
    scene.touched(None, TicketDeed::Closed { means: Some(Outcome::Repaired) });
    assert!(scene.does()[0].contains("reopen The case is still open"));
    scene.touched(None, TicketDeed::Commented { means: Some(Outcome::Repaired) });
    assert!(scene.does()[0].contains("not enrolled"));
    scene.touched(None, TicketDeed::Commented { means: None });
    assert!(scene.does().is_empty());
}

#[test]
fn a_ticket_is_opened_again_once_and_not_when_the_case_is_over_by_then() {
    let mut scene = Scene::with(r#"["github"]"#);
    scene.alert(Severity::High);
    scene.work();
    scene.opened("github");
    scene.touched(None, TicketDeed::Closed { means: None });
    assert!(scene.does()[0].starts_with("tickets/github: reopen The case is still open"));
    // A program that closes whatever is old, say.
    for _ in 0..3 {
        scene.touched(None, TicketDeed::Closed { means: None });
        assert!(scene.does()[0].starts_with("tickets/github: comment The case is still open"));
    }
    let mut scene = Scene::with(r#"["github"]"#);
    scene.alert(Severity::High);
    scene.work();
    scene.opened("github");
    scene.touched(None, TicketDeed::Closed { means: None });
    scene.outcome();
    assert_eq!(scene.does(), ["tickets/github: close Closed: repaired."]);
}

#[test]
fn what_a_rule_wrote_is_no_markup_in_a_ticket() {
    let mut scene = Scene::with(r#"["github"]"#);
    scene.alert(Severity::High);
    scene.diagnosis("bearing_wear");
    let opened = scene.work();
    assert!(opened[0].body.contains("&lt;b&gt;vibration") && opened[0].body.contains("https://mill/#/cases/"), "{}", opened[0].body);
}

#[test]
fn after_a_restart_at_any_fact_the_same_is_left_to_do() {
    let mut scene = Scene::with(r#"["github", "trello"]"#);
    scene.alert(Severity::High);
    scene.work();
    scene.opened("github");
    scene.diagnosis("bearing_wear");
    scene.work();
    scene.outcome();
    scene.opened("trello");
    let left = scene.desk.list.items.clone();
    let mut restarted = desk();
    scene.facts.iter().for_each(|fact| restarted.take(fact));
    assert_eq!(restarted.list.items, left);
    assert!(!left.is_empty());
}
