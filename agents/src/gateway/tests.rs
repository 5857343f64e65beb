//! What the gateway does when models fail, stall, and cost too much.

use super::{
    question::{Question, Unanswered},
    route::Standing,
    testing::{Act, Set, deployment, question, used, with_words},
};
use chrono::TimeDelta;
use millwright_domain::{
    going_round::LoopSign,
    ids::CaseId,
    model_call::{CallFailed, Capability},
};
use proptest::prelude::*;
use std::time::Duration;
use uuid::Uuid;

const ENOUGH: u64 = 1_000_000;

fn fails() -> Act {
    Act::Fail(CallFailed::Failed("500".into()))
}
fn overloaded() -> Act {
    Act::Fail(CallFailed::Overloaded("529".into()))
}
fn limited(seconds: u64) -> Act {
    Act::Fail(CallFailed::RateLimited { said: "429".into(), wait: Some(Duration::from_secs(seconds)) })
}
fn says(text: &'static str) -> Act {
    Act::Say(text, used(50, 7))
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_held_for_dispatched_asked_and_settled_in_this_order() {
    let set = Set::of(ENOUGH, &[("cheap", &[says("yes")]), ("dear", &[says("no")])]);
    let given = set.gateway.ask(&question(1)).await.unwrap();
    assert_eq!((given.answer.said.text.as_str(), given.attempts, given.cost.0), ("yes", 1, 50_000 + 14_000));
    assert_eq!(set.diary(), ["reserved for cheap", "dispatched", "asked cheap", "settled 57 (Provider)", "answered by cheap"]);
    assert_eq!((set.purse.pocket.settled(), set.purse.pocket.held()), (57, 0));
}

#[tokio::test(start_paused = true)]
async fn the_next_one_of_the_same_class_takes_over_with_a_hold_of_its_own() {
    let mut strong = deployment("strong");
    strong.class = "strong".parse().unwrap();
    let models = vec![(strong, vec![says("no")]), (deployment("one"), vec![overloaded()]), (deployment("two"), vec![says("yes")])];
    let set = Set::with(ENOUGH, models);
    let given = set.gateway.ask(&question(1)).await.unwrap();
    assert_eq!((given.deployment.as_str(), given.attempts), ("two", 2));
    let expected = ["reserved for one", "dispatched", "asked one", "released", "failed one overloaded"];
    let diary = set.diary();
    assert_eq!(diary[..5], expected);
    assert_eq!(diary[5], "reserved for two");
}

#[tokio::test(start_paused = true)]
async fn one_that_stalls_gets_its_share_of_the_time_and_counts_in_full() {
    let set = Set::of(ENOUGH, &[("stalls", &[Act::Stall]), ("well", &[says("yes")])]);
    let begun = tokio::time::Instant::now();
    let given = set.gateway.ask(&question(1)).await.unwrap();
    assert_eq!(given.deployment.as_str(), "well");
    assert!((20.0..21.0).contains(&begun.elapsed().as_secs_f64()), "a third of a minute: {:?}", begun.elapsed());
    let most = question(1).prompt.input_bound() + 500;
    assert!(set.diary().contains(&format!("settled {most} (Reserved)")));
    assert_eq!((set.purse.pocket.estimated(), set.purse.pocket.settled()), (most, most + 57));
}

#[tokio::test(start_paused = true)]
async fn three_requests_are_all_for_one_question_and_then_the_rules_speak() {
    let set = Set::of(ENOUGH, &[("one", &[overloaded()]), ("two", &[overloaded()])]);
    let given = set.gateway.ask(&with_words(1)).await.unwrap();
    assert_eq!((given.deployment.as_str(), given.attempts, given.answer.said.text.as_str()), ("rules", 3, "The rules say: bearing."));
    assert!(matches!(given.plainly, Some(Unanswered::Failed(CallFailed::Overloaded(_)))), "{:?}", given.plainly);
    assert_eq!(set.diary().iter().filter(|line| line.starts_with("asked")).count(), 3);
    assert!(matches!(set.gateway.ask(&question(2)).await, Err(Unanswered::Failed(_))), "without words there is no answer");
}

#[tokio::test(start_paused = true)]
async fn one_that_wants_to_be_left_alone_is_waited_for_if_there_is_time() {
    let set = Set::of(ENOUGH, &[("only", &[limited(7), says("yes")])]);
    let begun = tokio::time::Instant::now();
    assert_eq!(set.gateway.ask(&question(1)).await.unwrap().attempts, 2);
    assert!((7.0..8.0).contains(&begun.elapsed().as_secs_f64()));
    let set = Set::of(ENOUGH, &[("only", &[limited(70), says("yes")])]);
    let given = set.gateway.ask(&with_words(1)).await.unwrap();
    assert_eq!((given.deployment.as_str(), given.attempts), ("rules", 1), "not beyond the deadline");
}

#[tokio::test(start_paused = true)]
async fn without_money_nothing_leaves_and_the_rules_speak() {
    let set = Set::of(100, &[("one", &[says("no")]), ("two", &[says("no")])]);
    let given = set.gateway.ask(&with_words(1)).await.unwrap();
    assert!(matches!(given.plainly, Some(Unanswered::Denied(_))) && given.attempts == 0);
    assert_eq!(set.diary(), ["denied to one", "failed one over_budget", "denied to two", "failed two over_budget", "answered by rules"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_down_does_not_leave() {
    let set = Set::of(ENOUGH, &[("one", &[says("no")])]);
    *set.purse.is_deaf.lock().unwrap() = true;
    assert!(matches!(set.gateway.ask(&question(1)).await, Err(Unanswered::Denied(_))));
    assert_eq!(set.diary(), ["reserved for one", "released", "failed one no_budget"]);
    assert_eq!(set.purse.pocket.held(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_asker_that_goes_away_leaves_a_settled_account_and_no_bad_name() {
    let set = Set::of(ENOUGH, &[("one", &[Act::Stall, says("yes")])]);
    let gone = tokio::time::timeout(Duration::from_secs(1), set.gateway.ask(&question(1))).await;
    assert!(gone.is_err());
    assert_eq!(set.diary(), ["reserved for one", "dispatched", "asked one", "abandoned Some(Reserved)", "failed one abandoned"]);
    assert_eq!(set.purse.pocket.held(), 0);
    assert!(set.purse.pocket.estimated() > 500, "it may have been billed");
    assert_eq!(set.gateway.health(&"one".parse().unwrap()).0, Standing::Well);
}

#[tokio::test(start_paused = true)]
async fn a_single_deployment_trips_and_is_probed() {
    let mut acts = vec![overloaded(); 5];
    acts.push(says("yes"));
    let set = Set::of(ENOUGH, &[("only", &acts)]);
    for number in 1..=2 {
        let _failed = set.gateway.ask(&question(number)).await;
    }
    assert_eq!(set.diary().iter().filter(|line| line.starts_with("asked")).count(), 5);
    let Err(Unanswered::NoneFits(_)) = set.gateway.ask(&question(3)).await else { panic!("asked although it is open") };
    assert_eq!(set.diary(), Vec::<String>::new());
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(set.gateway.ask(&question(4)).await.unwrap().answer.said.text, "yes");
}

#[tokio::test(start_paused = true)]
async fn what_must_not_leave_the_house_is_not_asked_outside_although_all_else_fails() {
    let mut outside = deployment("outside");
    outside.is_local = false;
    let set = Set::with(ENOUGH, vec![(outside, vec![says("no")]), (deployment("inside"), vec![overloaded()])]);
    let mut question = with_words(1);
    question.policy.local_only = true;
    assert_eq!(set.gateway.ask(&question).await.unwrap().deployment.as_str(), "rules");
    assert!(!set.diary().contains(&"asked outside".to_string()));
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_told_and_another_model_takes_over_only_before_its_first_word() {
    let set = Set::of(ENOUGH, &[("one", &[Act::Stall]), ("two", &[says("yes")])]);
    let mut told = String::new();
    let mut tell = |text: &str| told.push_str(text);
    set.gateway.ask_telling(&question(1), Some(&mut tell)).await.unwrap();
    assert_eq!(told, "yes");
    let set = Set::of(ENOUGH, &[("one", &[Act::SayAndStall("It is the")]), ("two", &[says("yes")])]);
    let mut told = String::new();
    let mut tell = |text: &str| told.push_str(text);
    let failed = set.gateway.ask_telling(&with_words(2), Some(&mut tell)).await.unwrap();
    assert_eq!((told.as_str(), failed.deployment.as_str()), ("It is the", "rules"));
    let least = question(1).prompt.input_bound() + 9;
    assert!(set.diary().contains(&format!("settled {least} (Estimated)")), "input and what was heard");
}

#[tokio::test(start_paused = true)]
async fn sixty_four_at_once_never_pass_the_limit() {
    let room = question(1).prompt.input_bound() + 500;
    let set = Set::of(3 * room, &[("one", &[Act::Say("yes", used(200, 300))])]);
    let asked = futures::future::join_all((0..64).map(|number| {
        let question = with_words(number);
        let gateway = &set.gateway;
        async move { gateway.ask(&question).await.unwrap() }
    }));
    let by_models = asked.await.iter().filter(|given| given.plainly.is_none()).count();
    assert_eq!(by_models, 3);
    assert!(set.purse.pocket.peak() <= 3 * room && set.purse.pocket.held() == 0);
}

#[tokio::test(start_paused = true)]
async fn the_same_question_about_a_case_is_not_asked_again_and_the_rules_speak() {
    let set = Set::of(ENOUGH, &[("one", &[says("yes")])]);
    let about_a_case = |number| Question { case: Some(CaseId(Uuid::nil())), ..with_words(number) };
    assert_eq!(set.gateway.ask(&about_a_case(1)).await.unwrap().answer.said.text, "yes");
    set.diary();
    let given = set.gateway.ask(&about_a_case(2)).await.unwrap();
    assert!(matches!(given.plainly, Some(Unanswered::WentRound(LoopSign::SameQuestion))), "{given:?}");
    assert_eq!(set.diary(), ["svc-test went round", "answered by rules"]);
    assert_eq!(set.gateway.ask(&with_words(3)).await.unwrap().answer.said.text, "yes", "what is about no case is not looked at");
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_one_phrase_is_paid_for_and_not_taken() {
    let set = Set::of(
        ENOUGH,
        &[(
            "one",
            &[says(
                "on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on",
            )],
        )],
    );
    let given = set.gateway.ask(&Question { case: Some(CaseId(Uuid::nil())), ..with_words(1) }).await.unwrap();
    assert_eq!((given.deployment.as_str(), given.attempts), ("rules", 1));
    assert_eq!((set.purse.pocket.settled(), set.purse.pocket.held()), (57, 0));
}

#[test]
fn what_a_question_needs_follows_from_its_prompt() {
    let mut question = question(1);
    assert!(question.needs().is_empty());
    question.prompt = question.prompt.tool("look", "looks", serde_json::json!({})).wanting("x", serde_json::json!({}));
    assert_eq!(question.needs(), [Capability::Tools, Capability::Json].into());
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => Just(says("yes")),
        1 => Just(fails()),
        1 => Just(overloaded()),
        1 => Just(Act::Stall),
        1 => Just(Act::SayAndStall("half")),
        1 => (1u64..100).prop_map(limited),
        1 => Just(Act::Fail(CallFailed::NotAuthorised("401".into()))),
        1 => Just(Act::Fail(CallFailed::Refused("400".into()))),
        1 => Just(Act::Fail(CallFailed::BadAnswer { said: "a lie".into(), usage: Some(used(40, 900)) })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_goes_wrong_the_account_is_closed_in_time_and_never_too_low(acts in proptest::collection::vec(proptest::collection::vec(any_act(), 1..6), 1..4), questions in 1u128..6, streaming: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (over, late, held, requests, settled) = runtime.block_on(async {
            let models = acts.iter().enumerate().map(|(at, acts)| (deployment(&format!("d{at}")), acts.clone())).collect();
            let set = Set::with(ENOUGH, models);
            let (mut most, mut late) = (0, false);
            let mut diary = vec![];
            for number in 0..questions {
                let begun = tokio::time::Instant::now();
                let mut tell = |_: &str| {};
                let given = if streaming { set.gateway.ask_telling(&with_words(number), Some(&mut tell)).await } else { set.gateway.ask(&with_words(number)).await };
                most = most.max(given.unwrap().attempts);
                late |= TimeDelta::from_std(begun.elapsed()).unwrap() > TimeDelta::milliseconds(60_010);
                diary.extend(set.diary());
            }
            let answered = diary.iter().filter(|line| line.starts_with("answered by d")).count() as u64;
            let lies = diary.iter().filter(|line| line.ends_with("bad_answer")).count() as u64;
            (most > 3, late, set.purse.pocket.held(), answered * 57 + lies * 940, set.purse.pocket.settled())
        });
        prop_assert!(!over && !late && held == 0);
        prop_assert!(settled >= requests, "{settled} settled, {requests} used");
    }
}
