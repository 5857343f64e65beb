//! What everything else stands on: log, projections, answers, keys, clock, dispatcher; opened in a data folder.

use super::log::OpenLog;
use crate::settings::{Engine, Settings};
use anyhow::{Context, Result};
use millwright_commands::{Commands, Surroundings};
use millwright_domain::{
    ids::NodeId,
    ports::{clock::Clock, cluster::Cluster, event_log::EventLog},
};
use millwright_infra::{answers::AnswerIndex, credentials::CredentialFolder, vault::KeyFolder};
use millwright_projections::{Place, Postgres, Projections};
use std::{fs, path::PathBuf, sync::Arc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub struct Foundation {
    pub data: PathBuf,
    pub log: Arc<dyn EventLog>,
    /// The other nodes, if the log is one that several can share.
    pub cluster: Option<Arc<dyn Cluster>>,
    /// This run of this program, among them.
    pub node: NodeId,
    pub projections: Projections,
    pub vault: Arc<KeyFolder>,
    pub credentials: Arc<CredentialFolder>,
    pub clock: Arc<dyn Clock>,
    pub commands: Commands,
    opened: OpenLog,
    stop_following: CancellationToken,
    following: JoinHandle<()>,
}

impl Foundation {
    pub async fn open(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let data = settings.data.clone();
        fs::create_dir_all(&data).with_context(|| format!("could not make the data folder {}; choose another with --data", data.display()))?;
        let node = node(settings)?;
        let opened = OpenLog::open(settings, &node).await?;
        let (log, cluster) = (opened.log(), opened.cluster());
        let projections = Projections::open_at(place(settings)?).await?;
        let answers = Arc::new(AnswerIndex::open(data.join("answers.db"))?);
        let keys = settings.key_folder();
        let credentials = Arc::new(CredentialFolder::open(keys.join("access"))?);
        let vault = Arc::new(KeyFolder::open(keys)?);
        let surroundings = Surroundings {
            log: log.clone(),
            answers,
            clock: clock.clone(),
            live: projections.live(),
            cluster: cluster.clone(),
            owner: format!("millwright {} on {node}, pid {}", env!("CARGO_PKG_VERSION"), std::process::id()),
        };
        let commands = Commands::new(surroundings);
        let stop_following = CancellationToken::new();
        let following = tokio::spawn(follow(projections.clone(), log.clone(), stop_following.clone()));
        Ok(Self { data, log, cluster, node, projections, vault, credentials, clock, commands, opened, stop_following, following })
    }

    pub async fn close(self) {
        self.commands.stop().await;
        self.stop_following.cancel();
        if let Err(error) = self.following.await {
            tracing::error!(%error, "the projections ended badly");
        }
        self.opened.close().await;
    }
}

/// Where the projections are kept.
pub fn place(settings: &Settings) -> Result<Place> {
    let place = &settings.projections;
    if place.postgres.is_empty() {
        return Ok(Place::Folder(settings.data.join("projections")));
    }
    let postgres = Postgres::at(&place.postgres).context("the setting `projections.postgres`")?;
    Ok(Place::Postgres(match place.password()? {
        Some(password) => postgres.with_password(&password),
        None => postgres,
    }))
}

/// The configured name and a mark of this run: a node that starts again is another holder of its devices, and so is a second program
/// that was given the same name. One machine alone needs no name that others tell it by.
fn node(settings: &Settings) -> Result<NodeId> {
    let name = match (settings.cluster.node(), settings.log.engine) {
        (Err(_), Engine::Embedded) if settings.cluster.node.is_empty() => "local".parse()?,
        (node, _) => node?,
    };
    let run = Uuid::new_v4().as_fields().0;
    format!("{name}.{run:08x}").parse().context("the setting `cluster.node`")
}

async fn follow(projections: Projections, log: Arc<dyn EventLog>, stop: CancellationToken) {
    if let Err(error) = projections.run(log, stop).await {
        tracing::error!(error = format!("{:#}", anyhow::Error::from(error)), "the projections stopped; what people see is old from here on");
    }
}
