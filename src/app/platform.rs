//! The platform's own partition: people and who may do what, and what the whole house may spend on language models.

use super::{checkpoints::Checkpointer, finished, health::HealthBoard, supervise::supervise};
use anyhow::{Context, Result, bail};
use millwright_agents::{librarian::Librarian, timekeeper::Timekeeper};
use millwright_commands::{Ask, Command, Commands, IntroducePerson, SetGrants};
use millwright_domain::{
    access::{Grant, Role},
    envelope::Answer,
    ids::ActorId,
    ports::{
        credentials::{Credentials, SetBy},
        event_log::EventLog,
        vault::Vault,
    },
    position::{PartitionId, Position},
};
use millwright_infra::CredentialFolder;
use millwright_projections::{Projections, principals};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Mutex, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long to wait until the first admin can be seen.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Platform {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub projections: Projections,
    pub vault: Arc<dyn Vault>,
    pub operator: ActorId,
    /// Where people sign in.
    pub credentials: Option<Arc<CredentialFolder>>,
    pub checkpointer: Checkpointer,
    pub librarian: Librarian,
    pub board: HealthBoard,
    /// What runs while this node decides for the platform.
    pub working: Mutex<Option<(CancellationToken, Vec<JoinHandle<()>>)>>,
}

impl Platform {
    pub fn partition(&self) -> PartitionId {
        PartitionId::platform()
    }

    pub async fn take_over(&self) -> Result<()> {
        self.commands.serve(self.partition()).await.map(drop).context("could not take over the platform's partition")
    }

    /// Introduces the operator, whose name is sealed under the operator's own key before it goes anywhere; where people sign in and nobody
    /// gives roles yet, the operator is the first who does.
    pub async fn introduce(&self) -> Result<()> {
        let name = self.vault.seal(&self.operator, self.operator.as_str())?;
        self.ask(IntroducePerson { person: self.operator.clone(), name }).await?;
        let Some(credentials) = &self.credentials else { return Ok(()) };
        let grants = vec![Grant { role: Role::Admin, site: None, area: None }];
        let position = self.ask(SetGrants { principal: self.operator.clone(), grants }).await?;
        self.projections.reached(&position, PATIENCE).await?;
        let row = principals::find(&self.projections.ledger(), &self.operator).await?;
        let is_admin = row.is_some_and(|row| row.grants.iter().any(|grant| grant.role == Role::Admin && grant.site.is_none()));
        if is_admin && !credentials.has_password(&self.operator)? {
            let password = millwright_graphql::made_up_password();
            let place = credentials.leave_first_password(&password)?;
            credentials.set_password(&self.operator, &password, SetBy::Machine).await?;
            tracing::info!(operator = %self.operator, place = %place.display(), "a first password for {} is in {}", self.operator, place.display());
        }
        Ok(())
    }

    async fn ask(&self, command: impl Into<Command>) -> Result<Position> {
        let answered = self.commands.ask(&self.partition(), Ask::new("svc-settings".parse()?, command)).await?;
        match answered.answer {
            Answer::Refused { reason, .. } => bail!("the setting `operator` was refused: {reason}"),
            Answer::Done { .. } | Answer::AlreadySo => Ok(answered.position),
        }
    }

    /// Begins what runs while this node decides for the platform.
    pub async fn work(&self) {
        let stop = CancellationToken::new();
        let (checkpointer, stop_it) = (self.checkpointer.clone(), stop.clone());
        let clock = checkpointer.clock.clone();
        let checkpoints =
            supervise("checkpoints _platform", &self.board, clock.clone(), stop.clone(), move || checkpointer.clone().run(stop_it.clone()));
        // Ends what the house holds for calls that nobody speaks of any more.
        let keeper = Timekeeper { log: self.log.clone(), commands: self.commands.clone(), clock: clock.clone(), partition: self.partition() };
        let stop_it = stop.clone();
        let timekeeper = supervise("timekeeper _platform", &self.board, clock, stop.clone(), move || keeper.clone().run(stop_it.clone()));
        let (librarian, stop_it) = (self.librarian.clone(), stop.clone());
        let clock = librarian.clock.clone();
        let shelf = supervise("librarian", &self.board, clock, stop.clone(), move || librarian.clone().run(stop_it.clone()));
        *self.working.lock().await = Some((stop, vec![checkpoints, timekeeper, shelf]));
    }

    pub async fn stop_working(&self, in_order: bool) {
        let Some((stop, tasks)) = self.working.lock().await.take() else { return };
        stop.cancel();
        for task in tasks {
            finished("a worker of the platform", task).await;
        }
        if in_order {
            self.checkpointer.last().await;
        }
    }
}
