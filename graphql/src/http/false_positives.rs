//! What was raised and was nothing, as JSON lines: for whoever tunes rules, or trains something on them.

use super::{body::refused, caller::Caller};
use crate::{notes, state::AppState};
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use millwright_domain::case::{CaseFile, Outcome};
use millwright_projections::open_cases::{self, CaseRow};
use serde_json::json;

/// Lines of one answer, the latest first.
const MOST: usize = 10_000;

/// One line a case that a person has closed as a false alarm.
pub async fn false_positives(Caller(state): Caller) -> Response {
    match lines(&state).await {
        Ok(lines) => ([(header::CONTENT_TYPE, "application/x-ndjson")], lines).into_response(),
        Err(error) => {
            tracing::error!(error = error.message, "the false positives could not be read");
            refused(StatusCode::SERVICE_UNAVAILABLE, "STORAGE", "the cases cannot be read; the program's log says why")
        }
    }
}

async fn lines(state: &AppState) -> async_graphql::Result<String> {
    let rows = open_cases::ended_as(&state.projections.ledger(), Outcome::FalseAlarm, MOST).await.map_err(crate::errors::storage)?;
    let mut lines = String::new();
    for row in rows.iter().filter(|row| state.caller.sees(&row.site)) {
        lines.push_str(&line(state, row)?);
        lines.push('\n');
    }
    Ok(lines)
}

fn line(state: &AppState, row: &CaseRow) -> async_graphql::Result<String> {
    let file = row.case.file();
    let diagnosis = file.and_then(|file| file.diagnosis.as_ref());
    let outcome = row.outcome.as_ref().map(|(outcome, _)| outcome);
    let line = json!({
        "case": row.id,
        "site": row.site,
        "asset": row.asset,
        "opened_at": row.opened_at.to_string(),
        "closed_at": row.closed_at.map(|at| at.to_string()),
        "detector": row.detector,
        "severity": row.severity,
        "alerts": file.map(|file| file.alerts),
        "change": file.and_then(|file| file.change),
        "cause": file.and_then(CaseFile::cause),
        "confidence": diagnosis.map(|diagnosis| diagnosis.confidence),
        "rules": diagnosis.map(|diagnosis| &diagnosis.by),
        "evidence": file.map(|file| &file.evidence),
        "by": outcome.map(|outcome| &outcome.by),
        "note": notes::opened(state, outcome.and_then(|outcome| outcome.note.as_ref()))?,
    });
    Ok(line.to_string())
}
