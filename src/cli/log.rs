//! `millwright log`: the facts themselves, as they come, and how many there are of each.

use crate::{app::log::read_only, settings::Settings};
use anyhow::Result;
use clap::{Args, Subcommand};
use millwright_domain::{
    Event,
    codec::decode,
    envelope::Recorded,
    ports::event_log::EventLog,
    position::{Lane, PartitionId, Position},
};
use std::{collections::BTreeMap, process::ExitCode};

#[derive(Debug, Args)]
pub struct LogCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The last facts of the ledger; with --follow also those to come.
    Tail {
        #[arg(long)]
        partition: Option<PartitionId>,
        /// So many of the last facts of each partition.
        #[arg(short = 'n', long, default_value_t = 20)]
        lines: u64,
        #[arg(long)]
        follow: bool,
        /// The stored JSON instead of one line for people.
        #[arg(long)]
        json: bool,
    },
    /// Records per partition and per type.
    Stats,
}

impl LogCommand {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let log = read_only(&settings).await?;
        match self.what {
            What::Tail { partition, lines, follow, json } => tail(&*log, partition.as_ref(), lines, follow, json).await?,
            What::Stats => stats(&*log).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn ledgers(head: &Position, only: Option<&PartitionId>) -> Vec<(PartitionId, u64)> {
    let ledger = head.partitions().filter(|(partition, _)| partition.lane() == Lane::Ledger);
    ledger.filter(|(partition, _)| only.is_none_or(|only| only == *partition)).map(|(partition, end)| (partition.clone(), end)).collect()
}

async fn tail(log: &dyn EventLog, only: Option<&PartitionId>, lines: u64, follow: bool, json: bool) -> Result<()> {
    let mut head = log.head().await?;
    let mut shown = Position::default();
    for (partition, end) in ledgers(&head, only) {
        shown.advance(&partition, end.saturating_sub(lines));
    }
    loop {
        for (partition, end) in ledgers(&head, only) {
            show(log, &partition, &mut shown, end, json).await?;
        }
        if !follow {
            return Ok(());
        }
        tokio::select! {
            moved = log.past(&head) => head = moved?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

async fn show(log: &dyn EventLog, partition: &PartitionId, shown: &mut Position, end: u64, json: bool) -> Result<()> {
    while shown.next(partition) < end {
        let page = log.read_ledger(partition, shown.next(partition), 1_024).await?;
        shown.advance(partition, page.next());
        for (_, stored) in page.iter() {
            match json {
                true => println!("{}", String::from_utf8_lossy(&stored.bytes)),
                false => println!("{}", line(&decode(&stored.bytes)?)),
            }
        }
    }
    Ok(())
}

fn line(fact: &Recorded) -> String {
    let what = match &fact.event {
        Event::CommandAnswered(answered) => format!("CommandAnswered {} → {:?}", answered.asked, answered.answer),
        event => event.kind().to_string(),
    };
    format!("{} {}:{:<6} {:<46} {:<16} {what}", fact.recorded_at, fact.partition.name(), fact.seq, fact.stream, fact.actor)
}

async fn stats(log: &dyn EventLog) -> Result<()> {
    let head = log.head().await?;
    for (partition, end) in head.partitions() {
        println!("{partition}: {end} records");
    }
    for (partition, end) in ledgers(&head, None) {
        let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
        let mut unknown = 0u64;
        let mut next = 0;
        while next < end {
            let page = log.read_ledger(&partition, next, 4_096).await?;
            next = page.next();
            for (_, stored) in page.iter() {
                let fact = decode(&stored.bytes)?;
                unknown += u64::from(matches!(fact.event, Event::Unknown { .. }));
                *kinds.entry(fact.event.kind().to_string()).or_default() += 1;
            }
        }
        println!("\n{partition} by type, {unknown} of types this program does not know");
        kinds.iter().for_each(|(kind, count)| println!("  {count:>9}  {kind}"));
    }
    Ok(())
}
