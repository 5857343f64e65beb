//! Every minute, ask the ticket systems what people did there: what no webhook told, or told while nobody listened. The same deed is recorded once.

use crate::{
    checkpoint::{self, CannotGoOn},
    insist::insist,
    said_once::SaidOnce,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_commands::{Ask, Command, Commands};
use millwright_domain::{
    Timestamp,
    envelope::Answer,
    ids::CommandId,
    ports::{
        clock::Clock,
        messenger::NotTaken,
        ticket_system::{OutsideDeed, TicketNews, TicketSystem},
    },
    position::PartitionId,
};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};
use tokio_util::sync::CancellationToken;

/// How often each system is asked.
const ASK_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Makes a deed a command: whose account it is, and what the words mean. The door does the same for what comes by webhook.
#[async_trait]
pub trait Reader: Send + Sync {
    /// With the partition of the site whose ticket it is; `None` where nothing here has such a ticket.
    async fn read(&self, deed: &OutsideDeed) -> Result<Option<(PartitionId, CommandId, Command)>, Box<dyn std::error::Error + Send + Sync>>;
}

/// One for all sites: what a system tells is of all its tickets.
pub struct TicketPoll {
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub systems: Vec<(String, Arc<dyn TicketSystem>)>,
    pub reader: Arc<dyn Reader>,
    /// Where it keeps how far each system was heard.
    pub checkpoint: PathBuf,
}

/// How it stands with one system.
#[derive(Default)]
struct Standing {
    /// It wants to be left alone until then.
    busy_until: Timestamp,
    said: SaidOnce,
}

impl TicketPoll {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), CannotGoOn> {
        let mut heard: BTreeMap<String, String> = checkpoint::load(&self.checkpoint)?.unwrap_or_default();
        let mut standing: BTreeMap<&str, Standing> = BTreeMap::new();
        loop {
            for (name, system) in &self.systems {
                let since = heard.get(name).map_or("", String::as_str);
                let news = standing.entry(name).or_default().ask(name, &**system, since, self.clock.now().wall).await;
                if let Some(news) = news
                    && self.record(&news.deeds, &stop).await
                {
                    heard.insert(name.clone(), news.next);
                    checkpoint::save(&self.checkpoint, &heard)?;
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = self.clock.wall_reaches(self.clock.now().wall + ASK_EVERY) => {}
            }
        }
    }

    /// Whether all of it is on record, or need not be.
    async fn record(&self, deeds: &[OutsideDeed], stop: &CancellationToken) -> bool {
        for deed in deeds {
            let (partition, id, command) = match self.reader.read(deed).await {
                Ok(Some(read)) => read,
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(%error, "what somebody did in a ticket cannot be looked up now");
                    return false;
                }
            };
            let ask = Ask::new("svc-door".parse().expect("a literal that is a name"), command).with_id(id);
            let Some(answered) = insist(&self.commands, &*self.clock, &partition, ask, stop).await else { return false };
            if let Answer::Refused { reason, .. } = answered.answer {
                tracing::debug!(reason, "what somebody did in a ticket is not recorded here");
            }
        }
        true
    }
}

impl Standing {
    /// `None` where there is nothing to be had now.
    async fn ask(&mut self, name: &str, system: &dyn TicketSystem, since: &str, now: Timestamp) -> Option<TicketNews> {
        if now < self.busy_until {
            return None;
        }
        let not_told = match system.news(since).await {
            Ok(news) => return news,
            Err(not_told) => not_told,
        };
        if let NotTaken::Busy { wait, .. } = &not_told {
            self.busy_until = now + TimeDelta::from_std(*wait).unwrap_or(ASK_EVERY);
        }
        let why = not_told.to_string();
        if self.said.is_news(&why, now) {
            tracing::warn!(system = name, why, "{name} does not say what people did there: {why}");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{
        case::Outcome,
        ids::CaseId,
        ticket::{TicketRef, TicketText},
    };
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    /// Wants to be left alone for two minutes, whenever it is asked.
    #[derive(Default)]
    struct Overrun {
        asked: AtomicUsize,
    }

    #[async_trait]
    impl TicketSystem for Overrun {
        async fn open(&self, _: CaseId, _: &TicketText) -> Result<TicketRef, NotTaken> {
            unreachable!()
        }
        async fn edit(&self, _: &TicketRef, _: &TicketText) -> Result<(), NotTaken> {
            unreachable!()
        }
        async fn comment(&self, _: &TicketRef, _: &str, _: &str) -> Result<(), NotTaken> {
            unreachable!()
        }
        async fn close(&self, _: &TicketRef, _: &str, _: Outcome, _: &str) -> Result<(), NotTaken> {
            unreachable!()
        }
        async fn reopen(&self, _: &TicketRef, _: &str, _: &str) -> Result<(), NotTaken> {
            unreachable!()
        }
        async fn news(&self, _: &str) -> Result<Option<TicketNews>, NotTaken> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            Err(NotTaken::Busy { reason: "slow down".into(), wait: Duration::from_secs(120) })
        }
    }

    #[tokio::test]
    async fn a_system_that_wants_to_be_left_alone_is_not_asked_until_then() {
        let (mut standing, system) = (Standing::default(), Overrun::default());
        for (second, asked) in [(0, 1), (60, 1), (119, 1), (120, 2), (180, 2), (240, 3)] {
            assert_eq!(standing.ask("github", &system, "", Timestamp::from_secs(second)).await, None);
            assert_eq!(system.asked.load(Ordering::Relaxed), asked, "after {second} s");
        }
    }
}
