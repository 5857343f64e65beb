//! Until people can sign in: only this machine, only by its own name, and no page of another site may call us.
//!
//! The Host check stops DNS rebinding (a foreign name that resolves to 127.0.0.1), the Origin check stops foreign pages.

use super::body::refused;
use axum::{
    extract::Request,
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

pub async fn guard(request: Request, next: Next) -> Response {
    // A webhook comes from elsewhere, through a proxy, and carries a signature instead.
    let is_webhook = request.uri().path().starts_with("/webhooks/");
    let mut response = match stranger(request.uri(), request.headers()).filter(|_| !is_webhook) {
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
fn stranger(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).or(uri.authority().map(|authority| authority.as_str()));
    if !host.is_some_and(is_local) {
        let host = host.unwrap_or("(none)");
        return Some(format!("called as {host}; call it as localhost or 127.0.0.1, other names are served once access control is built"));
    }
    let origin = headers.get(header::ORIGIN)?;
    let origin = origin.to_str().unwrap_or("(unreadable)");
    let local = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).is_some_and(is_local);
    (!local).then(|| format!("called by a page of {origin}; only pages of this machine may call"))
}

/// `localhost`, `127.0.0.1:8080`, `[::1]:8080`
fn is_local(authority: &str) -> bool {
    LOCAL_NAMES.iter().any(|name| match authority.strip_prefix(name) {
        Some("") => true,
        Some(rest) => rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()),
        None => false,
    })
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
