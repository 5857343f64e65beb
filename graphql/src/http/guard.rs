//! Only by its own names, and no page of another site may call us. Without sign-in these are the names that only its own machine calls it by.
//!
//! The Host check stops DNS rebinding (a foreign name that resolves to 127.0.0.1), the Origin check stops foreign pages.

use super::body::refused;
use crate::state::AppState;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    middleware::Next,
    response::Response,
};

const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

pub async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    // A webhook comes from elsewhere, through a proxy, and carries a signature instead.
    let is_webhook = request.uri().path().starts_with("/webhooks/");
    let mut response = match stranger(&state, request.uri(), request.headers()).filter(|_| !is_webhook) {
        Some(why) => refused(StatusCode::FORBIDDEN, "NOT_LOCAL", &why),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    // Answers are of the moment; the page's own files say for themselves how long they keep.
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Why the request is not served, if it is not.
fn stranger(state: &AppState, uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).or(uri.authority().map(|authority| authority.as_str()));
    let is_ours = |authority: &str| is_local(authority) || state.names.iter().any(|name| is_called(name, authority));
    let Some(host) = host.filter(|host| is_ours(host)) else {
        let host = host.unwrap_or("(none)");
        return Some(format!("called as {host}; call it as localhost, or name it in `http.names` of millwright.toml"));
    };
    let origin = headers.get(header::ORIGIN)?;
    let origin = origin.to_str().unwrap_or("(unreadable)");
    let page = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    // Another port of this machine is another's page, and a cookie would go with what it asks for.
    let is_ours = page.is_some_and(|page| page == host);
    (!is_ours).then(|| format!("called by a page of {origin}; only our own page may call"))
}

/// `localhost`, `127.0.0.1:8080`, `[::1]:8080`
fn is_local(authority: &str) -> bool {
    LOCAL_NAMES.iter().any(|name| is_called(name, authority))
}

/// The name alone, or with a port.
fn is_called(name: &str, authority: &str) -> bool {
    match authority.strip_prefix(name) {
        Some("") => true,
        Some(rest) => rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_machines_own_names_are_local() {
        for local in ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:65535", "[::1]"] {
            assert!(is_local(local), "{local}");
        }
        for foreign in
            ["", "example.org", "localhost.example.org", "127.0.0.1.nip.io:80", "localhost:", "localhost:x", "0.0.0.0", "::1", "localhost@evil"]
        {
            assert!(!is_local(foreign), "{foreign}");
        }
    }
}
