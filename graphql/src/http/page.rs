//! The web page, built beforehand and carried in the program; without it, how to build it.

use super::body::refused;
use axum::{
    http::{Method, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Built;

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Millwright</title>
<h1>Millwright runs, but its page was not built into it</h1>
<p>Build it with <code>make web</code> (it needs Node 20 or newer), then build and start Millwright again.</p>
<p>GraphQL answers at <code>/graphql</code>; <a href=\"/schema.graphql\">its schema</a>, <a href=\"/health\">health</a>.</p></html>";

pub async fn page(method: Method, uri: Uri) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return refused(StatusCode::NOT_FOUND, "NOT_FOUND", "there is nothing here that takes this; the paths are in the README");
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Built::get(path) {
        return found(path, file);
    }
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    match Built::get("index.html") {
        // The page routes within itself: every address that is no file is the page's.
        Some(index) if !is_file => found("index.html", index),
        None if path.is_empty() => Html(NOT_BUILT).into_response(),
        Some(_) | None => refused(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such page"),
    }
}

fn found(path: &str, file: EmbeddedFile) -> Response {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    // Names under assets/ carry a hash of their content.
    let keeps = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    ([(header::CONTENT_TYPE, kind.as_ref()), (header::CACHE_CONTROL, keeps)], file.data).into_response()
}
