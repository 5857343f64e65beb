//! The freshest trustworthy value of a signal, for rules that must not decide on old ones.

use crate::{
    action::Observed,
    ids::{SignalId, SiteId},
};

pub trait LiveReadings: Send + Sync {
    /// The last Good value and when it was measured (plant time). `None` if the last scan had no Good value for it.
    fn latest(&self, site: &SiteId, signal: &SignalId) -> Option<Observed>;
}
