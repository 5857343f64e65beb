//! The workers on the real log: propose, execute, expire, deliver; and what they do after a crash in between.

use crate::{
    dispatcher::{approve, diagnosis, open_case, propose},
    house::House,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_agents::{executor::Executor, outbox::Outbox, proposer::Proposer, timekeeper::Timekeeper};
use millwright_commands::StartAction;
use millwright_domain::{
    Event, Timestamp,
    action::WriteOrder,
    ids::DeviceId,
    ports::write_device::{WriteDevice, WriteVerdict, Written},
};
use millwright_infra::notice::NoticeFile;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A device that notes every byte sent to it and answers as it is told.
struct Plc {
    /// 0 while it is not held.
    held: AtomicU64,
    /// Told whenever somebody asks whether it is held.
    asked: Notify,
    written: Mutex<Vec<f64>>,
    verdict: WriteVerdict,
}

impl Plc {
    fn that_answers(held: u64, verdict: WriteVerdict) -> Arc<Self> {
        Arc::new(Self { held: held.into(), asked: Notify::new(), written: Mutex::default(), verdict })
    }
    fn written(&self) -> Vec<f64> {
        self.written.lock().unwrap().clone()
    }
}

#[async_trait]
impl WriteDevice for Plc {
    fn held_under(&self, _: &DeviceId) -> Option<u64> {
        let held = Some(self.held.load(Ordering::Relaxed)).filter(|held| *held > 0);
        self.asked.notify_one();
        held
    }
    async fn write_once(&self, order: &WriteOrder, under: u64, _: Timestamp) -> Written {
        assert_eq!(under, self.held.load(Ordering::Relaxed), "the executor asks only for writes that are its own");
        self.written.lock().unwrap().push(order.value);
        self.verdict.clone().into()
    }
    async fn read_back(&self, _: &WriteOrder) -> Result<f64, String> {
        Ok(1_450.0)
    }
}

fn executor(house: &House, devices: Arc<dyn WriteDevice>) -> Executor {
    let (log, commands, clock) = (house.log.clone(), house.commands.clone(), house.clock.clone());
    Executor { log, commands, clock, partition: house.site.clone(), devices, taken: Arc::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_write_is_sent_once_and_its_end_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let plc = Plc::that_answers(house.assign("node-a").await, WriteVerdict::Applied { read_back: 1_087.5 });
    let stop = CancellationToken::new();
    let running = tokio::spawn(executor(&house, plc.clone()).run(stop.clone()));
    let case = open_case(&house).await;
    let action = propose(&house, case, "slow_pump_to_75pct").await;
    approve(&house, action).await;
    let story = house.until_story("ActionCompleted").await;
    assert_eq!(story[4..], ["AlertRaised", "ActionProposed", "ActionApproved", "ActionStarted", "ActionCompleted"]);
    assert_eq!(plc.written().len(), 1);
    stop.cancel();
    running.await.unwrap().unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_begun_before_a_crash_is_never_sent_again_and_a_person_is_asked_to_look() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let case = open_case(&house).await;
    let action = propose(&house, case, "slow_pump_to_75pct").await;
    approve(&house, action).await;
    house.ask("svc-executor", StartAction { action }).await;
    // The program dies here: started is on the log, nobody knows whether the bytes left.
    house.close().await;

    let house = House::open(folder.path()).await;
    let plc = Plc::that_answers(house.assign("node-a").await, WriteVerdict::Applied { read_back: 0.0 });
    let stop = CancellationToken::new();
    let running = tokio::spawn(executor(&house, plc.clone()).run(stop.clone()));
    house.later(TimeDelta::seconds(6));
    house.until_story("ActionUnverified").await;
    assert!(plc.written().is_empty(), "it was sent again");
    stop.cancel();
    running.await.unwrap().unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_given_while_the_executor_was_away_is_executed_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let case = open_case(&house).await;
    let action = propose(&house, case, "slow_pump_to_75pct").await;
    approve(&house, action).await;
    let plc = Plc::that_answers(house.assign("node-a").await, WriteVerdict::Unknown { why: "no reply".into() });
    let stop = CancellationToken::new();
    let running = tokio::spawn(executor(&house, plc.clone()).run(stop.clone()));
    house.until_story("ActionUnverified").await;
    assert_eq!(plc.written().len(), 1);
    stop.cancel();
    running.await.unwrap().unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_not_sent_by_a_collector_that_lost_the_device_and_the_next_one_looks_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let former = Plc::that_answers(house.assign("node-a").await, WriteVerdict::Applied { read_back: 0.0 });
    let next = Plc::that_answers(0, WriteVerdict::Applied { read_back: 0.0 });
    let (here, there) = (executor(&house, former.clone()), executor(&house, next.clone()));
    let (stop, taken) = (CancellationToken::new(), there.taken.clone());
    // The device goes to node-b, which has not begun to hold it, and node-a does not know yet.
    house.assign("node-b").await;
    let running = [tokio::spawn(here.run(stop.clone())), tokio::spawn(there.run(stop.clone()))];
    let case = open_case(&house).await;
    let action = propose(&house, case, "slow_pump_to_75pct").await;
    approve(&house, action).await;
    house.until_story("ActionStarted").await;
    next.held.store(house.assign("node-b").await, Ordering::Relaxed);
    taken.notify_one();
    house.until(|story| story.iter().filter(|fact| *fact == "DeviceAssigned").count() == 4).await;
    house.later_until(TimeDelta::seconds(1), "ActionUnverified").await;
    assert!(former.written().is_empty() && next.written().is_empty(), "nobody may send it");
    stop.cancel();
    for executor in running {
        executor.await.unwrap().unwrap();
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_begun_between_the_assignment_and_the_taking_is_sent_once_when_the_device_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let epoch = house.assign("node-a").await;
    let case = open_case(&house).await;
    let action = propose(&house, case, "slow_pump_to_75pct").await;
    approve(&house, action).await;
    // A former holder asks, and the rule names the assignment that is already there.
    house.ask("svc-executor", StartAction { action }).await;
    let plc = Plc::that_answers(0, WriteVerdict::Applied { read_back: 1_087.5 });
    let executor = executor(&house, plc.clone());
    let (stop, taken) = (CancellationToken::new(), executor.taken.clone());
    let running = tokio::spawn(executor.run(stop.clone()));
    plc.asked.notified().await;
    plc.held.store(epoch, Ordering::Relaxed);
    taken.notify_one();
    house.until_story("ActionCompleted").await;
    taken.notify_one();
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(plc.written().len(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_approved_before_a_first_reading_begins_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let plc = Plc::that_answers(house.assign("node-a").await, WriteVerdict::Applied { read_back: 1_087.5 });
    let stop = CancellationToken::new();
    let running = tokio::spawn(executor(&house, plc.clone()).run(stop.clone()));
    let case = open_case(&house).await;
    let action = propose(&house, case, "slow_pump_to_75pct").await;
    house.sensors.show_nothing();
    approve(&house, action).await;
    house.until_story("CommandRefused").await;
    house.later(TimeDelta::seconds(2));
    house.sensors.show("pump-1/speed_setpoint", 1_450.0);
    house.sensors.show("pump-1/pressure", 4.0);
    let mut steps = 0..60;
    while tokio::time::timeout(Duration::from_millis(200), house.until_story("ActionCompleted")).await.is_err() {
        steps.next().expect("it begins within two minutes");
        house.later(TimeDelta::seconds(2));
    }
    assert!(!house.story().await.contains(&"ActionVoided".to_string()));
    assert_eq!(plc.written().len(), 1);
    stop.cancel();
    running.await.unwrap().unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_nothing_comes_of_is_void_after_seven_minutes_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let stop = CancellationToken::new();
    let keeper = Timekeeper { log: house.log.clone(), commands: house.commands.clone(), clock: house.clock.clone(), partition: house.site.clone() };
    let running = tokio::spawn(keeper.run(stop.clone()));
    let case = open_case(&house).await;
    let action = propose(&house, case, "slow_pump_to_75pct").await;
    approve(&house, action).await;
    house.later(TimeDelta::seconds(419));
    assert!(!house.story().await.contains(&"ActionVoided".to_string()));
    house.later(TimeDelta::seconds(1));
    house.until_story("ActionVoided").await;
    stop.cancel();
    running.await.unwrap().unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_nobody_gives_expires_after_five_minutes_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let stop = CancellationToken::new();
    let keeper = Timekeeper { log: house.log.clone(), commands: house.commands.clone(), clock: house.clock.clone(), partition: house.site.clone() };
    let running = tokio::spawn(keeper.run(stop.clone()));
    let case = open_case(&house).await;
    propose(&house, case, "slow_pump_to_75pct").await;
    house.later(TimeDelta::seconds(299));
    assert!(!house.story().await.contains(&"ApprovalExpired".to_string()));
    house.later(TimeDelta::seconds(1));
    house.until_story("ApprovalExpired").await;
    stop.cancel();
    running.await.unwrap().unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diagnosis_proposes_one_write_and_every_message_and_repeats_nothing_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("proposer.json");
    let house = House::furnished(folder.path()).await;
    let case = open_case(&house).await;
    let suggests = ["slow_pump_to_75pct", "reduce_motor_speed_to_60pct", "send_alert_to_backup_tech"];
    house.ask("svc-diagnosis", diagnosis(case, "bearing_wear", &suggests)).await;
    for round in 0..2 {
        let stop = CancellationToken::new();
        let proposer = Proposer {
            log: house.log.clone(),
            commands: house.commands.clone(),
            clock: house.clock.clone(),
            partition: house.site.clone(),
            checkpoint: checkpoint.clone(),
        };
        let running = tokio::spawn(proposer.run(stop.clone()));
        let proposed = |story: &[String]| story.iter().filter(|fact| *fact == "ActionProposed").count();
        if round == 0 {
            house.until(|story| proposed(story) == 2).await;
            // As if it had died before it could note how far it was.
            stop.cancel();
            running.await.unwrap().unwrap();
            std::fs::remove_file(&checkpoint).ok();
            continue;
        }
        house.ask("svc-diagnosis", diagnosis(case, "sensor_drift", &["request_sensor_calibration"])).await;
        house.until(|story| proposed(story) >= 3).await;
        assert_eq!(proposed(&house.story().await), 3);
        stop.cancel();
        running.await.unwrap().unwrap();
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_delivered_once_wherever_the_outbox_was_stopped() {
    // Stopped after 0, 1, 2, … of its own facts, then started again: wanted, attempted, done; one notice.
    for facts_before_the_stop in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let house = House::furnished(folder.path()).await;
        let notices = folder.path().join("notices.jsonl");
        let case = open_case(&house).await;
        let action = propose(&house, case, "send_alert_to_backup_tech").await;
        house.ask("svc-executor", StartAction { action }).await;
        let effect = house.facts().await.into_iter().find_map(|fact| match fact.event {
            Event::EffectWanted(wanted) => Some(wanted),
            _ => None,
        });
        let wanted = effect.expect("a message is wanted");
        let file = || Arc::new(NoticeFile::open(&notices, house.clock.clone()).expect("the notice file opens"));
        // What the stopped run had got to.
        if facts_before_the_stop >= 1 {
            house.ask("svc-outbox", millwright_commands::AttemptEffect { effect: wanted.effect, attempt: 1 }).await;
        }
        if facts_before_the_stop >= 2 {
            use millwright_domain::ports::messenger::Messenger;
            file().deliver(&wanted).await.expect("delivered, but the end was not recorded");
        }
        let stop = CancellationToken::new();
        let outbox = Outbox {
            log: house.log.clone(),
            commands: house.commands.clone(),
            clock: house.clock.clone(),
            partition: house.site.clone(),
            messenger: file(),
            tally: Arc::default(),
        };
        let running = tokio::spawn(outbox.run(stop.clone()));
        let story = house.until_story("ActionCompleted").await;
        assert_eq!(story.iter().filter(|fact| *fact == "EffectDone").count(), 1);
        assert_eq!(std::fs::read_to_string(&notices).unwrap().lines().count(), 1, "stopped after {facts_before_the_stop} facts");
        stop.cancel();
        running.await.unwrap().unwrap();
        house.close().await;
    }
}
