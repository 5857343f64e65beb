//! Passes: a sign-in of the program's own for one look at one site, kept in memory alone, and good for minutes.

use super::Door;
use millwright_domain::{
    Timestamp,
    access::{Access, Grant, Role},
    ids::{ActorId, SiteId},
};
use std::sync::PoisonError;
use uuid::Uuid;

/// In whose name the program looks at its own page.
const INSPECTOR: &str = "svc-inspector";

impl Door {
    /// What opens the door until then, to look at that site and to do nothing.
    pub fn pass(&self, site: &SiteId, until: Timestamp) -> String {
        let shown = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.passes.lock().unwrap_or_else(PoisonError::into_inner).insert(shown.clone(), (site.clone(), until));
        shown
    }

    pub fn take_back(&self, shown: &str) {
        self.passes.lock().unwrap_or_else(PoisonError::into_inner).remove(shown);
    }

    /// Whoever shows a pass that is good.
    pub(super) fn by_pass(&self, shown: &str, now: Timestamp) -> Option<Access> {
        let mut passes = self.passes.lock().unwrap_or_else(PoisonError::into_inner);
        passes.retain(|_, (_, until)| *until > now);
        let (site, _) = passes.get(shown)?;
        let who: ActorId = INSPECTOR.parse().ok()?;
        Some(Access { who, grants: vec![Grant { role: Role::Viewer, site: Some(site.clone()), area: None }], at_most: Some(Role::Viewer) })
    }
}
