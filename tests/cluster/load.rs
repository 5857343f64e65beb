//! Askers who ask all the time, each command under an id of its own, and remember what they were told.

use super::{Cluster, ledger::Ledger, node::Way, partition};
use millwright_commands::{Ask, ReserveTokens, SetBudget};
use millwright_domain::{
    budget::{BudgetSet, Lane},
    envelope::Answer,
    ids::{ActorId, CommandId, ReservationId},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{task::JoinSet, time::interval};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What may be spent under the scope that is pressed upon, and in what portions it is asked for.
pub const TIGHT: (&str, u64, u64) = ("tight", 3_000, 250);

const SET_BUDGET: &str = "mutation($site: ID!, $scope: String!, $tokens: Int!, $id: ID!) {
    setBudget(site: $site, scope: $scope, tokensPerHour: $tokens, tokensPerDay: $tokens, commandId: $id) { kind code reason subject facts position } }";

/// The nodes that can be asked now. All clones are one list.
#[derive(Clone, Default)]
pub struct Ways(Arc<Mutex<BTreeMap<String, Way>>>);

impl Ways {
    pub fn open(&self, name: &str, way: Way) {
        self.open_ones().insert(name.into(), way);
    }
    pub fn close(&self, name: &str) {
        self.open_ones().remove(name);
    }
    fn nth(&self, number: u64) -> Option<Way> {
        let open = self.open_ones();
        open.values().nth(number as usize % open.len().max(1)).cloned()
    }
    fn open_ones(&self) -> MutexGuard<'_, BTreeMap<String, Way>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One command, and the first answer to it that its asker got.
#[derive(Clone)]
pub struct Asked {
    pub id: CommandId,
    pub site: String,
    pub tokens: u64,
    pub answer: Option<Value>,
}

impl Asked {
    pub async fn ask(&self, way: &Way) -> Option<Value> {
        let scope = format!("load-{}", self.tokens % 5);
        let variables = json!({"site": self.site, "scope": scope, "tokens": self.tokens, "id": self.id});
        match way.ask(SET_BUDGET, variables).await {
            Ok(data) => Some(data["setBudget"].clone()),
            Err(none) => {
                // Shown if the test fails.
                println!("{}: {none}", self.id);
                None
            }
        }
    }
}

pub struct Load {
    stop: CancellationToken,
    asking: JoinSet<Vec<Asked>>,
    pressing: JoinSet<()>,
    answered: Arc<AtomicU64>,
}

impl Cluster {
    /// So many askers, each as soon as it is answered but not more often than every 40 ms, and not always the same node.
    pub fn under_load(&self, askers: u64) -> Load {
        let (stop, answered, mut asking) = (CancellationToken::new(), Arc::<AtomicU64>::default(), JoinSet::new());
        let sites: Vec<String> = self.sites.iter().map(|plant| plant.site.clone()).collect();
        for asker in 0..askers {
            asking.spawn(ask_on(asker, sites.clone(), self.ways.clone(), answered.clone(), stop.clone()));
        }
        Load { stop, asking, pressing: JoinSet::new(), answered }
    }
}

impl Load {
    /// And one for each site who wants more of a budget than there is, and has all of it in the end.
    pub fn pressing_on_budgets(mut self, cluster: &Cluster) -> Self {
        for plant in &cluster.sites {
            self.pressing.spawn(press_on_budget(cluster.ledger.clone(), plant.site.clone()));
        }
        self
    }
    /// Waits until so many more commands were answered.
    pub async fn answered(&self, more: u64) {
        let before = self.answered.load(Ordering::SeqCst);
        super::until("askers are answered", async || (self.answered.load(Ordering::SeqCst) >= before + more).then_some(())).await;
    }
    /// Nothing new is asked; what was asked is waited for, and remembered.
    pub async fn stop(mut self) -> Vec<Asked> {
        self.stop.cancel();
        while let Some(pressed) = self.pressing.join_next().await {
            pressed.unwrap();
        }
        let mut asked = vec![];
        while let Some(remembered) = self.asking.join_next().await {
            asked.extend(remembered.unwrap());
        }
        asked
    }
}

async fn ask_on(asker: u64, sites: Vec<String>, ways: Ways, answered: Arc<AtomicU64>, stop: CancellationToken) -> Vec<Asked> {
    let (mut asked, mut turns) = (vec![], interval(Duration::from_millis(40)));
    for number in 0.. {
        turns.tick().await;
        if stop.is_cancelled() {
            break;
        }
        let Some(way) = ways.nth(number + asker) else { continue };
        let tokens = 1_000 * (asker + 1) + number;
        let site = sites[number as usize % sites.len()].clone();
        let mut one = Asked { id: CommandId(Uuid::now_v7()), site, tokens, answer: None };
        one.answer = one.ask(&way).await;
        answered.fetch_add(u64::from(one.answer.is_some()), Ordering::SeqCst);
        asked.push(one);
    }
    asked
}

/// Asked for over the topic of commands, one after the other, so that faults come in between.
async fn press_on_budget(ledger: Arc<Ledger>, site: String) {
    let (scope, limit, portion) = TIGHT;
    let by: ActorId = "svc-agent".parse().unwrap();
    let limits = BudgetSet::of(limit, limit);
    let site = partition(&site);
    // Nobody sets limits for himself.
    let set = ledger.ask(&site, &Ask::new("ann".parse().unwrap(), SetBudget { scope: scope.into(), limits })).await;
    assert!(matches!(set, Answer::Done { .. }), "{set:?}");
    let mut turns = interval(Duration::from_millis(250));
    for _ in 0..limit / portion + 4 {
        turns.tick().await;
        let reservation = ReservationId(Uuid::now_v7());
        let reserve = ReserveTokens {
            scope: scope.into(),
            also: vec![],
            reservation,
            agent: by.clone(),
            tokens: portion,
            expires_after_s: 3_600,
            lane: Lane::Ordinary,
            about: None,
        };
        ledger.ask(&site, &Ask::new(by.clone(), reserve)).await;
    }
}
