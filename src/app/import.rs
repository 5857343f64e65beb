//! Recordings onto the log as an imported site: described, appended in batches, watched by the same monitor and rules.

use super::foundation::Foundation;
use crate::settings::Settings;
use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use millwright_agents::{
    diagnosis::{RuleBook, Rules},
    site_tail::SiteTail,
    watch::Watch,
};
use millwright_commands::{Ask, DescribePlant};
use millwright_domain::{
    envelope::Answer,
    ids::SiteId,
    plant::Plant,
    position::{PartitionId, Position},
    reading::Scan,
};
use millwright_ingest::files::{
    columns::ColumnMap,
    recording::{Recording, asset_of, imported_plant},
};
use std::{fmt, path::PathBuf};

/// Scans in one append.
const BATCH: usize = 1_000;
/// Refused rows that are shown one by one; the rest is counted.
const SHOWN: u64 = 20;

#[derive(Default)]
pub struct Imported {
    pub files: usize,
    pub taken: u64,
    pub refused: u64,
    pub alerts: usize,
    pub cases: usize,
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, taken, refused, alerts, cases } = self;
        write!(f, "{files} files: {taken} rows taken, {refused} refused; {cases} cases from {alerts} alerts")
    }
}

pub async fn import(
    foundation: &Foundation,
    settings: &Settings,
    site: &SiteId,
    files: &[PathBuf],
    map: &ColumnMap,
    rules: Rules,
    bar: &ProgressBar,
) -> Result<Imported> {
    let partition = PartitionId::site(site);
    let open = |file: &PathBuf| Recording::open(file, map, site, &asset_of(file));
    let recordings = files.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    foundation.commands.serve(partition.clone()).await?;
    describe(foundation, &partition, imported_plant(site, &recordings)).await?;

    let mut imported = Imported { files: files.len(), ..Imported::default() };
    let mut position = Position::default();
    for recording in recordings {
        position.merge(&append(foundation, recording, &mut imported, bar).await?);
    }
    let watch = Watch {
        log: foundation.log.clone(),
        commands: foundation.commands.clone(),
        clock: foundation.clock.clone(),
        site: site.clone(),
        rules: RuleBook::new(rules),
        settings: settings.watch(),
        snapshot: foundation.data.join(format!("agents/monitor-{site}.json")),
    };
    watch.catch_up(&position).await?;
    let state = SiteTail::at_the_end(foundation.log.clone(), partition.clone()).await?.site;
    imported.cases = state.cases.len();
    imported.alerts = state.cases.values().filter_map(|case| case.file()).map(|file| file.alerts as usize).sum();
    Ok(imported)
}

/// What was imported before stays described.
async fn describe(foundation: &Foundation, partition: &PartitionId, new: Plant) -> Result<()> {
    let known = SiteTail::at_the_end(foundation.log.clone(), partition.clone()).await?.site.plant;
    let mut plant = new;
    if let Some(known) = known {
        let kept = known.assets.into_iter().filter(|asset| plant.asset(&asset.id).is_none()).collect::<Vec<_>>();
        plant.assets.splice(0..0, kept);
    }
    let ask = Ask::new("svc-import".parse().context("a literal that is a name")?, DescribePlant { plant });
    let answered = foundation.commands.ask(partition, ask).await?;
    match answered.answer {
        Answer::Refused { reason, .. } => bail!("the recordings cannot become site {}: {reason}", partition.name()),
        Answer::Done { .. } | Answer::AlreadySo => Ok(()),
    }
}

async fn append(foundation: &Foundation, mut recording: Recording, imported: &mut Imported, bar: &ProgressBar) -> Result<Position> {
    let mut position = Position::default();
    let mut batch: Vec<Scan> = Vec::with_capacity(BATCH);
    let mut read = 0;
    while let Some(row) = recording.next() {
        match row {
            Ok(row) => batch.push(row.scan),
            Err(refused) if imported.refused + recording.counts().refused <= SHOWN => bar.suspend(|| eprintln!("refused {refused}")),
            Err(_) => {}
        }
        if batch.len() == BATCH {
            position.merge(&foundation.log.append_readings(std::mem::take(&mut batch)).await?);
            bar.inc(recording.bytes_read() - read);
            read = recording.bytes_read();
        }
    }
    if !batch.is_empty() {
        position.merge(&foundation.log.append_readings(batch).await?);
    }
    bar.inc(recording.bytes_read() - read);
    imported.taken += recording.counts().taken;
    imported.refused += recording.counts().refused;
    Ok(position)
}
