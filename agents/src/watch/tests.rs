//! The watch on a log in memory, with the real rules of commands behind it.

use super::{
    Watch, WatchSettings,
    followed::Followed,
    memory::{MemoryAnswers, MemoryLog, NothingLive, Standing},
};
use crate::{
    checkpoint,
    diagnosis::{RuleBook, Rules},
    monitor::testing::{START, healthy, plant, scan, settings},
};
use chrono::TimeDelta;
use millwright_commands::{ApproveRelearning, Ask, Commands, DescribePlant, Surroundings};
use millwright_domain::{Event, case::Outcome, envelope::StreamId, position::PartitionId, reading::Scan};
use std::{path::Path, sync::Arc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const RULES: &str = "
rules:
  - cause: bearing_wear
    title: Bearing wear
    when:
      - { of: vibration, feature: drift, at_least: 2 }
      - { of: bearing_temperature, feature: drift, at_least: 1 }
    confidence: 0.8
    suggests: [slow_pump_to_75pct]
    explanation: It shakes and heats.
";

struct House {
    log: MemoryLog,
    commands: Commands,
    folder: tempfile::TempDir,
}

impl House {
    async fn with(scans: Vec<Scan>) -> Self {
        let site = plant().site;
        let log = MemoryLog::of(&site);
        let surroundings = Surroundings {
            log: Arc::new(log.clone()),
            answers: Arc::new(MemoryAnswers::default()),
            clock: Arc::new(Standing(START)),
            live: Arc::new(NothingLive),
            cluster: None,
            owner: "test".into(),
        };
        let commands = Commands::new(surroundings);
        let partition = PartitionId::site(&site);
        commands.serve(partition.clone()).await.unwrap();
        let described = Ask::new("ann".parse().unwrap(), DescribePlant { plant: plant() });
        commands.ask(&partition, described).await.unwrap();
        log.measure(scans);
        Self { log, commands, folder: tempfile::tempdir().unwrap() }
    }

    fn snapshot(&self) -> std::path::PathBuf {
        self.folder.path().join("monitor.json")
    }

    fn watch(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let settings = WatchSettings { monitor: settings(), snapshot_every_s: 0, ..WatchSettings::default() };
        let watch = Watch {
            log: Arc::new(self.log.clone()),
            commands: self.commands.clone(),
            clock: Arc::new(Standing(START)),
            site: plant().site,
            rules: RuleBook::new(Rules::parse(RULES, "rules.yaml").unwrap()),
            settings,
            snapshot: self.snapshot(),
        };
        let stop = stop.clone();
        tokio::spawn(async move { watch.run(stop).await.unwrap() })
    }

    /// Watches until every scan was read, then stops as a program does.
    async fn watch_all(&self) {
        let stop = CancellationToken::new();
        let running = self.watch(&stop);
        until(|| kept(&self.snapshot()).is_some_and(|followed| self.log.is_all_before(&followed.position))).await;
        stop.cancel();
        running.await.unwrap();
    }

    /// What was said of the plant, without the answers to commands.
    fn said(&self) -> Vec<(StreamId, Event)> {
        self.log.facts().into_iter().filter(|(_, event)| !matches!(event, Event::CommandAnswered(_) | Event::PlantDescribed(_))).collect()
    }

    fn kinds(&self) -> Vec<&'static str> {
        let mut kinds: Vec<&str> = self.said().iter().map(|(_, event)| event.kind_name()).collect();
        kinds.dedup();
        kinds
    }
}

trait KindName {
    fn kind_name(&self) -> &'static str;
}

impl KindName for Event {
    fn kind_name(&self) -> &'static str {
        match self {
            Event::BaselineLearned(_) => "BaselineLearned",
            Event::AlertRaised(_) => "AlertRaised",
            Event::ChangeJudged(_) => "ChangeJudged",
            Event::DiagnosisRecorded(_) => "DiagnosisRecorded",
            Event::OutcomeRecorded(_) => "OutcomeRecorded",
            _ => "other",
        }
    }
}

fn kept(snapshot: &Path) -> Option<Followed> {
    checkpoint::load(snapshot).unwrap()
}

/// Waits for a condition, with a limit.
async fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..200_000 {
        if holds() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it did not happen");
}

/// Vibration and bearing temperature off between two seconds.
fn worn(from: u64, to: u64, until: u64) -> Vec<Scan> {
    let values = |second: u64| {
        let mut values = healthy(second);
        if (from..to).contains(&second) {
            values[2] += 0.6;
            values[3] += 1.5;
        }
        values
    };
    (0..until).map(|second| scan(second, values(second))).collect()
}

#[tokio::test]
async fn a_fault_becomes_baselines_an_alert_and_a_diagnosis_in_one_case() {
    let house = House::with(worn(1_200, 9_999, 2_400)).await;
    house.watch_all().await;
    assert_eq!(house.kinds()[..4], ["BaselineLearned", "AlertRaised", "ChangeJudged", "DiagnosisRecorded"], "{:?}", house.kinds());
    let cases: std::collections::BTreeSet<_> = house.said().into_iter().filter_map(|(stream, _)| stream.as_case()).collect();
    assert_eq!(cases.len(), 1);
}

#[tokio::test]
async fn a_killed_and_an_unbroken_run_leave_the_same_facts() {
    let unbroken = House::with(worn(1_200, 9_999, 2_400)).await;
    unbroken.watch_all().await;
    for facts in [4, 8, 9, 12, 20] {
        let killed = House::with(worn(1_200, 9_999, 2_400)).await;
        let running = killed.watch(&CancellationToken::new());
        until(|| killed.log.facts().len() >= facts || running.is_finished()).await;
        running.abort();
        assert!(running.await.is_err_and(|error| error.is_cancelled()));
        killed.watch_all().await;
        assert_eq!(killed.said(), unbroken.said(), "killed after {facts} facts");
    }
}

#[tokio::test]
async fn what_came_back_by_itself_is_told_as_self_recovered_and_closes_the_case() {
    let house = House::with(worn(1_200, 1_800, 4_000)).await;
    house.watch_all().await;
    let outcomes: Vec<_> =
        house.said().into_iter().filter_map(|(_, event)| if let Event::OutcomeRecorded(told) = event { Some(told) } else { None }).collect();
    assert_eq!(outcomes.iter().map(|told| (told.outcome, told.closes)).collect::<Vec<_>>(), [(Outcome::SelfRecovered, true)]);
}

#[tokio::test]
async fn a_snapshot_of_another_version_costs_time_and_no_truth() {
    let house = House::with(worn(1_200, 9_999, 2_400)).await;
    house.watch_all().await;
    let said = house.said();
    std::fs::write(house.snapshot(), b"{\"position\":{}}").unwrap();
    let stop = CancellationToken::new();
    let running = house.watch(&stop);
    let snapshot = house.snapshot();
    let log = house.log.clone();
    until(|| checkpoint::load::<Followed>(&snapshot).ok().flatten().is_some_and(|followed| log.is_all_before(&followed.position))).await;
    stop.cancel();
    running.await.unwrap();
    assert_eq!(house.said(), said);
}

#[tokio::test]
async fn a_relearning_holds_from_its_plant_time_on_whenever_it_is_read() {
    let shifted = |second: u64| {
        let mut values = healthy(second);
        values[2] += if second >= 950 { 0.6 } else { 0.0 };
        scan(second, values)
    };
    let house = House::with((0..2_400).map(shifted).collect()).await;
    let approve = Ask::new("ann".parse().unwrap(), ApproveRelearning { asset: "pump".parse().unwrap() });
    house.commands.ask(&PartitionId::site(&plant().site), approve.occurred_at(START + TimeDelta::seconds(900))).await.unwrap();
    house.watch_all().await;
    let versions: Vec<u32> =
        house.said().into_iter().filter_map(|(_, event)| if let Event::BaselineLearned(fact) = event { Some(fact.version) } else { None }).collect();
    assert_eq!((versions.len(), versions.first(), versions.last()), (12, Some(&1), Some(&2)));
    assert!(!house.said().iter().any(|(_, event)| matches!(event, Event::AlertRaised(_))), "{:?}", house.kinds());
}
