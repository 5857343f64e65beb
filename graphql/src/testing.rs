//! For tests: the whole road behind a real port, with a log in memory and a clock that stands still.

use crate::{AppState, PartHealth, access::Admission, router};
use async_trait::async_trait;
use millwright_commands::{
    AdoptPolicy, Answered, Ask, Command, Commands, DescribePlant, ProposeAction, RaiseAlert, RecordDiagnosis, dispatcher::Surroundings,
};
use millwright_domain::{
    Now, Timestamp,
    access::Access,
    audit::Proof,
    chain::Hash,
    envelope::Answer,
    ids::{ActorId, CaseId, CauseId, CommandId, EventId, SiteId},
    kept_call::KeptWords,
    model_call::{Answer as ModelAnswer, Capability, Deployment, Ending, NanoDollars, Said, Spent, Usage},
    ports::{
        address_book::NobodyEnrolled,
        answers::{Answers, AnswersError, Given},
        auditor::{AuditFailed, Auditor, Format, Looking, Selection, Taker, Verification},
        clock::Clock,
        event_log::EventLog,
        model_desk::{AskAgain, ModelDesk, ModelStanding, NotAsked, Quality, SaidAgain},
        page_view::Pictures,
        rules_trial::{Fit, NotTried, RulesTrial, Trial, Tried},
        vault::{Vault, VaultError},
    },
    position::PartitionId,
    sealed::Sealed,
};
use millwright_projections::{
    Pasts, Projections,
    testing::{MemoryLog, road},
};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

pub struct House {
    pub state: AppState,
    pub log: MemoryLog,
    pub address: String,
    pub vault: Arc<PlainVault>,
    pub clock: Arc<StandingClock>,
    _dir: tempfile::TempDir,
}

/// Looks at ten records and finds nothing.
struct StandInTrial;

#[async_trait]
impl RulesTrial for StandInTrial {
    async fn run(&self, trial: Trial, told: &(dyn Fn(u64, u64) + Send + Sync)) -> Result<Tried, NotTried> {
        if trial.rules.is_some_and(|rules| rules.contains("nonsense")) {
            return Err(NotTried::Refused("line 1: that is no rule".into()));
        }
        told(10, 10);
        Ok(Tried {
            learned_in_s: None,
            reaches_back_to: Some(NOW),
            scans: 10,
            only_before: vec![],
            only_after: vec![],
            same: 3,
            known_ends: 0,
            before: Fit::default(),
            after: Fit::default(),
            rulings: vec![],
            same_rulings: 1,
        })
    }
}

/// One model, which always says the same.
struct StandInDesk;

#[async_trait]
impl ModelDesk for StandInDesk {
    fn standings(&self, _: &SiteId) -> Vec<ModelStanding> {
        let deployment = Deployment {
            name: "small".parse().unwrap(),
            provider: "openai".into(),
            model: "m".into(),
            class: "standard".parse().unwrap(),
            can: [Capability::Json].into(),
            is_local: true,
            weight: 1,
            context: 32_000,
            most_output: 4_000,
            counts_first: false,
        };
        vec![ModelStanding { deployment, left_alone: None, latency: Some(Duration::from_millis(120)), price: None }]
    }
    async fn ask_again(&self, asked: AskAgain) -> Result<SaidAgain, NotAsked> {
        if asked.with.as_str() != "small" {
            return Err(NotAsked(format!("there is no deployment {}", asked.with)));
        }
        let said = Said { text: "It is the seal.".into(), calls: vec![] };
        let spent = Spent::told(Usage { input: 90, output: 5, ..Usage::default() });
        let answer = ModelAnswer { said, json: None, ending: Ending::Done, spent, model: "m-1".into() };
        let quality = Quality { names_the_cause: asked.cause.map(|_| false), invented: vec![], points: 0.5 };
        Ok(SaidAgain { answer, deployment: asked.with, cost: NanoDollars(7), took: Duration::from_millis(40), quality })
    }
    fn quality(&self, _: &KeptWords, _: Option<&CauseId>) -> Option<Quality> {
        None
    }
    fn agent(&self) -> ActorId {
        "svc-replay".parse().unwrap()
    }
}

/// Stands still until it is set.
pub struct StandingClock(Mutex<Timestamp>);

impl StandingClock {
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap() = now;
    }
}

#[async_trait]
impl Clock for StandingClock {
    fn now(&self) -> Now {
        Now::both(*self.0.lock().unwrap())
    }
    async fn plant_reaches(&self, at: Timestamp) {
        wait_for_ever_unless(at <= self.now().wall).await;
    }
    async fn wall_reaches(&self, at: Timestamp) {
        wait_for_ever_unless(at <= self.now().wall).await;
    }
}

async fn wait_for_ever_unless(reached: bool) {
    if !reached {
        std::future::pending::<()>().await;
    }
}

#[derive(Default)]
struct MemoryAnswers(Mutex<HashMap<(PartitionId, CommandId), Given>>);

impl Answers for MemoryAnswers {
    fn first(&self, partition: &PartitionId, command: CommandId) -> Result<Option<Given>, AnswersError> {
        Ok(self.0.lock().unwrap().get(&(partition.clone(), command)).cloned())
    }
    fn learn(&self, partition: &PartitionId, answers: Vec<(CommandId, Given)>, _next_seq: u64) -> Result<(), AnswersError> {
        self.0.lock().unwrap().extend(answers.into_iter().map(|(command, given)| ((partition.clone(), command), given)));
        Ok(())
    }
    fn learned_to(&self, _partition: &PartitionId) -> Result<u64, AnswersError> {
        Ok(0)
    }
}

/// Seals by turning the text round: enough to see that it was sealed.
#[derive(Default)]
pub struct PlainVault(Mutex<HashSet<ActorId>>);

impl Vault for PlainVault {
    fn seal(&self, subject: &ActorId, text: &str) -> Result<Sealed, VaultError> {
        Ok(Sealed { subject: subject.clone(), nonce: "00".into(), text: text.chars().rev().collect() })
    }
    fn open(&self, sealed: &Sealed) -> Result<Option<String>, VaultError> {
        let forgotten = self.0.lock().unwrap().contains(&sealed.subject);
        Ok((!forgotten).then(|| sealed.text.chars().rev().collect()))
    }
    fn forget(&self, subject: &ActorId) -> Result<(), VaultError> {
        self.0.lock().unwrap().insert(subject.clone());
        Ok(())
    }
}

struct NoPictures;

impl Pictures for NoPictures {
    fn keep(&self, _: &[u8], _: Timestamp) -> std::io::Result<Hash> {
        Ok(Hash::default())
    }
    /// One of each.
    fn find(&self, picture: Hash) -> std::io::Result<Option<Vec<u8>>> {
        Ok((picture != Hash::default()).then(|| b"png".to_vec()))
    }
}

/// Proves nothing, and never ends a look that it began.
#[derive(Default)]
struct NoAuditor(Mutex<Option<Looking>>);

#[async_trait]
impl Auditor for NoAuditor {
    async fn proof(&self, _: &PartitionId, _: u64) -> Result<Option<Proof>, AuditFailed> {
        Ok(None)
    }
    async fn checkpoints(&self) -> Result<String, AuditFailed> {
        Ok("millwright/ledger/demo\n".into())
    }
    fn verification(&self) -> Option<Verification> {
        None
    }
    fn looking(&self) -> Option<Looking> {
        *self.0.lock().unwrap()
    }
    async fn look(&self) -> Result<(Looking, bool), AuditFailed> {
        let mut under_way = self.0.lock().unwrap();
        let is_new = under_way.is_none();
        Ok((*under_way.get_or_insert(Looking { since: NOW, done: 0, of: 12 }), is_new))
    }
    async fn export(&self, selection: Selection, _: Format, taker: &mut dyn Taker) -> Result<(), AuditFailed> {
        taker.take(format!("{selection:?}").into_bytes()).await
    }
}

impl House {
    /// A described plant with fresh readings, served.
    pub async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let projections = Projections::open(dir.path()).await.unwrap();
        let clock = Arc::new(StandingClock(Mutex::new(NOW)));
        let (log, vault) = (MemoryLog::default(), Arc::new(PlainVault::default()));
        let surroundings = Surroundings {
            log: Arc::new(log.clone()),
            answers: Arc::new(MemoryAnswers::default()),
            clock: clock.clone(),
            live: projections.live(),
            cluster: None,
            owner: "test".into(),
        };
        let commands = Commands::new(surroundings);
        commands.serve(PartitionId::site(&road::site())).await.unwrap();
        let pasts = Pasts::new(dir.path().join("past"), projections.clone(), Arc::new(log.clone()), 1.0);
        let state = AppState {
            pasts: pasts.clone(),
            trials: Some(Arc::new(StandInTrial)),
            models: Some(Arc::new(StandInDesk)),
            loaders: crate::Loaders::of(&projections),
            projections: projections.clone(),
            commands,
            log: Arc::new(log.clone()),
            vault: vault.clone(),
            clock: clock.clone(),
            admission: Admission::Local,
            names: Arc::default(),
            behind_proxy: false,
            caller: Arc::new(Access::to_everything("local-operator".parse().unwrap())),
            plant_control: None,
            door: None,
            pressed: None,
            book: Arc::new(NobodyEnrolled),
            bells: Arc::default(),
            auditor: Arc::new(NoAuditor::default()),
            pictures: Arc::new(NoPictures),
            parts: Arc::new(|| vec![PartHealth { name: "plc-1".into(), ok: true, detail: "polled".into() }]),
            settings: Arc::default(),
            metrics: Arc::new(|| "millwright_worker_up{worker=\"monitor\"} 1\n".into()),
            shutdown: CancellationToken::new(),
        };
        let following = (projections, state.log.clone(), state.shutdown.clone());
        tokio::spawn(async move { following.0.run(following.1, following.2).await.unwrap() });
        let until = state.shutdown.clone();
        tokio::spawn(async move { pasts.run(until).await });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let served = router(state.clone());
        tokio::spawn(async move { axum::serve(listener, served).await.unwrap() });
        let house = Self { state, log, address, vault, clock, _dir: dir };
        house.ask("svc-settings", DescribePlant { plant: road::plant() }).await;
        house.ask("svc-settings", AdoptPolicy { policy: road::policy() }).await;
        house
            .log
            .append_readings((0..20).map(|second| road::scan(second, NOW + chrono::TimeDelta::seconds(second as i64 - 20), 1_450.0)).collect())
            .await
            .unwrap();
        house
    }

    pub async fn ask(&self, by: &str, command: impl Into<Command>) -> Answered {
        self.state.commands.ask(&PartitionId::site(&road::site()), Ask::new(by.parse().unwrap(), command)).await.unwrap()
    }

    /// Alert, diagnosis, and the proposal that waits for a yes; everything can be seen.
    pub async fn case_awaiting_approval(&self) -> CaseId {
        let raised = self.ask("svc-monitor", RaiseAlert { alert: road::alert(NOW) }).await;
        let Answer::Done { subject: Some(case), .. } = raised.answer else { panic!("{raised:?}") };
        let case: CaseId = case.parse().unwrap();
        self.ask("svc-diagnosis", RecordDiagnosis { case, diagnosis: road::diagnosis(NOW), revises: false }).await;
        let propose = ProposeAction { case, name: "slow_down".parse().unwrap(), because: EventId(Uuid::nil()) };
        let proposed = self.ask("svc-diagnosis", propose).await;
        assert!(matches!(proposed.answer, Answer::Done { .. }), "{proposed:?}");
        self.state.projections.reached(&proposed.position, std::time::Duration::from_secs(20)).await.unwrap();
        case
    }

    /// The data of a GraphQL answer; an error fails the test.
    pub async fn graphql(&self, query: &str, variables: Value) -> Value {
        let answer = self.graphql_raw(query, variables).await;
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"].clone()
    }

    pub async fn graphql_raw(&self, query: &str, variables: Value) -> Value {
        self.post("/graphql", &json!({ "query": query, "variables": variables })).await.1
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = reqwest::Client::new().post(format!("http://{}{path}", self.address)).json(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }
}
