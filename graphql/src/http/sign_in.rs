//! Signing in and out, and who is: `/access/…`.

use super::{
    body::{json, refused},
    caller::{from_where, is_from_our_page, not_let_in, not_our_page},
};
use crate::{
    access::{Admission, Door, SignInRefused, Sought},
    state::AppState,
};
use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use millwright_domain::{access::Grant, ids::ActorId, ports::credentials::Session};
use millwright_projections::principals;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Who signs out does not wait for a provider that is away.
const END_THERE_WITHIN: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    person: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    old: String,
    new: String,
}

/// Who is at the page. Tells a stranger only how to sign in.
pub async fn me(State(state): State<AppState>, parts: Parts) -> Response {
    let Admission::SignIn(door) = &state.admission else {
        return shown(&state, "local", Some((&state.caller.who, &state.caller.grants)), false).await;
    };
    match door.look_at(&state, &parts.headers).await {
        Ok(Sought::Known(access)) => shown(&state, "sign-in", Some((&access.who, &access.grants)), false).await,
        Ok(Sought::MustChange(who)) => shown(&state, "sign-in", Some((&who, &[])), true).await,
        Ok(Sought::Nobody) => shown(&state, "sign-in", None, false).await,
        Err(error) => not_let_in(&error),
    }
}

async fn shown(state: &AppState, mode: &str, who: Option<(&ActorId, &[Grant])>, must_change: bool) -> Response {
    let mut name = Value::Null;
    if let Some((who, _)) = who {
        match principals::find(&state.projections.ledger(), who).await {
            Ok(row) => name = row.and_then(|row| state.vault.open(&row.name?).ok().flatten()).into(),
            Err(cause) => return not_let_in(&SignInRefused::Broken(Box::new(cause))),
        }
    }
    let signed_in = who.is_some();
    let (person, roles) = who.unzip();
    Json(json!({
        "mode": mode, "signedIn": signed_in, "person": person, "name": name, "roles": roles.unwrap_or_default(),
        "mustChangePassword": must_change, "oidc": providers(state),
    }))
    .into_response()
}

/// Who else may say who somebody is.
fn providers(state: &AppState) -> Vec<Value> {
    let all = door(state).map(|door| door.providers.as_slice()).unwrap_or_default();
    all.iter().map(|provider| json!({ "id": provider.id(), "name": provider.name() })).collect()
}

pub async fn sign_in(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match signing_in(&state, &parts, body).await {
        Ok(response) | Err(response) => response,
    }
}

async fn signing_in(state: &AppState, parts: &Parts, body: Body) -> Result<Response, Response> {
    let door = door(state).ok_or_else(no_sign_in)?;
    if !is_from_our_page(&Method::POST, &parts.headers) {
        return Err(not_our_page());
    }
    let SignIn { person, password } = json(&parts.headers, body).await?;
    let began = door.sign_in(state, person.trim(), &password, from_where(state, parts)).await;
    let (shown, session) = began.map_err(|error| not_let_in(&error))?;
    Ok(let_in(door, &shown, &session))
}

pub async fn sign_out(State(state): State<AppState>, parts: Parts) -> Response {
    let Some(door) = door(&state) else { return no_sign_in() };
    if !is_from_our_page(&Method::POST, &parts.headers) {
        return not_our_page();
    }
    let mut how = None;
    if let Some(shown) = door.cookie(&parts.headers) {
        match door.sign_out(&state, shown).await {
            Ok(session) => how = session.map(|session| session.how),
            Err(error) => return not_let_in(&error),
        }
    }
    let signed_out = with_cookie(door, "", 0);
    match end_there(&state, door, how.as_deref()).await {
        Some(place) => (StatusCode::OK, signed_out.headers().clone(), Json(json!({ "goTo": place }))).into_response(),
        None => signed_out,
    }
}

/// Where the browser ends her session at the provider: otherwise the next at this machine would be let in as her, without being asked.
async fn end_there(state: &AppState, door: &Door, how: Option<&str>) -> Option<String> {
    let provider = door.provider(how?.strip_prefix("oidc:")?)?;
    tokio::time::timeout(END_THERE_WITHIN, provider.sign_out(state.clock.now().wall)).await.ok()?
}

pub async fn password(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match changing(&state, &parts, body).await {
        Ok(response) | Err(response) => response,
    }
}

async fn changing(state: &AppState, parts: &Parts, body: Body) -> Result<Response, Response> {
    let door = door(state).ok_or_else(no_sign_in)?;
    if !is_from_our_page(&Method::POST, &parts.headers) {
        return Err(not_our_page());
    }
    let person = match door.look_at(state, &parts.headers).await.map_err(|error| not_let_in(&error))? {
        Sought::MustChange(who) => who,
        Sought::Known(access) if access.at_most.is_none() => access.who,
        _ => return Err(refused(StatusCode::UNAUTHORIZED, "NOT_SIGNED_IN", "sign in first")),
    };
    let NewPassword { old, new } = json(&parts.headers, body).await?;
    let changed = door.change_password(state, &person, [&old, &new], from_where(state, parts)).await;
    let (shown, session) = changed.map_err(|error| not_let_in(&error))?;
    Ok(let_in(door, &shown, &session))
}

pub fn door(state: &AppState) -> Option<&Door> {
    match &state.admission {
        Admission::SignIn(door) => Some(door),
        Admission::Local => None,
    }
}

pub fn no_sign_in() -> Response {
    let why = "only this machine reaches this page, and nobody signs in; `access.mode = \"sign-in\"` in millwright.toml changes that";
    refused(StatusCode::NOT_FOUND, "NO_SIGN_IN", why)
}

fn let_in(door: &Door, shown: &str, session: &Session) -> Response {
    let mut response = with_cookie(door, shown, session.ends.since(session.began).num_seconds());
    if session.must_change {
        let body = json!({ "mustChangePassword": true });
        let headers = std::mem::take(response.headers_mut());
        return (StatusCode::OK, headers, Json(body)).into_response();
    }
    response
}

fn with_cookie(door: &Door, shown: &str, seconds: i64) -> Response {
    match HeaderValue::from_str(&session_cookie(door, shown, seconds)) {
        Ok(cookie) => (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response(),
        Err(_unprintable) => refused(StatusCode::INTERNAL_SERVER_ERROR, "STORAGE", "the session cannot be shown to the browser"),
    }
}

/// Sent back to us alone, by no script and no other site.
pub fn session_cookie(door: &Door, shown: &str, seconds: i64) -> String {
    let secure = if door.settings.secure { "; Secure" } else { "" };
    format!("{}={shown}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}", door.cookie_name())
}
