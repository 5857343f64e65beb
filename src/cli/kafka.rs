//! `millwright kafka`: make the topics, and say whether they are as they must be.

use crate::{app::log::kafka_options, settings::Settings};
use anyhow::Result;
use clap::{Args, Subcommand};
use millwright_infra::log::kafka::{
    KafkaOptions,
    topics::{self, Made},
};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct Kafka {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make the topics that are missing, and set what may be set on those that are there. Loses nothing; may be run again at any time.
    Init,
    /// Say whether brokers and topics are as they must be, and what mends them if not.
    Check,
}

impl Kafka {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let options = kafka_options(&settings).await?;
        match self.what {
            What::Init => {
                let made = topics::init(&options).await?;
                let KafkaOptions { bootstrap, ledger_partitions, readings_partitions, .. } = &options;
                let Made { copies, in_sync, .. } = made;
                println!("the topics on {bootstrap} are there: {ledger_partitions} partitions of the ledger, {readings_partitions} of the readings");
                println!("each record has {copies} copies, and counts as written when {in_sync} of them are");
                if let Some(advice) = made.advice().filter(|_| settings.kafka.replication == 0) {
                    println!("{advice}");
                }
            }
            What::Check => {
                topics::check(&options).await?;
                println!("the topics on {} are as they must be", options.bootstrap);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
