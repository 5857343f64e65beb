//! What everything else stands on: log, projections, answers, keys, clock, dispatcher; opened in a data folder.

use crate::settings::Settings;
use anyhow::{Context, Result};
use millwright_commands::{Commands, Surroundings};
use millwright_domain::ports::{clock::Clock, event_log::EventLog};
use millwright_infra::{
    answers::AnswerIndex,
    log::embedded::{EmbeddedLog, EmbeddedOptions},
    vault::KeyFolder,
};
use millwright_projections::Projections;
use std::{fs, path::PathBuf, sync::Arc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub struct Foundation {
    pub data: PathBuf,
    pub log: Arc<EmbeddedLog>,
    pub projections: Projections,
    pub vault: Arc<KeyFolder>,
    pub clock: Arc<dyn Clock>,
    pub commands: Commands,
    stop_following: CancellationToken,
    following: JoinHandle<()>,
}

impl Foundation {
    pub async fn open(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let data = settings.data.clone();
        fs::create_dir_all(&data).with_context(|| format!("could not make the data folder {}; choose another with --data", data.display()))?;
        let days = settings.log.readings_retention_days;
        let options = EmbeddedOptions {
            readings_partitions: settings.log.readings_partitions,
            retention_days: (days > 0).then_some(days),
            ..EmbeddedOptions::default()
        };
        let log = Arc::new(EmbeddedLog::open(data.join("log"), options)?);
        let projections = Projections::open(&data.join("projections")).await?;
        let answers = Arc::new(AnswerIndex::open(data.join("answers.db"))?);
        // Beside the log's folder, never in it: a backup of the log must not hold the keys.
        let vault = Arc::new(KeyFolder::open(data.join("keys"))?);
        let surroundings = Surroundings {
            log: log.clone(),
            answers,
            clock: clock.clone(),
            live: projections.live(),
            cluster: None,
            owner: format!("millwright {} pid {}", env!("CARGO_PKG_VERSION"), std::process::id()),
        };
        let commands = Commands::new(surroundings);
        let stop_following = CancellationToken::new();
        let following = tokio::spawn(follow(projections.clone(), log.clone(), stop_following.clone()));
        Ok(Self { data, log, projections, vault, clock, commands, stop_following, following })
    }

    pub async fn close(self) {
        self.commands.stop().await;
        self.stop_following.cancel();
        if let Err(error) = self.following.await {
            tracing::error!(%error, "the projections ended badly");
        }
        self.log.close().await;
    }
}

async fn follow(projections: Projections, log: Arc<dyn EventLog>, stop: CancellationToken) {
    if let Err(error) = projections.run(log, stop).await {
        tracing::error!(error = format!("{:#}", anyhow::Error::from(error)), "the projections stopped; what people see is old from here on");
    }
}
