//! A worker that fails is started again, with growing pauses; whether it runs is on the health board.

use super::health::HealthBoard;
use millwright_domain::ports::clock::Clock;
use std::{error::Error, future::Future, sync::Arc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const FIRST_PAUSE: chrono::TimeDelta = chrono::TimeDelta::milliseconds(500);
const LONGEST_PAUSE: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

/// Runs what `begin` makes until it ends well or everything stops.
pub fn supervise<F, E>(
    name: impl Into<String>,
    board: &HealthBoard,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    begin: impl Fn() -> F + Send + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = Result<(), E>> + Send,
    E: Error + Send + Sync + 'static,
{
    let (board, name) = (board.clone(), name.into());
    tokio::spawn(async move {
        let mut pause = FIRST_PAUSE;
        while !stop.is_cancelled() {
            board.runs(&name);
            let begun = clock.now().wall;
            let Err(error) = begin().await else { break };
            let reason = format!("{:#}", anyhow::Error::from(error));
            tracing::error!(worker = name, reason, "{name} failed and is started again");
            board.failed(&name, &reason);
            // One that ran well for a while starts over with short pauses.
            pause = if clock.now().wall.since(begun) > LONGEST_PAUSE { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            tokio::select! {
                () = stop.cancelled() => {}
                () = clock.wall_reaches(clock.now().wall + pause) => {}
            }
        }
        board.stopped(&name);
    })
}
