//! The workers of one site, each supervised: monitor, proposer, executor, outbox, timekeeper, sealer.

use super::{foundation::Foundation, health::HealthBoard, rules_file, seal::Sealer, supervise::supervise};
use crate::settings::Settings;
use millwright_agents::{diagnosis::RuleBook, executor::Executor, outbox::Outbox, proposer::Proposer, timekeeper::Timekeeper, watch::Watch};
use millwright_domain::{plant::Plant, ports::event_log::EventLog, position::PartitionId};
use millwright_infra::notice::NoticeFile;
use millwright_ingest::field::Field;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Where the workers are put.
pub struct Setting<'a> {
    pub settings: &'a Settings,
    pub foundation: &'a Foundation,
    pub site: &'a PartitionId,
    pub plant: &'a Plant,
    pub field: &'a Arc<Field>,
}

pub fn start(setting: Setting<'_>, rules: RuleBook, board: &HealthBoard, stop: &CancellationToken) -> Vec<JoinHandle<()>> {
    let Setting { settings, foundation, site, plant, field } = setting;
    let clock = foundation.clock.clone();
    let log: Arc<dyn EventLog> = foundation.log.clone();
    let (commands, site, data) = (foundation.commands.clone(), site.clone(), foundation.data.clone());

    macro_rules! worker {
        ($name:literal, $make:expr) => {{
            let stop_it = stop.clone();
            let make = $make;
            supervise($name, board, clock.clone(), stop.clone(), move || make().run(stop_it.clone()))
        }};
    }
    let common = (log, commands, clock.clone(), site);
    let watch = {
        let ((log, commands, clock, _), site, rules) = (common.clone(), plant.site.clone(), rules.clone());
        let (settings, snapshot) = (settings.watch(), data.join("agents/monitor.json"));
        move || Watch {
            log: log.clone(),
            commands: commands.clone(),
            clock: clock.clone(),
            site: site.clone(),
            rules: rules.clone(),
            settings,
            snapshot: snapshot.clone(),
        }
    };
    let proposer = {
        let (log, commands, clock, partition) = common.clone();
        let checkpoint = data.join("agents/proposer.json");
        move || Proposer {
            log: log.clone(),
            commands: commands.clone(),
            clock: clock.clone(),
            partition: partition.clone(),
            checkpoint: checkpoint.clone(),
        }
    };
    let executor = {
        let ((log, commands, clock, partition), field) = (common.clone(), field.clone());
        move || Executor { log: log.clone(), commands: commands.clone(), clock: clock.clone(), partition: partition.clone(), devices: field.clone() }
    };
    let timekeeper = {
        let (log, commands, clock, partition) = common.clone();
        move || Timekeeper { log: log.clone(), commands: commands.clone(), clock: clock.clone(), partition: partition.clone() }
    };
    let sealer = {
        let ((log, commands, clock, partition), every_s) = (common.clone(), settings.log.seal_every_s);
        let checkpoint = data.join("agents/sealer.json");
        move || Sealer {
            log: log.clone(),
            commands: commands.clone(),
            clock: clock.clone(),
            partition: partition.clone(),
            every_s,
            checkpoint: checkpoint.clone(),
        }
    };
    let mut workers = vec![
        worker!("monitor", watch),
        worker!("proposer", proposer),
        worker!("executor", executor),
        worker!("timekeeper", timekeeper),
        worker!("sealer", sealer),
    ];
    workers.push(rules_file::watch(settings.rules.clone(), rules, board.clone(), clock.clone(), stop.clone()));
    match NoticeFile::open(data.join("notices.jsonl"), clock.clone()) {
        Ok(notices) => {
            let (notices, (log, commands, clock, partition)) = (Arc::new(notices), common);
            let outbox = move || Outbox {
                log: log.clone(),
                commands: commands.clone(),
                clock: clock.clone(),
                partition: partition.clone(),
                messenger: notices.clone(),
            };
            let clock = foundation.clock.clone();
            let stop_it = stop.clone();
            workers.push(supervise("outbox", board, clock, stop.clone(), move || outbox().run(stop_it.clone())));
        }
        Err(error) => board.failed("outbox", &format!("{:#}", anyhow::Error::from(error))),
    }
    workers
}
