//! The state as the one who asks may use it: handed to every handler that answers only those who are known.

use super::body::refused;
use crate::{
    access::{Admission, SignInRefused, Sought, bearer},
    state::AppState,
};
use axum::{
    extract::{ConnectInfo, FromRef, FromRequestParts},
    http::{HeaderMap, HeaderName, Method, StatusCode, header, request::Parts},
    response::Response,
};
use millwright_domain::ports::identity_provider::NotIdentified;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// A page of another site cannot send it without asking first, and we never say yes to that (CSRF).
pub const OURS: HeaderName = HeaderName::from_static("x-millwright");

/// Somebody who may ask; what she may do is in `caller`.
pub struct Caller(pub AppState);

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    AppState: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let state = AppState::from_ref(state);
        let Admission::SignIn(door) = &state.admission else { return Ok(Self(state)) };
        let sought = door.look_at(&state, &parts.headers).await.map_err(|error| not_let_in(&error))?;
        match sought {
            Sought::Nobody => Err(refused(StatusCode::UNAUTHORIZED, "NOT_SIGNED_IN", "sign in at the page, or send `authorization: Bearer <token>`")),
            Sought::MustChange(_) => {
                Err(refused(StatusCode::UNAUTHORIZED, "MUST_CHANGE_PASSWORD", "your password was made by another; set one of your own first"))
            }
            Sought::Known(access) => {
                if !is_from_our_page(&parts.method, &parts.headers) {
                    return Err(not_our_page());
                }
                Ok(Self(AppState { caller: Arc::new(access), ..state }))
            }
        }
    }
}

/// A cookie goes with every request that a browser makes, whoever made it make one.
pub fn is_from_our_page(method: &Method, headers: &HeaderMap) -> bool {
    let is_safe = method == Method::GET || method == Method::HEAD;
    is_safe || bearer(headers).is_some() || headers.contains_key(OURS)
}

pub fn not_our_page() -> Response {
    refused(StatusCode::FORBIDDEN, "NOT_OUR_PAGE", "send the header `x-millwright: page`, or a token")
}

pub fn not_let_in(why: &SignInRefused) -> Response {
    log(why);
    let (status, code) = match why {
        SignInRefused::Wrong(_) | SignInRefused::Elsewhere(_) => (StatusCode::UNAUTHORIZED, "SIGN_IN_REFUSED"),
        SignInRefused::NoRoles(_) | SignInRefused::NoRolesThere => (StatusCode::FORBIDDEN, "NOT_ALLOWED"),
        SignInRefused::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_TRIES"),
        SignInRefused::Unfit(_) => (StatusCode::BAD_REQUEST, "BAD_INPUT"),
        SignInRefused::NotRecorded(_) => (StatusCode::SERVICE_UNAVAILABLE, "NOT_RECORDED"),
        SignInRefused::Broken(_) => (StatusCode::SERVICE_UNAVAILABLE, "STORAGE"),
    };
    let mut response = refused(status, code, &why.to_string());
    if let SignInRefused::TooMany(wait) = why {
        response.headers_mut().insert(header::RETRY_AFTER, wait.num_seconds().max(1).into());
    }
    response
}

/// What is ours to mend, or an admin's to look at.
pub fn log(why: &SignInRefused) {
    match why {
        SignInRefused::NotRecorded(cause) => tracing::error!(%cause, "a sign-in could not be recorded"),
        SignInRefused::Broken(cause) => tracing::error!(%cause, "the door cannot look anybody up"),
        SignInRefused::Elsewhere(NotIdentified::Away(cause)) => tracing::error!(%cause, "an identity provider cannot be asked: {cause}"),
        SignInRefused::Elsewhere(NotIdentified::DoesNotHold(cause)) => {
            tracing::warn!(%cause, "what an identity provider said does not hold: {cause}");
        }
        _ => {}
    }
}

/// Where the request comes from. Behind a proxy of ours that is what the proxy saw: the last of the addresses that it was handed.
pub fn from_where(state: &AppState, parts: &Parts) -> Option<IpAddr> {
    let connected = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    let forwarded = || parts.headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok();
    let from: Option<IpAddr> = if state.behind_proxy { forwarded().or(connected) } else { connected };
    from.map(|ip| one_place(ip.to_canonical()))
}

/// Whoever has one address of IPv6 has the 2^64 beside it.
fn one_place(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) & !u128::from(u64::MAX)).into()),
    }
}
