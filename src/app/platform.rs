//! The platform's own partition: people, and one day agents and budgets that belong to no single site.

use super::{checkpoints::Checkpointer, finished, health::HealthBoard, supervise::supervise};
use anyhow::{Context, Result, bail};
use millwright_commands::{Ask, Commands, IntroducePerson};
use millwright_domain::{envelope::Answer, ids::ActorId, ports::vault::Vault, position::PartitionId};
use std::sync::Arc;
use tokio::{sync::Mutex, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub struct Platform {
    pub commands: Commands,
    pub vault: Arc<dyn Vault>,
    pub operator: ActorId,
    pub checkpointer: Checkpointer,
    pub board: HealthBoard,
    /// What runs while this node decides for the platform.
    pub working: Mutex<Option<(CancellationToken, JoinHandle<()>)>>,
}

impl Platform {
    pub fn partition(&self) -> PartitionId {
        PartitionId::platform()
    }

    pub async fn take_over(&self) -> Result<()> {
        self.commands.serve(self.partition()).await.map(drop).context("could not take over the platform's partition")
    }

    /// Introduces the operator, whose name is sealed under the operator's own key before it goes anywhere.
    pub async fn introduce(&self) -> Result<()> {
        let name = self.vault.seal(&self.operator, self.operator.as_str())?;
        let ask = Ask::new("svc-settings".parse()?, IntroducePerson { person: self.operator.clone(), name });
        let answered = self.commands.ask(&self.partition(), ask).await?;
        match answered.answer {
            Answer::Refused { reason, .. } => bail!("the setting `operator` was refused: {reason}"),
            Answer::Done { .. } | Answer::AlreadySo => Ok(()),
        }
    }

    /// Begins what runs while this node decides for the platform.
    pub async fn work(&self) {
        let stop = CancellationToken::new();
        let (checkpointer, stop_it) = (self.checkpointer.clone(), stop.clone());
        let clock = checkpointer.clock.clone();
        let task = supervise("checkpoints _platform", &self.board, clock, stop.clone(), move || checkpointer.clone().run(stop_it.clone()));
        *self.working.lock().await = Some((stop, task));
    }

    pub async fn stop_working(&self, in_order: bool) {
        let Some((stop, task)) = self.working.lock().await.take() else { return };
        stop.cancel();
        finished("checkpoints", task).await;
        if in_order {
            self.checkpointer.last().await;
        }
    }
}
