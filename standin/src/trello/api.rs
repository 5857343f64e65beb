//! The routes, with the checks that Trello makes. Its refusals are plain text.

use super::{
    Shared, TrelloServer,
    state::{Action, Card, State as Held},
};
use crate::time::seconds;
use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const LONGEST: usize = 16_384;

type Parameters = Query<BTreeMap<String, String>>;

pub fn routes(shared: Shared) -> Router {
    let api = Router::new()
        .route("/members/me", get(me))
        .route("/lists/{id}", get(list))
        .route("/boards/{id}/cards/{filter}", get(cards))
        .route("/boards/{id}/lists", get(lists))
        .route("/boards/{id}/labels", get(labels))
        .route("/lists", post(make_list))
        .route("/boards/{id}/actions", get(actions))
        .route("/labels", post(make_label))
        .route("/cards", post(create))
        .route("/cards/{id}", get(one).put(change))
        .route("/cards/{id}/actions", get(actions_of_card))
        .route("/cards/{id}/actions/comments", post(comment))
        .route("/search", get(search))
        .route("/webhooks", post(super::hooks::make));
    Router::new()
        .nest("/1", api)
        .fallback(|| async { refused(StatusCode::NOT_FOUND, "Cannot find it") })
        .layer(middleware::from_fn_with_state(shared.clone(), let_in))
        .with_state(shared)
}

/// Only by the header: an address with a token in it gets into logs.
async fn let_in(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if request.uri().query().is_some_and(|query| query.contains("token=") || query.contains("key=")) {
        return refused(StatusCode::BAD_REQUEST, "this stand-in takes credentials in the header only");
    }
    let given = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_string();
    let token = shared.state().token.clone();
    if !given.contains(&format!("oauth_consumer_key=\"{}\"", TrelloServer::KEY)) || !given.starts_with("OAuth ") {
        return refused(StatusCode::UNAUTHORIZED, "invalid key");
    }
    if !given.contains(&format!("oauth_token=\"{token}\"")) {
        return refused(StatusCode::UNAUTHORIZED, "invalid token");
    }
    next.run(request).await
}

pub fn refused(status: StatusCode, why: &str) -> Response {
    (status, why.to_string()).into_response()
}
fn not_found() -> Response {
    refused(StatusCode::NOT_FOUND, "The requested resource was not found.")
}
fn invalid(field: &str) -> Response {
    refused(StatusCode::BAD_REQUEST, &format!("invalid value for {field}"))
}

async fn me() -> Json<Value> {
    Json(json!({"id": "5abbe4b7ddc1b351ef961410", "username": TrelloServer::ACCOUNT}))
}

fn is_list(id: &str, state: &Held) -> bool {
    [TrelloServer::LIST, TrelloServer::DONE_LIST, TrelloServer::FALSE_ALARM_LIST].contains(&id) || state.lists.iter().any(|(known, _)| known == id)
}

async fn lists(State(shared): State<Shared>, Path(board): Path<String>) -> Response {
    if board != TrelloServer::BOARD {
        return not_found();
    }
    let first = [(TrelloServer::LIST, "To look at"), (TrelloServer::DONE_LIST, "Repaired"), (TrelloServer::FALSE_ALARM_LIST, "False alarms")];
    let state = shared.state();
    let made = state.lists.iter().map(|(id, name)| (id.as_str(), name.as_str()));
    let all: Vec<Value> = first.into_iter().chain(made).map(|(id, name)| json!({"id": id, "name": name})).collect();
    Json(all).into_response()
}

async fn make_list(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let name = body["name"].as_str().unwrap_or_default();
    if body["idBoard"] != TrelloServer::BOARD || name.is_empty() {
        return invalid("idBoard");
    }
    let id = shared.state().make_list(name);
    Json(json!({"id": id, "name": name, "idBoard": TrelloServer::BOARD})).into_response()
}

async fn list(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    if is_list(&id, &shared.state()) { Json(json!({"id": id, "idBoard": TrelloServer::BOARD})).into_response() } else { not_found() }
}

async fn cards(State(shared): State<Shared>, Path((board, filter)): Path<(String, String)>, parameters: Parameters) -> Response {
    if board != TrelloServer::BOARD {
        return not_found();
    }
    let state = shared.state();
    let fits = |card: &&Card| filter == "all" || card.closed == (filter == "closed");
    let most = parameters.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(1_000usize).min(1_000);
    let found: Vec<Value> = state.cards.iter().filter(fits).rev().take(most).map(|card| card.json(&state.labels)).collect();
    Json(found).into_response()
}

async fn labels(State(shared): State<Shared>, Path(board): Path<String>) -> Response {
    if board != TrelloServer::BOARD {
        return not_found();
    }
    let state = shared.state();
    let found: Vec<Value> = state.labels.iter().map(|label| json!({"id": label.id, "name": label.name, "color": label.color})).collect();
    Json(found).into_response()
}

async fn make_label(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let name = body["name"].as_str().unwrap_or_default();
    if body["idBoard"] != TrelloServer::BOARD || name.chars().count() > LONGEST {
        return invalid("idBoard");
    }
    let color = body["color"].as_str().map(str::to_string);
    let id = shared.state().make_label(name, color);
    Json(json!({"id": id, "name": name, "idBoard": TrelloServer::BOARD})).into_response()
}

fn too_long(body: &Value, field: &str) -> bool {
    body[field].as_str().is_some_and(|text| text.chars().count() > LONGEST)
}
fn ids(body: &Value, field: &str) -> Option<Vec<String>> {
    Some(body[field].as_str()?.split(',').filter(|id| !id.is_empty()).map(str::to_string).collect())
}

async fn create(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_string();
    if !is_list(&text("idList"), &shared.state()) {
        return invalid("idList");
    }
    if let Some(field) = ["name", "desc"].into_iter().find(|field| too_long(&body, field)) {
        return invalid(field);
    }
    let (id, short, list, labels) = (String::new(), 0, text("idList"), ids(&body, "idLabels").unwrap_or_default());
    let due = body["due"].as_str().map(str::to_string);
    let card = Card { id, short, name: text("name"), desc: text("desc"), list, labels, due, due_complete: false, closed: false };
    let mut state = shared.state();
    let id = state.create(TrelloServer::ACCOUNT, card, &shared.time);
    Json(state.card(&id).map(|card| card.json(&state.labels))).into_response()
}

async fn one(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let state = shared.state();
    state.card(&id).map_or_else(not_found, |card| Json(card.json(&state.labels)).into_response())
}

async fn change(State(shared): State<Shared>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let mut state = shared.state();
    if state.card(&id).is_none() {
        return not_found();
    }
    if let Some(field) = ["name", "desc"].into_iter().find(|field| too_long(&body, field)) {
        return invalid(field);
    }
    let (by, time) = (TrelloServer::ACCOUNT, &shared.time);
    state.rewrite(&id, body["name"].as_str(), body["desc"].as_str(), body["dueComplete"].as_bool());
    if let Some(due) = body.get("due") {
        state.due(&id, due.as_str());
    }
    if let Some(labels) = ids(&body, "idLabels") {
        state.set_labels(by, &id, labels, time);
    }
    if let Some(list) = body["idList"].as_str() {
        if !is_list(list, &state) {
            return invalid("idList");
        }
        state.move_to(by, &id, list, time);
    }
    if let Some(closed) = body["closed"].as_bool() {
        state.archive(by, &id, closed, time);
    }
    Json(state.card(&id).map(|card| card.json(&state.labels))).into_response()
}

async fn comment(State(shared): State<Shared>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let mut state = shared.state();
    let text = body["text"].as_str().unwrap_or_default();
    if state.card(&id).is_none() {
        return not_found();
    }
    if text.is_empty() || text.chars().count() > LONGEST {
        return invalid("text");
    }
    let action = state.comment(TrelloServer::ACCOUNT, &id, text, &shared.time);
    Json(json!({"id": action})).into_response()
}

/// Newest first: of some kinds, after `since` and before `before`, which are dates or ids.
fn listed(state: &Held, parameters: &Parameters, of: impl Fn(&Action) -> bool) -> Response {
    let text = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
    let kinds: Vec<&str> = text("filter").split(',').filter_map(|kind| kind.split(':').next()).filter(|kind| !kind.is_empty()).collect();
    let (since, before) = (text("since"), text("before"));
    let after = |action: &Action| if since.contains(':') { action.date > seconds(since) } else { action.id.as_str() > since };
    let fits = |action: &&Action| {
        of(action) && (kinds.is_empty() || kinds.contains(&action.kind)) && after(action) && (before.is_empty() || action.id.as_str() < before)
    };
    let most = text("limit").parse().unwrap_or(50usize).min(1_000);
    let found: Vec<Value> = state.actions.iter().rev().filter(fits).take(most).map(|action| state.shown(action)).collect();
    Json(found).into_response()
}

async fn actions(State(shared): State<Shared>, Path(board): Path<String>, parameters: Parameters) -> Response {
    if board != TrelloServer::BOARD {
        return not_found();
    }
    listed(&shared.state(), &parameters, |_any| true)
}

async fn actions_of_card(State(shared): State<Shared>, Path(id): Path<String>, parameters: Parameters) -> Response {
    let state = shared.state();
    if state.card(&id).is_none() {
        return not_found();
    }
    listed(&state, &parameters, |action| action.card == id)
}

/// Its index has never heard of a card that the list did not show.
async fn search() -> Json<Value> {
    Json(json!({"cards": []}))
}
