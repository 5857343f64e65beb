//! Librarian: what stands on the shelf of manuals becomes facts, so that it can be said later what the crew could cite, and who brought it in.

use crate::{
    fact_tail::TailError,
    insist::{insist, service},
    manuals::{Manual, Shelf},
    site_tail::SiteTail,
};
use chrono::TimeDelta;
use millwright_commands::{Ask, Command, Commands, RecordManual, RecordManualRemoved};
use millwright_domain::{
    manual::{LONGEST_TITLE, ManualImported, Manuals},
    plain,
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
};
use std::{collections::BTreeSet, sync::Arc};
use tokio_util::sync::CancellationToken;

/// How soon an import is on the ledger.
const EVERY: TimeDelta = TimeDelta::seconds(5);

#[derive(Clone)]
pub struct Librarian {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub shelf: Arc<Shelf>,
    /// The platform's: a manual is not one site's.
    pub partition: PartitionId,
}

impl Librarian {
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let mut tail = SiteTail::at_the_end(self.log.clone(), self.partition.clone()).await?;
        while !stop.is_cancelled() {
            tail.up_to_now().await?;
            self.settle(&tail.site.manuals, &stop).await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.clock.wall_reaches(self.clock.now().wall + EVERY) => {}
            }
        }
        Ok(())
    }

    async fn settle(&self, known: &Manuals, stop: &CancellationToken) {
        let shelf = self.shelf.clone();
        // Reading a shelf of manuals is work for a thread of its own.
        let Ok(library) = tokio::task::spawn_blocking(move || shelf.library()).await else { return };
        for command in differences(&library.manuals, known, |name| self.shelf.removed_by(name)) {
            insist(&self.commands, &*self.clock, &self.partition, Ask::new(service("svc-librarian"), command), stop).await;
        }
    }
}

/// What is to be told so that the ledger knows what stands there.
fn differences(there: &[Manual], known: &Manuals, removed_by: impl Fn(&str) -> Option<millwright_domain::ids::ActorId>) -> Vec<Command> {
    let told = there.iter().map(imported).filter(|manual| !is_known(known, manual));
    let mut commands: Vec<Command> = told.map(|manual| RecordManual { manual }.into()).collect();
    let names: BTreeSet<&str> = there.iter().map(|manual| manual.name.as_str()).collect();
    let gone = known.0.keys().filter(|name| !names.contains(name.as_str()));
    commands.extend(gone.map(|name| RecordManualRemoved { name: name.clone(), by: removed_by(name) }.into()));
    commands
}

fn is_known(known: &Manuals, manual: &ManualImported) -> bool {
    known.0.get(&manual.name).is_some_and(|known| ManualImported { by: manual.by.clone(), ..known.clone() } == *manual)
}

fn imported(manual: &Manual) -> ManualImported {
    ManualImported {
        name: manual.name.clone(),
        title: plain::cleaned(&manual.title, LONGEST_TITLE),
        revision: manual.revision.clone(),
        pages: u32::try_from(manual.pages.len()).unwrap_or(u32::MAX),
        classes: manual.classes.iter().map(|class| plain::line(class)).collect(),
        vendor: plain::cleaned(&manual.vendor, LONGEST_TITLE),
        by: manual.imported_by.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;

    #[test]
    fn what_is_new_changed_or_gone_is_told_and_nothing_else() {
        let manual = |name: &str, text: &str| Manual::of(name, name, vec![text.into()], Utc::now()).unwrap();
        let there = [manual("new", "a"), manual("changed", "b"), manual("same", "c")];
        let known = [imported(&manual("changed", "x")), imported(&there[2]), imported(&manual("gone", "d"))];
        let known = Manuals(known.into_iter().map(|manual| (manual.name.clone(), manual)).collect());
        let told: Vec<String> = differences(&there, &known, |_| None)
            .into_iter()
            .map(|command| match command {
                Command::RecordManual(recorded) => format!("there is {}", recorded.manual.name),
                Command::RecordManualRemoved(removed) => format!("gone is {}", removed.name),
                other => other.name().to_string(),
            })
            .collect();
        assert_eq!(told, ["there is new", "there is changed", "gone is gone"]);
    }
}
