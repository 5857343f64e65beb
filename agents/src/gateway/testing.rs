//! Models that do as a test says, on a clock that moves when all wait, and a purse that keeps a diary.

use super::{
    Around, Deployed, Gateway, GatewayRules,
    observer::{Answered, Failed, Observer, Routed, WentRound},
    pocket::Pocket,
    purse::{Denied, NotTold, Purse, Wish},
    question::Question,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_domain::{
    Now, Timestamp,
    ids::ReservationId,
    model_call::{Answer, CallFailed, Capability, Deployment, Ending, NanoDollars, Price, PriceList, PriceVersion, Prompt, Said, Spent, Usage},
    ports::{
        clock::Clock,
        language_model::{LanguageModel, Tell},
    },
    untrusted::Nonce,
};
use std::{
    collections::VecDeque,
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};
use uuid::Uuid;

pub(crate) fn deployment(name: &str) -> Deployment {
    Deployment {
        name: name.parse().unwrap(),
        provider: "openai".into(),
        model: "m".into(),
        class: "standard".parse().unwrap(),
        can: [Capability::Tools, Capability::Json].into(),
        is_local: true,
        weight: 1,
        context: 32_000,
        most_output: 4_000,
        counts_first: false,
    }
}

/// Tokio's time, which a paused runtime moves on when everybody waits.
pub(crate) struct TokioClock(tokio::time::Instant);

impl TokioClock {
    pub fn start() -> Self {
        Self(tokio::time::Instant::now())
    }
}

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Now {
        Now::both(Timestamp::from_secs(1_000) + TimeDelta::from_std(self.0.elapsed()).unwrap())
    }
    async fn plant_reaches(&self, at: Timestamp) {
        self.wall_reaches(at).await;
    }
    async fn wall_reaches(&self, at: Timestamp) {
        let wait = at.since(self.now().wall).to_std().unwrap_or_default();
        tokio::time::sleep(wait).await;
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Act {
    Say(&'static str, Usage),
    Fail(CallFailed),
    Stall,
    /// Only a stream says it; then nothing more comes.
    SayAndStall(&'static str),
}

pub(crate) fn used(input: u64, output: u64) -> Usage {
    Usage { input, output, ..Usage::default() }
}

/// Does what comes next in its list, and then always the last of it.
pub(crate) struct Fake {
    name: &'static str,
    acts: Mutex<VecDeque<Act>>,
    diary: Diary,
}

pub(crate) type Diary = Arc<Mutex<Vec<String>>>;

impl Fake {
    fn next(&self) -> Act {
        self.diary.lock().unwrap().push(format!("asked {}", self.name));
        let mut acts = self.acts.lock().unwrap();
        let act = acts.pop_front().unwrap_or(Act::Stall);
        if acts.is_empty() {
            acts.push_back(act.clone());
        }
        act
    }
    async fn does(&self, act: Act) -> Result<Answer, CallFailed> {
        match act {
            Act::Say(text, usage) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
                let said = Said { text: text.into(), calls: vec![] };
                Ok(Answer { said, json: None, ending: Ending::Done, spent: Spent::told(usage), model: self.name.into() })
            }
            Act::Fail(failed) => Err(failed),
            Act::Stall | Act::SayAndStall(_) => pending().await,
        }
    }
}

#[async_trait]
impl LanguageModel for Fake {
    async fn complete(&self, _: &Prompt, _: Duration) -> Result<Answer, CallFailed> {
        let act = self.next();
        self.does(act).await
    }
    async fn stream(&self, _: &Prompt, _: Duration, tell: Tell<'_>) -> Result<Answer, CallFailed> {
        let act = self.next();
        if let Act::Say(text, _) | Act::SayAndStall(text) = &act {
            tell(text);
        }
        self.does(act).await
    }
}

/// The built-in one.
struct Plain;

#[async_trait]
impl LanguageModel for Plain {
    async fn complete(&self, prompt: &Prompt, _: Duration) -> Result<Answer, CallFailed> {
        let plain = prompt.plainly().ok_or_else(|| CallFailed::Refused("no words".into()))?;
        let said = Said { text: plain.text.clone(), calls: vec![] };
        Ok(Answer { said, json: None, ending: Ending::Done, spent: Spent::told(Usage::default()), model: "rules".into() })
    }
    async fn stream(&self, prompt: &Prompt, within: Duration, _: Tell<'_>) -> Result<Answer, CallFailed> {
        self.complete(prompt, within).await
    }
}

/// A pocket that writes down what it is told.
pub(crate) struct Noting {
    pub pocket: Pocket,
    diary: Diary,
    /// The log is away just when it is told that a request leaves.
    pub is_deaf: Mutex<bool>,
}

impl Noting {
    fn note(&self, what: String) {
        self.diary.lock().unwrap().push(what);
    }
}

#[async_trait]
impl Purse for Noting {
    async fn reserve(&self, wish: &Wish) -> Result<(), Denied> {
        let reserved = self.pocket.reserve(wish).await;
        self.note(format!("{} {}", if reserved.is_ok() { "reserved for" } else { "denied to" }, wish.deployment));
        reserved
    }
    async fn dispatched(&self, reservation: ReservationId) -> Result<(), Denied> {
        if *self.is_deaf.lock().unwrap() {
            return Err(Denied::Unavailable("the log is away".into()));
        }
        self.note("dispatched".into());
        self.pocket.dispatched(reservation).await
    }
    async fn settle(&self, reservation: ReservationId, spent: &Spent, cost: NanoDollars) -> Result<(), NotTold> {
        self.note(format!("settled {} ({:?})", spent.usage.total(), spent.source));
        self.pocket.settle(reservation, spent, cost).await
    }
    async fn release(&self, reservation: ReservationId) -> Result<(), NotTold> {
        self.note("released".into());
        self.pocket.release(reservation).await
    }
    fn abandoned(&self, reservation: ReservationId, spent: Option<Spent>, cost: NanoDollars) {
        self.note(format!("abandoned {:?}", spent.map(|spent| spent.source)));
        self.pocket.abandoned(reservation, spent, cost);
    }
}

#[async_trait]
impl Observer for Noting {
    async fn routed(&self, _: &Routed) {}
    async fn answered(&self, answered: &Answered) {
        self.note(format!("answered by {}", answered.deployment));
    }
    async fn failed(&self, failed: &Failed) {
        self.note(format!("failed {} {}", failed.deployment, failed.kind));
    }
    fn abandoned(&self, failed: Failed) {
        self.note(format!("failed {} {}", failed.deployment, failed.kind));
    }
    async fn went_round(&self, round: &WentRound) {
        self.note(format!("{} went round", round.agent));
    }
}

pub(crate) struct Set {
    pub gateway: Gateway,
    pub purse: Arc<Noting>,
    diary: Diary,
}

impl Set {
    /// Each with its acts; the first is the cheapest.
    pub fn of(limit: u64, models: &[(&'static str, &[Act])]) -> Self {
        let all = models.iter().map(|(name, acts)| (deployment(name), acts.to_vec())).collect();
        Self::with(limit, all)
    }
    pub fn with(limit: u64, models: Vec<(Deployment, Vec<Act>)>) -> Self {
        let diary = Diary::default();
        let purse = Arc::new(Noting { pocket: Pocket::of(limit), diary: diary.clone(), is_deaf: Mutex::new(false) });
        let mut prices = PriceList::default();
        let mut deployed = vec![];
        for (rank, (deployment, acts)) in (1..).zip(models) {
            let (input, output) = (NanoDollars(rank * 1_000_000_000), NanoDollars(rank * 2_000_000_000));
            let price = Price { input, output, ..Price::default() };
            prices.add(deployment.name.clone(), PriceVersion { from: Timestamp::default(), name: "test".into(), price });
            let name: &'static str = deployment.name.to_string().leak();
            let model = Arc::new(Fake { name, acts: Mutex::new(acts.into()), diary: diary.clone() });
            deployed.push(Deployed { deployment, model });
        }
        let around = Around { plain: Arc::new(Plain), purse: purse.clone(), observer: purse.clone(), clock: Arc::new(TokioClock::start()) };
        Self { gateway: Gateway::new(GatewayRules::default(), deployed, prices, around), purse, diary }
    }
    pub fn diary(&self) -> Vec<String> {
        std::mem::take(&mut *self.diary.lock().unwrap())
    }
}

pub(crate) fn question(number: u128) -> Question {
    let prompt = Prompt::new("You look at pumps.", Nonce::of(1)).say("What is wrong?").at_most(500);
    Question::new(Uuid::from_u128(number), "svc-test".parse().unwrap(), "standard".parse().unwrap(), prompt)
}
pub(crate) fn with_words(number: u128) -> Question {
    let mut question = question(number);
    question.prompt = question.prompt.or_plainly("The rules say: bearing.", None);
    question
}
