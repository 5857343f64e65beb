//! To an identity provider and back: `/access/oidc/<id>`. Whatever goes wrong on the way, the browser ends at the page, which says what.

use super::{
    caller::{from_where, log},
    sign_in::{door, no_sign_in, session_cookie},
};
use crate::{
    access::{Door, SignInRefused},
    state::AppState,
};
use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use millwright_domain::ports::identity_provider::{CameBack, NotIdentified};
use serde::Deserialize;

/// As long as what is in it is good for.
const TRAVEL_S: i64 = 600;

#[derive(Deserialize)]
pub struct Said {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

pub async fn leave(State(state): State<AppState>, Path(id): Path<String>) -> Response {
    let Some(door) = door(&state) else { return no_sign_in() };
    let Some(provider) = door.provider(&id) else { return to_page("unknown", &[]) };
    match provider.send_away(state.clock.now().wall).await {
        Ok(away) => to(&away.to, &[travel_cookie(door, &away.kept, TRAVEL_S)]),
        Err(why) => turned_away(door, &SignInRefused::Elsewhere(why)),
    }
}

pub async fn back(State(state): State<AppState>, Path(id): Path<String>, Query(said): Query<Said>, parts: Parts) -> Response {
    let Some(door) = door(&state) else { return no_sign_in() };
    let Some(provider) = door.provider(&id) else { return to_page("unknown", &[]) };
    let came = CameBack { kept: kept(door, &parts.headers), state: said.state.as_deref(), code: said.code.as_deref(), error: said.error.as_deref() };
    match door.sign_in_by(&state, provider.as_ref(), came, from_where(&state, &parts)).await {
        Ok((shown, session)) => {
            let seconds = session.ends.since(session.began).num_seconds();
            to("/", &[session_cookie(door, &shown, seconds), travel_cookie(door, "", 0)])
        }
        Err(why) => turned_away(door, &why),
    }
}

fn turned_away(door: &Door, why: &SignInRefused) -> Response {
    log(why);
    to_page(word(why), &[travel_cookie(door, "", 0)])
}

/// As the page knows it.
fn word(why: &SignInRefused) -> &'static str {
    match why {
        SignInRefused::Elsewhere(NotIdentified::Stale) => "stale",
        SignInRefused::Elsewhere(NotIdentified::Refused(_)) => "refused",
        SignInRefused::Elsewhere(NotIdentified::Away(_)) => "away",
        SignInRefused::NoRoles(_) | SignInRefused::NoRolesThere => "no-role",
        SignInRefused::TooMany(_) => "too-many",
        SignInRefused::Elsewhere(NotIdentified::DoesNotHold(_)) => "invalid",
        SignInRefused::Wrong(_) | SignInRefused::Unfit(_) | SignInRefused::NotRecorded(_) | SignInRefused::Broken(_) => "failed",
    }
}

fn to_page(word: &str, cookies: &[String]) -> Response {
    to(&format!("/?sign-in={word}"), cookies)
}

fn to(place: &str, cookies: &[String]) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let mut put = |name: HeaderName, value: &str| match HeaderValue::from_str(value) {
        Ok(value) => {
            response.headers_mut().append(name, value);
        }
        Err(error) => tracing::error!(%error, "a header of a redirect cannot be written"),
    };
    put(header::LOCATION, place);
    for cookie in cookies {
        put(header::SET_COOKIE, cookie);
    }
    response
}

fn travel_name(door: &Door) -> String {
    format!("{}-oidc", door.cookie_name())
}

/// Lax, because the browser comes back from another site; what it lets in is sealed and good once.
fn travel_cookie(door: &Door, kept: &str, seconds: i64) -> String {
    let secure = if door.settings.secure { "; Secure" } else { "" };
    format!("{}={kept}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", travel_name(door))
}

fn kept<'a>(door: &Door, headers: &'a HeaderMap) -> Option<&'a str> {
    door.cookie_named(&travel_name(door), headers)
}
