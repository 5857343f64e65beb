//! The routes, with the checks that GitHub makes.

use super::{
    GithubServer, Shared,
    state::{Event, Issue, State as Held},
};
use crate::time::{iso, seconds};
use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const LONGEST_BODY: usize = 65_536;
const LONGEST_TITLE: usize = 256;

type Parameters = Query<BTreeMap<String, String>>;

pub fn routes(shared: Shared) -> Router {
    let repository = Router::new()
        .route("/issues", get(list).post(open))
        .route("/issues/comments", get(all_comments))
        .route("/issues/events", get(events))
        .route("/issues/{number}", get(one).patch(edit))
        .route("/issues/{number}/comments", get(comments).post(comment));
    Router::new()
        .route("/user", get(user))
        .route("/search/issues", get(search))
        .nest(&format!("/repos/{}", GithubServer::REPOSITORY), repository)
        .fallback(|| async { not_found() })
        .layer(middleware::from_fn_with_state(shared.clone(), let_in))
        .with_state(shared)
}

/// The account behind the token.
#[derive(Clone)]
struct Login(String);

async fn let_in(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    if request.headers().get("user-agent").is_none() {
        return said(StatusCode::FORBIDDEN, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header");
    }
    let given = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let login = given.strip_prefix("Bearer ").and_then(|token| shared.state().accounts.get(token).cloned());
    let Some(login) = login else { return said(StatusCode::UNAUTHORIZED, "Bad credentials") };
    request.extensions_mut().insert(Login(login));
    next.run(request).await
}

fn said(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"message": message, "documentation_url": "https://docs.github.com/rest"}))).into_response()
}
fn not_found() -> Response {
    said(StatusCode::NOT_FOUND, "Not Found")
}
fn invalid(field: &str, why: &str) -> Response {
    let errors = json!([{"resource": "Issue", "field": field, "code": "custom", "message": why}]);
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"message": "Validation Failed", "errors": errors}))).into_response()
}
fn shown(state: &Held, issue: &Issue) -> Value {
    issue.json(state.comments.iter().filter(|comment| comment.issue == issue.number).count())
}

async fn user(axum::Extension(Login(login)): axum::Extension<Login>) -> Json<Value> {
    Json(json!({"login": login, "id": 1}))
}

/// One page of it, with the `link` to the next one.
fn page<T>(all: Vec<T>, parameters: &Parameters) -> (HeaderMap, Vec<T>) {
    let number = |name: &str, usual: usize| parameters.get(name).and_then(|value| value.parse().ok()).unwrap_or(usual);
    let (size, page) = (number("per_page", 30).clamp(1, 100), number("page", 1).max(1));
    let mut headers = HeaderMap::new();
    if all.len() > size * page {
        let next = format!("<https://api.github.com/?page={}>; rel=\"next\"", page + 1);
        headers.extend(next.parse().ok().map(|value| (axum::http::header::LINK, value)));
    }
    (headers, all.into_iter().skip(size * (page - 1)).take(size).collect())
}

async fn list(State(shared): State<Shared>, parameters: Parameters) -> Response {
    let state = shared.state();
    let text = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
    let wanted: Vec<&str> = text("labels").split(',').filter(|label| !label.is_empty()).collect();
    let fits = |issue: &&Issue| {
        (matches!(text("state"), "all") || issue.state == if text("state").is_empty() { "open" } else { text("state") })
            && wanted.iter().all(|label| issue.labels.iter().any(|has| has == label))
            && issue.updated >= seconds(text("since"))
    };
    let mut found: Vec<&Issue> = state.issues.iter().filter(fits).collect();
    found.sort_by_key(|issue| if text("sort") == "updated" { issue.updated } else { issue.created });
    if text("direction") != "asc" {
        found.reverse();
    }
    let (headers, found) = page(found, &parameters);
    let issues: Vec<Value> = found.into_iter().map(|issue| shown(&state, issue)).collect();
    (headers, Json(issues)).into_response()
}

fn labels(body: &Value) -> Option<Vec<String>> {
    Some(body.get("labels")?.as_array()?.iter().filter_map(|label| label.as_str().map(str::to_string)).collect())
}

fn checked(body: &Value) -> Option<Response> {
    let too_long = |field: &str, longest: usize| body[field].as_str().is_some_and(|text| text.chars().count() > longest);
    if too_long("title", LONGEST_TITLE) {
        return Some(invalid("title", "title is too long (maximum is 256 characters)"));
    }
    too_long("body", LONGEST_BODY).then(|| invalid("body", "body is too long (maximum is 65536 characters)"))
}

async fn open(State(shared): State<Shared>, axum::Extension(Login(login)): axum::Extension<Login>, Json(body): Json<Value>) -> Response {
    let title = body["title"].as_str().unwrap_or_default();
    if title.trim().is_empty() {
        return invalid("title", "title can't be blank");
    }
    if let Some(refused) = checked(&body) {
        return refused;
    }
    let mut state = shared.state();
    let labels = if state.drops_labels { Vec::new() } else { labels(&body).unwrap_or_default() };
    let number = state.open(&login, title, body["body"].as_str().unwrap_or_default(), labels, &shared.time);
    let made = state.issue(number).map(|issue| shown(&state, issue));
    (StatusCode::CREATED, Json(made)).into_response()
}

async fn one(State(shared): State<Shared>, Path(number): Path<u64>) -> Response {
    let state = shared.state();
    state.issue(number).map_or_else(not_found, |issue| Json(shown(&state, issue)).into_response())
}

async fn edit(
    State(shared): State<Shared>,
    Path(number): Path<u64>,
    axum::Extension(Login(login)): axum::Extension<Login>,
    Json(body): Json<Value>,
) -> Response {
    let mut state = shared.state();
    if state.issue(number).is_none() {
        return not_found();
    }
    if let Some(refused) = checked(&body) {
        return refused;
    }
    if body.get("title").is_some() || body.get("body").is_some() {
        state.edit(number, body["title"].as_str(), body["body"].as_str(), &shared.time);
    }
    if let Some(labels) = labels(&body) {
        state.set_labels(&login, number, labels, &shared.time);
    }
    if let Some(to) = body["state"].as_str() {
        if !matches!(to, "open" | "closed") {
            return invalid("state", "is not included in the list");
        }
        state.set_state(&login, number, to, body["state_reason"].as_str(), &shared.time);
    }
    Json(state.issue(number).map(|issue| shown(&state, issue))).into_response()
}

async fn comments(State(shared): State<Shared>, Path(number): Path<u64>, parameters: Parameters) -> Response {
    let state = shared.state();
    if state.issue(number).is_none() {
        return not_found();
    }
    let all = state.comments.iter().filter(|comment| comment.issue == number).map(|comment| comment.json()).collect();
    let (headers, found) = page(all, &parameters);
    (headers, Json(found)).into_response()
}

async fn comment(
    State(shared): State<Shared>,
    Path(number): Path<u64>,
    axum::Extension(Login(login)): axum::Extension<Login>,
    Json(body): Json<Value>,
) -> Response {
    let mut state = shared.state();
    let text = body["body"].as_str().unwrap_or_default();
    if state.issue(number).is_none() {
        return not_found();
    }
    if text.trim().is_empty() {
        return invalid("body", "Body cannot be blank");
    }
    if let Some(refused) = checked(&body) {
        return refused;
    }
    let id = state.comment(&login, number, text, &shared.time);
    let made = state.comments.iter().find(|comment| comment.id == id).map(|comment| comment.json());
    (StatusCode::CREATED, Json(made)).into_response()
}

async fn all_comments(State(shared): State<Shared>, parameters: Parameters) -> Response {
    let state = shared.state();
    let since = seconds(parameters.get("since").map(String::as_str).unwrap_or_default());
    let all = state.comments.iter().filter(|comment| comment.created >= since).map(|comment| comment.json()).collect();
    let (headers, found) = page(all, &parameters);
    (headers, Json(found)).into_response()
}

/// Newest first, as GitHub lists them.
async fn events(State(shared): State<Shared>, parameters: Parameters) -> Response {
    let state = shared.state();
    let event = |event: &Event| {
        json!({
            "id": event.id, "event": event.kind, "actor": {"login": event.actor}, "created_at": iso(event.created),
            "label": event.label.as_ref().map(|name| json!({"name": name})), "state_reason": event.state_reason,
            "issue": state.issue(event.issue).map(|issue| shown(&state, issue)),
        })
    };
    let (headers, found) = page(state.events.iter().rev().collect(), &parameters);
    (headers, Json(found.into_iter().map(event).collect::<Vec<_>>())).into_response()
}

/// Finds a quoted text in the bodies of what is indexed.
async fn search(State(shared): State<Shared>, parameters: Parameters) -> Response {
    let state = shared.state();
    let query = parameters.get("q").map(String::as_str).unwrap_or_default();
    let wanted = query.split('"').nth(1).unwrap_or_default();
    if wanted.is_empty() || !query.contains(&format!("repo:{}", GithubServer::REPOSITORY)) {
        return invalid("q", "The listed users and repositories cannot be searched");
    }
    let found = state.issues.iter().take(state.indexed).filter(|issue| issue.body.contains(wanted));
    let items: Vec<Value> = found.map(|issue| shown(&state, issue)).collect();
    Json(json!({"total_count": items.len(), "incomplete_results": false, "items": items})).into_response()
}
