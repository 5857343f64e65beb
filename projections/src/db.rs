//! A database to ask, and what it says when it cannot be read: so that nobody outside needs to know which database it is.

use sqlx::SqlitePool;
use thiserror::Error;

/// For the queries of the questions' modules. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db(pub(crate) SqlitePool);

#[derive(Debug, Error)]
#[error("the projections could not be read; delete their folder and start again if it stays so, they are rebuilt from the log")]
pub struct NotRead(#[from] sqlx::Error);

/// A document as it was written.
pub(crate) fn read_doc<T: serde::de::DeserializeOwned>(doc: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(doc).map_err(|cause| sqlx::Error::Decode(Box::new(cause)))
}

pub(crate) fn read_docs<T: serde::de::DeserializeOwned>(docs: &[String]) -> Result<Vec<T>, sqlx::Error> {
    docs.iter().map(|doc| read_doc(doc)).collect()
}
