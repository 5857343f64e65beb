//! Rules are read again when a person saves them; a broken file is refused with line and reason, and the old rules stay.

use super::health::HealthBoard;
use crate::configured;
use millwright_agents::diagnosis::RuleBook;
use millwright_domain::ports::clock::Clock;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const LOOK_EVERY: chrono::TimeDelta = chrono::TimeDelta::seconds(2);

/// Watches the folder until stopped. A folder that is not there is left alone: the rules in force were built in.
pub fn watch(folder: PathBuf, book: RuleBook, board: HealthBoard, clock: Arc<dyn Clock>, stop: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut seen = fingerprint(&folder);
        board.runs("rules");
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = clock.wall_reaches(clock.now().wall + LOOK_EVERY) => {}
            }
            let now = fingerprint(&folder);
            if now == seen || now.is_empty() {
                continue;
            }
            seen = now;
            match configured::rules(&folder) {
                Ok(rules) => {
                    let rules = book.put(rules);
                    board.runs("rules");
                    tracing::info!(rules = rules.len(), digest = rules.digest(), "new rules are in force");
                }
                Err(refused) => {
                    let reason = format!("{refused:#}");
                    tracing::warn!(reason, "new rules were refused; the old ones stay");
                    board.failed("rules", &reason);
                }
            }
        }
    })
}

/// Names, sizes and times of the files; empty if there is no folder.
fn fingerprint(folder: &Path) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut files: Vec<_> = entries.filter_map(|entry| entry.metadata().ok().map(|file| (entry.path(), file.len(), file.modified().ok()))).collect();
    files.sort();
    files
}
