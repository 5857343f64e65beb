//! The store as the forwarding task sees it: off the async threads, opened when it can be, and left alone for a while when the disk refuses.

use super::Ledger;
use crate::store::{Store, StoreError, StoreSettings, StoreSnapshot};
use millwright_domain::reading::Scan;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// A disk that refused is asked again after this.
const LEAVE_ALONE: Duration = Duration::from_secs(1);

pub(super) struct Shelf {
    settings: Option<StoreSettings>,
    store: Option<Arc<Mutex<Store>>>,
    /// The disk refused; not before this again.
    pub retry_at: Option<Instant>,
    error: Option<String>,
    /// Scans wait on it.
    pub backlog: bool,
    ledger: Arc<Ledger>,
}

impl Shelf {
    pub(super) fn new(settings: Option<StoreSettings>, ledger: Arc<Ledger>) -> Self {
        Self { settings, store: None, retry_at: None, error: None, backlog: false, ledger }
    }
    /// There is one, and it did not refuse lately.
    pub(super) fn is_usable(&self) -> bool {
        self.settings.is_some() && self.retry_at.is_none()
    }
    pub(super) fn is_open(&self) -> bool {
        self.store.is_some()
    }

    pub(super) async fn open(&mut self) {
        let Some(settings) = self.settings.clone().filter(|_| self.store.is_none()) else { return };
        let drops = self.ledger.drops.clone();
        let opening = tokio::task::spawn_blocking(move || Store::open(settings, drops));
        match opening.await {
            Ok(Ok(store)) => self.store = Some(Arc::new(Mutex::new(store))),
            Ok(Err(error)) => return self.refused(&error),
            // Only while the program ends.
            Err(_cancelled) => return,
        }
        self.with(|_| ()).await;
        if self.backlog {
            tracing::info!("readings of an earlier run wait in the store; they go to the log first");
        }
    }

    /// Puts `scans` behind all that waits. What could not be stored is given back. `sent` says that they are on their way to the log.
    pub(super) async fn put(&mut self, mut scans: Vec<Scan>, sent: bool) -> Vec<Scan> {
        self.open().await;
        let kept = Arc::new(Mutex::new(Vec::new()));
        let rest = kept.clone();
        let count = scans.len();
        let stored = self.with(move |store| {
            let stored = store.append(&mut scans);
            if sent {
                store.oldest(count);
            }
            *rest.lock().unwrap_or_else(PoisonError::into_inner) = scans;
            stored
        });
        match stored.await {
            Some(Ok(())) => self.works(),
            Some(Err(error)) => self.refused(&error),
            None => {}
        }
        std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn oldest(&mut self, limit: usize) -> Vec<Scan> {
        self.with(move |store| store.oldest(limit)).await.unwrap_or_default()
    }
    pub(super) async fn delivered(&mut self) {
        self.with(Store::delivered).await;
    }
    pub(super) async fn not_delivered(&mut self) {
        self.with(Store::not_delivered).await;
    }
    /// Writes down what was dropped.
    pub(super) async fn save_drops(&self) {
        let drops = self.ledger.drops.clone();
        let saving = tokio::task::spawn_blocking(move || drops.lock().unwrap_or_else(PoisonError::into_inner).save_or_say());
        if let Err(error) = saving.await {
            tracing::error!(%error, "the list of dropped readings could not be written");
        }
    }

    async fn with<T: Send + 'static>(&mut self, act: impl FnOnce(&mut Store) -> T + Send + 'static) -> Option<T> {
        let store = self.store.clone()?;
        let acting = tokio::task::spawn_blocking(move || {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            let done = act(&mut store);
            (done, store.snapshot(), store.is_empty())
        });
        let (done, snapshot, empty) = acting.await.inspect_err(|error| tracing::error!(%error, "the store's work ended badly")).ok()?;
        self.backlog = !empty;
        self.show(snapshot);
        Some(done)
    }

    fn works(&mut self) {
        self.retry_at = None;
        if self.error.take().is_some() {
            tracing::info!("the store takes readings again");
        }
        self.show_error();
    }
    fn refused(&mut self, error: &StoreError) {
        self.retry_at = Some(Instant::now() + LEAVE_ALONE);
        let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"));
        if self.error.is_none() {
            tracing::error!(error = error as &dyn std::error::Error, "readings wait in memory: {error}");
        }
        self.error = Some(format!("{error}{cause}"));
        self.show_error();
    }
    fn show_error(&self) {
        let shown = self.ledger.store.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_else(|| self.closed());
        self.show(shown);
    }
    fn closed(&self) -> StoreSnapshot {
        let settings = self.settings.clone();
        settings.map_or_else(StoreSnapshot::default, |StoreSettings { dir, max_bytes }| StoreSnapshot { dir, max_bytes, ..StoreSnapshot::default() })
    }
    fn show(&self, snapshot: StoreSnapshot) {
        let mut shown = self.ledger.store.lock().unwrap_or_else(PoisonError::into_inner);
        let before = shown.take().unwrap_or_default();
        // By how much it changes: the sites of one program share the figure.
        metrics::gauge!("millwright_store_forward_bytes").increment(snapshot.bytes as f64 - before.bytes as f64);
        metrics::gauge!("millwright_store_forward_scans").increment(snapshot.scans as f64 - before.scans as f64);
        *shown = Some(StoreSnapshot { error: self.error.clone(), ..snapshot });
    }
}
