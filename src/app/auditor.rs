//! Answers auditors from the running program's own log, tree and copies.

use super::{
    export::{export, failed},
    proving::Prover,
    self_audit::Looks,
};
use async_trait::async_trait;
use millwright_domain::{
    audit::Proof,
    ports::{
        auditor::{AuditFailed, Auditor, Format, Looking, Selection, Taker, Verification},
        clock::Clock,
        event_log::EventLog,
    },
    position::PartitionId,
};
use millwright_infra::audit::Heads;
use std::sync::Arc;

pub struct HouseAuditor {
    pub log: Arc<dyn EventLog>,
    pub clock: Arc<dyn Clock>,
    pub prover: Arc<Prover>,
    pub heads: Heads,
    pub looks: Arc<Looks>,
}

#[async_trait]
impl Auditor for HouseAuditor {
    async fn proof(&self, partition: &PartitionId, seq: u64) -> Result<Option<Proof>, AuditFailed> {
        self.prover.fact(partition, seq, |_| ()).await.map_err(failed)
    }

    async fn checkpoints(&self) -> Result<String, AuditFailed> {
        let heads = self.heads.clone();
        let read = tokio::task::spawn_blocking(move || heads.all()).await;
        read.map_err(failed)?.map_err(failed)
    }

    fn verification(&self) -> Option<Verification> {
        self.looks.found()
    }

    fn looking(&self) -> Option<Looking> {
        self.looks.looking()
    }

    async fn look(&self) -> Result<(Looking, bool), AuditFailed> {
        let head = self.log.head().await.map_err(failed)?;
        Ok(self.looks.want(Looks::over(&head, self.clock.now().wall)))
    }

    async fn export(&self, selection: Selection, format: Format, taker: &mut dyn Taker) -> Result<(), AuditFailed> {
        export(&*self.log, &selection, format, taker, &|_, _, _| ()).await.map(|_written| ())
    }
}
