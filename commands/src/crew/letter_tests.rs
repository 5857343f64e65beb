//! What becomes of letters: answered, repeated, given up, or taken to a person.

use super::testing::*;
use crate::{
    AcknowledgeLetter, ChaseLetter, SendLetter,
    testing::{Asking, Scene, plant, scene},
};
use millwright_domain::{
    ids::LetterId,
    letter::{Addressee, LetterKind},
    priority::Priority,
};
use uuid::Uuid;

fn letter(number: u128) -> LetterId {
    LetterId(Uuid::from_u128(number))
}
fn written(number: u128, kind: LetterKind) -> SendLetter {
    let to = Addressee::Agent(OTHER.parse().unwrap());
    let (letter, body) = (letter(number), "is the pump's manual there?".to_string());
    SendLetter { letter, to, kind, priority: Priority::Medium, body, words: None, case: None, task: None, in_reply_to: None, requires_ack: true }
}
fn send(by: &str, letter: SendLetter) -> Asking {
    plant::ask(by, letter)
}
fn acknowledge(by: &str, number: u128) -> Asking {
    plant::ask(by, AcknowledgeLetter { letter: letter(number) })
}
fn chase(number: u128) -> Asking {
    plant::ask("svc-timekeeper", ChaseLetter { letter: letter(number) })
}
fn given_letter(kind: LetterKind) -> Scene {
    given_crew(scene()).when(send(CODER, written(1, kind))).then_facts(["LetterSent"])
}

#[test]
fn a_letter_is_acknowledged_by_whom_it_is_for_and_then_chased_no_more() {
    let scene = given_letter(LetterKind::Question).when(acknowledge(CODER, 1)).is_refused("not_yours");
    let scene = scene.when(acknowledge(OTHER, 1)).then_facts(["LetterAcknowledged"]).when(acknowledge(OTHER, 1)).is_already_so();
    scene.later_s(10_000).when(chase(1)).is_already_so();
}

#[test]
fn an_audit_request_to_a_silent_agent_ends_at_a_person_after_five_minutes() {
    let scene = given_letter(LetterKind::AuditRequest).when(acknowledge(OTHER, 1)).is_refused("answer_wanted");
    let scene = scene.later_s(37).when(chase(1)).is_refused("not_yet").later_s(1).when(chase(1)).then_facts(["LetterRepeated"]);
    let scene = scene.later_s(37).when(chase(1)).then_facts(["LetterRepeated"]).later_s(75).when(chase(1)).then_facts(["LetterRepeated"]);
    let scene = scene.later_s(149).when(chase(1)).is_refused("not_yet").later_s(1).when(chase(1)).then_facts(["LetterEscalated", "EffectWanted"]);
    assert_eq!(scene.wanted()[0].target, "notice:operators");
    scene.when(chase(1)).is_already_so().when(acknowledge("ann", 1)).then_facts(["LetterAcknowledged"]);
}

#[test]
fn who_slept_past_the_end_escalates_at_once_and_what_could_wait_is_given_up() {
    given_letter(LetterKind::UrgentAlert).later_s(301).when(chase(1)).then_facts(["LetterEscalated", "EffectWanted"]);
    given_letter(LetterKind::Finding).later_s(3_601).when(chase(1)).then_facts(["LetterDeadLettered"]).when(acknowledge(OTHER, 1)).happens();
}

#[test]
fn an_answer_acknowledges_what_it_answers_and_answers_come_to_an_end() {
    let reply = |number: u128, to: &str| SendLetter {
        to: Addressee::Agent(to.parse().unwrap()),
        in_reply_to: Some(letter(number - 1)),
        requires_ack: false,
        body: format!("answer {number}"),
        ..written(number, LetterKind::Answer)
    };
    let mut scene = given_letter(LetterKind::AuditRequest).when(send(OTHER, reply(2, CODER))).then_facts(["LetterSent", "LetterAcknowledged"]);
    for number in 3..=9 {
        let (from, to) = if number % 2 == 1 { (CODER, OTHER) } else { (OTHER, CODER) };
        scene = scene.when(send(from, reply(number, to))).then_facts(["LetterSent"]);
    }
    scene.when(send(OTHER, reply(10, CODER))).is_refused("too_many_hops");
}

#[test]
fn who_is_not_on_the_crew_writes_nothing_and_is_written_nothing() {
    let to = |to: Addressee| SendLetter { to, ..written(1, LetterKind::Question) };
    let role = |name: &str| Addressee::Role(name.parse().unwrap());
    let scene = given_crew(scene()).when(send("agent-nobody", written(1, LetterKind::Question))).is_refused("not_joined");
    let scene = scene.when(send(CODER, to(role("manual_hunter")))).is_refused("nobody_there").when(send(CODER, to(role("coder")))).happens();
    let scene = scene.when(stop("ann", OTHER)).happens().when(send(CODER, written(2, LetterKind::Question))).is_refused("nobody_there");
    scene.when(send(CODER, SendLetter { letter: letter(2), ..to(Addressee::Everyone) })).is_refused("nobody_there");
}

#[test]
fn a_person_writes_sealed_words_and_a_flood_of_letters_is_stopped() {
    let scene = given_crew(scene()).when(send("ann", written(1, LetterKind::Question))).is_refused("bad_letter");
    let words = SendLetter { words: Some(plant::sealed()), ..written(1, LetterKind::Question) };
    let mut scene = scene.when(send("ann", words)).happens();
    for number in 2..122 {
        scene = scene.when(send(CODER, written(number, LetterKind::Finding))).happens();
    }
    let scene = scene.when(send(CODER, written(200, LetterKind::Finding))).is_refused("too_many_letters");
    scene.later_s(60).when(send(CODER, written(200, LetterKind::Finding))).happens();
}

#[test]
fn an_exchange_without_anything_new_is_stopped_and_told_once() {
    let reply = |number: u128, to: &str, words: &str| SendLetter {
        to: Addressee::Agent(to.parse().unwrap()),
        in_reply_to: Some(letter(number - 1)),
        requires_ack: false,
        body: words.into(),
        ..written(number, LetterKind::Answer)
    };
    let scene = given_letter(LetterKind::Question).when(send(OTHER, reply(2, CODER, "Yes."))).then_facts(["LetterSent", "LetterAcknowledged"]);
    let scene = scene.when(send(CODER, reply(3, OTHER, "Yes."))).happens().when(send(OTHER, reply(4, CODER, "yes"))).is_refused("nothing_new");
    let scene = scene.then_recorded(["LoopStopped"]).when(send(OTHER, reply(4, CODER, "YES!"))).is_refused("nothing_new");
    scene.then_recorded([]).when(send(OTHER, reply(4, CODER, "It is on the shelf."))).happens();
}
