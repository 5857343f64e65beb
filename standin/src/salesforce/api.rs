//! The routes, with the checks that Salesforce makes.

use super::{SalesforceServer, Shared};
use crate::soql::Query as Soql;
use axum::{
    Form, Json, Router,
    extract::{Path, Query, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, patch, post},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Fields = BTreeMap<String, String>;

pub fn routes(shared: Shared) -> Router {
    let data = Router::new()
        .route("/sobjects/Case/{id}", patch(update))
        .route("/sobjects/Case/{field}/{value}", get(by_external).patch(upsert))
        .route("/sobjects/CaseComment", post(comment))
        .route("/query", get(query))
        .layer(middleware::from_fn_with_state(shared.clone(), let_in));
    Router::new().route("/services/oauth2/token", post(token)).nest("/services/data/v62.0", data).with_state(shared)
}

fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!([{"message": message, "errorCode": code}]))).into_response()
}
fn not_found() -> Response {
    refused(StatusCode::NOT_FOUND, "NOT_FOUND", "The requested resource does not exist")
}

async fn token(State(shared): State<Shared>, Form(form): Form<Fields>) -> Response {
    let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let oauth =
        |error: &str, description: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error, "error_description": description}))).into_response();
    if text("grant_type") != "client_credentials" {
        return oauth("unsupported_grant_type", "grant type not supported");
    }
    let mut state = shared.state();
    if text("client_id") != SalesforceServer::CLIENT_ID || text("client_secret") != state.secret {
        return oauth("invalid_client", "invalid client credentials");
    }
    let access_token = state.token();
    let id = format!("https://login.salesforce.com/id/00D000000000001EAA/{}", SalesforceServer::USER);
    let answer = json!({"access_token": access_token, "instance_url": "https://standin.my.salesforce.com", "id": id, "token_type": "Bearer"});
    Json(answer).into_response()
}

async fn let_in(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let given = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_good = given.strip_prefix("Bearer ").is_some_and(|token| shared.state().tokens.iter().any(|good| good == token));
    if is_good { next.run(request).await } else { refused(StatusCode::UNAUTHORIZED, "INVALID_SESSION_ID", "Session expired or invalid") }
}

/// What is too long, by the field's length in characters, or in bytes.
fn too_long(body: &Value) -> Option<Response> {
    let checks = [("Subject", 255, false), ("Description", 32_000, false), ("CommentBody", 4_000, true)];
    for (field, longest, in_bytes) in checks {
        let text = body[field].as_str().unwrap_or_default();
        if (if in_bytes { text.len() } else { text.chars().count() }) > longest {
            let message = format!("{field}: data value too large (max length={longest})");
            return Some(refused(StatusCode::BAD_REQUEST, "STRING_TOO_LONG", &message));
        }
    }
    None
}

async fn by_external(State(shared): State<Shared>, Path((field, value)): Path<(String, String)>) -> Response {
    let state = shared.state();
    match state.by_external(&value).filter(|_case| field == SalesforceServer::FIELD) {
        Some(case) => Json(json!({"Id": case.id})).into_response(),
        None => not_found(),
    }
}

async fn upsert(State(shared): State<Shared>, Path((field, value)): Path<(String, String)>, Json(body): Json<Value>) -> Response {
    if field != SalesforceServer::FIELD {
        return refused(StatusCode::NOT_FOUND, "NOT_FOUND", &format!("Provided external ID field does not exist or is not accessible: {field}"));
    }
    if let Some(refused) = too_long(&body) {
        return refused;
    }
    let mut state = shared.state();
    let found = state.by_external(&value).map(|case| case.id.clone());
    let (status, id, created) = match found {
        Some(id) => {
            state.update(SalesforceServer::USER, &id, &body, &shared.time);
            (StatusCode::OK, id, false)
        }
        None => (StatusCode::CREATED, state.create(SalesforceServer::USER, &value, &body, &shared.time), true),
    };
    (status, Json(json!({"id": id, "success": true, "errors": [], "created": created}))).into_response()
}

async fn update(State(shared): State<Shared>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let mut state = shared.state();
    if state.case_mut(&id).is_none() {
        return not_found();
    }
    if let Some(refused) = too_long(&body) {
        return refused;
    }
    state.update(SalesforceServer::USER, &id, &body, &shared.time);
    StatusCode::NO_CONTENT.into_response()
}

async fn comment(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut state = shared.state();
    let parent = body["ParentId"].as_str().unwrap_or_default();
    if state.case_mut(parent).is_none() {
        return refused(StatusCode::NOT_FOUND, "ENTITY_IS_DELETED", "entity is deleted");
    }
    if let Some(refused) = too_long(&body) {
        return refused;
    }
    let id = state.comment(SalesforceServer::USER, parent, body["CommentBody"].as_str().unwrap_or_default(), &shared.time);
    (StatusCode::CREATED, Json(json!({"id": id, "success": true, "errors": []}))).into_response()
}

async fn query(State(shared): State<Shared>, Query(parameters): Query<Fields>) -> Response {
    let malformed = |why: String| refused(StatusCode::BAD_REQUEST, "MALFORMED_QUERY", &why);
    let query = match Soql::parse(parameters.get("q").map(String::as_str).unwrap_or_default()) {
        Ok(query) => query,
        Err(why) => return malformed(why),
    };
    let Some(records) = shared.state().records(&query.from) else {
        return refused(StatusCode::BAD_REQUEST, "INVALID_TYPE", &format!("sObject type '{}' is not supported.", query.from));
    };
    match query.run(&records) {
        Ok(found) => Json(json!({"totalSize": found.len(), "done": true, "records": found})).into_response(),
        Err(why) => refused(StatusCode::BAD_REQUEST, "INVALID_FIELD", &why),
    }
}
