//! Every attempt at a model becomes a fact, on the case that it was about: who was considered, what it used, or why it failed; and so does
//! every circle that was seen.

use crate::{
    gateway::observer::{Answered, Failed, Observer, Routed, WentRound},
    insist::service,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_commands::{Ask, Commands, RecordModelCall, StopLoop};
use millwright_domain::{
    call::{CallTrouble, ModelCalled},
    ids::{CaseId, CommandId, ReservationId, derived},
    position::PartitionId,
};
use uuid::Uuid;

#[derive(Clone)]
pub struct CallRecord {
    pub commands: Commands,
    pub partition: PartitionId,
}

impl CallRecord {
    async fn record(&self, called: ModelCalled, case: Option<CaseId>) {
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
    /// The decision comes again with what became of the attempt.
    async fn routed(&self, _: &Routed) {}

    async fn answered(&self, answered: &Answered) {
        let Answered { call, agent, case, attempt, considered, deployment, model, spent, cost, price, took } = answered.clone();
        let called = ModelCalled {
            call,
            agent,
            attempt,
            reservation: reservation(call, attempt),
            deployment,
            model,
            usage: Some(spent.usage),
            source: Some(spent.source),
            cost,
            price,
            took_ms: millis(took),
            failed: None,
            considered,
        };
        self.record(called, case).await;
    }

    async fn failed(&self, failed: &Failed) {
        self.record(in_vain(failed.clone()), failed.case).await;
    }

    async fn went_round(&self, round: &WentRound) {
        let WentRound { agent, case, sign, said } = round.clone();
        // Told once, so that asking it again is answered from what is known.
        let id = CommandId(derived(&format!("{case}/{agent}"), sign.as_str(), 0));
        let mut ask = Ask::new(service("svc-gateway"), StopLoop { agent, case: Some(case), sign, said }).with_id(id);
        ask.correlation = Some(case.0);
        if let Err(error) = self.commands.ask(&self.partition, ask).await {
            tracing::warn!(%error, "one of the crew was stopped going round in circles, and it is not on its case's timeline");
        }
    }

    fn abandoned(&self, failed: Failed) {
        let (record, case) = (self.clone(), failed.case);
        tokio::spawn(async move { record.record(in_vain(failed), case).await });
    }
}

fn in_vain(failed: Failed) -> ModelCalled {
    let Failed { call, agent, case: _, attempt, considered, deployment, kind, said, spent, cost, took } = failed;
    ModelCalled {
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
        failed: Some(CallTrouble { kind: kind.into(), said }),
        considered,
    }
}

/// As the gateway names them.
fn reservation(call: Uuid, attempt: u32) -> ReservationId {
    ReservationId(derived(&call.to_string(), "model-call", attempt))
}

fn millis(took: TimeDelta) -> u64 {
    u64::try_from(took.num_milliseconds()).unwrap_or_default()
}
