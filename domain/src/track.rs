//! What an action has done for a fault so far: how often it was tried on such machines, and how often the case then ended well.
//!
//! It orders suggestions and is shown with its figures. It never makes an action automatic: that is the policy's alone.

use crate::{
    action::Action,
    case::{Case, CaseFile, Outcome},
    ids::{ActionName, CauseId},
    site::Site,
};
use serde::Serialize;

/// Fewer tries than this say nothing.
pub const LEAST_TRIES: u32 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Track {
    pub tried: u32,
    /// The case ended as repaired or mitigated.
    pub helped: u32,
}

impl Track {
    /// Share of good ends to be expected, drawn to a half by two imagined tries (Laplace). `None` with fewer than [`LEAST_TRIES`].
    pub fn rate(self) -> Option<f64> {
        (self.tried >= LEAST_TRIES).then(|| f64::from(self.helped + 1) / f64::from(self.tried + 2))
    }

    pub fn count(&mut self, file: &CaseFile, outcome: Outcome, action: &ActionName) {
        let was_done = |known: &Action| matches!(known, Action::Completed { proposal, .. } if proposal.name == *action);
        if file.actions.values().any(was_done) {
            self.tried += 1;
            self.helped += u32::from(matches!(outcome, Outcome::Repaired | Outcome::Mitigated));
        }
    }
}

/// Of the closed cases of that cause on machines of that class.
pub fn track(site: &Site, cause: &CauseId, class: &str, action: &ActionName) -> Track {
    let is_of_class = |file: &CaseFile| site.plant.as_ref().and_then(|plant| plant.asset(&file.asset)).is_some_and(|asset| asset.class == class);
    let mut track = Track::default();
    for case in site.cases.values() {
        if let Case::Closed(file, outcome) = case
            && file.cause() == Some(cause)
            && is_of_class(file)
        {
            track.count(file, *outcome, action);
        }
    }
    track
}

/// The suggestions, those that have proved themselves first. Where too little is known, the order stays.
pub fn ranked(site: &Site, cause: &CauseId, class: &str, suggests: &[ActionName]) -> Vec<ActionName> {
    const UNKNOWN: f64 = 0.5;
    let mut rated: Vec<(f64, &ActionName)> =
        suggests.iter().map(|action| (track(site, cause, class, action).rate().unwrap_or(UNKNOWN), action)).collect();
    rated.sort_by(|one, other| other.0.total_cmp(&one.0));
    rated.into_iter().map(|(_, action)| action.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_lucky_tries_are_no_track_record() {
        assert_eq!(Track { tried: 4, helped: 4 }.rate(), None);
        let known = Track { tried: 5, helped: 5 }.rate().unwrap();
        assert!((known - 6.0 / 7.0).abs() < 1e-12);
        assert!(Track { tried: 40, helped: 2 }.rate().unwrap() < 0.1);
    }
}
