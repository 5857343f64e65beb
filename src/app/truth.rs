//! What a simulator really does goes to a partition of its own on the log, which only the evaluation reads.

use millwright_agents::insist::insist;
use millwright_commands::{Ask, Commands, MarkTruth, NotAnswered};
use millwright_domain::{
    Timestamp,
    ids::{ActorId, SiteId},
    ports::clock::Clock,
    position::PartitionId,
    site::GroundTruthMarked,
};
use millwright_ingest::simulator::plant::TruthTeller;
use std::sync::Arc;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// What was told and is not recorded yet, with its plant time.
pub type Marks = mpsc::Receiver<(Timestamp, GroundTruthMarked)>;

/// A teller for the simulator, and what it tells waiting to be recorded. A scenario has a handful of marks; the bound is never met.
pub fn channel() -> (TruthTeller, Marks) {
    let (sender, marks) = mpsc::channel(1_024);
    let teller = move |at, truth| {
        if let Err(error) = sender.try_send((at, truth)) {
            tracing::error!(%error, "a mark of ground truth was lost; this run cannot be evaluated");
        }
    };
    (Box::new(teller), marks)
}

/// Takes the truth's partition, and records marks until the simulator is gone or everything stops.
pub async fn record(
    mut marks: Marks,
    commands: Commands,
    clock: Arc<dyn Clock>,
    site: &SiteId,
    stop: CancellationToken,
) -> Result<JoinHandle<()>, NotAnswered> {
    let partition = PartitionId::truth(site);
    commands.serve(partition.clone()).await?;
    let by: ActorId = "svc-simulator".parse().expect("a literal that is a name");
    let recording = async move {
        loop {
            let mark = tokio::select! {
                () = stop.cancelled() => return,
                mark = marks.recv() => mark,
            };
            let Some((at, truth)) = mark else { return };
            let ask = Ask::new(by.clone(), MarkTruth { truth }).occurred_at(at);
            insist(&commands, &*clock, &partition, ask, &stop).await;
        }
    };
    Ok(tokio::spawn(recording))
}
