//! When the multivariate alarm is worth a person's attention: at once if it is far past its limit, else when it stays and a signal agrees, or
//! the machine is restless for long.

use super::{hysteresis::Edge, mewma::Step, settings::MonitorSettings};
use chrono::TimeDelta;
use millwright_domain::Timestamp;
use serde::{Deserialize, Serialize};

/// An episode is over when the alarm has been off for so long.
const CALM: TimeDelta = TimeDelta::seconds(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Confirmation {
    alarmed_since: Option<Timestamp>,
    calm_since: Option<Timestamp>,
    told: bool,
}

impl Confirmation {
    pub const fn is_told(&self) -> bool {
        self.told
    }

    /// `judges` is false while nothing may be told; `largest_drift` is asked only when it decides.
    pub fn update(
        &mut self,
        at: Timestamp,
        step: Step,
        judges: bool,
        largest_drift: impl FnOnce() -> f64,
        settings: &MonitorSettings,
    ) -> Option<Edge> {
        if !step.alarm {
            self.alarmed_since = None;
            let calm_since = *self.calm_since.get_or_insert(at);
            let over = self.told && at.since(calm_since) >= CALM;
            self.told &= !over;
            return over.then_some(Edge::Cleared);
        }
        self.calm_since = None;
        let since = *self.alarmed_since.get_or_insert(at);
        if self.told || !judges {
            return None;
        }
        let far = step.score >= settings.confirm_score;
        let stays = at.since(since) >= TimeDelta::seconds(i64::from(settings.confirm_after_s));
        // Restlessness has no drift to show; it must stay for longer, as a machine is restless whenever it is run up or down.
        let stays_restless = step.restless && at.since(since) >= TimeDelta::seconds(i64::from(settings.confirm_restless_s));
        let confirmed = far || stays_restless || (stays && largest_drift() >= settings.drift_limit);
        self.told = confirmed;
        confirmed.then_some(Edge::Raised)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: fn() -> MonitorSettings = MonitorSettings::default;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(second)
    }
    fn step(score: f64) -> Step {
        Step { score, alarm: score > 1.0, edge: None, changed: false, restless: false }
    }

    #[test]
    fn a_short_excess_and_one_that_no_signal_shows_are_kept_back() {
        let mut confirmation = Confirmation::default();
        assert!((0..20).all(|second| confirmation.update(at(second), step(1.2), true, || 3.0, &SETTINGS()).is_none()));
        confirmation.update(at(20), step(0.5), true, || 3.0, &SETTINGS());
        assert!((21..400).all(|second| confirmation.update(at(second), step(1.2), true, || 1.0, &SETTINGS()).is_none()));
        assert_eq!(confirmation.update(at(400), step(1.2), true, || 2.5, &SETTINGS()), Some(Edge::Raised));
    }

    #[test]
    fn a_machine_that_stays_restless_is_told_of_though_no_signal_drifts() {
        let mut confirmation = Confirmation::default();
        let restless = Step { restless: true, ..step(1.2) };
        assert!((0..299).all(|second| confirmation.update(at(second), restless, true, || 0.0, &SETTINGS()).is_none()));
        assert_eq!(confirmation.update(at(300), restless, true, || 0.0, &SETTINGS()), Some(Edge::Raised));
    }

    #[test]
    fn what_is_far_past_the_limit_is_told_at_once_and_once() {
        let mut confirmation = Confirmation::default();
        assert_eq!(confirmation.update(at(0), step(5.0), true, || 0.0, &SETTINGS()), Some(Edge::Raised));
        let flickering = (1..1_000).map(|second| if second % 60 < 30 { 0.5 } else { 5.0 });
        assert!((1..).zip(flickering).all(|(second, score)| confirmation.update(at(second), step(score), true, || 0.0, &SETTINGS()).is_none()));
        assert_eq!(confirmation.update(at(1_000), step(0.1), true, || 0.0, &SETTINGS()), None);
        assert_eq!(confirmation.update(at(1_120), step(0.1), true, || 0.0, &SETTINGS()), Some(Edge::Cleared));
    }
}
