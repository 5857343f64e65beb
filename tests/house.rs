//! A house to test in: the real embedded log, answers and dispatcher in a folder of its own, on a clock moved by hand.

use chrono::TimeDelta;
use millwright_commands::{AdoptPolicy, Answered, Ask, AssignDevice, Command, Commands, DescribePlant, Surroundings};
use millwright_domain::{
    Event, Now, Timestamp,
    action::Observed,
    codec::decode,
    envelope::{Answer, Recorded},
    ids::{ActorId, CommandId, SignalId, SiteId},
    plant::Plant,
    policy::Policy,
    ports::{event_log::EventLog, live_readings::LiveReadings},
    position::PartitionId,
};
use millwright_infra::{
    answers::AnswerIndex,
    clock::ManualClock,
    log::embedded::{EmbeddedLog, EmbeddedOptions},
};
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
};
use uuid::Uuid;

/// What the sensors say, set by the test; always as fresh as the clock.
pub struct Sensors {
    values: Mutex<HashMap<SignalId, f64>>,
    clock: Arc<ManualClock>,
}

impl Sensors {
    pub fn show(&self, signal: &str, value: f64) {
        self.values.lock().unwrap().insert(signal.parse().unwrap(), value);
    }
    /// As after a device was taken, before its first scan.
    pub fn show_nothing(&self) {
        self.values.lock().unwrap().clear();
    }
}

impl LiveReadings for Sensors {
    fn latest(&self, _: &SiteId, signal: &SignalId) -> Option<Observed> {
        use millwright_domain::ports::clock::Clock;
        let value = *self.values.lock().unwrap().get(signal)?;
        Some(Observed { signal: signal.clone(), value, at: self.clock.now().plant })
    }
}

pub struct House {
    pub log: Arc<EmbeddedLog>,
    pub clock: Arc<ManualClock>,
    pub commands: Commands,
    pub sensors: Arc<Sensors>,
    pub site: PartitionId,
}

pub fn start_of_time() -> Timestamp {
    Timestamp::from_secs(1_790_000_000)
}

impl House {
    /// Opens what is in the folder, or a new one.
    pub async fn open(folder: &Path) -> Self {
        let clock = Arc::new(ManualClock::at(Now::both(start_of_time())));
        Self::open_at(folder, clock).await
    }

    pub async fn open_at(folder: &Path, clock: Arc<ManualClock>) -> Self {
        let log = Arc::new(EmbeddedLog::open(folder.join("log"), EmbeddedOptions::default()).expect("the log opens"));
        let answers = Arc::new(AnswerIndex::open(folder.join("answers.db")).expect("the index opens"));
        let sensors = Arc::new(Sensors { values: Mutex::default(), clock: clock.clone() });
        sensors.show("pump-1/speed_setpoint", 1_450.0);
        sensors.show("pump-1/pressure", 4.0);
        let surroundings =
            Surroundings { log: log.clone(), answers, clock: clock.clone(), live: sensors.clone(), cluster: None, owner: "test".into() };
        let commands = Commands::new(surroundings);
        let site = PartitionId::site(&"demo".parse().unwrap());
        commands.serve(site.clone()).await.expect("the site is served");
        Self { log, clock, commands, sensors, site }
    }

    /// With the demo's plant and the shipped policy.
    pub async fn furnished(folder: &Path) -> Self {
        let house = Self::open(folder).await;
        house.ask("svc-settings", DescribePlant { plant: demo_plant() }).await;
        house.ask("svc-settings", AdoptPolicy { policy: shipped_policy() }).await;
        house.assign("node-a").await;
        house
    }

    /// Assigns the plant's one device to a collector; returns the epoch.
    pub async fn assign(&self, collector: &str) -> u64 {
        let device = demo_plant().signals().next().expect("the demo measures something").1.device.clone();
        subject(&self.ask("svc-collector", AssignDevice { device, collector: collector.parse().unwrap() }).await).parse().unwrap()
    }

    pub async fn close(self) {
        self.commands.stop().await;
        self.log.close().await;
    }

    pub async fn ask(&self, by: &str, command: impl Into<Command>) -> Answered {
        let by: ActorId = by.parse().unwrap();
        self.commands.ask(&self.site, Ask::new(by, command)).await.expect("an answer")
    }
    pub async fn ask_with_id(&self, id: u128, by: &str, command: impl Into<Command>) -> Answered {
        let ask = Ask::new(by.parse().unwrap(), command).with_id(CommandId(Uuid::from_u128(id)));
        self.commands.ask(&self.site, ask).await.expect("an answer")
    }
    pub fn later(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// Moves the clock in steps until the fact is there: whoever waits for a time may begin to wait at any step.
    pub async fn later_until(&self, step: TimeDelta, wanted: &str) {
        for _step in 0..1_000 {
            if self.story().await.iter().any(|fact| fact == wanted) {
                return;
            }
            self.later(step);
            tokio::task::yield_now().await;
        }
        panic!("it did not come to pass: {:#?}", self.story().await);
    }

    /// Every fact of the site, in order.
    pub async fn facts(&self) -> Vec<Recorded> {
        let mut facts = vec![];
        let mut next = 0;
        loop {
            let page = self.log.read_ledger(&self.site, next, 1_000).await.expect("the log reads");
            if page.is_empty() {
                return facts;
            }
            next = page.next();
            facts.extend(page.iter().map(|(_, stored)| decode(&stored.bytes).expect("a fact")));
        }
    }
    /// Names of the facts, without ownership and answers.
    pub async fn story(&self) -> Vec<String> {
        let facts = self.facts().await;
        let told = facts.iter().filter(|fact| !matches!(fact.event, Event::PartitionOwned(_) | Event::CommandAnswered(_)));
        told.map(|fact| fact.event.kind().to_string()).collect()
    }
    /// Waits until the story satisfies the test, and fails with the story if it does not within ten seconds.
    #[track_caller]
    pub fn until_story<'a>(&'a self, wanted: &'a str) -> impl Future<Output = Vec<String>> + 'a {
        self.until(move |story| story.iter().any(|fact| fact == wanted))
    }
    pub async fn until(&self, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        let mut head = self.log.head().await.expect("a head");
        let waited = tokio::time::timeout(std::time::Duration::from_secs(10), async {
            loop {
                let story = self.story().await;
                if wanted(&story) {
                    return story;
                }
                head = self.log.past(&head).await.expect("a head");
            }
        });
        match waited.await {
            Ok(story) => story,
            Err(_) => panic!("it did not come to pass: {:#?}", self.story().await),
        }
    }
}

pub fn subject(answered: &Answered) -> String {
    match &answered.answer {
        Answer::Done { subject, .. } => subject.clone().expect("a subject"),
        other => panic!("not done: {other:?}"),
    }
}

#[track_caller]
pub fn refused(answered: &Answered) -> &str {
    match &answered.answer {
        Answer::Refused { code, .. } => code,
        other => panic!("not refused: {other:?}"),
    }
}

pub fn demo_plant() -> Plant {
    millwright_ingest::simulator::demo_plant()
}

pub fn shipped_policy() -> Policy {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/policy.yaml")).expect("the shipped policy");
    serde_saphyr::from_str(&text).expect("the shipped policy parses")
}
