//! What people write in their own words: sealed under their pseudonym before it is asked, opened when it is read.

use crate::{errors::storage, state::AppState};
use async_graphql::Error;
use millwright_domain::{ports::vault::VaultError, sealed::Sealed};

/// Shown in place of what a forgotten person wrote.
pub const FORGOTTEN: &str = "(forgotten)";

pub(crate) fn sealed(state: &AppState, note: Option<&str>) -> Result<Option<Sealed>, VaultError> {
    let note = note.map(str::trim).filter(|note| !note.is_empty());
    note.map(|note| state.vault.seal(&state.caller.who, note)).transpose()
}

pub(crate) fn opened(state: &AppState, note: Option<&Sealed>) -> Result<Option<String>, Error> {
    let Some(note) = note else { return Ok(None) };
    let text = state.vault.open(note).map_err(storage)?;
    Ok(Some(text.unwrap_or_else(|| FORGOTTEN.into())))
}

/// The same for words that must be there.
pub(crate) fn words(state: &AppState, sealed: &Sealed) -> Result<String, Error> {
    Ok(opened(state, Some(sealed))?.unwrap_or_default())
}
