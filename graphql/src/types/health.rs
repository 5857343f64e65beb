//! How the program is: what it has taken in, what it cannot show, how its parts are.

use crate::{scalars::Position, state::AppState};
use async_graphql::SimpleObject;
use millwright_projections::{NotRead, audit};
use serde::{Serialize, Serializer};

#[derive(SimpleObject, Serialize)]
pub struct Health {
    pub(crate) ok: bool,
    /// Everything up to here can be seen.
    #[serde(serialize_with = "as_text")]
    position: Position,
    lag: Vec<PartitionLag>,
    /// Streams that are not shown any further, and why.
    parked: Vec<ParkedStream>,
    /// Facts of types that this program does not know: kept on the log, not shown.
    unknown_facts: u64,
    /// What holds the projections up at the moment, if anything does.
    trouble: Option<String>,
    parts: Vec<Part>,
}

fn as_text<S: Serializer>(position: &Position, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&position.0)
}

#[derive(SimpleObject, Serialize)]
pub struct PartitionLag {
    partition: String,
    next: u64,
    head: u64,
    behind: u64,
}

#[derive(SimpleObject, Serialize)]
pub struct ParkedStream {
    projection: String,
    partition: String,
    stream: String,
    seq: u64,
    kind: String,
    reason: String,
    /// Later facts of the stream that were passed over.
    skipped: u64,
}

/// A collector, the monitor, the executor, …
#[derive(SimpleObject, Serialize)]
pub struct Part {
    name: String,
    ok: bool,
    detail: String,
}

impl Health {
    pub(crate) async fn of(state: &AppState) -> Result<Self, NotRead> {
        let parts: Vec<Part> = (state.parts)().into_iter().map(|part| Part { name: part.name, ok: part.ok, detail: part.detail }).collect();
        let trouble = state.projections.trouble();
        let lag = state.projections.lag().into_iter().map(|lag| PartitionLag {
            partition: lag.partition.to_string(),
            next: lag.next,
            head: lag.head,
            behind: lag.head.saturating_sub(lag.next),
        });
        let parked = state.projections.parked().into_iter().map(|parked| ParkedStream {
            projection: parked.projection,
            partition: parked.partition.to_string(),
            stream: parked.stream,
            seq: parked.seq,
            kind: parked.kind,
            reason: parked.reason,
            skipped: parked.skipped,
        });
        Ok(Self {
            ok: trouble.is_none() && parts.iter().all(|part| part.ok),
            position: Position(state.projections.position()),
            lag: lag.collect(),
            parked: parked.collect(),
            unknown_facts: audit::counts(&state.projections.ledger()).await?.unknown,
            trouble,
            parts,
        })
    }
}
