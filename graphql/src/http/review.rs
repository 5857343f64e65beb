//! Review by plain HTTP, for programs that speak no GraphQL: approve, edit, close. The same commands as the mutations.

use super::{
    body::{json, refused},
    caller::Caller,
};
use crate::{
    errors::not_reached,
    mutation::Asking,
    state::{AppState, WAIT_FOR_POSITION},
    types::answer::Answered,
};
use axum::{
    Json,
    body::Body,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use millwright_commands::{ApproveAction, ProposeAction, RecordOutcome, RejectAction};
use millwright_domain::{
    case::Outcome,
    ids::{ActionId, ActionName, CaseId, CauseId, CommandId, derived},
    position::PartitionId,
};
use millwright_projections::actions::Stage;
use serde::Deserialize;
use serde_json::json;

/// Yes to exactly what `binding` names.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    action: ActionId,
    binding: String,
    command_id: Option<CommandId>,
}

/// Not this action but that one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    action: ActionId,
    note: Option<String>,
    edit: Instead,
    command_id: Option<CommandId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instead {
    action: ActionName,
}

/// How it ended.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    case: CaseId,
    outcome: Outcome,
    true_cause: Option<CauseId>,
    note: Option<String>,
    command_id: Option<CommandId>,
}

pub async fn approve(Caller(state): Caller, headers: HeaderMap, body: Body) -> Response {
    match json::<Approve>(&headers, body).await {
        Ok(approve) => respond(approve.ask(&state).await.map(|answer| vec![answer])),
        Err(refusal) => refusal,
    }
}

pub async fn edit(Caller(state): Caller, headers: HeaderMap, body: Body) -> Response {
    match json::<Edit>(&headers, body).await {
        Ok(edit) => respond(edit.ask(&state).await),
        Err(refusal) => refusal,
    }
}

pub async fn close(Caller(state): Caller, headers: HeaderMap, body: Body) -> Response {
    match json::<Close>(&headers, body).await {
        Ok(close) => respond(close.ask(&state).await.map(|answer| vec![answer])),
        Err(refusal) => refusal,
    }
}

impl Approve {
    async fn ask(self, state: &AppState) -> async_graphql::Result<Answered> {
        let asking = Asking::by(state, self.command_id);
        let known = asking.action(self.action).await?;
        let approve = ApproveAction { action: self.action, binding: self.binding, via: None };
        asking.ask(&PartitionId::site(&known.site), Some(known.case), approve).await
    }
}

impl Edit {
    /// Proposes the other action first: if that is refused, the first one still waits. One that writes the same signal is superseded by it.
    async fn ask(self, state: &AppState) -> async_graphql::Result<Vec<Answered>> {
        let asking = Asking::by(state, self.command_id);
        let known = asking.action(self.action).await?;
        let case = asking.case(known.case).await?;
        let partition = PartitionId::site(&known.site);
        let propose = ProposeAction { case: case.id, name: self.edit.action, because: case.because };
        let proposed = asking.ask(&partition, Some(case.id), propose).await?;
        if proposed.code.is_some() {
            return Ok(vec![proposed]);
        }
        state.projections.reached(&proposed.position.0, WAIT_FOR_POSITION).await.map_err(not_reached)?;
        let second = self.command_id.map(|first| CommandId(derived(&first.to_string(), "review_edit", 1)));
        let rejecting = Asking::by(state, second);
        if rejecting.action(self.action).await?.stage != Stage::AwaitingApproval {
            return Ok(vec![proposed]);
        }
        let reject = RejectAction { action: self.action, note: rejecting.sealed(self.note)? };
        let rejected = rejecting.ask(&partition, Some(case.id), reject).await?;
        Ok(vec![proposed, rejected])
    }
}

impl Close {
    async fn ask(self, state: &AppState) -> async_graphql::Result<Answered> {
        let asking = Asking::by(state, self.command_id);
        let known = asking.case(self.case).await?;
        let record =
            RecordOutcome { case: known.id, outcome: self.outcome, true_cause: self.true_cause, note: asking.sealed(self.note)?, evidence: vec![] };
        asking.ask(&PartitionId::site(&known.site), Some(known.id), record).await
    }
}

/// 200 with the answers, 409 when the rules refused one, 404 or 400 when it cannot be meant.
fn respond(answers: async_graphql::Result<Vec<Answered>>) -> Response {
    let answers = match answers {
        Ok(answers) => answers,
        Err(error) => return failure(&error),
    };
    let status = if answers.iter().any(|answer| answer.code.is_some()) { StatusCode::CONFLICT } else { StatusCode::OK };
    let shown = |answer: &Answered| {
        json!({
            "answer": answer.kind, "code": answer.code, "reason": answer.reason, "subject": answer.subject,
            "command_id": *answer.command_id, "position": answer.position.0.to_string(),
        })
    };
    (status, Json(json!({ "answers": answers.iter().map(shown).collect::<Vec<_>>() }))).into_response()
}

fn failure(error: &async_graphql::Error) -> Response {
    let code = match error.extensions.as_ref().and_then(|extensions| extensions.get("code")) {
        Some(async_graphql::Value::String(code)) => code.as_str(),
        _ => "FAILED",
    };
    let status = match code {
        "NOT_FOUND" => StatusCode::NOT_FOUND,
        "BAD_INPUT" => StatusCode::BAD_REQUEST,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    refused(status, code, &error.message)
}
