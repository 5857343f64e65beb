//! The time, and waiting for it. Tests and time-lapses bring their own.

use crate::{Now, Timestamp};
use async_trait::async_trait;

#[async_trait]
pub trait Clock: Send + Sync {
    fn now(&self) -> Now;
    /// Returns once the plant's clock shows `at`, at once if it does already.
    async fn plant_reaches(&self, at: Timestamp);
    /// Returns once the wall clock shows `at`, at once if it does already.
    async fn wall_reaches(&self, at: Timestamp);
}
