//! What makes the ledger checkable for others, as configured: who signs checkpoints, who makes proofs, and who looks through it at night.

use super::{
    auditor::HouseAuditor,
    checkpoints::{Checkpointer, Publish},
    foundation::Foundation,
    health::HealthBoard,
    proving::Prover,
    self_audit::{Looks, SelfAudit},
    supervise::supervise,
};
use crate::settings::Settings;
use millwright_domain::{ids::SiteId, ports::auditor::Auditor, position::PartitionId};
use millwright_infra::audit::Heads;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub struct Auditing {
    prover: Arc<Prover>,
    heads: Heads,
    looks: Arc<Looks>,
    /// What the checkpointers of all partitions have in common.
    pattern: Checkpointer,
}

impl Auditing {
    /// Checkpoints are told outside through the outbox of one site, those of the platform too.
    pub fn of(settings: &Settings, foundation: &Foundation, site: Option<&SiteId>) -> Self {
        let prover = Arc::new(Prover::new(foundation.log.clone(), Some(foundation.data.join("trees"))));
        let heads = Heads::in_data(&foundation.data);
        let to = settings.audit.publish_to.clone();
        let pattern = Checkpointer {
            log: foundation.log.clone(),
            commands: foundation.commands.clone(),
            clock: foundation.clock.clone(),
            partition: PartitionId::platform(),
            prover: prover.clone(),
            keys: settings.key_folder(),
            heads: heads.clone(),
            name: settings.audit.name.clone(),
            every_s: settings.audit.checkpoint_every_s,
            publish: site.filter(|_| !to.is_empty()).map(|site| Publish { to: to.clone(), through: PartitionId::site(site) }),
        };
        Self { prover, heads, looks: Arc::default(), pattern }
    }

    pub fn checkpointer(&self, partition: PartitionId) -> Checkpointer {
        Checkpointer { partition, ..self.pattern.clone() }
    }

    pub fn auditor(&self, foundation: &Foundation) -> Arc<dyn Auditor> {
        let Self { prover, heads, looks, .. } = self;
        let (prover, heads, looks) = (prover.clone(), heads.clone(), looks.clone());
        Arc::new(HouseAuditor { log: foundation.log.clone(), clock: foundation.clock.clone(), prover, heads, looks })
    }

    /// The program's own look through its ledger, now and then and when somebody asks for one.
    pub fn look(&self, settings: &Settings, foundation: &Foundation, board: &HealthBoard, stop: &CancellationToken) -> JoinHandle<()> {
        let look = SelfAudit {
            log: foundation.log.clone(),
            clock: foundation.clock.clone(),
            board: board.clone(),
            every_h: settings.audit.verify_every_h,
            mb_per_s: settings.audit.verify_mb_per_s,
            looks: self.looks.clone(),
        };
        let stop_it = stop.clone();
        supervise("self-audit", board, foundation.clock.clone(), stop.clone(), move || look.clone().run(stop_it.clone()))
    }
}
