//! Looking at our own page as a person would, and keeping the pictures of it.

use crate::{Timestamp, chain::Hash, ids::SiteId};
use async_trait::async_trait;
use std::{collections::BTreeMap, io};
use thiserror::Error;

/// What stood on the page, read and pictured at the same place of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageSeen {
    /// As the page said it.
    pub position: String,
    /// By name, as they stood there.
    pub figures: BTreeMap<String, String>,
    /// PNG.
    pub picture: Vec<u8>,
}

/// Why nobody looked. None of it says that the page is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotSeen {
    #[error("{0}")]
    NoBrowser(String),
    #[error("the page is not up yet")]
    NotUp,
    #[error("the page showed no figures of {site} within {seconds} s")]
    NoFigures { site: SiteId, seconds: u64 },
    #[error("the browser could not be used: {0}")]
    Broken(String),
}

/// Opens the page with a sign-in that may look at that site alone, and that ends with the look.
#[async_trait]
pub trait PageView: Send + Sync {
    async fn look(&self, site: &SiteId) -> Result<PageSeen, NotSeen>;
}

/// Pictures by the hash of their bytes. Only so many are kept, and none for ever: the hash on the ledger outlives them.
pub trait Pictures: Send + Sync {
    /// # Errors
    /// If it could not be written.
    fn keep(&self, png: &[u8], now: Timestamp) -> io::Result<Hash>;
    /// `None`: it is kept no longer.
    ///
    /// # Errors
    /// If the folder could not be read.
    fn find(&self, picture: Hash) -> io::Result<Option<Vec<u8>>>;
}
