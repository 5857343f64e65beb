//! Every attempt at a model becomes a fact: on the case that it was about, with who was considered, what it used, or why it failed.

use crate::{
    gateway::observer::{Answered, Failed, Observer, Routed},
    insist::service,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_commands::{Ask, Commands, RecordModelCall};
use millwright_domain::{
    call::{CallTrouble, ModelCalled},
    ids::{CaseId, CommandId, ReservationId, derived},
    model_call::Considered,
    position::PartitionId,
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use uuid::Uuid;

pub struct CallRecord {
    commands: Commands,
    partition: PartitionId,
    /// Who was considered for the attempt that is under way, by call and attempt.
    routed: Mutex<HashMap<(Uuid, u32), Vec<Considered>>>,
    /// Which case a call is about.
    about: Mutex<HashMap<Uuid, CaseId>>,
}

/// Attempts that never ended, as those whose asker went away, are forgotten when so many are known.
const MOST_UNDER_WAY: usize = 1_000;

impl CallRecord {
    pub fn on(commands: Commands, partition: PartitionId) -> Self {
        Self { commands, partition, routed: Mutex::default(), about: Mutex::default() }
    }

    /// Before the call is asked.
    pub fn is_about(&self, call: Uuid, case: CaseId) {
        let mut about = self.about.lock().unwrap_or_else(PoisonError::into_inner);
        if about.len() >= MOST_UNDER_WAY {
            about.clear();
        }
        about.insert(call, case);
    }

    fn considered(&self, call: Uuid, attempt: u32) -> Vec<Considered> {
        self.routed.lock().unwrap_or_else(PoisonError::into_inner).remove(&(call, attempt)).unwrap_or_default()
    }

    async fn record(&self, called: ModelCalled) {
        let case = self.about.lock().unwrap_or_else(PoisonError::into_inner).get(&called.call).copied();
        let id = CommandId(derived(&called.call.to_string(), "called", called.attempt));
        let mut ask = Ask::new(service("svc-gateway"), RecordModelCall { called, case }).with_id(id);
        ask.correlation = case.map(|case| case.0);
        if let Err(error) = self.commands.ask(&self.partition, ask).await {
            tracing::warn!(%error, "a call to a model is settled, and not on its case's timeline");
        }
    }
}

#[async_trait]
impl Observer for CallRecord {
    async fn routed(&self, routed: &Routed) {
        let mut known = self.routed.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_UNDER_WAY {
            known.clear();
        }
        known.insert((routed.call, routed.attempt), routed.considered.clone());
    }

    async fn answered(&self, answered: &Answered) {
        let Answered { call, agent, attempt, deployment, model, spent, cost, price, took } = answered.clone();
        let considered = self.considered(call, attempt);
        let (usage, source) = (Some(spent.usage), Some(spent.source));
        let (reservation, took_ms) = (reservation(call, attempt), millis(took));
        self.record(ModelCalled {
            call,
            agent,
            attempt,
            reservation,
            deployment,
            model,
            usage,
            source,
            cost,
            price,
            took_ms,
            failed: None,
            considered,
        })
        .await;
    }

    async fn failed(&self, failed: &Failed) {
        let Failed { call, agent, attempt, deployment, kind, said, spent, cost, took } = failed.clone();
        let considered = self.considered(call, attempt);
        let trouble = Some(CallTrouble { kind: kind.into(), said });
        let called = ModelCalled {
            call,
            agent,
            attempt,
            reservation: reservation(call, attempt),
            deployment,
            model: String::new(),
            usage: spent.map(|spent| spent.usage),
            source: spent.map(|spent| spent.source),
            cost,
            price: String::new(),
            took_ms: millis(took),
            failed: trouble,
            considered,
        };
        self.record(called).await;
    }
}

/// As the gateway names them.
fn reservation(call: Uuid, attempt: u32) -> ReservationId {
    ReservationId(derived(&call.to_string(), "model-call", attempt))
}

fn millis(took: TimeDelta) -> u64 {
    u64::try_from(took.num_milliseconds()).unwrap_or_default()
}
