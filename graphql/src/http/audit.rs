//! For auditors: copies of the checkpoints to keep elsewhere, and the ledger as a file that is made while it is sent.

use super::{body::refused, caller::Caller};
use async_trait::async_trait;
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::Query,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use futures::{SinkExt, channel::mpsc};
use millwright_domain::{
    Timestamp,
    access::{Deed, Place},
    ports::auditor::{AuditFailed, Format, Selection, Taker},
    position::PartitionId,
};
use serde::Deserialize;
use std::{io, sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Pieces that wait to be sent; each is a page of records.
const WAITING: usize = 2;
/// Who takes nothing for so long has gone, and another may have the turn.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);

/// Whoever exports reads the whole ledger, so only so many do at once.
#[derive(Clone)]
pub struct Exports(Arc<Semaphore>);

impl Exports {
    pub fn at_once(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most)))
    }
}

/// Signed notes, one after the other. Whoever fetches them now and then can say later whether the ledger is still theirs.
pub async fn checkpoints(Caller(state): Caller) -> Response {
    if state.allow(Deed::Look, Place::default(), "checkpoints").await.is_err() {
        return refused(StatusCode::FORBIDDEN, "NOT_ALLOWED", "the signed heads are of every site; ask with a role that counts everywhere");
    }
    match state.auditor.checkpoints().await {
        Ok(notes) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], notes).into_response(),
        Err(cause) => {
            tracing::error!(cause = %cause, deeper = ?std::error::Error::source(&cause), "the copies of the checkpoints could not be read");
            refused(StatusCode::SERVICE_UNAVAILABLE, "STORAGE", "the checkpoints cannot be read; the program's log says why")
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    partition: Option<String>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    kind: Option<String>,
    actor: Option<String>,
    stream: Option<String>,
    format: Option<String>,
}

pub async fn export(
    Caller(state): Caller,
    Extension(exports): Extension<Exports>,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let asked = match asked {
        Ok(Query(asked)) => asked,
        Err(bad) => {
            return refused(
                StatusCode::BAD_REQUEST,
                "BAD_INPUT",
                &format!("{}; ask for partition, from, to, kind, actor, stream, format", bad.body_text()),
            );
        }
    };
    let (selection, format) = match meant(asked) {
        Ok(meant) => meant,
        Err(why) => return refused(StatusCode::BAD_REQUEST, "BAD_INPUT", &why),
    };
    let scoped = state.partition_scope(selection.partition.as_ref().map(ToString::to_string).as_deref(), "export").await;
    let selection = match scoped.map(|scoped| scoped.map(|partition| partition.parse())) {
        Ok(None) => selection,
        Ok(Some(Ok(partition))) => Selection { partition: Some(partition), ..selection },
        Ok(Some(Err(_))) | Err(_) => return refused(StatusCode::FORBIDDEN, "NOT_ALLOWED", "your roles do not let you look at that partition"),
    };
    let Ok(turn) = exports.0.try_acquire_owned() else {
        let busy = refused(
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY",
            "others are exporting; ask again when they are through, or use `millwright audit export`",
        );
        return ([(header::RETRY_AFTER, "30")], busy).into_response();
    };
    let (kind, name) = match format {
        Format::JsonLines => ("application/x-ndjson", "ledger.jsonl"),
        Format::Parquet => ("application/vnd.apache.parquet", "ledger.parquet"),
    };
    let (sender, pieces) = mpsc::channel(WAITING);
    let (auditor, shutdown) = (state.auditor.clone(), state.shutdown.clone());
    tokio::spawn(async move {
        let _turn = turn;
        let mut pipe = Pipe(sender);
        let done = tokio::select! {
            () = shutdown.cancelled() => Err(AuditFailed::Gone),
            done = auditor.export(selection, format, &mut pipe) => done,
        };
        match done {
            Ok(()) => {}
            Err(AuditFailed::Gone) => tracing::info!("an export was not taken to its end"),
            Err(cause) => {
                tracing::error!(cause = %cause, deeper = ?std::error::Error::source(&cause), "an export could not be made");
                // The answer breaks off, so that nobody takes a part for the whole.
                drop(pipe.0.send(Err(io::Error::other("the export broke off"))).await);
            }
        }
    });
    let headers = [(header::CONTENT_TYPE, kind.to_string()), (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))];
    (headers, Body::from_stream(pieces)).into_response()
}

fn meant(asked: Asked) -> Result<(Selection, Format), String> {
    let Asked { partition, from, to, kind, actor, stream, format } = asked;
    let partition: Option<PartitionId> = partition.map(|text| text.parse()).transpose().map_err(|bad| format!("partition: {bad}"))?;
    let format = match format.as_deref() {
        None | Some("jsonl") => Format::JsonLines,
        Some("parquet") => Format::Parquet,
        Some(other) => return Err(format!("format is jsonl or parquet, not {:?}", other.chars().take(40).collect::<String>())),
    };
    let time = |time: Option<DateTime<Utc>>| time.map(|time| Timestamp::from_micros(time.timestamp_micros()));
    Ok((Selection { partition, from: time(from), to: time(to), kind, actor, stream }, format))
}

struct Pipe(mpsc::Sender<io::Result<Bytes>>);

#[async_trait]
impl Taker for Pipe {
    async fn take(&mut self, bytes: Vec<u8>) -> Result<(), AuditFailed> {
        let taken = tokio::time::timeout(TAKEN_WITHIN, self.0.send(Ok(bytes.into()))).await;
        taken.map_err(|_slow| AuditFailed::Gone)?.map_err(|_gone| AuditFailed::Gone)
    }
}
