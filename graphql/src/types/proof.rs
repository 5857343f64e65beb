//! Checkpoints and proofs, for whoever does not want to trust this program.

use crate::{
    errors::{bad_input, storage},
    scalars::{id, parse, time},
    state::AppState,
};
use async_graphql::{ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{
    Event,
    audit::{self, Checkpoint as Signed, CheckpointSigned, ProofFile},
    codec::decode,
    ids::EventId,
    ports::auditor,
    position::PartitionId,
};
use millwright_projections::{
    Window,
    audit::{AuditFilter, AuditRow, by_id, page},
};

/// Checkpoints of one answer.
const MOST: usize = 100;

/// The head of a partition at some time, signed.
#[derive(SimpleObject)]
pub struct Checkpoint {
    /// The fact that holds it; none where only the note is known.
    event_id: Option<ID>,
    partition: String,
    seq: Option<u64>,
    recorded_at: Option<DateTime<Utc>>,
    tree_size: u64,
    /// Hex.
    root: String,
    /// The hash of the last record under it; hex.
    head: Option<String>,
    /// The root of the checkpoint before; hex.
    previous: Option<String>,
    /// Base64, with the four bytes that name the key in front.
    signature: String,
    /// Base64.
    public_key: String,
    /// The signed note to the letter, as C2SP has it.
    note: String,
}

/// From a fact to a signed checkpoint.
#[derive(SimpleObject)]
pub struct Proof {
    event_id: ID,
    pub partition: String,
    seq: u64,
    /// The record's hash, which is the leaf; hex.
    leaf: String,
    /// Nearest first; hex.
    path: Vec<String>,
    tree_size: u64,
    root: String,
    checkpoint: Checkpoint,
    /// The stored text to the letter. The leaf is SHA-256 over the hash before, `seq` as eight bytes (big endian), and this.
    record: String,
    /// Of the record before; hex, all zero before the first.
    previous_hash: String,
    /// The whole as a proof file: `millwright audit verify --proof` checks it anywhere.
    json: String,
}

/// How the program's own look through the ledger went.
#[derive(SimpleObject)]
pub struct AuditVerification {
    at: DateTime<Utc>,
    ok: bool,
    /// A position.
    up_to: String,
    first_bad: Option<FirstBad>,
}

/// A look through the ledger that is under way.
#[derive(SimpleObject)]
pub struct AuditLook {
    since: DateTime<Utc>,
    /// Records that were looked at.
    done: u64,
    of: u64,
    /// It was begun by this very request; false: it was under way.
    begun: bool,
}

impl AuditLook {
    pub(crate) fn told(looking: auditor::Looking, begun: bool) -> Self {
        let auditor::Looking { since, done, of } = looking;
        Self { since: time(since), done, of, begun }
    }
}

/// The first record that is not what was written.
#[derive(SimpleObject)]
pub struct FirstBad {
    partition: String,
    seq: u64,
    what: String,
}

impl Checkpoint {
    fn of_note(partition: &PartitionId, note: &str, public_key: String) -> Self {
        let text = note.split("\n\n").next().unwrap_or_default();
        let read = Signed::read(text).ok();
        let signature = note.trim_end().rsplit(' ').next().unwrap_or_default().to_string();
        Self {
            event_id: None,
            partition: partition.to_string(),
            seq: None,
            recorded_at: None,
            tree_size: read.as_ref().map_or(0, |read| read.size),
            root: read.as_ref().map(|read| read.root.to_string()).unwrap_or_default(),
            head: read.as_ref().and_then(|read| read.head).map(|head| head.to_string()),
            previous: read.and_then(|read| read.previous).map(|(_, root)| root.to_string()),
            signature,
            public_key,
            note: note.to_string(),
        }
    }

    /// The row tells where it is; what it says is on the log. `None` where that is no checkpoint any more.
    pub(crate) async fn of_row(state: &AppState, row: &AuditRow) -> Result<Option<Self>> {
        let page = state.log.read_ledger(&row.partition, row.seq, 1).await.map_err(storage)?;
        let Some((_, record)) = page.into_items().next() else { return Ok(None) };
        let Event::CheckpointSigned(CheckpointSigned { note, key, .. }) = decode(&record.bytes).map_err(storage)?.event else { return Ok(None) };
        let of_note = Self::of_note(&row.partition, &note, key.to_string());
        Ok(Some(Self { event_id: Some(id(&row.id)), seq: Some(row.seq), recorded_at: Some(time(row.recorded_at)), ..of_note }))
    }
}

impl Proof {
    pub(crate) fn of(proof: audit::Proof) -> Result<Self> {
        let file = ProofFile::Inclusion(Box::new(proof.clone()));
        let json = serde_json::to_string_pretty(&file).map_err(storage)?;
        Ok(Self {
            event_id: id(proof.event_id),
            partition: proof.partition.to_string(),
            seq: proof.seq,
            leaf: proof.leaf.to_string(),
            path: proof.path.iter().map(ToString::to_string).collect(),
            tree_size: proof.tree_size,
            root: proof.root.to_string(),
            checkpoint: Checkpoint::of_note(&proof.partition, &proof.checkpoint, proof.public_key.to_string()),
            record: proof.record,
            previous_hash: proof.previous_hash.to_string(),
            json,
        })
    }
}

/// `None` for no such fact, and for one that no checkpoint is over yet.
pub(crate) async fn of_fact(state: &AppState, event: &ID) -> Result<Option<Proof>> {
    let event: EventId = parse(event, "eventId")?;
    let Some(row) = by_id(&state.projections.ledger(), event).await.map_err(storage)? else { return Ok(None) };
    let proof = state.auditor.proof(&row.partition, row.seq).await.map_err(storage)?;
    proof.map(Proof::of).transpose()
}

pub(crate) async fn checkpoints(state: &AppState, partition: String, first: usize) -> Result<Vec<Checkpoint>> {
    let partition: PartitionId = partition.parse().map_err(|bad| bad_input(format!("partition: {bad}")))?;
    if !(1..=MOST).contains(&first) {
        return Err(bad_input(format!("`first` is a number from 1 to {MOST}, not {first}")));
    }
    let filter = AuditFilter { partition: Some(partition.to_string()), kind: Some("CheckpointSigned".into()), ..AuditFilter::default() };
    let rows = page(&state.projections.ledger(), &filter, &Window::first(first)).await.map_err(storage)?;
    let mut checkpoints = vec![];
    for (_, row) in &rows.rows {
        checkpoints.extend(Checkpoint::of_row(state, row).await?);
    }
    Ok(checkpoints)
}

impl From<auditor::Verification> for AuditVerification {
    fn from(looked: auditor::Verification) -> Self {
        let first_bad = looked.first_bad.map(|(partition, seq, what)| FirstBad { partition: partition.to_string(), seq, what });
        Self { at: time(looked.at), ok: first_bad.is_none(), up_to: looked.up_to.to_string(), first_bad }
    }
}
