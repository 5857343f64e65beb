//! What a crew can and cannot do with tasks and with its own places.

use super::testing::*;
use crate::{
    BlockAgent, BlockTask, CheckAgent, ChooseModel, Claim, DrainAgent, FileTask, QueueTask, ReportMetrics, RevertTask, SpawnAgent, UnblockTask,
    testing::{Scene, plant, scene},
};
use chrono::TimeDelta;
use millwright_domain::{
    agent::{AgentStatus, Figures},
    priority::Priority,
    task::{BlockReason, Mark, Stage, TaskSpec},
};
use proptest::prelude::*;

const HOUR: i64 = 3_600;

#[track_caller]
fn is(scene: &Scene, number: u128, stage: Stage) {
    assert_eq!(scene.site().crew.tasks[&task(number)].stage, stage);
}
fn status(scene: &Scene, agent: &str) -> AgentStatus {
    scene.site().crew.agents[&agent.parse().unwrap()].status()
}

#[test]
fn a_task_is_taken_delivered_and_accepted_by_a_person_and_never_by_a_program() {
    let scene = given_crew(scene()).when(claim(CODER, 1)).then_facts(["TaskClaimed"]);
    assert_eq!(scene.subject().parse(), Ok(Claim { task: task(1), fence: 1 }));
    assert_eq!(status(&scene, CODER), AgentStatus::Active);
    let scene = scene.when(accept("ann", 1, 1)).is_refused("illegal_move").when(deliver(CODER, 1, 1)).then_facts(["TaskDelivered"]);
    assert_eq!(status(&scene, CODER), AgentStatus::Idle);
    let scene = scene.when(accept(CODER, 1, 1)).is_refused("not_a_person").then_recorded(["CommandRefused"]);
    let scene = scene.when(tested(CODER, 1, 1, true)).is_refused("not_a_tester").when(tested("svc-tester", 1, 1, true));
    let scene = scene.then_facts(["ResultTested"]).when(accept("svc-monkey", 1, 1)).is_refused("not_a_person");
    let scene = scene.when(accept("ann", 1, 7)).is_refused("another_result").when(accept("ann", 1, 1)).then_facts(["TaskAccepted"]);
    scene.when(accept("bob", 1, 1)).is_already_so().when(send_back("bob", 1, 1)).is_refused("illegal_move");
}

#[test]
fn a_killed_agents_task_goes_back_and_another_does_it_and_the_old_fence_opens_nothing() {
    let scene = given_crew(scene()).when(claim(CODER, 1)).happens().when(claim(OTHER, 1)).is_refused("task_taken");
    let scene = scene.when(stop("ann", CODER)).then_facts(["AgentStopped", "LeaseLost"]);
    is(&scene, 1, Stage::Pending);
    let scene = scene.when(deliver(CODER, 1, 1)).is_refused("lease_lost").when(claim(OTHER, 1)).then_facts(["TaskClaimed"]);
    let scene = scene.when(renew(CODER, 1, 1)).is_refused("lease_lost").when(deliver(CODER, 1, 2)).is_refused("lease_lost");
    let scene = scene.when(deliver(OTHER, 1, 1)).is_refused("lease_lost").when(deliver(OTHER, 1, 2)).happens();
    is(&scene, 1, Stage::Review);
    scene.when(claim(CODER, 1)).is_refused("agent_stopped").when(join(CODER, &["write_code"], 1)).is_refused("agent_stopped");
}

#[test]
fn a_lease_ends_by_the_clock_whether_or_not_anybody_has_said_so() {
    let scene = given_crew(scene()).when(claim(CODER, 1)).happens().later_s(119).when(renew(CODER, 1, 1)).then_facts(["LeaseRenewed"]);
    let scene = scene.later_s(119).when(expire(1, 1)).is_refused("not_yet").later_s(1).when(deliver(CODER, 1, 1)).is_refused("lease_lost");
    let other = scene.clone().when(claim(OTHER, 1)).then_facts(["LeaseLost", "TaskClaimed"]).when(expire(1, 1)).is_already_so();
    is(&other, 1, Stage::Active);
    let scene = scene.when(expire(1, 1)).then_facts(["LeaseLost"]).when(expire(1, 1)).is_already_so();
    is(&scene, 1, Stage::Pending);
    assert_eq!(status(&scene, CODER), AgentStatus::Idle);
}

#[test]
fn an_agent_takes_what_it_can_do_and_no_more_than_it_has_hands_for() {
    let scene = given_crew(scene()).when(file("ann", 2, spec("read_manuals"))).happens().when(claim("agent-nobody", 1)).is_refused("not_joined");
    let scene = scene.when(claim(CODER, 2)).is_refused("not_capable").when(claim(CODER, 1)).happens();
    let scene = scene.when(file("ann", 3, spec("write_code"))).happens().when(claim_next(CODER)).is_refused("hands_full");
    let scene = scene.when(claim_next(OTHER)).then_facts(["TaskClaimed"]).when(join("ann", &["write_code"], 1)).is_refused("not_an_agent");
    let scene = scene.when(join("agent-third", &["write_code"], 1)).happens().when(claim_next("agent-third")).is_refused("no_task");
    scene.when(join("agent-third", &[], 1)).is_refused("bad_agent");
}

#[test]
fn the_most_pressing_task_comes_first_and_what_waits_grows_more_pressing() {
    let of = |priority| TaskSpec { priority, ..spec("write_code") };
    let due = |scene: &Scene, hours| TaskSpec { deadline: Some(scene.now().wall + TimeDelta::hours(hours)), ..of(Priority::Low) };
    let scene = scene().given_plant().when(join(CODER, &["write_code"], 5)).happens().when(file("ann", 1, of(Priority::Low))).happens();
    let scene = scene.later_s(25 * HOUR).when(file("ann", 2, of(Priority::Critical))).happens();
    let urgent = due(&scene, 20);
    let scene = scene.when(file("ann", 3, urgent)).happens().when(mark(3, Mark::Urgent)).happens();
    let scene = scene.when(claim_next(CODER)).happens().is_about(&Claim { task: task(3), fence: 1 }.to_string());
    let scene = scene.when(claim_next(CODER)).happens().is_about(&Claim { task: task(1), fence: 2 }.to_string());
    scene.when(claim_next(CODER)).happens().is_about(&Claim { task: task(2), fence: 3 }.to_string());
}

#[test]
fn what_waits_for_others_is_blocked_until_the_last_of_them_is_done() {
    let scene = given_crew(scene());
    let after = TaskSpec { depends_on: vec![task(1)], ..spec("write_code") };
    let scene = scene.when(file("ann", 2, after)).then_facts(["TaskFiled", "TaskQueued", "TaskBlocked"]).when(claim(CODER, 2));
    let scene = scene.is_refused("illegal_move").when(claim(CODER, 1)).happens().when(deliver(CODER, 1, 1)).happens();
    let scene = scene.when(accept("ann", 1, 1)).then_facts(["TaskAccepted", "TaskUnblocked"]).when(claim(CODER, 2)).then_facts(["TaskClaimed"]);
    let unknown = TaskSpec { depends_on: vec![task(99)], ..spec("write_code") };
    scene.when(file("ann", 3, unknown)).is_refused("bad_task");
}

#[test]
fn a_passed_test_accepts_an_autonomous_task_and_three_failed_ones_leave_it_to_a_person() {
    let scene = scene().given_plant().when(join(CODER, &["write_code"], 1)).happens();
    let scene = scene.when(file("ann", 1, TaskSpec { autonomous: true, ..spec("write_code") })).happens();
    let passed = scene.clone().when(claim(CODER, 1)).happens().when(deliver(CODER, 1, 1)).happens();
    passed.when(tested("svc-tester", 1, 1, true)).then_facts(["ResultTested", "TaskAccepted"]);
    let mut scene = scene;
    for fence in 1..=3 {
        scene = scene.when(claim(CODER, 1)).happens().when(deliver(CODER, 1, fence)).happens().when(tested("svc-tester", 1, fence, false));
        scene = if fence < 3 { scene.then_facts(["ResultTested", "TaskSentBack"]) } else { scene.then_facts(["ResultTested"]) };
    }
    is(&scene, 1, Stage::Review);
}

#[test]
fn what_failed_is_tried_three_times_where_that_can_help_and_then_waits_for_a_person() {
    let mut scene = given_crew(scene());
    for fence in 1..=3 {
        scene = scene.when(claim(CODER, 1)).happens().when(fail(CODER, 1, fence, true));
        scene = if fence < 3 { scene.then_facts(["TaskFailed", "TaskQueued"]) } else { scene.then_facts(["TaskFailed"]) };
    }
    let scene = scene
        .when(claim(CODER, 1))
        .is_refused("illegal_move")
        .when(plant::ask(CODER, QueueTask { task: task(1), why: None }))
        .is_refused("not_a_person");
    let scene = scene.when(plant::ask("ann", QueueTask { task: task(1), why: None })).then_facts(["TaskQueued"]).when(claim(CODER, 1)).happens();
    scene.when(fail(CODER, 1, 4, false)).then_facts(["TaskFailed"]);
}

#[test]
fn a_program_outside_files_into_the_backlog_and_moves_nothing_that_it_does_not_hold() {
    let filed = |queue, autonomous| FileTask { task: task(2), spec: TaskSpec { autonomous, ..spec("write_code") }, queue };
    let scene = given_crew(scene()).when(plant::ask(CODER, filed(true, false))).is_refused("not_a_person");
    let scene = scene.when(plant::ask(CODER, filed(false, true))).is_refused("not_a_person");
    let scene = scene.when(plant::ask(CODER, filed(false, false))).then_facts(["TaskFiled"]).when(claim(CODER, 2)).is_refused("illegal_move");
    let block = |fence| BlockTask { task: task(1), reason: BlockReason::Input, fence, note: None };
    let scene = scene.when(plant::ask(CODER, block(None))).is_refused("not_a_person").when(claim(CODER, 1)).happens();
    let scene = scene.when(plant::ask(OTHER, block(Some(1)))).is_refused("lease_lost").when(plant::ask(CODER, block(Some(1)))).happens();
    is(&scene, 1, Stage::Blocked);
    let unblock = || UnblockTask { task: task(1) };
    let scene = scene.when(plant::ask(CODER, unblock())).is_refused("not_a_person").when(plant::ask("ann", unblock())).happens();
    let revert = || RevertTask { task: task(1), note: None };
    let scene = scene.when(plant::ask("svc-monkey", revert())).is_refused("not_a_person").when(plant::ask("ann", revert())).happens();
    scene.when(plant::ask("ann", revert())).is_already_so().when(claim(CODER, 1)).is_refused("illegal_move");
}

#[test]
fn the_clock_says_once_that_a_task_is_stale_urgent_or_blocked_for_too_long() {
    let scene = given_crew(scene()).when(mark(1, Mark::Stale)).is_already_so().when(claim(CODER, 1)).happens();
    let mut scene = scene.when(mark(1, Mark::Stale)).is_refused("not_yet");
    for _ in 0..(7 * 24) {
        scene = scene.when(plant::ask(CODER, crate::RenewLease { task: task(1), fence: 1, lease_s: 3_600 })).happens().later_s(HOUR - 1);
    }
    let scene = scene.when(mark(1, Mark::Stale)).is_refused("not_yet").later_s(168).when(mark(1, Mark::Stale)).then_facts(["TaskMarked"]);
    let scene = scene.when(mark(1, Mark::Stale)).is_already_so();
    let block = BlockTask { task: task(1), reason: BlockReason::Approval, fence: None, note: None };
    let scene = scene.when(plant::ask("ann", block)).happens().later_s(48 * HOUR - 1).when(mark(1, Mark::Escalated)).is_refused("not_yet");
    let scene = scene.later_s(1).when(mark(1, Mark::Escalated)).then_facts(["TaskMarked", "EffectWanted"]).when(mark(1, Mark::Escalated));
    assert!(scene.is_already_so().site().crew.tasks[&task(1)].marks.contains(&Mark::Escalated));
}

#[test]
fn an_agent_is_drained_stopped_and_spawned_by_people_and_may_leave_by_itself() {
    let agent = || CODER.parse().unwrap();
    let scene = given_crew(scene()).when(claim(CODER, 1)).happens().when(plant::ask(OTHER, DrainAgent { agent: agent() })).is_refused("not_a_person");
    let scene = scene.when(plant::ask("ann", DrainAgent { agent: agent() })).then_facts(["AgentDrained"]).when(renew(CODER, 1, 1)).happens();
    assert_eq!(status(&scene, CODER), AgentStatus::Draining);
    let scene = scene.when(deliver(CODER, 1, 1)).happens().when(file("ann", 2, spec("write_code"))).happens();
    let scene = scene.when(claim(CODER, 2)).is_refused("agent_draining").when(stop(OTHER, CODER)).is_refused("not_a_person");
    let scene = scene.when(stop("ann", CODER)).then_facts(["AgentStopped"]).when(stop("ann", CODER)).is_already_so();
    let scene = scene.when(plant::ask("ann", SpawnAgent { agent: agent() })).then_facts(["AgentSpawned"]);
    assert_eq!(status(&scene, CODER), AgentStatus::NotSpawned);
    let scene = scene.when(claim(CODER, 2)).is_refused("not_joined").when(join(CODER, &["write_code"], 1)).happens();
    let scene = scene.when(join(CODER, &["write_code"], 1)).is_already_so().when(claim(CODER, 2)).happens();
    let scene = scene.when(stop(CODER, CODER)).then_facts(["AgentStopped", "LeaseLost"]).when(join(CODER, &["write_code"], 1)).happens();
    assert_eq!(status(&scene, CODER), AgentStatus::Idle);
}

#[test]
fn who_is_not_heard_for_a_quarter_of_an_hour_is_silent_until_it_is_heard_again() {
    let check = || plant::ask("svc-timekeeper", CheckAgent { agent: CODER.parse().unwrap() });
    let report = |figures| plant::ask(CODER, ReportMetrics { figures });
    let scene = given_crew(scene()).later_s(899).when(check()).is_refused("not_yet").when(report(Figures::default())).happens();
    let scene = scene.later_s(29).when(report(Figures::default())).is_refused("too_soon").later_s(871).when(check()).then_facts(["AgentFellSilent"]);
    assert_eq!(status(&scene, CODER), AgentStatus::Silent);
    let strange = Figures { cpu_percent: Some(f64::NAN), ..Figures::default() };
    let scene = scene.when(check()).is_already_so().when(report(strange)).is_refused("bad_figures").when(report(Figures::default())).happens();
    assert_eq!(status(&scene, CODER), AgentStatus::Idle);
}

#[test]
fn a_blocked_agent_takes_nothing_and_only_a_person_chooses_its_model() {
    let block = |by: &str, blocker: &str| plant::ask(by, BlockAgent { agent: CODER.parse().unwrap(), blocker: blocker.into() });
    let scene = given_crew(scene()).when(block(OTHER, "no")).is_refused("not_yours").when(block(CODER, " \n")).is_refused("no_blocker");
    let scene = scene.when(block(CODER, "the model does not answer")).happens().when(claim(CODER, 1)).is_refused("agent_blocked");
    assert_eq!(status(&scene, CODER), AgentStatus::Blocked);
    let choose = |by: &str, model: &str| plant::ask(by, ChooseModel { agent: CODER.parse().unwrap(), model: model.into() });
    let scene = scene.when(choose(CODER, "gpt-4.1")).is_refused("not_a_person").when(choose("ann", "a b")).is_refused("bad_model");
    scene.when(choose("ann", "qwen2.5:7b")).then_facts(["ModelChosen"]).when(choose("ann", "qwen2.5:7b")).is_already_so();
}

#[test]
fn what_comes_from_outside_is_cleaned_and_bounded() {
    let titled = |title: &str| TaskSpec { title: title.into(), ..spec("write_code") };
    let scene = given_crew(scene()).when(file("ann", 2, titled("\u{1b}\n"))).is_refused("bad_task");
    let scene = scene.when(file("ann", 2, titled("look\nat\u{202e} it"))).happens();
    assert_eq!(scene.site().crew.tasks[&task(2)].spec.title, "look at it");
    let result = |result: String| plant::ask(CODER, crate::DeliverTask { task: task(1), fence: 1, result });
    let scene = scene.when(claim(CODER, 1)).happens().when(result("x".repeat(crate::MOST_RESULT + 1))).is_refused("bad_result");
    scene.when(result(" \n".into())).is_refused("bad_result").when(result("\tdone\u{7}".into())).happens();
}

proptest! {
    /// Whatever order of claims, renewals, deliveries and the clock's word: one live lease a task at most, fences only grow, and nothing under
    /// an old one changes a task.
    #[test]
    fn no_order_lets_two_hold_a_task_or_an_old_fence_change_it(steps in prop::collection::vec((0..8u8, 0..2usize, 1..3u128, 0..6u64), 1..120)) {
        let agents = [CODER, OTHER];
        let mut scene = given_crew(scene()).when(file("ann", 2, spec("write_code"))).happens();
        for (kind, who, number, fence) in steps {
            let (agent, before, claims) = (agents[who], scene.site().crew.tasks[&task(number)].clone(), scene.site().crew.claims);
            scene = match kind {
                0 | 1 => scene.when(claim(agent, number)),
                2 => scene.when(renew(agent, number, fence)),
                3 => scene.when(deliver(agent, number, fence)),
                4 => scene.when(fail(agent, number, fence, true)),
                5 => scene.when(expire(number, fence)),
                6 => scene.when(send_back("ann", number, fence)),
                _ => scene.later_s(50),
            };
            let (crew, now) = (&scene.site().crew, scene.now().wall);
            let after = &crew.tasks[&task(number)];
            prop_assert!(after.fence >= before.fence && crew.claims >= claims);
            prop_assert!(crew.tasks.values().all(|task| task.lease.as_ref().is_none_or(|lease| lease.fence == task.fence && lease.fence <= crew.claims)));
            for (name, known) in &crew.agents {
                let holds: Vec<_> = crew.tasks.iter().filter(|(_, task)| task.lease.as_ref().is_some_and(|lease| lease.agent == *name)).map(|(id, _)| *id).collect();
                prop_assert_eq!(known.holds.iter().copied().collect::<Vec<_>>(), holds);
            }
            let was_held = before.is_held(&agent.parse().unwrap(), fence, now);
            if matches!(kind, 2..=4) && !was_held {
                prop_assert_eq!(after, &before, "somebody who does not hold it changed it");
            }
        }
    }
}
