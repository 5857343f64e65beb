//! The platform's own partition: people, and one day agents and budgets that belong to no single site.

use anyhow::{Context, Result, bail};
use millwright_commands::{Ask, Commands, IntroducePerson};
use millwright_domain::{envelope::Answer, ids::ActorId, ports::vault::Vault, position::PartitionId};
use std::sync::Arc;

pub struct Platform {
    pub commands: Commands,
    pub vault: Arc<dyn Vault>,
    pub operator: ActorId,
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
}
