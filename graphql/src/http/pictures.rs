//! Pictures of the page that inspections kept, for whoever may look at the site that they show.

use super::{body::refused, caller::Caller};
use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use millwright_domain::chain::Hash;
use millwright_projections::inspections;

/// `/inspections/<hash>.png`. A picture of another's site is as unknown as none.
pub async fn picture(Caller(state): Caller, Path(name): Path<String>) -> Response {
    let Some(picture) = name.strip_suffix(".png").and_then(|hash| hash.parse::<Hash>().ok()) else { return unknown() };
    let sites = match inspections::pictured(&state.projections.ledger(), &picture.to_string()).await {
        Ok(sites) => sites,
        Err(cause) => return unreadable(&cause),
    };
    if !sites.iter().any(|site| state.caller.sees(site)) {
        return unknown();
    }
    let pictures = state.pictures.clone();
    match tokio::task::spawn_blocking(move || pictures.find(picture)).await {
        Ok(Ok(Some(png))) => {
            ([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "private, max-age=86400, immutable")], png).into_response()
        }
        Ok(Ok(None)) => refused(StatusCode::GONE, "NOT_FOUND", "the picture is kept no longer; its hash stays on the ledger"),
        Ok(Err(cause)) => unreadable(&cause),
        Err(cause) => unreadable(&cause),
    }
}

fn unknown() -> Response {
    refused(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such picture")
}

fn unreadable(cause: &dyn std::error::Error) -> Response {
    tracing::error!(%cause, "a picture of an inspection could not be read");
    refused(StatusCode::SERVICE_UNAVAILABLE, "STORAGE", "the picture cannot be read; the program's log says why")
}
